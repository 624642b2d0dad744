"""巡检 and 入网前检测: the probes that travel, and the run of tests they belong to (R014-R016).

Field names and order of `Probe` are those of `schemas/message/probe.v1.avsc`. A run holds no
personal data: codes, digests, instants and counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ProbeRole(StrEnum):
    """What a probe is in its run."""

    REQUEST = "REQUEST"
    CHALLENGE = "CHALLENGE"
    RESPONSE = "RESPONSE"
    REPORT = "REPORT"


@dataclass(frozen=True, slots=True)
class ProbeHeader:
    """A Kafka header of an envelope that is to be judged."""

    name: str
    value: bytes


@dataclass(frozen=True, slots=True)
class ProbeCase:
    """An envelope to be judged as if it had just arrived at `me` from `peer`.

    `pad_to` is the length to which zero bytes are appended: a message cannot carry one that is
    over the limit of messages.
    """

    number: int
    envelope: bytes
    pad_to: int | None
    me: str
    peer: str
    key: bytes
    headers: tuple[ProbeHeader, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """One step of a run; the run is the conversation."""

    role: ProbeRole
    test: int
    number: int
    total: int
    product: str
    specs: tuple[str, ...]
    data: bytes = b""
    cases: tuple[ProbeCase, ...] = ()
    verdicts: tuple[str, ...] = ()


class RunPurpose(StrEnum):
    """What a run is for: admission (R014), or an inspection at random or on order (R015)."""

    ADMISSION = "admission"
    INSPECTION = "inspection"
    ORDERED = "ordered"


class RunState(StrEnum):
    """How a run stands. A run that ended never goes on."""

    RUNNING = "RUNNING"
    PASSED = "PASSED"
    FAILED = "FAILED"


PURPOSE_ZH = {
    RunPurpose.ADMISSION: "入网前检测",
    RunPurpose.INSPECTION: "巡检",
    RunPurpose.ORDERED: "指定巡检",
}
STATE_ZH = {RunState.RUNNING: "进行中", RunState.PASSED: "合格", RunState.FAILED: "不合格"}
"""What operators read, on every screen and in every document."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure of a test: name and unit are fixed words, e.g. `offset`, `ms`."""

    name: str
    value: int
    unit: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """How one test ended. `code` says why it failed; `details` what differed, without values."""

    test: int
    passed: bool
    code: str | None
    details: tuple[str, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the hub waits for in answer to one challenge: `message` is the challenge's digest.

    `data` is the SHA-256 of the data that must come back.
    """

    number: int
    message: bytes
    data: bytes
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that came: `made` by the participant's clock, `received` by the hub's."""

    number: int
    data: bytes
    verdicts: tuple[str, ...]
    made: datetime
    received: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """A run of tests, as the hub or the participant that is tested keeps it.

    Attributes:
        id: The conversation.
        participant: Who is tested.
        ordered_by: The operator who asked for it, at the side that did; else None.
        due: When the challenge that is out counts as unanswered; at the participant's side when
            it gives up waiting.
        tests: The numbers of the tests of this run, in order.
        current: The test whose challenges are out, 0 where none is.
        asked: When they were sent, by the hub's clock.
        expected: What must come back, for each challenge that is out. At the hub only.
        replies: What did come back. At the hub only.
        report: The signed report, once it is there; `expires` is the end of its validity.
    """

    id: UUID
    participant: str
    purpose: RunPurpose
    state: RunState
    opened: datetime
    due: datetime
    tests: tuple[int, ...]
    ordered_by: str | None = None
    current: int = 0
    asked: datetime | None = None
    expected: tuple[Expected, ...] = ()
    replies: tuple[Reply, ...] = ()
    results: tuple[RunResult, ...] = ()
    product: str = ""
    specs: tuple[str, ...] = ()
    ended: datetime | None = None
    expires: datetime | None = None
    report: bytes | None = None
