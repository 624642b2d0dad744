"""及时性与准确性: what a centre tells of how long queries and answers took."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flow_samples import NOW, case, directory, row

from bus.flow.delivery import accept_receipt
from bus.flow.turnaround import Hours, answer_hours, query_hours, turnaround
from bus.model.account import Account
from bus.model.case import CaseRole, Fragment, QueryState, RowDelay, RowState
from bus.model.messages import Fault, Receipt
from bus.rules.working_days import Calendar

CALENDAR = Calendar()
DAY = timedelta(days=1)
# NOW is Monday 2026-03-02, 10:00 in Shanghai: an office day has seven hours left.
ORDERED = {"received": NOW, "days": 5}


def province(holder):
    return holder.partition(".")[0]


def answered(holder, after, **changed):
    made = row(holder, leaf=True, **ORDERED, state=RowState.ANSWERED, closed=NOW + after)
    return replace(made, **changed)


ROWS = (
    row("320000", state=RowState.DISPATCHED, closed=NOW),
    answered("320000.housing-fund", timedelta(hours=3)),
    answered("320000.housing-bureau", DAY, code="ANSWER_INCOMPLETE"),
    answered("500000.housing-fund", 8 * DAY, delay=RowDelay("VOLUME", NOW)),
    row("500000.other", leaf=True, delay=RowDelay("OVERDUE", NOW)),
    row("", leaf=True, state=RowState.UNSERVED, code="NO_PROVIDER", closed=NOW),
)


@pytest.mark.requirement("R001")
def test_hours_run_from_the_order_to_the_answer_in_working_time():
    whole = case(CaseRole.REVIEWER, QueryState.PARTLY_ANSWERED, rows=ROWS)
    hours = [answer_hours(whole, one, CALENDAR) for one in ROWS[1:5]]
    # Eight days later is Tuesday: six whole office days and the seven hours between.
    assert hours == [3.0, 8.0, 48.0, 0.0]
    unknown = replace(ROWS[1], received=None)
    decided = replace(whole, decided=NOW - timedelta(hours=1))
    assert answer_hours(decided, unknown, CALENDAR) == 4.0
    assert query_hours(whole, CALENDAR) is None
    assert query_hours(replace(whole, delivered=NOW + DAY), CALENDAR) == 8.0


@pytest.mark.requirement("R001")
def test_the_account_tells_by_province_what_was_late_delayed_and_faulty():
    running = case(CaseRole.REVIEWER, QueryState.PARTLY_ANSWERED, rows=ROWS)
    done = case(CaseRole.REVIEWER, QueryState.DELIVERED, delivered=NOW + 2 * DAY)
    refused = case(CaseRole.REVIEWER, QueryState.REFUSED)
    ended = case(CaseRole.REVIEWER, QueryState.EXPIRED)
    found = turnaround([running, done, refused, ended], province, CALENDAR)
    assert (found.queries, found.running, found.delivered, found.refused, found.ended) == (
        *(4, 1, 1, 1, 1),
    )
    assert found.hours == Hours(1, 16.0, 16.0, 16.0)
    nobody, first, second = found.provinces
    assert (nobody.province, nobody.asked, nobody.refused, nobody.hours.count) == ("", 1, 1, 0)
    assert (first.province, first.asked, first.answered, first.faulty) == ("320000", 2, 2, 1)
    assert first.hours == Hours(2, 5.5, 5.5, 8.0)
    assert (second.asked, second.answered, second.due) == (2, 1, 1)
    assert (second.late, second.delayed) == (1, 2)
    assert second.hours == Hours(1, 48.0, 48.0, 48.0)


def test_nothing_comes_to_nothing():
    assert turnaround([], province, CALENDAR).hours == Hours(0, None, None, None)


@pytest.mark.requirement("R001")
def test_the_hub_learns_from_the_receipt_which_answers_could_not_be_used():
    digest = b"d" * 32
    one = answered("500000.housing-fund", DAY, fragments=(Fragment(0, digest, last=True),))
    kept = case(CaseRole.REVIEWER, QueryState.ANSWERED, rows=(one,))
    receipt = Receipt((), (Fault(digest, "ANSWER_INCOMPLETE"),), 0, 0, 0, NOW)
    taken = accept_receipt(kept, "370000", receipt, directory(), NOW + DAY)
    assert [r.code for r in taken.rows] == ["ANSWER_INCOMPLETE"]
    assert taken.state is QueryState.DELIVERED


@pytest.mark.requirement("R029")
def test_an_account_is_a_line_in_two_languages():
    account = Account(29, 2, 1)
    assert account.zh == "29 项已反馈、2 项待反馈、1 项拒绝"
    assert account.en == "29 answered, 2 due, 1 refused"
    assert not account.complete
    assert Account(1, 0, 0).complete
