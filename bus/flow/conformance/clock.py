"""Is the participant's clock within two minutes of the hub's?

The hub knows when it asked and when the answer was there; in between, by its own clock, the
participant signed the answer. So the participant's clock is ahead of the hub's by at least
`made - received` and at most `made - asked`. Only a span that lies within the skew as a whole is a
proof; a message that was held because its time had not come yet widens the span, and fails.
"""

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
from signer.envelope.chain import SKEW

ROUNDS = 3
"""How often it is asked; the narrowest span counts."""


def ask(asking: Asking) -> Sequence[Challenge]:
    """Return the same question several times."""
    return [echoed(asking.entropy(32)) for _ in range(ROUNDS)]


def judge(run: Run, _rules: ExamRules) -> RunResult:
    """The clocks differ by no more than the skew that messages are allowed."""
    asked = run.asked or run.opened
    least = max(milliseconds(reply.made - reply.received) for reply in run.replies)
    most = min(milliseconds(reply.made - asked) for reply in run.replies)
    skew = milliseconds(SKEW)
    figures = [
        Figure("offset", (least + most) // 2, "ms"),
        Figure("uncertainty", abs(most - least) // 2, "ms"),
    ]
    differs = differences(run)
    if differs:
        return result(run, "RESULT_DIFFERS", differs, figures)
    within = max(abs(least), abs(most)) <= skew
    return result(run, "CLOCK_SKEW", (), figures, passed=within)
