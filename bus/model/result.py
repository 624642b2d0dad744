"""What a requester gets of a query: the view from which workbook, JSON and screens are made.

Opened records stand here in clear, so a view lives in memory only, on its way to an operator whose
reading of it is audited (R035).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from bus.model.account import Account
from bus.model.case import QueryState
from bus.model.messages import OutcomeKind

Value = str | int | bool | Decimal | date | datetime | None
"""A record's value. Money and areas are decimals of scale 2, instants are aware."""


@dataclass(frozen=True, slots=True)
class ResultApplication:
    """The application's facts that go with the data, its purpose among them (R033)."""

    requester: str
    operator: str
    submitted: datetime
    authority: str
    business_text: str
    purpose: str
    query_text: str
    person_count: int
    applied_on: date


@dataclass(frozen=True, slots=True)
class ResultPerson:
    """A person asked about; `id_type` is the code."""

    reference: int
    household: str
    relation: str
    name: str
    id_type: str
    id_number: str


@dataclass(frozen=True, slots=True)
class ResultItem:
    """An approved item of a line: the field's name in the schema and its Chinese title.

    `codes` names the table whose codes the item holds, or is None.
    """

    name: str
    zh: str
    codes: str | None = None


@dataclass(frozen=True, slots=True)
class ResultLine:
    """A request line: `row` is that of the attached table, `title` the resource's Chinese name.

    `provider` is as asked (`national`, `hub` or a region code). Both dates null = latest data.
    """

    line: int
    row: int
    provider: str
    resource: str
    title: str
    items: tuple[ResultItem, ...]
    time_from: date | None
    time_to: date | None


@dataclass(frozen=True, slots=True)
class ResultOutcome:
    """What became of one person under one line.

    Each record holds one value for each of the line's items, in their order.
    """

    line: int
    reference: int
    outcome: OutcomeKind
    code: str | None
    records: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class ResultAnswer:
    """One answer, or a fragment of it: who gave it, when, on data of which time (R072).

    `provider` is the answering agency's id, `provider_title` its Chinese name.
    """

    provider: str
    provider_title: str
    resource: str
    part: int
    as_of: datetime
    received: datetime
    due: datetime
    late: bool
    outcomes: tuple[ResultOutcome, ...]


@dataclass(frozen=True, slots=True)
class ResultGap:
    """Something asked that has no answer: still open when `code` is null, else never to come.

    `provider` may be a node, where nobody below it could be asked.
    """

    provider: str
    provider_title: str
    resource: str
    part: int
    due: datetime | None
    code: str | None


@dataclass(frozen=True, slots=True)
class ResultView:
    """The result of one query at one moment.

    `withdrawn` are the persons who were not asked about, for their household lacked a consent
    (R067). `rechecks` is the query whose result this one was to check (R032).
    """

    query: UUID
    state: QueryState
    application: ResultApplication
    persons: tuple[ResultPerson, ...]
    lines: tuple[ResultLine, ...]
    answers: tuple[ResultAnswer, ...]
    gaps: tuple[ResultGap, ...]
    withdrawn: tuple[ResultPerson, ...] = ()
    rechecks: UUID | None = None

    @property
    def account(self) -> Account:
        """How far the query had come; a fragment of an answer makes nothing answered yet."""
        still = {(g.provider, g.resource, g.part) for g in self.gaps if g.code is None}
        came = {(a.provider, a.resource, a.part) for a in self.answers}
        refused = sum(gap.code is not None for gap in self.gaps)
        return Account(len(came - still), len(still), refused)
