"""The state one participant keeps of one query. Holds no personal data: digests and counts only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bus.model.messages import Finding
from bus.model.request import PartDigest, Recheck, Request
from bus.model.review import Review


class CaseRole(StrEnum):
    """In which capacity a participant keeps a case; one query may give it several of them.

    SUPERIOR (上级): the province above a city or county that applies, which assents or not (R006).
    """

    REQUESTER = "requester"
    SUPERIOR = "superior"
    REVIEWER = "reviewer"
    PROVIDER = "provider"
    AGENCY = "agency"


class QueryState(StrEnum):
    """States of a query; what moves it from one to another stands in `bus.flow.lifecycle`."""

    SUBMITTED = "SUBMITTED"
    UNDER_REVIEW = "UNDER_REVIEW"
    REFUSED = "REFUSED"
    ACCEPTED = "ACCEPTED"
    STARTED = "STARTED"
    PARTLY_ANSWERED = "PARTLY_ANSWERED"
    DELAYED = "DELAYED"
    ANSWERED = "ANSWERED"
    DELIVERED = "DELIVERED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


STATE_ZH = {
    QueryState.SUBMITTED: "已提交",
    QueryState.UNDER_REVIEW: "审查中",
    QueryState.REFUSED: "已拒绝",
    QueryState.ACCEPTED: "已受理",
    QueryState.STARTED: "已启动",
    QueryState.PARTLY_ANSWERED: "部分反馈",
    QueryState.DELAYED: "延期",
    QueryState.ANSWERED: "已全部反馈",
    QueryState.DELIVERED: "已签收",
    QueryState.CANCELLING: "撤销中",
    QueryState.CANCELLED: "已撤销",
    QueryState.EXPIRED: "已过期",
}
"""What operators read, on every screen and in every workbook."""


class RowState(StrEnum):
    """What became of one thing owed.

    OPEN: still owed. ANSWERED: all fragments arrived. DISPATCHED: the node turned it into rows of
    its own. UNSERVED: nobody below could be asked, with a code.
    """

    OPEN = "OPEN"
    ANSWERED = "ANSWERED"
    DISPATCHED = "DISPATCHED"
    UNSERVED = "UNSERVED"


@dataclass(frozen=True, slots=True)
class Fragment:
    """One accepted fragment of an answer: its number, message digest, and whether it ends."""

    number: int
    digest: bytes
    last: bool


@dataclass(frozen=True, slots=True)
class RowDelay:
    """What is known of why a row is late (R030).

    `cause` is a code of `schemas/codes/delay-causes.toml`; `until` the new date proposed, None
    where none was; `agreed` whether the requester agreed to it, None while it has not said.
    """

    cause: str
    noticed: datetime
    until: datetime | None = None
    agreed: bool | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The requester's withdrawal of a query (R031).

    `reason` is a code of `schemas/codes/cancellation-reasons.toml`. `confirmed`: the requester has
    the hub's statement of what had been done by then.
    """

    reason: str
    asked: datetime
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One thing owed under one order: `holder` owes the answer on `resource` for `part`.

    A leaf (an agency) owes one answer in fragments; a node owes a Dispatch. `order` is the chain
    digest of the endorsed roster part the holder received. `code` says why an UNSERVED row is so,
    or at the requester what makes the answer of an ANSWERED one unusable. `redone` marks a row made
    from an order that was read before, by a store that has been set back since: its holder may
    know it under the order that was given the first time. `begun` is when the agency that owes it
    first looked somebody up.

    `due` was counted as `days` working days after the day of `received`, both None where it was
    not told; `provisional` where that rests on an estimate. `extended` is the latest date that was
    agreed instead.
    """

    part: int
    resource: str
    holder: str
    leaf: bool
    due: datetime
    order: bytes
    state: RowState = RowState.OPEN
    fragments: tuple[Fragment, ...] = ()
    closed: datetime | None = None
    code: str | None = None
    redone: bool = False
    delay: RowDelay | None = None
    begun: datetime | None = None
    received: datetime | None = None
    days: int | None = None
    provisional: bool = False
    extended: datetime | None = None

    @property
    def deadline(self) -> datetime:
        """When it is due: by the order, or at the later date that was agreed (R029, R030)."""
        return self.due if self.extended is None else max(self.due, self.extended)

    @property
    def late(self) -> bool:
        """Whether it was closed after its due time (R029)."""
        return self.closed is not None and self.closed >= self.deadline


@dataclass(frozen=True, slots=True)
class Assented:
    """A province's recorded assent to an application from below it (R006).

    `message` and `application` are the digests of the Assent and of what it assents to.
    """

    province: str
    message: bytes
    application: bytes
    decided_by: str
    decided: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """One participant's case of one query.

    `blocked` says that the findings hold one that no operator may pass over.
    `delivered` is when the requester made its receipts, or they arrived, whatever it ended as.
    `parts` are the parts the application lists; `received` the digests of those that arrived (or,
    at the requester, were sent). `orders` are the digests of orders already turned into rows.
    `assent` is the province's, where the requester is a city or county that has it (R006).
    `authority` is the entrusting unit as the application names it, at the requester (R034).
    `purged` is when the contents were destroyed at the end of their retention.
    `review` is how the hub reviewed it. `superseded` are the applications that were returned, the
    last one last, and `withdrawn` the numbers of the persons taken out for it (R067). `rechecks` is
    the query whose result is disputed (R032).
    """

    query: UUID
    role: CaseRole
    requester: str
    state: QueryState
    opened: datetime
    updated: datetime
    application: bytes | None = None
    request: Request | None = None
    person_count: int = 0
    parts: tuple[PartDigest, ...] = ()
    received: tuple[bytes, ...] = ()
    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()
    blocked: bool = False
    decision: bytes | None = None
    decided_by: str | None = None
    decided: datetime | None = None
    operator: str | None = None
    delivered: datetime | None = None
    withdrawal: Withdrawal | None = None
    assent: Assented | None = None
    authority: str = ""
    purged: datetime | None = None
    review: Review | None = None
    superseded: tuple[bytes, ...] = ()
    withdrawn: tuple[int, ...] = ()
    rechecks: Recheck | None = None
