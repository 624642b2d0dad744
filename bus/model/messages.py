"""The messages that come back: decision, dispatch, answer, receipt, delay, problem.

Field names and order are those of `schemas/message/*.avsc`, which is what travels.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Finding:
    """A coded reason: `where` names a field, sheet row or person reference, never a value."""

    code: str
    zh: str
    en: str
    where: str


@dataclass(frozen=True, slots=True)
class Decision:
    """受理/拒绝: the hub's decision on an application (R027).

    With persons in `reissue` it is neither: the application goes back for its parts to be issued
    anew without them, and comes again (R067). `decided_by` is `policy` for an automatic review,
    else the operator's name. `start_by` is the end of the second working day after receipt (R028).
    """

    application: bytes
    accepted: bool
    findings: tuple[Finding, ...]
    decided_by: str
    decided: datetime
    start_by: datetime
    reissue: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Assent:
    """上级同意: a province's decision on an application of a city or county below it (R006).

    `application` is the message digest of the application of `requester`. `decided_by` is `policy`
    where the province's configuration assents to clean applications, else the operator's name.
    `findings` are the coded reasons of a refusal.
    """

    application: bytes
    requester: str
    assented: bool
    findings: tuple[Finding, ...]
    decided_by: str
    decided: datetime


@dataclass(frozen=True, slots=True)
class DispatchRow:
    """One thing owed: `child` owes an answer (leaf) or another Dispatch (a node) for a resource.

    `order` is the chain digest of the endorsed roster part that was sent to the child. `due` was
    counted as `days` working days after the day of `received`; both None where an order from above
    set it. `provisional` says that it rests on an estimate of the year's holidays.
    """

    part: int
    resource: str
    child: str
    leaf: bool
    due: datetime
    order: bytes
    received: datetime | None = None
    days: int | None = None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Unserved:
    """A resource of the order that nobody below could be asked for, with a coded reason."""

    part: int
    resource: str
    code: str


@dataclass(frozen=True, slots=True)
class Dispatch:
    """分发清单: what one order was turned into. Complete = no open row."""

    rows: tuple[DispatchRow, ...]
    unserved: tuple[Unserved, ...]


class OutcomeKind(StrEnum):
    """What became of one person under one request line."""

    FOUND = "FOUND"
    NOT_FOUND = "NOT_FOUND"
    NOT_ANSWERABLE = "NOT_ANSWERABLE"


@dataclass(frozen=True, slots=True)
class PersonOutcome:
    """One person under one line: records (Avro, of the resource's schema) when FOUND."""

    line: int
    reference: int
    outcome: OutcomeKind
    code: str | None
    records: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """反馈: an agency's answer on one resource for one roster part, or a fragment of it.

    `as_of` is the data-as-of time and `record_count` the number of records here (R072).
    """

    record_schema: bytes
    as_of: datetime
    record_count: int
    outcomes: tuple[PersonOutcome, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that could not be accepted after opening, with a code."""

    answer: bytes
    code: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Something asked that has no answer and will have none, with a code; `holder` may be empty."""

    part: int
    resource: str
    holder: str
    code: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """签收: the requester's receipt to the hub and to each provider; totals count outcomes.

    `gaps` stand in the hub's receipt only.
    """

    opened: tuple[bytes, ...]
    faults: tuple[Fault, ...]
    found: int
    not_found: int
    not_answerable: int
    received: datetime
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class DelayedRow:
    """A row that a Delay is about: what `holder` owes on `resource` for `part` under `order`."""

    part: int
    resource: str
    holder: str
    order: bytes


@dataclass(frozen=True, slots=True)
class Delay:
    """延期: a notice that rows are late, or the requester's answer to one (R030).

    `cause` is a code of `schemas/codes/delay-causes.toml`, `noticed` when the notice was given,
    `until` the new date it proposes, None where it has none. `agreed` is None in a notice; the
    requester's answer repeats the notice and says yes or no. Without rows it is about the query.
    """

    rows: tuple[DelayedRow, ...]
    cause: str
    noticed: datetime
    until: datetime | None
    agreed: bool | None


@dataclass(frozen=True, slots=True)
class Renewal:
    """换证: a participant asks for certificates of its next key generation.

    `request` is what `signer.admission.renewal` makes: requests that prove possession of the keys.
    """

    generation: int
    request: bytes


@dataclass(frozen=True, slots=True)
class Problem:
    """A signed, coded error about a message. Never answers another Problem."""

    about: bytes | None
    code: str
    zh: str
    en: str
