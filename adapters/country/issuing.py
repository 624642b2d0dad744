"""The authorities of a country and its participants' keys, renewed in time as participants do."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bus.ports.memory_keyring import MemoryKeyRing
from signer.ca.issue import Authority, LeafSet, issue_participant, make_issuing, make_root
from signer.certificates import PathValidator, to_key
from signer.directory.view import Key
from signer.suites.keys import P256

RENEWED_AFTER = timedelta(days=90)
"""Age at which keys get a successor: half of what an encryption certificate lives."""


@dataclass
class Issuing:
    """What certifies, and what it has certified.

    Attributes:
        roots: The roots, one for each suite, P-256 first.
        authorities: The issuing authority under each.
        without: Participants that have P-256 keys alone.
        issued: When the newest generation was issued.
    """

    roots: tuple[Authority, ...]
    authorities: tuple[Authority, ...]
    without: Collection[str]
    issued: datetime
    _leaves: dict[str, list[LeafSet]] = field(default_factory=dict)

    @classmethod
    def begin(cls, suite: str, without: Collection[str], now: datetime) -> Issuing:
        """Make the roots and the authorities under them.

        Args:
            suite: The suite that participants prefer; all have P-256 besides.
            without: Participants that get P-256 keys alone.
            now: The instant of issue.
        """
        roots = tuple(make_root(now, suite=one) for one in dict.fromkeys((P256, suite)))
        return cls(roots, tuple(make_issuing(root, now) for root in roots), without, now)

    @property
    def issuers(self) -> tuple[bytes, ...]:
        """DER of the issuing authorities."""
        return tuple(authority.der for authority in self.authorities)

    def validator(self) -> PathValidator:
        """Return what validates to the roots."""
        first, *others = (root.der for root in self.roots)
        return PathValidator(first, others)

    def issue(self, names: Iterable[str], now: datetime) -> None:
        """Issue each participant its next generation of keys."""
        for name in names:
            kept = self._leaves.setdefault(name, [])
            suites = self.authorities[:1] if name in self.without else self.authorities
            made = issue_participant(self.authorities[0], name, len(kept) + 1, now, messages=suites)
            kept.append(made)
        self.issued = now

    def keys(self, name: str) -> tuple[Key, ...]:
        """Return all keys of a participant, as the directory lists them: ended ones too."""
        return tuple(to_key(leaf.der) for made in self._leaves[name] for leaf in made.leaves)

    def ring(self, name: str) -> MemoryKeyRing:
        """Return a ring that signs with the newest keys and opens with all."""
        *earlier, newest = self._leaves[name]
        return MemoryKeyRing.of(newest, *reversed(earlier))
