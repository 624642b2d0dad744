"""Topics and rights follow the directory: a process of the administrator's, apart from the hub's.

A daemon that reads what strangers send must not be able to open the cluster (ADR 0015), so this
reads the directory's topic only, and whatever it holds is verified to the root before it counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bus.broker.provisioning.cluster import Outcome
from bus.broker.provisioning.plan import Plan
from bus.broker.provisioning.run import Provisioner
from bus.daemon.admin_directory import AdminDirectory
from bus.errors import HeduiError
from bus.logs.setup import Logger
from bus.ports.clock import Clock
from signer.directory.view import Directory

POLL_SECONDS = 0.5
PAUSE = timedelta(seconds=5)
"""After trouble."""

AGAIN = timedelta(minutes=1)
"""How often the brokers are looked at without a change of the directory: keys end, rights drift,
topics are read to their end."""

TELL_AGAIN = timedelta(minutes=10)


@dataclass
class RightsFollower:
    """Brings the brokers in step with each directory that is adopted.

    Attributes:
        provisioner: Returns what brings the brokers in step with a directory.
        stopping: Set to end after the run in hand.
    """

    directory: AdminDirectory
    provisioner: Callable[[Directory], Provisioner]
    clock: Clock
    log: Logger
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _due: datetime | None = None
    _told: dict[tuple[str, str], datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Follow the directory until `stopping` is set. Trouble is logged and tried again."""
        try:
            while not self.stopping.is_set():
                try:
                    await self.round()
                except HeduiError as error:
                    self._tell(error.code, error.where, f"{error.zh} / {error.en}")
                    self._due = None
                    await self.pause()
        finally:
            await self.directory.close()

    async def round(self) -> None:
        """Read what is new, and bring the brokers in step when that is due.

        Raises:
            HeduiError: The cluster cannot be reached, or there is no directory in force.
        """
        adopted = await self.directory.round(POLL_SECONDS)
        if adopted:
            self._due = None
        if not self.directory.caught_up:
            return
        refusal = self.directory.refusal
        if refusal is not None:
            self._tell(refusal.code, refusal.where, f"{refusal.zh} / {refusal.en}")
        now = self.clock.now()
        # The second: a clock that was set back.
        if self._due is None or not now < self._due <= now + AGAIN:
            found = self.directory.directory
            await asyncio.to_thread(self._bring_in_step, found)
            self._due = now + AGAIN

    def _bring_in_step(self, directory: Directory) -> None:
        provisioner = self.provisioner(directory)
        due = provisioner.plan()
        outcomes = provisioner.confirm(tuple(provisioner.apply(due.changes)))
        self._report(directory, due, outcomes)

    def _report(self, directory: Directory, due: Plan, outcomes: tuple[Outcome, ...]) -> None:
        failed = [outcome.error for outcome in outcomes if outcome.error is not None]
        if outcomes:
            done = len(outcomes) - len(failed)
            self.log.info("rights.changed", version=directory.version, count=done)
        for error in failed:
            self._tell(error.code, error.where, f"{error.zh} / {error.en}")
        for finding in due.drift:
            self._tell(finding.code, finding.where, f"{finding.zh} / {finding.en}")

    def _tell(self, code: str, where: str, text: str) -> None:
        """Log a fault when it is new, else from time to time."""
        now = self.clock.now()
        told = self._told.get((code, where))
        if told is not None and told <= now < told + TELL_AGAIN:
            return
        self._told[code, where] = now
        self.log.warning("rights.fault", code=code, where=where, text=text)

    async def pause(self) -> None:
        """Let some time pass after trouble, less when it is time to stop."""
        try:
            async with asyncio.timeout(PAUSE.total_seconds()):
                await self.stopping.wait()
        except TimeoutError:
            return
