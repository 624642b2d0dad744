"""Two instances of one participant on one PostgreSQL store: nothing twice, nothing lost."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import date

import pytest
from country import make_country
from daemon_deeds import case_of, service, submit_draft

from adapters.host.answering import Answering
from adapters.host.row_answer import LEASE_FOR as ANSWERING_FOR
from bus.daemon.directory import DirectoryKeeper
from bus.daemon.directory_publisher import HEAD_RENEWAL, DirectoryPublisher
from bus.daemon.directory_publisher import LEASE_FOR as DIRECTORY_FOR
from bus.daemon.endings import HOLD_FOR
from bus.daemon.outbox import LEASE_FOR, OutboxRelay
from bus.daemon.positions import Positions
from bus.daemon.review_service import ReviewService
from bus.daemon.service import Service
from bus.daemon.step import Step
from bus.errors import InputError
from bus.flow.listing import Listing
from bus.logs.setup import make_logger
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState
from bus.ports.audit_chain import verify
from bus.ports.broker import Record
from bus.ports.memory_broker import MemoryBroker
from bus.ports.memory_store import MemoryStore
from bus.rules.review_policy import ReviewPolicy
from bus.store.store import SqlStore
from schemas.loader import shipped
from signer.directory.records import HEAD_KEY
from signer.envelope.open import Opener
from signer.envelope.seal import Sealer
from signer.identity import DIRECTORY_TOPIC, inbox_topic, outbox_topic

SHARED = ("hub", "370000", "320000.housing-fund")


class Pair:
    """A country in which some participants run twice, each pair on one PostgreSQL store."""

    def __init__(self, country, second) -> None:
        self.country = country
        self.second = second

    def desks(self, name):
        return self.country[name], self.second[name]

    async def settle(self) -> None:
        """Pump everybody, both instances of a pair at once, until nothing moves."""
        everybody = [*self.country.desks.values(), *self.second.values()]
        cluster = self.country.cluster
        while sum(await asyncio.gather(*(desk.pump(cluster) for desk in everybody))):
            pass


def again(country, name, store):
    """A second instance of a participant: the same keys, everything else of its own."""
    desk = country[name]
    ring, clock = desk.office.ring, country.clock
    office = replace(
        desk.office,
        sealer=Sealer(name, ring, "p256-aes256gcm/1", secrets.token_bytes),
        opener=Opener(ring, shipped().get),
        sealing=asyncio.Lock(),
    )
    metrics, broker = Metrics(name), MemoryBroker(country.cluster)
    made = replace(
        desk,
        office=office,
        store=store,
        broker=broker,
        step=Step(office, store, desk.step.router, metrics, make_logger(name)),
        outbox=OutboxRelay(store, broker, clock, metrics, f"{name}/2"),
    )
    if desk.answering is not None:
        made.answering = replace(desk.answering, office=office, store=store, holder=f"{name}/2")
    return made


@pytest.fixture
async def pair_of(postgres):
    opened = []

    async def make(policy=ReviewPolicy.AUTOMATIC):
        urls = {name: await postgres.database() for name in SHARED}

        def store_of(name):
            return SqlStore(urls[name]) if name in urls else MemoryStore()

        country = make_country(policy, store_of=store_of)
        await country.start()
        second = {name: again(country, name, SqlStore(url)) for name, url in urls.items()}
        for desk in second.values():
            await desk.store.open()
            await desk.broker.start()
        opened.append((country, second))
        return Pair(country, second)

    yield make
    for country, second in opened:
        for desk in second.values():
            await desk.broker.stop()
            await desk.store.close()
        await country.stop()


@pytest.fixture
async def pair(pair_of):
    return await pair_of()


async def chain(desk):
    async with desk.store.transaction() as unit:
        entries = await unit.audit(0, 1000)
    verify(entries)
    return [entry.event.event for entry in entries]


@pytest.mark.requirement("R075")
async def test_a_query_that_every_instance_reads_is_decided_asked_and_answered_once(
    pair, make_draft
):
    query = await submit_draft(pair.country, make_draft(3))
    await pair.settle()
    case = await case_of(pair.country, "370000", query)
    assert case.state is QueryState.DELIVERED
    hub, node, agency = [await chain(pair.country[name]) for name in SHARED]
    assert hub.count(Event.REVIEW_OPENED) == hub.count(Event.APPLICATION_DECIDED) == 1
    assert node.count(Event.DECISION_RECEIVED) == node.count(Event.QUERY_DELIVERED) == 1
    rows = len(set(await rows_of(pair, query)))
    assert agency.count(Event.ANSWER_SENT) == rows == agency.count(Event.ORDER_RECEIVED) * 3
    # Each source was asked once for each resource, whichever instance asked.
    asked = [lookup.resource for lookup in pair.country["320000.housing-fund"].connector.asked]
    assert sorted(asked) == sorted(set(asked))
    # Nothing went out twice.
    for topic in pair.country.cluster.topics:
        values = [record.value for record in pair.country.cluster.records(topic)]
        assert len(values) == len(set(values)), topic


async def rows_of(pair, query):
    case = await case_of(pair.country, "320000.housing-fund", query, CaseRole.AGENCY)
    return [(row.order, row.part, row.resource) for row in case.rows]


async def test_two_operators_who_decide_at_once_get_one_decision(pair_of, make_draft):
    pair = await pair_of(ReviewPolicy.MANUAL)
    query = await submit_draft(pair.country, make_draft(1))
    await pair.settle()
    one, two = pair.desks("hub")
    desks = [ReviewService(d.office, d.store, d.outbox.wake.set) for d in (one, two)]
    ended = await asyncio.gather(
        *(desk.accept(query, "值班员") for desk in desks), return_exceptions=True
    )
    refused = [end for end in ended if isinstance(end, InputError)]
    assert [error.code for error in refused] == ["NOT_UNDER_REVIEW"]
    assert (await chain(one)).count(Event.APPLICATION_DECIDED) == 1


async def test_a_refused_record_that_both_have_read_is_refused_once(pair):
    one, two = pair.desks("hub")
    topic = outbox_topic("370000")
    records = [Record(topic, 0, n, b"k", b"nonsense", ()) for n in range(3)]
    first, second = Positions(), Positions()
    for positions in (first, second):
        positions.assigned(topic, {})
    await asyncio.gather(
        one.step.run(records, first.batch()), two.step.run(records, second.batch())
    )
    assert (await chain(one)).count(Event.MESSAGE_QUARANTINED) == 3
    assert await offset(one, topic) == 3
    # Whoever was late has more of the same in hand; the offset does not go back for it.
    late, ahead = (one, two) if first.floor else (two, one)
    late_positions, positions = (first, second) if first.floor else (second, first)
    more = [Record(topic, 0, n, b"k", b"nonsense", ()) for n in range(3, 6)]
    stale = late_positions.batch()
    await ahead.step.run(more, positions.batch())
    await late.step.run(more[:2], stale)
    assert (await chain(one)).count(Event.MESSAGE_QUARANTINED) == 6
    assert await offset(one, topic) == 6
    # Given the partition anew, it reads on, and a topic that was made anew is read from 0.
    late_positions.assigned(topic, {0: 6})
    await late.step.run([Record(topic, 0, 0, b"k", b"anew", ())], late_positions.batch())
    assert (await chain(one)).count(Event.MESSAGE_QUARANTINED) == 7
    assert await offset(one, topic) == 1


async def offset(desk, topic):
    async with desk.store.transaction() as unit:
        return (await unit.offsets(topic)).get(0)


async def test_a_parked_record_is_put_out_by_one_instance_only(pair):
    one, two = pair.desks("hub")
    async with one.store.transaction() as unit:
        now = pair.country.clock.now()
        await unit.hold("t", b"k", b"v", (), "KEY_UNKNOWN", None, now, now + HOLD_FOR)
    settled = await asyncio.gather(one.step.retry_held(), two.step.retry_held())
    assert sorted(settled) == [0, 1]
    assert (await chain(one)).count(Event.MESSAGE_QUARANTINED) == 1
    async with one.store.transaction() as unit:
        assert (await unit.tally()).held == 0


async def test_a_replay_tells_its_own_ending_after_numbers_were_lost(pair):
    one, _ = pair.desks("hub")
    topic = outbox_topic("370000")

    async def lost():
        async with one.store.transaction() as unit:
            await unit.quarantine(topic, 0, 0, None, b"x", (), "FORMAT", "", one.office.clock.now())
            raise KeyError

    for _round in range(3):
        with pytest.raises(KeyError):
            await lost()
    query = secrets.token_bytes(4)
    await one.step.run([Record(topic, 0, 0, b"k", query, ())])
    async with one.store.transaction() as unit:
        (kept,) = await unit.quarantined(0, 10)
    assert kept.number > 1
    wanted = Service(one.office, one.store, one.outbox.wake.set, _never)
    assert await wanted.replay(kept.number, "值班员") is None
    assert await service(pair.country, "hub").replay(kept.number, "值班员") == kept.code


async def _never(_records):
    return


# The relay


async def enqueue(desk, *values):
    async with desk.store.transaction() as unit:
        for value in values:
            await unit.enqueue(inbox_topic("370000"), b"k", value, (), desk.office.clock.now())


def published(pair):
    topic = inbox_topic("370000")
    if topic not in pair.country.cluster.topics:
        return []
    return [record.value for record in pair.country.cluster.records(topic)]


async def test_one_instance_relays_what_both_have_committed(pair):
    one, two = pair.desks("hub")
    await enqueue(one, b"1")
    await enqueue(two, b"2")
    assert sorted(await asyncio.gather(one.outbox.drain(), two.outbox.drain())) == [0, 2]
    assert published(pair) == [b"1", b"2"]


async def test_the_other_goes_on_for_one_that_is_gone(pair):
    one, two = pair.desks("hub")
    assert await one.outbox.drain() == 0
    await enqueue(two, b"1")
    assert await two.outbox.drain() == 0
    pair.country.clock.move(LEASE_FOR)
    assert await two.outbox.drain() == 1
    await enqueue(one, b"2")
    assert await one.outbox.drain() == 0


async def test_the_other_need_not_wait_for_one_that_has_stopped(pair):
    one, two = pair.desks("hub")
    await enqueue(one, b"1")
    assert await one.outbox.drain() == 1
    await one.outbox.hand_over()
    await enqueue(two, b"2")
    assert await two.outbox.drain() == 1
    assert published(pair) == [b"1", b"2"]


# The directory


def publisher_of(pair, desk, instance):
    office = replace(desk.office, _directory=None, _catalogue=None)
    keeper = DirectoryKeeper(office, desk.store, pair.country.validator(), desk.step.metrics)
    return DirectoryPublisher(office, desk.store, keeper, instance)


def listed(pair, without=None):
    participants = pair.country.directory.participants.values()
    chosen = tuple(p for p in participants if p.id != without)
    return Listing(chosen, pair.country.issuers)


async def heads(desk):
    async with desk.store.transaction() as unit:
        rows = await unit.unsent(1000)
    return [r.value for r in rows if r.topic == DIRECTORY_TOPIC and r.key == HEAD_KEY.encode()]


@pytest.fixture
async def publishers(pair):
    made = [publisher_of(pair, d, f"hub/{n}") for n, d in enumerate(pair.desks("hub"), 1)]
    for publisher in made:
        await publisher.keeper.load()
    return made


async def test_one_head_is_signed_and_both_serve_on_it(pair, publishers):
    one, two = publishers
    before = one.office.directory.version
    pair.country.clock.move(HEAD_RENEWAL)
    done = await asyncio.gather(one.publish(listed(pair)), two.publish(listed(pair)))
    assert sorted(done) == [False, True]
    # The next round takes what the other has published.
    assert [await p.publish(listed(pair)) for p in publishers] == [False, False]
    assert [p.office.directory.version for p in publishers] == [before + 1] * 2
    assert len(await heads(pair.country["hub"])) == 1
    assert (await chain(pair.country["hub"])).count(Event.DIRECTORY_ADOPTED) == 1


async def test_two_lists_that_differ_for_a_while_do_not_take_turns(pair, publishers):
    one, two = publishers
    shorter = listed(pair, without="370000.housing-fund")
    pair.country.clock.move(HEAD_RENEWAL)
    assert await one.publish(listed(pair))
    assert not await two.publish(shorter)
    assert "370000.housing-fund" in two.office.directory.participants
    # The holder is gone: the other counts on from what it published.
    pair.country.clock.move(DIRECTORY_FOR)
    assert await two.publish(shorter)
    assert two.office.directory.version == one.office.directory.version + 1
    assert not await one.publish(listed(pair))
    assert "370000.housing-fund" not in one.office.directory.participants


async def test_a_hub_that_has_stopped_hands_the_directory_over(pair, publishers):
    one, two = publishers
    pair.country.clock.move(HEAD_RENEWAL)
    assert await one.publish(listed(pair))
    await one.hand_over()
    pair.country.clock.move(HEAD_RENEWAL)
    assert await two.publish(listed(pair))


async def test_a_slower_instance_does_not_take_the_kept_directory_back(pair, publishers):
    one, two = publishers
    pair.country.clock.move(HEAD_RENEWAL)
    assert await one.publish(listed(pair))
    second = dict(one.keeper.records)
    pair.country.clock.move(HEAD_RENEWAL)
    assert await one.publish(listed(pair))
    newest = dict(one.keeper.records)
    # As a node's instance that reads the topic late.
    topic = [
        Record(DIRECTORY_TOPIC, 0, n, k.encode(), v, ()) for n, (k, v) in enumerate(second.items())
    ]
    assert await two.keeper.take(topic)
    async with two.store.transaction() as unit:
        assert dict(await unit.directory()) == newest
    assert (await chain(pair.country["hub"])).count(Event.DIRECTORY_ADOPTED) == 2


# Year tables, answers

YEAR_TABLE = """
year = 2027
source = "通知〔2026〕1号"
holidays = [2027-01-01, 2027-01-02, 2027-01-03]
workdays = [2027-02-20]
"""


async def test_a_year_table_imported_at_one_comes_into_force_at_the_other(pair):
    one, two = (
        Service(desk.office, desk.store, desk.outbox.wake.set, _never) for desk in pair.desks("hub")
    )
    saturday = date(2027, 2, 20)
    await one.import_year_table(YEAR_TABLE, "值班员")
    assert two.office.calendar.day(saturday) != one.office.calendar.day(saturday)
    await two.load_calendar()
    assert two.office.calendar.day(saturday) == one.office.calendar.day(saturday)


async def test_an_agency_that_runs_twice_asks_its_source_once(pair, make_draft):
    query = await submit_draft(pair.country, make_draft(1))
    name = "320000.housing-fund"
    one, two = pair.desks(name)
    answerings = one.answering, two.answering
    one.answering = two.answering = None
    await pair.settle()
    assert len(set(await rows_of(pair, query))) == 3
    done = await asyncio.gather(*(answering.answer_open_rows() for answering in answerings))
    assert sorted(done) == [0, 3]
    assert len(one.connector.asked) == 3


async def test_the_other_agency_instance_answers_for_one_that_is_gone(pair, make_draft):
    name = "320000.housing-fund"
    one, two = pair.desks(name)
    assert isinstance(one.answering, Answering)
    assert await one.answering.answer_open_rows() == 0
    gone, one.answering, staying, two.answering = one.answering, None, two.answering, None
    await submit_draft(pair.country, make_draft(1))
    await pair.settle()
    assert await staying.answer_open_rows() == 0
    pair.country.clock.move(ANSWERING_FOR)
    assert await staying.answer_open_rows() == 3
    await staying.hand_over()
    assert await gone.answer_open_rows() == 0
