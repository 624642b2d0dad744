"""Delays at work: notices and answers by operators, and by an agency whose source is down."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from daemon_deeds import bodies, case_of, clean, codes, drive, events, submit_draft

from adapters.contract import SourcePendingError
from bus.daemon.delay_service import Choice, DelayService
from bus.errors import InputError, UnavailableError
from bus.flow.delay import MANUAL_WORK, SOURCE_DOWN
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState
from bus.model.request import DraftLine
from signer.envelope.kinds import Kind

BUREAU = "320000.housing-bureau"
DUE = datetime(2026, 3, 9, 16, tzinfo=UTC)
UNTIL = date(2026, 3, 20)
NEW_DUE = datetime(2026, 3, 20, 16, tzinfo=UTC)
SIDES = (
    ("370000", CaseRole.REQUESTER),
    ("hub", CaseRole.REVIEWER),
    ("320000", CaseRole.PROVIDER),
    (BUREAU, CaseRole.AGENCY),
)
ALL = Choice()


def desk(country, name) -> DelayService:
    one = country[name]
    return DelayService(one.office, one.store, one.outbox.wake.set)


async def rows(country, query):
    found = []
    for name, role in SIDES:
        case = await case_of(country, name, query, role)
        found += [row for row in case.rows if row.holder == BUREAU]
    return found


async def waiting(country, make_draft, **changed):
    country[BUREAU].answering = None
    query = await submit_draft(country, make_draft(**changed))
    await country.settle("370000")
    return query


async def noticed(country, make_draft, until=UNTIL, cause="DATA_NOT_READY"):
    query = await waiting(country, make_draft)
    told = await desk(country, "320000").give_notice(query, ALL, cause, until, "李四")
    await country.settle("320000")
    return query, told


@pytest.mark.requirement("R030")
async def test_a_provinces_notice_reaches_all_sides_and_nobody_else(country, make_draft):
    query, told = await noticed(country, make_draft)
    assert told == 1
    for row in await rows(country, query):
        assert (row.delay.cause, row.delay.until, row.delay.agreed) == (
            *("DATA_NOT_READY", NEW_DUE, None),
        )
        assert row.deadline == DUE
    for name, role in SIDES:
        assert (await case_of(country, name, query, role)).state is QueryState.DELAYED, name
    for name in ("500000", "hub.marriage", "500000.housing-fund"):
        assert await bodies(country, name, query, Kind.DELAY) == [], name
    (entry,) = [e for e in await events(country, "320000") if e.event == Event.DELAY_NOTICED]
    assert (entry.actor, entry.detail["rows"]) == ("operator:李四", 1)
    assert await clean(country)


@pytest.mark.requirement("R030")
@pytest.mark.parametrize(("agreed", "deadline"), [(True, NEW_DUE), (False, DUE)])
async def test_what_the_requester_says_is_recorded_on_all_sides(
    country, make_draft, agreed, deadline
):
    query, _ = await noticed(country, make_draft)
    asking = desk(country, "370000")
    assert [row.holder for _, row in await asking.delays()] == [BUREAU]
    assert await asking.answer(query, Choice(holder=BUREAU), "王芳", agreed=agreed) == 1
    await country.settle("370000")
    for row in await rows(country, query):
        assert (row.deadline, row.delay.agreed) == (deadline, agreed)
    for name in ("370000", "hub", "320000", BUREAU):
        async with country[name].store.transaction() as unit:
            due = {d.due for d in await unit.deadlines(query) if d.owing == BUREAU}
        assert due == {deadline}, name
    with pytest.raises(InputError, match="ROWS_NONE"):
        await asking.answer(query, ALL, "王芳", agreed=True)
    said = [e for e in await events(country, "hub") if e.event == Event.DELAY_ANSWERED]
    assert [(e.actor, e.detail["agreed"]) for e in said] == [("370000", int(agreed))]
    assert await clean(country)


@pytest.mark.requirement("R030")
async def test_until_the_agreed_date_nothing_is_overdue_and_after_it_the_hub_speaks(
    country, make_draft
):
    query, _ = await noticed(country, make_draft)
    await desk(country, "370000").answer(query, ALL, "王芳", agreed=True)
    await country.advance(NEW_DUE - timedelta(minutes=1), timedelta(days=1))
    causes = [d.cause for d in await bodies(country, "370000", query, Kind.DELAY)]
    assert "OVERDUE" not in causes
    await country.advance(NEW_DUE)
    for row in await rows(country, query):
        assert (row.delay.cause, row.deadline) == ("OVERDUE", NEW_DUE)


@pytest.mark.requirement("R030")
async def test_after_a_notice_without_a_date_the_hub_need_not_speak(country, make_draft):
    query, _ = await noticed(country, make_draft, until=None, cause="FORCE_MAJEURE")
    await country.advance(DUE + timedelta(days=1), timedelta(days=1))
    (only,) = await bodies(country, "370000", query, Kind.DELAY)
    assert only.cause == "FORCE_MAJEURE"


@pytest.mark.requirement("R030")
async def test_a_notice_names_rows_a_cause_and_a_later_date(country, make_draft):
    query = await waiting(country, make_draft)
    province = desk(country, "320000")
    assert [row.holder for _, row in await province.owed()] == [BUREAU]
    for choice, cause, until, code in (
        (Choice("housing-fund-account"), "VOLUME", None, "ROWS_NONE"),
        (Choice(part=2), "VOLUME", None, "ROWS_NONE"),
        (ALL, "MOOD", None, "DELAY_CAUSE_UNKNOWN"),
        (ALL, "VOLUME", date(2026, 3, 9), "DELAY_DATE"),
    ):
        with pytest.raises(InputError, match=code):
            await province.give_notice(query, choice, cause, until, "李四")
    with pytest.raises(InputError, match="QUERY_UNKNOWN"):
        await desk(country, "500000").answer(query, ALL, "李四", agreed=True)
    assert await bodies(country, "320000", query, Kind.DELAY) == []


@pytest.mark.requirement("R030")
async def test_the_hub_speaks_for_its_own_agencies(country, make_draft):
    country["hub.marriage"].answering = None
    query = await submit_draft(country, make_draft())
    await country.settle("370000")
    assert [row.holder for _, row in await desk(country, "hub").owed()] == ["hub.marriage"]
    await desk(country, "hub").give_notice(query, ALL, "NETWORK_DOWN", None, "审查员")
    await country.settle("hub")
    agency = await case_of(country, "hub.marriage", query, CaseRole.AGENCY)
    assert agency.state is QueryState.DELAYED
    assert (await case_of(country, "370000", query)).state is QueryState.DELAYED
    assert await clean(country)


@pytest.mark.requirement("R030")
@pytest.mark.parametrize("seed", range(6))
async def test_any_order_and_number_of_deliveries_ends_the_same(country, make_draft, seed):
    query = await waiting(country, make_draft)
    await desk(country, "320000").give_notice(query, ALL, "VOLUME", UNTIL, "李四")
    await drive(country, seed)
    await desk(country, "370000").answer(query, ALL, "王芳", agreed=True)
    country.clock.instant += timedelta(minutes=1)
    await desk(country, "320000").give_notice(query, ALL, "SOURCE_DOWN", None, "李四")
    await drive(country, seed)
    first, *others = await rows(country, query)
    assert (first.deadline, first.delay.cause) == (NEW_DUE, "SOURCE_DOWN")
    assert [(r.deadline, r.delay, r.extended) for r in others] == [
        (first.deadline, first.delay, first.extended)
    ] * len(others)
    assert not await codes(country, "370000")


DOWN = UnavailableError("SOURCE_DOWN", "数据源停机", "the source is down")


async def down(country, make_draft):
    country[BUREAU].connector.fault = DOWN
    query = await submit_draft(country, make_draft())
    await country.settle("370000")
    return query


@pytest.mark.requirement("R030")
async def test_an_agency_whose_source_is_down_for_hours_says_so_once(country, make_draft):
    query = await down(country, make_draft)
    start = country.clock.now()
    await country.advance(start + timedelta(hours=3, minutes=50), timedelta(minutes=10))
    assert await bodies(country, "370000", query, Kind.DELAY) == []
    await country.advance(start + timedelta(hours=6), timedelta(minutes=10))
    (told,) = await bodies(country, "370000", query, Kind.DELAY)
    assert (told.cause, told.until) == (SOURCE_DOWN, None)
    for row in await rows(country, query):
        assert row.delay.cause == SOURCE_DOWN
    # Back again, it answers as ever.
    country[BUREAU].connector.fault = None
    await country.advance(country.clock.now() + timedelta(minutes=10))
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    assert await clean(country)


@pytest.mark.requirement("R030")
async def test_short_outages_are_nobodys_business_unless_a_row_is_about_to_be_late(
    country, make_draft
):
    query = await down(country, make_draft)
    await country.advance(country.clock.now() + timedelta(hours=2), timedelta(minutes=10))
    country[BUREAU].connector.fault = None
    await country.advance(country.clock.now() + timedelta(minutes=10))
    assert await bodies(country, "370000", query, Kind.DELAY) == []

    # The last working day of the term has begun.
    country[BUREAU].answering, kept = None, country[BUREAU].answering
    late = await submit_draft(country, make_draft())
    await country.settle("370000")
    await country.advance(DUE - timedelta(hours=20), timedelta(hours=6))
    country[BUREAU].connector.fault = DOWN
    country[BUREAU].answering = kept
    await country.advance(country.clock.now() + timedelta(minutes=1))
    (told,) = await bodies(country, "370000", late, Kind.DELAY)
    assert told.cause == SOURCE_DOWN


@pytest.mark.requirement("R030")
async def test_a_row_that_waits_for_people_is_told_of_once_when_it_is_about_to_be_late(
    country, make_draft
):
    out = SourcePendingError("MEDIUM_OUT", "介质尚未返回", "the medium is not back yet")
    country[BUREAU].connector.fault = out
    query = await submit_draft(country, make_draft())
    await country.settle()
    metrics = country[BUREAU].step.metrics
    assert metrics.registry.get_sample_value("hedui_rows_waiting_for_people") == 1
    await country.advance(datetime(2026, 3, 8, 15, tzinfo=UTC))
    assert await bodies(country, "370000", query, Kind.DELAY) == []
    await country.advance(datetime(2026, 3, 8, 18, tzinfo=UTC), timedelta(hours=1))
    (told,) = await bodies(country, "370000", query, Kind.DELAY)
    assert (told.cause, told.until) == (MANUAL_WORK, None)
    assert {e.event for e in await events(country, BUREAU)} >= {
        Event.DEADLINE_NEAR,
        Event.DELAY_NOTICED,
    }
    country[BUREAU].connector.fault = None
    await country.advance(country.clock.now() + timedelta(minutes=1))
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    assert metrics.registry.get_sample_value("hedui_rows_waiting_for_people") == 0


@pytest.mark.requirement("R001")
async def test_turnaround_is_told_and_measured_by_province(country, make_draft):
    line = DraftLine(1, "320000", "housing-security", (), date(2026, 1, 5), date(2026, 1, 5))
    answering = country[BUREAU].answering
    query = await waiting(country, make_draft, lines=(line,))
    await country.advance(country.clock.now() + timedelta(days=1))
    country[BUREAU].answering = answering
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    for name in ("hub", "370000"):
        day = date(2026, 3, 2)
        found = await desk(country, name).turnaround(day, day)
        assert (found.queries, found.delivered) == (1, 1)
        (province,) = found.provinces
        assert (province.province, province.answered, province.hours.mean) == ("320000", 1, 8.0)
        assert (
            await desk(country, name).turnaround(date(2026, 3, 3), date(2026, 3, 4))
        ).queries == 0
        registry = country[name].step.metrics.registry
        assert registry.get_sample_value(
            "hedui_answer_working_hours_sum", {"province": "320000"}
        ) == pytest.approx(8.0)
        assert registry.get_sample_value(
            "hedui_query_working_hours_sum", {"province": "370000"}
        ) == pytest.approx(8.0)
    with pytest.raises(InputError, match="PERIOD_ORDER"):
        await desk(country, "hub").turnaround(date(2026, 3, 4), date(2026, 3, 3))


@pytest.mark.requirement("R030")
@pytest.mark.requirement("R006")
@pytest.mark.parametrize("provider", ["500000", "national"])
async def test_what_a_city_agrees_to_passes_its_province_unread(city_country, make_draft, provider):
    country = city_country
    country["500000.housing-fund"].answering = None
    lines = (DraftLine(1, provider, "housing-fund", (), date(2025, 1, 1), date(2025, 12, 31)),)
    query = await submit_draft(country, make_draft(lines=lines), "321200")
    await country.settle()
    await country["320000"].assents.assent(query, "李四")
    await country.settle()
    await desk(country, "500000").give_notice(query, ALL, "VOLUME", UNTIL, "李四")
    await country.settle()
    told = await desk(country, "321200").answer(query, ALL, "王芳", agreed=True)
    await country.settle()
    assert told > 0
    for name, role in (
        ("321200", CaseRole.REQUESTER),
        ("hub", CaseRole.REVIEWER),
        ("500000", CaseRole.PROVIDER),
        ("500000.housing-fund", CaseRole.AGENCY),
    ):
        case = await case_of(country, name, query, role)
        owed = [row for row in case.rows if row.holder == "500000.housing-fund"]
        assert {row.deadline for row in owed} == {NEW_DUE}, name
    assert set(await bodies(country, "320000", query, Kind.DELAY)) == {None}
    assert await clean(country)
