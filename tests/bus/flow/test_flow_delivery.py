"""签收: totals, receipts for everybody who answered, and what the hub makes of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from flow_samples import APPLICATION, NOW, case, directory, row

from bus.errors import PendingError, RefusedError
from bus.flow.delivery import accept_receipt, deliver, pass_receipt
from bus.model.case import CaseRole, Fragment, QueryState, RowState
from bus.model.messages import Fault, OutcomeKind, Receipt


def answered(holder, *marks):
    fragments = tuple(
        Fragment(n, bytes([mark]) * 32, n == len(marks) - 1) for n, mark in enumerate(marks)
    )
    return row(holder, leaf=True, mark=marks[0], state=RowState.ANSWERED, fragments=fragments)


def receipt(*opened):
    return Receipt(tuple(opened), (), 0, 0, 0, NOW)


@pytest.mark.requirement("R073")
def test_receipts_go_to_the_hub_and_to_each_agency_with_its_own_totals():
    rows = (
        row("500000", state=RowState.DISPATCHED),
        answered("500000.housing-fund", 1, 2),
        answered("320000.housing-fund", 3),
        replace(row("", leaf=True), state=RowState.UNSERVED, code="NO_PROVIDER"),
    )
    kinds = OutcomeKind
    tallies = {
        bytes([1]) * 32: Counter({kinds.FOUND: 2}),
        bytes([2]) * 32: Counter({kinds.NOT_FOUND: 1, kinds.FOUND: 1}),
        bytes([3]) * 32: Counter({kinds.NOT_ANSWERABLE: 4}),
    }
    done, sends = deliver(case(state=QueryState.ANSWERED, rows=rows), tallies, NOW)
    assert (done.state, done.delivered) == (QueryState.DELIVERED, NOW)
    assert {
        s.destination: (s.body.found, s.body.not_found, s.body.not_answerable) for s in sends
    } == {"hub": (3, 1, 4), "500000.housing-fund": (3, 1, 0), "320000.housing-fund": (0, 0, 4)}
    assert all(s.readers == (s.destination,) for s in sends)
    assert sends[0].in_reply_to == APPLICATION
    assert [len(s.body.opened) for s in sends] == [3, 1, 2]


def test_nothing_is_receipted_while_something_is_owed():
    with pytest.raises(RefusedError, match="ILLEGAL_STATE"):
        deliver(case(state=QueryState.PARTLY_ANSWERED, rows=(row(),)), {}, NOW)


def test_a_query_without_any_answer_is_receipted_to_the_hub_alone():
    done, sends = deliver(case(state=QueryState.ANSWERED), {}, NOW)
    assert [s.destination for s in sends] == ["hub"]
    assert done.state is QueryState.DELIVERED


def reviewer(*rows, state=QueryState.PARTLY_ANSWERED):
    return case(CaseRole.REVIEWER, state, rows=rows)


def test_the_hub_closes_what_never_passed_it_with_the_receipt():
    at = reviewer(
        answered("500000.housing-fund", 1),
        row("370000", mark=7, state=RowState.DISPATCHED),
        row("370000.housing-fund", leaf=True, mark=8),
    )
    done = accept_receipt(at, "370000", receipt(), directory(), NOW)
    assert done.state is QueryState.DELIVERED
    assert [r.state for r in done.rows] == [
        RowState.ANSWERED,
        RowState.DISPATCHED,
        RowState.ANSWERED,
    ]


@pytest.mark.requirement("R018")
def test_the_hub_closes_what_was_answered_within_the_requesters_province_and_nothing_else():
    at = replace(
        reviewer(
            row("320000", mark=6, state=RowState.DISPATCHED),
            row("320000.housing-fund", leaf=True, mark=7),
            row("321200.housing-fund", leaf=True, mark=8),
        ),
        requester="321200",
    )
    done = accept_receipt(at, "321200", receipt(), directory(), NOW)
    assert done.state is QueryState.DELIVERED
    foreign = replace(at, rows=(*at.rows, row("500000.housing-fund", leaf=True, mark=9)))
    with pytest.raises(PendingError, match="ANSWERS_STILL_DUE"):
        accept_receipt(foreign, "321200", receipt(), directory(), NOW)
    # A Dispatch within the province does pass the hub: the receipt waits for it.
    undispatched = replace(at, rows=(*at.rows, row("321200", mark=9)))
    with pytest.raises(PendingError, match="ANSWERS_STILL_DUE"):
        accept_receipt(undispatched, "321200", receipt(), directory(), NOW)


def test_a_province_closes_with_the_receipt_that_passes_it_what_never_did():
    at = replace(
        case(CaseRole.PROVIDER, QueryState.PARTLY_ANSWERED),
        requester="321200",
        rows=(
            answered("320000.housing-fund", 1),
            row("321200", mark=2, state=RowState.DISPATCHED),
            row("321200.housing-fund", leaf=True, mark=3),
        ),
    )
    done = pass_receipt(at, directory(), "320000", NOW)
    assert done.state is QueryState.ANSWERED
    assert pass_receipt(done, directory(), "320000", NOW) is done
    still = replace(at, rows=(*at.rows, row("320000.housing-fund", leaf=True, mark=4)))
    passed = pass_receipt(still, directory(), "320000", NOW)
    assert [r.holder for r in passed.rows if r.state is RowState.OPEN] == ["320000.housing-fund"]
    early = replace(at, rows=(row("321200", mark=2),))
    with pytest.raises(PendingError, match="DISPATCH_STILL_DUE"):
        pass_receipt(early, directory(), "320000", NOW)


def test_an_early_receipt_waits_at_the_hub():
    at = reviewer(answered("500000.housing-fund", 1), row("320000.housing-fund", leaf=True))
    with pytest.raises(PendingError, match="ANSWERS_STILL_DUE"):
        accept_receipt(at, "370000", receipt(), directory(), NOW)
    with pytest.raises(PendingError, match="ANSWERS_STILL_DUE"):
        accept_receipt(reviewer(), "370000", receipt(), directory(), NOW)


def test_only_the_requester_can_receipt():
    for role in (CaseRole.REVIEWER, CaseRole.AGENCY):
        at = case(role, QueryState.ANSWERED, rows=(answered("500000.housing-fund", 1),))
        with pytest.raises(RefusedError, match="RECEIPT_SOURCE"):
            accept_receipt(at, "320000", receipt(), directory(), NOW)


def test_an_agency_takes_a_receipt_for_its_own_answers_only():
    at = case(CaseRole.AGENCY, QueryState.ANSWERED, rows=(answered("500000.housing-fund", 1, 2),))
    done = accept_receipt(at, "370000", receipt(b"\x01" * 32, b"\x02" * 32), directory(), NOW)
    assert done.state is QueryState.DELIVERED
    faulty = replace(receipt(b"\x01" * 32), faults=(Fault(b"\x03" * 32, "ANSWER_COUNT"),))
    with pytest.raises(RefusedError, match="RECEIPT_UNKNOWN_ANSWER"):
        accept_receipt(at, "370000", faulty, directory(), NOW)
    with pytest.raises(RefusedError, match="RECEIPT_UNKNOWN_ANSWER"):
        accept_receipt(at, "370000", receipt(b"\x03" * 32), directory(), NOW)
