"""A small tree of participants, with keys made in memory, for the tests of the signer room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bus.ports.memory_keyring import MemoryKeyRing
from signer.ca.issue import Authority, LeafSet, issue_participant, make_issuing, make_root
from signer.certificates import PathValidator, to_key
from signer.directory.records import HEAD_KEY, Adopted, adopt, sign_entry, sign_head
from signer.directory.view import Directory, Offer, Participant
from signer.identity import role_of

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

PARENTS: dict[str, str | None] = {
    "hub": None,
    "370000": "hub",
    "320000": "hub",
    "321200": "320000",
    "hub.marriage": "hub",
    "320000.housing-fund": "320000",
    "321200.housing-bureau": "321200",
}

OFFERS = {
    "hub.marriage": (Offer("marriage-registration", ("marital_status",), 5),),
    "320000.housing-fund": (Offer("housing-fund-account", ("balance", "status"), 7),),
}


@dataclass
class Tree:
    """Participants with certificates of one CA, their rings, and the directory over them."""

    root: Authority
    issuing: Authority
    leaves: dict[str, LeafSet]
    rings: dict[str, MemoryKeyRing]
    participants: dict[str, Participant]
    now: datetime = NOW
    validator: PathValidator = field(init=False)

    def __post_init__(self) -> None:
        self.validator = PathValidator(self.root.der)

    @property
    def directory(self) -> Directory:
        """The directory as an object, without signing and adopting."""
        return Directory(
            1, self.now - timedelta(minutes=1), self.now + timedelta(minutes=30), self.participants
        )

    def entries(self) -> dict[str, bytes]:
        """Signed entries of all participants."""
        hub = self.rings["hub"]
        return {name: sign_entry(hub, p) for name, p in self.participants.items()}

    def head(self, entries: dict[str, bytes], **changed) -> bytes:
        """A signed head over entries; keyword arguments replace its fields."""
        fields = {
            "version": 1,
            "prev": None,
            "issued": self.now - timedelta(minutes=1),
            "expires": self.now + timedelta(minutes=30),
            "issuers": [self.issuing.der],
        }
        ring = changed.pop("ring", self.rings["hub"])
        return sign_head(ring, entries=entries, **(fields | changed))

    def records(self, **changed) -> dict[str, bytes]:
        """All records of the directory topic; keyword arguments replace fields of the head."""
        entries = self.entries()
        return entries | {HEAD_KEY: self.head(entries, **changed)}

    def adopted(self) -> Adopted:
        """The directory, signed, verified and adopted."""
        return adopt(self.records(), self.validator, None, self.now)


def participant_of(leaves: LeafSet, parent: str | None) -> Participant:
    """The directory entry of freshly issued keys."""
    return Participant(
        id=leaves.participant,
        role=role_of(leaves.participant),
        parent=parent,
        title=f"测试单位 {leaves.participant}",
        keys=tuple(to_key(leaf.der) for leaf in leaves.leaves),
        hosts=("127.0.0.1",),
        offers=OFFERS.get(leaves.participant, ()),
        reads=(bytes(32),),
    )


def make_tree(now: datetime = NOW) -> Tree:
    """Make the tree of `PARENTS` with fresh keys."""
    root = make_root(now)
    issuing = make_issuing(root, now)
    leaves = {name: issue_participant(issuing, name, 1, now) for name in PARENTS}
    return Tree(
        root=root,
        issuing=issuing,
        leaves=leaves,
        rings={name: MemoryKeyRing.of(found) for name, found in leaves.items()},
        participants={n: participant_of(found, PARENTS[n]) for n, found in leaves.items()},
        now=now,
    )


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def tree() -> Tree:
    return make_tree()
