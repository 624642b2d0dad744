"""What the in-memory store keeps, and the journal that takes a transaction back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from uuid import UUID

from bus.model.admission import ConformanceReport, QueuedRenewal, Revocation, StoredFiling
from bus.model.case import CaseRole, QueryState
from bus.model.deadline import Deadline, DeadlineKind
from bus.model.evidence import EvidenceDocument, EvidenceFile
from bus.model.operator import Operator, Token
from bus.model.returns import HandedOut, ReturnedAnswer, TaskKey
from bus.model.upload import UploadDuty, UploadRow, UploadVersion
from bus.ports.leases import Lease
from bus.ports.store import AuditEntry, HeldMessage, OutboxRow, QuarantinedMessage, StoredMessage
from bus.ports.turn import Hold

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class FiledCase:
    """A case as the codec wrote it, with what it is sorted and chosen by."""

    state: QueryState
    opened: int
    text: str


@dataclass(frozen=True, slots=True)
class FiledAdmission:
    """An admission as the codec wrote it, with the number of its steps."""

    steps: int
    text: str


@dataclass
class Tables:
    """What the store holds. Rows with numbers are keyed by them; `numbers` are the last given."""

    seen: dict[tuple[str, UUID], bytes] = field(default_factory=dict)
    cases: dict[tuple[UUID, CaseRole], FiledCase] = field(default_factory=dict)
    deadlines: dict[tuple[UUID, CaseRole, DeadlineKind, str], Deadline] = field(
        default_factory=dict
    )
    messages: dict[bytes, StoredMessage] = field(default_factory=dict)
    query_messages: dict[UUID, tuple[bytes, ...]] = field(default_factory=dict)
    unsent: dict[int, OutboxRow] = field(default_factory=dict)
    audit: dict[int, AuditEntry] = field(default_factory=dict)
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    held: dict[int, HeldMessage] = field(default_factory=dict)
    quarantined: dict[int, QuarantinedMessage] = field(default_factory=dict)
    directory: dict[str, bytes] = field(default_factory=dict)
    year_tables: dict[int, str] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    admissions: dict[str, FiledAdmission] = field(default_factory=dict)
    filings: dict[bytes, StoredFiling] = field(default_factory=dict)
    reports: dict[str, ConformanceReport] = field(default_factory=dict)
    renewals: dict[str, QueuedRenewal] = field(default_factory=dict)
    revocations: dict[tuple[str, int], Revocation] = field(default_factory=dict)
    runs: dict[UUID, str] = field(default_factory=dict)
    evidence_files: dict[UUID, EvidenceFile] = field(default_factory=dict)
    evidence_chunks: dict[tuple[UUID, int], bytes] = field(default_factory=dict)
    evidence_documents: dict[UUID, EvidenceDocument] = field(default_factory=dict)
    evidence_calls: dict[UUID, str] = field(default_factory=dict)
    transfers: dict[bytes, str] = field(default_factory=dict)
    operators: dict[str, Operator] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    persons: dict[tuple[bytes, UUID, int], bool] = field(default_factory=dict)
    catalogues: dict[int, str] = field(default_factory=dict)
    catalogue_reports: dict[tuple[str, int], str] = field(default_factory=dict)
    uploads: dict[UUID, UploadVersion] = field(default_factory=dict)
    upload_rows: dict[tuple[UUID, int], UploadRow] = field(default_factory=dict)
    upload_duties: dict[str, UploadDuty] = field(default_factory=dict)

    handed_out: dict[TaskKey, HandedOut] = field(default_factory=dict)
    returned_answers: dict[TaskKey, ReturnedAnswer] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)


class Journal:
    """Writes to the tables and remembers how to take it back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def put(self, table: dict[K, V], key: K, value: V) -> None:
        """Insert or replace an entry."""
        if key in table:
            self._undo.append(partial(table.__setitem__, key, table[key]))
        else:
            self._undo.append(partial(table.pop, key))
        table[key] = value

    def remove(self, table: dict[K, V], key: K) -> None:
        """Remove an entry if it is there. Taken back, it stands last: readers sort by key."""
        if key in table:
            self._undo.append(partial(table.__setitem__, key, table.pop(key)))

    def roll_back(self) -> None:
        """Undo everything, the latest first."""
        while self._undo:
            self._undo.pop()()


def oldest(table: Mapping[int, V], limit: int) -> list[V]:
    """Return the values of the lowest numbers."""
    return [table[number] for number in sorted(table)[:limit]]


def following(table: Mapping[int, V], after: int, limit: int) -> list[V]:
    """Return the values with numbers above `after`, of a table without gaps."""
    first = max(after, 0) + 1
    return [table[number] for number in range(first, min(first + limit, len(table) + 1))]


class MemoryPart:
    """What the parts of a unit in memory share: the tables, while the unit has its turn."""

    def __init__(self, tables: Tables, journal: Journal, hold: Hold) -> None:
        self._all = tables
        self._journal = journal
        self._hold = hold

    @property
    def _tables(self) -> Tables:
        self._hold.check()
        return self._all
