"""What one participant's process holds in common: identity, keys, clock, directory in force."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bus.catalog.catalogue import Catalogue
from bus.errors import UnavailableError
from bus.flow.deadlines import WARN_WORKING_DAYS, DeadlineRules
from bus.flow.evidence import EvidenceRules
from bus.ports.clock import Clock
from bus.rules.catalogue_version import CATALOGUE_LIMIT
from bus.rules.provincial_rules import ProvincialRule
from bus.rules.report_due import REPORT_EVERY
from bus.rules.working_days import Calendar
from schemas.loader import Schema
from schemas.resources import Resource, resources, with_resources
from signer.directory.records import GRACE
from signer.directory.view import Directory, Standing
from signer.envelope.kinds import KINDS
from signer.envelope.open import Opener
from signer.envelope.seal import Sealer
from signer.envelope.wrapping import Entropy
from signer.identity import inbox_topic, outbox_topic
from signer.keyring import KeyRing
from signer.storekey import StoreKey
from signer.suites.keys import P256

_PAUSED = frozenset({Standing.SUSPENDED, Standing.WITHDRAWN})


@dataclass
class Office:
    """One participant at work.

    `suite` is the one its messages are made in where all whom they concern have it.
    `warn_days` is how many working days are left when a deadline is warned of.
    `directory` is None until the first one was adopted; nothing is served before. `set_back` tells
    that the store is older than what was read with it: it was restored from a backup. `milestone`
    is set when a query was delivered, so that the audit chain is signed soon after.
    `catalogue_limit`: how long ago a catalogue may have been superseded that an application names.
    `report_every`: how long a province may be silent about its resources; used at the hub.
    `rules` are a province's own (R039).
    `evidence` is how the hub calls evidence up; of no effect elsewhere.
    """

    me: str
    clock: Clock
    entropy: Entropy
    ring: KeyRing
    store_key: StoreKey
    sealer: Sealer
    opener: Opener
    schemas: Callable[[bytes], Schema | None]
    suite: str = P256
    calendar: Calendar = field(default_factory=Calendar)
    sealing: asyncio.Lock = field(default_factory=asyncio.Lock)
    warn_days: int = WARN_WORKING_DAYS
    set_back: bool = False
    milestone: asyncio.Event = field(default_factory=asyncio.Event)
    catalogue_limit: timedelta = CATALOGUE_LIMIT
    report_every: timedelta = REPORT_EVERY
    rules: tuple[ProvincialRule, ...] = ()
    evidence: EvidenceRules = field(default_factory=EvidenceRules)
    _directory: Directory | None = None
    _catalogue: Catalogue | None = None
    _resources: Mapping[str, Resource] = field(default_factory=resources)

    @property
    def ready(self) -> bool:
        """Whether a directory is in force."""
        return self._directory is not None

    @property
    def directory(self) -> Directory:
        """The directory in force.

        Raises:
            UnavailableError: `DIRECTORY_NOT_READ`.
        """
        if self._directory is None:
            raise _not_ready()
        return self._directory

    @property
    def paused(self) -> bool:
        """Whether we exchange nothing: suspended, or withdrawn. What is there waits."""
        found = None if self._directory is None else self._directory.get(self.me)
        return found is not None and found.standing in _PAUSED

    def left_behind(self) -> frozenset[str]:
        """Return the topics that carried messages to children which have left."""
        if self._directory is None:
            return frozenset()
        children = self._directory.children(self.me)
        return frozenset(inbox_topic(c.id) for c in children if c.standing is Standing.WITHDRAWN)

    def check_standing(self, kind: str) -> None:
        """Check that our standing allows us to hand over a kind (R007, R014).

        Raises:
            UnavailableError: `PARTICIPANT_NOT_CONNECTED`.
        """
        found = self.directory.get(self.me)
        rule = KINDS.get(kind)
        if found is None or rule is None or found.standing in rule.standings:
            return
        raise UnavailableError(
            "PARTICIPANT_NOT_CONNECTED",
            "本参与方尚未接入，只能进行入网前检测",
            "this participant is not connected yet; only the conformance test is open to it",
            remedy_zh="请先通过检测（hedui conformance run），并由部中心接入",
            remedy_en="Pass the test (`hedui conformance run`) and have the hub connect you",
            where=self.me,
        )

    def in_force(self, now: datetime) -> Directory:
        """Return the directory to exchange under: not one that is past even its grace (72 hours).

        Nor do we exchange while others would refuse what we sign: it would be lost to them.

        Raises:
            UnavailableError: `DIRECTORY_NOT_READ`, `DIRECTORY_LAPSED`, `PARTICIPANT_SUSPENDED`,
                `SIGNING_KEY_NOT_LISTED`, `SIGNING_KEY_ENDED`.
        """
        directory = self.directory
        if self.paused:
            raise UnavailableError(
                "PARTICIPANT_SUSPENDED",
                "本参与方已被部中心暂停或已退出",
                "the hub has suspended this participant, or it has left",
                remedy_zh="请与部中心联系；恢复后积压的消息自动继续",
                remedy_en="Ask the hub; what waits goes on by itself once it is resumed",
                where=self.me,
            )
        self._check_signing_key(directory, now)
        if now > directory.expires + GRACE:
            raise UnavailableError(
                "DIRECTORY_LAPSED",
                "参与方目录已过期且超出宽限期",
                "the directory has expired beyond its grace",
                remedy_zh="请检查与部中心之间的网络和部中心的运行状况",
                remedy_en="Check the network to the hub, and the hub itself",
            )
        return directory

    def _check_signing_key(self, directory: Directory, now: datetime) -> None:
        listed = directory.key(self.ring.signing_key)
        if listed is None or listed[0].id != self.me:
            raise UnavailableError(
                "SIGNING_KEY_NOT_LISTED",
                "现行目录中没有本方当前的签名证书",
                "the directory in force does not list our signing certificate",
                remedy_zh="请将新证书交部中心登记；目录更新后自动继续",
                remedy_en="Have the hub list the new certificate; we go on once it does",
                where=self.me,
            )
        if not listed[1].valid_at(now):
            raise UnavailableError(
                "SIGNING_KEY_ENDED",
                "本方签名证书已过期或被吊销",
                "our signing certificate has expired or was revoked",
                remedy_zh="请换发证书后重启；积压的消息届时自动继续",
                remedy_en="Have it renewed and restart; what waits then goes on by itself",
                where=self.me,
            )

    @property
    def deadline_rules(self) -> DeadlineRules:
        """What the deadlines of cases are counted by.

        Raises:
            UnavailableError: `DIRECTORY_NOT_READ`.
        """
        return DeadlineRules(self.me, self.directory, self.calendar, self.warn_days)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of the directory in force.

        Raises:
            UnavailableError: `DIRECTORY_NOT_READ`.
        """
        if self._catalogue is None:
            raise _not_ready()
        return self._catalogue

    def adopt(self, directory: Directory, schemas: Sequence[Schema] = ()) -> None:
        """Put a verified directory in force, with the resource schemas that travel in it (R005)."""
        self._directory = directory
        self._resources = with_resources(schemas)
        self._catalogue = Catalogue.from_directory(directory, self._resources)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The known resources by name: those that ship, and those of the directory in force."""
        return self._resources

    def resource(self, name: str) -> Resource | None:
        """Return a known resource by name."""
        return self._resources.get(name)

    @property
    def parent(self) -> str | None:
        """Our parent's id; None at the hub."""
        return self.directory.parent(self.me)

    def peers(self) -> dict[str, str]:
        """Return the topics we read, each with the participant that may write it."""
        topics = {outbox_topic(c.id): c.id for c in self.directory.children(self.me)}
        if self.parent is not None:
            topics[inbox_topic(self.me)] = self.parent
        return topics

    def topic_towards(self, neighbour: str) -> str:
        """Return the topic that carries a message to a neighbour."""
        return outbox_topic(self.me) if neighbour == self.parent else inbox_topic(neighbour)


def _not_ready() -> UnavailableError:
    return UnavailableError(
        "DIRECTORY_NOT_READ",
        "尚未读到有效的参与方目录",
        "no valid directory has been read yet",
        remedy_zh="请稍候；若持续如此，请检查部中心是否在运行、根证书是否正确",
        remedy_en="Wait; if it persists check that the hub runs and the root certificate is right",
    )
