"""Reports and inspections of the books, as they are asked for and answered. No personal data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from bus.api.body import Answered
from bus.model.audit_report import (
    AuditReport,
    Inspection,
    ReportedAct,
    ReportedQuery,
    SignedHeadNamed,
    Subject,
    Watched,
)


class PeriodAsked(BaseModel):
    """A span of days in Asia/Shanghai, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: Annotated[date, Field(description="起始日 / First day")]
    until: Annotated[date, Field(description="截止日 / Last day")]


class PersonAskedBody(BaseModel):
    """A person by document; used to find it, and kept nowhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id_type: Annotated[str, Field(max_length=20, description="证件类型代码 / Type, by code")]
    id_number: Annotated[str, Field(max_length=100, description="证件号码 / Number")]


class ReportAskedBody(PeriodAsked):
    """What a report is to be about; all acts where nothing is said."""

    person: PersonAskedBody | None = None
    query: UUID | None = None
    operator: Annotated[str | None, Field(description="只看此操作员 / Of this operator")] = None


class ActBody(Answered):
    """One act (操作): who did what when, in which roles, about which query, what for."""

    number: int
    at: datetime
    event: str
    operator: str
    roles: tuple[str, ...]
    query: UUID | None
    purpose: str
    code: Annotated[str, Field(description="被拒绝的原因代码 / Why it was refused")]

    @classmethod
    def of(cls, act: ReportedAct) -> ActBody:
        """Return the body of an act."""
        return cls(
            number=act.number,
            at=act.at,
            event=act.event,
            operator=act.operator,
            roles=act.roles,
            query=act.query,
            purpose=act.purpose,
            code=act.code,
        )


class ReportedQueryBody(Answered):
    """A query the report is about."""

    query: UUID
    reference: Annotated[int | None, Field(description="该人在查询中的序号 / Its number in it")]
    state: str
    purged: datetime | None

    @classmethod
    def of(cls, found: ReportedQuery) -> ReportedQueryBody:
        """Return the body of a query."""
        return cls(
            query=found.query, reference=found.reference, state=found.state, purged=found.purged
        )


class ReportBody(Answered):
    """A report (审计报告): who saw this, and what for."""

    participant: str
    since: date
    until: date
    subject: Subject
    made: datetime
    made_by: str
    queries: tuple[ReportedQueryBody, ...]
    acts: tuple[ActBody, ...]

    @classmethod
    def of(cls, report: AuditReport) -> ReportBody:
        """Return the body of a report."""
        return cls(
            participant=report.participant,
            since=report.period.since,
            until=report.period.until,
            subject=report.subject,
            made=report.made,
            made_by=report.made_by,
            queries=tuple(ReportedQueryBody.of(found) for found in report.queries),
            acts=tuple(ActBody.of(act) for act in report.acts),
        )


class WatchedBody(Answered):
    """What one operator did in the period."""

    operator: str
    roles: tuple[str, ...]
    registered: Annotated[
        bool | None, Field(description="在用、停用、未登记 / Enabled, disabled, not registered")
    ]
    acts: Mapping[str, int]
    reads: Annotated[int, Field(description="查阅次数 / What it saw")]
    outside: Annotated[int, Field(description="其中工作时间以外 / Outside working hours")]
    refused: Annotated[int, Field(description="被拒绝次数 / What it was refused")]
    last: datetime | None

    @classmethod
    def of(cls, watched: Watched) -> WatchedBody:
        """Return the body of what an operator did."""
        return cls(
            operator=watched.operator,
            roles=watched.roles,
            registered=watched.registered,
            acts=watched.acts,
            reads=watched.reads,
            outside=watched.outside,
            refused=watched.refused,
            last=watched.last,
        )


class HeadBody(Answered):
    """The last signed head (签名首页) over the chain."""

    entry: int
    signed_to: int
    at: datetime

    @classmethod
    def of(cls, head: SignedHeadNamed | None) -> HeadBody | None:
        """Return the body of a head, None for none."""
        return None if head is None else cls(entry=head.entry, signed_to=head.signed_to, at=head.at)


class InspectionBody(Answered):
    """An inspection (定期检查, R077) of query and use; the chain holds from its beginning."""

    participant: str
    since: date
    until: date
    made: datetime
    made_by: str
    entries: int
    head: HeadBody | None
    operators: tuple[WatchedBody, ...]
    refusals: Mapping[str, int]
    late_reads: Annotated[int, Field(description="清除后仍试图查阅 / Reads after retention")]
    blocked: Annotated[int, Field(description="因错误令牌受限的地址 / Addresses made to wait")]

    @classmethod
    def of(cls, made: Inspection) -> InspectionBody:
        """Return the body of an inspection."""
        return cls(
            participant=made.participant,
            since=made.period.since,
            until=made.period.until,
            made=made.made,
            made_by=made.made_by,
            entries=made.entries,
            head=HeadBody.of(made.head),
            operators=tuple(WatchedBody.of(one) for one in made.operators),
            refusals=made.refusals,
            late_reads=made.late_reads,
            blocked=made.blocked,
        )
