"""The twin's part of a unit that keeps deadlines; see `DeadlineBooks` for what is promised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from bus.model.case import CaseRole
from bus.model.deadline import Deadline, DeadlineKind
from bus.ports.deadline_books import DeadlineTally
from bus.ports.instants import cut
from bus.ports.memory_tables import MemoryPart


class MemoryDeadlineBooks(MemoryPart):
    """Deadlines in a plain dictionary."""

    async def put_deadlines(self, deadlines: Sequence[Deadline]) -> None:
        """Insert or replace deadlines."""
        for deadline in deadlines:
            self._journal.put(self._tables.deadlines, _key(deadline), _kept(deadline))

    async def drop_deadlines(self, deadlines: Sequence[Deadline]) -> None:
        """Forget deadlines; one that is not there is passed over."""
        for deadline in deadlines:
            self._journal.remove(self._tables.deadlines, _key(deadline))

    async def deadlines(self, query: UUID, role: CaseRole | None = None) -> Sequence[Deadline]:
        """Return a query's deadlines by due time, role, kind and subject, of all roles or one."""
        found = [
            deadline
            for deadline in self._tables.deadlines.values()
            if deadline.query == query and role in {None, deadline.role}
        ]
        return sorted(found, key=lambda one: (one.due, one.role, one.kind, one.subject))

    async def near_deadlines(self, now: datetime) -> Sequence[tuple[UUID, CaseRole]]:
        """Return the cases with a deadline that is to be warned of, the earliest due first."""
        at = cut(now)
        return self._cases(lambda one: one.warned is None and one.warn_from <= at < one.due)

    async def passed_deadlines(self, now: datetime) -> Sequence[tuple[UUID, CaseRole]]:
        """Return the cases with a passed deadline not dealt with yet, the earliest due first."""
        at = cut(now)
        return self._cases(lambda one: one.breached is None and one.due <= at)

    async def deadline_tally(self, now: datetime) -> Mapping[DeadlineKind, DeadlineTally]:
        """Count the deadlines there are, by kind."""
        at = cut(now)
        found: dict[DeadlineKind, DeadlineTally] = {}
        for one in self._tables.deadlines.values():
            tally = found.get(one.kind, DeadlineTally(0, 0, 0))
            near, passed = one.warn_from <= at < one.due, one.due <= at
            found[one.kind] = DeadlineTally(
                tally.open + 1, tally.near + near, tally.passed + passed
            )
        return found

    def _cases(self, chosen: Callable[[Deadline], bool]) -> list[tuple[UUID, CaseRole]]:
        earliest: dict[tuple[UUID, CaseRole], datetime] = {}
        for one in self._tables.deadlines.values():
            if chosen(one):
                case = (one.query, one.role)
                earliest[case] = min(one.due, earliest.get(case, one.due))
        return sorted(earliest, key=lambda case: (earliest[case], case[0].bytes, case[1]))


def _key(deadline: Deadline) -> tuple[UUID, CaseRole, DeadlineKind, str]:
    return deadline.query, deadline.role, deadline.kind, deadline.subject


def _kept(deadline: Deadline) -> Deadline:
    return replace(
        deadline,
        received=cut(deadline.received),
        due=cut(deadline.due),
        warn_from=cut(deadline.warn_from),
        warned=None if deadline.warned is None else cut(deadline.warned),
        breached=None if deadline.breached is None else cut(deadline.breached),
    )
