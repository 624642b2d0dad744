"""One running demo for all tests that look at it, and what they look with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

HEDUI = Path(sys.executable).with_name("hedui")
PATIENCE = 90
SUITE = ("--suite", os.environ["HEDUI_TEST_SUITE"]) if "HEDUI_TEST_SUITE" in os.environ else ()
"""The suite of demos whose test does not ask for one."""


def processes_of(folder: Path) -> list[str]:
    """Command lines of processes that name a demo's state below a folder."""
    return [line for line in command_lines() if f"{folder}/hedui-demo-" in line]


def command_lines() -> Iterator[str]:
    """Every process's command line: of /proc where there is one, a slim image has no ps."""
    if not Path("/proc/self/cmdline").exists():
        listed = subprocess.run(
            ["ps", "-axww", "-o", "args="],  # noqa: S607 - the system's own ps
            capture_output=True,
            text=True,
            check=True,
        )
        yield from listed.stdout.splitlines()
        return
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield file.read_bytes().replace(b"\0", b" ").decode(errors="replace")


@dataclass
class Running:
    """A demo in a process of its own. `temporary` is where it keeps its state."""

    process: subprocess.Popen[str]
    temporary: Path
    out: Path
    errors: Path

    def line(self) -> dict[str, Any]:
        """The one line on standard output, as soon as it is there."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.said()
        return json.loads(line)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def said(self) -> str:
        return self.errors.read_text("utf-8")

    def left_over(self) -> list[str]:
        return processes_of(self.temporary)


@pytest.fixture(scope="session")
def start_demo(tmp_path_factory) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*arguments: str) -> Running:
        # A short path: a socket of the run stands below it.
        folder = tmp_path_factory.mktemp("d")
        temporary, out, errors = folder / "t", folder / "out", folder / "stderr"
        temporary.mkdir()
        with errors.open("wb") as stderr:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [HEDUI, "demo", "--json", "--out", out, *SUITE, *arguments],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                encoding="utf-8",
                env=os.environ | {"TMPDIR": str(temporary)},
            )
        started.append(Running(process, temporary, out, errors))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.end(signal.SIGKILL)
        if running.process.stdout is not None:
            running.process.stdout.close()


@dataclass
class Stayed:
    """The shipped query, delivered, on a network that is still up."""

    running: Running
    outcome: dict[str, Any]

    @property
    def result(self) -> dict[str, Any]:
        return json.loads((self.running.out / "result.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def stayed(start_demo) -> Iterator[Stayed]:
    running = start_demo("--stay")
    outcome = running.line()
    yield Stayed(running, outcome)
    assert running.end() == 0, running.said()
    assert running.left_over() == []
    assert list(running.temporary.iterdir()) == []


@pytest.fixture(scope="session")
def hedui() -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own command
            [HEDUI, *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=PATIENCE,
        )

    return run


@pytest.fixture(scope="session")
def package() -> Path:
    """The checkout's folder of schemas."""
    return Path(__file__).parents[2] / "schemas"


@pytest.fixture
def local_today() -> date:
    """Today in Asia/Shanghai: shipped dates must hold whenever the demo is run."""
    return datetime.now(timezone(timedelta(hours=8))).date()
