"""Cases as JSON and the audit chain, without a store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from types import UnionType
from typing import get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import QUERY, case, event, full_case, later_case

from bus.errors import DefectError
from bus.model.case import Case
from bus.ports.audit_chain import GENESIS, canonical_bytes, link, verify
from bus.ports.case_codec import decode_case, encode_case
from bus.ports.instants import cut, from_milliseconds, to_milliseconds
from bus.ports.store_errors import StoreCorrupt

INSTANTS = st.datetimes(timezones=st.just(UTC))


@settings(max_examples=60, deadline=None)
@given(
    st.from_type(Case).flatmap(
        lambda one: st.builds(
            replace, st.just(one), opened=INSTANTS, updated=INSTANTS, delivered=INSTANTS
        )
    )
)
def test_any_case_comes_back_as_it_was(one):
    assert decode_case(encode_case(one)) == one


def test_a_full_case_comes_back_as_it_was_and_sets_every_field():
    one = later_case()
    assert decode_case(encode_case(one)) == one
    hints = get_type_hints(Case)
    unset = [name for name in hints if getattr(one, name) in (None, ())]
    assert unset == ["delivered"]
    assert isinstance(hints["delivered"], UnionType)


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "[{}]", encode_case(case()) + "]"])
def test_what_is_no_case_is_refused(text):
    with pytest.raises(StoreCorrupt) as caught:
        decode_case(text)
    assert caught.value.code == "CASE_UNREADABLE"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"person_count":12', '"person_count":"12"'),
        ('"person_count":12', '"persons":12'),
        ('"role":"requester"', '"role":"nobody"'),
        ('"leaf":true', '"leaf":1'),
    ],
)
def test_a_case_of_another_shape_is_not_half_read(old, new):
    text = encode_case(full_case())
    assert old in text
    with pytest.raises(StoreCorrupt):
        decode_case(text.replace(old, new))


def test_a_case_with_text_that_is_not_unicode_is_a_defect():
    with pytest.raises(DefectError) as caught:
        encode_case(replace(case(), operator="\ud800"))
    assert caught.value.code == "CASE_UNWRITABLE"
    assert caught.value.where == str(QUERY)


def test_an_audit_hash_covers_label_previous_hash_and_canonical_json():
    at = datetime(2026, 1, 1, 0, 0, 0, 5999, tzinfo=UTC)
    entry = link(None, replace(event(1), at=at))
    canonical = (
        '{"actor":"operator:值班员","at":1767225600005,"detail":{"code":null,"part":1,"名称":"甲"},'
        '"event":"query.submitted","number":1,"query":"019c2f00000070008000000000000001"}'
    ).encode()
    assert canonical_bytes(1, entry.event) == canonical
    assert entry.hash == sha256(b"hedui/audit/1" + GENESIS + canonical).digest()
    assert link(entry, event(2)).prev == entry.hash


def test_entries_in_another_order_or_from_another_chain_break_it():
    first = link(None, event(1))
    second = link(first, event(2))
    other = link(None, event(3))
    for entries, broken in (([second, first], 1), ([other, second], 2), ([first, first], 2)):
        with pytest.raises(StoreCorrupt) as caught:
            verify(entries)
        assert caught.value.where == f"audit {broken}"
    verify([])


@pytest.mark.parametrize(
    "detail", [{"a": 1.0}, {"a": b"x"}, {"a": ["x"]}, {"a": {}}, {1: "x"}, {"a": "\ud800"}]
)
def test_a_detail_that_is_not_flat_json_is_a_defect(detail):
    with pytest.raises(DefectError) as caught:
        link(None, replace(event(1), detail=detail))
    assert caught.value.code == "AUDIT_EVENT_INVALID"


@given(INSTANTS)
def test_an_instant_is_cut_to_the_millisecond_it_is_in(instant):
    whole = cut(instant)
    assert whole == from_milliseconds(to_milliseconds(instant))
    assert whole.microsecond // 1000 == instant.microsecond // 1000
    assert whole.microsecond % 1000 == 0
    assert cut(whole) == whole
