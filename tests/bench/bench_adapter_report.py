"""What `bench_adapter.py` measured, as tables, and whether the connector is fast enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench_report import host_line, table

TIMES_BY_HAND = 2.0
"""How much longer than the same work by hand the connector may take."""

_NAMES = {
    "fetched": "by hand: rows fetched and grouped by person",
    "typed": "by hand: the same work, typed records of each person",
    "connector": "the SQL connector",
}


def times_by_hand(report: Mapping[str, Any], variant: str) -> float:
    """Return how many times as long as the same work by hand the connector took."""
    found = report["variants"][variant]
    return found["connector"]["seconds"] / found["typed"]["seconds"]


def verdict(report: Mapping[str, Any]) -> str:
    """Return a line for people on each variant."""
    lines = []
    for variant in report["variants"]:
        times = times_by_hand(report, variant)
        end = "holds" if times <= TIMES_BY_HAND else "MISSED"
        lines.append(f"{end}: {variant}: {times:.2f} × by hand, of at most {TIMES_BY_HAND:.0f} ×")
    return "\n".join(lines)


def tables(report: Mapping[str, Any]) -> str:
    """Return the tables of a report, in Markdown."""
    thousands = report["asked"] / 1000
    rows = []
    for variant, found in report["variants"].items():
        for name, taken in found.items():
            rows.append(
                (
                    variant,
                    _NAMES[name],
                    f"{taken['seconds']:.2f}",
                    f"{1000 * taken['seconds'] / thousands:.1f}",
                    f"{1000 * taken['cpu'] / thousands:.1f}",
                    f"{taken['seconds'] / found['typed']['seconds']:.2f}",
                )
            )
    strategies = [
        (name, f"{1000 * seconds:.1f}", "used" if name == report["best"] else "")
        for name, seconds in report["strategies"].items()
    ]
    memory = report["memory_mib"]
    parts = [
        host_line(report["machine"])
        + f" {report['rows']:,} rows of {report['persons']:,} persons; "
        f"{report['asked']:,} asked about in batches of {report['batch']:,}; the best of "
        f"{report['passes']} passes of each, in turn.",
        "### The lookup",
        table(
            ("asked for", "", "s", "ms a batch", "CPU ms a batch", "times the same work by hand"),
            rows,
        ),
        "### Ways to fetch by hand",
        table(("", "ms for 1,000 persons, median", ""), strategies),
        "### Memory of the process over the connector's batches, MiB",
        table(
            ("after the first tenth", "at the end", "highest", "highest of the whole run"),
            [tuple(memory[key] for key in ("settled", "end", "highest", "process_peak"))],
        ),
    ]
    return "\n\n".join(parts)
