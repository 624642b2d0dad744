"""What `bench_envelope.py` measured, as tables, and whether it is as cheap as it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench_primitives import DECRYPT, ENCRYPT, SHA256, SIGN, VERIFY
from bench_report import host_line, table

SMALL, LARGE = "1024", "65536"
SIDES = ("seal", "open")
TIMES_PRIMITIVES, TIMES_ALONE = 3.0, 4.0

_NAMES = {
    "alone": "one message alone",
    "steady": "steady state",
    "confluent": "Confluent's payload encryption (does not sign)",
    "bare": "AES-GCM and one SHA-256 of the same bytes, as batches",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one target holds: `cost` may be at most `limit`, both in microseconds."""

    target: str
    cost: float
    limit: float

    @property
    def holds(self) -> bool:
        """Whether it does."""
        return self.cost <= self.limit

    @property
    def line(self) -> str:
        """One line for people."""
        share = 100 * self.cost / self.limit
        end = "holds" if self.holds else "MISSED"
        return f"{end}: {self.target}: {self.cost:.1f} µs of {self.limit:.1f} µs ({share:.0f} %)"


def verdicts(report: Mapping[str, Any]) -> list[Verdict]:
    """Return the targets, each with what was measured."""
    small, large = report["sizes"][SMALL], report["sizes"][LARGE]
    found, alone = [], large["primitives"]
    for side, cipher in zip(SIDES, (ENCRYPT, DECRYPT), strict=True):
        found += [
            Verdict(
                f"{side}, 64 KB, steady ≤ 3 × (AES-GCM + SHA-256 of the same bytes), as batches",
                large["steady"][side],
                TIMES_PRIMITIVES * large["bare"][side],
            ),
            Verdict(
                f"{side}, 64 KB, steady ≤ 3 × (AES-GCM + SHA-256 of the same bytes), in a loop",
                large["steady"][side],
                TIMES_PRIMITIVES * (alone[cipher] + alone[SHA256]),
            ),
            Verdict(
                f"{side}, 1 KB, steady ≤ ¼ of one alone",
                small["steady"][side],
                small["alone"][side] / TIMES_ALONE,
            ),
            Verdict(
                f"{side}, 1 KB, steady ≤ Confluent's",
                small["steady"][side],
                small["confluent"][side],
            ),
        ]
    return found


def tables(report: Mapping[str, Any]) -> str:
    """Return the tables of a report, in Markdown."""
    facts = report["machine"]
    machine = (
        f"{host_line(facts)} confluent-kafka {facts['confluent']}; medians of "
        f"{report['rounds']} rounds, batches of {report['batch']}."
    )
    return "\n\n".join(
        (
            machine,
            "### µs a message",
            _costs(report),
            "### Targets",
            _targets(verdicts(report)),
            "### The bare primitives, µs",
            _primitives(report),
        )
    )


def _costs(report: Mapping[str, Any]) -> str:
    sizes = [report["sizes"][size] for size in (SMALL, LARGE)]
    rows = [
        (name, *(f"{size[what][side]:.0f}" for size in sizes for side in SIDES))
        for what, name in _NAMES.items()
    ]
    signed = [
        f"{size['confluent'][side] + size['primitives'][signing]:.0f}"
        for size in sizes
        for side, signing in zip(SIDES, (SIGN, VERIFY), strict=True)
    ]
    rows.insert(3, ("the same, and a P-256 signature a message (sum)", *signed))
    return table(("", "1 KB, seal", "1 KB, open", "64 KB, seal", "64 KB, open"), rows)


def _targets(found: Sequence[Verdict]) -> str:
    rows = [
        (one.target, f"{one.cost:.1f}", f"{one.limit:.1f}", "holds" if one.holds else "**missed**")
        for one in found
    ]
    return table(("target", "measured", "limit", ""), rows)


def _primitives(report: Mapping[str, Any]) -> str:
    small, large = (report["sizes"][size]["primitives"] for size in (SMALL, LARGE))
    rows = [(name, f"{small[name]:.1f}", f"{large[name]:.1f}") for name in small]
    return table(("", "1 KB", "64 KB"), rows)
