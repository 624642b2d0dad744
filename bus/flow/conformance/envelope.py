"""Do envelopes go both ways, small and large, without a byte lost?"""

from __future__ import annotations

from collections.abc import Sequence

from bus.flow.conformance.check import Asking, Challenge, ExamRules, differences, echoed, result
from bus.model.probe import Figure, Run, RunResult

SIZES = (1024, 64 * 1024, 512 * 1024)
"""Bytes of the messages that go there and come back."""


def ask(asking: Asking) -> Sequence[Challenge]:
    """Return one challenge for each size."""
    return [echoed(asking.entropy(size)) for size in SIZES]


def judge(run: Run, _rules: ExamRules) -> RunResult:
    """Each came back as it went, opened there and opened here."""
    figures = [Figure("largest", max(SIZES), "byte")]
    return result(run, "ENVELOPE_DIFFERS", differences(run), figures)
