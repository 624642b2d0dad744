"""Does the participant answer sealed messages as fast as the exchange needs at least?"""

from __future__ import annotations

from collections.abc import Sequence

from bus.flow.conformance.check import (
    Asking,
    Challenge,
    ExamRules,
    differences,
    echoed,
    milliseconds,
    result,
)
from bus.model.probe import Figure, Run, RunResult

SIZE = 1024
"""Bytes of each message."""


def ask(asking: Asking) -> Sequence[Challenge]:
    """Return as many challenges as the rules say, which go out together."""
    return [echoed(asking.entropy(SIZE)) for _ in range(asking.rules.probes)]


def judge(run: Run, rules: ExamRules) -> RunResult:
    """From the first that went out to the last that was back, by the hub's clock."""
    last = max(reply.received for reply in run.replies)
    elapsed = max(1, milliseconds(last - (run.asked or run.opened)))
    count = len(run.expected)
    figures = [
        Figure("messages", count, ""),
        Figure("elapsed", elapsed, "ms"),
        Figure("rate", count * 60_000 // elapsed, "1/min"),
        Figure("floor", rules.floor_per_second * 60, "1/min"),
    ]
    differs = differences(run)
    if differs:
        return result(run, "RESULT_DIFFERS", differs, figures)
    fast = count * 1000 >= rules.floor_per_second * elapsed
    return result(run, "TOO_SLOW", (), figures, passed=fast)
