"""What the daemon tests do to a country: submit, look into books, forge, deliver in odd ways."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

from bus.daemon.directory import DirectoryKeeper
from bus.daemon.provincial import RuleWatch
from bus.daemon.readers import TopicReader
from bus.daemon.requester import submit
from bus.daemon.review_service import ReviewService
from bus.daemon.service import Service
from bus.daemon.work import open_stored
from bus.logs.setup import make_logger
from bus.model.case import CaseRole
from bus.model.request import Submission
from bus.ports.broker import Record
from bus.wire.bodies import schema_of, to_avro
from signer.envelope.seal import Content
from signer.uuid7 import uuid7

OPERATOR = "测试操作员"


async def submit_draft(country, draft, node="370000"):
    query = uuid7(country.clock.now(), secrets.token_bytes)
    async with country[node].store.transaction() as unit:
        work = country.work(node, unit)
        await submit(work, draft, Submission(query, OPERATOR, country.clock.now()))
        await work.finish()
    return query


def service(country, name) -> Service:
    desk = country[name]
    return Service(desk.office, desk.store, desk.outbox.wake.set, desk.step.run)


def review_desk(country, name="hub") -> ReviewService:
    desk = country[name]
    return ReviewService(desk.office, desk.store, desk.outbox.wake.set)


async def case_of(country, name, query, role=CaseRole.REQUESTER):
    async with country[name].store.transaction() as unit:
        return await unit.case(query, role)


async def bodies(country, name, query, kind):
    """The opened bodies of a query's messages of a kind, as a participant keeps them."""
    async with country[name].store.transaction() as unit:
        kept = await unit.messages(query, kind)
    return [open_stored(country[name].office, stored).body for stored in kept]


def reader_of(country, name, stream=None):
    desk = country[name]
    metrics = desk.step.metrics
    keeper = DirectoryKeeper(desk.office, desk.store, country.validator(), metrics)
    log = make_logger(name, stream)
    return TopicReader(
        *(desk.office, desk.store, desk.broker, keeper, desk.step, desk.outbox, metrics, log),
        asyncio.Event(),
        lambda: None,
    )


async def quarantine(country, name):
    async with country[name].store.transaction() as unit:
        return [(q.code, q.detail) for q in await unit.quarantined(0, 1000)]


async def codes(country, name):
    return [code for code, _ in await quarantine(country, name)]


async def held(country, name):
    async with country[name].store.transaction() as unit:
        return [h.code for h in await unit.held(1000)]


async def events(country, name):
    async with country[name].store.transaction() as unit:
        return [entry.event for entry in await unit.audit(0, 10_000)]


def renew(country, **changed):
    """Everybody adopts the directory anew, fresh from now on, with these changes."""
    now = country.clock.now()
    fresh = {"version": country.directory.version + 1, "issued": now, **changed}
    country.adopt(replace(country.directory, expires=now + timedelta(minutes=30), **fresh))


async def clean(country):
    """Nothing refused and nothing parked anywhere."""
    found = []
    for name in country.desks:
        found += await trouble(country, name)
    assert not found
    return True


async def trouble(country, name):
    return [(name, code) for code in [*await codes(country, name), *await held(country, name)]]


async def books(country):
    """What everybody holds at the end, without what differs from run to run."""
    found = {}
    for name, desk in country.desks.items():
        async with desk.store.transaction() as unit:
            cases = [c for role in CaseRole for c in await unit.cases(role)]
            kinds = Counter()
            for query in {case.query for case in cases}:
                kinds.update(m.kind for m in await unit.messages(query))
        found[name] = (
            sorted((c.role, c.state, len(c.rows)) for c in cases),
            kinds,
            Counter((e.event, e.actor) for e in await events(country, name)),
        )
    return found


def forge(country, source, to, send, query, **content):
    """Seal a message as `source`, which may say what it should not; returns the sealed bytes."""
    desk = country[source]
    now = country.clock.now()
    made = Content(
        kind=send.kind,
        destination=send.destination,
        conversation=query,
        schema=schema_of(send.kind),
        payload=to_avro(send.body),
        subject_count=send.subject_count,
        in_reply_to=send.in_reply_to,
        order=send.order,
        resource=send.resource,
        roster_part=send.part,
        fragment=send.fragment,
        last=send.last,
    )
    readers = [country.directory.get(r).encryption_key(now) for r in send.readers]
    readers += [country.directory.key(k)[1] for k in send.reader_keys]
    made = replace(made, **content)
    return desk.office.sealer.seal(made, to, readers, now, country.directory.version)


def record(topic, sealed, query, **changed):
    made = Record(topic, 0, -1, query.bytes, sealed.data, sealed.headers)
    return replace(made, **changed)


async def give(country, name, topic, sealed, query, **changed):
    """Hand a sealed message to a participant as if it had been read from `topic`."""
    await country[name].step.run([record(topic, sealed, query, **changed)])


def counted_transactions(monkeypatch, store):
    """Return a list that grows by one with each transaction of a store."""
    opened, transaction = [], store.transaction

    def counting():
        opened.append(store)
        return transaction()

    monkeypatch.setattr(store, "transaction", counting)
    return opened


def unread(country, name, offsets):
    """Return the records of each partition that a participant has not consumed."""
    found = {}
    for topic in country[name].office.peers():
        if topic in country.cluster.topics:
            for partition, log in enumerate(country.cluster.partitions(topic)):
                rest = log[offsets.get((topic, partition), 0) :]
                if rest:
                    found[topic, partition] = rest
    return found


async def drive(country, seed, again=0.3):
    """Deliver in order within a partition, otherwise at random, some records more than once."""
    rng = Random(seed)  # noqa: S311 - dice that fall the same way again
    offsets = {name: {} for name in country.desks}
    while True:
        choices = [
            (name, place, rest)
            for name in country.desks
            for place, rest in unread(country, name, offsets[name]).items()
        ]
        idle = True
        for desk in rng.sample(list(country.desks.values()), len(country.desks)):
            if (desk.answering is not None and rng.random() < 0.5) or not choices:
                idle &= not (desk.answering and await desk.answering.answer_open_rows())
            idle &= not await desk.outbox.drain()
        if not choices:
            if idle:
                return
            continue
        name, place, rest = rng.choice(choices)
        batch = list(rest[: rng.randint(1, 3)])
        offsets[name][place] = batch[-1].offset + 1
        log = country.cluster.partitions(place[0])[place[1]]
        if rng.random() < again:
            batch.append(replace(rng.choice(log[: batch[-1].offset + 1]), offset=-1))
        await country[name].step.run(batch)
        if rng.random() < again:
            await country[name].step.retry_held()


def make_rules_watch(country, name, stream):
    """What watches a province's own rules, with the metrics it sets; logs go to a stream."""
    desk = country[name]
    metrics = desk.step.metrics
    return RuleWatch(desk.office, desk.store, metrics, make_logger(name, stream)), metrics
