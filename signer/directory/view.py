"""A verified directory as it stood at one version: read-only, looked up by id and by key.

The opening checks, the router and the catalogue all read this one value. It is made by
`signer.directory.records` from signed records, never by hand outside tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from signer.identity import HUB, Role


class KeyUse(StrEnum):
    """What a certified key is for; one certificate has one use."""

    TLS = "tls"
    SIGNING = "signing"
    ENCRYPTION = "encryption"


class Standing(StrEnum):
    """How far a participant is admitted (民办发〔2018〕32号 art. 4 to 6; R007, R014).

    Before it is certified it is not listed.
    """

    CERTIFIED = "CERTIFIED"
    TESTED = "TESTED"
    CONNECTED = "CONNECTED"
    SUSPENDED = "SUSPENDED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class Key:
    """One certified public key.

    `id` is the SHA-256 of the certificate's DER SubjectPublicKeyInfo. `revoked` is the instant
    from which nothing made with the key is accepted, or None.
    """

    id: bytes
    use: KeyUse
    suite: str
    generation: int
    not_before: datetime
    not_after: datetime
    certificate: bytes
    public_key: object = field(compare=False)
    revoked: datetime | None = None

    def valid_at(self, instant: datetime) -> bool:
        """Whether the certificate's period covers the instant and it was not yet revoked."""
        if self.revoked is not None and instant >= self.revoked:
            return False
        return self.not_before <= instant <= self.not_after


class Level(StrEnum):
    """Where the data of a resource are organised, from the lowest up (R038, R054, R055)."""

    COUNTY = "county"
    PREFECTURE = "prefecture"
    PROVINCE = "province"
    CENTRE = "centre"

    @property
    def rank(self) -> int:
        """Its place from the lowest, 0."""
        return list(Level).index(self)


class RangeAbility(StrEnum):
    """Which time ranges a resource can be asked for (R053); each includes those before it."""

    LATEST = "latest"
    DAY = "day"
    PERIOD = "period"

    @property
    def rank(self) -> int:
        """Its place from the least, 0."""
        return list(RangeAbility).index(self)


class Mode(StrEnum):
    """How a resource is answered: online, by upload, on an offline medium (R056, R066)."""

    ONLINE = "online"
    UPLOAD = "upload"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Offer:
    """A resource that an adapter answers: its items and its feedback term (反馈期限).

    `level`, `range` and `updates` (a code of the table of that name) are None where they are not
    stated. `back_months` is how far back a range may reach; None: not limited, or not stated.
    """

    resource: str
    items: tuple[str, ...]
    term_working_days: int
    level: Level | None = None
    range: RangeAbility | None = None
    back_months: int | None = None
    updates: str | None = None
    mode: Mode = Mode.ONLINE

    @property
    def plain(self) -> bool:
        """Whether it states only what version 1 of an entry has room for."""
        return self == Offer(self.resource, self.items, self.term_working_days)


@dataclass(frozen=True, slots=True)
class CatalogueMark:
    """The catalogue's version, as the hub's entry states it (R036).

    `version` is that of the directory in which the catalogue's present content first stood,
    `since` when that was issued, `digest` what the content hashes to.
    """

    version: int
    since: datetime
    digest: bytes


@dataclass(frozen=True, slots=True)
class Participant:
    """One participant as the directory lists it.

    `title` is its Chinese name (a unit, never a person). `hosts` are its registered addresses
    (R013). `reads` are the SHA-256 digests of the payload schemas it understands. Only who is
    connected exchanges. `catalogue` stands in the hub's entry alone.
    """

    id: str
    role: Role
    parent: str | None
    title: str
    keys: tuple[Key, ...]
    hosts: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
    reads: tuple[bytes, ...] = ()
    version: int = 1
    standing: Standing = Standing.CONNECTED
    catalogue: CatalogueMark | None = None

    def encryption_key(self, instant: datetime, suite: str | None = None) -> Key | None:
        """Return the newest encryption key valid at the instant, of a suite where one is given."""
        usable = [
            k
            for k in self.keys
            if k.use is KeyUse.ENCRYPTION and k.valid_at(instant) and suite in (None, k.suite)
        ]
        return max(usable, key=lambda k: (k.generation, k.not_before), default=None)


@dataclass(frozen=True, slots=True)
class Directory:
    """All participants at one directory version."""

    version: int
    issued: datetime
    expires: datetime
    participants: Mapping[str, Participant]
    _by_key: Mapping[bytes, tuple[Participant, Key]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_key = {k.id: (p, k) for p in self.participants.values() for k in p.keys}
        object.__setattr__(self, "_by_key", MappingProxyType(by_key))

    def get(self, participant: str) -> Participant | None:
        """Return the participant of that id, or None."""
        return self.participants.get(participant)

    def key(self, key: bytes) -> tuple[Participant, Key] | None:
        """Return the participant and key of a key id, or None when it is not listed."""
        return self._by_key.get(key)

    def parent(self, participant: str) -> str | None:
        """Return the parent's id; None for the hub and for unknown ids."""
        found = self.participants.get(participant)
        return found.parent if found else None

    def children(self, participant: str) -> tuple[Participant, ...]:
        """Return the direct children, by id."""
        return tuple(p for _, p in sorted(self.participants.items()) if p.parent == participant)

    def path_up(self, participant: str) -> tuple[str, ...]:
        """Return the ids from the participant up to the hub, itself first; cycles end it."""
        path: list[str] = []
        at: str | None = participant
        while at is not None and at in self.participants and at not in path:
            path.append(at)
            at = self.participants[at].parent
        return tuple(path)

    def next_hop(self, me: str, destination: str) -> str | None:
        """Return the neighbour of `me` on the tree path to `destination`, or None if there is none.

        Messages move only along the tree's edges, so what crosses provinces passes the hub (R018).
        """
        if me == destination or destination not in self.participants:
            return None
        upward = self.path_up(destination)
        if me in upward:
            return upward[upward.index(me) - 1]
        return self.parent(me)

    @property
    def hub(self) -> Participant:
        """The hub's own entry."""
        return self.participants[HUB]
