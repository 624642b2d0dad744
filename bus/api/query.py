"""What an operator sees of a query: its state, what is owed by whom, its hops. No personal data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from bus.api.body import Answered, Asked
from bus.api.errors import FindingBody
from bus.api.row_delay import DelayBody
from bus.model.account import Account
from bus.model.case import Case, QueryState, Row, RowState, Withdrawal
from bus.model.timeline import Hop
from bus.ports.store import AuditEntry
from signer.envelope.kinds import Kind


@dataclass(frozen=True, slots=True)
class Titles:
    """The Chinese names of participants and resources, for whoever reads ids less well.

    Each takes an id and returns the id itself where no title is known.
    """

    participant: Callable[[str], str]
    resource: Callable[[str], str]


class RowBody(Answered):
    """One thing owed: `holder` owes the answer on `resource` for one part of the list."""

    part: int
    resource: str
    resource_title: str
    holder: str
    holder_title: str
    leaf: Annotated[
        bool, Field(description="是否为提供机构（否则为下级节点） / An agency, else a node")
    ]
    state: RowState
    due: datetime
    closed: datetime | None
    late: bool
    code: Annotated[str | None, Field(description="无法查询的原因代码 / Why it is unserved")]
    deadline: Annotated[datetime, Field(description="商定的新期限，未商定则同 due / As agreed")]
    delay: DelayBody | None

    @classmethod
    def of(cls, row: Row, titles: Titles) -> RowBody:
        """Return the body of a row."""
        return cls(
            part=row.part,
            resource=row.resource,
            resource_title=titles.resource(row.resource),
            holder=row.holder,
            holder_title=titles.participant(row.holder),
            leaf=row.leaf,
            state=row.state,
            due=row.due,
            closed=row.closed,
            late=row.late,
            code=row.code,
            deadline=row.deadline,
            delay=DelayBody.of(row.delay),
        )


class CountsBody(Answered):
    """How many rows stand how. `answers` counts the agencies' rows, the answers to come."""

    rows: int
    open: int
    answered: int
    dispatched: int
    unserved: int
    late: int
    answers: int

    @property
    def account(self) -> Account:
        """How far the query has come."""
        return Account(self.answered, self.open, self.unserved)

    @classmethod
    def of(cls, rows: Sequence[Row]) -> CountsBody:
        """Return the counts of some rows."""
        states = [row.state for row in rows]
        return cls(
            rows=len(rows),
            open=states.count(RowState.OPEN),
            answered=states.count(RowState.ANSWERED),
            dispatched=states.count(RowState.DISPATCHED),
            unserved=states.count(RowState.UNSERVED),
            late=sum(row.late for row in rows),
            answers=sum(row.leaf for row in rows),
        )


class DecisionBody(Answered):
    """The hub's decision (受理/拒绝)."""

    accepted: bool
    by: Annotated[str, Field(description="policy 或操作员 / `policy` or the operator's name")]
    at: datetime

    @classmethod
    def of(cls, case: Case) -> DecisionBody | None:
        """Return the decision on a case, or None while there is none."""
        if case.decided is None:
            return None
        return cls(
            accepted=case.state is not QueryState.REFUSED,
            by=case.decided_by or "",
            at=case.decided,
        )


class AssentBody(Answered):
    """The province's assent to a city's or county's application (上级同意, R006)."""

    province: str
    province_title: str
    by: Annotated[str, Field(description="policy 或操作员 / `policy` or the operator's name")]
    at: datetime

    @classmethod
    def of(cls, case: Case, titles: Titles) -> AssentBody | None:
        """Return the assent on a case; None where none is needed or there is none yet."""
        if case.assent is None:
            return None
        return cls(
            province=case.assent.province,
            province_title=titles.participant(case.assent.province),
            by=case.assent.decided_by,
            at=case.assent.decided,
        )


class ProblemBody(Answered):
    """A Problem (问题通知) that a peer reported about a message of this query."""

    at: datetime
    source: str
    code: str

    @classmethod
    def of(cls, entry: AuditEntry) -> ProblemBody:
        """Return the body of the audit entry that notes a Problem."""
        event = entry.event
        return cls(at=event.at, source=event.actor, code=str(event.detail.get("code") or ""))


class CancelBody(Asked):
    """Why a query is withdrawn (R031)."""

    reason: Annotated[
        str, Field(min_length=1, max_length=40, description="撤销理由代码 / Code of the reason")
    ]


class WithdrawalBody(Answered):
    """The withdrawal of a query: why, by code, and when."""

    reason: str
    asked: datetime

    @classmethod
    def of(cls, withdrawal: Withdrawal) -> WithdrawalBody:
        """Return the body of a withdrawal."""
        return cls(reason=withdrawal.reason, asked=withdrawal.asked)


class QuerySummary(Answered):
    """A query in one line."""

    query: UUID
    state: QueryState
    requester: str
    requester_title: str
    persons: int
    parts: int
    operator: str | None
    opened: datetime
    updated: datetime
    delivered: datetime | None
    purged: Annotated[datetime | None, Field(description="结果清除时间 / Contents destroyed")]
    counts: CountsBody

    @classmethod
    def of(cls, case: Case, titles: Titles) -> QuerySummary:
        """Return the summary of a case."""
        return cls(
            query=case.query,
            state=case.state,
            requester=case.requester,
            requester_title=titles.participant(case.requester),
            persons=case.person_count,
            parts=sum(part.kind == Kind.ROSTER for part in case.parts),
            operator=case.operator,
            opened=case.opened,
            updated=case.updated,
            delivered=case.delivered if case.state is QueryState.DELIVERED else None,
            purged=case.purged,
            counts=CountsBody.of(case.rows),
        )


class QueryDetail(Answered):
    """A query with the hub's decision, everything owed, and what went wrong."""

    summary: QuerySummary
    assent: Annotated[
        AssentBody | None,
        Field(description="省级同意，仅市县 / The province's, for a city"),
    ]
    decision: DecisionBody | None
    withdrawn: Annotated[
        tuple[int, ...],
        Field(description="退回后撤下的人员序号（R067） / Persons taken out after a return"),
    ]
    rechecks: Annotated[
        UUID | None, Field(description="所复核的查询（R032） / The query it checks again")
    ]
    findings: tuple[FindingBody, ...]
    rows: tuple[RowBody, ...]
    problems: tuple[ProblemBody, ...]
    hours: Annotated[
        float | None,
        Field(
            description="提交到签收的工作小时，未签收则至今 / Working hours to delivery, or so far"
        ),
    ] = None
    withdrawal: WithdrawalBody | None = None

    @classmethod
    def of(
        cls,
        case: Case,
        problems: Iterable[AuditEntry],
        titles: Titles,
        hours: float | None = None,
    ) -> QueryDetail:
        """Return the detail of a case, which took so many working hours up to now."""
        said = case.withdrawal
        return cls(
            summary=QuerySummary.of(case, titles),
            assent=AssentBody.of(case, titles),
            decision=DecisionBody.of(case),
            withdrawn=case.withdrawn,
            rechecks=None if case.rechecks is None else UUID(bytes=case.rechecks.query),
            findings=tuple(FindingBody.of(finding) for finding in case.findings),
            rows=tuple(RowBody.of(row, titles) for row in case.rows),
            problems=tuple(ProblemBody.of(entry) for entry in problems),
            hours=None if hours is None else round(hours, 1),
            withdrawal=None if said is None else WithdrawalBody.of(said),
        )


class HopBody(Answered):
    """One signed hop of one message: who passed it on to whom, when, and when it arrived."""

    forwarded: datetime
    arrived: datetime | None
    sender: str
    sender_title: str
    to: str
    to_title: str
    kind: str
    source: str
    resource: str | None
    part: int | None
    role: Annotated[str, Field(description="origin 首发，relay 批转 / Origin or relay")]
    message: Annotated[str, Field(description="消息摘要 / Message digest, hexadecimal")]

    @classmethod
    def of(cls, hop: Hop, titles: Titles) -> HopBody:
        """Return the body of a hop."""
        return cls(
            forwarded=hop.forwarded,
            arrived=hop.arrived,
            sender=hop.sender,
            sender_title=titles.participant(hop.sender),
            to=hop.to,
            to_title=titles.participant(hop.to),
            kind=hop.kind,
            source=hop.source,
            resource=hop.resource,
            part=hop.part,
            role=hop.role,
            message=hop.message.hex(),
        )
