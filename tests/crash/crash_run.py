"""`make crash`: does everything of crash_program.py, prints the table, ends 1 on any fault."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from crash_deeds import Ordeal, Outcome
from crash_program import Deed, long_form, three_nodes
from crash_site import CrashFailureError
from crash_table import line, put_into, table

_PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def main() -> int:
    """Run; returns the exit status."""
    options = argparse.ArgumentParser(description="Crash a running network and keep account.")
    options.add_argument("--only", default="", help="what is named so, e.g. 'restore hub'")
    options.add_argument("--keep", action="store_true", help="keep the folder of a run that failed")
    given = options.parse_args()
    began = time.monotonic()
    outcomes: list[Outcome] = []
    try:
        for nodes, program in ((1, long_form), (3, three_nodes)):
            _run(nodes, program, outcomes, given)
    except CrashFailureError as failure:
        _say(f"FAILED: {failure}")
        return 1
    finally:
        _say(table(outcomes))
    if not given.only:
        minutes = (time.monotonic() - began) / 60
        day = datetime.now(UTC).date()
        put_into(
            _PAGE, outcomes, f"`make crash`, {day}, {os.cpu_count()} cores, {minutes:.0f} min:"
        )
    return int(any(outcome.account.faults for outcome in outcomes))


def _run(
    nodes: int,
    program: Callable[[Ordeal], Iterator[Deed]],
    outcomes: list[Outcome],
    given: argparse.Namespace,
) -> None:
    ordeal = Ordeal(nodes)
    deeds = [deed for deed in program(ordeal) if given.only in deed.name]
    done = 0
    try:
        if deeds:
            ordeal.start()
        for deed in deeds:
            began = time.monotonic()
            outcome = deed.do()
            outcomes.append(outcome)
            _say(f"{time.monotonic() - began:5.1f} s {line(outcome)}")
            for fault in outcome.account.faults:
                _say(f"        {fault}")
            done += not outcome.account.faults
    finally:
        whole = done == len(deeds)
        if given.keep and not whole:
            _say(f"kept: {ordeal.site.state.folder}")
        ordeal.close(keep=given.keep and not whole)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
