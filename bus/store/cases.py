"""Which cases are there, and how does each stand?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from bus.model.case import Case, CaseRole, QueryState
from bus.ports.case_codec import decode_case, encode_case
from bus.store.conflicts import insert_or_replace
from bus.store.statements import Statements
from bus.store.tables import cases

# One case: what each step starts from.
FIND_CASE = select(cases.c.body).where(
    cases.c.query == bindparam("query"), cases.c.role == bindparam("role")
)

# All cases of a role for lists and timers; UUIDv7 decides between two of the same millisecond.
LIST_CASES = (
    select(cases.c.body)
    .where(cases.c.role == bindparam("role"))
    .order_by(cases.c.opened.desc(), cases.c.query.desc())
)

# The same, of some states: what waits for review, what is still owed.
LIST_CASES_IN_STATES = LIST_CASES.where(cases.c.state.in_(bindparam("states", expanding=True)))

# A page of them in the order of the key, for what goes through all of them in the background.
PAGE_OF_CASES = (
    select(cases.c.body)
    .where(
        cases.c.role == bindparam("role"),
        cases.c.state.in_(bindparam("states", expanding=True)),
        cases.c.updated >= bindparam("since"),
        cases.c.query > bindparam("after"),
    )
    .order_by(cases.c.query)
    .limit(bindparam("limit"))
)

_BEFORE_ALL = UUID(int=0)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Cases(Statements):
    """The cases of a unit."""

    async def case(self, query: UUID, role: CaseRole) -> Case | None:
        """Return a case, or None."""
        row = await self._row(FIND_CASE, {"query": query, "role": role.value})
        return None if row is None else decode_case(row["body"])

    async def save_case(self, case: Case) -> None:
        """Insert or replace a case."""
        values = {
            "query": case.query,
            "role": case.role.value,
            "state": case.state.value,
            "opened": case.opened,
            "updated": case.updated,
            "body": encode_case(case),
        }
        # A case is replaced whole: flow decided on the one it was given, nothing is merged.
        await self._write(insert_or_replace(cases, self._dialect), values)

    async def cases(
        self, role: CaseRole, states: Sequence[QueryState] | None = None
    ) -> Sequence[Case]:
        """Return the cases of a role, newest first, of all states or the given ones."""
        if states is None:
            rows = await self._rows(LIST_CASES, {"role": role.value})
        else:
            chosen = [state.value for state in states]
            rows = await self._rows(LIST_CASES_IN_STATES, {"role": role.value, "states": chosen})
        return [decode_case(row["body"]) for row in rows]

    async def case_page(
        self,
        role: CaseRole,
        states: Sequence[QueryState],
        since: datetime | None,
        after: UUID | None,
        limit: int,
    ) -> Sequence[Case]:
        """Return up to `limit` cases of a role in some states, by rising query id, after one."""
        rows = await self._rows(
            PAGE_OF_CASES,
            {
                "role": role.value,
                "states": [state.value for state in states],
                "since": since or _EVER,
                "after": after or _BEFORE_ALL,
                "limit": limit,
            },
        )
        return [decode_case(row["body"]) for row in rows]
