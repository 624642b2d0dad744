"""What was measured, as JSON for machines and as tables for people."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench_daemon import STATEMENTS, TRANSACTIONS
from bench_network import KAFKA, Stage
from bench_workloads import LATENCY, LEGS, Round, Workload

from bus.broker.local.jars import find_jars, find_java

_THOUSAND = 1000
PARTS_OF_1 = "parts of 1"
"""The workload of many one-person queries at once."""

_SEALING = ("open", "seal", "endorse", "sign", "open again from the store")
"""Stages in which the two variants run different code."""

_AWAITS = 3
"""How often a transaction itself is awaited: begin, commit, giving back the connection."""
_MEMORY_GIB = 1024 * 1024


def machine() -> dict[str, Any]:
    """Return on what, with what and when the whole path was measured."""
    (kafka,) = find_jars().glob("kafka_2.13-*.jar")
    return host(("aiokafka", "cryptography", "fastavro")) | {
        "kafka": kafka.stem.removeprefix("kafka_2.13-"),
        "java": _java(),
    }


def host(libraries: Sequence[str]) -> dict[str, Any]:
    """Return on what machine, with which libraries and when it was measured."""
    cpu = next(_values("/proc/cpuinfo", "model name"), platform.machine())
    memory = int(next(_values("/proc/meminfo", "MemTotal"), "0 kB").split()[0])
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _said("git", "rev-parse", "--short", "HEAD"),
        "changed": bool(_said("git", "status", "--porcelain", "--untracked-files=no")),
        "cores": len(os.sched_getaffinity(0)),
        "cpu": cpu,
        "memory_gib": round(memory / _MEMORY_GIB, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in libraries},
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def workload_json(work: Workload, rounds: Sequence[Round]) -> dict[str, Any]:
    """Return one workload's figures, of all rounds together."""
    queries = [query for one in rounds for query in one.queries]
    seconds = sum(one.seconds for one in rounds)
    found: dict[str, Any] = {
        "persons_a_query": work.persons,
        "queries": len(queries),
        "in_flight": work.in_flight,
        "seconds": round(seconds, 3),
        "cores_busy_with_others": round(statistics.mean(one.others for one in rounds), 2),
        "persons_a_second": round(work.persons * len(queries) / seconds, 1),
        "latency_seconds": _spread([query.latency for query in queries]),
        "leg_seconds_median": {
            leg: round(statistics.median(query.legs[at] for query in queries), 3)
            for at, leg in enumerate(LEGS)
        },
        "processes": {name: _process(name, rounds) for name in rounds[0].after},
    }
    for at, name in enumerate(("cpu_seconds_by_stage", "calls_by_stage")):
        found[name] = {
            role: _by_stage([one.stages[role] for one in rounds], at) for role in rounds[0].stages
        }
    return found


def _process(name: str, rounds: Sequence[Round]) -> dict[str, float]:
    cpu = sum(one.after[name].cpu - one.before[name].cpu for one in rounds)
    return {
        "cpu_seconds": round(cpu, 2),
        "rss_mib": round(rounds[-1].after[name].rss, 1),
        "peak_mib": round(max(one.after[name].peak for one in rounds), 1),
    }


def _by_stage(rounds: Sequence[Stage], at: int) -> dict[str, float]:
    """Return the seconds or the calls of stages, summed, largest first."""
    total: dict[str, float] = defaultdict(float)
    for stages in rounds:
        for stage, figures in stages.items():
            total[stage] += figures[at]
    ordered = sorted(total.items(), key=lambda pair: -pair[1])
    return {stage: round(figure, 4) for stage, figure in ordered if figure}


def tables(report: Mapping[str, Any]) -> str:
    """Return the tables of a report, in Markdown."""
    sealed, plain = report["variants"]["sealed"], report["variants"]["plain"]
    parts = [
        host_line(report["machine"]),
        "### Persons a second",
        _throughput(sealed, plain),
        "### Latency of a one-person query, one at a time",
        _latency(sealed, plain),
        "### CPU seconds for 1,000 persons, by process",
        _cpu(sealed, plain),
        "### The three largest costs",
        _largest(sealed),
        "### What sealing adds",
        _sealing(sealed, plain),
        "### CPU seconds for 1,000 persons, by stage, all four daemons",
        _stages_beside(sealed, plain),
        "### CPU by role, sealed",
        _roles(sealed),
        "### The store",
        _store(sealed, report["store_alone"]),
        "### Memory, MiB",
        _memory(sealed, plain),
    ]
    return "\n\n".join(parts)


def write_into(document: Path, text: str, mark: str = "bench") -> None:
    """Put tables between a document's markers."""
    begin, end = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
    before, found, rest = document.read_text("utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(document.name)
    document.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", "utf-8")


def host_line(facts: Mapping[str, Any]) -> str:
    """Return what `host` said, as a sentence."""
    libraries = ", ".join(f"{name} {number}" for name, number in facts["libraries"].items())
    changed = " with changes" if facts["changed"] else ""
    kafka = f", Kafka {facts['kafka']} on Java {facts['java']}" if "kafka" in facts else ""
    return (
        f"Measured {facts['date']} at commit {facts['commit']}{changed}: {facts['cores']} cores "
        f"({facts['cpu']}), {facts['memory_gib']} GiB, {facts['system']}, Python "
        f"{facts['python']}{kafka}, {libraries}. "
        f"Load of the machine when it began: {facts['load_at_start']}."
    )


def _throughput(sealed: Mapping[str, Any], plain: Mapping[str, Any]) -> str:
    rows = [
        (
            name,
            f"{one['queries']} × {one['persons_a_query']:,}",
            one["in_flight"],
            f"{one['persons_a_second']:.1f}",
            f"{plain['workloads'][name]['persons_a_second']:.1f}",
            _ratio(one["persons_a_second"], plain["workloads"][name]["persons_a_second"]),
            " / ".join(
                f"{side['workloads'][name]['cores_busy_with_others']:.1f}"
                for side in (sealed, plain)
            ),
        )
        for name, one in sealed["workloads"].items()
        if name != LATENCY
    ]
    head = (
        *("workload", "queries × persons", "in flight", "sealed", "plain Avro"),
        *("sealed : plain", "cores busy with others"),
    )
    return table(head, rows)


def _latency(sealed: Mapping[str, Any], plain: Mapping[str, Any]) -> str:
    one, other = (variant["workloads"][LATENCY] for variant in (sealed, plain))
    rows = [
        (name, _ms(one["latency_seconds"][name]), _ms(other["latency_seconds"][name]))
        for name in one["latency_seconds"]
    ]
    rows += [
        (f"median: {leg}", *(_ms(side["leg_seconds_median"][leg]) for side in (one, other)))
        for leg in LEGS
    ]
    return table(("", "sealed, ms", "plain Avro, ms"), rows)


def _cpu(sealed: Mapping[str, Any], plain: Mapping[str, Any]) -> str:
    names = tuple(sealed["workloads"])
    rows = []
    for process in sealed["workloads"][LATENCY]["processes"]:
        cells = [
            f"{_cost(sealed, name, process):.2f} / {_cost(plain, name, process):.2f}"
            for name in names
        ]
        idle = f"{sealed['idle_cpu'][process]:.3f}"
        rows.append((process, *cells, idle))
    head = ("sealed / plain", *names, "idle, CPU s a second")
    return table(head, rows)


def _largest(variant: Mapping[str, Any]) -> str:
    rows = []
    for name in variant["workloads"]:
        costs: dict[str, float] = defaultdict(float)
        for stage, seconds in _summed(variant, name).items():
            costs[stage.partition(":")[0]] += seconds
        costs[f"{KAFKA} itself"] = _cost(variant, name, KAFKA)
        total = sum(costs.values())
        first = sorted(costs.items(), key=lambda pair: -pair[1])[:3]
        cells = [f"{what} {100 * seconds / total:.0f} %" for what, seconds in first]
        rows.append((name, f"{total:.2f}", *cells))
    head = ("sealed", "CPU s for 1,000 persons, Kafka's too", "first", "second", "third")
    return table(head, rows)


def _sealing(sealed: Mapping[str, Any], plain: Mapping[str, Any]) -> str:
    rows = []
    for name in sealed["workloads"]:
        one, other = _summed(sealed, name), _summed(plain, name)
        added = sum(one.get(stage, 0.0) - other.get(stage, 0.0) for stage in _SEALING)
        total = sum(one.values())
        rows.append((name, f"{total:.2f}", f"{added:.2f}", f"{100 * added / total:.0f} %"))
    head = ("workload", "daemons' CPU s for 1,000 persons", "of which sealing", "share")
    return table(head, rows)


def _roles(variant: Mapping[str, Any]) -> str:
    rows = []
    for name in variant["workloads"]:
        for role, stages in variant["workloads"][name]["cpu_seconds_by_stage"].items():
            total = sum(stages.values())
            largest = ", ".join(
                f"{stage} {100 * seconds / total:.0f} %" for stage, seconds in [*stages.items()][:5]
            )
            rows.append((name, role, f"{total:.2f}", largest))
    return table(("workload", "role", "CPU s", "the five largest"), rows)


def _store(variant: Mapping[str, Any], alone: Mapping[str, float]) -> str:
    rows = []
    for name in (LATENCY, PARTS_OF_1):
        one = variant["workloads"][name]
        for role, calls in one["calls_by_stage"].items():
            statements = calls.get(STATEMENTS, 0) / one["queries"]
            transactions = calls.get(TRANSACTIONS, 0) / _AWAITS / one["queries"]
            rows.append((name, role, f"{statements:.1f}", f"{transactions:.1f}"))
    costs = [(what, f"{cost:.0f}") for what, cost in alone.items()]
    head = ("workload", "role", "SQL statements a query", "transactions a query")
    return "\n\n".join((table(head, rows), table(("store by itself", "CPU µs"), costs)))


def _stages_beside(sealed: Mapping[str, Any], plain: Mapping[str, Any]) -> str:
    names = tuple(sealed["workloads"])
    sums = {name: (_summed(sealed, name), _summed(plain, name)) for name in names}
    stages = sorted(
        {stage for pair in sums.values() for one in pair for stage in one},
        key=lambda stage: -sum(pair[0].get(stage, 0.0) for pair in sums.values()),
    )
    rows = [
        (stage, *(" / ".join(f"{one.get(stage, 0.0):.2f}" for one in sums[name]) for name in names))
        for stage in stages
    ]
    return table(("sealed / plain", *names), rows)


def _memory(sealed: Mapping[str, Any], plain: Mapping[str, Any]) -> str:
    names = tuple(sealed["workloads"])
    rows = []
    for process in sealed["workloads"][LATENCY]["processes"]:
        cells = []
        for name in names:
            one = sealed["workloads"][name]["processes"][process]
            other = plain["workloads"][name]["processes"][process]
            cells.append(f"{one['rss_mib']:.0f}, {one['peak_mib']:.0f} / {other['peak_mib']:.0f}")
        rows.append((process, *cells))
    return table(("sealed: after, peak / plain: peak", *names), rows)


def _cost(variant: Mapping[str, Any], name: str, process: str) -> float:
    one = variant["workloads"][name]
    persons = one["persons_a_query"] * one["queries"]
    return float(one["processes"][process]["cpu_seconds"] * _THOUSAND / persons)


def _summed(variant: Mapping[str, Any], name: str) -> dict[str, float]:
    one = variant["workloads"][name]
    persons = one["persons_a_query"] * one["queries"]
    total: dict[str, float] = {}
    for stages in one["cpu_seconds_by_stage"].values():
        for stage, seconds in stages.items():
            total[stage] = total.get(stage, 0.0) + seconds * _THOUSAND / persons
    return total


def _spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)

    def quantile(share: float) -> float:
        # The nearest rank: a value that was measured, none in between.
        return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]

    return {
        "p50": round(quantile(0.5), 3),
        "p90": round(quantile(0.9), 3),
        "p99": round(quantile(0.99), 3),
        "max": round(ordered[-1], 3),
    }


def table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _ratio(one: float, other: float) -> str:
    return f"{one / other:.2f}"


def _ms(seconds: float) -> str:
    return f"{seconds * _THOUSAND:.0f}"


def _values(file: str, name: str) -> Iterable[str]:
    for line in Path(file).read_text("utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            yield value.strip()


def _java() -> str:
    said = subprocess.run(  # noqa: S603 - the Java that runs the broker
        [find_java(), "-version"], capture_output=True, text=True, check=True
    ).stderr
    return said.split('"')[1]


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - git
    return done.stdout.strip()
