"""Which test runs were there, and which go on?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from bus.model.probe import Run, RunState
from bus.ports.run_codec import decode_run, encode_run
from bus.store.conflicts import insert_or_replace
from bus.store.statements import Statements
from bus.store.tables import probe_runs

# A probe came in, or an operator looks at a run.
FIND_RUN = select(probe_runs.c.body).where(probe_runs.c.id == bindparam("run"))

# For the circular, and for whose turn an inspection is.
LIST_RUNS = (
    select(probe_runs.c.body)
    .where(probe_runs.c.opened >= bindparam("since"), probe_runs.c.opened < bindparam("until"))
    .order_by(probe_runs.c.opened, probe_runs.c.id)
)

# Every minute: whose answer is overdue, and who is being tested already.
LIST_RUNNING = (
    select(probe_runs.c.body)
    .where(probe_runs.c.state == str(RunState.RUNNING))
    .order_by(probe_runs.c.opened, probe_runs.c.id)
)


class Runs(Statements):
    """The test runs of a unit; see `RunBooks`."""

    async def run(self, run: UUID) -> Run | None:
        """Return a run, or None."""
        row = await self._row(FIND_RUN, {"run": run})
        return None if row is None else decode_run(row["body"])

    async def save_run(self, run: Run) -> None:
        """Insert or replace a run."""
        values = {
            "id": run.id,
            "state": str(run.state),
            "opened": run.opened,
            "body": encode_run(run),
        }
        # Replaced whole: what a run may become next the flow has judged.
        await self._write(insert_or_replace(probe_runs, self._dialect), values)

    async def runs(self, since: datetime, until: datetime) -> Sequence[Run]:
        """Return the runs that were opened from `since` on and before `until`, oldest first."""
        rows = await self._rows(LIST_RUNS, {"since": since, "until": until})
        return [decode_run(row["body"]) for row in rows]

    async def running(self) -> Sequence[Run]:
        """Return the runs that have not ended, oldest first."""
        return [decode_run(row["body"]) for row in await self._rows(LIST_RUNNING, {})]
