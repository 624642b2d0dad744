"""期限: what is due when, counted in working days, and what changes with a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flow_samples import FUND, NOW, case, directory, header, line, row
from hypothesis import given
from hypothesis import strategies as st

from bus.flow.answer import accept_answer
from bus.flow.deadlines import (
    START_WITHIN_WORKING_DAYS,
    DeadlineRules,
    bounded,
    change,
    count,
    deadlines_of,
    follow,
    passes_hub,
    recount,
    warn_from,
)
from bus.flow.dispatch import accept_dispatch, dispatch_of
from bus.flow.expiry import application_ends, orders_end
from bus.flow.routing import plan
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.deadline import DeadlineKind
from bus.rules.working_days import Calendar
from bus.rules.year_table import read_year_table

CALENDAR = Calendar()


def feedback(case, rules=None):
    """The deadlines of a case's rows."""
    found = deadlines_of(case, rules or RULES)
    return [one for one in found if one.kind is DeadlineKind.FEEDBACK]


RULES = DeadlineRules("hub", directory(), CALENDAR)
TABLE_2027 = """
year = 2027
source = "测试通知〔2026〕1号"
holidays = [2027-01-01, 2027-01-04, 2027-01-05]
workdays = [2027-01-09]
"""
WITH_2027 = Calendar([read_year_table(TABLE_2027)])


def local(year, month, day):
    """Midnight in Shanghai that begins a day."""
    return datetime(year, month, day, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.requirement("R028")
@pytest.mark.parametrize("role", [CaseRole.REVIEWER, CaseRole.REQUESTER])
@pytest.mark.parametrize("state", [QueryState.SUBMITTED, QueryState.UNDER_REVIEW])
def test_a_query_starts_within_two_working_days_of_receipt(role, state):
    # 2026-02-13 is the last working day before the Spring Festival; the 14th, a Saturday, is worked
    received = datetime(2026, 2, 13, 2, tzinfo=UTC)
    start = deadlines_of(case(role, state, opened=received), RULES)[0]
    assert (start.kind, start.subject, start.owing) == (DeadlineKind.START, "", "hub")
    assert (start.received, start.days) == (received, START_WITHIN_WORKING_DAYS)
    assert start.due == local(2026, 2, 25)
    assert not start.provisional
    # One working day is left from the beginning of the second one.
    assert start.warn_from == local(2026, 2, 24)


@pytest.mark.requirement("R029")
def test_each_open_row_is_due_at_its_feedback_term_as_it_was_counted():
    open_ = row("500000", received=NOW, days=5, provisional=True)
    done = row("320000", state=RowState.ANSWERED, closed=NOW)
    (one,) = feedback(case(CaseRole.REVIEWER, QueryState.STARTED, rows=(open_, done)))
    assert (one.kind, one.subject) == (DeadlineKind.FEEDBACK, f"1/{FUND}/500000")
    assert (one.owing, one.received, one.days, one.provisional) == ("500000", NOW, 5, True)
    assert one.due == open_.due


@pytest.mark.requirement("R030")
def test_a_row_is_due_at_the_later_date_that_was_agreed():
    later = NOW + timedelta(days=20)
    late = row("500000", extended=later)
    (one,) = deadlines_of(case(CaseRole.REQUESTER, QueryState.DELAYED, rows=(late,)), RULES)
    assert one.due == later == late.deadline
    earlier = row("500000", extended=NOW)
    assert earlier.deadline == earlier.due


def test_what_does_not_pass_the_hub_is_no_deadline_of_the_hub():
    own = row("370000.housing-fund", leaf=True)
    other = row("320000.housing-fund", leaf=True, mark=2)
    kept = case(CaseRole.REVIEWER, QueryState.STARTED, rows=(own, other))
    assert [d.owing for d in feedback(kept)] == ["320000.housing-fund"]
    asking = replace(kept, role=CaseRole.REQUESTER)
    mine = DeadlineRules("370000", directory(), CALENDAR)
    assert len(deadlines_of(asking, mine)) == 2
    # The same rows once more in its case as a provider are not counted twice.
    assert deadlines_of(replace(kept, role=CaseRole.PROVIDER), mine) == ()
    assert not passes_hub(directory(), "321200.housing-fund", "320000")
    assert passes_hub(directory(), "hub.marriage", "370000")


@pytest.mark.requirement("R029")
def test_orders_run_out_at_the_hub_and_an_application_at_the_requester():
    running = case(CaseRole.REVIEWER, QueryState.CANCELLING, rows=(row(),))
    (end,) = deadlines_of(running, RULES)
    assert (end.kind, end.due, end.days) == (DeadlineKind.EXPIRY, orders_end(running), None)
    asked = case(CaseRole.REQUESTER, QueryState.SUBMITTED)
    end = deadlines_of(asked, RULES)[1]
    assert (end.kind, end.due) == (DeadlineKind.EXPIRY, application_ends(asked))
    assert end.warn_from < end.due


@pytest.mark.parametrize(
    "state", [QueryState.REFUSED, QueryState.DELIVERED, QueryState.CANCELLED, QueryState.EXPIRED]
)
def test_what_is_over_has_no_deadline(state):
    assert deadlines_of(case(state=state, rows=(row(),)), RULES) == ()


@pytest.mark.parametrize(
    ("received", "days", "warned"),
    [
        # 2026-02-14 is a Saturday that is worked; the festival follows.
        (datetime(2026, 2, 12, 2, tzinfo=UTC), 2, local(2026, 2, 14)),
        (datetime(2026, 4, 30, 2, tzinfo=UTC), 5, local(2026, 5, 11)),
        # A term of one day: its only day.
        (datetime(2026, 3, 2, 2, tzinfo=UTC), 1, local(2026, 3, 3)),
    ],
)
def test_a_warning_comes_when_one_working_day_is_left(received, days, warned):
    term = count(CALENDAR, received, days)
    assert warn_from(CALENDAR, received, term.due, 1) == warned
    assert warn_from(CALENDAR, received, term.due, 1) < term.due
    # More days than the term has: from receipt on.
    assert warn_from(CALENDAR, received, term.due, 9) == received


@given(st.integers(0, 700), st.integers(1, 30), st.integers(1, 4))
def test_as_many_working_days_are_left_as_the_rules_say(day, days, left):
    received = datetime(2025, 1, 1, 4, tzinfo=UTC) + timedelta(days=day)
    term = count(WITH_2027, received, days)
    at = warn_from(WITH_2027, received, term.due, left)
    assert received <= at < term.due
    if at > received:
        # Its day is the first of those left, so the day before is what they count from.
        before = at - timedelta(hours=1)
        assert WITH_2027.add_working_days(before, left).end == term.due


@given(st.integers(0, 700), st.integers(1, 30))
def test_a_term_says_what_it_was_counted_from(day, days):
    received = datetime(2025, 1, 1, 4, tzinfo=UTC) + timedelta(days=day)
    term = count(WITH_2027, received, days)
    assert WITH_2027.add_working_days(term.received, term.days).end == term.due
    cut = bounded(term, term.due - timedelta(days=1))
    assert (cut.days, cut.due) == (None, term.due - timedelta(days=1))
    assert bounded(term, term.due) == term


@pytest.mark.requirement("R029")
def test_hub_and_requester_know_what_a_nodes_rows_were_counted_from():
    tree = directory({"320000.housing-fund": 5, "321200.housing-fund": 9})
    at_hub = plan("hub", b"a" * 32, (line(provider="320000"),), None, tree, CALENDAR, NOW)
    chains = [bytes([n]) * 32 for n in range(1, len(at_hub.hops) + 1)]
    first = dispatch_of([(1, at_hub, chains)])
    kept = accept_dispatch(case(), "hub", None, first, tree, NOW)
    (above,) = kept.rows
    assert (above.received, above.days, above.provisional) == (NOW, 9, False)

    later = NOW + timedelta(days=1)
    (hop,) = at_hub.hops
    granted = hop.order
    below = plan("320000", b"a" * 32, (line(provider="320000"),), granted, tree, CALENDAR, later)
    marks = [bytes([n]) * 32 for n in range(7, 7 + len(below.hops))]
    second = dispatch_of([(1, below, marks)])
    kept = accept_dispatch(kept, "320000", above.order, second, tree, later)
    rows = {r.holder: r for r in kept.rows if r.state is RowState.OPEN}
    own, city = rows["320000.housing-fund"], rows["321200"]
    # Counted by the node from its own receipt, or bounded by what the hub had counted.
    assert (own.received, own.days) == (later, 5)
    assert (city.received, city.days, city.due) == (NOW, 9, above.due)
    for one in rows.values():
        assert CALENDAR.add_working_days(one.received, one.days).end == one.due


def test_only_what_changed_of_a_case_is_written():
    rows = tuple(row(mark=n, part=n, holder="500000.housing-fund", leaf=True) for n in (1, 2, 3))
    before = case(CaseRole.REQUESTER, QueryState.STARTED, rows=rows)
    answered = accept_answer(
        before,
        header(source="500000.housing-fund", roster_part=2, order=rows[1].order),
        b"d" * 32,
        NOW,
    )
    found = follow(before, answered, RULES)
    assert found.put == ()
    assert [d.subject for d in found.drop] == [f"2/{FUND}/500000.housing-fund"]
    ended = replace(answered, state=QueryState.CANCELLED)
    assert len(follow(answered, ended, RULES).drop) == 2
    assert len(follow(None, before, RULES).put) == 3
    assert follow(before, before, RULES) == change((), ())


def test_a_deadline_that_moves_is_warned_of_anew_and_another_is_left_alone():
    one, two = (row(mark=n, part=n) for n in (1, 2))
    stored = tuple(
        replace(d, warned=NOW, breached=NOW)
        for d in deadlines_of(case(state=QueryState.STARTED, rows=(one, two)), RULES)
    )
    moved = case(
        state=QueryState.STARTED, rows=(replace(one, extended=NOW + timedelta(days=30)), two)
    )
    (put,) = change(stored, deadlines_of(moved, RULES)).put
    assert (put.subject, put.warned, put.breached) == (f"1/{FUND}/500000", None, None)


NEW_YEAR = datetime(2026, 12, 29, 2, tzinfo=UTC)


def estimated(days=3, holder="500000", **changed):
    term = count(CALENDAR, NEW_YEAR, days)
    assert term.provisional
    made = row(holder, received=NEW_YEAR, days=days, provisional=True, **changed)
    return replace(made, due=term.due)


@pytest.mark.requirement("R029")
def test_an_estimated_date_moves_later_once_the_year_is_known_and_never_earlier():
    kept = case(CaseRole.REVIEWER, QueryState.STARTED, rows=(estimated(),))
    with_table = replace(RULES, calendar=WITH_2027)
    (moved,) = recount(kept, with_table).rows
    assert moved.deadline == count(WITH_2027, NEW_YEAR, 3).due > moved.due
    assert not moved.provisional
    # Nobody knows more yet.
    assert recount(kept, RULES) is kept
    # It was ordered for a later date than the year turns out to give.
    generous = replace(estimated(), due=moved.deadline + timedelta(days=5))
    (stays,) = recount(replace(kept, rows=(generous,)), with_table).rows
    assert (stays.deadline, stays.provisional) == (generous.due, False)


@pytest.mark.requirement("R029")
def test_only_who_watches_over_a_row_moves_its_date():
    kept = case(CaseRole.REQUESTER, QueryState.STARTED, rows=(estimated(),))
    mine = DeadlineRules("370000", directory(), WITH_2027)
    (one,) = recount(kept, mine).rows
    assert (one.extended, one.provisional) == (None, False)
    own = estimated(holder="370000.housing-fund", leaf=True)
    (moved,) = recount(replace(kept, rows=(own,)), mine).rows
    assert moved.deadline > moved.due


def test_a_moved_date_does_not_outlast_what_was_ordered_above():
    above = estimated(days=3, holder="500000", mark=1, state=RowState.DISPATCHED, closed=NOW)
    below = estimated(days=9, holder="500000.housing-fund", mark=2, leaf=True)
    below = replace(below, due=above.due)
    kept = case(CaseRole.REVIEWER, QueryState.STARTED, rows=(above, below))
    moved = recount(kept, replace(RULES, calendar=WITH_2027)).rows[1]
    assert moved.deadline == count(WITH_2027, NEW_YEAR, 3).due


@pytest.mark.requirement("R029")
def test_a_province_watches_over_what_passes_it_and_not_over_what_a_city_below_answers_itself():
    rules = DeadlineRules("320000", directory(), CALENDAR)
    leaves = (
        row("320000.housing-fund", leaf=True, mark=1),
        row("321200.housing-fund", leaf=True, mark=2),
    )
    at = case(CaseRole.PROVIDER, QueryState.STARTED, rows=leaves)
    assert {one.owing for one in feedback(at, rules)} == {r.holder for r in leaves}
    citys = replace(at, requester="321200")
    assert {one.owing for one in feedback(citys, rules)} == {"320000.housing-fund"}
    # A Dispatch of the city does pass its province.
    node = replace(citys, rows=(row("321200", mark=3),))
    assert {one.owing for one in feedback(node, rules)} == {"321200"}
