"""Whole provinces in one process: every participant on the in-memory ports, pumped until quiet."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from adapters.contract import Lookup, LookupResult, SubjectOutcome, complete, to_records
from adapters.host.answering import Answering
from adapters.host.router import AgencyRouter
from bus.daemon.office import Office
from bus.daemon.outbox import OutboxRelay
from bus.daemon.router import CentreRouter
from bus.daemon.step import Step
from bus.daemon.work import Work
from bus.flow.review import ReviewPolicy
from bus.logs.setup import make_logger
from bus.metrics.catalogue import Metrics
from bus.model.messages import OutcomeKind
from bus.model.request import Contact, Declaration, Draft, DraftLine, DraftPerson
from bus.ports.clock import MovedClock
from bus.ports.memory_broker import MemoryBroker, MemoryCluster
from bus.ports.memory_keyring import MemoryKeyRing
from bus.ports.memory_store import MemoryStore
from bus.ports.store import Store
from bus.store.store import SqlStore
from schemas.loader import shipped
from schemas.resources import resources
from signer.ca.issue import Authority, issue_participant, make_issuing, make_root
from signer.certificates import PathValidator, to_key
from signer.directory.records import HEAD_KEY, sign_entry, sign_head
from signer.directory.view import Directory, Offer, Participant
from signer.envelope.open import Opener
from signer.envelope.seal import Sealer
from signer.identity import role_of
from signer.storekey import StoreKey
from signer.suites.keys import P256

SUITE_VARIABLE = "HEDUI_TEST_SUITE"
"""Environment variable: the suite that countries prefer whose test does not say."""

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

PARENTS = {
    "hub": None,
    "370000": "hub",
    "320000": "hub",
    "500000": "hub",
    "hub.marriage": "hub",
    "320000.housing-fund": "320000",
    "500000.housing-fund": "500000",
    "320000.housing-bureau": "320000",
    "370000.housing-fund": "370000",
}

FUND = ("housing-fund-account", "housing-fund-withdrawal", "housing-fund-loan")
OFFERED = {
    "hub.marriage": ("marriage-registration",),
    "320000.housing-fund": FUND,
    "500000.housing-fund": FUND,
    "320000.housing-bureau": ("urban-housing-security",),
    "370000.housing-fund": ("housing-fund-account",),
}


CITY_PARENTS = {"321200": "320000", "321200.housing-bureau": "321200"}
CITY_OFFERED = {"321200.housing-bureau": ("urban-housing-security",)}


def offers(names: tuple[str, ...], term: int = 5) -> tuple[Offer, ...]:
    return tuple(
        Offer(name, tuple(item.name for item in resources()[name].items), term) for name in names
    )


class TableConnector:
    """Answers from rows by ID number, as an agency's table would."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[dict[str, object]]] = {}
        self.asked: list[Lookup] = []
        self.fault: Exception | None = None

    async def check(self) -> None:
        return

    async def lookup(self, lookup: Lookup, now: datetime) -> LookupResult:
        self.asked.append(lookup)
        if self.fault is not None:
            raise self.fault
        found = []
        for person in lookup.persons:
            rows = self.rows.get((lookup.resource, person.id_number), [])
            records = to_records(resources()[lookup.resource], lookup.items, rows)
            kind = OutcomeKind.FOUND if records else OutcomeKind.NOT_FOUND
            found.append(SubjectOutcome(person.reference, kind, None, records))
        return LookupResult(now, complete(lookup, found))

    async def close(self) -> None:
        return


@dataclass
class Desk:
    """One participant at work in memory."""

    office: Office
    store: MemoryStore
    broker: MemoryBroker
    step: Step
    outbox: OutboxRelay
    connector: TableConnector | None = None
    answering: Answering | None = None
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)

    async def pump(self, cluster: MemoryCluster) -> int:
        """One round: read what is new, answer what is owed, publish; returns the work done."""
        records = []
        for topic in self.office.peers():
            if topic not in cluster.topics:
                continue
            async with self.store.transaction() as unit:
                stored = dict(await unit.offsets(topic))
            records += [
                record
                for record in cluster.records(topic)
                if record.offset >= stored.get(record.partition, 0)
            ]
        done = len(records)
        if records:
            await self.step.run(records)
            done += await self.step.retry_held()
        if self.answering is not None:
            done += await self.answering.answer_open_rows()
        return done + await self.outbox.drain()


@dataclass
class Country:
    """All participants, on one in-memory cluster and one moved clock.

    `records` are the hub's signed records of the first directory, which each store keeps.
    """

    clock: MovedClock
    cluster: MemoryCluster
    desks: dict[str, Desk]
    directory: Directory
    roots: tuple[Authority, ...]
    issuing: tuple[Authority, ...]
    records: dict[str, bytes]

    @property
    def issuers(self) -> tuple[bytes, ...]:
        return tuple(authority.der for authority in self.issuing)

    def validator(self) -> PathValidator:
        first, *others = (root.der for root in self.roots)
        return PathValidator(first, others)

    def __getitem__(self, name: str) -> Desk:
        return self.desks[name]

    async def start(self) -> None:
        for desk in self.desks.values():
            await desk.store.open()
            await desk.broker.start()
            async with desk.store.transaction() as unit:
                for key, record in self.records.items():
                    await unit.put_directory(key, record)

    async def stop(self) -> None:
        for desk in self.desks.values():
            await desk.broker.stop()
            await desk.store.close()

    async def settle(self) -> None:
        """Pump everybody until nothing moves."""
        while True:
            done = 0
            for desk in self.desks.values():
                done += await desk.pump(self.cluster)
            if not done:
                return

    def adopt(self, directory: Directory, *names: str) -> None:
        self.directory = directory
        for name in names or self.desks:
            self.desks[name].office.adopt(directory)

    def work(self, name: str, unit) -> Work:
        return Work(self.desks[name].office, unit, self.clock.now())


def make_country(
    policy: ReviewPolicy = ReviewPolicy.AUTOMATIC,
    parents: dict[str, str | None] = PARENTS,
    offered: dict[str, tuple[str, ...]] = OFFERED,
    store_of: Callable[[str], Store] = lambda _name: MemoryStore(),
    suite: str | None = None,
    without: Collection[str] = (),
    now: datetime = NOW,
) -> Country:
    """Make a country whose participants prefer a suite; those `without` have P-256 keys alone."""
    suite = suite or os.environ.get(SUITE_VARIABLE, P256)
    clock = MovedClock(now)
    roots = tuple(make_root(now, suite=one) for one in dict.fromkeys((P256, suite)))
    issuing = tuple(make_issuing(root, now) for root in roots)
    leaves = {
        name: issue_participant(
            issuing[0], name, 1, now, messages=issuing[:1] if name in without else issuing
        )
        for name in parents
    }
    participants = {
        name: Participant(
            id=name,
            role=role_of(name),
            parent=parents[name],
            title=f"测试单位 {name}",
            keys=tuple(to_key(leaf.der) for leaf in found.leaves),
            offers=offers(offered.get(name, ())),
        )
        for name, found in leaves.items()
    }
    directory = Directory(1, now, now + timedelta(minutes=30), participants)
    cluster = MemoryCluster()
    desks = {}
    for name, found in leaves.items():
        ring = MemoryKeyRing.of(found)
        find = shipped().get
        office = Office(
            me=name,
            clock=clock,
            entropy=secrets.token_bytes,
            ring=ring,
            store_key=StoreKey.ephemeral(),
            sealer=Sealer(name, ring, "p256-aes256gcm/1", secrets.token_bytes),
            opener=Opener(ring, find),
            schemas=find,
            suite=P256 if name in without else suite,
        )
        office.adopt(directory)
        store, broker, metrics = store_of(name), MemoryBroker(cluster), Metrics(name)
        agency = "." in name
        router = AgencyRouter() if agency else CentreRouter(policy)
        step = Step(office, store, router, metrics, make_logger(name))
        desk = Desk(
            office, store, broker, step, OutboxRelay(store, broker, clock, metrics, f"{name}/1")
        )
        if agency:
            desk.connector = TableConnector()
            desk.answering = Answering(
                office,
                store,
                desk.connector,
                frozenset(offered[name]),
                metrics,
                make_logger(name),
                f"{name}/1",
            )
        desks[name] = desk
    records = signed_records(desks["hub"].office.ring, directory, issuing)
    return Country(clock, cluster, desks, directory, roots, issuing, records)


def signed_records(ring, directory: Directory, issuing: Sequence[Authority]) -> dict[str, bytes]:
    """The directory as the hub signs it, by keys of the directory topic."""
    entries = {name: sign_entry(ring, p) for name, p in directory.participants.items()}
    head = sign_head(
        ring,
        version=directory.version,
        prev=None,
        entries=entries,
        issued=directory.issued,
        expires=directory.expires,
        issuers=[authority.der for authority in issuing],
    )
    return entries | {HEAD_KEY: head}


@pytest.fixture
def country_of():
    """Makes a country of one's own, not started."""
    return make_country


@pytest.fixture
async def country():
    made = make_country()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def manual_country():
    made = make_country(ReviewPolicy.MANUAL)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def sql_country(tmp_path):
    made = make_country(store_of=lambda name: SqlStore(f"sqlite+aiosqlite:///{tmp_path}/{name}.db"))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def city_country():
    made = make_country(parents={**PARENTS, **CITY_PARENTS}, offered={**OFFERED, **CITY_OFFERED})
    await made.start()
    yield made
    await made.stop()


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(number: int) -> str:
    """A synthetic ID number of area 990000 with a valid check digit."""
    first = f"9900001980{number // 28 % 12 + 1:02d}{number % 28 + 1:02d}{number // 336 % 1000:03d}"
    total = sum(int(d) * w for d, w in zip(first, _WEIGHTS, strict=True))
    return first + "10X98765432"[total % 11]


def person(number: int, household: str) -> DraftPerson:
    return DraftPerson(
        household=household,
        relation="01",
        name="测试" + chr(0x4E00 + number),
        id_type="111",
        id_number=id_number(number),
        reason="申请最低生活保障",
        document=f"授权书 {number}",
        authorised_on=date(2026, 2, 20),
        guardian=None,
    )


def make_draft(persons: int = 3, lines: tuple[DraftLine, ...] | None = None, **changed) -> Draft:
    people = tuple(person(n, f"H{n}") for n in range(persons))
    fields = {
        "addressee": "民政部低收入家庭认定指导中心",
        "legal_basis": "《社会救助暂行办法》（国务院令第649号）",
        "authority": "测试县民政局",
        "business": "subsistence-allowance",
        "business_text": "城乡低保",
        "purpose": "最低生活保障对象认定",
        "first_named": people[0].name,
        "person_count": persons,
        "query_text": "住房公积金、住房保障、婚姻登记",
        "declaration": Declaration(True, "全国各核对机构"),
        "list_submitted_on": date(2026, 3, 1),
        "contact": Contact("测试联系人", "01000000000"),
        "applied_on": date(2026, 3, 2),
        "lines": lines
        or (
            DraftLine(1, "national", "housing-fund", (), date(2025, 1, 1), date(2025, 12, 31)),
            DraftLine(2, "320000", "housing-security", (), date(2026, 1, 5), date(2026, 1, 5)),
            DraftLine(3, "hub", "marriage", (), None, None),
        ),
        "persons": people,
    }
    return Draft(**(fields | changed))


@pytest.fixture(name="make_draft")
def make_draft_fixture():
    return make_draft
