"""Lists that people fill: what an adapter handed out, and what was taken back (R066, R117).

A task is one line of a request under one order, for one part of the roster.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TaskKey:
    """Which task: the order's chain digest, the part's and the request line's number."""

    order: bytes
    part: int
    line: int


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A task's list that went out, the last time it did.

    `list_id` names the workbook or package, `persons` is how many are on it, `due` the end of the
    term (R029), `agency` the fingerprint of the keys it was sealed to, None for a plain workbook.
    """

    key: TaskKey
    query: UUID
    resource: str
    list_id: UUID
    persons: int
    at: datetime
    operator: str
    due: datetime
    agency: str | None = None


@dataclass(frozen=True, slots=True)
class ReturnedAnswer:
    """What was taken back for a task and waits for the adapter to send it.

    `sealed` are the outcomes under the store key; `file` is the SHA-256 of what was taken back,
    `as_of` the date the agency gave its data (R072).
    """

    key: TaskKey
    query: UUID
    resource: str
    sealed: bytes
    as_of: datetime
    received: datetime
    operator: str
    file: bytes
