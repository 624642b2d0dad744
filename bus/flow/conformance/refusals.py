"""Is what is wrong with an envelope seen, and named with the specification's code?

The envelopes are test data inside a probe. The participant judges them with the opener, the
directory and the deduplication it works with, but acts on none and puts none into quarantine.
"""

from __future__ import annotations

from collections.abc import Sequence

from bus.flow.conformance.check import Asking, Challenge, ExamRules, Said, differences, result
from bus.model.probe import Figure, Probe, Run, RunResult


def ask(asking: Asking) -> Sequence[Challenge]:
    """Return one challenge with all cases."""
    cases = tuple(one.case for one in asking.cases)
    verdicts = tuple(verdict_line(one.case.number, one.verdict) for one in asking.cases)
    return [Challenge(b"", b"", verdicts, cases)]


def answer(probe: Probe, verdicts: tuple[str, ...]) -> Said:
    """Answer with the verdict on each case."""
    numbers = [case.number for case in probe.cases]
    return Said(b"", tuple(map(verdict_line, numbers, verdicts)))


def verdict_line(number: int, verdict: str) -> str:
    """Return a verdict with the number of its case, e.g. `602 REFUSE EXPIRED`."""
    return f"{number} {verdict}"


def judge(run: Run, _rules: ExamRules) -> RunResult:
    """Each verdict is the one the specification demands."""
    cases = len(run.expected[0].verdicts)
    return result(run, "VERDICT_DIFFERS", differences(run), [Figure("cases", cases, "")])
