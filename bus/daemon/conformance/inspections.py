"""The timer of test runs: ends those nobody answers, and begins inspections at random (R015)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bus.daemon.conformance.examiner import Examiner
from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.errors import InputError, UnavailableError
from bus.flow.conformance.inspection import LATEST, chosen
from bus.flow.conformance.run import UNANSWERED, break_off
from bus.model.probe import Run, RunPurpose, RunState
from bus.ports.store import Store, Unit

LOOK_EVERY = timedelta(minutes=1)

LEASE = "inspections"
LEASE_FOR = timedelta(minutes=3)
"""Until another instance looks after runs for one that is gone; more than two rounds."""


@dataclass
class Inspections:
    """Looks after the runs of a hub.

    Attributes:
        holder: This instance, as holder of the lease: two would draw twice as often.
        wake: Called after what may have filled the outbox.
    """

    office: Office
    store: Store
    examiner: Examiner
    holder: str
    wake: Callable[[], None]

    async def look(self) -> None:
        """End what is overdue, then draw who is inspected.

        Raises:
            HeduiError: Trouble with the store or the signing key.
        """
        if not self.office.ready:
            return
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            if not await unit.lease(LEASE, self.holder, now, now + LEASE_FOR):
                return
            running = await unit.running()
            names = await self._chosen(unit, running, now)
        for run in running:
            if now >= run.due:
                await self._end(run)
        for name in names:
            await self._inspect(name)

    async def hand_over(self) -> None:
        """Let another instance go on."""
        async with self.store.transaction() as unit:
            await unit.end_lease(LEASE, self.holder)

    async def _chosen(self, unit: Unit, running: Sequence[Run], now: datetime) -> tuple[str, ...]:
        rules = self.examiner.rules
        if not rules.inspect_every:
            return ()
        looked_at = now - (LATEST + 1) * rules.inspect_every
        found = await unit.runs(looked_at, now + LOOK_EVERY)
        last = {run.participant: run.opened for run in found}
        return chosen(
            self.office.directory,
            last,
            [run.participant for run in running],
            LOOK_EVERY,
            now,
            rules,
            self.office.entropy,
        )

    async def _end(self, run: Run) -> None:
        async with self.store.transaction() as unit:
            # It may have been answered, or ended by another instance, meanwhile.
            present = await unit.run(run.id)
            work = Work(self.office, unit, self.office.clock.now())
            if present is None or present.state is not RunState.RUNNING or work.now < present.due:
                return
            await self.examiner.time_out(work, present)
            await work.finish()
        self.wake()

    async def _inspect(self, participant: str) -> None:
        try:
            async with self.store.transaction() as unit:
                work = Work(self.office, unit, self.office.clock.now())
                await self.examiner.inspect(work, participant, RunPurpose.INSPECTION)
                await work.finish()
        except (UnavailableError, InputError):
            return  # no way to it now, or it is tested or suspended by now; it stays in the draw
        self.wake()


@dataclass
class Waiting:
    """Looks after the runs a participant is tested by: one without a report ends too."""

    office: Office
    store: Store

    async def look(self) -> None:
        """End the runs in which nothing can come any more: their messages have expired."""
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            for run in await unit.running():
                if now >= run.due:
                    ended = replace(break_off(run, UNANSWERED), state=RunState.FAILED, ended=now)
                    await unit.save_run(ended)
