"""提出申请: one list becomes parts, one application names them all."""

from __future__ import annotations

from itertools import groupby

import pytest
from flow_samples import NOW, QUERY, draft, request
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import InputError
from bus.flow import application as application_module
from bus.flow.application import (
    MAX_PARTS,
    PART_SIZE,
    compose_application,
    open_case,
    part_messages,
    references_of,
    split,
)
from bus.model.case import QueryState
from bus.model.request import PartDigest, Submission


def households(*sizes):
    return [f"H{n}" for n, size in enumerate(sizes) for _ in range(size)]


def sizes_of(*sizes):
    return [len(part.roster.persons) for part in split(draft(*households(*sizes)), request())]


def test_a_household_stays_in_one_part():
    assert sizes_of(*[3] * 400) == [999, 201]
    assert sizes_of(PART_SIZE) == [1000]
    assert sizes_of(PART_SIZE, 1) == [1000, 1]
    assert sizes_of(1, PART_SIZE) == [1, 1000]
    assert sizes_of(1) == [1]


def test_a_household_larger_than_a_part_is_cut_where_it_must_be():
    assert sizes_of(2500) == [1000, 1000, 500]
    assert sizes_of(10, 1500, 10) == [10, 1000, 510]


@pytest.mark.requirement("R044")
@given(st.lists(st.integers(1, 9), min_size=1, max_size=40), st.integers(3, 12))
def test_any_list_is_split_without_loss_in_order_and_by_household(sizes, limit):
    given_draft = draft(*households(*sizes))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application_module, "PART_SIZE", limit)
        parts = split(given_draft, request())
    references = [p.reference for part in parts for p in part.roster.persons]
    assert references == list(range(1, len(given_draft.persons) + 1))
    assert [p.roster.part for p in parts] == list(range(1, len(parts) + 1))
    for part in parts:
        assert 0 < len(part.roster.persons) <= limit
        assert [c.reference for c in part.consent.consents] == [
            p.reference for p in part.roster.persons
        ]
    # A household stands in two parts only if it alone is larger than one.
    ends = [(n, c.household) for n, p in enumerate(parts) for c in p.consent.consents]
    spread = {h: {n for n, _ in rows} for h, rows in groupby(ends, key=lambda pair: pair[1])}
    for household, numbers in spread.items():
        assert len(numbers) == 1 or sizes[int(household[1:])] > limit


@pytest.mark.requirement("R025")
def test_every_part_repeats_the_request_and_the_nonce():
    asked = request()
    parts = split(draft(*households(*[1] * 2001)), asked)
    assert {part.roster.request for part in parts} == {asked}
    assert {part.consent.nonce for part in parts} == {asked.nonce}
    for part in parts:
        roster, consent = part_messages(part, ("320000", "hub"))
        assert (roster.readers, consent.readers) == (("320000", "hub"), ("320000", "hub"))
        assert roster.subject_count == consent.subject_count == len(part.roster.persons)
        assert roster.part == consent.part == part.roster.part


def test_a_list_of_more_parts_than_the_hub_takes_is_refused(monkeypatch):
    monkeypatch.setattr(application_module, "PART_SIZE", 1)
    assert len(split(draft(*households(*[1] * MAX_PARTS)), request())) == MAX_PARTS
    with pytest.raises(InputError, match="TOO_MANY_PERSONS"):
        split(draft(*households(*[1] * (MAX_PARTS + 1))), request())


@pytest.mark.requirement("R019")
@pytest.mark.requirement("R021")
@pytest.mark.requirement("R047")
def test_the_application_names_every_part_and_opens_the_case(monkeypatch):
    monkeypatch.setattr(application_module, "PART_SIZE", 2)
    given_draft = draft("A", "A", "B", "C", "C")
    parts = [
        PartDigest(kind, part.roster.part, bytes([part.roster.part]) * 32, len(rows))
        for part in split(given_draft, request())
        for kind, rows in (("Roster", part.roster.persons), ("Consent", part.consent.consents))
    ]
    from_draft = compose_application(given_draft, request(), tuple(parts))
    assert from_draft.parts == tuple(parts)
    assert from_draft.person_count == 5
    submission = Submission(QUERY, "甲", NOW)
    opened = open_case("370000", submission, from_draft, b"d" * 32)
    assert (opened.state, opened.operator) == (QueryState.SUBMITTED, "甲")
    assert opened.received == tuple(part.digest for part in parts)
    assert references_of(opened, 1) == {1, 2}
    assert references_of(opened, 2) == {3}
    assert references_of(opened, 3) == {4, 5}
    assert references_of(opened, 4) == frozenset()
    assert references_of(opened, None) == frozenset()
