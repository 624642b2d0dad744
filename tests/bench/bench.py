"""`make bench`: what the whole path costs, on a real Kafka, with sealing and without.

Writes `bench-out/bench.json`, and with `--docs` the tables of `docs/performance.md`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import uvloop
from bench_daemon import PLAIN, SEALED
from bench_network import running
from bench_people import people
from bench_report import PARTS_OF_1, machine, tables, workload_json, write_into
from bench_store import store_alone
from bench_workloads import LATENCY, Bench, Round, Workload, WrongResultError
from rich.console import Console

from adapters.demo.screen import Screen
from adapters.demo.watch import Watch
from bus.cli.output import print_error
from bus.errors import HeduiError

FULL = (
    Workload(LATENCY, 1, 50, 1),
    Workload(PARTS_OF_1, 1, 60, 16),
    Workload("parts of 100", 100, 12, 4),
    Workload("parts of 1,000", 1000, 4, 2),
    Workload("5 parts of 1,000", 5000, 2, 1),
)
QUICK = (
    Workload(LATENCY, 1, 5, 1),
    Workload(PARTS_OF_1, 1, 16, 8),
    Workload("parts of 100", 100, 3, 3),
    Workload("parts of 1,000", 1000, 1, 1),
)
ROUNDS = ((SEALED, PLAIN), (PLAIN, SEALED))
"""Both variants in turn, so that what else the machine does in the meantime falls on both."""

WARM_UP = (Workload("warm-up", 1, 4, 1), Workload("warm-up", 200, 1, 1))
IDLE_SECONDS = 3.0
LIMIT_SECONDS = 900.0
OUT = Path("bench-out")
DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"


def run(workloads: Sequence[Workload], out: Path, console: Console) -> dict[str, Any]:
    """Measure both variants, hold their results against each other, write the report."""
    out.mkdir(parents=True, exist_ok=True)
    facts = machine()
    everybody = people(max(work.persons for work in (*workloads, *WARM_UP)) + 1000)
    watch = Watch(LIMIT_SECONDS, str(out / "logs"))
    with watch.signals(), Screen(console, watch) as screen, ExitStack() as networks:
        benches = {}
        for variant in (SEALED, PLAIN):
            network = networks.enter_context(running(variant, everybody, out, screen, watch))
            benches[variant] = Bench(network, everybody)
            screen.step(f"{variant}：网络就绪", "the network is up")
        variants = _measure(benches, workloads, screen)
    report = {"machine": facts, "variants": variants, "store_alone": uvloop.run(store_alone())}
    text = json.dumps(report, ensure_ascii=False, indent=2)
    (out / "bench.json").write_text(f"{text}\n", "utf-8")
    return report


def _measure(
    benches: Mapping[str, Bench], workloads: Sequence[Workload], screen: Screen
) -> dict[str, Any]:
    for work in WARM_UP:
        for bench in benches.values():
            bench.run(work)
    variants: dict[str, Any] = {
        variant: {"idle_cpu": bench.idle(IDLE_SECONDS), "workloads": {}}
        for variant, bench in benches.items()
    }
    for work in workloads:
        rounds: dict[str, list[Round]] = {variant: [] for variant in benches}
        for variants_in_turn in ROUNDS:
            for variant in variants_in_turn:
                rounds[variant].append(benches[variant].run(work))
        one, other = ([round_.result for round_ in found] for found in rounds.values())
        if one != other:
            raise WrongResultError(work.name)
        for variant, found in rounds.items():
            measured = variants[variant]["workloads"][work.name] = workload_json(work, found)
            rate = measured["persons_a_second"]
            screen.step(f"{work.name}（{variant}）：{rate} 人/秒", "persons a second")
    return variants


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
