"""Starts the processes of a run and stops every one of them, whatever happens.

Each child leads a session of its own, so that a Ctrl-C in the terminal reaches the demo alone,
which then stops them in order: the daemons first, so that they can drain, the broker last. Should
the demo itself be killed, the system kills its children (Linux).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from bus.broker.local.ending import dies_with_parent
from bus.broker.local.jars import KAFKA_LIBS
from bus.errors import UnavailableError

DRAIN_SECONDS = 8.0
"""How long a process may take to end by itself."""


class ProcessEndedError(UnavailableError):
    """A process of the demo ended by itself."""


class Processes:
    """The processes of one run.

    Args:
        logs: Folder of their logs, one file for each.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._before_exec = dies_with_parent()
        self._meant_to_end: set[str] = set()

    def start(self, name: str, command: Sequence[str], *, ends: bool = False) -> None:
        """Start a process; its output goes to its log.

        Args:
            name: Names the process and its log.
            command: Arguments for this Python, e.g. `-m`, `module`.
            ends: Whether it is meant to end by itself, with status 0.

        Raises:
            ProcessEndedError: `PROCESS_NOT_STARTED`.
        """
        if ends:
            self._meant_to_end.add(name)
        try:
            with self.log(name).open("wb") as log:
                self._running[name] = subprocess.Popen(  # noqa: S603 - our own commands only
                    [sys.executable, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=_environment(),
                    start_new_session=True,
                    preexec_fn=self._before_exec,  # noqa: PLW1509 - no thread runs here
                )
        except OSError as error:
            raise ProcessEndedError(
                "PROCESS_NOT_STARTED",
                f"进程 {name} 无法启动",
                f"the process {name} cannot be started ({error.strerror})",
                where=name,
            ) from error

    @property
    def names(self) -> tuple[str, ...]:
        """Those that were started."""
        return tuple(self._running)

    def log(self, name: str) -> Path:
        """Return the log of a process."""
        return self._logs / f"{name}.log"

    def check(self) -> None:
        """Notice a process that ended by itself.

        Raises:
            ProcessEndedError: `PROCESS_ENDED`, with the log to read.
        """
        for name, process in self._running.items():
            status = process.poll()
            if status is not None and not (status == 0 and name in self._meant_to_end):
                raise self._ended(name, status)

    def ended(self, name: str) -> bool:
        """Whether a process that is meant to end has done so, with status 0."""
        return self._running[name].poll() == 0

    def _ended(self, name: str, status: int) -> ProcessEndedError:
        return ProcessEndedError(
            "PROCESS_ENDED",
            f"进程 {name} 意外结束（返回值 {status}）",
            f"the process {name} ended by itself with status {status}",
            remedy_zh="原因见其日志末尾",
            remedy_en="Its log ends with the reason",
            where=str(self.log(name)),
        )

    def stop(self, last: Iterable[str] = ()) -> None:
        """Stop everything: SIGTERM, a while to drain, SIGKILL. Safe to call twice.

        Args:
            last: Those to stop after all others have ended.
        """
        late = [name for name in last if name in self._running]
        first = [name for name in self._running if name not in late]
        for wave in (first, late):
            _stop([self._running[name] for name in wave])
            for name in wave:
                del self._running[name]


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        _signal(process, signal.SIGTERM)
    end = time.monotonic() + DRAIN_SECONDS
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, end - time.monotonic()))
    for process in processes:
        # The group too, should a child have left something behind.
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _environment() -> dict[str, str]:
    """Return our environment without settings of daemons, which would override the run's own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HEDUI_") or k == KAFKA_LIBS}
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
