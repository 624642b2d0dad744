"""The loops, really running, over the in-memory broker: they go on by themselves after trouble."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from daemon_deeds import case_of, clean, counted_transactions, submit_draft

from bus.daemon import loop as loop_module
from bus.daemon.directory import DirectoryKeeper
from bus.daemon.loop import Loops
from bus.daemon.readers import DirectoryReader
from bus.logs.setup import make_logger
from bus.model.case import QueryState
from bus.ports.broker import Outgoing
from bus.ports.broker_errors import topic_unauthorised
from bus.ports.store_errors import StoreUnavailable
from signer.directory.view import Standing
from signer.identity import DIRECTORY_TOPIC, inbox_topic, outbox_topic

SOON = timedelta(milliseconds=5)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(loop_module, "PAUSE", SOON)
    monkeypatch.setattr(loop_module, "POLL", SOON)


def loops_of(country, name):
    desk = country[name]
    keeper = DirectoryKeeper(desk.office, desk.store, country.validator(), desk.step.metrics)
    log = make_logger(name)
    metrics = desk.step.metrics
    return Loops(desk.office, desk.store, desk.broker, keeper, desk.step, desk.outbox, metrics, log)


async def until(country, condition):
    """Wait until an awaitable condition holds, looking again when the cluster changed or soon.

    Not in a busy loop: that would take the interpreter lock from the threads that are waited for.
    """
    async with asyncio.timeout(20):
        while not await condition():
            changed = country.cluster.changed
            with suppress(TimeoutError):
                async with asyncio.timeout(SOON.total_seconds()):
                    await changed.wait()


@asynccontextmanager
async def running(country, *names):
    """Run consumer, outbox and answering of participants; stops them at the end."""
    made = {name: loops_of(country, name) for name in names or country.desks}
    async with asyncio.TaskGroup() as group:
        for name, loops in made.items():
            group.create_task(loops.consume())
            group.create_task(loops.relay_outbox())
            answering = country[name].answering
            if answering is not None:
                stepped = asyncio.Event()
                loops.after_step = stepped.set
                group.create_task(answer(loops, answering, stepped))
        yield made
        for loops in made.values():
            loops.stopping.set()


async def answer(loops, answering, stepped):
    async def work():
        if await answering.answer_open_rows():
            loops.outbox.wake.set()

    await loops.every("answering", SOON, work, stepped)


def state_is(country, query, state):
    async def reached():
        case = await case_of(country, "370000", query)
        return case.state is state

    return reached


def errors(country, name, loop, code):
    return country[name].step.metrics.loop_errors.labels(loop=loop, code=code)._value.get()


async def test_a_query_runs_by_itself(country, make_draft):
    async with running(country) as made:
        query = await submit_draft(country, make_draft(2))
        made["370000"].outbox.wake.set()
        await until(country, state_is(country, query, QueryState.DELIVERED))
    assert await clean(country)
    assert all(loops.reading.is_set() for loops in made.values())


@pytest.mark.requirement("R075")
async def test_loops_go_on_after_the_broker_was_down(country, make_draft):
    async with running(country) as made:
        await made["hub"].reading.wait()
        country.cluster.down = True

        async def noticed():
            return errors(country, "hub", "consumer", "BROKER_UNAVAILABLE") > 0

        await until(country, noticed)
        assert not made["hub"].reading.is_set()
        query = await submit_draft(country, make_draft(1))
        country.cluster.down = False
        await until(country, state_is(country, query, QueryState.DELIVERED))
    assert await clean(country)


async def test_a_step_that_fails_is_read_again_from_the_stored_offsets(
    country, make_draft, monkeypatch
):
    hub = country["hub"]
    run, left = hub.step.run, [3]

    async def failing(records, batch):
        if left[0]:
            left[0] -= 1
            raise StoreUnavailable("STORE_UNAVAILABLE", "数据库不可用", "down")
        await run(records, batch)

    monkeypatch.setattr(hub.step, "run", failing)
    async with running(country):
        query = await submit_draft(country, make_draft(1))
        await until(country, state_is(country, query, QueryState.DELIVERED))
    assert errors(country, "hub", "consumer", "STORE_UNAVAILABLE") == 3
    assert await clean(country)


async def test_stopping_leaves_an_empty_outbox(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    loops = loops_of(country, "370000")
    loops.stopping.set()
    await asyncio.gather(loops.consume(), loops.relay_outbox())
    assert outbox_topic("370000") not in country.cluster.topics
    await loops.drain()
    assert len(country.cluster.records(outbox_topic("370000"))) == 3
    async with country["370000"].store.transaction() as unit:
        assert not await unit.unsent(10)
        assert len(await unit.messages(query)) == 3


async def test_a_drain_into_a_broker_that_is_down_ends_all_the_same(country, make_draft):
    await submit_draft(country, make_draft(1))
    country.cluster.down = True
    await loops_of(country, "370000").drain()
    async with country["370000"].store.transaction() as unit:
        assert len(await unit.unsent(10)) == 3


async def enqueue(country, name, *rows):
    async with country[name].store.transaction() as unit:
        for topic, key, value in rows:
            await unit.enqueue(topic, key, value, (), country.clock.now())


async def test_a_failing_record_keeps_the_order_of_its_key(country, monkeypatch):
    hub = country["hub"]
    fails = [True]

    def fault(message: Outgoing):
        return topic_unauthorised("t") if message.value == b"2" and fails[0] else None

    country.cluster.publish_fault = fault
    await enqueue(country, "hub", *[("t", b"k", b"%d" % n) for n in range(1, 5)])
    with pytest.raises(type(topic_unauthorised("t"))):
        await hub.outbox.drain()
    assert [r.value for r in country.cluster.records("t")] == [b"1"]
    fails[0] = False
    assert await hub.outbox.drain() == 3
    assert [r.value for r in country.cluster.records("t")] == [b"1", b"2", b"3", b"4"]


async def test_what_fits_a_batch_takes_two_transactions(country, monkeypatch):
    hub = country["hub"]
    await enqueue(country, "hub", ("t", b"k", b"1"), ("t", b"k", b"2"))
    opened = counted_transactions(monkeypatch, hub.store)

    assert await hub.outbox.drain() == 2

    assert len(opened) == 2  # what is unsent, and that it was sent
    assert [r.value for r in country.cluster.records("t")] == [b"1", b"2"]


@pytest.mark.parametrize("rows", [4, 5])
async def test_more_than_a_batch_is_published_to_the_end(country, monkeypatch, rows):
    monkeypatch.setattr("bus.daemon.outbox.BATCH", 2)
    await enqueue(country, "hub", *[("t", b"k", b"%d" % n) for n in range(rows)])

    assert await country["hub"].outbox.drain() == rows

    assert [r.value for r in country.cluster.records("t")] == [b"%d" % n for n in range(rows)]


async def test_a_topic_that_refuses_holds_up_no_other(country, monkeypatch):
    monkeypatch.setattr("bus.daemon.outbox.BATCH", 2)
    hub = country["hub"]
    country.cluster.unauthorised.add("dead")
    await enqueue(country, "hub", *[("dead", b"k%d" % n, b"x") for n in range(7)])
    await enqueue(country, "hub", ("dead", b"k0", b"y"), ("alive", b"k", b"z"))
    with pytest.raises(type(topic_unauthorised("t")), match="TOPIC_UNAUTHORISED"):
        await hub.outbox.drain()
    assert [r.value for r in country.cluster.records("alive")] == [b"z"]
    country.cluster.unauthorised.clear()
    assert await hub.outbox.drain() == 8
    assert [r.value for r in country.cluster.records("dead") if r.key == b"k0"] == [b"x", b"y"]


async def test_a_broker_that_is_down_is_asked_once_a_round(country, monkeypatch):
    monkeypatch.setattr("bus.daemon.outbox.BATCH", 2)
    hub = country["hub"]
    await enqueue(country, "hub", *[("t", b"k%d" % n, b"x") for n in range(7)])
    country.cluster.down = True
    asked = []
    publish = hub.broker.publish

    async def counting(messages):
        asked.append(len(messages))
        return await publish(messages)

    monkeypatch.setattr(hub.broker, "publish", counting)
    with pytest.raises(Exception, match="BROKER_UNAVAILABLE"):
        await hub.outbox.drain()
    assert asked == [2]


async def test_the_directory_is_followed_and_adopted(country):
    for key, value in country.records.items():
        country.cluster.append(Outgoing(DIRECTORY_TOPIC, key.encode(), value))
    country["320000"].office._directory = None
    loops = loops_of(country, "320000")
    async with asyncio.TaskGroup() as group:
        group.create_task(loops.follow_directory())
        group.create_task(loops.consume())

        async def ready():
            return loops.reading.is_set()

        await until(country, ready)
        loops.stopping.set()
    assert country["320000"].office.directory.version == 1


async def test_a_directory_that_could_not_be_kept_is_read_again(country, monkeypatch):
    for key, value in country.records.items():
        country.cluster.append(Outgoing(DIRECTORY_TOPIC, key.encode(), value))
    country["320000"].office._directory = None
    loops = loops_of(country, "320000")
    keep, left = loops.keeper.keep, [2]

    async def failing(*arguments):
        if left[0]:
            left[0] -= 1
            raise StoreUnavailable("STORE_UNAVAILABLE", "数据库不可用", "down")
        await keep(*arguments)

    monkeypatch.setattr(loops.keeper, "keep", failing)
    async with asyncio.TaskGroup() as group:
        group.create_task(loops.follow_directory())

        async def ready():
            return country["320000"].office.ready

        await until(country, ready)
        loops.stopping.set()
    assert left == [0]


async def test_the_grace_of_a_directory_is_said_once_and_so_is_its_end(country, monkeypatch):
    monkeypatch.setattr("bus.daemon.readers.POLL", SOON)
    for key, value in country.records.items():
        country.cluster.append(Outgoing(DIRECTORY_TOPIC, key.encode(), value))
    loops, said = loops_of(country, "320000"), StringIO()
    log = make_logger("320000", said)
    reader = DirectoryReader(loops.broker, loops.keeper, loops.step, loops.outbox, log)
    await reader.round()

    for span in (timedelta(hours=1), timedelta(0), timedelta(hours=-1), timedelta(0)):
        country.clock.move(span)
        await reader.round()
    await reader.close()

    told = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [(line["event"], line.get("code")) for line in told] == [
        ("directory.in_grace", "DIRECTORY_IN_GRACE"),
        ("directory.fresh", None),
    ]


async def test_a_lapsed_directory_stops_the_consumer_and_nothing_is_lost(country, make_draft):
    await submit_draft(country, make_draft(1))
    await country["370000"].outbox.drain()
    loops = loops_of(country, "hub")
    await loops.keeper.load()
    country.clock.move(timedelta(days=4))
    async with asyncio.TaskGroup() as group:
        group.create_task(loops.consume())

        async def noticed():
            return errors(country, "hub", "consumer", "DIRECTORY_LAPSED") > 0

        await until(country, noticed)
        loops.stopping.set()
    async with country["hub"].store.transaction() as unit:
        assert await unit.offsets(outbox_topic("370000")) == {}


async def test_a_timer_runs_early_when_it_is_woken_and_ends_when_all_ends(country):
    loops = loops_of(country, "hub")
    ran, wake = [], asyncio.Event()

    async def work():
        ran.append(1)
        if len(ran) == 1:
            wake.set()
        else:
            loops.stopping.set()
            wake.set()

    async with asyncio.timeout(5):
        await loops.every("timer", timedelta(hours=1), work, wake)
    assert len(ran) == 2


async def test_a_timer_that_nobody_wakes_ends_when_the_daemon_stops(country):
    loops = loops_of(country, "hub")

    async def work():
        asyncio.get_running_loop().call_soon(loops.stopping.set)

    async with asyncio.timeout(5):
        await loops.every("timer", timedelta(hours=1), work, asyncio.Event())


async def test_new_children_are_read_as_soon_as_the_directory_lists_them(country, make_draft):
    directory = country.directory
    without = {n: p for n, p in directory.participants.items() if not n.startswith("370000")}
    hub = country["hub"]
    hub.office.adopt(type(directory)(1, directory.issued, directory.expires, without))
    query = await submit_draft(country, make_draft(1))
    async with running(country) as made:

        async def started():
            return made["hub"].reading.is_set()

        await until(country, started)
        hub.office.adopt(directory)
        await until(country, state_is(country, query, QueryState.DELIVERED))
    assert inbox_topic("370000") in country.cluster.topics


async def test_while_we_are_suspended_nothing_is_published_read_or_tried_again(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    before = country.directory
    listed = dict(before.participants)
    suspended = replace(listed["370000"], standing=Standing.SUSPENDED)
    directory = replace(country.directory, version=2, participants=listed | {"370000": suspended})
    country.adopt(directory, "370000")
    async with running(country, "370000") as made:
        loops = made["370000"]

        async def noticed():
            return errors(country, "370000", "consumer", "PARTICIPANT_SUSPENDED") > 0

        await until(country, noticed)
        assert not loops.reading.is_set()
        loops.outbox.wake.set()
    await loops.drain()
    assert outbox_topic("370000") not in country.cluster.topics
    country.adopt(replace(before, version=3))
    async with running(country):
        await until(country, state_is(country, query, QueryState.DELIVERED))
    assert await clean(country)
