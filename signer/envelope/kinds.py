"""What each kind of message may do: one table (spec §8). A new kind is a new row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from signer.directory.view import Standing
from signer.identity import Role


class Kind(StrEnum):
    """Kinds of message, by their name on the wire."""

    APPLICATION = "Application"
    CONSENT = "Consent"
    ROSTER = "Roster"
    ASSENT = "Assent"
    DECISION = "Decision"
    DISPATCH = "Dispatch"
    ANSWER = "Answer"
    RECEIPT = "Receipt"
    DELAY = "Delay"
    PROBLEM = "Problem"
    RENEWAL = "Renewal"
    PROBE = "Probe"
    CANCELLATION = "Cancellation"
    CANCELLATION_REPLY = "CancellationReply"
    EVIDENCE_REQUEST = "EvidenceRequest"
    EVIDENCE = "Evidence"
    EVIDENCE_REVIEW = "EvidenceReview"
    CATALOG_REPORT = "CatalogReport"


class Travel(StrEnum):
    """In which directions a kind moves along the tree's edges."""

    UP = "up"
    DOWN = "down"
    UP_THEN_DOWN = "up, then down"


@dataclass(frozen=True, slots=True)
class KindRule:
    """One row of the table.

    Attributes:
        origins: Roles that may make it.
        destinations: Roles it may be addressed to.
        travel: Directions it may move in.
        lifetime: Longest time from `created` to `expires`.
        relay_adds_reader: Whether a relay may add exactly its `to` as a reader.
        ordered_downwards: Whether it moves down only under an order.
        compressible: Whether its payload may be deflated.
        minimum: Smallest padded plaintext, bytes.
        standings: Standings in which a neighbour may hand it over (R007, R014).
        with_hub: Whether one of its ends must be the hub.
    """

    origins: frozenset[Role]
    destinations: frozenset[Role]
    travel: Travel
    lifetime: timedelta
    relay_adds_reader: bool = False
    ordered_downwards: bool = False
    compressible: bool = False
    minimum: int = 0
    standings: frozenset[Standing] = frozenset({Standing.CONNECTED})
    with_hub: bool = False


_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_MONTH = timedelta(days=30)
_HUB = frozenset({Role.HUB})
_NODE = frozenset({Role.NODE})
_ADAPTER = frozenset({Role.ADAPTER})
_ANY = _HUB | _NODE | _ADAPTER
_ADMITTED = frozenset({Standing.CERTIFIED, Standing.TESTED, Standing.CONNECTED})

KINDS: dict[str, KindRule] = {
    Kind.APPLICATION: KindRule(_NODE, _HUB, Travel.UP, _WEEK, relay_adds_reader=True),
    Kind.CONSENT: KindRule(
        _NODE, _HUB, Travel.UP, _WEEK, relay_adds_reader=True, compressible=True
    ),
    Kind.ROSTER: KindRule(
        _NODE,
        _HUB,
        Travel.UP_THEN_DOWN,
        _MONTH,
        relay_adds_reader=True,
        ordered_downwards=True,
        compressible=True,
    ),
    Kind.ASSENT: KindRule(_NODE, _HUB | _NODE, Travel.UP_THEN_DOWN, _WEEK),
    Kind.DECISION: KindRule(_HUB, _NODE, Travel.DOWN, _WEEK),
    Kind.DISPATCH: KindRule(_HUB | _NODE, _HUB | _NODE, Travel.UP_THEN_DOWN, _MONTH),
    Kind.ANSWER: KindRule(
        _ADAPTER, _NODE, Travel.UP_THEN_DOWN, _MONTH, compressible=True, minimum=4096
    ),
    Kind.RECEIPT: KindRule(_NODE, _HUB | _ADAPTER, Travel.UP_THEN_DOWN, _WEEK),
    # As long as orders: whoever holds one must hear that it ends.
    Kind.CANCELLATION: KindRule(_HUB | _NODE, _ANY, Travel.UP_THEN_DOWN, _MONTH),
    Kind.CANCELLATION_REPLY: KindRule(_ANY, _HUB | _NODE, Travel.UP_THEN_DOWN, _MONTH),
    Kind.DELAY: KindRule(_ANY, _ANY, Travel.UP_THEN_DOWN, _MONTH),
    Kind.RENEWAL: KindRule(_NODE | _ADAPTER, _HUB, Travel.UP, _WEEK),
    Kind.CATALOG_REPORT: KindRule(_NODE, _HUB, Travel.UP, _WEEK, compressible=True),
    Kind.PROBLEM: KindRule(_ANY, _ANY, Travel.UP_THEN_DOWN, _WEEK),
    Kind.PROBE: KindRule(_ANY, _ANY, Travel.UP_THEN_DOWN, _DAY, standings=_ADMITTED, with_hub=True),
    Kind.EVIDENCE_REQUEST: KindRule(_HUB, _NODE, Travel.DOWN, _MONTH),
    Kind.EVIDENCE: KindRule(_NODE, _HUB, Travel.UP, _MONTH),
    Kind.EVIDENCE_REVIEW: KindRule(_HUB, _NODE, Travel.DOWN, _MONTH),
}
