"""What follows when evidence does not come: warned, noted, looked at by hand, suspended (R024)."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from daemon_deeds import OPERATOR, case_of, events, submit_draft
from evidence_deeds import NODE, archive, call_of, call_up, desk, items, produce, terms

from bus.errors import InputError
from bus.flow.evidence import EvidenceRules
from bus.logs.setup import make_logger
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState
from bus.model.deadline import DeadlineKind

pytestmark = pytest.mark.requirement("R024")


@pytest.fixture
async def asked(country, make_draft):
    query = await submit_draft(country, make_draft(3))
    await country.settle()
    return query


async def wait_until(country, instant, **looking):
    country.clock.move(instant - country.clock.now())
    # The directory is renewed all the while.
    country.adopt(
        type(country.directory)(
            country.directory.version + 1,
            country.clock.now(),
            country.clock.now() + timedelta(minutes=30),
            country.directory.participants,
        )
    )
    await terms(country, **looking).look()
    await country.settle()


async def tally(country):
    async with country["hub"].store.transaction() as unit:
        found = await unit.deadline_tally(country.clock.now())
    return found.get(DeadlineKind.EVIDENCE)


async def noted(country, name):
    return [entry.event for entry in await events(country, name)]


async def test_a_requester_is_warned_a_day_before_and_told_when_it_is_overdue(country, asked):
    call = await call_up(country, asked, 1)
    due = (await call_of(country, NODE, call)).due
    stream = io.StringIO()
    log = make_logger("hub", stream)
    await wait_until(country, due - timedelta(days=1, seconds=1), log=log)
    assert (await call_of(country, NODE, call)).warned is None
    await wait_until(country, due - timedelta(days=1), log=log)
    assert (await call_of(country, NODE, call)).warned
    assert (await call_of(country, NODE, call)).overdue is None
    await wait_until(country, due, log=log)
    await wait_until(country, due + timedelta(days=3), log=log)
    for name in ("hub", NODE):
        assert (await call_of(country, name, call)).overdue == due
    at_hub = await noted(country, "hub")
    assert at_hub.count(Event.EVIDENCE_WARNED) == at_hub.count(Event.EVIDENCE_OVERDUE) == 1
    assert (await noted(country, NODE)).count(Event.EVIDENCE_NOTICE) == 2
    assert stream.getvalue().count("evidence.overdue") == 1
    # What the gauge of deadlines, and with it the alert, counts.
    assert (await tally(country)).passed == 1
    # What comes late is taken all the same.
    await archive(country, asked, 1)
    await produce(country, call)
    assert await items(country, "hub", call) == [(1, "RECEIVED", None)]
    await terms(country).look()
    assert await tally(country) is None


async def test_who_produced_in_time_is_neither_warned_nor_overdue(country, asked):
    call = await call_up(country, asked, 1)
    await archive(country, asked, 1)
    await produce(country, call)
    await wait_until(country, (await call_of(country, "hub", call)).due)
    assert not {Event.EVIDENCE_WARNED, Event.EVIDENCE_OVERDUE} & set(await noted(country, "hub"))


@pytest.mark.requirement("R027")
@pytest.mark.parametrize("by_hand", [True, False])
async def test_applications_of_who_owes_overdue_evidence_wait_for_an_operator(
    country, make_draft, asked, by_hand
):
    country["hub"].office.evidence = EvidenceRules(overdue_to_manual=by_hand)
    call = await call_up(country, asked, 1)
    await wait_until(country, (await call_of(country, "hub", call)).due)
    query = await submit_draft(country, make_draft(1))
    theirs = await submit_draft(country, make_draft(1), "320000")
    await country.settle()
    case = await case_of(country, "hub", query, CaseRole.REVIEWER)
    found = [finding.code for finding in case.findings]
    assert (found == ["EVIDENCE_OVERDUE"]) is by_hand
    assert (case.state is QueryState.UNDER_REVIEW) is by_hand
    other = await case_of(country, "hub", theirs, CaseRole.REVIEWER)
    assert other.state is QueryState.DELIVERED


async def test_at_the_number_of_overdue_calls_the_hub_suspends_once(country, asked):
    country["hub"].office.evidence = EvidenceRules(suspend_after=2)
    suspended = []

    async def suspend(participant, reason):
        suspended.append((participant, reason))

    calls = [await call_up(country, asked, person) for person in (1, 2)]
    due = (await call_of(country, "hub", calls[0])).due
    await archive(country, asked, 2)
    await produce(country, calls[1])
    await wait_until(country, due, suspend=suspend)
    assert suspended == []
    await desk(country, "hub").judge(calls[1], OPERATOR, "UNREADABLE", ())
    later = (await call_of(country, "hub", calls[1])).due
    assert later > due
    await wait_until(country, later, suspend=suspend)
    assert suspended == [(NODE, "逾期未提交证明材料 2 起（R024）")]
    # An operator who resumes it is not contradicted a minute later.
    await wait_until(country, later + timedelta(hours=1), suspend=suspend)
    assert len(suspended) == 1
    third = await call_up(country, asked, 3)
    await wait_until(country, (await call_of(country, "hub", third)).due, suspend=suspend)
    assert suspended[1:] == [(NODE, "逾期未提交证明材料 3 起（R024）")]


async def test_nobody_is_suspended_unless_the_hub_says_so(country, asked):
    calls = [await call_up(country, asked, person) for person in (1, 2, 3)]
    # `terms` fails the test where somebody is suspended.
    await wait_until(country, (await call_of(country, "hub", calls[0])).due)
    assert (await noted(country, "hub")).count(Event.EVIDENCE_OVERDUE) == 3


async def test_a_suspension_that_cannot_be_is_told_and_not_tried_for_ever(country, asked):
    country["hub"].office.evidence = EvidenceRules(suspend_after=1)
    tried, stream = [], io.StringIO()

    async def refuse(participant, reason):
        tried.append(participant)
        raise InputError("ADMISSION_UNKNOWN", "没有此参与方", "unknown")

    call = await call_up(country, asked, 1)
    due = (await call_of(country, "hub", call)).due
    for late in (timedelta(), timedelta(hours=1)):
        log = make_logger("hub", stream)
        await wait_until(country, due + late, suspend=refuse, log=log)
    assert tried == [NODE]
    assert '"code": "ADMISSION_UNKNOWN"' in stream.getvalue()
    metrics = country["hub"].step.metrics.registry
    labels = {"loop": "evidence-terms", "code": "ADMISSION_UNKNOWN"}
    assert metrics.get_sample_value("hedui_loop_errors_total", labels) == 1


async def deadlines(country, name, query):
    async with country[name].store.transaction() as unit:
        found = await unit.deadlines(query)
    return [(d.subject, d.owing, d.due) for d in found if d.kind is DeadlineKind.EVIDENCE]


async def test_the_term_stands_among_the_deadlines_while_something_is_owed(country, asked):
    call = await call_up(country, asked, 1)
    due = (await call_of(country, "hub", call)).due
    for name in ("hub", NODE):
        assert await deadlines(country, name, asked) == [(str(call), NODE, due)]
    await archive(country, asked, 1)
    await produce(country, call)
    for name in ("hub", NODE):
        assert await deadlines(country, name, asked) == []
    country.clock.move(timedelta(minutes=5))
    await desk(country, "hub").judge(call, OPERATOR, "UNREADABLE", ())
    await country.settle()
    again = (await call_of(country, "hub", call)).due
    for name in ("hub", NODE):
        assert await deadlines(country, name, asked) == [(str(call), NODE, again)]
