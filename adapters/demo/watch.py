"""The time limit of a run and the operator's wish to end it, asked between steps.

A signal only raises a flag: it never interrupts half-way, so that no process is started and then
forgotten.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bus.errors import UnavailableError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(UnavailableError):
    """The operator, or the system, asked the run to end."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "DEMO_STOPPED", f"演示被中止（{name}）", f"the demo was stopped ({name})", where=name
        )


class OverdueError(UnavailableError):
    """The run took longer than it may."""


class Watch:
    """Counts the time of a run.

    Args:
        limit: Seconds the run may take.
        logs: The folder to point to when it takes longer.
    """

    def __init__(self, limit: float, logs: str) -> None:
        self._limit = limit
        self._logs = logs
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._signal = ""

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Take SIGINT, SIGTERM and SIGHUP as the wish to end, while inside."""
        # Under nohup a hang-up is to be survived.
        taken = [n for n in _SIGNALS if n != signal.SIGHUP or signal.getsignal(n) != signal.SIG_IGN]
        before = {number: signal.signal(number, self._take) for number in taken}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def check(self) -> None:
        """Let the run go on, or end it.

        Raises:
            StoppedError: `DEMO_STOPPED`.
            OverdueError: `DEMO_TIMEOUT`.
        """
        if self._stop.is_set():
            raise StoppedError(self._signal)
        if self.seconds > self._limit:
            raise OverdueError(
                "DEMO_TIMEOUT",
                f"演示超过 {self._limit:g} 秒仍未完成",
                f"the demo did not end within {self._limit:g} s",
                remedy_zh="请查看各进程的日志，或用 --timeout 放宽时限",
                remedy_en="Look at the logs of the processes, or allow more with --timeout",
                where=self._logs,
            )

    def pause(self, seconds: float) -> None:
        """Wait, less long when a signal comes; then as `check`."""
        self._stop.wait(seconds)
        self.check()

    def no_limit(self) -> None:
        """Count no more: the run lasts until a signal comes."""
        self._limit = math.inf

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self._signal = signal.Signals(number).name
        self._stop.set()
