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
from bus.model.review import WAITS_ZH, Waits
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
    warnings: Annotated[int, Field(description="提示条数 / Number of warnings")]
    waits: Annotated[
        Waits | None, Field(description="等待审查员的原因 / Why it waits for an operator")
    ]
    withdrawn: Annotated[
        int, Field(description="退回后撤下的人数 / Persons taken out when it was returned")
    ]
    start_by: Annotated[datetime | None, Field(description="启动期限 / By when it has to start")]
    working_hours_left: Annotated[
        float | None, Field(description="剩余工作小时，负数为已逾期 / Working hours left")
    ]
    received: datetime
    updated: datetime
    decision: DecisionBody | None
    assent: Annotated[
        AssentBody | None,
        Field(description="省级同意，仅市县申请 / The province's, of a city's or county's"),
    ]

    @classmethod
    def of(
        cls, case: Case, titles: Titles, term: tuple[datetime, float] | None = None
    ) -> ApplicationSummary:
        """Return the summary of a case; `term` is by when it has to start, and the hours left."""
        waiting = case.review if case.state is QueryState.UNDER_REVIEW else None
        return cls(
            query=case.query,
            state=case.state,
            requester=case.requester,
            requester_title=titles.participant(case.requester),
            persons=case.person_count,
            parts_listed=len(case.parts),
            parts_received=len(case.received),
            findings=len(case.findings),
            warnings=len(case.review.warnings) if case.review else 0,
            waits=waiting.waits if waiting else None,
            withdrawn=len(case.withdrawn),
            start_by=term[0] if term else None,
            working_hours_left=round(term[1], 1) if term else None,
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
    scope: Annotated[str, Field(description="授权范围，未登记为空 / Scope, empty: not registered")]
    valid_until: date | None

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
            scope=member.scope,
            valid_until=member.valid_until,
        )


class ReviewBody(Answered):
    """How the hub reviewed an application: under which rule, what it found, why it waits."""

    rule: Annotated[int, Field(description="规则序号，0 为默认 / Number of the rule, 0: default")]
    mode: str
    rate: Annotated[
        int | None, Field(description="抽查比例，百万分之几 / Of a million, how many are drawn")
    ]
    draw: Annotated[int | None, Field(description="抽得的数，小于比例即抽中 / Below rate: drawn")]
    waits: Waits | None
    waits_zh: str
    blocking: tuple[FindingBody, ...]
    doubtful: tuple[FindingBody, ...]
    warnings: tuple[FindingBody, ...]

    @classmethod
    def of(cls, case: Case) -> ReviewBody | None:
        """Return the body of a case's review; once it is decided, without what was found."""
        review = case.review
        if review is None:
            return None
        open_ = case.state is QueryState.UNDER_REVIEW
        found = [FindingBody.of(finding) for finding in (case.findings if open_ else ())]
        return cls(
            rule=review.rule,
            mode=review.mode,
            rate=review.rate,
            draw=review.draw,
            waits=review.waits,
            waits_zh=WAITS_ZH[review.waits] if review.waits else "",
            blocking=tuple(found[: review.blocking]),
            doubtful=tuple(found[review.blocking :]),
            warnings=tuple(FindingBody.of(finding) for finding in review.warnings),
        )


class ApplicationDetail(Answered):
    """An application with its form and list, the findings of the review and everything owed.

    The list is what an operator needs to review by hand (R025, R026).
    """

    summary: ApplicationSummary
    review: ReviewBody | None
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
        term: tuple[datetime, float] | None = None,
    ) -> ApplicationDetail:
        """Return the detail of a case; `term` as in the summary."""
        return cls(
            summary=ApplicationSummary.of(case, titles, term),
            review=ReviewBody.of(case),
            findings=tuple(FindingBody.of(finding) for finding in case.findings),
            rows=tuple(RowBody.of(row, titles) for row in case.rows),
            form=None if form is None else FormBody.of(form, titles),
            persons=tuple(MemberBody.of(member) for member in members),
        )


class ReturnBody(Asked):
    """Which households are to be taken out of an application that is returned (R067), and why."""

    reason: Annotated[
        str, Field(min_length=1, max_length=40, description="理由代码 / Code of the reason")
    ]
    households: Annotated[
        tuple[str, ...], Field(max_length=1000, description="户编号 / Households, by label")
    ] = ()
    persons: Annotated[
        tuple[int, ...],
        Field(max_length=1000, description="人员序号，指其全户 / Persons, for their households"),
    ] = ()


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
