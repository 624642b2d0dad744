"""One agency in memory, with an order in its books as its centre would have sent it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace

from adapters.contract import Lookup, LookupResult, SubjectOutcome, complete
from adapters.host.answering import Answering
from adapters.host.router import AgencyRouter
from adapters.host.source import Limits, Mapped
from bus.daemon.office import Office
from bus.daemon.step import Step
from bus.daemon.work import open_stored
from bus.logs.setup import make_logger
from bus.metrics.catalogue import Metrics
from bus.model.messages import OutcomeKind
from bus.model.request import Person, Request, RequestLine, Roster
from bus.ports.broker import Record
from bus.ports.clock import MovedClock
from bus.ports.memory_keyring import MemoryKeyRing
from bus.ports.memory_store import MemoryStore
from bus.wire.bodies import schema_of, to_avro
from bus.wire.message import message_from
from schemas.loader import shipped
from schemas.resources import resources
from signer.ca.issue import issue_participant, make_issuing, make_root
from signer.certificates import to_key
from signer.directory.view import Directory, Offer, Participant
from signer.envelope.chain import Arrival
from signer.envelope.format import Order, OrderLine
from signer.envelope.open import Opener
from signer.envelope.seal import Content, Sealer
from signer.identity import inbox_topic, role_of
from signer.storekey import StoreKey
from signer.uuid7 import uuid7

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
AGENCY = "320000.housing-fund"
ACCOUNT, LOAN = "housing-fund-account", "housing-fund-loan"
PARENTS = {"hub": None, "370000": "hub", "320000": "hub", AGENCY: "320000"}


class Source:
    """A connector that finds nobody, or fails as it is told to."""

    def __init__(self) -> None:
        self.asked: list[Lookup] = []
        self.faults: dict[str, Exception] = {}
        self.records: dict[int, tuple[dict, ...]] = {}
        self.as_of: dict[str, datetime] = {}

    async def check(self) -> None:
        return

    async def lookup(self, lookup: Lookup, now: datetime) -> LookupResult:
        self.asked.append(lookup)
        if lookup.resource in self.faults:
            raise self.faults[lookup.resource]
        found = []
        for person in lookup.persons:
            records = self.records.get(person.reference, ())
            kind = OutcomeKind.FOUND if records else OutcomeKind.NOT_FOUND
            found.append(SubjectOutcome(person.reference, kind, None, records))
        return LookupResult(self.as_of.get(lookup.resource, now), complete(lookup, found))

    async def close(self) -> None:
        return


def items(resource):
    return tuple(item.name for item in resources()[resource].items)


@dataclass
class AgencyDesk:
    office: Office
    store: MemoryStore
    step: Step
    answering: Answering
    source: Source
    clock: MovedClock
    log: StringIO
    offices: dict[str, Office]

    def line(self, number=1, resource=ACCOUNT, provider="320000", items_=None):
        return RequestLine(
            number,
            number,
            provider,
            "housing-fund",
            resource,
            items_ or items(resource),
            None,
            None,
        )

    def request(self, *lines):
        readers = self.offices["370000"].ring.encryption_keys[:1]
        return Request(b"n" * 16, "b", "核对", 1, lines, readers)

    def order(self, *lines, part=1, persons=2, ordered=None, query=None):
        """Return the record of a roster part that hub and province have ordered."""
        due = self.clock.now() + timedelta(days=7)
        query = query or uuid7(self.clock.now(), secrets.token_bytes)
        people = tuple(Person(n, "测试", "111", f"{n}", "原因") for n in range(1, persons + 1))
        roster = Roster(self.request(*lines), part, people)
        content = Content(
            kind="Roster",
            destination="hub",
            conversation=query,
            schema=schema_of("Roster"),
            payload=to_avro(roster),
            subject_count=persons,
            roster_part=part,
        )
        asked = tuple(OrderLine(x.line, x.resource, x.items, due) for x in ordered or lines)
        path = ("370000", "hub", "320000", AGENCY)
        now, directory = self.clock.now(), self.office.directory
        hub_key = directory.get("hub").encryption_key(now)
        sealed = self.offices["370000"].sealer.seal(content, "hub", [hub_key], now, 1)
        for sender, me, to in zip(path, path[1:], path[2:], strict=False):
            office = self.offices[me]
            arrival = Arrival(me, sender, query.bytes, sealed.headers)
            verdict = office.opener.open(sealed.data, directory, now, arrival)
            message = message_from(verdict, now)
            key = directory.get(to).encryption_key(now)
            sealed = office.sealer.endorse(
                message.opened, to, now, now, 1, Order(b"\x0a" * 32, asked), key, message.secret
            )
        topic = inbox_topic(AGENCY)
        record = Record(topic, 0, -1, query.bytes, sealed.data, sealed.headers)
        return SimpleNamespace(record=record, query=query, chain=sealed.chain)

    async def take(self, *orders):
        await self.step.run([order.record for order in orders])

    async def answers(self, query):
        """Return the answers sent, opened with the secrets the agency kept."""
        async with self.store.transaction() as unit:
            stored = await unit.messages(query, "Answer")
        return [open_stored(self.office, kept) for kept in stored]


def make_desk(mapped=(ACCOUNT, LOAN), source=None, limits=None):
    clock = MovedClock(NOW)
    issuing = make_issuing(make_root(NOW), NOW)
    leaves = {name: issue_participant(issuing, name, 1, NOW) for name in PARENTS}
    offers = tuple(Offer(name, items(name), 5) for name in (ACCOUNT, LOAN))
    participants = {
        name: Participant(
            id=name,
            role=role_of(name),
            parent=PARENTS[name],
            title=name,
            keys=tuple(to_key(leaf.der) for leaf in found.leaves),
            offers=offers if name == AGENCY else (),
        )
        for name, found in leaves.items()
    }
    directory = Directory(1, NOW, NOW + timedelta(days=1), participants)
    offices = {}
    for name, found in leaves.items():
        ring = MemoryKeyRing.of(found)
        offices[name] = Office(
            me=name,
            clock=clock,
            entropy=secrets.token_bytes,
            ring=ring,
            store_key=StoreKey.ephemeral(),
            sealer=Sealer(name, ring, "p256-aes256gcm/1", secrets.token_bytes),
            opener=Opener(ring, shipped().get),
            schemas=shipped().get,
        )
        offices[name].adopt(directory)
    log, store, metrics = StringIO(), MemoryStore(), Metrics(AGENCY)
    source = source or Source()
    logger = make_logger(AGENCY, log)
    office = offices[AGENCY]
    step = Step(office, store, AgencyRouter(), metrics, logger)
    limits = limits or Limits()
    parts = office, store, source, Mapped.of(mapped), metrics, logger, f"{office.me}/1", limits
    answering = Answering(*parts)
    return AgencyDesk(office, store, step, answering, source, clock, log, offices)
