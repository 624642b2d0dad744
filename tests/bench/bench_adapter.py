"""`make bench-adapter`: 100,000 persons looked up in five million rows, beside SQL by hand.

One PostgreSQL of its own; the connector and its rival (`bench_adapter_rival.py`) ask the same
people in the same batches, pass by pass in turn, and must give the same answers. The best pass of
each counts, so that what else the machine does falls out. Writes `bench-out/adapter.json`, and with
`--docs` the tables of `docs/performance.md`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from bench_adapter_report import tables, verdict
from bench_adapter_rival import ANY, JOIN, STAGED, Days, Rival, Typed
from bench_adapter_site import Site, own_cluster
from bench_report import host, write_into
from postgres import PostgresCluster
from rich.console import Console

from adapters.contract import Lookup, LookupResult, Subject
from adapters.sql.connector import SqlConnector
from schemas.resources import resources

NAME = "housing-fund-withdrawal"
BATCH = 1000
ROWS, PEOPLE, PASSES = 5_000_000, 100_000, 5
QUICK_ROWS, QUICK_PEOPLE, QUICK_PASSES = 200_000, 10_000, 3
TRIAL_BATCHES = 20
"""Batches on which the rival's strategies are compared."""

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
YEAR = (date(2024, 1, 1), date(2024, 12, 31))
STRATEGIES = {"= ANY (list)": ANY, "join with unnest (list)": JOIN, "temporary table": STAGED}
SIZES = (250, BATCH)
OUT = Path("bench-out")
DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"
MARK = "bench-adapter"

Batches = Sequence[list[Subject]]


class NotTheSameError(Exception):
    """The connector and its rival answered differently."""


async def measure(cluster: PostgresCluster, rows: int, people: int, passes: int) -> dict[str, Any]:
    """Make the table, measure everything in turn; returns the report."""
    machine = host(("asyncpg", "sqlalchemy"))
    site = await Site.make(cluster, rows)
    asked = await site.people(people)
    batches = [asked[start : start + BATCH] for start in range(0, len(asked), BATCH)]
    found = await _measure(site, batches, passes)
    return {
        "machine": machine,
        "rows": site.rows,
        "persons": site.persons,
        "asked": people,
        "batch": BATCH,
        "passes": passes,
        **found,
    }


async def _measure(site: Site, batches: Batches, passes: int) -> dict[str, Any]:
    connection = await site.connect()
    connector = SqlConnector(site.mapping(), resources())
    try:
        rival = Rival(connection)
        await rival.prepare()
        for batch in batches:
            # Once, so that nobody pays for what the others then find in memory.
            await rival.fetched(ANY, [person.id_number for person in batch], BATCH)
        strategies = await _strategies(rival, batches[:TRIAL_BATCHES])
        best, size = min(strategies, key=lambda one: strategies[one])
        everything = tuple(item.name for item in resources()[NAME].items)
        variants: dict[str, Any] = {}
        memory: list[float] = []
        for variant, days in (("the latest data", None), ("a range of one year", YEAR)):
            await _compare(rival, connector, batches[0], everything, days)
            contest = _contest(rival, connector, (STRATEGIES[best], size), everything, days)
            variants[variant] = await _passes(contest, batches, passes, memory)
        return {
            "strategies": {
                f"{name}, {size} a statement": s for (name, size), s in strategies.items()
            },
            "best": f"{best}, {size} a statement",
            "variants": variants,
            "memory_mib": _memory(memory),
        }
    finally:
        await connector.close()
        await connection.close()


async def _strategies(rival: Rival, batches: Batches) -> dict[tuple[str, int], float]:
    """Return the seconds for 1,000 persons that each way of fetching takes, at its best."""
    found: dict[tuple[str, int], float] = {}
    for name, statement in STRATEGIES.items():
        for size in SIZES:
            taken = []
            for batch in batches:
                numbers = [person.id_number for person in batch]
                begun = time.perf_counter()
                await rival.fetched(statement, numbers, size)
                taken.append((time.perf_counter() - begun) * BATCH / len(batch))
            found[name, size] = statistics.median(taken)
    return found


Work = Callable[[list[Subject]], Awaitable[object]]


def _contest(
    rival: Rival,
    connector: SqlConnector,
    best: tuple[str, int],
    items: tuple[str, ...],
    days: Days,
) -> dict[str, Work]:
    statement, size = best

    async def fetched(people: list[Subject]) -> object:
        return await rival.fetched(statement, [person.id_number for person in people], size)

    async def typed(people: list[Subject]) -> object:
        return await rival.typed(statement, people, size, days)

    async def ours(people: list[Subject]) -> object:
        return await _ask(connector, people, items, days)

    return {"fetched": fetched, "typed": typed, "connector": ours}


async def _passes(
    contest: dict[str, Work], batches: Batches, passes: int, memory: list[float]
) -> dict[str, Any]:
    """Return the best pass of each: seconds and CPU seconds of this process, for all persons."""
    best: dict[str, dict[str, float]] = {}
    for _ in range(passes):
        for name, work in contest.items():
            seconds, cpu = time.perf_counter(), time.process_time()
            for batch in batches:
                await work(batch)
                if name == "connector":
                    memory.append(_resident())
            taken = {"seconds": time.perf_counter() - seconds, "cpu": time.process_time() - cpu}
            known = best.setdefault(name, taken)
            best[name] = {figure: min(known[figure], taken[figure]) for figure in taken}
    return best


async def _compare(
    rival: Rival,
    connector: SqlConnector,
    people: list[Subject],
    items: tuple[str, ...],
    days: Days,
) -> None:
    """End the benchmark where both do not answer the same about everybody."""
    by_hand = await rival.typed(ANY, people, BATCH, days)
    ours = await _ask(connector, people, items, days)
    if _plain(by_hand) != _plain_of(ours) or ours.remarks:
        raise NotTheSameError(NAME)


async def _ask(
    connector: SqlConnector, people: list[Subject], items: tuple[str, ...], days: Days
) -> LookupResult:
    start, end = days or (None, None)
    return await connector.lookup(Lookup(NAME, items, start, end, tuple(people)), NOW)


def _plain(typed: Typed) -> list[tuple[str, list[str]]]:
    return [(kind, sorted(map(repr, records))) for _, kind, records in typed]


def _plain_of(result: LookupResult) -> list[tuple[str, list[str]]]:
    return [
        (one.code or one.kind.value, sorted(repr(dict(record)) for record in one.records))
        for one in result.outcomes
    ]


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def _memory(sampled: Sequence[float]) -> dict[str, float]:
    """Return resident memory over the connector's batches: after the first tenth, at the end."""
    settled = sampled[len(sampled) // 10 :]
    return {
        "settled": round(settled[0], 1),
        "end": round(settled[-1], 1),
        "highest": round(max(settled), 1),
        "process_peak": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _main() -> None:
    options = argparse.ArgumentParser(description="the SQL connector beside SQL by hand")
    options.add_argument("--quick", action="store_true", help="200,000 rows, 10,000 persons")
    options.add_argument("--docs", action="store_true", help="write docs/performance.md")
    options.add_argument("--out", type=Path, default=OUT)
    asked = options.parse_args()
    sizes = (QUICK_ROWS, QUICK_PEOPLE, QUICK_PASSES) if asked.quick else (ROWS, PEOPLE, PASSES)
    cluster = own_cluster()
    try:
        report = asyncio.run(measure(cluster, *sizes))
    finally:
        cluster.remove()
    asked.out.mkdir(exist_ok=True)
    written = json.dumps(report, ensure_ascii=False, indent=2)
    (asked.out / "adapter.json").write_text(f"{written}\n", "utf-8")
    text = tables(report)
    Console().print(text, markup=False, highlight=False)
    Console().print(verdict(report), markup=False, highlight=False)
    if asked.docs:
        write_into(DOCUMENT, text, MARK)


if __name__ == "__main__":
    _main()
