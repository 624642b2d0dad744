"""What the surroundings can do to a daemon: it says so, keeps everything, and goes on by itself."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from country import make_country
from daemon_deeds import case_of, clean, quarantine, submit_draft
from sqlalchemy import text

from bus.daemon import run as run_module
from bus.daemon.certificates import CertificateWatch
from bus.daemon.directory import DirectoryKeeper
from bus.daemon.loop import Loops
from bus.daemon.readers import TopicReader
from bus.daemon.run import reach_broker
from bus.errors import UnavailableError
from bus.logs.setup import make_logger
from bus.model.case import QueryState
from bus.ports.broker import Outgoing
from bus.ports.broker_errors import broker_unauthorised, tls_failed, unavailable
from bus.ports.memory_store import MemoryStore
from bus.store.store import SqlStore
from signer.directory.view import KeyUse
from signer.identity import outbox_topic


def loops_of(country, name):
    desk = country[name]
    metrics = desk.step.metrics
    keeper = DirectoryKeeper(desk.office, desk.store, country.validator(), metrics)
    log = make_logger(name)
    return Loops(desk.office, desk.store, desk.broker, keeper, desk.step, desk.outbox, metrics, log)


@pytest.mark.parametrize(
    "refusal",
    [unavailable("kafka"), broker_unauthorised("kafka"), tls_failed("不信任", "untrusted", "k")],
    ids=lambda error: error.code,
)
async def test_a_broker_that_does_not_let_us_in_is_tried_until_it_does(
    country, monkeypatch, refusal
):
    monkeypatch.setattr(run_module, "BROKER_RETRY", timedelta(0))
    loops = loops_of(country, "370000")
    started = []

    async def start():
        if len(started) < 3:
            started.append(dict(loops.trouble))
            raise refusal
        started.append(dict(loops.trouble))

    loops.broker = SimpleNamespace(start=start)
    await reach_broker(loops)

    assert started == [{}, *[{"broker": refusal}] * 3]
    assert loops.trouble == {}
    counted = loops.metrics.loop_errors.labels(loop="broker", code=refusal.code)
    assert counted._value.get() == 3


async def test_a_daemon_that_stops_does_not_wait_for_its_broker(country):
    loops = loops_of(country, "370000")

    async def start():
        loops.stopping.set()
        raise unavailable("kafka")

    loops.broker = SimpleNamespace(start=start)
    async with asyncio.timeout(5):
        await reach_broker(loops)


def listed_otherwise(country, name, **changes):
    """The directory, with the signing keys of a participant listed otherwise, or not at all."""
    entry = country.directory.participants[name]
    others = tuple(key for key in entry.keys if key.use is not KeyUse.SIGNING)
    signing = [replace(key, **changes) for key in entry.keys if key.use is KeyUse.SIGNING]
    keys = (*others, *signing) if changes else others
    everybody = dict(country.directory.participants) | {name: replace(entry, keys=keys)}
    return replace(country.directory, version=2, participants=everybody)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "SIGNING_KEY_NOT_LISTED"),
        ({"not_after": "past"}, "SIGNING_KEY_ENDED"),
        ({"revoked": "past"}, "SIGNING_KEY_ENDED"),
    ],
)
async def test_what_others_would_refuse_is_not_signed_and_goes_on_later(
    country, make_draft, changes, code
):
    past = country.clock.now() - timedelta(seconds=1)
    changes = dict.fromkeys(changes, past)
    query = await submit_draft(country, make_draft(1))
    await country["370000"].outbox.drain()
    good = country.directory
    country.adopt(listed_otherwise(country, "hub", **changes), "hub")
    keeper = loops_of(country, "hub").keeper
    keeper.current = object()

    with pytest.raises(UnavailableError) as refused:
        keeper.require_fresh(country.clock.now())
    assert refused.value.code == code
    with pytest.raises(UnavailableError):
        country["hub"].office.in_force(country.clock.now())
    country.adopt(good)

    await country.settle()
    case = await case_of(country, "370000", query)
    assert case.state is QueryState.DELIVERED
    assert await clean(country)


async def test_a_key_that_is_listed_as_somebody_elses_is_not_ours(country):
    hub = country["hub"]
    other = country.directory.participants["370000"].keys
    signing = next(key for key in other if key.use is KeyUse.SIGNING)
    hub.office.ring = SimpleNamespace(signing_key=signing.id)
    with pytest.raises(UnavailableError) as refused:
        hub.office.in_force(country.clock.now())
    assert refused.value.code == "SIGNING_KEY_NOT_LISTED"


async def test_an_ending_certificate_is_told_at_60_30_7_and_0_days(country):
    stream = StringIO()
    desk = country["370000"]
    keys = country.directory.participants["370000"].keys
    key = next(key for key in keys if key.use is KeyUse.SIGNING)
    watch = CertificateWatch([key], country.clock, desk.step.metrics, make_logger("370000", stream))
    told = []
    for days in (90, 60, 59.5, 45, 30, 8, 7, 0.5, 0, -1):
        country.clock.instant = key.not_after - timedelta(days=days)
        await watch.look()
        await watch.look()  # the same stage is not told again at once
        for line in stream.getvalue().splitlines():
            entry = json.loads(line)
            told.append((days, entry["event"], entry["code"], entry["where"], entry.get("count")))
        stream.seek(0)
        stream.truncate()
    soon = ("certificate.expires", "CERT_EXPIRES_SOON", "signing")
    over = ("certificate.expired", "CERT_EXPIRED", "signing", None)
    assert told == [
        (60, *soon, 60),
        (45, *soon, 45),
        (30, *soon, 30),
        (8, *soon, 8),
        (7, *soon, 7),
        (0.5, *soon, 0),
        (0, *over),
        (-1, *over),
    ]
    gauge = desk.step.metrics.certificate_expires.labels(use=KeyUse.SIGNING)
    assert gauge._value.get() == key.not_after.timestamp()


async def test_a_participant_that_joins_is_read_by_the_same_consumer(country):
    hub = country["hub"]
    everybody = dict(country.directory.participants)
    without = {name: entry for name, entry in everybody.items() if name != "500000"}
    without.pop("500000.housing-fund")
    good = country.directory
    country.adopt(replace(good, participants=without))
    loops = loops_of(country, "hub")
    reader = TopicReader(
        *(hub.office, hub.store, hub.broker, loops.keeper, hub.step, hub.outbox),
        *(hub.step.metrics, make_logger("hub", StringIO()), asyncio.Event()),
        lambda: None,
    )
    country.cluster.append(Outgoing(outbox_topic("370000"), b"key", b"first"))
    country.cluster.append(Outgoing(outbox_topic("500000"), b"key", b"of a newcomer"))
    await reader.round()
    opened = reader._subscription
    assert await quarantine(country, "hub") == [("MAGIC", "")]

    country.adopt(good)
    await reader.round()

    assert reader._subscription is opened
    assert await quarantine(country, "hub") == [("MAGIC", "")] * 2
    await reader.close()


async def until(holds) -> None:
    """Look again and again until it holds."""
    while not holds():
        with suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await asyncio.Event().wait()


async def grow_to(store, pages: str) -> None:
    """Let a store's file grow to so many pages and no further, as on a disk that is full."""
    async with store.transaction() as unit:
        await unit._connection.execute(text(f"PRAGMA max_page_count = {pages}"))


async def full_now(store) -> None:
    async with store.transaction() as unit:
        pages = (await unit._connection.execute(text("PRAGMA page_count"))).scalar_one()
    await grow_to(store, str(pages))


@pytest.mark.requirement("R075")
async def test_a_full_disk_is_told_and_what_came_meanwhile_is_handled_later(
    tmp_path, make_draft, monkeypatch
):
    monkeypatch.setattr("bus.daemon.loop.PAUSE", timedelta(milliseconds=5))
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path / 'hub.db'}")
    country = make_country(store_of=lambda name: store if name == "hub" else MemoryStore())
    await country.start()
    hub = loops_of(country, "hub")
    await full_now(store)
    query = await submit_draft(country, make_draft(3))
    await country["370000"].outbox.drain()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(hub.consume())
        while "consumer" not in hub.trouble:
            await asyncio.wait(
                [asyncio.ensure_future(country.cluster.changed.wait())], timeout=0.02
            )
        assert hub.trouble["consumer"].code == "STORE_FULL"
        counted = hub.metrics.loop_errors.labels(loop="consumer", code="STORE_FULL")
        assert counted._value.get() > 0
        await grow_to(store, "1073741823")
        while not hub.reading.is_set() or hub.trouble:
            await asyncio.wait(
                [asyncio.ensure_future(country.cluster.changed.wait())], timeout=0.02
            )
        hub.stopping.set()
    await country.settle()
    case = await case_of(country, "370000", query)
    assert case.state is QueryState.DELIVERED
    assert await clean(country)
    await country.stop()


async def test_a_cancellation_that_nobody_asked_for_ends_no_loop(country):
    loops = loops_of(country, "370000")
    rounds = []

    async def work():
        rounds.append(1)
        if len(rounds) == 1:
            raise asyncio.CancelledError  # as a library that cancels itself lets it out
        loops.stopping.set()

    await loops.every("work", timedelta(0), work)

    assert len(rounds) == 2
    counted = loops.metrics.loop_errors.labels(loop="work", code="WORK_INTERRUPTED")
    assert counted._value.get() == 1


async def test_a_loop_that_is_cancelled_ends(country):
    loops = loops_of(country, "370000")
    task = asyncio.create_task(loops.every("work", timedelta(0), asyncio.Event().wait))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert loops.trouble == {}
