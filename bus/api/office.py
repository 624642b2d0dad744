"""What an operator sees of the daemon itself: standing, quarantine, audit, calendar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import Field

from bus.api.body import Answered
from bus.ports.store import AuditEntry, QuarantinedMessage

if TYPE_CHECKING:
    # The command line reads these models too and must not load a whole daemon for them.
    from bus.daemon.service import Standing
    from bus.ports.audit_walk import Walked


class StandingBody(Answered):
    """How the participant stands (运行状况)."""

    participant: str
    ready: bool
    directory_version: int | None
    directory_expires: datetime | None
    outbox: Annotated[int, Field(description="待发送 / Rows waiting to be published")]
    held: Annotated[int, Field(description="暂存待处理 / Messages parked")]
    quarantined: Annotated[int, Field(description="隔离 / Messages refused and kept")]

    @classmethod
    def of(cls, standing: Standing) -> StandingBody:
        """Return the body of a standing."""
        return cls(
            participant=standing.participant,
            ready=standing.ready,
            directory_version=standing.directory_version,
            directory_expires=standing.directory_expires,
            outbox=standing.outbox,
            held=standing.held,
            quarantined=standing.quarantined,
        )


class QuarantinedBody(Answered):
    """A refused record (隔离消息): where it came from and why, never what it holds."""

    number: int
    topic: str
    partition: int
    offset: int
    bytes: int
    code: str
    detail: str
    at: datetime
    replayed: datetime | None

    @classmethod
    def of(cls, kept: QuarantinedMessage) -> QuarantinedBody:
        """Return the body of a quarantined record."""
        return cls(
            number=kept.number,
            topic=kept.topic,
            partition=kept.partition,
            offset=kept.offset,
            bytes=len(kept.value or b""),
            code=kept.code,
            detail=kept.detail,
            at=kept.at,
            replayed=kept.replayed,
        )


class AuditBody(Answered):
    """One entry of the audit chain (审计记录)."""

    number: int
    at: datetime
    event: str
    actor: str
    query: UUID | None
    detail: Mapping[str, str | int | None]
    hash: str

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditBody:
        """Return the body of an audit entry."""
        event = entry.event
        return cls(
            number=entry.number,
            at=event.at,
            event=event.event,
            actor=event.actor,
            query=event.query,
            detail=event.detail,
            hash=entry.hash.hex(),
        )


class YearBody(Answered):
    """The year of an imported working-day table."""

    year: int


class ReplayBody(Answered):
    """What became of a replayed record: `refused` is the code if it was refused again."""

    number: int
    refused: str | None


class ChainBody(Answered):
    """A whole audit chain that holds (审计链): how far it goes, is signed and is stamped."""

    entries: Annotated[int, Field(description="记录条数 / Entries")]
    heads: Annotated[int, Field(description="签名首页数 / Signed heads")]
    signed_to: Annotated[int, Field(description="已签名至第几条 / Signed up to this entry")]
    signed_at: datetime | None
    timestamps: Annotated[int, Field(description="时间戳数 / Timestamps")]
    stamped_to: Annotated[int, Field(description="时间戳覆盖至第几条 / Stamped up to this entry")]
    stamped_at: datetime | None
    traced: Annotated[bool, Field(description="签名证书已追溯至根证书 / Signers traced to a root")]

    @classmethod
    def of(cls, walked: Walked) -> ChainBody:
        """Return the body of what a walk found."""
        return cls(
            entries=walked.entries,
            heads=walked.heads,
            signed_to=walked.signed_to,
            signed_at=walked.signed_at,
            timestamps=walked.timestamps,
            stamped_to=walked.stamped_to,
            stamped_at=walked.stamped_at,
            traced=walked.traced,
        )
