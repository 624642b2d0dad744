"""Decides, from the rows that a source returned, what becomes of each person. Pure.

A person is matched by ID number and ID type together, never by name (S0 2.2 and R070 against S3's
search by name alone); a name can only raise doubt. What each doubt leads to:

| doubt | outcome |
|---|---|
| the subject has no ID number | NOT_ANSWERABLE `ID_NUMBER_MISSING` |
| the source holds another ID type only | NOT_ANSWERABLE `ID_TYPE_NOT_HELD` |
| a row with the number has no or an unknown ID type | NOT_ANSWERABLE `ID_TYPE_UNKNOWN` |
| a row's name differs | by policy: NOT_ANSWERABLE `NAME_MISMATCH`, row left out, or row kept |
| a range is asked and a row has no day | NOT_ANSWERABLE `TIME_MISSING` |
| a row's day or value cannot be read | NOT_ANSWERABLE `VALUE_INVALID` |
| a code has no translation | NOT_ANSWERABLE `CODE_UNMAPPED` |
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from adapters.contract import (
    Lookup,
    PersonFaultError,
    Record,
    Subject,
    SubjectOutcome,
    to_records,
)
from adapters.mapping.resource import ResourceMapping
from adapters.numbers import id_key
from adapters.values import day_of, digits_of
from bus.model.messages import OutcomeKind
from schemas.codes import id_types
from schemas.resources import Resource

Row = Mapping[str, object]
"""One row of the source: column name → raw value."""

_DOTS = str.maketrans(dict.fromkeys("•・‧∙⋅.", "·"))
"""The dots people write inside transliterated names; NFKC has made the full-width ones plain."""


def time_column(entry: ResourceMapping, resource: Resource) -> str | None:
    """Return the column that a time range (R053) applies to, or None when none can apply."""
    return entry.time_column or entry.columns.get(resource.time_item or "")


def columns_for(entry: ResourceMapping, resource: Resource, items: Iterable[str]) -> list[str]:
    """Return the columns to read, each once: those that identify, and those of the items asked."""
    identifying = (
        entry.id_number,
        entry.id_type,
        entry.person_name,
        time_column(entry, resource),
    )
    asked = (entry.columns.get(item) for item in items)
    return list(dict.fromkeys(column for column in (*identifying, *asked) if column))


def judge(
    entry: ResourceMapping,
    resource: Resource,
    lookup: Lookup,
    subject: Subject,
    rows: Iterable[Row],
) -> SubjectOutcome:
    """Decide one person's outcome.

    Args:
        entry: How the source maps to the resource.
        resource: The resource asked about.
        lookup: The question.
        subject: The person.
        rows: The source's rows with this person's ID number.

    Raises:
        PersonFaultError: The person cannot be answered; the code is in the table above.
    """
    kept = _of_type(entry, subject, rows)
    kept = _of_name(entry, subject, kept)
    kept = _in_range(entry, resource, lookup, kept)
    records = _records(entry, resource, lookup, kept)
    kind = OutcomeKind.FOUND if records else OutcomeKind.NOT_FOUND
    return SubjectOutcome(subject.reference, kind, None, records)


def _of_type(entry: ResourceMapping, subject: Subject, rows: Iterable[Row]) -> list[Row]:
    if not id_key(subject.id_number):
        raise _fault("ID_NUMBER_MISSING", "没有证件号码", "there is no ID number", entry.place)
    if entry.id_type is None:
        if subject.id_type != entry.only_id_type:
            # Its silence about another document's holder says nothing about the holder.
            raise _fault(
                "ID_TYPE_NOT_HELD",
                "来源不按此证件类型登记",
                "the source does not register by this ID type",
                entry.place,
            )
        return list(rows)
    return [row for row in rows if type_of(entry, row[entry.id_type]) == subject.id_type]


def type_of(entry: ResourceMapping, raw: object) -> str:
    """Return the ID type that the source's own code stands for.

    Raises:
        PersonFaultError: `ID_TYPE_UNKNOWN`: it is blank or stands for none.
    """
    try:
        text = digits_of(raw)
    except ValueError:
        text = ""
    known = id_types().find(text)
    code = entry.id_types.get(text) if entry.id_types else known.code if known else None
    if code is None:
        raise _fault(
            "ID_TYPE_UNKNOWN",
            "来源中的证件类型为空或无法识别",
            "the source's ID type is blank or unknown",
            f"{entry.place}.{entry.id_type}",
        )
    return code


def _of_name(entry: ResourceMapping, subject: Subject, rows: list[Row]) -> list[Row]:
    column = entry.person_name
    if column is None or entry.name_mismatch == "answer":
        return rows
    same = [row for row in rows if name_key(row[column]) == name_key(subject.name)]
    if entry.name_mismatch == "not_answerable" and len(same) < len(rows):
        raise _fault(
            "NAME_MISMATCH",
            "来源中的姓名与查询不同",
            "the source's name differs from the one asked about",
            f"{entry.place}.{column}",
        )
    return same


def name_key(raw: object) -> str:
    """Return a name as it is compared: half-width, without blanks, one kind of dot, no case."""
    text = unicodedata.normalize("NFKC", raw) if isinstance(raw, str) else ""
    return "".join(text.translate(_DOTS).split()).casefold()


def _in_range(
    entry: ResourceMapping, resource: Resource, lookup: Lookup, rows: list[Row]
) -> list[Row]:
    column = time_column(entry, resource)
    if column is None or lookup.time_from is None or lookup.time_to is None:
        return rows
    kept: list[Row] = []
    for row in rows:
        raw = row[column]
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            raise _fault(
                "TIME_MISSING",
                "来源中的记录没有日期，不能判断是否在起止时间内",
                "a record has no day, so that the time range cannot be applied",
                f"{entry.place}.{column}",
            )
        try:
            day = day_of(raw)
        except ValueError:
            raise _fault(
                "VALUE_INVALID",
                "来源中的日期无法识别",
                "the source's day cannot be read",
                f"{entry.place}.{column}",
            ) from None
        if lookup.time_from <= day <= lookup.time_to:
            kept.append(row)
    return kept


def _records(
    entry: ResourceMapping, resource: Resource, lookup: Lookup, rows: Sequence[Row]
) -> tuple[Record, ...]:
    held = {item: entry.columns[item] for item in lookup.items if item in entry.columns}
    tables = {item: table for item in held if (table := _translation(entry, resource, item))}
    raw = [
        {
            item: _translated(entry, item, row[column], tables.get(item))
            for item, column in held.items()
        }
        for row in rows
    ]
    return to_records(resource, lookup.items, raw)


def _translation(entry: ResourceMapping, resource: Resource, item: str) -> Mapping[str, str] | None:
    known = resource.item(item)
    if item not in entry.codes and known is not None and known.codes == "id-types":
        return entry.id_types
    return entry.codes.get(item)


def _translated(
    entry: ResourceMapping, item: str, raw: object, table: Mapping[str, str] | None
) -> object:
    if table is None or raw is None:
        return raw
    try:
        text = str(int(raw)) if isinstance(raw, bool) else digits_of(raw)
    except ValueError:
        text = None
    if text == "":
        return None
    if text is None or text not in table:
        raise _fault(
            "CODE_UNMAPPED",
            "来源中的代码没有对照",
            "a code of the source has no translation",
            f"{entry.place}.{entry.columns[item]}",
        )
    return table[text]


def _fault(code: str, zh: str, en: str, where: str) -> PersonFaultError:
    return PersonFaultError(code, zh, en, where=where)
