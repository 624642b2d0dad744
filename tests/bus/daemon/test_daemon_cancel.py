"""A query is withdrawn before the decision, in mid-flight, after answers, below a city: it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from daemon_deeds import (
    bodies,
    case_of,
    clean,
    codes,
    events,
    forge,
    renew,
    review_desk,
    service,
    submit_draft,
)

from adapters.contract import LookupResult
from bus.daemon.cancellation import expire_application, expire_orders
from bus.daemon.withdrawing import Withdrawing
from bus.errors import InputError
from bus.flow.expiry import application_ends, orders_end
from bus.flow.outcome import Send
from bus.model.audit import Event
from bus.model.cancellation import Cancellation, Ending, Progress
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.request import DraftLine
from bus.ports.broker import Record
from signer.directory.view import Standing
from signer.envelope.kinds import Kind

FUND = "500000.housing-fund"
AGENCIES = (
    "hub.marriage",
    "320000.housing-fund",
    "320000.housing-bureau",
    "500000.housing-fund",
    "370000.housing-fund",
)
REASON = "CONSENT_REVOKED"
PURPOSE = "最低生活保障对象认定"


async def withdraw(country, query, reason=REASON, node="370000"):
    desk = country[node]
    wake = desk.outbox.wake.set
    return await Withdrawing(desk.office, desk.store, wake).withdraw(query, reason, "王芳")


def silence(country, *names):
    """These agencies look nothing up; returns what puts them to work again."""
    kept = {name: country[name].answering for name in names}
    for name in names:
        country[name].answering = None

    def again():
        for name, answering in kept.items():
            country[name].answering = answering

    return again


async def everywhere(country, query, centres=("320000", "500000"), agencies=AGENCIES):
    """The state of a query at everybody who has a part in it."""
    seen = {
        "370000": await case_of(country, "370000", query),
        "hub": await case_of(country, "hub", query, CaseRole.REVIEWER),
        "370000 as provider": await case_of(country, "370000", query, CaseRole.PROVIDER),
    }
    for name in centres:
        seen[name] = await case_of(country, name, query, CaseRole.PROVIDER)
    for name in agencies:
        seen[name] = await case_of(country, name, query, CaseRole.AGENCY)
    return seen


def states(seen):
    return {None if case is None else case.state for case in seen.values()}


def nothing_open(seen):
    return not [r for case in seen.values() for r in case.rows if r.state is RowState.OPEN]


async def progress(country, query, name="370000"):
    """What each agency has said that it had done, at the requester."""
    async with country[name].store.transaction() as unit:
        kept = await unit.messages(query, Kind.CANCELLATION_REPLY)
        opened = [country.work(name, unit).message(one) for one in kept]
    return {
        one.header.source: {row.progress for row in one.body.rows}
        for one in opened
        if "." in one.header.source
    }


@pytest.mark.requirement("R031")
async def test_before_the_decision_the_hub_ends_it_and_nobody_is_asked(manual_country, make_draft):
    country = manual_country
    query = await submit_draft(country, make_draft())
    await country.settle()
    case = await withdraw(country, query)
    assert case.state is QueryState.CANCELLING
    await country.settle()
    assert await clean(country)
    for name, role in (("370000", CaseRole.REQUESTER), ("hub", CaseRole.REVIEWER)):
        assert (await case_of(country, name, query, role)).state is QueryState.CANCELLED
    for name in AGENCIES:
        assert await case_of(country, name, query, CaseRole.AGENCY) is None
    with pytest.raises(InputError, match="NOT_UNDER_REVIEW"):
        await review_desk(country).accept(query, "王芳")
    noted = [e for e in await events(country, "370000") if e.event == Event.QUERY_WITHDRAWN]
    assert [(e.actor, e.detail) for e in noted] == [("operator:王芳", {"reason": REASON})]


@pytest.mark.requirement("R031")
async def test_parts_that_arrive_after_the_withdrawal_are_recorded_only(country, make_draft):
    query = await submit_draft(country, make_draft())
    await withdraw(country, query)
    await country["370000"].outbox.drain()
    # The Cancellation comes first; what it cancels is on its way yet.
    records = country.cluster.records("hedui.370000.outbox")
    await country["hub"].step.run([replace(records[-1], offset=-1)])
    await country.settle()
    assert await clean(country)
    hub = await case_of(country, "hub", query, CaseRole.REVIEWER)
    assert (hub.state, hub.rows) == (QueryState.CANCELLED, ())
    assert (await case_of(country, "370000", query)).state is QueryState.CANCELLED
    async with country["hub"].store.transaction() as unit:
        assert {m.kind for m in await unit.messages(query)} >= {Kind.APPLICATION, Kind.ROSTER}


@pytest.mark.requirement("R031")
async def test_in_mid_flight_everybody_stops_and_says_what_it_had_done(country, make_draft):
    silence(country, *AGENCIES)
    query = await submit_draft(country, make_draft())
    await country.settle()
    await withdraw(country, query)
    await country.settle()
    assert await clean(country)
    seen = await everywhere(country, query)
    assert states(seen) == {QueryState.CANCELLED}
    assert nothing_open(seen)
    assert await progress(country, query) == {name: {Progress.NOT_STARTED} for name in AGENCIES}
    owed = [r for r in seen["370000"].rows if r.leaf and r.holder]
    assert {(r.state, r.code) for r in owed} == {(RowState.UNSERVED, "CANCELLED")}
    (to_hub,) = await bodies(country, "hub", query, Kind.RECEIPT)
    assert {gap.code for gap in to_hub.gaps} == {"CANCELLED"}


@pytest.mark.requirement("R031")
@pytest.mark.requirement("R033")
async def test_after_some_answers_they_are_receipted_and_read_by_nobody(country, make_draft):
    again = silence(country, FUND)
    query = await submit_draft(country, make_draft())
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.PARTLY_ANSWERED
    await withdraw(country, query)
    await country.settle()
    again()
    await country.settle()
    assert await clean(country)
    assert not country[FUND].connector.asked
    seen = await everywhere(country, query)
    assert states(seen) == {QueryState.CANCELLED}
    assert nothing_open(seen)
    answered = {r.holder for r in seen["370000"].rows if r.state is RowState.ANSWERED}
    assert answered == set(AGENCIES) - {FUND}
    found = await progress(country, query)
    assert found[FUND] == {Progress.NOT_STARTED}
    assert found["hub.marriage"] == {Progress.ANSWERED}
    # The receipt has come to whoever answered.
    assert seen["hub.marriage"].delivered
    assert seen[FUND].delivered is None
    node = service(country, "370000")
    with pytest.raises(InputError, match="RESULT_WITHDRAWN"):
        await node.result(query, "王芳", PURPOSE)
    with pytest.raises(InputError, match="RESULT_WITHDRAWN"):
        await node.proof(query, "王芳", PURPOSE)
    assert await node.proof(query, "王芳")
    assert Event.RESULT_READ not in {e.event for e in await events(country, "370000")}


ONE_LINE = (DraftLine(1, "500000", "housing-fund", ("balance",), None, None),)


@pytest.mark.requirement("R031")
async def test_an_answer_that_crosses_the_withdrawal_is_taken(country, make_draft):
    again = silence(country, FUND)
    query = await submit_draft(country, make_draft(lines=ONE_LINE))
    await country.settle()
    await withdraw(country, query)
    await country["370000"].outbox.drain()
    # The agency answers while the withdrawal is on its way to it.
    again()
    await country[FUND].answering.answer_open_rows()
    await country.settle()
    assert await clean(country)
    seen = await everywhere(country, query, centres=("500000",), agencies=(FUND,))
    seen.pop("370000 as provider")
    assert states(seen) == {QueryState.CANCELLED}
    assert {r.state for r in seen["370000"].rows if r.holder == FUND} == {RowState.ANSWERED}
    assert (await progress(country, query))[FUND] == {Progress.ANSWERED}


@pytest.mark.requirement("R031")
async def test_a_lookup_that_is_running_when_its_row_is_stopped_seals_nothing(country, make_draft):
    query = await submit_draft(country, make_draft(lines=ONE_LINE))
    desk = country[FUND]
    lookup = desk.connector.lookup

    async def slow(asked, now) -> LookupResult:
        desk.connector.lookup = lookup
        answering, desk.answering = desk.answering, None
        await withdraw(country, query)
        await country.settle()
        desk.answering = answering
        return await lookup(asked, now)

    desk.connector.lookup = slow
    await country.settle()
    assert await clean(country)
    assert (await progress(country, query))[FUND] >= {Progress.STOPPED}
    seen = await everywhere(country, query, centres=("500000",), agencies=(FUND,))
    seen.pop("370000 as provider")
    assert states(seen) == {QueryState.CANCELLED}
    assert nothing_open(seen)
    assert Event.ANSWER_SENT not in {e.event for e in await events(country, FUND)}
    # Only what had been begun before was looked up.
    assert len(desk.connector.asked) == 1


@pytest.mark.requirement("R031")
async def test_with_a_city_below_everybody_down_to_its_agency_stops(city_country, make_draft):
    country = city_country
    below = "321200.housing-bureau"
    agencies = (*AGENCIES, below)
    again = silence(country, *agencies)
    query = await submit_draft(country, make_draft())
    await country.settle()
    await withdraw(country, query)
    await country.settle()
    again()
    await country.settle()
    assert await clean(country)
    seen = await everywhere(country, query, ("320000", "500000", "321200"), agencies)
    assert states(seen) == {QueryState.CANCELLED}
    assert nothing_open(seen)
    assert (await progress(country, query))[below] == {Progress.NOT_STARTED}
    assert (await progress(country, query, "320000"))[below] == {Progress.NOT_STARTED}
    assert not country[below].connector.asked


@pytest.mark.requirement("R027")
@pytest.mark.requirement("R031")
async def test_a_withdrawal_that_crosses_a_refusal_ends_refused(manual_country, make_draft):
    country = manual_country
    query = await submit_draft(country, make_draft())
    await country.settle()
    await review_desk(country).refuse(query, "王芳", "PURPOSE_UNCLEAR")
    await withdraw(country, query)
    await country.settle()
    assert await clean(country)
    for name, role in (("370000", CaseRole.REQUESTER), ("hub", CaseRole.REVIEWER)):
        assert (await case_of(country, name, query, role)).state is QueryState.REFUSED


@pytest.mark.requirement("R031")
async def test_a_withdrawal_that_crosses_the_acceptance_stops_what_was_begun(
    manual_country, make_draft
):
    country = manual_country
    query = await submit_draft(country, make_draft())
    await country.settle()
    await review_desk(country).accept(query, "王芳")
    await withdraw(country, query)
    await country.settle()
    assert await clean(country)
    seen = await everywhere(country, query)
    assert states(seen) == {QueryState.CANCELLED}
    assert nothing_open(seen)


@pytest.mark.requirement("R031")
async def test_what_is_delivered_is_not_withdrawn(country, make_draft):
    query = await submit_draft(country, make_draft())
    await country.settle()
    with pytest.raises(InputError, match="WITHDRAWAL_TOO_LATE"):
        await withdraw(country, query)
    with pytest.raises(InputError, match="REASON_UNKNOWN"):
        await withdraw(country, query, reason="BECAUSE")
    with pytest.raises(InputError, match="QUERY_UNKNOWN"):
        await withdraw(country, query, node="320000")
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


@pytest.mark.requirement("R031")
async def test_nobody_but_the_parent_can_stop_a_province(country, make_draft):
    silence(country, *AGENCIES)
    query = await submit_draft(country, make_draft())
    await country.settle()
    body = Cancellation(bytes(32), Ending.CANCELLED, REASON, country.clock.now())
    sealed = forge(
        country, "370000", "hub", Send(Kind.CANCELLATION, "320000", body, ("320000",)), query
    )
    before = await everywhere(country, query)
    await country["hub"].step.run(
        [Record("hedui.370000.outbox", 0, -1, query.bytes, sealed.data, sealed.headers)]
    )
    await country.settle()
    assert "CANCELLATION_SOURCE" in await codes(country, "320000")
    assert await everywhere(country, query) == before


async def run_out(country, query):
    """Thirty days later the hub's timer ends the query."""
    hub = await case_of(country, "hub", query, CaseRole.REVIEWER)
    country.clock.move(orders_end(hub) - country.clock.now())
    renew(country)
    async with country["hub"].store.transaction() as unit:
        work = country.work("hub", unit)
        await expire_orders(work, hub)
        await work.finish()
    await country.settle()


@pytest.mark.requirement("R029")
async def test_orders_that_have_run_out_end_the_query_at_everybody(country, make_draft):
    again = silence(country, FUND)
    query = await submit_draft(country, make_draft())
    await country.settle()
    await run_out(country, query)
    assert await clean(country)
    seen = await everywhere(country, query)
    assert states(seen) == {QueryState.EXPIRED}
    assert nothing_open(seen)
    owed = [r for r in seen["370000"].rows if r.holder == FUND]
    assert {r.code for r in owed} == {"EXPIRED"}
    # What had come may be read: nobody gave the query up.
    view = await service(country, "370000").result(query, "王芳", PURPOSE)
    assert view.answers
    assert {(gap.provider, gap.code) for gap in view.gaps} == {(FUND, "EXPIRED")}
    again()
    await country.settle()
    assert not country[FUND].connector.asked


@pytest.mark.requirement("R029")
async def test_an_answer_after_the_end_is_recorded_only(country, make_draft):
    again = silence(country, FUND)
    query = await submit_draft(country, make_draft())
    await country.settle()
    again()
    # The agency answers on the last day, and the hub has ended the query when that arrives.
    hub = await case_of(country, "hub", query, CaseRole.REVIEWER)
    country.clock.move(orders_end(hub) - country.clock.now() - timedelta(minutes=1))
    renew(country)
    for name in (FUND, "500000"):
        await country[name].pump(country.cluster)
    country.clock.move(timedelta(minutes=1))
    async with country["hub"].store.transaction() as unit:
        work = country.work("hub", unit)
        await expire_orders(work, hub)
        await work.finish()
    await country.settle()
    assert set(await codes(country, "hub")) == {"QUERY_ENDED"}
    assert states(await everywhere(country, query)) == {QueryState.EXPIRED}


@pytest.mark.requirement("R031")
async def test_a_withdrawal_nobody_answers_ends_when_the_orders_run_out(
    country, make_draft, monkeypatch
):
    silence(country, *AGENCIES)
    query = await submit_draft(country, make_draft())
    await country.settle()

    async def away(_cluster):
        return 0

    pump = country["500000"].pump
    monkeypatch.setattr(country["500000"], "pump", away)
    await withdraw(country, query)
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.CANCELLING
    await run_out(country, query)
    monkeypatch.setattr(country["500000"], "pump", pump)
    await country.settle()
    seen = await everywhere(country, query)
    assert states(seen) == {QueryState.CANCELLED}
    assert nothing_open(seen)


@pytest.mark.requirement("R028")
async def test_a_decision_that_comes_after_all_is_followed(manual_country, make_draft):
    country = manual_country
    query = await submit_draft(country, make_draft())
    await country.settle()
    case = await case_of(country, "370000", query)
    country.clock.move(application_ends(case) - country.clock.now() + timedelta(days=1))
    renew(country)
    async with country["370000"].store.transaction() as unit:
        work = country.work("370000", unit)
        expire_application(work, case)
        await work.finish()
    assert (await case_of(country, "370000", query)).state is QueryState.EXPIRED
    await review_desk(country).accept(query, "王芳")
    await country.settle()
    assert await clean(country)
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


@pytest.mark.requirement("R031")
async def test_a_suspended_province_holds_no_withdrawal_up(country, make_draft):
    """What it owes is closed by the directory, the rest by those who owe it."""
    silence(country, *AGENCIES)
    query = await submit_draft(country, make_draft())
    await country.settle()
    listed = dict(country.directory.participants)
    listed["500000"] = replace(listed["500000"], standing=Standing.SUSPENDED)
    version = country.directory.version + 1
    country.adopt(replace(country.directory, version=version, participants=listed))
    await withdraw(country, query)
    await country.settle()
    await country.pass_time()
    for name, role in (("370000", CaseRole.REQUESTER), ("hub", CaseRole.REVIEWER)):
        case = await case_of(country, name, query, role)
        assert case.state is QueryState.CANCELLED
        assert {r.code for r in case.rows if r.holder == FUND} == {"PROVIDER_SUSPENDED"}
