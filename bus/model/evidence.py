"""证明材料: what is called up about a person of a query, how it travels, how it rests (R022-R026).

The messages' field names and order are those of `schemas/message/*.avsc`. Everything else here is
what a participant keeps of it; none of it holds personal data in clear.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True)
class EvidenceRequest:
    """调阅: the hub asks for every kind of document of every person named; `call` is its id."""

    call: bytes
    persons: tuple[int, ...]
    kinds: tuple[str, ...]
    reason: str
    due: datetime


@dataclass(frozen=True, slots=True)
class EvidenceEntry:
    """One document of a manifest; `digest` and `chunks` are SHA-256, `size` is in bytes."""

    number: int
    person: int
    kind: str
    name: str
    media_type: str
    size: int
    digest: bytes
    chunks: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class EvidenceChunk:
    """One chunk of a document that the manifest of that message digest lists; both count from 1."""

    manifest: bytes
    document: int
    number: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Evidence:
    """证明材料: a manifest, or one chunk of a document it lists; never both."""

    call: bytes
    documents: tuple[EvidenceEntry, ...]
    chunk: EvidenceChunk | None


class Notice(StrEnum):
    """What the hub says about a call: it judged items, it is soon due, it is overdue."""

    JUDGED = "JUDGED"
    WARNING = "WARNING"
    OVERDUE = "OVERDUE"


@dataclass(frozen=True, slots=True)
class EvidenceVerdict:
    """What the hub makes of one item; `code` says why it was sent back."""

    person: int
    kind: str
    accepted: bool
    code: str | None


@dataclass(frozen=True, slots=True)
class EvidenceReview:
    """调阅通知: how a call stands at the hub. `number` rises with each notice on the call."""

    call: bytes
    number: int
    notice: Notice
    verdicts: tuple[EvidenceVerdict, ...]
    due: datetime


class ItemState(StrEnum):
    """How one item of a call stands.

    OPEN: owed. SENT: at the requester, everything went out. RECEIVED: at the hub, everything is
    here and is what the manifest says. ACCEPTED, REJECTED: judged; a rejected one is owed anew.
    """

    OPEN = "OPEN"
    SENT = "SENT"
    RECEIVED = "RECEIVED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


ITEM_STATE_ZH = {
    ItemState.OPEN: "待提交",
    ItemState.SENT: "已提交",
    ItemState.RECEIVED: "待审核",
    ItemState.ACCEPTED: "已认可",
    ItemState.REJECTED: "已退回",
}
"""What operators read."""

OWED = frozenset({ItemState.OPEN, ItemState.REJECTED})
"""States in which the requester owes the item."""


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One kind of document of one person that a call asks for.

    `documents` are the ids of those sent or received last; `code` is why they were sent back.
    `notice` is the number of the notice that judged it last.
    """

    person: int
    kind: str
    state: ItemState = ItemState.OPEN
    documents: tuple[UUID, ...] = ()
    code: str | None = None
    notice: int = 0


@dataclass(frozen=True, slots=True)
class EvidenceCall:
    """调阅: one call for evidence, as hub and requester keep it.

    `ordered_by` is an operator, or `policy` where it was drawn. `due` is the first instant that is
    too late, counted from `since`; `provisional` says that a counted day rests on an estimate.
    `notices` counts those made or taken; `warned` and `overdue` say when that was noticed, `acted`
    when the hub did what follows from it.
    """

    id: UUID
    query: UUID
    requester: str
    reason: str
    ordered_by: str
    opened: datetime
    since: datetime
    due: datetime
    provisional: bool
    items: tuple[EvidenceItem, ...]
    notices: int = 0
    warned: datetime | None = None
    overdue: datetime | None = None
    acted: datetime | None = None
    closed: datetime | None = None

    @property
    def owed(self) -> bool:
        """Whether the requester owes anything of it."""
        return any(item.state in OWED for item in self.items)


class FileState(StrEnum):
    """How a file in the archive stands.

    RECEIVING: chunks are still to come. ARRIVED: all chunks are here, the whole is not checked
    yet. COMPLETE: it is whole. FAULTY: it is not what was said of it.
    """

    RECEIVING = "RECEIVING"
    ARRIVED = "ARRIVED"
    COMPLETE = "COMPLETE"
    FAULTY = "FAULTY"


@dataclass(frozen=True, slots=True)
class FileContent:
    """What is known of a file's content; rests sealed, for a digest tells a document from others.

    `name` is the one it was handed in under, which may name a person; empty at the hub.
    """

    name: str
    media_type: str
    size: int
    digest: bytes
    chunks: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file in the archive. `sealed` is its `FileContent` under the store key.

    `batch` ties files that were handed in for one application, before it had a query id.
    """

    id: UUID
    state: FileState
    batch: UUID | None
    at: datetime
    sealed: bytes


@dataclass(frozen=True, slots=True)
class EvidenceDocument:
    """One entry of the archive's index, by query and person (R023).

    `call` is the call it came under, None where the requester archived it. `matches` says whether
    it is the file registered with the application, None where that cannot be told.
    """

    id: UUID
    query: UUID
    person: int
    kind: str
    file: UUID
    at: datetime
    call: UUID | None = None
    matches: bool | None = None


@dataclass(frozen=True, slots=True)
class TransferDocument:
    """A document of a transfer: where it rests here, and of how many chunks it is."""

    document: UUID
    file: UUID
    person: int
    kind: str
    chunks: int


class TransferState(StrEnum):
    """OPEN: chunks are still to move. DONE: all have. SUPERSEDED: a later manifest took over."""

    OPEN = "OPEN"
    DONE = "DONE"
    SUPERSEDED = "SUPERSEDED"


@dataclass(frozen=True, slots=True)
class Transfer:
    """A manifest on its way. `moved` counts the chunks sent so far, over all its documents."""

    manifest: bytes
    call: UUID
    query: UUID
    outgoing: bool
    state: TransferState
    at: datetime
    documents: tuple[TransferDocument, ...]
    moved: int = 0
