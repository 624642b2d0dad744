"""`make simulate`: a year of synthetic operation in one process, and whether all of it holds.

Hub, 32 provinces, six cities and their agencies, real cryptography, the in-memory broker and store,
a clock that is moved through 2026. The same seed makes the same year.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Self, TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from simulate_diary import BEGINS, Diary
from simulate_judge import Verdict, judge
from simulate_land import make_land
from simulate_plan import dice_of, plans
from simulate_year import pass_year

from bus.cli.output import console as plain_console
from bus.rules.working_days import SHANGHAI, local_date
from signer.suites.keys import NAMES, P256

T = TypeVar("T")

QUERIES, SEED, UNTIL = 2000, 2026, date(2026, 12, 30)
DIRECTORY_AGE = timedelta(days=1)
"""How old the directory gets: renewed every five minutes, it would be most of the work."""

LINE_EVERY = 10.0
"""Seconds between lines of progress where there is no terminal."""


class Screen:
    """Progress, every second on a terminal, now and then as a line elsewhere."""

    def __init__(self, console: Console, queries: int) -> None:
        self._console = console
        self._queries = queries
        self._said = self._began = monotonic()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            refresh_per_second=1,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("2026", total=queries)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def told(self, at: datetime, asked: int) -> None:
        """Show how far the year has come."""
        day = local_date(at).isoformat()
        self._progress.update(self._task, description=day, completed=asked)
        now = monotonic()
        if not self._console.is_terminal and now >= self._said + LINE_EVERY:
            self._said = now
            self._console.print(
                f"{now - self._began:6.0f} s  {day}  {asked}/{self._queries} 件查询 queries"
            )


class SameThread(ThreadPoolExecutor):
    """Does at once what would be handed to a thread: there is nobody here to be kept waiting."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call, and return what came of it."""
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whoever awaits it meets it
            done.set_exception(error)
        return done


async def simulate(queries: int, until: date, seed: int, suite: str, console: Console) -> Verdict:
    """Let the year pass, or less of it, and judge it."""
    asyncio.get_running_loop().set_default_executor(SameThread())
    dice = dice_of(seed)
    with _nowhere() as log, Screen(console, queries) as screen:
        country = make_land(BEGINS, dice, suite, log)
        country.renewed_after = DIRECTORY_AGE
        await country.start()
        ends = datetime.combine(until, time.min, SHANGHAI)
        diary = Diary(country, ends, dice)
        await pass_year(diary, plans(queries, until, dice), screen.told)
        console.print("全年已过，开始核对 / the year has passed; now it is judged")
        verdict = await judge(diary)
        await country.stop()
    return verdict


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def tell(verdict: Verdict, seconds: float, console: Console) -> None:
    """Say what was found."""
    console.print(f"用时 {seconds:.0f} 秒 / seconds")
    for state, number in sorted(verdict.states.items()):
        console.print(f"  {number:6}  {state}")
    for kind, number in sorted(verdict.deadlines.items()):
        console.print(f"  {number:6}  期限逐项重算 deadlines counted again: {kind}")
    for kept, number in sorted(verdict.late.items()):
        console.print(f"  {number:6}  反馈 answers: {kept}")
    console.print(f"  {verdict.proven:6}  证明导出并核验 proofs exported and verified")
    console.print(f"  {verdict.cut_off:6}  因暂停而不再等待的查询 queries that went on without one")
    console.print(f"  {verdict.refused:6}  恢复后才到、已不受理的反馈 answers too late for it")
    for fault in verdict.faults[:100]:
        console.print(f"✗ {fault}", style="red")
    if verdict.faults:
        console.print(f"✗ {len(verdict.faults)} 处不符 / faults", style="bold red")
    else:
        console.print("✓ 各方状态一致，期限全部相符，审计链完整 / all agree, all chains are whole")


def main() -> int:
    """Run as asked on the command line; 1 when anything does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=QUERIES, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the dice (%(default)s)")
    parser.add_argument("--suite", choices=NAMES, default=P256)
    parser.add_argument("--until", type=date.fromisoformat, default=UNTIL, help="%(default)s")
    asked = parser.parse_args()
    console, began = plain_console(), monotonic()
    verdict = asyncio.run(simulate(asked.queries, asked.until, asked.seed, asked.suite, console))
    tell(verdict, monotonic() - began, console)
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
