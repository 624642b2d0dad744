"""Does what leaves the source hold what was asked for, and only that?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters.contract import Record
from adapters.kit.ground import NOBODY_KNOWN, Ground
from adapters.kit.report import Result, failed, not_applicable, passed
from adapters.numbers import id_key
from schemas.loader import SchemaError
from schemas.records import encode_record

_PEOPLE = 3
"""Enough for questions that are asked once for each item."""


async def only_items_asked_leave(ground: Ground) -> Result:
    """Each item asked alone, then all: records hold these items and no other."""
    answered = await ground.answered()
    if not answered:
        return NOBODY_KNOWN
    persons = [known.subject(n) for n, (known, _) in enumerate(answered[:_PEOPLE], 1)]
    extra: set[str] = set()
    missing: set[str] = set()
    for asked in [*((item,) for item in ground.items), ground.items]:
        for outcome in await ground.outcomes(persons, items=asked):
            for record in outcome.records:
                extra |= record.keys() - set(asked)
                missing |= set(asked) - record.keys()
    if extra:
        return failed(
            "ITEM_UNASKED",
            f"记录含未申请的内容项：{_listed(extra)}",
            f"records hold items that were not asked for: {_listed(extra)}",
        )
    if missing:
        return failed(
            "ITEM_MISSING",
            f"记录缺少已申请的内容项：{_listed(missing)}",
            f"records lack items that were asked for: {_listed(missing)}",
        )
    return passed(f"{len(ground.items)} 个内容项", f"{len(ground.items)} items")


async def records_are_the_persons_own(ground: Ground) -> Result:
    """No row of anybody else comes along: each record has the number of whom it answers."""
    if ground.entry is not None and "id_number" not in ground.entry.columns:
        return not_applicable("来源的记录不含证件号码", "the source's records hold no ID number")
    answered = await ground.answered()
    if not answered:
        return NOBODY_KNOWN
    others = sum(
        id_key(record.get("id_number")) != id_key(known.id_number)
        for known, outcome in answered
        for record in outcome.records
    )
    if others:
        return failed(
            "RECORD_OF_ANOTHER",
            f"{others} 条记录属于他人",
            f"{others} records are somebody else's",
        )
    return passed(f"{len(answered)} 人", f"{len(answered)} people")


async def values_fit_the_schema(ground: Ground) -> Result:
    """Every record can be written after the resource's schema, value by value (R072)."""
    answered = await ground.answered()
    if not answered:
        return NOBODY_KNOWN
    records = [record for _, outcome in answered for record in outcome.records]
    if faulty := _unfit(ground, records):
        return failed(
            "VALUE_UNFIT",
            f"内容项的值不符合模式：{_listed(faulty)}",
            f"values do not fit the schema: {_listed(faulty)}",
        )
    return passed(f"{len(records)} 条记录", f"{len(records)} records")


def _unfit(ground: Ground, records: Sequence[Record]) -> set[str]:
    faulty = set()
    for record in records:
        for item in record.keys() & set(ground.items):
            try:
                encode_record(ground.resource, {item: record[item]})
            except SchemaError:
                faulty.add(item)
    return faulty


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
