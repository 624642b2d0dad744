"""Everything the rules find wrong with a complete draft, whichever face it came through.

The workbook and the API share this one function; each turns the places into its own: a cell, or a
field of the JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bus.catalog.catalogue import Catalogue
from bus.catalog.expand import CatalogueError
from bus.model.messages import Finding
from bus.model.request import Draft, DraftLine
from bus.rules import form, places
from bus.rules.consent import check_consent
from bus.rules.evidence_file import is_file_name
from bus.rules.members import members_of_draft
from bus.rules.persons import check_persons
from bus.rules.provider import is_provider
from bus.rules.request_lines import check_row_ability
from bus.rules.time_range import check_range
from bus.workbook.allowed import RANGES_ALLOWED, allowed_for
from bus.workbook.faults import Problem
from bus.workbook.layout import (
    FORM_FIELDS,
    FORM_SHEET,
    LINE_FIELDS,
    LINES_SHEET,
    PERSON_FIELDS,
    PERSON_LIMIT,
    PERSONS_SHEET,
    Field,
)


class DraftPart(StrEnum):
    """The three parts of a draft, by the names of their sheets."""

    FORM = FORM_SHEET
    LINES = LINES_SHEET
    PERSONS = PERSONS_SHEET


@dataclass(frozen=True, slots=True)
class DraftFault:
    """A fault of a draft and where it is.

    `number` counts lines or persons from 1 and is null for the form or a whole part; `field` is a
    key of `bus.workbook.layout`, null where the fault is of the whole row or part.
    """

    part: DraftPart
    number: int | None
    field: str | None
    problem: Problem


_WHERE = re.compile(r"(申请|附表|名单)(?: 第 ([0-9、]+)等? [行人])?(?: (.+))?")
"""What `bus.rules.places` writes."""

TEXT_LIMIT = 200
"""Most characters of a text that no rule limits."""

_TOO_LONG = Problem(
    "TEXT_TOO_LONG",
    f"内容超过 {TEXT_LIMIT} 字",
    f"the text is longer than {TEXT_LIMIT} characters",
    f"不超过 {TEXT_LIMIT} 字",
)

_FILE_MISSING = Problem(
    "EVIDENCE_FILE_MISSING",
    "所列授权书文件没有随申请交存",
    "the file named was not handed in with the application",
    "--evidence 所给目录中文件的名称；不交存则留空",
)
_FILE_NAME = Problem(
    "EVIDENCE_NAME",
    "文件名不合规：不得含路径、通配符或控制字符，不以点开头",
    "not a plain file name",
    "--evidence 所给目录中文件的名称，不含路径",
)

_COLUMN_OF = {
    "PERSON_TWICE": "id_number",
    "PERSON_TWO_HOUSEHOLDS": "id_number",
    "RELATION_TWICE": "relation",
}
"""The column to mend for findings that name several persons and no field."""


def _keys(fields: Sequence[Field]) -> dict[str, Field]:
    return {title: field for field in fields for title in (field.title, *field.aliases)}


_FIELDS = {
    DraftPart.FORM: _keys(FORM_FIELDS),
    DraftPart.LINES: _keys(LINE_FIELDS),
    DraftPart.PERSONS: _keys(PERSON_FIELDS),
}


def check_draft(
    draft: Draft,
    today: date,
    catalogue: Catalogue | None = None,
    files: Mapping[str, bytes] | None = None,
) -> tuple[DraftFault, ...]:
    """Return every fault of a draft: form (R041-R048), lines (R049-R053), persons and consents.

    Of several faults of one field the first is returned: the others mostly follow from it.

    A household whose consents are not in order is refused as a whole at the hub (R067); here each
    consent at fault is named instead, since nothing is submitted until all are mended.

    Args:
        draft: The draft, with normalised values.
        today: The day of submission, in Asia/Shanghai.
        catalogue: The catalogue in force, to hold categories and items against (R020, R052);
            without one a category need only be given.
        files: SHA-256 of the files that were handed in, by name; None checks no names of files.
    """
    members = members_of_draft(draft)
    findings = [
        *form.check_draft(draft, today),
        *(finding for line in draft.lines for finding in _check_line(line, today)),
        *check_persons(members, today),
        *(
            finding
            for member in members
            for finding in check_consent(member, draft.applied_on, today)
        ),
    ]
    located = [fault for finding in findings for fault in _located(finding, draft)]
    asked = [] if catalogue is None else _check_catalogue(draft.lines, catalogue, today)
    handed = [] if files is None else _check_files(draft, files)
    return tuple(_one_a_field((*_check_lengths(draft), *asked, *handed, *located)))


def _one_a_field(faults: Iterable[DraftFault]) -> Iterator[DraftFault]:
    seen = set()
    for fault in faults:
        place = (fault.part, fault.number, fault.field)
        if fault.field is None or place not in seen:
            yield fault
        seen.add(place)


def _check_catalogue(
    lines: Iterable[DraftLine], catalogue: Catalogue, today: date
) -> Iterator[DraftFault]:
    # R020, R052, R053
    for line in lines:
        try:
            findings = check_row_ability(line, catalogue, today)
        except CatalogueError as error:
            field = _located_field(error.where)
            problem = Problem(error.code, error.zh, error.en, error.remedy_zh)
            yield DraftFault(DraftPart.LINES, line.row, field, problem)
        else:
            for found in findings:
                problem = Problem(found.code, found.zh, found.en, RANGES_ALLOWED[found.code])
                field = _located_field(found.where)
                yield DraftFault(DraftPart.LINES, line.row, field, problem)


def _check_files(draft: Draft, files: Mapping[str, bytes]) -> Iterator[DraftFault]:
    # R022, R023
    for number, person in enumerate(draft.persons, 1):
        name = person.document_file
        if name is None or (is_file_name(name) and name in files):
            continue
        problem = _FILE_MISSING if is_file_name(name) else _FILE_NAME
        yield DraftFault(DraftPart.PERSONS, number, "document_file", problem)


def _located_field(where: str) -> str | None:
    found = _WHERE.fullmatch(where)
    field = _FIELDS[DraftPart.LINES].get(found[3] or "") if found else None
    return field.key if field else None


def _check_line(line: DraftLine, today: date) -> Iterator[Finding]:
    if not is_provider(line.provider):
        # R050
        yield Finding(
            "PROVIDER_UNKNOWN",
            "信息提供方不在允许之列",
            "not an allowed provider",
            places.row(line.row, "信息提供方"),
        )
    if not line.category.strip():
        # R052
        yield Finding(
            "CATEGORY_MISSING",
            "没有填写内容类别",
            "the content category is missing",
            places.row(line.row, "内容类别"),
        )
    yield from check_range(line.time_from, line.time_to, today, places.row(line.row, "时间范围"))


def _check_lengths(draft: Draft) -> Iterator[DraftFault]:
    yield from _check_counts(draft)
    texts = [
        (DraftPart.FORM, None, "legal_basis", draft.legal_basis),
        *(
            (DraftPart.PERSONS, number, field, text)
            for number, person in enumerate(draft.persons, 1)
            for field, text in (
                ("document", person.document),
                ("guardian", person.guardian or ""),
                ("scope", person.scope),
            )
        ),
    ]
    for part, number, field, text in texts:
        if len(text) > TEXT_LIMIT:
            yield DraftFault(part, number, field, _TOO_LONG)


def _check_counts(draft: Draft) -> Iterator[DraftFault]:
    if not draft.lines:
        # R021: the resources asked for are mandatory.
        problem = Problem("LINES_EMPTY", "附表没有任何查询内容", "nothing is asked for", "至少一行")
        yield DraftFault(DraftPart.LINES, None, None, problem)
    if not draft.persons:
        problem = Problem("PERSONS_EMPTY", "名单没有任何人员", "nobody is listed", "至少一人")
        yield DraftFault(DraftPart.PERSONS, None, None, problem)
    if len(draft.persons) > PERSON_LIMIT:
        problem = Problem(
            "PERSONS_TOO_MANY",
            "名单人数超过上限",
            "too many persons are listed",
            f"不超过 {PERSON_LIMIT} 人，分多次申请",
        )
        yield DraftFault(DraftPart.PERSONS, None, None, problem)


def _located(finding: Finding, draft: Draft) -> Iterator[DraftFault]:
    """Turn the place a rule names into numbers and field keys; one fault for each person named."""
    found = _WHERE.fullmatch(finding.where)
    if found is None:
        problem = Problem(finding.code, finding.zh, finding.en)
        yield DraftFault(DraftPart.FORM, None, None, problem)
        return
    part = DraftPart(found[1])
    field = _FIELDS[part].get(found[3] or "")
    key = field.key if field else _COLUMN_OF.get(finding.code)
    numbers = [int(number) for number in found[2].split("、")] if found[2] else [None]
    for number in numbers:
        person = number if part is DraftPart.PERSONS else None
        allowed = allowed_for(finding.code, draft, person) or (field.hint if field else "")
        yield DraftFault(part, number, key, Problem(finding.code, finding.zh, finding.en, allowed))
