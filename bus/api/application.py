"""What the hub's operator sees of an application (查询申请), and says about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from bus.api.body import Answered, Asked
from bus.api.errors import FindingBody
from bus.api.query import AssentBody, DecisionBody, RowBody, Titles
from bus.model.case import Case, QueryState
from bus.model.request import Application, RequestLine
from bus.rules.members import Member


class ApplicationSummary(Answered):
    """An application in one line; `decision` is the hub's, or at a province its own."""

    query: UUID
    state: QueryState
    requester: str
    requester_title: str
    persons: int
    parts_listed: int
    parts_received: int
    findings: Annotated[int, Field(description="审查意见条数 / Number of findings")]
    received: datetime
    updated: datetime
    decision: DecisionBody | None
    assent: Annotated[
        AssentBody | None,
        Field(description="省级同意，仅市县申请 / The province's, of a city's or county's"),
    ]

    @classmethod
    def of(cls, case: Case, titles: Titles) -> ApplicationSummary:
        """Return the summary of the hub's case."""
        return cls(
            query=case.query,
            state=case.state,
            requester=case.requester,
            requester_title=titles.participant(case.requester),
            persons=case.person_count,
            parts_listed=len(case.parts),
            parts_received=len(case.received),
            findings=len(case.findings),
            received=case.opened,
            updated=case.updated,
            decision=DecisionBody.of(case),
            assent=AssentBody.of(case, titles),
        )


class RequestLineBody(Answered):
    """One line of the request (附表). Both dates null: the latest data."""

    line: int
    row: Annotated[
        int,
        Field(description="附表序号：第几项，不是工作表行号 / Number in 附表, no spreadsheet row"),
    ]
    provider: str
    category: str
    resource: str
    resource_title: str
    items: tuple[str, ...]
    time_from: date | None
    time_to: date | None

    @classmethod
    def of(cls, line: RequestLine, titles: Titles) -> RequestLineBody:
        """Return the body of a request line."""
        return cls(
            line=line.line,
            row=line.row,
            provider=line.provider,
            category=line.category,
            resource=line.resource,
            resource_title=titles.resource(line.resource),
            items=line.items,
            time_from=line.time_from,
            time_to=line.time_to,
        )


class FormBody(Answered):
    """The form (R041-R048). It names persons: reading it is audited."""

    addressee: str
    legal_basis: str
    authority: str
    business: str
    business_text: str
    purpose: str
    first_named: str
    person_count: int
    query_text: str
    authorised: bool
    scope: str
    list_submitted_on: date
    contact_name: str
    contact_phone: str
    applied_on: date
    catalogue_version: int
    lines: tuple[RequestLineBody, ...]

    @classmethod
    def of(cls, application: Application, titles: Titles) -> FormBody:
        """Return the body of an application's form."""
        request = application.request
        return cls(
            addressee=application.addressee,
            legal_basis=application.legal_basis,
            authority=application.authority,
            business=request.business,
            business_text=application.business_text,
            purpose=request.purpose,
            first_named=application.first_named,
            person_count=application.person_count,
            query_text=application.query_text,
            authorised=application.declaration.authorised,
            scope=application.declaration.scope,
            list_submitted_on=application.list_submitted_on,
            contact_name=application.contact.name,
            contact_phone=application.contact.phone,
            applied_on=application.applied_on,
            catalogue_version=request.catalogue_version,
            lines=tuple(RequestLineBody.of(line, titles) for line in request.lines),
        )


class MemberBody(Answered):
    """One person on the list (名单) with the authorisation. Reading it is audited."""

    reference: Annotated[int, Field(description="人员序号 / Number over the query, from 1")]
    household: str
    relation: str
    name: str
    id_type: str
    id_number: str
    reason: str
    document: str
    authorised_on: date
    guardian: str | None

    @classmethod
    def of(cls, member: Member) -> MemberBody:
        """Return the body of a person on the list."""
        return cls(
            reference=member.reference,
            household=member.household,
            relation=member.relation,
            name=member.name,
            id_type=member.id_type,
            id_number=member.id_number,
            reason=member.reason,
            document=member.document,
            authorised_on=member.authorised_on,
            guardian=member.guardian,
        )


class ApplicationDetail(Answered):
    """An application with its form and list, the findings of the review and everything owed.

    The list is what an operator needs to review by hand (R025, R026).
    """

    summary: ApplicationSummary
    findings: tuple[FindingBody, ...]
    rows: tuple[RowBody, ...]
    form: Annotated[
        FormBody | None, Field(description="尚未到达时为空 / Null until it has arrived")
    ]
    persons: Annotated[
        tuple[MemberBody, ...],
        Field(description="名单，已到达的部分 / The list, as far as it has arrived"),
    ]

    @classmethod
    def of(
        cls,
        case: Case,
        form: Application | None,
        members: Iterable[Member],
        titles: Titles,
    ) -> ApplicationDetail:
        """Return the detail of the hub's case."""
        return cls(
            summary=ApplicationSummary.of(case, titles),
            findings=tuple(FindingBody.of(finding) for finding in case.findings),
            rows=tuple(RowBody.of(row, titles) for row in case.rows),
            form=None if form is None else FormBody.of(form, titles),
            persons=tuple(MemberBody.of(member) for member in members),
        )


class RefusalBody(Asked):
    """Why an application is refused (R027)."""

    reason: Annotated[
        str,
        Field(
            min_length=1,
            max_length=40,
            description="拒绝理由代码 / Code of the reason",
        ),
    ]
