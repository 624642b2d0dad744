"""What operators see and say of evidence: documents in the archive, calls, verdicts (R022-R026)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from bus.api.body import Answered, Asked
from bus.daemon.evidence.service import Shelved
from bus.model.evidence import EvidenceCall, EvidenceFile, EvidenceItem, FileState, ItemState

Person = Annotated[int, Field(ge=1, le=1_000_000, description="人员序号 / Number in the query")]
Code = Annotated[str, Field(min_length=1, max_length=60)]


class FileBody(Answered):
    """A file that was handed in for an application."""

    file: UUID
    state: FileState

    @classmethod
    def of(cls, file: EvidenceFile) -> FileBody:
        """Return the body of a file."""
        return cls(file=file.id, state=file.state)


class DocumentBody(Answered):
    """One entry of the archive's index, by query and person (R023)."""

    document: UUID
    query: UUID
    person: int
    kind: str
    media_type: str
    size: int
    sha256: str
    archived: datetime
    call: UUID | None
    state: FileState
    chunks: int
    missing: Annotated[tuple[int, ...], Field(description="缺少的分块 / Chunks not here")]
    matches: Annotated[
        bool | None,
        Field(description="与申请时登记的文件相同；无从比较则为空 / Is it the file registered"),
    ]

    @classmethod
    def of(cls, shelved: Shelved) -> DocumentBody:
        """Return the body of an entry."""
        document, content = shelved.document, shelved.content
        return cls(
            document=document.id,
            query=document.query,
            person=document.person,
            kind=document.kind,
            media_type=content.media_type,
            size=content.size,
            sha256=content.digest.hex(),
            archived=document.at,
            call=document.call,
            state=shelved.state,
            chunks=len(content.chunks),
            missing=shelved.missing,
            matches=document.matches,
        )


class ItemBody(Answered):
    """One kind of document of one person that a call asks for."""

    person: int
    kind: str
    state: ItemState
    code: str | None
    documents: tuple[UUID, ...]

    @classmethod
    def of(cls, item: EvidenceItem) -> ItemBody:
        """Return the body of an item."""
        return cls(
            person=item.person,
            kind=item.kind,
            state=item.state,
            code=item.code,
            documents=item.documents,
        )


class CallBody(Answered):
    """A call for evidence (调阅)."""

    call: UUID
    query: UUID
    requester: str
    reason: str
    ordered_by: str
    opened: datetime
    due: Annotated[datetime, Field(description="此刻起即为逾期 / The first instant too late")]
    warned: datetime | None
    overdue: datetime | None
    closed: datetime | None
    items: tuple[ItemBody, ...]

    @classmethod
    def of(cls, call: EvidenceCall) -> CallBody:
        """Return the body of a call."""
        return cls(
            call=call.id,
            query=call.query,
            requester=call.requester,
            reason=call.reason,
            ordered_by=call.ordered_by,
            opened=call.opened,
            due=call.due,
            warned=call.warned,
            overdue=call.overdue,
            closed=call.closed,
            items=tuple(ItemBody.of(item) for item in call.items),
        )


class CallDetail(Answered):
    """A call with its documents."""

    summary: CallBody
    documents: tuple[DocumentBody, ...]

    @classmethod
    def of(cls, call: EvidenceCall, documents: Iterable[Shelved]) -> CallDetail:
        """Return the detail of a call."""
        bodies = tuple(DocumentBody.of(one) for one in documents)
        return cls(summary=CallBody.of(call), documents=bodies)


class CallAsked(Asked):
    """Evidence to call up: each kind of each person (R024, R026)."""

    query: UUID
    persons: Annotated[tuple[Person, ...], Field(min_length=1, max_length=200)]
    kinds: Annotated[tuple[Code, ...], Field(min_length=1, max_length=20)]
    reason: Code


class SendAsked(Asked):
    """Whether what was sent before, and never arrived, is sent again."""

    again: bool = False


class ItemAsked(Asked):
    """One item of a call."""

    person: Person
    kind: Code


class VerdictAsked(Asked):
    """Items to judge, all that wait where none is named; `reason` sends them back."""

    items: Annotated[tuple[ItemAsked, ...], Field(max_length=1000)] = ()
    reason: Code | None = None
