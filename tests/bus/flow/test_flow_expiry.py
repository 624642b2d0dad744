"""过期: orders that have run out end the query at everybody; an undecided application too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flow_samples import APPLICATION, NOW, case, directory, dispatch, header, message, owed, row

from bus.errors import PendingError, RefusedError
from bus.flow.answer import accept_answer
from bus.flow.cancel import accept_reply, take_cancellation
from bus.flow.delivery import accept_receipt, receipts_due
from bus.flow.dispatch import accept_dispatch
from bus.flow.expiry import (
    application_ends,
    application_ran_out,
    expire,
    expire_application,
    orders_end,
    orders_ran_out,
)
from bus.flow.review import take_decision
from bus.model.cancellation import Cancellation, CancelledOrder, Ending, Progress
from bus.model.case import CaseRole, Fragment, QueryState, RowState, Withdrawal
from bus.model.messages import Decision, Receipt
from signer.envelope.kinds import Kind

LEAF = "500000.housing-fund"
LATER = NOW + timedelta(days=30, minutes=2)
RUNNING = [QueryState.STARTED, QueryState.PARTLY_ANSWERED, QueryState.DELAYED]


def leaf(mark=2, holder=LEAF, **changed):
    return row(holder, leaf=True, mark=mark, **changed)


def reviewer(state=QueryState.STARTED, *rows):
    return case(
        CaseRole.REVIEWER, state, rows=rows or (row("500000", state=RowState.DISPATCHED), leaf())
    )


def run_out(*orders, ending=Ending.EXPIRED):
    return Cancellation(APPLICATION, ending, "EXPIRED", LATER, orders)


def child_takes(at, me, source, body):
    return take_cancellation(at, me, source, body, directory(), b"e" * 32, LATER)


def hears(at, source, reply, now):
    return accept_reply(at, source, reply, directory(), now)


@pytest.mark.requirement("R029")
@pytest.mark.parametrize("state", RUNNING)
def test_orders_run_out_after_thirty_days_and_end_the_query_at_everybody(state):
    at = reviewer(state)
    assert orders_end(at) == LATER
    assert not orders_ran_out(at, LATER - timedelta(milliseconds=1))
    with pytest.raises(RefusedError, match="ORDERS_NOT_RUN_OUT"):
        expire(at, directory(), LATER - timedelta(milliseconds=1))
    stopped = expire(at, directory(), LATER)
    assert stopped.case.state is QueryState.EXPIRED
    assert [(r.state, r.code) for r in stopped.case.rows] == [
        (RowState.DISPATCHED, None),
        (RowState.UNSERVED, "EXPIRED"),
    ]
    tell, reply = stopped.sends
    assert (tell.kind, tell.destination) == (Kind.CANCELLATION, "500000")
    assert (tell.body.ending, tell.body.reason) == (Ending.EXPIRED, "EXPIRED")
    assert tell.body.orders == (CancelledOrder(1, b"\x01" * 32),)
    assert (reply.kind, reply.destination) == (Kind.CANCELLATION_REPLY, "370000")
    assert [(r.holder, r.progress) for r in reply.body.rows] == [(LEAF, Progress.STOPPED)]


@pytest.mark.parametrize(
    ("role", "state"),
    [
        (CaseRole.REVIEWER, QueryState.UNDER_REVIEW),
        (CaseRole.REVIEWER, QueryState.ANSWERED),
        (CaseRole.REVIEWER, QueryState.DELIVERED),
        (CaseRole.REQUESTER, QueryState.STARTED),
        (CaseRole.PROVIDER, QueryState.STARTED),
    ],
)
def test_only_the_hub_ends_what_is_owed_still(role, state):
    assert not orders_ran_out(case(role, state, rows=(leaf(),)), LATER)


@pytest.mark.requirement("R031")
def test_a_withdrawal_that_never_came_to_an_end_is_ended_as_withdrawn():
    at = replace(reviewer(QueryState.CANCELLING), withdrawal=Withdrawal("NOT_NEEDED", NOW))
    stopped = expire(at, directory(), LATER)
    assert stopped.case.state is QueryState.CANCELLED
    assert stopped.sends[-1].body.ending is Ending.CANCELLED
    asked = case(
        CaseRole.REQUESTER,
        QueryState.CANCELLING,
        rows=at.rows,
        decision=b"d" * 32,
        withdrawal=at.withdrawal,
    )
    done = hears(asked, "hub", stopped.sends[-1].body, LATER)
    assert done.state is QueryState.CANCELLED
    assert done.rows[1].code == "EXPIRED"


def test_the_requester_ends_it_with_the_hub_and_takes_what_the_hub_had_passed_on():
    taken = leaf(state=RowState.ANSWERED, closed=NOW, fragments=(Fragment(0, b"d" * 32, True),))
    stopped = expire(
        reviewer(QueryState.PARTLY_ANSWERED, taken, leaf(3, "320000.housing-fund")),
        directory(),
        LATER,
    )
    reply = stopped.sends[-1].body
    at = case(
        state=QueryState.STARTED,
        rows=(leaf(), leaf(3, "320000.housing-fund")),
        decision=b"e" * 32,
    )
    with pytest.raises(PendingError, match="ANSWER_NOT_YET_KNOWN"):
        hears(at, "hub", reply, LATER)
    ended = hears(accept_answer(at, header(), b"d" * 32, LATER), "hub", reply, LATER)
    assert ended.state is QueryState.EXPIRED
    assert [(r.state, r.code) for r in ended.rows] == [
        (RowState.ANSWERED, None),
        (RowState.UNSERVED, "EXPIRED"),
    ]
    assert receipts_due(ended)
    late = header(source="320000.housing-fund", order=b"\x03" * 32)
    with pytest.raises(RefusedError, match="QUERY_ENDED"):
        accept_answer(ended, late, b"f" * 32, LATER)
    receipt = Receipt((b"d" * 32,), (), 0, 0, 0, LATER)
    at_hub = accept_receipt(stopped.case, "370000", receipt, directory(), LATER)
    assert (at_hub.state, at_hub.delivered) == (QueryState.EXPIRED, LATER)


def test_a_receipt_that_crosses_the_end_changes_nothing_about_it():
    """What the requester's own province answers never passes the hub, which ends the query."""
    own = leaf(3, "370000.housing-fund")
    stopped = expire(reviewer(QueryState.STARTED, own), directory(), LATER)
    answered = replace(own, state=RowState.ANSWERED, closed=NOW)
    at = case(state=QueryState.DELIVERED, rows=(answered,), decision=b"d" * 32, delivered=NOW)
    ended = hears(at, "hub", stopped.sends[-1].body, LATER)
    assert (ended.state, ended.rows) == (QueryState.EXPIRED, at.rows)
    assert not receipts_due(ended)


def test_an_agency_keeps_a_receipt_until_it_hears_that_its_open_rows_are_over():
    sent = leaf(state=RowState.ANSWERED, closed=NOW, fragments=(Fragment(0, b"d" * 32, True),))
    at = case(CaseRole.AGENCY, QueryState.PARTLY_ANSWERED, rows=(sent, leaf(3, part=2)))
    receipt = Receipt((b"d" * 32,), (), 0, 0, 0, LATER)
    with pytest.raises(PendingError, match="ROWS_STILL_OPEN"):
        accept_receipt(at, "370000", receipt, directory(), LATER)
    ended = child_takes(at, LEAF, "500000", run_out()).case
    assert accept_receipt(ended, "370000", receipt, directory(), LATER).delivered == LATER


def test_those_below_end_at_once_and_hand_it_on_without_waiting_for_anybody():
    at = case(CaseRole.PROVIDER, QueryState.STARTED, rows=(leaf(),))
    stopped = child_takes(at, "500000", "hub", run_out(CancelledOrder(7, b"a" * 32)))
    assert (stopped.case.state, stopped.case.rows[0].code) == (QueryState.EXPIRED, "EXPIRED")
    assert [(s.kind, s.destination) for s in stopped.sends] == [(Kind.CANCELLATION, LEAF)]
    again = child_takes(stopped.case, "500000", "hub", run_out())
    assert (again.case, again.sends) == (stopped.case, ())
    assert child_takes(None, "500000", "hub", run_out()) is None


def test_one_that_has_stopped_hands_on_that_nobody_need_wait_any_more():
    at = case(CaseRole.PROVIDER, QueryState.CANCELLED, rows=(leaf(),))
    again = child_takes(at, "500000", "hub", run_out(ending=Ending.CANCELLED))
    assert again.case == at
    assert [(s.kind, s.destination) for s in again.sends] == [(Kind.CANCELLATION, LEAF)]


@pytest.mark.parametrize(
    ("role", "me", "source", "state"),
    [
        (CaseRole.PROVIDER, "500000", "hub", QueryState.CANCELLING),
        (CaseRole.PROVIDER, "500000", "hub", QueryState.STARTED),
        (CaseRole.AGENCY, LEAF, "500000", QueryState.STARTED),
    ],
)
def test_a_withdrawal_that_has_run_out_leaves_nobody_waiting(role, me, source, state):
    at = case(role, state, rows=(leaf(),))
    stopped = child_takes(at, me, source, run_out(ending=Ending.CANCELLED))
    assert (stopped.case.state, stopped.case.rows[0].code) == (QueryState.CANCELLED, "EXPIRED")


@pytest.mark.parametrize("state", [QueryState.STARTED, QueryState.ANSWERED, QueryState.DELIVERED])
def test_an_agency_ends_with_the_query_whatever_it_had_done(state):
    at = case(CaseRole.AGENCY, state, rows=(leaf(),))
    assert child_takes(at, LEAF, "500000", run_out()).case.state is QueryState.EXPIRED


def test_an_answer_that_comes_before_the_decision_waits_for_it():
    ended = expire_application(case(state=QueryState.SUBMITTED), NOW + timedelta(days=8))
    with pytest.raises(PendingError, match="ROW_NOT_YET_KNOWN"):
        accept_answer(ended, header(), b"d" * 32, LATER)


def decided(accepted):
    return Decision(APPLICATION, accepted, (), "policy", NOW, NOW)


@pytest.mark.requirement("R028")
def test_an_application_without_a_decision_ends_after_seven_days_and_the_hubs_word_wins():
    at = case(state=QueryState.SUBMITTED)
    end = NOW + timedelta(days=7, minutes=2)
    assert application_ends(at) == end
    with pytest.raises(RefusedError, match="APPLICATION_NOT_RUN_OUT"):
        expire_application(at, end - timedelta(milliseconds=1))
    ended = expire_application(at, end)
    assert ended.state is QueryState.EXPIRED
    assert not receipts_due(ended)
    to_province = dispatch(owed("500000", leaf=False))
    with pytest.raises(PendingError, match="DECISION_NOT_YET_KNOWN"):
        accept_dispatch(ended, "hub", None, to_province, directory(), end)
    accepted = take_decision(ended, message(), decided(True))
    assert accepted.state is QueryState.ACCEPTED
    started = accept_dispatch(accepted, "hub", None, to_province, directory(), end)
    assert started.state is QueryState.STARTED
    assert take_decision(ended, message(), decided(False)).state is QueryState.REFUSED


@pytest.mark.parametrize("state", [QueryState.ACCEPTED, QueryState.STARTED, QueryState.CANCELLING])
def test_only_an_undecided_application_runs_out(state):
    assert not application_ran_out(case(state=state), LATER)


def test_a_decision_comes_once_also_after_the_orders_have_run_out():
    at = case(state=QueryState.EXPIRED, decision=b"d" * 32, rows=(leaf(),))
    with pytest.raises(RefusedError, match="DECISION_TWICE"):
        take_decision(at, message(), decided(True))
