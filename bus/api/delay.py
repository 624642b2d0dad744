"""What an operator sees and says of deadlines and delays (R028-R030). No personal data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from bus.api.body import Answered, Asked
from bus.api.query import Titles
from bus.api.row_delay import DelayBody
from bus.model.case import Case, Row
from bus.model.deadline import Deadline, DeadlineKind


class OwedBody(Answered):
    """One open row: who owes what to whom by when, and whether it is late."""

    query: UUID
    requester: str
    requester_title: str
    part: int
    resource: str
    resource_title: str
    holder: str
    holder_title: str
    due: datetime
    deadline: Annotated[datetime, Field(description="商定的新期限，未商定则同 due / As agreed")]
    late: bool
    delay: DelayBody | None

    @classmethod
    def of(cls, case: Case, row: Row, titles: Titles, now: datetime) -> OwedBody:
        """Return the body of a row, as it stands now."""
        return cls(
            query=case.query,
            requester=case.requester,
            requester_title=titles.participant(case.requester),
            part=row.part,
            resource=row.resource,
            resource_title=titles.resource(row.resource),
            holder=row.holder,
            holder_title=titles.participant(row.holder),
            due=row.due,
            deadline=row.deadline,
            late=row.late or (row.closed is None and row.deadline <= now),
            delay=DelayBody.of(row.delay),
        )


class NoticeAsked(Asked):
    """A notice that rows are late."""

    resource: str
    part: int | None = None
    cause: str
    until: Annotated[
        date | None, Field(description="新期限的最后一日 / Last day of the new term")
    ] = None


class AgreementAsked(Asked):
    """The requester's answer to what was proposed, for all rows that fit."""

    agreed: bool
    resource: str | None = None
    part: int | None = None
    holder: str | None = None


class RowsBody(Answered):
    """How many rows something was done about."""

    query: UUID
    rows: int


class DeadlineBody(Answered):
    """One deadline of a query, and how it was counted."""

    kind: DeadlineKind
    subject: str
    owing: str
    owing_title: str
    received: datetime
    days: Annotated[
        int | None, Field(description="工作日数；空为期限由指令规定 / Null: set by an order")
    ]
    due: datetime
    provisional: Annotated[
        bool, Field(description="节假日待公布 / It rests on an estimate of the holidays")
    ]
    warned: datetime | None
    breached: datetime | None

    @classmethod
    def of(cls, deadline: Deadline, titles: Titles) -> DeadlineBody:
        """Return the body of a deadline."""
        return cls(
            kind=deadline.kind,
            subject=deadline.subject,
            owing=deadline.owing,
            owing_title=titles.participant(deadline.owing),
            received=deadline.received,
            days=deadline.days,
            due=deadline.due,
            provisional=deadline.provisional,
            warned=deadline.warned,
            breached=deadline.breached,
        )
