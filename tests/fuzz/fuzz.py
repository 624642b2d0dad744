"""Opens mutants of valid envelopes on every processor, then lets atheris drive each parser.

Ends 0 only where every mutant was refused, or was the same message again, and nothing was raised.
The same seed makes the same mutants, however many processes share them.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from fuzz_envelope import CHUNK, Account, run_chunk
from fuzz_world import Country

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "fuzz-out"
NAMES = (
    "envelope",
    "header",
    "statement",
    "directory-record",
    "directory-entry",
    "directory-entry-2",
    "directory-head",
    "directory-schema",
    "certificate",
    "body",
    "proof",
    "workbook",
    "workbook-part",
    "application",
    "renewal",
    "certificate-request",
    "grant",
    "revocation-list",
)


def say(line: str) -> None:
    """Write a line of the command's output."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@cache
def _country() -> Country:
    return Country()


def _chunk(seed: int, number: int, size: int) -> Account:
    return run_chunk(_country(), seed, number, size)


def _sizes(mutations: int) -> Iterator[tuple[int, int]]:
    whole, rest = divmod(mutations, CHUNK)
    yield from ((number, CHUNK) for number in range(whole))
    if rest:
        yield whole, rest


def envelopes(mutations: int, seed: int, processes: int, seconds: float) -> Account:
    """Open mutants until all are done or the time is over."""
    account, began = Account(), time.monotonic()
    todo = _sizes(mutations)
    with ProcessPoolExecutor(processes) as pool:
        while time.monotonic() - began < seconds and not account.faults:
            batch = list(islice(todo, 10 * processes))
            if not batch:
                break
            for done in [pool.submit(_chunk, seed, number, size) for number, size in batch]:
                account.add(done.result())
            sys.stderr.write(f"\r{account.opened:>9,} of {mutations:,}")
            sys.stderr.flush()
    sys.stderr.write("\n")
    return account


def tell(account: Account, seconds: float) -> None:
    """Print what became of the mutants."""
    codes: Counter[str] = Counter()
    for (_, code), count in account.endings.items():
        codes[code] += count
    for code, count in codes.most_common():
        say(f"{count:>9,}  {code}")
    for how, count in account.same.items():
        say(f"{count:>9,}  the same message again ({how})")
    say(
        f"{account.opened:,} mutants in {seconds:.0f} s: {account.accepted} accepted, "
        f"{account.raised} exceptions"
    )
    for fault in account.faults:
        say(fault)


def parser(name: str, seconds: int) -> tuple[str, int, str]:
    """Drive one parser; returns (name, exit status, what atheris wrote)."""
    command = [sys.executable, str(HERE / "fuzz_parser.py"), name, str(seconds), str(FOLDER)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    return name, done.returncode, done.stdout + done.stderr


def parsers(seconds: int, processes: int) -> bool:
    """Drive every parser for so long; returns whether nothing was found."""
    if find_spec("atheris") is None:
        say("atheris has no build for this platform: the parsers were NOT driven by coverage")
        return True
    sound = True
    with ThreadPoolExecutor(processes) as pool:
        for name, status, output in pool.map(parser, NAMES, [seconds] * len(NAMES)):
            runs = re.search(r"number_of_executed_units:\s*(\d+)", output)
            say(f"{name:<17} {int(runs[1]) if runs else 0:>10,} runs  status {status}")
            if status or not runs:
                sound = False
                say(output[-4000:])
    return sound


def main() -> int:
    """Run the command; returns the exit status."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mutations", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options.add_argument("--seconds", type=float, default=3600, help="stop opening after so long")
    options.add_argument("--parser-seconds", type=int, default=60, help="each; 0 leaves them out")
    given = options.parse_args()
    FOLDER.mkdir(exist_ok=True)
    began = time.monotonic()
    account = envelopes(given.mutations, given.seed, given.processes, given.seconds)
    tell(account, time.monotonic() - began)
    sound = not account.faults
    if given.parser_seconds:
        sound &= parsers(given.parser_seconds, given.processes)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
