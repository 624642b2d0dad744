"""What waits for people, and how far each is: for the overview."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.host.desk import Desk
from adapters.returns.tasks import list_mapping, open_tasks

WAITING, OUT, RETURNED = "WAITING", "OUT", "RETURNED"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One task. `state` is WAITING, OUT, RETURNED, or the code why it must not be asked.

    `line`, `due` and the count `persons` are None, and 0, where it must not be asked.
    """

    query: UUID
    part: int
    line: int | None
    resource: str
    persons: int
    due: datetime | None
    state: str
    handed_out: datetime | None


async def waiting(desk: Desk, kind: str) -> list[Waiting]:
    """Return what waits, those due first; the rows that must not be asked last.

    Args:
        desk: The adapter.
        kind: `template` or `medium`.

    Raises:
        ConfigError: `SOURCE_KIND_DIFFERS`, `MAPPING_INVALID`.
        UnavailableError: `DIRECTORY_NOT_READ`.
    """
    mapping = list_mapping(desk.setup, kind)
    async with desk.books.store.transaction() as unit:
        tasks, blocked = await open_tasks(desk, unit, mapping)
    found = []
    for task in tasks:
        state = WAITING if task.handed is None else OUT
        found.append(
            Waiting(
                query=task.case.query,
                part=task.key.part,
                line=task.key.line,
                resource=task.resource.name,
                persons=len(task.roster.persons),
                due=task.line.due,
                state=state if task.returned is None else RETURNED,
                handed_out=None if task.handed is None else task.handed.at,
            )
        )
    refused = [Waiting(b.query, b.part, None, b.resource, 0, None, b.code, None) for b in blocked]
    return found + refused
