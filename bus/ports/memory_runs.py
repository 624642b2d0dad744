"""The twin's part of a unit that keeps test runs; see `RunBooks` for what is promised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bus.model.probe import Run, RunState
from bus.ports.instants import cut
from bus.ports.memory_tables import MemoryPart
from bus.ports.run_codec import decode_run, encode_run


class MemoryRunBooks(MemoryPart):
    """Test runs in a plain dictionary."""

    async def run(self, run: UUID) -> Run | None:
        """Return a run, or None."""
        text = self._tables.runs.get(run)
        return None if text is None else decode_run(text)

    async def save_run(self, run: Run) -> None:
        """Insert or replace a run."""
        cut(run.opened)
        self._journal.put(self._tables.runs, run.id, encode_run(run))

    async def runs(self, since: datetime, until: datetime) -> Sequence[Run]:
        """Return the runs that were opened from `since` on and before `until`, oldest first."""
        return [run for run in self._runs() if since <= run.opened < until]

    async def running(self) -> Sequence[Run]:
        """Return the runs that have not ended, oldest first."""
        return [run for run in self._runs() if run.state is RunState.RUNNING]

    def _runs(self) -> list[Run]:
        found = map(decode_run, self._tables.runs.values())
        return sorted(found, key=lambda run: (run.opened, run.id))
