"""Deadlines at work: warnings, what is told when one has passed, and what a year table moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from daemon_deeds import (
    bodies,
    case_of,
    clean,
    events,
    review_desk,
    service,
    submit_draft,
)
from daemon_levels import NOW as AT_LEVELS
from daemon_levels import OFFERED, TREE

from bus.daemon.timers import LEASE, Timers
from bus.daemon.work import Work
from bus.errors import UnavailableError
from bus.flow.delay import CALENDAR_PUBLISHED, OVERDUE, REVIEW_PENDING
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.deadline import DeadlineKind
from bus.model.request import DraftLine
from bus.ports.store_errors import StoreUnavailable
from bus.rules.working_days import Calendar
from signer.envelope.kinds import Kind
from signer.envelope.parse import reread

BUREAU = "320000.housing-bureau"
DUE = datetime(2026, 3, 9, 16, tzinfo=UTC)
"""Five working days after Monday 2026-03-02: the end of Monday 2026-03-09 in Shanghai."""
WARNED = DUE - timedelta(days=1)
DAY = timedelta(days=1)
SIDES = (
    ("370000", CaseRole.REQUESTER),
    ("hub", CaseRole.REVIEWER),
    ("320000", CaseRole.PROVIDER),
    (BUREAU, CaseRole.AGENCY),
)


def silence(country, agency=BUREAU):
    """An agency that takes what comes and never answers."""
    country[agency].answering = None


async def states(country, query):
    return [(await case_of(country, name, query, role)).state for name, role in SIDES]


async def row_at(country, name, query, role):
    case = await case_of(country, name, query, role)
    (row,) = [r for r in case.rows if r.holder == BUREAU]
    return row


async def deadlines(country, name, query, role=None):
    async with country[name].store.transaction() as unit:
        return await unit.deadlines(query, role)


async def told(country, name, query):
    """The Delays that a participant keeps of a query, with who made them."""
    async with country[name].store.transaction() as unit:
        kept = await unit.messages(query, Kind.DELAY)
    made = [reread(stored.envelope).header.source for stored in kept]
    return list(zip(made, await bodies(country, name, query, Kind.DELAY), strict=True))


def counted(country, name, metric, **labels):
    sample = f"hedui_deadline_{metric}_total"
    return country[name].step.metrics.registry.get_sample_value(sample, labels)


async def noted(country, name, event):
    return [e.detail for e in await events(country, name) if e.event == event]


async def waiting(country, make_draft):
    silence(country)
    query = await submit_draft(country, make_draft())
    await country.settle("370000")
    return query


@pytest.mark.requirement("R029")
@pytest.mark.requirement("R071")
async def test_deadlines_follow_a_query_through_its_life(country, make_draft):
    query = await waiting(country, make_draft)
    (one,) = await deadlines(country, BUREAU, query)
    assert (one.kind, one.due) == (DeadlineKind.FEEDBACK, DUE)
    for name, role in SIDES[:3]:
        found = await deadlines(country, name, query, role)
        (row,) = [d for d in found if d.kind is DeadlineKind.FEEDBACK]
        assert (row.owing, row.due, row.warn_from) == (BUREAU, DUE, WARNED), name
        # How it was counted is known where an independent calendar may count it again.
        assert Calendar().add_working_days(row.received, row.days).end == row.due
    assert await clean(country)


async def test_what_is_done_has_no_deadline(country, make_draft):
    query = await submit_draft(country, make_draft())
    await country.settle("370000")
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    for name in country.desks:
        left = await deadlines(country, name, query)
        assert left == [], name


@pytest.mark.requirement("R029")
async def test_a_warning_comes_before_a_breach_once(country, make_draft):
    query = await waiting(country, make_draft)
    await country.advance(WARNED - timedelta(minutes=1), DAY)
    assert counted(country, "hub", "warnings", kind="FEEDBACK", province="320000") == 0
    for _ in range(3):
        await country.advance(WARNED)
    assert counted(country, "hub", "warnings", kind="FEEDBACK", province="320000") == 1
    assert counted(country, "370000", "warnings", kind="FEEDBACK", province="320000") == 1
    (detail,) = await noted(country, "hub", Event.DEADLINE_NEAR)
    assert (detail["kind"], detail["owing"], detail["count"]) == ("FEEDBACK", "320000", 1)
    assert await noted(country, "hub", Event.DEADLINE_PASSED) == []
    assert await told(country, "hub", query) == []


@pytest.mark.requirement("R029")
@pytest.mark.requirement("R030")
async def test_a_term_that_passes_without_a_word_is_told_to_all_sides_once(country, make_draft):
    query = await waiting(country, make_draft)
    await country.advance(DUE - timedelta(minutes=1), DAY)
    assert QueryState.DELAYED not in await states(country, query)
    for _ in range(3):
        await country.advance(max(DUE, country.clock.now()))
    assert await states(country, query) == [QueryState.DELAYED] * 4
    for name, role in SIDES:
        row = await row_at(country, name, query, role)
        assert (row.delay.cause, row.delay.until, row.deadline) == (OVERDUE, None, DUE)
    for name in ("370000", BUREAU):
        ((source, delay),) = await told(country, name, query)
        assert (source, delay.cause, delay.agreed) == ("hub", OVERDUE, None)
    assert counted(country, "hub", "breaches", kind="FEEDBACK", province="320000") == 1
    assert len(await noted(country, "hub", Event.DEADLINE_PASSED)) == 1
    assert await clean(country)
    gauge = country["hub"].step.metrics.registry.get_sample_value
    assert gauge("hedui_deadlines", {"kind": "FEEDBACK", "standing": "passed"}) == 1


@pytest.mark.requirement("R029")
async def test_a_late_answer_is_delivered_and_marked_late(country, make_draft):
    answering = country[BUREAU].answering
    query = await waiting(country, make_draft)
    await country.advance(DUE + timedelta(hours=1), DAY)
    country[BUREAU].answering = answering
    await country.settle()
    case = await case_of(country, "370000", query)
    assert case.state is QueryState.DELIVERED
    assert [row.late for row in case.rows if row.holder == BUREAU] == [True]
    assert await clean(country)


async def test_a_crash_before_the_commit_repeats_the_deed_and_sends_one_message(
    country, make_draft, monkeypatch
):
    query = await waiting(country, make_draft)
    await country.advance(DUE - timedelta(minutes=1), DAY)
    finish, fallen = Work.finish, []

    async def falls(work):
        await finish(work)
        if work.office.me == "hub" and not fallen:
            fallen.append(work)
            raise StoreUnavailable("STORE_UNAVAILABLE", "数据库不可用", "the store is gone")

    country.clock.instant = DUE
    monkeypatch.setattr(Work, "finish", falls)
    (hub,) = [t for t in country["hub"].timers if getattr(t, "__self__", 0).__class__ is Timers]
    with pytest.raises(StoreUnavailable):
        await hub()
    assert await told(country, "hub", query) == []
    await hub()
    await hub()
    await country.settle()
    assert await states(country, query) == [QueryState.DELAYED] * 4
    assert len(await told(country, "370000", query)) == 1


async def test_of_two_instances_one_looks(country, make_draft):
    query = await waiting(country, make_draft)
    await country.advance(DUE - timedelta(minutes=1), DAY)
    desk = country["hub"]
    rest = (desk.office, desk.store, desk.step.metrics, desk.step.log)
    other = Timers(*rest, "hub/2", desk.outbox.wake.set)
    country.clock.instant = DUE
    await other.look()
    assert await told(country, "hub", query) == []
    async with desk.store.transaction() as unit:
        await unit.end_lease(LEASE, "hub/1")
    await other.look()
    await other.hand_over()
    assert {source for source, _ in await told(country, "hub", query)} == {"hub"}


@pytest.mark.requirement("R030")
async def test_the_requester_watches_over_its_own_agencies(country, make_draft):
    silence(country, "370000.housing-fund")
    line = DraftLine(1, "370000", "housing-fund", (), None, None)
    query = await submit_draft(country, make_draft(lines=(line,)))
    await country.settle("370000")
    await country.advance(DUE, DAY)
    ((source, delay),) = await told(country, "hub", query)
    assert (source, delay.cause) == ("370000", OVERDUE)
    for name, role in (
        ("370000", CaseRole.REQUESTER),
        ("370000", CaseRole.PROVIDER),
        ("hub", CaseRole.REVIEWER),
        ("370000.housing-fund", CaseRole.AGENCY),
    ):
        assert (await case_of(country, name, query, role)).state is QueryState.DELAYED, name
    assert counted(country, "hub", "breaches", kind="FEEDBACK", province="370000") == 0
    assert counted(country, "370000", "breaches", kind="FEEDBACK", province="370000") == 1
    assert await clean(country)


START_BY = datetime(2026, 3, 4, 16, tzinfo=UTC)


@pytest.mark.requirement("R028")
@pytest.mark.requirement("R030")
async def test_a_review_that_takes_too_long_is_told_and_goes_on(manual_country, make_draft):
    country = manual_country
    query = await submit_draft(country, make_draft())
    await country.settle("370000")
    await country.advance(START_BY - timedelta(minutes=1), DAY)
    assert counted(country, "hub", "warnings", kind="START", province="hub") == 1
    assert await told(country, "370000", query) == []
    await country.advance(START_BY + DAY, DAY)
    ((source, delay),) = await told(country, "370000", query)
    assert (source, delay.cause, delay.rows) == ("hub", REVIEW_PENDING, ())
    hub = await case_of(country, "hub", query, CaseRole.REVIEWER)
    assert hub.state is QueryState.UNDER_REVIEW
    assert (await case_of(country, "370000", query)).state is QueryState.SUBMITTED
    assert counted(country, "hub", "breaches", kind="START", province="hub") == 1
    await review_desk(country).accept(query, "审查员")
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    assert await clean(country)


async def lose(country, query, kinds):
    """Let the hub read what a query's requester sent, but for some kinds, which are lost."""
    await country["370000"].outbox.drain()
    hub = country["hub"]
    topic = "hedui.370000.outbox"
    for partition, log in enumerate(country.cluster.partitions(topic)):
        read = [r for r in log if reread(r.value).header.kind not in kinds]
        await hub.step.run(read)
        async with hub.store.transaction() as unit:
            await unit.store_offset(topic, partition, len(log))


@pytest.mark.requirement("R025")
@pytest.mark.requirement("R028")
@pytest.mark.parametrize("lost", [{"Consent"}, {"Application"}])
async def test_an_application_that_never_became_complete_is_refused(country, make_draft, lost):
    query = await submit_draft(country, make_draft())
    await lose(country, query, lost)
    await country.advance(START_BY - timedelta(minutes=1), DAY)
    hub = await case_of(country, "hub", query, CaseRole.REVIEWER)
    assert hub.state is QueryState.SUBMITTED
    await country.advance(START_BY + DAY, DAY)
    for name, role in (("hub", CaseRole.REVIEWER), ("370000", CaseRole.REQUESTER)):
        case = await case_of(country, name, query, role)
        assert case.state is QueryState.REFUSED, name
        assert [f.code for f in case.findings] == ["APPLICATION_INCOMPLETE"]
    assert await clean(country)


@pytest.mark.requirement("R006")
async def test_a_city_whose_province_does_not_assent_in_time_is_refused(country_of, make_draft):
    country = country_of(parents=TREE, offered=OFFERED, now=AT_LEVELS)
    await country.start()
    line = DraftLine(1, "500000", "housing-fund", (), None, None)
    query = await submit_draft(country, make_draft(lines=(line,)), "321281")
    await country.settle("321281")
    await country.advance(START_BY - timedelta(minutes=1), DAY)
    above = await case_of(country, "320000", query, CaseRole.SUPERIOR)
    assert above.state is QueryState.UNDER_REVIEW
    assert counted(country, "320000", "warnings", kind="ASSENT", province="320000") == 1
    await country.advance(START_BY, DAY)
    for name, role in (("320000", CaseRole.SUPERIOR), ("321281", CaseRole.REQUESTER)):
        case = await case_of(country, name, query, role)
        assert case.state is QueryState.REFUSED, name
        assert [f.code for f in case.findings] == ["PROVINCIAL_CONSENT_MISSING"]
    assert await case_of(country, "hub", query, CaseRole.REVIEWER) is None
    assert await clean(country)
    await country.stop()


NEW_YEAR = datetime(2026, 12, 29, 2, tzinfo=UTC)
TABLE_2027 = """
year = 2027
source = "测试通知〔2026〕1号"
holidays = [2027-01-01, 2027-01-04, 2027-01-05]
workdays = [2027-01-09]
"""


@pytest.mark.requirement("R029")
async def test_a_published_year_moves_the_date_on_all_sides_and_delays_nobody(
    country_of, make_draft
):
    country = country_of(now=NEW_YEAR)
    await country.start()
    query = await waiting(country, make_draft)
    estimated = Calendar().add_working_days(NEW_YEAR, 5)
    assert estimated.provisional
    for name, role in SIDES:
        assert (await row_at(country, name, query, role)).deadline == estimated.end
    before = await states(country, query)
    # A node that knows the year alone moves nothing: all wait for the hub's word.
    await service(country, "320000").import_year_table(TABLE_2027, "操作员")
    await country.pass_time()
    assert (await row_at(country, "320000", query, CaseRole.PROVIDER)).deadline == estimated.end

    await service(country, "hub").import_year_table(TABLE_2027, "操作员")
    for _ in range(3):
        await country.pass_time()
    exact = country["hub"].office.calendar.add_working_days(NEW_YEAR, 5)
    assert exact.end > estimated.end
    for name, role in SIDES:
        row = await row_at(country, name, query, role)
        assert (row.deadline, row.delay) == (exact.end, None), name
        (kept,) = [d for d in await deadlines(country, name, query, role) if d.owing == BUREAU]
        assert kept.due == exact.end, name
    assert await states(country, query) == before
    ((source, delay),) = await told(country, "370000", query)
    assert (source, delay.cause, delay.agreed) == ("hub", CALENDAR_PUBLISHED, True)
    (kept,) = [d for d in await deadlines(country, "hub", query) if d.owing == BUREAU]
    assert not kept.provisional
    assert await clean(country)
    await country.stop()


async def test_cases_from_before_there_were_deadlines_get_theirs(country, make_draft):
    query = await waiting(country, make_draft)
    async with country["hub"].store.transaction() as unit:
        there = await unit.deadlines(query)
        await unit.drop_deadlines(there)
    desk = country["hub"]
    async with desk.store.transaction() as unit:
        await unit.end_lease(LEASE, "hub/1")
    await Timers(
        *(desk.office, desk.store, desk.step.metrics, desk.step.log), "hub/9", lambda: None
    ).look()
    assert await deadlines(country, "hub", query) == there


@pytest.mark.requirement("R029")
async def test_orders_that_have_run_out_end_the_query(country, make_draft):
    query = await waiting(country, make_draft)
    await country.advance(country.clock.now() + timedelta(days=31), DAY)
    hub = await case_of(country, "hub", query, CaseRole.REVIEWER)
    assert hub.state is QueryState.EXPIRED
    assert {r.code for r in hub.rows if r.state is RowState.UNSERVED} == {"EXPIRED"}
    assert await deadlines(country, "hub", query) == []


async def test_a_clock_set_back_does_no_harm(country, make_draft):
    query = await waiting(country, make_draft)
    await country.advance(DUE, DAY)
    country.clock.instant = DUE - timedelta(hours=1)
    for _ in range(2):
        await country.pass_time()
    country.clock.instant = DUE + timedelta(minutes=5)
    await country.pass_time()
    assert len(await told(country, "370000", query)) == 1


async def test_the_case_of_an_unreachable_holder_is_not_in_the_way_of_others(
    country, make_draft, monkeypatch
):
    first = await waiting(country, make_draft)
    second = await submit_draft(country, make_draft())
    await country.settle("370000")
    await country.advance(DUE - timedelta(minutes=1), DAY)
    send = Work.send

    async def fails(work, query, what):
        if query == first and work.office.me == "hub":
            raise UnavailableError("READER_WITHOUT_KEY", "没有证书", "no certificate")
        return await send(work, query, what)

    with monkeypatch.context() as patched:
        patched.setattr(Work, "send", fails)
        await country.advance(DUE)
    assert await told(country, "370000", first) == []
    assert len(await told(country, "370000", second)) == 1
    errors = country["hub"].step.metrics.registry.get_sample_value(
        "hedui_loop_errors_total", {"loop": "deadlines", "code": "READER_WITHOUT_KEY"}
    )
    assert errors == 1
    await country.advance(country.clock.now() + timedelta(minutes=1))
    assert len(await told(country, "370000", first)) == 1


@pytest.mark.requirement("R028")
async def test_where_two_timers_race_the_hubs_decision_wins(manual_country, make_draft):
    country = manual_country
    query = await submit_draft(country, make_draft())
    await country.settle("370000")
    await country.advance(country.clock.now() + timedelta(days=8), DAY)
    assert (await case_of(country, "370000", query)).state is QueryState.EXPIRED
    assert await deadlines(country, "370000", query) == []
    await review_desk(country).accept(query, "审查员")
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    assert await clean(country)


@pytest.mark.requirement("R029")
async def test_how_early_a_warning_comes_is_for_the_operator_to_say(country, make_draft):
    country["hub"].office.warn_days = 3
    query = await waiting(country, make_draft)
    # Three working days are left: Thursday, Friday, and Monday after the weekend.
    await country.advance(DUE - timedelta(days=5), DAY)
    assert counted(country, "hub", "warnings", kind="FEEDBACK", province="320000") == 1
    assert counted(country, "370000", "warnings", kind="FEEDBACK", province="320000") == 0
    (row,) = [d for d in await deadlines(country, "hub", query) if d.kind is DeadlineKind.FEEDBACK]
    assert row.warn_from == DUE - timedelta(days=5)
