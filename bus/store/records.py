"""What must outlive a restart although it comes from elsewhere: directory and year tables."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import bindparam, delete, select

from bus.store.conflicts import insert_or_replace
from bus.store.statements import Statements
from bus.store.tables import directory, year_tables

# At start-up, so that messages can be verified before the directory topic has been read.
LIST_DIRECTORY = select(directory).order_by(directory.c.key)

# The directory topic gave a tombstone: the entry is gone.
REMOVE_DIRECTORY = delete(directory).where(directory.c.key == bindparam("entry"))

# At start-up and after an import: deadlines are counted with all of them.
LIST_YEAR_TABLES = select(year_tables).order_by(year_tables.c.year)


class Records(Statements):
    """The directory records and year tables of a unit."""

    async def put_directory(self, key: str, record: bytes | None) -> None:
        """Keep the newest signed directory record of a key; None removes it."""
        if record is None:
            await self._write(REMOVE_DIRECTORY, {"entry": key})
            return
        # As on the compacted topic: the newest of a key stands. Who may replace is checked above.
        values = {"key": key, "record": record}
        await self._write(insert_or_replace(directory, self._dialect), values)

    async def directory(self) -> Mapping[str, bytes]:
        """Return the kept directory records by key."""
        return {row["key"]: row["record"] for row in await self._rows(LIST_DIRECTORY, {})}

    async def put_year_table(self, year: int, table: str) -> None:
        """Keep an imported working-day year table (JSON text); replaces an earlier one."""
        values = {"year": year, "body": table}
        # A corrected notice of the State Council replaces the earlier table whole.
        await self._write(insert_or_replace(year_tables, self._dialect), values)

    async def year_tables(self) -> Mapping[int, str]:
        """Return the imported year tables."""
        return {row["year"]: row["body"] for row in await self._rows(LIST_YEAR_TABLES, {})}
