"""`make bench`: what the whole path costs, on a real Kafka, with sealing and without.

Writes `bench-out/bench.json`, and with `--docs` the tables of `docs/performance.md`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench_daemon import PLAIN, SEALED
from bench_network import running
from bench_people import people
from bench_report import machine, tables, workload_json, write_into
from bench_store import store_alone
from bench_workloads import LATENCY, Bench, Measured, Workload, WrongResultError, idle
from rich.console import Console

from bus.cli.output import print_error
from bus.errors import HeduiError

FULL = (
    Workload(LATENCY, 1, 40, 1),
    Workload("parts of 1", 1, 120, 16),
    Workload("parts of 100", 100, 24, 4),
    Workload("parts of 1,000", 1000, 8, 2),
    Workload("5 parts of 1,000", 5000, 2, 1),
)
QUICK = (
    Workload(LATENCY, 1, 10, 1),
    Workload("parts of 1", 1, 24, 8),
    Workload("parts of 100", 100, 4, 4),
    Workload("parts of 1,000", 1000, 2, 2),
)
WARM_UP = (Workload("warm-up", 1, 4, 1), Workload("warm-up", 200, 1, 1))
IDLE_SECONDS = 3.0
OUT = Path("bench-out")
DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"


def measure(
    variant: str, workloads: Sequence[Workload], out: Path, console: Console
) -> tuple[dict[str, Any], list[Measured]]:
    """Run all workloads on a network of one variant."""
    everybody = people(max(work.persons for work in (*workloads, *WARM_UP)) + 1000)
    with running(variant, everybody, out, console) as network:
        network.screen.step(f"{variant}：网络就绪", "the network is up")
        bench = Bench(network, everybody)
        for work in WARM_UP:
            bench.run(work)
        resting = idle(network, IDLE_SECONDS)
        measured = []
        for work in workloads:
            measured.append(bench.run(work))
            rate = measured[-1].persons / measured[-1].seconds
            network.screen.step(f"{work.name}：{rate:.1f} 人/秒", "persons a second")
    found = {
        "idle_cpu": {name: round(used, 4) for name, used in resting.items()},
        "workloads": {one.workload.name: workload_json(one) for one in measured},
    }
    return found, measured


def run(workloads: Sequence[Workload], out: Path, console: Console) -> dict[str, Any]:
    """Measure both variants, hold their results against each other, write the report."""
    out.mkdir(parents=True, exist_ok=True)
    facts = machine()
    variants, results = {}, []
    for variant in (SEALED, PLAIN):
        found, measured = measure(variant, workloads, out, console)
        variants[variant] = found
        results.append([one.result for one in measured])
    if results[0] != results[1]:
        raise WrongResultError(PLAIN)
    report = {"machine": facts, "variants": variants, "store_alone": asyncio.run(store_alone())}
    text = json.dumps(report, ensure_ascii=False, indent=2)
    (out / "bench.json").write_text(f"{text}\n", "utf-8")
    return report


def _main() -> None:
    options = argparse.ArgumentParser(description="persons a second, latency, CPU, memory")
    options.add_argument("--quick", action="store_true", help="fewer queries, about a minute")
    options.add_argument("--docs", action="store_true", help="write docs/performance.md's tables")
    given = options.parse_args()
    console = Console(stderr=True)
    try:
        report = run(QUICK if given.quick else FULL, OUT, console)
    except HeduiError as error:
        print_error(error, as_json=False)
        sys.exit(1)
    text = tables(report)
    console.print(text, markup=False, soft_wrap=True)
    if given.docs:
        write_into(DOCUMENT, text)


if __name__ == "__main__":
    _main()
