"""An application given as JSON instead of a workbook: the same fields under the same rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import Field

from bus.api.body import Asked
from bus.catalog.catalogue import Catalogue
from bus.model.request import Contact, Declaration, Draft, DraftLine, DraftPerson
from bus.rules.id_number import normalise
from bus.workbook.check import DraftFault, check_draft
from bus.workbook.faults import Fault
from bus.workbook.text import clean, person_name

Text = Annotated[str, Field(max_length=2000)]
Code = Annotated[str, Field(max_length=60)]


class LineBody(Asked):
    """One row of 附表 (R049-R053); no items: all of the category; no dates: the latest data."""

    provider: Annotated[Code, Field(description="national、hub 或六位区划代码 / or a region code")]
    category: Annotated[Code, Field(description="类别代码或资源名称 / Category or resource")]
    items: Annotated[tuple[Code, ...], Field(max_length=200)] = ()
    time_from: date | None = None
    time_to: date | None = None

    def to_model(self, row: int) -> DraftLine:
        """Return the line as row `row` of the table."""
        return DraftLine(
            row,
            clean(self.provider),
            clean(self.category),
            self.items,
            self.time_from,
            self.time_to,
        )


class PersonBody(Asked):
    """One row of 名单: a person and the authorisation (R022, R067, R070)."""

    household: Text
    relation: Code
    name: Text
    id_type: Code
    id_number: Text
    reason: Text
    document: Text
    authorised_on: date
    guardian: Text | None = None
    document_hash: Annotated[
        str | None,
        Field(
            pattern="^[0-9a-f]{64}$",
            description="授权书文件的 SHA-256，十六进制 / SHA-256 of the document's file",
        ),
    ] = None
    scope: Text = ""
    valid_until: date | None = None
    document_file: Annotated[
        Text | None,
        Field(description="随申请交存的授权书文件名 / Name of the file handed in of it"),
    ] = None

    def to_model(self) -> DraftPerson:
        """Return the person, normalised as a workbook's row is."""
        return DraftPerson(
            household=clean(self.household),
            relation=self.relation,
            name=person_name(self.name),
            id_type=self.id_type,
            id_number=normalise(self.id_type, self.id_number),
            reason=clean(self.reason),
            document=clean(self.document),
            authorised_on=self.authorised_on,
            guardian=person_name(self.guardian) or None if self.guardian else None,
            document_hash=None if self.document_hash is None else bytes.fromhex(self.document_hash),
            scope=clean(self.scope),
            valid_until=self.valid_until,
            document_file=self.document_file or None,
        )


class DeclarationBody(Asked):
    """The declaration of R046."""

    authorised: bool
    scope: Text


class ContactBody(Asked):
    """Contact person and telephone (R048)."""

    name: Text
    phone: Text


class DraftBody(Asked):
    """The official form (R041-R048) with its table and list."""

    addressee: Text
    legal_basis: Text
    authority: Text
    business: Code
    business_text: Text
    purpose: Text
    first_named: Text
    person_count: int
    query_text: Text
    declaration: DeclarationBody
    list_submitted_on: date
    contact: ContactBody
    applied_on: date
    lines: tuple[LineBody, ...]
    persons: tuple[PersonBody, ...]

    def to_model(self) -> Draft:
        """Return the draft, normalised, not yet checked."""
        return Draft(
            addressee=clean(self.addressee),
            legal_basis=clean(self.legal_basis),
            authority=clean(self.authority),
            business=self.business,
            business_text=clean(self.business_text),
            purpose=clean(self.purpose),
            first_named=person_name(self.first_named),
            person_count=self.person_count,
            query_text=clean(self.query_text),
            declaration=Declaration(self.declaration.authorised, clean(self.declaration.scope)),
            list_submitted_on=self.list_submitted_on,
            contact=Contact(person_name(self.contact.name), clean(self.contact.phone)),
            applied_on=self.applied_on,
            lines=tuple(line.to_model(row) for row, line in enumerate(self.lines, 1)),
            persons=tuple(person.to_model() for person in self.persons),
        )


def draft_faults(
    draft: Draft,
    today: date,
    catalogue: Catalogue | None = None,
    files: Mapping[str, bytes] | None = None,
) -> tuple[Fault, ...]:
    """Return every fault of a draft, placed by part, element and field.

    Args:
        draft: The draft.
        today: The day of submission, in Asia/Shanghai.
        catalogue: The catalogue in force, to hold 附表 against; None checks all but that.
        files: SHA-256 of the files that were handed in, by name; None checks no names of files.
    """
    return tuple(_placed(fault) for fault in check_draft(draft, today, catalogue, files))


def _placed(fault: DraftFault) -> Fault:
    problem = fault.problem
    return Fault(
        fault.part, fault.number, fault.field, problem.code, problem.zh, problem.en, problem.allowed
    )
