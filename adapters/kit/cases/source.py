"""Does the source fit, are its rows fit to be answered from, can it be let go of?"""

from __future__ import annotations

from collections import Counter
from datetime import date

from adapters.contract import Lookup, PersonFaultError, Subject
from adapters.judge import Row, judge, type_of
from adapters.kit.ground import Ground
from adapters.kit.report import Result, failed, not_applicable, not_shown, passed
from adapters.mapping.resource import RESIDENT_CARD, ResourceMapping
from adapters.numbers import id_key

DOUBTFUL_ROWS = 0.1
"""Share of rows that may be doubtful: beyond, it is the mapping, or the data as a whole."""


async def it_fits(ground: Ground) -> Result:
    """The connector's own check passes: the source is there and holds what the mapping says."""
    await ground.connector.check()
    return passed()


async def rows_can_be_answered(ground: Ground) -> Result:
    """Rows of the source are judged as if each person had been asked about: how many raise doubt.

    Codes and columns are told, never values.
    """
    if ground.entry is None:
        return not_applicable(
            "该连接器自行判断，没有可判断的行",
            "this connector judges by itself, and has no rows to be judged",
        )
    if ground.rows is None:
        return not_shown(
            "数据源不能抽取样本行（RowSource.sample）",
            "the source cannot show rows (RowSource.sample)",
        )
    if not ground.rows:
        return not_shown("数据源没有数据", "the source is empty")
    faults = [fault for row in ground.rows if (fault := _doubt(ground, ground.entry, row))]
    counted = Counter(faults)
    told = ", ".join(f"{code} {where}×{count}" for (code, where), count in sorted(counted.items()))
    zh = f"{len(ground.rows)} 行中 {len(faults)} 行无法答复{f'（{told}）' if told else ''}"
    en = f"{len(faults)} of {len(ground.rows)} rows cannot be answered"
    if len(faults) > DOUBTFUL_ROWS * len(ground.rows):
        return failed("ROWS_DOUBTFUL", zh, en)
    return passed(zh, en)


async def it_can_be_closed_twice(ground: Ground) -> Result:
    """Letting go of the source twice does no harm. Nothing is asked of it after this."""
    await ground.connector.close()
    await ground.connector.close()
    return passed()


def _doubt(ground: Ground, entry: ResourceMapping, row: Row) -> tuple[str, str] | None:
    """Return what keeps a row from being answered, asked for all items and all days."""
    try:
        id_type = entry.only_id_type or type_of(entry, row.get(entry.id_type or ""))
        written = row.get(entry.compared_name or "")
        name = written if isinstance(written, str) else ""
        number = id_key(row.get(entry.id_number))
        person = Subject(1, name, id_type or RESIDENT_CARD, number)
        start, end = (date.min, date.max) if ground.dated else (None, None)
        lookup = Lookup(ground.resource.name, ground.items, start, end, (person,))
        judge(entry, ground.resource, lookup, person, [row])
    except PersonFaultError as fault:
        return fault.code, fault.where
    return None
