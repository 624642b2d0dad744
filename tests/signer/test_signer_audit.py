"""The audit chain's bytes: one encoding of an entry, heads that sign it, trees that hold it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proof_books import Chain

from signer.audit.chain import AuditEntryError, Entry, canonical_bytes, read_entry
from signer.audit.heads import (
    HEAD,
    Inclusion,
    head_detail,
    head_of,
    includes,
    inclusion,
    sign_head,
    verify_head,
)

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ENTRY = Entry(7, NOW, "answer.received", "320000", None, {"part": 1, "名称": "甲", "code": None})


def failure_of(work) -> str:
    with pytest.raises(AuditEntryError) as caught:
        work()
    return caught.value.code


_plain = st.text(max_size=8) | st.integers(-(2**63), 2**63) | st.none()


@given(
    number=st.integers(1, 2**63),
    text=st.text(max_size=8),
    query=st.none() | st.uuids(),
    detail=st.dictionaries(st.text(max_size=8), _plain, max_size=4),
)
def test_an_entry_that_is_written_is_read(number, text, query, detail):
    entry = Entry(number, NOW, text, text, query, detail)
    try:
        data = canonical_bytes(entry)
    except UnicodeEncodeError:
        return  # no Unicode text: it could not have been stored
    assert read_entry(data) == entry


@given(st.binary(max_size=64) | st.text(max_size=64).map(lambda t: t.encode("utf-8", "replace")))
def test_bytes_that_are_no_entry_are_refused_and_nothing_else_comes_out(data):
    assert failure_of(lambda: read_entry(data)) == "AUDIT_ENTRY_MALFORMED"


def other_encodings():
    right = canonical_bytes(ENTRY).decode()
    value = json.loads(right)
    return [
        json.dumps(value, ensure_ascii=False),
        json.dumps(value, separators=(",", ":"), sort_keys=True),
        right.replace('"number":7', '"number":7.0'),
        right.replace('"number":7', '"number":07'),
        right.replace('"number":7', '"number":true'),
        right.replace('"number":7', '"number":0'),
        right.replace('"number":7', '"number":7,"number":7'),
        right.replace('"part":1', '"part":1.5'),
        right.replace('"part":1', '"part":[1]'),
        right.replace('"part":1', '"part":NaN'),
        right.replace('"query":null', '"query":"nothing"'),
        right.replace('"query":null', '"query":5'),
        right.replace('"actor":"320000"', '"actor":null'),
        right.replace('"at":', '"at":99'),
        right.replace(',"query":null', ""),
        "[" * 100_000,
        "null",
        right + " ",
    ]


@pytest.mark.parametrize("place", range(len(other_encodings())))
def test_another_encoding_of_an_entry_is_refused(place):
    data = other_encodings()[place].encode()
    assert data != canonical_bytes(ENTRY)
    assert failure_of(lambda: read_entry(data)) == "AUDIT_ENTRY_MALFORMED"


@pytest.fixture(name="chain")
def chain_fixture(tree):
    made = Chain("370000", tree.rings["370000"])
    for number in range(5):
        made.append("test.event", NOW, n=number)
    return made


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 33])
def test_every_entry_of_a_tree_is_in_it_and_no_other(tree, count):
    chain = Chain("370000", tree.rings["370000"])
    for number in range(count + 1):
        chain.append("test.event", NOW, n=number)
    head = sign_head(chain.ring, "370000", NOW, 1, chain.hashes[1:])
    for index, entry in enumerate(chain.hashes[1:]):
        found = inclusion(9, chain.hashes[1:], index)
        assert includes(head, index + 2, entry, found)
        assert not includes(head, index + 3, entry, found)
        assert not includes(head, index + 2, bytes(32), found)
        assert not includes(head, index + 2, entry, replace(found, size=count + 1))
        assert not includes(head, index + 2, entry, replace(found, path=(*found.path, bytes(32))))
        if count > 1:
            assert not includes(head, index + 2, entry, replace(found, path=found.path[:-1]))
    assert not includes(head, 1, chain.hashes[0], Inclusion(9, -1, count, ()))


FIELDS = {
    "participant": "320000",
    "at": datetime(2026, 3, 2, 8, 0, 1, tzinfo=UTC),
    "after": 1,
    "number": 4,
    "hash": bytes(32),
    "root": bytes(32),
    "signature": bytes(64),
    "signer": bytes(32),
    "suite": "other-suite/1",
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_head_with_any_field_changed_does_not_verify(tree, chain, name):
    head = chain.heads[chain.head(NOW) - 6][1]
    _, key = tree.directory.key(head.signer)
    verify_head(head, key)
    changed = replace(head, **{name: FIELDS[name]})
    assert failure_of(lambda: verify_head(changed, key)) == "AUDIT_HEAD_SIGNATURE"


def test_a_head_signed_with_a_key_for_something_else_does_not_verify(tree, chain):
    head = chain.heads[chain.head(NOW) - 6][1]
    others = [k for k in tree.participants["370000"].keys if k.id != head.signer]
    for key in others:
        assert failure_of(lambda key=key: verify_head(head, key)) == "AUDIT_HEAD_SIGNATURE"


@pytest.mark.parametrize(
    "changed",
    [
        {"after": -1},
        {"after": 5},
        {"after": "0"},
        {"number": 6},
        {"number": 2**40},
        {"hash": "00"},
        {"root": "ZZ" * 32},
        {"signature": None},
        {"suite": 5},
        {"suite": "套件/1"},
        {"more": 1},
    ],
)
def test_a_detail_that_is_no_head_is_malformed(chain, changed):
    head = chain.heads[chain.head(NOW) - 6][1]
    entry = Entry(6, NOW, HEAD, "370000", None, {**head_detail(head), **changed})
    assert failure_of(lambda: head_of(entry)) == "AUDIT_HEAD_MALFORMED"


def test_a_detail_that_lacks_something_is_malformed(chain):
    head = chain.heads[chain.head(NOW) - 6][1]
    for name in head_detail(head):
        detail = {key: value for key, value in head_detail(head).items() if key != name}
        entry = Entry(6, NOW, HEAD, "370000", None, detail)
        assert failure_of(lambda entry=entry: head_of(entry)) == "AUDIT_HEAD_MALFORMED"
