"""Test runs between the hub and others, over the in-memory broker, with the shipped opener."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from daemon_deeds import clean, codes, events, forge, give, renew

from bus.daemon.conformance import examinee
from bus.daemon.conformance.examiner import Examiner
from bus.daemon.conformance.inspections import LOOK_EVERY, Inspections, Waiting
from bus.errors import InputError, UnavailableError
from bus.flow.conformance.check import ExamRules
from bus.flow.conformance.checks import CHECKS
from bus.flow.conformance.report import admitting
from bus.flow.outcome import Send
from bus.model.audit import Event
from bus.model.messages import Problem
from bus.model.probe import Probe, ProbeRole, RunPurpose, RunState
from signer.conformance import read_report
from signer.directory.view import Standing
from signer.envelope.chain import Arrival
from signer.envelope.kinds import Kind
from signer.envelope.open import Opener
from signer.envelope.verdict import Accept, Refuse
from signer.faulty.cases import CASES
from signer.identity import inbox_topic, outbox_topic
from signer.uuid7 import uuid7

RULES = ExamRules(probes=5)
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OPERATOR = "测试操作员"
ALL = tuple(check.number for check in CHECKS)


class MovedBy:
    """A clock that goes wrong by some time."""

    def __init__(self, clock, offset):
        self.clock, self.offset = clock, offset

    def now(self):
        return self.clock.now() + self.offset


class Credulous(Opener):
    """An opener that passes over the expiry of a message."""

    def open(self, data, directory, now, arrival):
        verdict = super().open(data, directory, now, arrival)
        if verdict == Refuse("EXPIRED"):
            return super().open(data, directory, now - timedelta(hours=1), arrival)
        return verdict


def rule(country, rules=RULES, filed=None):
    hub = country["hub"]
    hub.step.router = replace(hub.step.router, examiner=Examiner(rules, filed))
    return hub.step.router.examiner


def admit(country, name, standing):
    listed = dict(country.directory.participants)
    listed[name] = replace(listed[name], standing=standing)
    renew(country, participants=listed)


async def ask(country, name="370000"):
    """A node's operator asks for the pre-connection test."""
    async with country[name].store.transaction() as unit:
        work = country.work(name, unit)
        run = await examinee.request(work, OPERATOR)
        await work.finish()
    return run.id


async def inspect(country, participant, operator=OPERATOR):
    examiner = country["hub"].step.router.examiner
    async with country["hub"].store.transaction() as unit:
        work = country.work("hub", unit)
        run = await examiner.inspect(work, participant, RunPurpose.ORDERED, operator)
        await work.finish()
    return run.id


async def run_of(country, name, run):
    async with country[name].store.transaction() as unit:
        return await unit.run(run)


async def ended(country, run):
    found = await run_of(country, "hub", run)
    return found is not None and found.state is not RunState.RUNNING


def failures(run):
    return {result.test: result.code for result in run.results if not result.passed}


def timer(country, wakes=None):
    hub = country["hub"]
    return Inspections(
        hub.office,
        hub.store,
        hub.step.router.examiner,
        "hub/1",
        lambda: (wakes if wakes is not None else []).append(1),
    )


@pytest.mark.requirement("R014")
@pytest.mark.parametrize("standing", [Standing.CERTIFIED, Standing.TESTED, Standing.CONNECTED])
async def test_a_node_that_may_probe_passes_and_gets_the_report(country, standing):
    rule(country)
    admit(country, "370000", standing)
    run = await ask(country)
    await country.settle()
    hub, node = await run_of(country, "hub", run), await run_of(country, "370000", run)
    assert (failures(hub), hub.state) == ({}, RunState.PASSED)
    assert tuple(result.test for result in hub.results) == ALL
    assert (node.state, node.results, node.report) == (hub.state, hub.results, hub.report)
    assert (node.ordered_by, node.expires) == (OPERATOR, hub.expires)
    report = read_report(hub.report, country.directory)
    assert (report.participant, report.purpose, report.passed) == ("370000", "admission", True)
    assert report.product.startswith("hedui-bus ")
    assert report.specs == ("envelope/1", "directory/1", "conformance/1")
    assert report.directory_version == country.directory.version
    assert admitting([hub], country.clock.now()) == hub
    assert await clean(country)


@pytest.mark.requirement("R011", "R014")
async def test_every_case_of_a_faulty_envelope_was_tried(country):
    rule(country)
    run = await ask(country)
    await country.settle()
    results = {r.test: r for r in (await run_of(country, "hub", run)).results}
    figures = {f.name: f.value for f in results[2].figures}
    # Where the hub has no old keys, and the product one suite, three cases cannot be made.
    assert figures["cases"] >= len(CASES) - 3


@pytest.mark.requirement("R014")
async def test_a_county_is_tested_past_its_province(city_country):
    rule(city_country)
    admit(city_country, "321200", Standing.CERTIFIED)
    run = await ask(city_country, "321200")
    await city_country.settle()
    hub = await run_of(city_country, "hub", run)
    assert (failures(hub), hub.state) == ({}, RunState.PASSED)
    assert await run_of(city_country, "320000", run) is None
    assert await clean(city_country)


@pytest.mark.requirement("R014")
async def test_before_it_is_connected_a_node_exchanges_probes_and_nothing_else(country):
    rule(country)
    admit(country, "370000", Standing.TESTED)
    run = await ask(country)
    await country.settle()
    assert (await run_of(country, "hub", run)).state is RunState.PASSED
    await hand_up(country, Kind.PROBLEM, Problem(None, "TEST", "测试", "a test"))
    assert await codes(country, "hub") == ["PEER_NOT_CONNECTED"]


@pytest.mark.requirement("R014")
async def test_a_suspended_node_is_not_tested(country):
    rule(country)
    admit(country, "370000", Standing.SUSPENDED)
    with pytest.raises(UnavailableError, match="PARTICIPANT_SUSPENDED"):
        await ask(country)
    with pytest.raises(InputError, match="PARTICIPANT_NOT_TESTABLE"):
        await inspect(country, "370000")
    query = await hand_up(country, Kind.PROBE, probe(ProbeRole.REQUEST, test=0))
    assert await run_of(country, "hub", query) is None
    assert await codes(country, "hub") == ["PEER_SUSPENDED"]


@pytest.mark.requirement("R014")
async def test_a_node_that_accepts_an_expired_message_fails(country):
    rule(country)
    # Older than the message that has expired are only keys of yesterday.
    country.clock.move(timedelta(days=1))
    renew(country)
    office = country["370000"].office
    office.opener = Credulous(office.ring, office.schemas)
    run = await ask(country)
    await country.settle()
    hub = await run_of(country, "hub", run)
    assert hub.state is RunState.FAILED
    assert failures(hub) == {2: "VERDICT_DIFFERS"}
    assert hub.results[1].details == ("602 REFUSE EXPIRED, not 602 ACCEPT",)
    assert not read_report(hub.report, country.directory).passed


@pytest.mark.requirement("R014")
@pytest.mark.parametrize("offset", [5 * MINUTE, -5 * MINUTE])
async def test_a_node_with_a_wrong_clock_fails_by_its_clock(country, offset):
    rule(country)
    node = country["370000"]
    node.office.clock = MovedBy(country.clock, offset)
    run = await ask(country)
    while not await ended(country, run):
        country.clock.move(MINUTE / 2)
        renew(country)
        for desk in country.desks.values():
            await desk.step.retry_held()
        await country.settle()
        assert country.clock.now() < NOW + timedelta(hours=1)
    hub = await run_of(country, "hub", run)
    assert hub.state is RunState.FAILED
    assert failures(hub)[3] == "CLOCK_SKEW"


@pytest.mark.requirement("R014")
async def test_a_slow_node_fails_by_the_floor(country):
    rule(country)
    run = await ask(country)
    node, step = country["370000"], country["370000"].step.run

    async def slow(records):
        # A second passes while the node looks at a batch.
        country.clock.move(timedelta(seconds=1.001))
        await step(records)

    node.step.run = slow
    await country.settle()
    hub = await run_of(country, "hub", run)
    assert failures(hub) == {5: "TOO_SLOW"}
    figures = {figure.name: figure.value for figure in hub.results[-1].figures}
    assert figures == {"messages": 5, "elapsed": 1001, "rate": 299, "floor": 300}


@pytest.mark.requirement("R014", "R015")
async def test_a_challenge_that_nobody_answers_ends_by_the_timer(country):
    rule(country)
    run = await inspect(country, "370000")
    await country["hub"].outbox.drain()
    wakes = []
    look = timer(country, wakes).look
    country.clock.move(RULES.answer_within - LOOK_EVERY)
    renew(country)
    await look()
    assert (await run_of(country, "hub", run)).state is RunState.RUNNING
    country.clock.move(LOOK_EVERY)
    renew(country)
    await look()
    hub = await run_of(country, "hub", run)
    assert (hub.state, failures(hub), wakes) == (RunState.FAILED, {1: "UNANSWERED"}, [1])
    assert hub.report is not None
    # The answer comes too late: it is refused, and the run stays as it ended.
    await country.settle()
    assert await run_of(country, "hub", run) == hub
    assert set(await codes(country, "hub")) == {"PROBE_NOT_OWED"}
    assert (await run_of(country, "370000", run)).state is RunState.FAILED


@pytest.mark.requirement("R014")
async def test_a_node_whose_request_leads_to_nothing_gives_up(country):
    run = await ask(country)
    waiting = Waiting(country["370000"].office, country["370000"].store)
    await waiting.look()
    assert (await run_of(country, "370000", run)).state is RunState.RUNNING
    country.clock.move(timedelta(days=1))
    await waiting.look()
    node = await run_of(country, "370000", run)
    assert (node.state, failures(node), node.report) == (RunState.FAILED, {1: "UNANSWERED"}, None)


@pytest.mark.requirement("R014")
async def test_a_new_request_supersedes_the_run_before(country):
    rule(country)
    first = await ask(country)
    await country["370000"].outbox.drain()
    await country["hub"].pump(country.cluster)
    second = await ask(country)
    await country["370000"].outbox.drain()
    await country["hub"].pump(country.cluster)
    await country.settle()
    assert failures(await run_of(country, "hub", first)) == {1: "SUPERSEDED"}
    assert (await run_of(country, "hub", second)).state is RunState.PASSED


@pytest.mark.requirement("R015")
@pytest.mark.parametrize("participant", ["370000", "320000.housing-fund", "hub.marriage"])
async def test_an_inspection_on_order_makes_the_subset_and_is_in_the_books(country, participant):
    rule(country)
    run = await inspect(country, participant)
    await country.settle()
    hub = await run_of(country, "hub", run)
    assert (failures(hub), hub.state, hub.purpose) == ({}, RunState.PASSED, RunPurpose.ORDERED)
    assert [result.test for result in hub.results] == [1, 2, 3]
    assert (await run_of(country, participant, run)).report == hub.report
    async with country["hub"].store.transaction() as unit:
        entries = [e.event for e in await unit.audit(0, 100)]
    told = {e.event: (e.actor, dict(e.detail)) for e in entries if e.query == run}
    about = {"participant": participant, "purpose": "ordered"}
    assert told[Event.TEST_STARTED] == (f"operator:{OPERATOR}", about)
    assert told[Event.TEST_ENDED] == ("hub", about | {"passed": 1, "codes": ""})
    assert Event.TEST_REPORTED in [entry.event for entry in await events(country, participant)]
    assert await clean(country)


@pytest.mark.requirement("R015")
async def test_inspections_are_drawn_from_those_who_are_connected(country):
    rule(country)
    admit(country, "500000", Standing.TESTED)
    hub = country["hub"]
    # The dice all fall on the lowest side: everybody is drawn.
    honest, hub.office.entropy = hub.office.entropy, bytes
    async with hub.store.transaction() as unit:
        names = await timer(country)._chosen(unit, [], country.clock.now())
    hub.office.entropy = honest
    assert names == tuple(sorted(set(country.desks) - {"hub", "500000"}))


@pytest.mark.requirement("R015", "R016")
async def test_a_failed_inspection_is_kept_and_suspends_nobody(country):
    filed = []

    async def file(unit, run):
        filed.append((run.participant, run.state, run.report is not None))

    rule(country, filed=file)
    office = country["370000"].office
    office.opener = Credulous(office.ring, office.schemas)
    before = country.directory
    run = await inspect(country, "370000")
    await country.settle()
    assert (await run_of(country, "hub", run)).state is RunState.FAILED
    assert filed == [("370000", RunState.FAILED, True)]
    assert country["hub"].office.directory is before
    assert before.get("370000").standing is Standing.CONNECTED


@pytest.mark.requirement("R015")
async def test_one_run_of_a_participant_at_a_time_and_of_known_ones_only(country):
    rule(country)
    await inspect(country, "370000")
    for participant, code in (
        ("370000", "RUN_IN_PROGRESS"),
        ("110000", "PARTICIPANT_UNKNOWN"),
        ("hub", "PARTICIPANT_UNKNOWN"),
    ):
        with pytest.raises(InputError, match=code):
            await inspect(country, participant)


async def hand_up(country, kind, body):
    """A node hands something to the hub, whatever it should."""
    query = uuid7(country.clock.now(), country["370000"].office.entropy)
    sealed = forge(country, "370000", "hub", Send(kind, "hub", body, ("hub",)), query)
    await give(country, "hub", outbox_topic("370000"), sealed, query)
    return query


async def say(country, body, query):
    """The hub says something to a node in a probe."""
    send = Send(Kind.PROBE, "370000", body, ("370000",))
    sealed = forge(country, "hub", "370000", send, query)
    await give(country, "370000", inbox_topic("370000"), sealed, query)


def probe(role, **changed):
    return replace(Probe(role, 1, 1, 1, "test 1", ()), **changed)


@pytest.mark.requirement("R014")
@pytest.mark.parametrize(
    ("source", "body", "code"),
    [
        ("hub", probe(ProbeRole.REQUEST), "PROBE_ROLE"),
        ("hub", probe(ProbeRole.RESPONSE), "PROBE_ROLE"),
        ("hub", probe(ProbeRole.REPORT, data=b"no report"), "REPORT_MALFORMED"),
        ("370000", probe(ProbeRole.CHALLENGE), "PROBE_ROLE"),
        ("370000", probe(ProbeRole.REPORT), "PROBE_ROLE"),
        ("370000", probe(ProbeRole.RESPONSE), "PROBE_NOT_OWED"),
    ],
)
async def test_a_probe_out_of_place_is_refused(country, source, body, code):
    to = "370000" if source == "hub" else "hub"
    topic = inbox_topic(to) if source == "hub" else outbox_topic(source)
    query = uuid7(country.clock.now(), country[source].office.entropy)
    sealed = forge(country, source, to, Send(Kind.PROBE, to, body, (to,)), query)
    await give(country, to, topic, sealed, query)
    assert await codes(country, to) == [code]


@pytest.mark.requirement("R014")
async def test_a_report_on_somebody_else_is_refused(country):
    rule(country)
    run = await ask(country, "320000")
    await country.settle()
    theirs = (await run_of(country, "hub", run)).report
    body = probe(ProbeRole.REPORT, data=theirs)
    for query in (run, uuid7(country.clock.now(), country["hub"].office.entropy)):
        sealed = forge(
            country, "hub", "370000", Send(Kind.PROBE, "370000", body, ("370000",)), query
        )
        await give(country, "370000", inbox_topic("370000"), sealed, query)
    assert await codes(country, "370000") == ["REPORT_FOREIGN"] * 2


@pytest.mark.requirement("R014")
async def test_another_participant_cannot_answer_for_the_tested_one(country):
    rule(country)
    run = await inspect(country, "370000")
    expected = (await run_of(country, "hub", run)).expected[0]
    send = Send(
        Kind.PROBE, "hub", probe(ProbeRole.RESPONSE), ("hub",), in_reply_to=expected.message
    )
    sealed = forge(country, "320000", "hub", send, run)
    await give(country, "hub", outbox_topic("320000"), sealed, run)
    assert await codes(country, "hub") == ["PROBE_NOT_OWED"]


async def test_a_test_that_a_product_does_not_know_is_answered_so(country):
    query = uuid7(country.clock.now(), country["hub"].office.entropy)
    body = probe(ProbeRole.CHALLENGE, test=99)
    await say(country, body, query)
    await country["370000"].outbox.drain()
    (record,) = country.cluster.records(outbox_topic("370000"))
    hub = country["hub"].office
    arrival = Arrival("hub", "370000", record.key, record.headers)
    verdict = hub.opener.open(record.value, country.directory, country.clock.now(), arrival)
    assert isinstance(verdict, Accept)
    assert verdict.payload["verdicts"] == [examinee.TEST_UNKNOWN]


async def test_the_same_run_twice_is_a_request_too_many(country):
    rule(country)
    run = await ask(country)
    await country.settle()
    body = Probe(ProbeRole.REQUEST, 0, 1, 1, "test 1", ())
    sealed = forge(country, "370000", "hub", Send(Kind.PROBE, "hub", body, ("hub",)), run)
    await give(country, "hub", outbox_topic("370000"), sealed, run)
    assert await codes(country, "hub") == ["RUN_KNOWN"]


@pytest.mark.requirement("R015")
async def test_one_instance_at_a_time_looks_after_the_runs(country):
    rule(country)
    run = await inspect(country, "370000")
    first, second = timer(country), timer(country)
    second.holder = "hub/2"
    await first.look()
    country.clock.move(RULES.answer_within)
    renew(country)
    async with country["hub"].store.transaction() as unit:
        # The first has looked a moment ago.
        assert await unit.lease("inspections", "hub/1", country.clock.now(), _soon(country))
    await second.look()
    assert (await run_of(country, "hub", run)).state is RunState.RUNNING
    await first.hand_over()
    await second.look()
    assert (await run_of(country, "hub", run)).state is RunState.FAILED


def _soon(country):
    return country.clock.now() + MINUTE


@pytest.mark.requirement("R015")
async def test_without_an_interval_nobody_is_drawn(country):
    rule(country, replace(RULES, inspect_every=timedelta(0)))
    country["hub"].office.entropy = bytes
    async with country["hub"].store.transaction() as unit:
        assert await timer(country)._chosen(unit, [], country.clock.now()) == ()


@pytest.mark.requirement("R015")
async def test_the_timer_inspects_whom_it_draws(country, monkeypatch):
    rule(country)
    chosen = {"370000", "320000.housing-fund"}
    # The dice fall low for these two, high for everybody else.
    names = sorted(set(country.desks) - {"hub"})
    falls = iter([bytes(8) if name in chosen else b"\xff" * 8 for name in names])
    hub, honest = country["hub"].office, country["hub"].office.entropy
    monkeypatch.setattr(hub, "entropy", lambda size: next(falls, None) or honest(size))
    await timer(country).look()
    await country.settle()
    async with country["hub"].store.transaction() as unit:
        runs = await unit.runs(NOW, NOW + MINUTE)
    assert {run.participant for run in runs} == chosen
    assert {(run.purpose, run.state) for run in runs} == {(RunPurpose.INSPECTION, RunState.PASSED)}
    assert await clean(country)
