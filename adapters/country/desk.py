"""One participant of the country at work: what its daemon consists of, on the in-memory ports."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import TextIO

from adapters.country.source import TableConnector
from adapters.host.answering import Answering
from adapters.host.router import AgencyRouter
from adapters.host.source import Mapped
from bus.daemon.assent_service import AssentService
from bus.daemon.audit_heads import AuditHeads
from bus.daemon.cut_off import CutOff
from bus.daemon.delay_service import DelayService
from bus.daemon.directory import DirectoryKeeper
from bus.daemon.evidence.checking import Checking
from bus.daemon.evidence.sending import Sending
from bus.daemon.evidence.service import EvidenceService
from bus.daemon.evidence.terms import Suspend, Terms
from bus.daemon.office import Office
from bus.daemon.outbox import OutboxRelay
from bus.daemon.recheck_service import RecheckService
from bus.daemon.review_service import ReviewService
from bus.daemon.router import CentreRouter
from bus.daemon.service import Service
from bus.daemon.step import Step
from bus.daemon.timers import Timers
from bus.daemon.withdrawing import Withdrawing
from bus.errors import DefectError
from bus.flow.levels import AssentPolicy
from bus.logs.setup import make_logger
from bus.metrics.catalogue import Metrics
from bus.ports.broker import Record
from bus.ports.clock import Clock
from bus.ports.memory_broker import MemoryBroker, MemoryCluster
from bus.ports.memory_keyring import MemoryKeyRing
from bus.ports.store import Store
from bus.rules.review_policy import ReviewPolicy
from schemas.loader import shipped
from signer.certificates import PathValidator
from signer.envelope.open import Opener
from signer.envelope.seal import Sealer
from signer.identity import HUB
from signer.storekey import StoreKey

Timer = Callable[[], Awaitable[object]]
"""What a daemon does by itself from time to time."""


@dataclass(repr=False)
class Desk:
    """One participant at work in memory.

    Attributes:
        timers: What its daemon does as time passes, in this order.
        connector: The table an agency answers from; None at a centre.
        answering: What answers from it; None at a centre.
        attended: Whether somebody is there to answer; what is asked meanwhile waits.
        suspend: How the hub suspends somebody; None elsewhere.
    """

    office: Office
    store: Store
    broker: MemoryBroker
    step: Step
    outbox: OutboxRelay
    keeper: DirectoryKeeper
    heads: AuditHeads
    timers: list[Timer] = field(default_factory=list)
    connector: TableConnector | None = None
    answering: Answering | None = None
    attended: bool = True
    suspend: Suspend | None = None

    @property
    def service(self) -> Service:
        """What operators of a centre can do."""
        wake, validator = self.outbox.wake.set, self.keeper.validator
        return Service(self.office, self.store, wake, self.step.run, validator)

    @property
    def rechecks(self) -> RecheckService:
        """What operators of a node can do about a disputed result."""
        return RecheckService(self.service)

    @property
    def delays(self) -> DelayService:
        """What operators of a centre can do about deadlines and delays."""
        return DelayService(self.office, self.store, self.outbox.wake.set)

    @property
    def evidence(self) -> EvidenceService:
        """What operators of a centre can do about evidence."""
        return EvidenceService(self.office, self.store, self.outbox.wake.set)

    async def cut_short(self, participant: str, reason: str) -> None:
        """Suspend a participant in the name of the hub's policy.

        Raises:
            DefectError: `NOT_THE_HUB`.
        """
        if self.suspend is None:
            raise DefectError("NOT_THE_HUB", "只有部中心可以暂停", "only the hub", where=reason)
        await self.suspend(participant, reason)

    @property
    def withdrawing(self) -> Withdrawing:
        """What operators of a node can do to end its queries before their time."""
        return Withdrawing(self.office, self.store, self.outbox.wake.set)

    @property
    def assents(self) -> AssentService:
        """What operators of a province can do with what its cities ask."""
        return AssentService(self.office, self.store, self.outbox.wake.set)

    @property
    def review(self) -> ReviewService:
        """What operators of the hub can do with applications."""
        return ReviewService(self.office, self.store, self.outbox.wake.set)

    async def pump(self, cluster: MemoryCluster) -> int:
        """One round: read what is new, answer what is owed, publish; returns the work done.

        None while the participant is suspended: what is there waits.
        """
        if self.office.paused:
            return 0
        records = await self._unread(cluster, self.office.peers())
        done = len(records)
        if records:
            await self.step.run(records)
            done += await self.step.retry_held()
        if self.answering is not None and self.attended:
            done += await self.answering.answer_open_rows()
        self.outbox.wake.clear()
        return done + await self.outbox.drain()

    async def pass_time(self) -> None:
        """Do what the daemon does by itself, now that some time has passed."""
        if self.office.paused:
            return
        for timer in self.timers:
            await timer()

    def take_keys(self, ring: MemoryKeyRing) -> None:
        """Go on with other keys, as after a restart: nothing sealed or opened is remembered."""
        office = self.office
        office.ring = ring
        office.sealer = Sealer(office.me, ring, ring.signing_suite, office.entropy)
        office.opener = Opener(ring, office.schemas)

    async def _unread(self, cluster: MemoryCluster, topics: Iterable[str]) -> list[Record]:
        """Return what has arrived since the offsets that the store holds."""
        records: list[Record] = []
        there = frozenset(cluster.topics)
        async with self.store.transaction() as unit:
            for topic in topics:
                if topic not in there:
                    continue
                stored = await unit.offsets(topic)
                for partition, log in enumerate(cluster.partitions(topic)):
                    records += log[stored.get(partition, 0) :]
        return records


def _evidence(desk: Desk, instance: str) -> list[Timer]:
    """Return what a centre does about evidence as time passes."""
    office, store, wake = desk.office, desk.store, desk.outbox.wake.set
    if office.me != HUB:
        return [Sending(office, store, instance, wake).send]
    step = desk.step
    terms = Terms(office, store, step.metrics, step.log, instance, wake, desk.cut_short)
    return [Checking(office, store, instance, wake).look, terms.look]


@dataclass(frozen=True, slots=True)
class Fitting:
    """What all desks of a country are fitted with alike.

    Attributes:
        policy: How the hub reviews.
        suite: The suite that messages are made in.
        log: Where the daemons' log lines go; None: standard error.
        assent: How provinces assent to what their cities ask.
    """

    clock: Clock
    cluster: MemoryCluster
    validator: PathValidator
    policy: ReviewPolicy
    suite: str
    log: TextIO | None = None
    assent: AssentPolicy = field(default_factory=AssentPolicy)

    def desk(
        self, name: str, ring: MemoryKeyRing, store: Store, resources: Collection[str]
    ) -> Desk:
        """Return a participant put together, its store not yet open.

        Args:
            name: Its id.
            ring: Its keys.
            store: Its store.
            resources: What it answers on; empty at a centre.
        """
        find = shipped().get
        suite = self.suite if self.suite in ring.signing_keys else ring.signing_suite
        office = Office(
            me=name,
            clock=self.clock,
            entropy=secrets.token_bytes,
            ring=ring,
            store_key=StoreKey.ephemeral(),
            sealer=Sealer(name, ring, ring.signing_suite, secrets.token_bytes),
            opener=Opener(ring, find),
            schemas=find,
            suite=suite,
        )
        instance, log, metrics = f"{name}/1", make_logger(name, self.log), Metrics(name)
        broker = MemoryBroker(self.cluster)
        agency = "." in name
        step = Step(
            office,
            store,
            AgencyRouter() if agency else CentreRouter(self.policy, assent=self.assent),
            metrics,
            log,
        )
        outbox = OutboxRelay(store, broker, self.clock, metrics, instance)
        keeper = DirectoryKeeper(office, store, self.validator, metrics)
        heads = AuditHeads(office, store, asyncio.Event())
        desk = Desk(office, store, broker, step, outbox, keeper, heads)
        desk.timers += [step.retry_held]
        timers = Timers(office, store, metrics, log, instance, outbox.wake.set)
        if agency:
            desk.connector = TableConnector()
            desk.answering = Answering(
                *(office, store, desk.connector, Mapped.of(resources), metrics, log, instance)
            )
        else:
            desk.timers += [CutOff(office, store, outbox, log).close]
            desk.timers += _evidence(desk, instance)
        desk.timers += [timers.look, desk.heads.sign]
        return desk
