"""All participants on one in-memory cluster and one moved clock: started, pumped, moved on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TextIO

from adapters.country.desk import Desk, Fitting
from adapters.country.issuing import RENEWED_AFTER, Issuing
from bus.catalog.versions import CatalogueVersion
from bus.daemon.directory_publisher import HEAD_LIFETIME, DirectoryPublisher
from bus.daemon.work import Work
from bus.flow.levels import AssentPolicy
from bus.flow.listing import Listing
from bus.ports.broker import Outgoing
from bus.ports.clock import MovedClock
from bus.ports.memory_broker import MemoryCluster
from bus.ports.memory_store import MemoryStore
from bus.ports.store import Store, Unit
from bus.rules.review_policy import ReviewPolicy
from schemas.resources import resources
from signer.ca.issue import Authority
from signer.certificates import PathValidator
from signer.directory.records import HEAD_KEY, sign_entry, sign_head
from signer.directory.view import Directory, Offer, Participant, Standing
from signer.identity import HUB, Role, role_of
from signer.keyring import KeyRing
from signer.suites.keys import P256

Offered = Mapping[str, tuple[Offer, ...]]
"""What each agency answers on, by its id."""

LOOK_EVERY = timedelta(hours=6)
"""How far the clock moves before every daemon looks at what is due."""


class Posts(MemoryCluster):
    """A cluster that remembers which topics got something.

    Attributes:
        posted: Those topics, until somebody takes the set away.
    """

    def __init__(self) -> None:
        super().__init__()
        self.posted: set[str] = set()

    def append(self, message: Outgoing) -> None:
        """Store a record and remember its topic."""
        super().append(message)
        self.posted.add(message.topic)


@dataclass(repr=False)
class Country:
    """All participants, on one in-memory cluster and one moved clock.

    Attributes:
        directory: The directory in force.
        authorities: What certifies, and everybody's keys.
        records: The hub's signed records of the first directory, which each store keeps.
        renewed_after: Age at which time that passes renews the directory; past half an hour it is
            one in its grace, which lasts for three days.
        schemas: Resource schemas that travel with the next directories (R005).
    """

    clock: MovedClock
    cluster: Posts
    desks: dict[str, Desk]
    directory: Directory
    authorities: Issuing
    records: dict[str, bytes]
    renewed_after: timedelta = HEAD_LIFETIME
    schemas: tuple[bytes, ...] = ()
    _readers: dict[str, str] = field(default_factory=dict)
    _read_in: Directory | None = None

    @property
    def roots(self) -> tuple[Authority, ...]:
        """The roots, one for each suite."""
        return self.authorities.roots

    @property
    def issuing(self) -> tuple[Authority, ...]:
        """The issuing authority under each root."""
        return self.authorities.authorities

    @property
    def issuers(self) -> tuple[bytes, ...]:
        """DER of the issuing authorities."""
        return self.authorities.issuers

    def validator(self) -> PathValidator:
        """Return what validates to the roots."""
        return self.authorities.validator()

    def __getitem__(self, name: str) -> Desk:
        return self.desks[name]

    def work(self, name: str, unit: Unit) -> Work:
        """Return work at a desk inside a transaction of its store."""
        return Work(self.desks[name].office, unit, self.clock.now())

    async def start(self) -> None:
        """Open every store, start every broker, keep the first directory everywhere."""
        for desk in self.desks.values():
            await desk.store.open()
            await desk.broker.start()
            async with desk.store.transaction() as unit:
                for key, record in self.records.items():
                    await unit.put_directory(key, record)
                if role_of(desk.office.me) is not Role.ADAPTER:
                    first = CatalogueVersion(self.directory.issued, desk.office.catalogue)
                    await unit.put_catalogue(first)

    async def stop(self) -> None:
        """Stop every broker and close every store."""
        for desk in self.desks.values():
            await desk.broker.stop()
            await desk.store.close()

    async def settle(self, *first: str) -> None:
        """Pump until nothing moves.

        Args:
            first: Who has something to do; everybody where nobody is named.
        """
        waiting = set(first or self.desks)
        while waiting:
            for name in [name for name in self.desks if name in waiting]:
                waiting.discard(name)
                if await self.desks[name].pump(self.cluster):
                    waiting.add(name)
            waiting |= self._woken()

    def _woken(self) -> set[str]:
        """Return whose topic got something since, and whose outbox was told of something."""
        woken = {name for name, desk in self.desks.items() if desk.outbox.wake.is_set()}
        posted, self.cluster.posted = self.cluster.posted, set()
        if self._read_in is not self.directory:
            self._readers = {t: n for n, d in self.desks.items() for t in d.office.peers()}
            self._read_in = self.directory
        return woken | {self._readers[topic] for topic in posted if topic in self._readers}

    def adopt(self, directory: Directory, *names: str) -> None:
        """Put a directory in force by fiat, at those named or at everybody."""
        self.directory = directory
        for name in names or self.desks:
            self.desks[name].office.adopt(directory)

    async def advance(self, to: datetime, every: timedelta = LOOK_EVERY) -> None:
        """Move the clock on, and let every daemon do what is due on the way.

        Args:
            to: The instant to reach; one that has passed changes nothing but what is due now.
            every: How far the clock moves at a time.
        """
        while True:
            if self.clock.now() < to:
                self.clock.instant = min(to, self.clock.now() + every)
            await self.pass_time()
            if self.clock.now() >= to:
                return

    async def pass_time(self) -> None:
        """Renew keys and directory where they are due, let every daemon look, then settle."""
        now = self.clock.now()
        if now >= self.authorities.issued + RENEWED_AFTER:
            await self.renew_keys()
        elif now >= self.directory.issued + self.renewed_after:
            await self.publish()
        for desk in self.desks.values():
            await desk.pass_time()
        await self.settle()

    async def renew_keys(self) -> None:
        """Give everybody the next generation of keys; those before it are listed on."""
        self.authorities.issue(self.desks, self.clock.now())
        listed = self.directory.participants
        await self.publish(
            *(replace(one, keys=self.authorities.keys(name)) for name, one in listed.items())
        )
        for name, desk in self.desks.items():
            desk.take_keys(self.authorities.ring(name))

    async def stand(self, participant: str, standing: Standing) -> None:
        """Have the hub list a participant in another standing from now on."""
        await self.publish(replace(self.directory.participants[participant], standing=standing))

    async def publish(self, *changed: Participant) -> None:
        """Have the hub sign a new directory, fresh from now on, and put it in force everywhere.

        What the hub has verified is not verified again by each: all trust the same roots here.

        Args:
            changed: Participants as they are listed from now on; the others stay as they are.

        Raises:
            DirectoryError: They make no directory.
        """
        listed = dict(self.directory.participants) | {one.id: one for one in changed}
        hub = self.desks[HUB]
        publisher = DirectoryPublisher(hub.office, hub.store, hub.keeper, f"{HUB}/1")
        await publisher.publish(Listing(tuple(listed.values()), self.issuers, self.schemas))
        adopted = hub.keeper.current
        if adopted is None or adopted.directory is self.directory:
            return
        for desk in self.desks.values():
            if desk is not hub:
                async with desk.store.transaction() as unit:
                    await desk.keeper.keep(unit, hub.keeper.records, adopted)
                desk.keeper.put_in_force(hub.keeper.records, adopted)
        self.directory = adopted.directory


def offers(names: tuple[str, ...], term: int = 5) -> tuple[Offer, ...]:
    """Return offers of whole resources.

    Args:
        names: The resources.
        term: Their feedback term in working days.
    """
    return tuple(
        Offer(name, tuple(item.name for item in resources()[name].items), term) for name in names
    )


def make_country(
    parents: Mapping[str, str | None],
    offered: Offered,
    now: datetime,
    *,
    titles: Mapping[str, str] = MappingProxyType({}),
    policy: ReviewPolicy = ReviewPolicy.AUTOMATIC,
    store_of: Callable[[str], Store] = lambda _name: MemoryStore(),
    suite: str = P256,
    without: Collection[str] = (),
    log: TextIO | None = None,
    assent: AssentPolicy | None = None,
) -> Country:
    """Make a country; nothing is open or started yet.

    Args:
        parents: Every participant and its parent, the hub's being None.
        offered: What the agencies among them answer on.
        now: The instant the clock stands at.
        titles: Chinese names of participants; the id where there is none.
        policy: How the hub reviews.
        store_of: Makes a participant's store.
        suite: The suite that participants prefer.
        without: Participants that have P-256 keys alone.
        log: Where the daemons' log lines go; None: standard error.
        assent: How every province assents to what its cities ask; by hand where None.
    """
    clock, cluster = MovedClock(now), Posts()
    authorities = Issuing.begin(suite, without, now)
    authorities.issue(parents, now)
    participants = {
        name: Participant(
            id=name,
            role=role_of(name),
            parent=parent,
            title=titles.get(name, name),
            keys=authorities.keys(name),
            offers=offered.get(name, ()),
        )
        for name, parent in parents.items()
    }
    directory = Directory(1, now, now + HEAD_LIFETIME, participants)
    fitting = Fitting(
        clock, cluster, authorities.validator(), policy, suite, log, assent or AssentPolicy()
    )
    desks = {}
    for name in parents:
        mapped = [offer.resource for offer in offered.get(name, ())]
        desk = fitting.desk(name, authorities.ring(name), store_of(name), mapped)
        desk.office.adopt(directory)
        desks[name] = desk
    records = signed_records(desks[HUB].office.ring, directory, authorities.authorities)
    country = Country(clock, cluster, desks, directory, authorities, records)
    desks[HUB].suspend = lambda name, _reason: country.stand(name, Standing.SUSPENDED)
    return country


def signed_records(
    ring: KeyRing, directory: Directory, authorities: Sequence[Authority]
) -> dict[str, bytes]:
    """Return the directory as the hub signs it, by keys of the directory topic.

    Args:
        ring: The hub's keys.
        directory: The directory.
        authorities: The issuing authorities the participants stand under.
    """
    entries = {name: sign_entry(ring, one) for name, one in directory.participants.items()}
    head = sign_head(
        ring,
        version=directory.version,
        prev=None,
        entries=entries,
        issued=directory.issued,
        expires=directory.expires,
        issuers=[authority.der for authority in authorities],
    )
    return entries | {HEAD_KEY: head}
