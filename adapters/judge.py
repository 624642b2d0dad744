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
from dataclasses import dataclass, field

from adapters.contract import (
    Lookup,
    PersonFaultError,
    Record,
    Subject,
    SubjectOutcome,
    Value,
)
from adapters.mapping.resource import ResourceMapping
from adapters.numbers import id_key
from adapters.records import Reading, read_records
from adapters.values import column_reader_of, day_of, digits_of, reader_of
from bus.model.messages import OutcomeKind
from schemas.codes import id_types
from schemas.resources import Item, Resource

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
        entry.compared_name,
        time_column(entry, resource),
    )
    asked = (entry.columns.get(item) for item in items)
    return list(dict.fromkeys(column for column in (*identifying, *asked) if column))


@dataclass(frozen=True, slots=True)
class Plan:
    """What judging one person of a lookup has in common with judging all of them.

    `types` are the source's codes of ID types met so far, each with what it stands for.
    """

    readings: Sequence[Reading]
    time_column: str | None
    types: dict[str, str] = field(default_factory=dict)


def plan_of(entry: ResourceMapping, resource: Resource, lookup: Lookup) -> Plan:
    """Return the plan of a lookup: make it once, judge many persons by it."""
    asked = frozenset(lookup.items)
    readings = [_reading(entry, item) for item in resource.items if item.name in asked]
    ranged = lookup.time_from is not None and lookup.time_to is not None
    return Plan(readings, time_column(entry, resource) if ranged else None)


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
    plan = plan_of(entry, resource, lookup)
    kept = keep(entry, lookup, subject, rows, plan)
    return outcome_of(subject, read_records(resource, plan.readings, kept))


def keep(
    entry: ResourceMapping, lookup: Lookup, subject: Subject, rows: Iterable[Row], plan: Plan
) -> Sequence[Row]:
    """Return which of the rows with a person's ID number answer the question.

    Args:
        entry: How the source maps to the resource.
        lookup: The question.
        subject: The person.
        rows: The source's rows with this person's ID number.
        plan: `plan_of` the lookup.

    Raises:
        PersonFaultError: The person cannot be answered; the code is in the table above.
    """
    kept = _of_type(entry, plan, subject, rows)
    kept = _of_name(entry, subject, kept)
    return _in_range(entry, plan, lookup, kept)


def outcome_of(subject: Subject, records: tuple[Record, ...]) -> SubjectOutcome:
    """Return the outcome of a person who has these records, if any."""
    kind = OutcomeKind.FOUND if records else OutcomeKind.NOT_FOUND
    return SubjectOutcome(subject.reference, kind, None, records)


def _of_type(
    entry: ResourceMapping, plan: Plan, subject: Subject, rows: Iterable[Row]
) -> Sequence[Row]:
    if not id_key(subject.id_number):
        raise _fault("ID_NUMBER_MISSING", "没有证件号码", "there is no ID number", entry.place)
    column = entry.id_type
    if column is None:
        if subject.id_type != entry.only_id_type:
            # Its silence about another document's holder says nothing about the holder.
            raise _fault(
                "ID_TYPE_NOT_HELD",
                "来源不按此证件类型登记",
                "the source does not register by this ID type",
                entry.place,
            )
        return list(rows)
    known, asked = plan.types, subject.id_type
    try:
        return [row for row in rows if known[row[column]] == asked]  # type: ignore[index]
    except (KeyError, TypeError):  # a code met for the first time, or one that is no text
        return [row for row in rows if _known_type(entry, plan, row[column]) == asked]


def _known_type(entry: ResourceMapping, plan: Plan, raw: object) -> str:
    """Return `type_of` a code, worked out once for each text."""
    if not isinstance(raw, str):
        return type_of(entry, raw)
    if raw not in plan.types:
        plan.types[raw] = type_of(entry, raw)
    return plan.types[raw]


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


def _of_name(entry: ResourceMapping, subject: Subject, rows: Sequence[Row]) -> Sequence[Row]:
    column = entry.compared_name
    if column is None:
        return rows
    name = subject.name
    same = [row for row in rows if row[column] == name or name_key(row[column]) == name_key(name)]
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
    entry: ResourceMapping, plan: Plan, lookup: Lookup, rows: Sequence[Row]
) -> Sequence[Row]:
    column = plan.time_column
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


def _reading(entry: ResourceMapping, item: Item) -> Reading:
    """Return how an item is read from the source's rows, its codes translated."""
    column = entry.columns.get(item.name)
    if column is None:
        # Not held; every row has the column of the number.
        return Reading(item.name, entry.id_number, lambda _: None, item, lambda r: [None] * len(r))
    read = reader_of(item)
    table = _translation(entry, item)
    if table is None and item.codes is None:
        return Reading(item.name, column, read, item, column_reader_of(item))
    return _coded(entry, item, column, table)


def _coded(
    entry: ResourceMapping, item: Item, column: str, table: Mapping[str, str] | None
) -> Reading:
    """Return how an item with codes is read: each code is looked up once."""
    read = reader_of(item)
    known: dict[str, Value] = {}

    def translate(raw: object) -> Value:
        return read(raw if table is None else _translated(entry, item.name, raw, table))

    def read_once(raw: object) -> Value:
        if not isinstance(raw, str):
            return translate(raw)
        if raw not in known:
            known[raw] = translate(raw)
        return known[raw]

    def read_all(raws: Sequence[object]) -> Sequence[Value] | None:
        if set(map(type, raws)) != {str}:
            return None
        texts: Sequence[str] = raws  # type: ignore[assignment]
        try:
            for raw in set(texts) - known.keys():
                read_once(raw)
        except (ValueError, PersonFaultError):
            return None
        return [known[text] for text in texts]

    return Reading(item.name, column, read_once, item, read_all)


def _translation(entry: ResourceMapping, item: Item) -> Mapping[str, str] | None:
    if item.name not in entry.codes and item.codes == "id-types":
        return entry.id_types or None
    return entry.codes.get(item.name) or None


def _translated(
    entry: ResourceMapping, item: str, raw: object, table: Mapping[str, str]
) -> str | None:
    if raw is None:
        return None
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
