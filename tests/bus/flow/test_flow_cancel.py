"""撤销: who is told to stop, what each says it had done, and when the query has ended."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flow_samples import (
    APPLICATION,
    FUND,
    NOW,
    QUERY,
    case,
    directory,
    dispatch,
    header,
    message,
    order,
    owed,
    request,
    row,
)

from bus.errors import InputError, PendingError, RefusedError
from bus.flow.answer import accept_answer, begin_row, close_row, take_order
from bus.flow.cancel import (
    accept_reply,
    check_reason,
    take_cancellation,
    take_withdrawal,
    withdraw,
)
from bus.flow.collecting import collect
from bus.flow.delivery import accept_receipt, deliver, receipts_due
from bus.flow.dispatch import accept_dispatch
from bus.flow.review import take_decision
from bus.model.cancellation import (
    Cancellation,
    CancellationReply,
    CancelledOrder,
    CancelledRow,
    Ending,
    Progress,
)
from bus.model.case import CaseRole, Fragment, QueryState, RowState, Withdrawal
from bus.model.messages import Decision, Gap, Receipt
from schemas.codes import cancellation_reasons
from signer.envelope.kinds import Kind

pytestmark = pytest.mark.requirement("R031")

LEAF = "500000.housing-fund"
DIGEST = b"\x0e" * 32
RUNNING = [QueryState.STARTED, QueryState.PARTLY_ANSWERED, QueryState.DELAYED]
WITHDRAWN = Withdrawal("NOT_NEEDED", NOW)


def said(*orders, ending=Ending.CANCELLED, reason="NOT_NEEDED"):
    return Cancellation(APPLICATION, ending, reason, NOW, orders)


def told(progress=Progress.STOPPED, *answers, holder=LEAF, mark=2, part=1):
    return CancelledRow(part, FUND, holder, bytes([mark]) * 32, progress, answers)


def statement(*rows, started=True, ending=Ending.CANCELLED, reason="NOT_NEEDED"):
    return CancellationReply(ending, reason, started, rows, NOW)


def leaf(mark=2, holder=LEAF, **changed):
    return row(holder, leaf=True, mark=mark, **changed)


def answered(mark=2, holder=LEAF, digest=b"\x0d" * 32):
    fragments = (Fragment(0, digest, True),)
    return leaf(mark, holder, state=RowState.ANSWERED, closed=NOW, fragments=fragments)


def cancelling(role, *rows, confirmed=False, **changed):
    withdrawal = replace(WITHDRAWN, confirmed=confirmed)
    return case(role, QueryState.CANCELLING, rows=rows, withdrawal=withdrawal, **changed)


def hub_takes(at, source="370000", body=None):
    return take_withdrawal(at, QUERY, source, body or said(), directory(), DIGEST, NOW)


def child_takes(at, me, source, body):
    return take_cancellation(at, me, source, body, directory(), DIGEST, NOW)


def hears(at, source, reply, now):
    return accept_reply(at, source, reply, directory(), now)


# At the requester


def test_a_reason_is_one_of_the_table():
    for code in cancellation_reasons():
        check_reason(code)
    with pytest.raises(InputError, match="REASON_UNKNOWN") as refused:
        check_reason("EXPIRED")  # the hub's own word
    assert "CONSENT_REVOKED" in refused.value.remedy_en


@pytest.mark.parametrize("state", [QueryState.SUBMITTED, QueryState.ACCEPTED, *RUNNING])
def test_the_requester_withdraws_and_tells_the_hub(state):
    stopped = withdraw(case(state=state), "CONSENT_REVOKED", NOW)
    assert stopped.case.state is QueryState.CANCELLING
    assert stopped.case.withdrawal == Withdrawal("CONSENT_REVOKED", NOW, confirmed=False)
    (send,) = stopped.sends
    assert (send.kind, send.destination, send.readers) == (Kind.CANCELLATION, "hub", ("hub",))
    assert send.in_reply_to == APPLICATION
    assert send.body == Cancellation(APPLICATION, Ending.CANCELLED, "CONSENT_REVOKED", NOW)


@pytest.mark.parametrize(
    "state",
    [
        QueryState.DELIVERED,
        QueryState.REFUSED,
        QueryState.CANCELLING,
        QueryState.CANCELLED,
        QueryState.EXPIRED,
    ],
)
def test_what_has_ended_cannot_be_withdrawn(state):
    with pytest.raises(InputError, match="WITHDRAWAL_TOO_LATE") as refused:
        withdraw(case(state=state), "NOT_NEEDED", NOW)
    assert refused.value.remedy_zh
    assert refused.value.remedy_en


def decided(accepted):
    return Decision(APPLICATION, accepted, (), "policy", NOW, NOW)


def test_the_hubs_decision_may_cross_the_withdrawal():
    at = cancelling(CaseRole.REQUESTER)
    accepted = take_decision(at, message(), decided(True))
    assert (accepted.state, accepted.decision) == (QueryState.CANCELLING, message().digest)
    refused = take_decision(at, message(), decided(False))
    assert refused.state is QueryState.REFUSED


def test_the_hub_had_not_decided_and_so_the_query_is_over_at_the_requester():
    done = hears(cancelling(CaseRole.REQUESTER), "hub", statement(started=False), NOW)
    assert done.state is QueryState.CANCELLED
    assert not receipts_due(done)


def test_the_hubs_word_waits_for_the_decision_the_rows_and_the_answers_it_names():
    at = cancelling(CaseRole.REQUESTER)
    with pytest.raises(PendingError, match="DECISION_NOT_YET_KNOWN"):
        hears(at, "hub", statement(told()), NOW)
    at = replace(at, decision=DIGEST)
    with pytest.raises(PendingError, match="DECISION_NOT_YET_KNOWN"):
        hears(at, "hub", statement(told()), NOW)
    at = replace(at, rows=(row("500000"),))
    passed = statement(told(Progress.ANSWERED, b"d" * 32))
    with pytest.raises(PendingError, match="ROW_NOT_YET_KNOWN"):
        hears(at, "hub", passed, NOW)
    # What is unanswered its holder will speak of.
    assert hears(at, "hub", statement(told()), NOW).withdrawal.confirmed
    at = replace(at, rows=(leaf(),))
    with pytest.raises(PendingError, match="ANSWER_NOT_YET_KNOWN"):
        hears(at, "hub", statement(told(Progress.ANSWERED, b"d" * 32)), NOW)
    confirmed = hears(at, "hub", statement(told()), NOW)
    assert confirmed.state is QueryState.CANCELLING  # the agency has not said so itself
    assert confirmed.withdrawal.confirmed
    assert confirmed.rows == at.rows


def test_the_last_row_ends_it_and_receipts_name_what_had_come():
    at = cancelling(
        CaseRole.REQUESTER,
        row("500000", state=RowState.DISPATCHED),
        leaf(),
        answered(3, "320000.housing-fund"),
        confirmed=True,
        decision=DIGEST,
    )
    done = hears(at, LEAF, statement(told()), NOW)
    assert done.state is QueryState.CANCELLED
    closed = [r for r in done.rows if r.holder == LEAF]
    assert [(r.state, r.code, r.closed) for r in closed] == [(RowState.UNSERVED, "CANCELLED", NOW)]
    assert receipts_due(done)
    ended, sends = deliver(done, {}, NOW)
    assert (ended.state, ended.delivered) == (QueryState.CANCELLED, NOW)
    assert not receipts_due(ended)
    assert [send.destination for send in sends] == ["hub", "320000.housing-fund"]
    assert sends[0].body.gaps == (Gap(1, FUND, LEAF, "CANCELLED"),)
    assert sends[1].body.opened == (b"\x0d" * 32,)


def test_a_requester_whose_store_was_set_back_follows_the_hub():
    at = case(state=QueryState.STARTED, rows=(leaf(),), decision=DIGEST)
    with pytest.raises(PendingError, match="CANCELLATION_NOT_YET_KNOWN"):
        hears(at, LEAF, statement(told()), NOW)
    followed = hears(at, "hub", statement(told()), NOW)
    assert followed.state is QueryState.CANCELLING
    assert followed.withdrawal == Withdrawal("NOT_NEEDED", NOW, confirmed=True)
    assert hears(followed, LEAF, statement(told()), NOW).state is QueryState.CANCELLED


@pytest.mark.parametrize("state", [QueryState.DELIVERED, QueryState.REFUSED, QueryState.CANCELLED])
def test_what_comes_after_the_end_is_recorded_only(state):
    at = case(state=state, rows=(leaf(),), decision=DIGEST)
    assert hears(at, "hub", statement(told()), NOW) is at
    assert hears(at, LEAF, statement(told()), NOW) is at


def test_a_late_answer_or_dispatch_to_a_withdrawn_query_is_refused_and_changes_nothing():
    closed = leaf(state=RowState.UNSERVED, closed=NOW, code="CANCELLED")
    for role in (CaseRole.REQUESTER, CaseRole.REVIEWER, CaseRole.PROVIDER):
        at = case(role, QueryState.CANCELLED, rows=(closed,), decision=DIGEST)
        with pytest.raises(RefusedError, match="QUERY_ENDED"):
            accept_answer(at, header(), b"d" * 32, NOW)
        with pytest.raises(RefusedError, match="QUERY_ENDED"):
            accept_dispatch(at, "500000", b"\x01" * 32, dispatch(owed()), directory(), NOW)


def test_the_dispatch_of_a_query_waits_for_the_decision_also_while_it_is_withdrawn():
    with pytest.raises(PendingError, match="DECISION_NOT_YET_KNOWN"):
        accept_dispatch(
            cancelling(CaseRole.REQUESTER), "hub", None, dispatch(owed()), directory(), NOW
        )


# At the hub


@pytest.mark.parametrize("state", [QueryState.SUBMITTED, QueryState.UNDER_REVIEW])
def test_before_its_decision_the_hub_ends_the_query_at_once(state):
    stopped = hub_takes(case(CaseRole.REVIEWER, state))
    assert stopped.case.state is QueryState.CANCELLED
    (send,) = stopped.sends
    assert (send.kind, send.destination) == (Kind.CANCELLATION_REPLY, "370000")
    assert send.readers == ("370000",)
    assert send.in_reply_to == DIGEST
    assert (send.body.started, send.body.rows) == (False, ())


def test_a_withdrawal_before_anything_of_the_application_ends_it_too():
    stopped = hub_takes(None)
    assert (stopped.case.state, stopped.case.requester) == (QueryState.CANCELLED, "370000")
    assert not stopped.sends[0].body.started
    # What was on its way is recorded only.
    assert collect(stopped.case, message(source="370000")) is stopped.case


@pytest.mark.parametrize("state", [*RUNNING, QueryState.ANSWERED])
def test_the_hub_tells_everybody_it_gave_orders_and_the_requester_how_far_they_were(state):
    rows = (
        row("500000", mark=1, state=RowState.DISPATCHED),
        row("500000", mark=7, part=2),
        answered(2),
        row("320000", mark=3),
        leaf(4, "hub.marriage"),
        row("", leaf=True, mark=5, state=RowState.UNSERVED, code="NO_PROVIDER"),
    )
    stopped = hub_takes(case(CaseRole.REVIEWER, state, rows=rows))
    assert stopped.case.state is QueryState.CANCELLING
    assert stopped.case.rows == rows
    *tells, reply = stopped.sends
    assert {
        send.destination: {(order.part, order.order[0]) for order in send.body.orders}
        for send in tells
    } == {"320000": {(1, 3)}, "500000": {(1, 1), (2, 7)}, "hub.marriage": {(1, 4)}}
    assert all(send.readers == (send.destination,) for send in tells)
    assert {(r.holder, r.part, r.progress, r.answers) for r in reply.body.rows} == {
        ("500000", 2, Progress.STOPPED, ()),
        (LEAF, 1, Progress.ANSWERED, (b"\x0d" * 32,)),
        ("320000", 1, Progress.STOPPED, ()),
        ("hub.marriage", 1, Progress.STOPPED, ()),
    }


def test_only_the_requester_withdraws_and_not_what_is_delivered():
    at = case(CaseRole.REVIEWER, QueryState.STARTED, rows=(leaf(),))
    with pytest.raises(RefusedError, match="CANCELLATION_SOURCE"):
        hub_takes(at, source="320000")
    with pytest.raises(RefusedError, match="CANCELLATION_SOURCE"):
        hub_takes(at, body=said(ending=Ending.EXPIRED))
    with pytest.raises(RefusedError, match="ILLEGAL_STATE"):
        hub_takes(replace(at, state=QueryState.DELIVERED))


@pytest.mark.parametrize(
    "state",
    [QueryState.REFUSED, QueryState.CANCELLING, QueryState.CANCELLED, QueryState.EXPIRED],
)
def test_a_withdrawal_that_crossed_the_end_changes_nothing_at_the_hub(state):
    at = case(CaseRole.REVIEWER, state)
    assert (hub_takes(at).case, hub_takes(at).sends) == (at, ())


def test_the_requesters_receipt_ends_it_at_the_hub():
    gap = Gap(1, FUND, "370000.housing-fund", "CANCELLED")
    receipt = Receipt((), (), 0, 0, 0, NOW, (gap,))
    at = cancelling(
        CaseRole.REVIEWER,
        leaf(2, state=RowState.UNSERVED, closed=NOW, code="CANCELLED"),
        leaf(3, "370000.housing-fund"),
    )
    done = accept_receipt(at, "370000", receipt, directory(), NOW)
    assert (done.state, done.delivered) == (QueryState.CANCELLED, NOW)
    # What never passed the hub is closed as the receipt says.
    assert [(r.state, r.code) for r in done.rows] == [(RowState.UNSERVED, "CANCELLED")] * 2
    with pytest.raises(PendingError, match="ANSWERS_STILL_DUE"):
        accept_receipt(cancelling(CaseRole.REVIEWER, leaf()), "370000", receipt, directory(), NOW)


# At those below


def test_a_node_waits_for_the_orders_that_are_named():
    body = said(CancelledOrder(1, b"a" * 32), CancelledOrder(2, b"b" * 32))
    with pytest.raises(PendingError, match="ORDER_NOT_YET_KNOWN"):
        child_takes(None, "500000", "hub", body)
    at = case(CaseRole.PROVIDER, QueryState.STARTED, rows=(leaf(),))
    with pytest.raises(PendingError, match="ORDER_NOT_YET_KNOWN"):
        child_takes(at, "500000", "hub", body)
    stopped = child_takes(replace(at, rows=(leaf(), leaf(3, part=2))), "500000", "hub", body)
    assert stopped.case.state is QueryState.CANCELLING


def test_only_ones_own_parent_says_stop():
    at = case(CaseRole.PROVIDER, QueryState.STARTED, rows=(leaf(),))
    for source in ("370000", LEAF, "321200"):
        with pytest.raises(RefusedError, match="CANCELLATION_SOURCE"):
            child_takes(at, "500000", source, said(CancelledOrder(1, b"a" * 32)))


def test_a_province_hands_it_on_to_its_city_and_its_agency_and_states_what_it_had_done():
    rows = (
        row("321200", mark=1, state=RowState.DISPATCHED),
        leaf(2, "321200.housing-fund"),
        answered(3, "320000.housing-fund"),
    )
    at = case(CaseRole.PROVIDER, QueryState.PARTLY_ANSWERED, rows=rows)
    stopped = child_takes(at, "320000", "hub", said(CancelledOrder(1, b"a" * 32)))
    assert (stopped.case.state, stopped.case.rows) == (QueryState.CANCELLING, rows)
    *tells, reply = stopped.sends
    assert {s.destination: s.body.orders for s in tells} == {
        "320000.housing-fund": (CancelledOrder(1, b"\x03" * 32),),
        "321200": (CancelledOrder(1, b"\x01" * 32),),
    }
    assert (reply.destination, set(reply.readers)) == ("370000", {"370000", "hub"})
    assert [(r.holder, r.progress) for r in reply.body.rows] == [
        ("321200.housing-fund", Progress.STOPPED),
        ("320000.housing-fund", Progress.ANSWERED),
    ]
    done = hears(
        stopped.case,
        "321200.housing-fund",
        statement(told(holder="321200.housing-fund")),
        NOW,
    )
    assert done.state is QueryState.CANCELLED


def test_a_province_that_has_everything_is_cancelled_at_once():
    at = case(CaseRole.PROVIDER, QueryState.ANSWERED, rows=(answered(),))
    stopped = child_takes(at, "500000", "hub", said(CancelledOrder(1, b"a" * 32)))
    assert stopped.case.state is QueryState.CANCELLED
    assert [send.kind for send in stopped.sends] == [Kind.CANCELLATION, Kind.CANCELLATION_REPLY]


def test_the_requester_as_a_provider_replies_to_the_hub():
    at = case(CaseRole.PROVIDER, QueryState.STARTED, rows=(leaf(2, "370000.housing-fund"),))
    stopped = child_takes(at, "370000", "hub", said(CancelledOrder(1, b"a" * 32)))
    tell, reply = stopped.sends
    assert tell.destination == "370000.housing-fund"
    assert (reply.destination, reply.readers) == ("hub", ("hub",))


def ordered_agency():
    statement_order = order()
    made = message(destination="hub", source="370000", to_order=statement_order, subject_count=2)
    return take_order(None, made, LEAF, request(), statement_order)


def test_an_agency_says_per_row_whether_it_had_begun():
    at = ordered_agency()
    body = said(CancelledOrder(1, b"\x0c" * 32))
    untouched = child_takes(at, LEAF, "500000", body)
    begun = child_takes(begin_row(at, at.rows[0], NOW)[0], LEAF, "500000", body)
    closed = close_row(at, at.rows[0], [b"d" * 32, b"e" * 32], NOW)
    sent = child_takes(closed, LEAF, "500000", body)
    for stopped, progress, answers in (
        (untouched, Progress.NOT_STARTED, ()),
        (begun, Progress.STOPPED, ()),
        (sent, Progress.ANSWERED, (b"d" * 32, b"e" * 32)),
    ):
        assert stopped.case.state is QueryState.CANCELLED
        assert not any(r.state is RowState.OPEN for r in stopped.case.rows)
        (reply,) = stopped.sends
        assert [(r.progress, r.answers) for r in reply.body.rows] == [(progress, answers)]
        assert set(reply.readers) == {"370000", "500000", "hub"}


def test_the_first_look_up_of_a_row_is_kept():
    at = ordered_agency()
    begun, marked = begin_row(at, at.rows[0], NOW)
    assert begun.rows == (marked,)
    assert begin_row(begun, marked, NOW.replace(year=2027)) == (begun, marked)


def test_a_receipt_may_overtake_the_cancellation_at_an_agency():
    closed = close_row(ordered_agency(), ordered_agency().rows[0], [b"d" * 32], NOW)
    receipt = Receipt((b"d" * 32,), (), 0, 0, 0, NOW)
    delivered = accept_receipt(closed, "370000", receipt, directory(), NOW)
    assert delivered.state is QueryState.DELIVERED
    body = said(CancelledOrder(1, b"\x0c" * 32))
    assert child_takes(delivered, LEAF, "500000", body).case.state is QueryState.CANCELLED
    stopped = child_takes(closed, LEAF, "500000", body).case
    later = accept_receipt(stopped, "370000", receipt, directory(), NOW)
    assert (later.state, later.delivered) == (QueryState.CANCELLED, NOW)


def test_an_order_that_comes_after_the_end_is_not_taken():
    stopped = child_takes(
        ordered_agency(), LEAF, "500000", said(CancelledOrder(1, b"\x0c" * 32))
    ).case
    made = message(source="370000", digest=b"x" * 32, chain=b"y" * 32, to_order=order())
    with pytest.raises(RefusedError, match="QUERY_ENDED"):
        take_order(stopped, made, LEAF, request(), order())


# What agencies say, at the centres on the way


@pytest.mark.parametrize("role", [CaseRole.REVIEWER, CaseRole.PROVIDER])
def test_an_agency_closes_its_own_rows_and_nobody_elses(role):
    other = leaf(3, "500000.other")
    at = cancelling(role, leaf(), other)
    after = hears(
        at, LEAF, statement(told(Progress.NOT_STARTED), told(holder="500000.other", mark=3)), NOW
    )
    assert [(r.state, r.code) for r in after.rows] == [
        (RowState.UNSERVED, "CANCELLED"),
        (RowState.OPEN, None),
    ]
    assert hears(at, "500000", statement(told()), NOW).rows == at.rows


def test_a_reply_that_names_an_answer_waits_for_it():
    at = cancelling(CaseRole.REVIEWER, leaf())
    named = statement(told(Progress.ANSWERED, b"d" * 32))
    with pytest.raises(PendingError, match="ANSWER_NOT_YET_KNOWN"):
        hears(at, LEAF, named, NOW)
    taken = accept_answer(at, header(), b"d" * 32, NOW)
    assert hears(taken, LEAF, named, NOW).rows == taken.rows
    with pytest.raises(PendingError, match="ROW_NOT_YET_KNOWN"):
        hears(cancelling(CaseRole.REVIEWER, row("500000")), LEAF, named, NOW)
    with pytest.raises(PendingError, match="ROW_NOT_YET_KNOWN"):
        hears(cancelling(CaseRole.REQUESTER), LEAF, named, NOW)
    # The node above it was cut off before its Dispatch came: nobody waits for that row.
    cut = cancelling(CaseRole.REVIEWER, row("500000", state=RowState.UNSERVED))
    assert hears(cut, LEAF, named, NOW).rows == cut.rows


def test_a_row_made_anew_is_closed_under_its_first_order():
    at = cancelling(CaseRole.REVIEWER, leaf(9, redone=True))
    assert hears(at, LEAF, statement(told()), NOW).rows[0].code == "CANCELLED"


def test_the_hubs_word_is_for_the_requester_alone():
    with pytest.raises(RefusedError, match="CANCELLATION_SOURCE"):
        hears(cancelling(CaseRole.PROVIDER, leaf()), "hub", statement(), NOW)
