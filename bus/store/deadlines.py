"""What is due when, what is near, and what has passed?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import Executable, bindparam, case, delete, func, select

from bus.model.case import CaseRole
from bus.model.deadline import Deadline, DeadlineKind
from bus.ports.deadline_books import DeadlineTally
from bus.store.conflicts import insert_or_replace
from bus.store.statements import Statements, columns_of
from bus.store.tables import deadlines

_ORDER = (deadlines.c.due, deadlines.c.role, deadlines.c.kind, deadlines.c.subject)

# An operator looks at a query, or something of it is near or has passed.
LIST_DEADLINES = (
    select(*columns_of(deadlines, Deadline))
    .where(deadlines.c.query == bindparam("query"))
    .order_by(*_ORDER)
)
LIST_DEADLINES_OF_CASE = LIST_DEADLINES.where(deadlines.c.role == bindparam("role"))

# Whatever a step has done has no deadline any more.
DROP_DEADLINE = delete(deadlines).where(
    deadlines.c.query == bindparam("its_query"),
    deadlines.c.role == bindparam("its_role"),
    deadlines.c.kind == bindparam("its_kind"),
    deadlines.c.subject == bindparam("its_subject"),
)

# Every round of the timers; both see what is open only, by an index in the order of time.
_CASES = (
    select(deadlines.c.query, deadlines.c.role)
    .group_by(deadlines.c.query, deadlines.c.role)
    .order_by(func.min(deadlines.c.due), deadlines.c.query, deadlines.c.role)
)
NEAR = _CASES.where(
    deadlines.c.warned.is_(None),
    deadlines.c.warn_from <= bindparam("now"),
    deadlines.c.due > bindparam("now"),
)
PASSED = _CASES.where(deadlines.c.breached.is_(None), deadlines.c.due <= bindparam("now"))

# For the gauges.
COUNT_DEADLINES = select(
    deadlines.c.kind,
    func.count().label("open"),
    func.sum(
        case(
            (
                (deadlines.c.warn_from <= bindparam("now")) & (deadlines.c.due > bindparam("now")),
                1,
            ),
            else_=0,
        )
    ).label("near"),
    func.sum(case((deadlines.c.due <= bindparam("now"), 1), else_=0)).label("passed"),
).group_by(deadlines.c.kind)


class Deadlines(Statements):
    """The deadlines of a unit; see `DeadlineBooks`."""

    async def put_deadlines(self, given: Sequence[Deadline]) -> None:
        """Insert or replace deadlines."""
        if given:
            values = [
                asdict(one) | {"role": one.role.value, "kind": one.kind.value} for one in given
            ]
            await self._write(insert_or_replace(deadlines, self._dialect), values)

    async def drop_deadlines(self, given: Sequence[Deadline]) -> None:
        """Forget deadlines; one that is not there is passed over."""
        if given:
            await self._write(DROP_DEADLINE, [_name(deadline) for deadline in given])

    async def deadlines(self, query: UUID, role: CaseRole | None = None) -> Sequence[Deadline]:
        """Return a query's deadlines by due time, role, kind and subject, of all roles or one."""
        if role is None:
            rows = await self._rows(LIST_DEADLINES, {"query": query})
        else:
            values = {"query": query, "role": role.value}
            rows = await self._rows(LIST_DEADLINES_OF_CASE, values)
        return [
            Deadline(**{**row, "role": CaseRole(row["role"]), "kind": DeadlineKind(row["kind"])})
            for row in rows
        ]

    async def near_deadlines(self, now: datetime) -> Sequence[tuple[UUID, CaseRole]]:
        """Return the cases with a deadline that is to be warned of, the earliest due first."""
        return await self._cases(NEAR, now)

    async def passed_deadlines(self, now: datetime) -> Sequence[tuple[UUID, CaseRole]]:
        """Return the cases with a passed deadline not dealt with yet, the earliest due first."""
        return await self._cases(PASSED, now)

    async def deadline_tally(self, now: datetime) -> Mapping[DeadlineKind, DeadlineTally]:
        """Count the deadlines there are, by kind."""
        rows = await self._rows(COUNT_DEADLINES, {"now": now})
        return {
            DeadlineKind(row["kind"]): DeadlineTally(
                row["open"], int(row["near"]), int(row["passed"])
            )
            for row in rows
        }

    async def _cases(self, statement: Executable, now: datetime) -> list[tuple[UUID, CaseRole]]:
        rows = await self._rows(statement, {"now": now})
        return [(row["query"], CaseRole(row["role"])) for row in rows]


def _name(deadline: Deadline) -> dict[str, object]:
    return {
        "its_query": deadline.query,
        "its_role": deadline.role.value,
        "its_kind": deadline.kind.value,
        "its_subject": deadline.subject,
    }
