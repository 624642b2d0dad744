"""延期: notices, the requester's answers, and that all sides end with the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flow_samples import NOW, case, directory, header, row
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.errors import InputError, PendingError, RefusedError
from bus.flow.answer import accept_answer
from bus.flow.delay import (
    CALENDAR_PUBLISHED,
    LONGEST,
    MAX_ROWS,
    OVERDUE,
    REVIEW_PENDING,
    accept_delay,
    answers_to,
    cause_of,
    check_until,
    concerns,
    delay_messages,
    notice,
    unannounced,
    unanswered,
)
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.messages import Delay

TREE = directory()
AGENCY = "500000.housing-fund"
ROW = row(AGENCY, leaf=True, mark=2)
OTHER = row("320000.housing-fund", leaf=True, mark=3)
UNTIL = ROW.due + timedelta(days=5)


def kept(role=CaseRole.REQUESTER, *rows, **changed):
    return case(role, QueryState.STARTED, rows=rows or (ROW, OTHER), **changed)


def accept(at, source, delay, me="370000", now=NOW):
    return accept_delay(at, source, delay, TREE, me, now)


@pytest.mark.requirement("R030")
def test_a_notice_delays_the_query_until_the_row_is_closed():
    told = accept(kept(), AGENCY, notice([ROW], "SOURCE_DOWN", UNTIL, NOW))
    assert told.state is QueryState.DELAYED
    assert (told.rows[0].delay.cause, told.rows[0].delay.agreed) == ("SOURCE_DOWN", None)
    assert told.rows[0].deadline == ROW.due  # nothing was agreed
    assert told.rows[1] is OTHER
    answered = accept_answer(told, header(source=AGENCY), b"d" * 32, NOW)
    assert answered.state is QueryState.PARTLY_ANSWERED
    assert answered.rows[0].delay == told.rows[0].delay  # it stays on record


@pytest.mark.requirement("R030")
def test_an_agreed_date_counts_and_a_declined_one_leaves_the_old():
    told = accept(kept(), AGENCY, notice([ROW], "VOLUME", UNTIL, NOW))
    (yes,) = answers_to(told.rows, agreed=True)
    assert (yes.cause, yes.noticed, yes.until, yes.agreed) == ("VOLUME", NOW, UNTIL, True)
    agreed = accept(told, "370000", yes)
    assert agreed.rows[0].deadline == UNTIL
    assert agreed.state is QueryState.DELAYED
    (no,) = answers_to(told.rows, agreed=False)
    declined = accept(told, "370000", no)
    assert (declined.rows[0].deadline, declined.rows[0].delay.agreed) == (ROW.due, False)
    # Each notice is answered once.
    assert answers_to(agreed.rows, agreed=False) == answers_to(declined.rows, agreed=True) == ()


@pytest.mark.requirement("R030")
def test_a_later_notice_does_not_take_an_agreed_date_back():
    told = accept(kept(), AGENCY, notice([ROW], "VOLUME", UNTIL, NOW))
    told = accept(told, "370000", answers_to(told.rows, agreed=True)[0])
    again = accept(told, "hub", notice([ROW], OVERDUE, None, NOW + timedelta(days=20)))
    assert (again.rows[0].delay.cause, again.rows[0].deadline) == (OVERDUE, UNTIL)


@pytest.mark.requirement("R029")
def test_a_late_answer_is_late_by_the_agreed_date():
    told = accept(kept(), AGENCY, notice([ROW], "VOLUME", UNTIL, NOW))
    agreed = accept(told, "370000", answers_to(told.rows, agreed=True)[0])
    for at, before, after in ((ROW.due, True, False), (UNTIL, True, True)):
        late = accept_answer(told, header(source=AGENCY), b"d" * 32, at).rows[0].late
        assert (late, accept_answer(agreed, header(source=AGENCY), b"d" * 32, at).rows[0].late) == (
            before,
            after,
        )


@settings(deadline=None)
@given(st.permutations(range(5)), st.lists(st.integers(0, 4), max_size=4))
def test_the_order_and_the_number_of_arrivals_does_not_matter(order, again):
    told = accept(kept(), AGENCY, notice([ROW], "VOLUME", UNTIL, NOW))
    second = notice([ROW], "SOURCE_DOWN", UNTIL + timedelta(days=3), NOW + timedelta(hours=1))
    twice = accept(kept(), AGENCY, second)
    said = [
        (AGENCY, notice([ROW], "VOLUME", UNTIL, NOW)),
        ("370000", answers_to(told.rows, agreed=True)[0]),
        ("500000", second),
        ("370000", answers_to(twice.rows, agreed=False)[0]),
        ("hub", notice([ROW, OTHER], OVERDUE, None, NOW + timedelta(minutes=5))),
    ]
    ends = []
    for way in (range(5), [*order, *again]):
        at = kept()
        for number in way:
            at = accept(at, *said[number])
        ends.append(at)
    assert ends[0] == ends[1]
    assert (ends[0].rows[0].deadline, ends[0].rows[0].delay.agreed) == (UNTIL, False)


def test_the_same_word_twice_changes_nothing():
    told = accept(kept(), AGENCY, notice([ROW], "VOLUME", None, NOW))
    assert accept(told, AGENCY, notice([ROW], "VOLUME", None, NOW), now=NOW + LONGEST) is told


@pytest.mark.requirement("R029")
def test_a_published_year_moves_the_date_and_delays_nobody():
    moved = accept(kept(), "hub", notice([ROW], CALENDAR_PUBLISHED, UNTIL, NOW, agreed=True))
    assert (moved.state, moved.rows[0].delay) == (QueryState.STARTED, None)
    assert moved.rows[0].deadline == UNTIL
    earlier = notice([ROW], CALENDAR_PUBLISHED, NOW, NOW, agreed=True)
    assert accept(kept(), "hub", earlier).rows[0].deadline == ROW.due


@pytest.mark.parametrize(
    ("role", "me", "changed"),
    [
        (CaseRole.REVIEWER, "hub", [True, True]),
        (CaseRole.REQUESTER, "370000", [True, True]),
        (CaseRole.PROVIDER, "500000", [True, False]),
        (CaseRole.AGENCY, AGENCY, [True, False]),
    ],
)
def test_each_takes_what_it_keeps_account_of(role, me, changed):
    delay = notice([ROW, OTHER], OVERDUE, None, NOW)
    told = accept(kept(role), "hub", delay, me)
    assert [r.delay is not None for r in told.rows] == changed
    assert told.state is QueryState.DELAYED


def test_what_it_stands_on_is_waited_for():
    unknown = row("500000.housing-fund", leaf=True, mark=9, part=4)
    with pytest.raises(PendingError, match="ROW_NOT_YET_KNOWN"):
        accept(kept(), AGENCY, notice([unknown], "VOLUME", None, NOW))
    over = replace(kept(), state=QueryState.DELIVERED)
    assert accept(over, AGENCY, notice([unknown], "VOLUME", None, NOW)) is over


def test_after_the_end_it_is_only_recorded():
    over = kept(CaseRole.REQUESTER, replace(ROW, state=RowState.ANSWERED, closed=NOW))
    over = replace(over, state=QueryState.DELIVERED)
    told = accept(over, AGENCY, notice([ROW], "VOLUME", None, NOW))
    assert told.state is QueryState.DELIVERED
    assert told.rows[0].delay.cause == "VOLUME"


def test_a_row_made_anew_is_known_by_its_first_order():
    redone = replace(ROW, order=b"x" * 32, redone=True)
    told = accept(kept(CaseRole.REQUESTER, redone), AGENCY, notice([ROW], "VOLUME", None, NOW))
    assert told.rows[0].delay is not None
    with pytest.raises(PendingError):
        accept(
            kept(CaseRole.REQUESTER, replace(redone, redone=False)),
            AGENCY,
            notice([ROW], "VOLUME", None, NOW),
        )


DATED = notice([ROW], "VOLUME", UNTIL, NOW)


@pytest.mark.requirement("R030")
@pytest.mark.parametrize(
    ("source", "delay", "code"),
    [
        ("320000.housing-fund", DATED, "DELAY_SOURCE"),
        ("370000", DATED, "DELAY_SOURCE"),
        ("370000", notice([ROW], OVERDUE, None, NOW), "DELAY_SOURCE"),
        (AGENCY, notice([ROW], OVERDUE, None, NOW), "DELAY_SOURCE"),
        (AGENCY, replace(DATED, agreed=True), "DELAY_SOURCE"),
        ("hub", replace(DATED, agreed=True), "DELAY_SOURCE"),
        ("500000", notice([ROW], CALENDAR_PUBLISHED, UNTIL, NOW, agreed=True), "DELAY_SOURCE"),
        ("hub", notice([ROW], CALENDAR_PUBLISHED, UNTIL, NOW), "DELAY_SOURCE"),
        ("hub", notice([ROW], CALENDAR_PUBLISHED, None, NOW, agreed=True), "DELAY_DATE"),
        ("500000", notice([], REVIEW_PENDING, None, NOW), "DELAY_SOURCE"),
        ("370000", replace(DATED, until=None, agreed=True), "DELAY_DATE"),
        (AGENCY, replace(DATED, until=NOW + LONGEST + LONGEST), "DELAY_DATE"),
        (AGENCY, replace(DATED, cause="MOOD"), "DELAY_CAUSE_UNKNOWN"),
    ],
)
def test_nobody_says_what_is_not_theirs_to_say(source, delay, code):
    with pytest.raises(RefusedError) as refusal:
        accept(kept(), source, delay)
    assert refusal.value.code == code


@pytest.mark.requirement("R030")
@pytest.mark.parametrize("source", [AGENCY, "500000", "hub"])
def test_who_owes_and_who_stands_above_may_give_notice(source):
    assert accept(kept(), source, DATED).state is QueryState.DELAYED


def test_the_requester_watches_over_its_own_agencies():
    own = row("370000.housing-fund", leaf=True, mark=5)
    told = accept(kept(CaseRole.REVIEWER, own), "370000", notice([own], OVERDUE, None, NOW), "hub")
    assert told.rows[0].delay.cause == OVERDUE


def ways(delay, me, requester="370000"):
    return {
        (send.destination, send.readers, tuple(r.holder for r in send.body.rows))
        for send in delay_messages(delay, me, requester, TREE)
    }


CITY = row("321200.housing-fund", leaf=True, mark=4)


@pytest.mark.requirement("R030")
@pytest.mark.parametrize(
    ("me", "rows", "expected"),
    [
        # An agency, up to the hub and down to the requester.
        (AGENCY, [ROW], {("370000", ("370000", "500000", "hub"), (AGENCY,))}),
        # A province, for an agency of a city below it.
        (
            "320000",
            [CITY],
            {
                ("370000", ("370000", "hub"), (CITY.holder,)),
                (CITY.holder, (CITY.holder, "321200"), (CITY.holder,)),
            },
        ),
        # The hub, to all sides.
        (
            "hub",
            [ROW, CITY],
            {
                ("370000", ("370000",), (AGENCY, CITY.holder)),
                (AGENCY, (AGENCY, "500000"), (AGENCY,)),
                (CITY.holder, (CITY.holder, "320000", "321200"), (CITY.holder,)),
            },
        ),
        # The requester answers whoever owes, past the hub.
        ("370000", [ROW], {(AGENCY, (AGENCY, "hub", "500000"), (AGENCY,))}),
        # Its own agency: the hub is told apart.
        (
            "370000",
            [row("370000.housing-fund", leaf=True)],
            {
                ("hub", ("hub",), ("370000.housing-fund",)),
                ("370000.housing-fund", ("370000.housing-fund",), ("370000.housing-fund",)),
            },
        ),
        (
            "370000.housing-fund",
            [row("370000.housing-fund", leaf=True)],
            {
                ("370000", ("370000",), ("370000.housing-fund",)),
                ("hub", ("hub", "370000"), ("370000.housing-fund",)),
            },
        ),
        # The whole query: the requester alone.
        ("hub", [], {("370000", ("370000",), ())}),
    ],
)
def test_everybody_who_keeps_the_row_can_read_it(me, rows, expected):
    assert ways(notice(rows, "VOLUME", None, NOW), me) == expected


def test_a_city_that_asks_its_own_province_hears_of_it_and_so_does_the_hub():
    own = row("320000.housing-fund", leaf=True)
    assert ways(notice([own], "VOLUME", None, NOW), "320000.housing-fund", "321200") == {
        ("321200", ("321200", "320000"), ("320000.housing-fund",)),
        ("hub", ("hub", "320000"), ("320000.housing-fund",)),
    }


def test_one_that_has_left_is_told_nothing():
    gone = row("440000.housing-fund", leaf=True)
    assert ways(notice([gone], OVERDUE, None, NOW), "hub") == {
        ("370000", ("370000",), ("440000.housing-fund",))
    }


def test_many_rows_are_told_in_several_messages():
    rows = [row(AGENCY, leaf=True, part=n) for n in range(MAX_ROWS + 1)]
    sends = delay_messages(notice(rows, OVERDUE, None, NOW), AGENCY, "370000", TREE)
    assert [len(send.body.rows) for send in sends] == [MAX_ROWS, 1]


@pytest.mark.requirement("R030")
def test_an_overdue_row_without_a_word_is_announced_once():
    after = ROW.due
    assert unannounced(ROW, after)
    assert not unannounced(ROW, after - timedelta(milliseconds=1))
    assert not unannounced(replace(ROW, state=RowState.ANSWERED), after)
    told = accept(kept(), "hub", notice([ROW], OVERDUE, None, after)).rows[0]
    assert not unannounced(told, after)
    # A date that was agreed and has passed too.
    dated = accept(kept(), AGENCY, DATED)
    agreed = accept(dated, "370000", answers_to(dated.rows, agreed=True)[0]).rows[0]
    assert not unannounced(agreed, after)
    assert unannounced(agreed, UNTIL)
    assert unanswered(dated.rows[0])
    assert not unanswered(agreed)


@pytest.mark.requirement("R030")
@pytest.mark.parametrize("code", ["MOOD", "OVERDUE", "REVIEW_PENDING", "CALENDAR_PUBLISHED"])
def test_an_operator_gives_a_cause_of_the_table(code):
    with pytest.raises(InputError, match="DELAY_CAUSE_UNKNOWN") as refusal:
        cause_of(code)
    assert "FORCE_MAJEURE" in refusal.value.remedy_en
    assert "OVERDUE" not in refusal.value.remedy_en
    assert cause_of("FORCE_MAJEURE").objective


@pytest.mark.requirement("R030")
@pytest.mark.parametrize("until", [ROW.due, NOW, NOW + LONGEST + timedelta(days=1)])
def test_a_new_date_is_later_than_the_old(until):
    with pytest.raises(InputError, match="DELAY_DATE"):
        check_until(until, [ROW], NOW)
    check_until(UNTIL, [ROW], NOW)


def test_centres_know_what_concerns_them():
    delay = notice([CITY], "VOLUME", None, NOW)
    concerned = [one for one in TREE.participants if concerns(delay, TREE, one)]
    assert sorted(concerned) == ["320000", "321200", "hub"]
    assert not any(
        concerns(Delay((), "X", NOW, None, None), TREE, one) for one in TREE.participants
    )


def test_the_rows_of_a_notice_are_named_once_each():
    rows = [ROW, OTHER]
    named = notice(rows, "VOLUME", None, NOW.replace(microsecond=1234)).rows
    assert [(n.part, n.resource, n.holder, n.order) for n in named] == [
        (r.part, r.resource, r.holder, r.order) for r in rows
    ]
    assert notice(rows, "VOLUME", None, NOW.replace(microsecond=1234)).noticed.microsecond == 1000
