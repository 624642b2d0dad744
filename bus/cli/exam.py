"""Follows a test run, and shows how it ended."""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import UUID

from rich.console import Console
from rich.table import Table

from bus.api.conformance import FigureBody, RunBody
from bus.cli.output import console, local, table
from bus.cli.remote import Remote
from bus.errors import UnavailableError
from bus.model.probe import RunState

_MARK = {True: "合格 passed", False: "不合格 failed"}


def follow(remote: Remote, run: UUID, seconds: float, interval: float, *, quiet: bool) -> RunBody:
    """Wait until a run has ended, telling each test as it begins.

    Args:
        remote: The node or the hub.
        run: The run.
        seconds: How long to wait at most.
        interval: Seconds between two looks.
        quiet: Say nothing meanwhile.

    Raises:
        UnavailableError: `RUN_GOES_ON`.
    """
    out = console()
    end = time.monotonic() + seconds
    told: str | None = None
    while True:
        found = remote.get(f"conformance/runs/{run}", RunBody)
        if found.state is not RunState.RUNNING:
            return found
        present = found.current or "等待部中心 waiting for the hub"
        if present != told and not quiet:
            out.print(f"{found.purpose_title} {found.run}  {present} …")
            told = present
        if time.monotonic() >= end:
            raise UnavailableError(
                "RUN_GOES_ON",
                "检测仍在进行",
                "the run goes on",
                remedy_zh="请稍后用 hedui conformance show 查看",
                remedy_en="Look later with hedui conformance show",
                where=str(run),
            )
        time.sleep(interval)


def runs_table(runs: Sequence[RunBody]) -> Table:
    """Return the list of runs."""
    made = table("检测 run", "参与方 participant", "种类", "开始 opened", "结果", "有效至 expires")
    for run in runs:
        made.add_row(
            str(run.run),
            run.participant,
            run.purpose_title,
            local(run.opened),
            run.state_title,
            local(run.expires),
        )
    return made


def show_run(out: Console, run: RunBody) -> None:
    """Print a run with the results of its tests and what differed."""
    out.print(f"{run.purpose_title} {run.run}  {run.participant}  {run.state_title} {run.state}")
    if run.expires is not None:
        out.print(f"报告有效至 valid until: {local(run.expires)}")
    if run.current is not None:
        out.print(f"正在进行 under way: {run.current}")
    made = table("序号", "检测项 test", "结果", "原因 code", "数据 figures")
    for result in run.results:
        made.add_row(
            str(result.test),
            f"{result.title} {result.name}",
            _MARK[result.passed],
            result.code or "-",
            _figures(result.figures),
        )
    if made.row_count:
        out.print(made)
    for result in run.results:
        for detail in result.details:
            out.print(f"  {result.title}: {detail}")


def _figures(figures: Sequence[FigureBody]) -> str:
    return ", ".join(f"{f.name} {f.value} {f.unit}".rstrip() for f in figures) or "-"
