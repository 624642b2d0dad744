"""Which lists are out with people, and what came back?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Table, and_, bindparam, delete, select

from bus.model.returns import HandedOut, ReturnedAnswer, TaskKey
from bus.store.conflicts import insert_or_replace
from bus.store.statements import Statements
from bus.store.tables import handed_out, returned_answers


def _of_task(table: Table) -> Any:
    return and_(
        table.c["order"] == bindparam("the_order"),
        table.c["part"] == bindparam("the_part"),
        table.c["line"] == bindparam("the_line"),
    )


# A list is handed out, or one came back.
FIND_HANDED_OUT = select(handed_out).where(_of_task(handed_out))

# The overview of what waits, and before lists are handed out.
LIST_HANDED_OUT = select(handed_out).order_by(
    handed_out.c.due, handed_out.c.order, handed_out.c.part, handed_out.c.line
)

# Every look at an open row of such a source.
FIND_RETURNED = select(returned_answers).where(_of_task(returned_answers))

# A query's retention has ended.
DROP_HANDED_OUT = delete(handed_out).where(handed_out.c.query == bindparam("the_query"))
DROP_RETURNED = delete(returned_answers).where(returned_answers.c.query == bindparam("the_query"))


class Returns(Statements):
    """The lists of a unit; see `ReturnBooks`."""

    async def handed_out(self, key: TaskKey) -> HandedOut | None:
        """Return the last list that went out for a task, or None."""
        row = await self._row(FIND_HANDED_OUT, _task(key))
        return None if row is None else _handed_out(row)

    async def all_handed_out(self) -> Sequence[HandedOut]:
        """Return the last list of every task, by the end of its term and then by its key."""
        return [_handed_out(row) for row in await self._rows(LIST_HANDED_OUT, {})]

    async def save_handed_out(self, handed: HandedOut) -> None:
        """Insert or replace a task's list."""
        # Issued again: the last list of a task is the one that is out.
        await self._write(insert_or_replace(handed_out, self._dialect), _values(handed))

    async def returned_answer(self, key: TaskKey) -> ReturnedAnswer | None:
        """Return what was taken back for a task, or None."""
        row = await self._row(FIND_RETURNED, _task(key))
        return None if row is None else ReturnedAnswer(_key(row), **_rest(row))

    async def save_returned_answer(self, answer: ReturnedAnswer) -> None:
        """Insert or replace what was taken back for a task."""
        # A correction replaces what has not been sent yet.
        await self._write(insert_or_replace(returned_answers, self._dialect), _values(answer))

    async def drop_returns(self, query: UUID) -> int:
        """Remove both for a query; returns how many answers were removed."""
        await self._write(DROP_HANDED_OUT, {"the_query": query})
        return await self._write(DROP_RETURNED, {"the_query": query})


def _task(key: TaskKey) -> dict[str, object]:
    return {"the_order": key.order, "the_part": key.part, "the_line": key.line}


def _key(row: RowMapping) -> TaskKey:
    return TaskKey(row["order"], row["part"], row["line"])


def _rest(row: RowMapping) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"order", "part", "line"}}


def _handed_out(row: RowMapping) -> HandedOut:
    return HandedOut(_key(row), **_rest(row))


def _values(entry: HandedOut | ReturnedAnswer) -> dict[str, object]:
    values = asdict(entry)
    return {**values.pop("key"), **values}
