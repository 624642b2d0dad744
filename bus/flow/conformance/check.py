"""What a test is made of: the hub asks and judges, the participant answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bus.model.probe import Figure, Probe, ProbeCase, Run, RunResult
from signer.envelope.wrapping import Entropy


@dataclass(frozen=True, slots=True)
class ExamRules:
    """How the hub tests.

    Attributes:
        answer_within: How long a participant has to answer the challenges of one test.
        valid_for: How long a report is valid.
        probes: Number of messages of the throughput test.
        floor_per_second: Messages a second that a participant must at least answer.
        inspect_every: How far inspections at random are apart, on average.
    """

    answer_within: timedelta = timedelta(minutes=30)
    valid_for: timedelta = timedelta(days=90)
    probes: int = 50
    floor_per_second: int = 5
    inspect_every: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CaseToJudge:
    """An envelope to be judged, and the verdict the specification demands."""

    case: ProbeCase
    verdict: str


@dataclass(frozen=True, slots=True)
class Asking:
    """What the hub has at hand when it asks: `cases` only where the test wants them."""

    entropy: Entropy
    rules: ExamRules
    cases: tuple[CaseToJudge, ...] = ()


@dataclass(frozen=True, slots=True)
class Challenge:
    """One probe to send, and what must come back: `answer` is the data, `verdicts` the words."""

    data: bytes
    answer: bytes
    verdicts: tuple[str, ...]
    cases: tuple[ProbeCase, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a participant answers."""

    data: bytes
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One test.

    Attributes:
        number: Its number on the wire; never given to another test.
        name: Its name in reports and figures.
        zh: Its Chinese name.
        about: What it shows, in Chinese and in English.
        requirement: The statement it serves.
        inspected: Whether inspections make it too.
        needs_cases: Whether it wants envelopes to be judged.
        ask: The challenges.
        answer: The participant's answer, given the probe and its verdicts on the cases in it.
        judge: How it ended, once every challenge is answered.
    """

    number: int
    name: str
    zh: str
    about: tuple[str, str]
    requirement: str
    inspected: bool
    needs_cases: bool
    ask: Callable[[Asking], Sequence[Challenge]]
    answer: Callable[[Probe, tuple[str, ...]], Said]
    judge: Callable[[Run, ExamRules], RunResult]


MAX_DETAILS = 50
"""Differences named in a report, at most."""


def digest(data: bytes) -> bytes:
    """Return the SHA-256 of what must come back."""
    return hashlib.sha256(data).digest()


def echo(probe: Probe, _verdicts: tuple[str, ...]) -> Said:
    """Answer with the data as it came, and its digest in words."""
    return Said(probe.data, (digest(probe.data).hex(),))


def echoed(data: bytes) -> Challenge:
    """Return the challenge that `echo` answers."""
    return Challenge(data, data, (digest(data).hex(),))


def differences(run: Run) -> tuple[str, ...]:
    """Return in words where the replies of the test that is out are not as expected."""
    replies = {reply.number: reply for reply in run.replies}
    found: list[str] = []
    for expected in run.expected:
        reply = replies[expected.number]
        if reply.data != expected.data:
            found.append(f"{expected.number}: data")
        said = (*reply.verdicts, *("nothing",) * len(expected.verdicts))
        found += [
            f"{wanted}, not {got}"
            for wanted, got in zip(expected.verdicts, said, strict=False)
            if wanted != got
        ]
        if len(reply.verdicts) > len(expected.verdicts):
            found.append(f"{expected.number}: surplus")
    return tuple(found[:MAX_DETAILS])


def result(
    run: Run,
    code: str,
    details: Sequence[str],
    figures: Sequence[Figure] = (),
    *,
    passed: bool | None = None,
) -> RunResult:
    """Return how the test that is out ended: failed with the code where anything differed."""
    well = not details if passed is None else passed
    return RunResult(run.current, well, None if well else code, tuple(details), tuple(figures))


def milliseconds(span: timedelta) -> int:
    """Return whole milliseconds."""
    return span // timedelta(milliseconds=1)
