"""What the sources of a run have done for them: processes, commands, a look at a metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from adapters.demo.processes import Processes
from adapters.demo.screen import Screen
from adapters.demo.watch import Watch

HEDUI = ("-P", "-c", "from bus.cli import main; main()")
"""Arguments for this Python that are the command line `hedui`."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Errands:
    """The `Run` that sources see.

    Attributes:
        urls: Health and metrics of each participant, once it listens.
        probe: Reads them; whoever made it closes it.
    """

    processes: Processes
    watch: Watch
    screen: Screen
    urls: Mapping[str, str]
    probe: httpx.Client

    def begin(self, name: str, command: Sequence[str]) -> None:
        """Start a process that runs until the end.

        Raises:
            ProcessEndedError: `PROCESS_NOT_STARTED`.
        """
        self.processes.start(name, command)

    def complete(self, name: str, command: Sequence[str]) -> bytes:
        """Run a command of `hedui` to its end; returns what it printed.

        Raises:
            StoppedError, OverdueError, ProcessEndedError: The run ends.
        """
        self.processes.start(name, (*HEDUI, *command), ends=True)
        while not self.processes.ended(name):
            self.pause()
        return self.processes.log(name).read_bytes()

    def pause(self) -> None:
        """Wait a moment.

        Raises:
            StoppedError, OverdueError, ProcessEndedError: The run ends.
        """
        self.watch.pause(_POLL_SECONDS)
        self.processes.check()

    def printed(self, name: str) -> bytes:
        """Return what a process has printed so far: whole lines."""
        whole, line_end, _ = self.processes.log(name).read_bytes().rpartition(b"\n")
        return whole + line_end

    def gauge(self, participant: str, name: str) -> float:
        """Return what a participant's metric says now; 0 where it is not told."""
        try:
            page = self.probe.get(f"{self.urls[participant]}/metrics")
        except httpx.TransportError:
            return 0.0
        lines = (line.partition(" ") for line in page.text.splitlines())
        return next((float(value) for series, _, value in lines if series == name), 0.0)

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        return datetime.now(UTC)

    def step(self, zh: str, en: str) -> None:
        """Tell people of a step that is done."""
        self.screen.step(zh, en)
