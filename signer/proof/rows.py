"""Check 12: the Dispatches form one tree of rows under the hub's (docs/spec/proof.md §7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signer.directory.view import Directory
from signer.identity import HUB, Role
from signer.proof.conversation import Conversation, Proven
from signer.proof.failures import ProofError


@dataclass(frozen=True, slots=True)
class Row:
    """One thing owed: `child` owes `by` an Answer (a leaf) or another Dispatch.

    `order` is the chain digest of the endorsed roster part that `child` received. `ordered` is when
    the Dispatch that states the row was sealed.
    """

    part: int
    resource: str
    by: str
    child: str
    leaf: bool
    due: datetime
    order: bytes
    ordered: datetime


@dataclass(frozen=True, slots=True)
class Unserved:
    """A resource that nobody below `by` could be asked for, with the reason's code."""

    part: int
    resource: str
    by: str
    code: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The whole tree. `dispatched` holds the orders that became a further Dispatch."""

    rows: tuple[Row, ...]
    unserved: tuple[Unserved, ...]
    dispatched: frozenset[bytes]


class _Tree:
    """The tree while it grows from the hub downwards."""

    def __init__(self, conversation: Conversation, directory: Directory) -> None:
        self._conversation = conversation
        self._directory = directory
        self._rows: list[Row] = []
        self._unserved: list[Unserved] = []
        self._named: set[tuple[int, str, str]] = set()
        self._orders: dict[bytes, tuple[int, str]] = {}
        self._dispatched: set[bytes] = set()

    def grow(self) -> Rows:
        """Walk from the hub's Dispatch down; every Dispatch must be reached, once."""
        top: Proven | None = None
        below: dict[bytes, Proven] = {}
        for message in self._conversation.dispatches:
            order = message.header.order
            if (order is None and top is not None) or order in below:
                raise ProofError("PROOF_DISPATCH_TWICE", message.where)
            if order is None:
                top = message
            else:
                below[order] = message
        reached = [] if top is None else self._take_top(top)
        while reached:
            row = reached.pop()
            if not row.leaf and row.order in below:
                reached += self._take(below.pop(row.order), row)
        for message in below.values():
            raise ProofError("PROOF_DISPATCH_FOREIGN", message.where)
        return Rows(tuple(self._rows), tuple(self._unserved), frozenset(self._dispatched))

    def _take_top(self, message: Proven) -> list[Row]:
        header = message.header
        if header.source != HUB or header.in_reply_to != self._conversation.application.digest:
            raise ProofError("PROOF_DISPATCH_FOREIGN", message.where)
        rows, unserved = self._read(message)
        parts = {row.part for row in rows} | {u.part for u in unserved}
        if parts != set(self._conversation.rosters):
            raise ProofError("PROOF_DISPATCH_COVER", message.where)
        return rows

    def _take(self, message: Proven, above: Row) -> list[Row]:
        roster = self._conversation.rosters[above.part]
        header = message.header
        if header.source != above.child or header.in_reply_to != roster.digest:
            raise ProofError("PROOF_DISPATCH_FOREIGN", message.where)
        rows, unserved = self._read(message)
        due = {(r.part, r.resource): r.due for r in self._rows if r.order == above.order}
        made = {(r.part, r.resource) for r in rows} | {(u.part, u.resource) for u in unserved}
        if made != set(due) or any(r.due > due[r.part, r.resource] for r in rows):
            raise ProofError("PROOF_DISPATCH_COVER", message.where)
        self._dispatched.add(above.order)
        return rows

    def _read(self, message: Proven) -> tuple[list[Row], list[Unserved]]:
        by, ordered = message.header.source, message.signed_at
        rows = [Row(by=by, ordered=ordered, **_named(row)) for row in message.body["rows"]]
        unserved = [Unserved(by=by, **u) for u in message.body["unserved"]]
        for row in rows:
            if not self._allowed(row):
                raise ProofError("PROOF_DISPATCH_ROW", message.where)
        self._rows += rows
        self._unserved += unserved
        return rows, unserved

    def _allowed(self, row: Row) -> bool:
        child = self._directory.get(row.child)
        name = (row.part, row.resource, row.child)
        if name in self._named or child is None:
            return False
        self._named.add(name)
        one_order = self._orders.setdefault(row.order, (row.part, row.child))
        return (
            child.parent == row.by
            and row.leaf == (child.role is Role.ADAPTER)
            and one_order == (row.part, row.child)
        )


def check_rows(conversation: Conversation, directory: Directory) -> Rows:
    """12. Return the rows that the Dispatches state.

    Raises:
        ProofError: `PROOF_DISPATCH_FOREIGN`, `PROOF_DISPATCH_TWICE`, `PROOF_DISPATCH_ROW`,
            `PROOF_DISPATCH_COVER`.
    """
    return _Tree(conversation, directory).grow()


def still_open(rows: Rows, answered: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows that are owed still: leaves without Answer, nodes without Dispatch."""
    closed = set(answered)
    return tuple(
        row
        for row in rows.rows
        if (row not in closed if row.leaf else row.order not in rows.dispatched)
    )


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a Dispatch says of a row, without how its date was counted."""
    return {name: row[name] for name in ("part", "resource", "child", "leaf", "due", "order")}
