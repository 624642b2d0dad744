"""What must stand in everybody's books about one query: each line once, and none besides.

Worked out from who holds which tables, and from the tree; not from what the daemons did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from crash_load import holdings

from adapters.demo.agencies import CENTRES, SHANDONG
from bus.model.audit import Event
from bus.model.case import Case, CaseRole, QueryState, RowState
from bus.ports.audit_chain import verify
from bus.ports.store import AuditEntry
from bus.ports.store_errors import StoreCorrupt
from signer.identity import HUB

ENDED = {
    CaseRole.REQUESTER: QueryState.DELIVERED,
    CaseRole.REVIEWER: QueryState.DELIVERED,
    CaseRole.PROVIDER: QueryState.ANSWERED,
    CaseRole.AGENCY: QueryState.DELIVERED,
}
"""The last state of a case of each role."""

_PLACE = ("to", "part", "resource", "accepted")
"""What of an entry's detail tells where it belongs; digests differ from query to query."""

_READING = (Event.RESULT_READ, Event.PROOF_EXPORTED)
"""What an operator may do as often as he wishes."""

_REPEATED = Event.LOOKUP_BEGUN
"""What a crash repeats: the source is asked again, and the books say so."""

_PART = 1
"""Every query here has one part."""

Line = tuple[str, str, tuple[str | int | None, ...]]
"""Event, actor, place."""


@dataclass(frozen=True, slots=True)
class Books:
    """What one participant's store holds.

    Attributes:
        waiting: Records unsent or parked.
        refused: Records in quarantine.
    """

    name: str
    cases: Sequence[Case]
    audit: Sequence[AuditEntry]
    waiting: int
    refused: int

    @property
    def whole(self) -> bool:
        """Whether the audit chain is whole."""
        try:
            verify(self.audit)
        except StoreCorrupt:
            return False
        return True

    def ended(self, queries: int) -> bool:
        """Whether so many queries have ended here, and nothing waits."""
        states = [case.state is ENDED[case.role] for case in self.cases]
        return all(states) and len(states) == queries and not self.waiting

    def noted(self, query: UUID) -> Counter[Line]:
        """Return what the audit chain tells of a query."""
        return Counter(
            _line(entry.event.event, entry.event.actor, **entry.event.detail)
            for entry in self.audit
            if entry.event.query == query and _counts(entry.event.event, entry.event.detail)
        )

    def owed(self, query: UUID) -> Counter[tuple[str, str, RowState]]:
        """Return what the cases tell of a query: agency, resource and state of each row."""
        return Counter(
            (row.holder, row.resource, row.state)
            for case in self.cases
            if case.query == query
            for row in case.rows
            if row.leaf
        )


def due_rows(name: str) -> Counter[tuple[str, str, RowState]]:
    """Return the rows a participant must keep: those that it asks, passes on or answers."""
    return Counter(
        (agency, resource, RowState.ANSWERED)
        for agency, resource in holdings()
        if name in (HUB, SHANDONG, agency, agency.partition(".")[0])
    )


def due_lines(name: str, operator: str) -> Counter[Line]:
    """Return the lines that a participant's audit chain must hold of a query.

    Args:
        name: The participant.
        operator: Who submitted the query.
    """
    agencies = sorted({agency for agency, _ in holdings()})
    nodes = sorted({centre for centre, _, _ in map(_split, agencies)} - {HUB})
    if name == HUB:
        return Counter(_hub(agencies, nodes))
    if name == SHANDONG:
        return Counter(_requester(nodes, operator))
    return Counter(_node(name, agencies) if name in CENTRES else _agency(name))


def _hub(agencies: Iterable[str], nodes: Sequence[str]) -> Iterable[Line]:
    yield _line(Event.APPLICATION_RECEIVED, SHANDONG)
    yield _line(Event.REVIEW_OPENED, HUB)
    yield _line(Event.APPLICATION_DECIDED, HUB, accepted=1)
    own = [agency for agency in agencies if _split(agency)[0] == HUB]
    for child in (*nodes, *own):
        yield _line(Event.ORDER_SENT, HUB, to=child, part=_PART)
    for node in nodes:
        yield _line(Event.DISPATCH_RECEIVED, node)
    yield _line(Event.QUERY_DELIVERED, SHANDONG)


def _requester(nodes: Iterable[str], operator: str) -> Iterable[Line]:
    yield _line(Event.QUERY_SUBMITTED, f"operator:{operator}")
    yield _line(Event.QUERY_SENT, SHANDONG)
    yield _line(Event.DECISION_RECEIVED, HUB, accepted=1)
    for centre in (HUB, *nodes):
        yield _line(Event.DISPATCH_RECEIVED, centre)
    for agency, resource in holdings():
        yield _line(Event.ANSWER_RECEIVED, agency, part=_PART, resource=resource)
    yield _line(Event.QUERY_DELIVERED, SHANDONG)


def _node(name: str, agencies: Iterable[str]) -> Iterable[Line]:
    yield _line(Event.ORDER_RECEIVED, name, part=_PART)
    for agency in agencies:
        if _split(agency)[0] == name:
            yield _line(Event.ORDER_SENT, name, to=agency, part=_PART)
    for agency, resource in holdings():
        if _split(agency)[0] == name:
            yield _line(Event.ANSWER_PASSED, agency, part=_PART, resource=resource)


def _agency(name: str) -> Iterable[Line]:
    yield _line(Event.ORDER_RECEIVED, name, part=_PART)
    for agency, resource in holdings():
        if agency == name:
            yield _line(Event.LOOKUP_DONE, name, part=_PART, resource=resource)
            yield _line(Event.ANSWER_SENT, name, part=_PART, resource=resource)
    yield _line(Event.QUERY_DELIVERED, SHANDONG)


def _counts(event: str, detail: Mapping[str, object]) -> bool:
    """Whether an entry must stand there once; a lookup by an instance that was too late may too."""
    too_late = event == Event.LOOKUP_DONE and bool(detail["code"])
    return event not in {*_READING, _REPEATED} and not too_late


def _line(event: str, actor: str, **detail: str | int | None) -> Line:
    return str(event), actor, tuple(detail.get(key) for key in _PLACE)


def _split(agency: str) -> tuple[str, str, str]:
    return agency.partition(".")
