"""反馈结果: orders become rows, answers close them, fragment by fragment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flow_samples import FUND, ITEMS, NOW, case, header, line, message, order, request, row
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import PendingError, RefusedError
from bus.flow.answer import MAX_FRAGMENTS, accept_answer, answer_message, close_row, take_order
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.messages import Answer, OutcomeKind, PersonOutcome
from signer.envelope.format import OrderLine

LEAF = row("500000.housing-fund", leaf=True, mark=2)
OTHER = row("320000.housing-fund", leaf=True, mark=3)


def waiting():
    return case(state=QueryState.STARTED, rows=(OTHER, LEAF))


def ordered(body_request=None, at=None, **changed):
    due = NOW + timedelta(days=3)
    lines = (OrderLine(1, FUND, ITEMS, due), OrderLine(2, FUND, ITEMS, due + timedelta(days=1)))
    body_request = body_request or request(line(), line(2))
    taken = message(source="370000", **changed)
    return take_order(at, taken, "500000.housing-fund", body_request, order(lines=lines))


@pytest.mark.requirement("R029")
def test_an_order_becomes_one_open_row_a_resource_due_with_its_latest_line():
    taken = ordered(chain=b"\x02" * 32)
    assert (taken.role, taken.state, taken.requester) == (
        CaseRole.AGENCY,
        QueryState.STARTED,
        "370000",
    )
    (one,) = taken.rows
    assert (one.holder, one.leaf, one.order) == ("500000.housing-fund", True, b"\x02" * 32)
    assert one.due == NOW + timedelta(days=4)
    assert taken.person_count == 2


def test_further_parts_add_rows_but_only_under_the_same_request():
    first = ordered(chain=b"\x02" * 32)
    second = ordered(at=first, chain=b"\x03" * 32, roster_part=2)
    assert [r.part for r in second.rows] == [1, 2]
    with pytest.raises(RefusedError, match="REQUEST_DIFFERS"):
        ordered(replace(first.request, readers=(b"x" * 32,)), at=first, roster_part=2)
    with pytest.raises(RefusedError, match="REQUEST_DIFFERS"):
        take_order(first, message(source="320000"), "500000.housing-fund", first.request, order())


@pytest.mark.requirement("R018")
def test_an_answer_closes_its_own_row_and_no_other():
    taken = accept_answer(waiting(), header(), b"a" * 32, NOW)
    assert [r.state for r in taken.rows] == [RowState.OPEN, RowState.ANSWERED]
    assert taken.state is QueryState.PARTLY_ANSWERED
    assert taken.rows[1].closed == NOW
    done = accept_answer(taken, header(source=OTHER.holder, order=OTHER.order), b"b" * 32, NOW)
    assert done.state is QueryState.ANSWERED


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "320000.housing-fund"},
        {"order": b"\x09" * 32},
        {"roster_part": 2},
        {"resource": "housing-fund-loan"},
        {"order": None},
    ],
)
def test_an_answer_without_a_row_waits(wrong):
    with pytest.raises(PendingError, match="ROW_NOT_YET_KNOWN"):
        accept_answer(waiting(), header(**wrong), b"a" * 32, NOW)


def test_an_answer_is_taken_once():
    taken = accept_answer(waiting(), header(), b"a" * 32, NOW)
    with pytest.raises(RefusedError, match="ANSWER_TWICE"):
        accept_answer(taken, header(), b"b" * 32, NOW)


@given(st.permutations(range(5)))
def test_fragments_come_in_any_order(numbers):
    at = waiting()
    for count, number in enumerate(numbers, 1):
        assert at.rows[1].state is RowState.OPEN
        at = accept_answer(at, header(fragment=number, last=number == 4), bytes([number]) * 32, NOW)
        assert len(at.rows[1].fragments) == count
    assert at.rows[1].state is RowState.ANSWERED
    assert [f.digest[0] for f in at.rows[1].fragments] == list(range(5))


def test_a_fragment_twice_or_beyond_the_last_is_refused():
    at = accept_answer(waiting(), header(fragment=1, last=True), b"a" * 32, NOW)
    with pytest.raises(RefusedError, match="ANSWER_TWICE"):
        accept_answer(at, header(fragment=1, last=True), b"b" * 32, NOW)
    with pytest.raises(RefusedError, match="FRAGMENT_BEYOND_LAST"):
        accept_answer(at, header(fragment=2, last=True), b"b" * 32, NOW)
    with pytest.raises(RefusedError, match="FRAGMENT_BEYOND_LAST"):
        accept_answer(at, header(fragment=2, last=False), b"b" * 32, NOW)
    with pytest.raises(RefusedError, match="FRAGMENTS_TOO_MANY"):
        accept_answer(at, header(fragment=MAX_FRAGMENTS, last=False), b"b" * 32, NOW)


@pytest.mark.requirement("R034")
def test_an_answer_addressed_to_another_is_refused():
    with pytest.raises(RefusedError, match="ANSWER_ELSEWHERE"):
        accept_answer(waiting(), header(destination="320000"), b"a" * 32, NOW)


@pytest.mark.requirement("R029")
def test_a_row_closed_at_its_due_time_is_late():
    for at, late in ((LEAF.due - timedelta(milliseconds=1), False), (LEAF.due, True)):
        taken = accept_answer(waiting(), header(), b"a" * 32, at)
        assert taken.rows[1].late is late


@pytest.mark.requirement("R034")
def test_an_answer_is_sealed_to_the_requests_readers_alone():
    at = ordered(chain=b"\x02" * 32)
    outcomes = tuple(
        PersonOutcome(n, ref, OutcomeKind.NOT_FOUND, None, ()) for n in (1, 2) for ref in (1, 2)
    )
    body = Answer(b"s" * 32, NOW, 0, outcomes)
    send = answer_message(at, at.rows[0], b"r" * 32, body, 0, True)
    assert (send.destination, send.readers, send.reader_keys) == (
        "370000",
        (),
        at.request.readers,
    )
    assert (send.order, send.part, send.resource) == (at.rows[0].order, 1, FUND)
    assert send.subject_count == 2
    closed = close_row(at, at.rows[0], [b"x" * 32, b"y" * 32], NOW)
    assert [(f.number, f.last) for f in closed.rows[0].fragments] == [(0, False), (1, True)]
    assert closed.state is QueryState.ANSWERED
