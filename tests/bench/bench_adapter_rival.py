"""The same lookup written by hand on asyncpg: as fast as we know how, in several ways.

*Fetched* brings the rows and groups them by person. *Typed* makes of them what the connector does:
each person's records of every item, ID type and reason translated, the rows of another ID type left
out, a person doubted where a name differs, a time range applied. It trusts the table: no value is
checked, since the columns have the right types.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import asyncpg
from bench_adapter_site import ID_TYPES, REASONS, TABLE

from adapters.contract import Subject

Days = tuple[date, date] | None
Grouped = Mapping[str, Sequence[asyncpg.Record]]
Typed = list[tuple[Subject, str, list[dict[str, Any]]]]
"""Each person with FOUND, NOT_FOUND or NAME_MISMATCH, and the records."""

_COLUMNS = "xm, zjlx, zjhm, grzh, tqzh, tqje, tqrq, tqyy"

ANY = f"SELECT {_COLUMNS} FROM {TABLE} WHERE zjhm = ANY ($1)"  # noqa: S608 - our own table
JOIN = (
    f"SELECT {_COLUMNS} FROM {TABLE} JOIN unnest($1::varchar[]) AS asked(number)"  # noqa: S608 - as above
    " ON zjhm = asked.number"
)
STAGED = f"SELECT {_COLUMNS} FROM {TABLE} JOIN asked ON zjhm = asked.number"  # noqa: S608 - as above


class Rival:
    """One connection in one read-only transaction a batch, as the connector has."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def prepare(self) -> None:
        """Make what the strategies need."""
        await self._connection.execute("CREATE TEMPORARY TABLE asked (number varchar(18))")

    async def fetched(self, strategy: str, numbers: list[str], size: int) -> Grouped:
        """Return the rows of a batch, by number.

        Args:
            strategy: One of the statements above.
            numbers: Who is asked about.
            size: How many numbers go into one statement.
        """
        grouped: dict[str, list[asyncpg.Record]] = defaultdict(list)
        async with self._connection.transaction(isolation="repeatable_read"):
            for start in range(0, len(numbers), size):
                for row in await self._rows(strategy, numbers[start : start + size]):
                    grouped[row["zjhm"]].append(row)
        return grouped

    async def _rows(self, strategy: str, numbers: list[str]) -> list[asyncpg.Record]:
        if strategy != STAGED:
            return await self._connection.fetch(strategy, numbers)
        await self._connection.execute("TRUNCATE asked")
        await self._connection.copy_records_to_table("asked", records=[(one,) for one in numbers])
        return await self._connection.fetch(strategy)

    async def typed(self, strategy: str, people: list[Subject], size: int, days: Days) -> Typed:
        """Return each person's outcome."""
        rows = await self.fetched(strategy, [person.id_number for person in people], size)
        return [_outcome(person, rows.get(person.id_number, ()), days) for person in people]


def _outcome(
    person: Subject, rows: Sequence[asyncpg.Record], days: Days
) -> tuple[Subject, str, list[dict[str, Any]]]:
    records: list[dict[str, Any]] = []
    for row in rows:
        name, id_type, number, account, paid_to, amount, day, reason = row
        if ID_TYPES[id_type] != person.id_type:
            continue
        if name != person.name:
            return person, "NAME_MISMATCH", []
        if days is not None and not days[0] <= day <= days[1]:
            continue
        records.append(
            {
                "name": name,
                "id_type": ID_TYPES[id_type],
                "id_number": number,
                "account": account,
                "paid_to": paid_to,
                "amount": amount,
                "withdrawn_on": day,
                "reason": REASONS[reason],
            }
        )
    return person, "FOUND" if records else "NOT_FOUND", records
