"""By when something is due, how that was counted, and what became of it (R024, R028-R030)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bus.model.case import CaseRole


class DeadlineKind(StrEnum):
    """What a deadline is about.

    START: the query has started (R028). FEEDBACK: a row is answered (R029). EVIDENCE: what was
    called up is here (R024). ASSENT: the province has assented (R006). EXPIRY: orders run out.
    """

    START = "START"
    FEEDBACK = "FEEDBACK"
    EVIDENCE = "EVIDENCE"
    ASSENT = "ASSENT"
    EXPIRY = "EXPIRY"


KIND_ZH = {
    DeadlineKind.START: "启动",
    DeadlineKind.FEEDBACK: "反馈",
    DeadlineKind.EVIDENCE: "调阅",
    DeadlineKind.ASSENT: "省级同意",
    DeadlineKind.EXPIRY: "指令失效",
}
"""What operators read."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term of working days and where it ends.

    `received` is the instant of receipt, whose day is not counted; `days` the working days after
    it, None where the date was given and not counted here; `due` the first instant that is too
    late; `provisional` says that a counted day rests on an estimate of the year's holidays.
    """

    received: datetime
    days: int | None
    due: datetime
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Deadline:
    """One deadline of a case, as the store keeps it.

    `subject` tells deadlines of one kind apart (`part/resource/holder` of a row; empty where a case
    has one only); `owing` is the participant it waits for. `due` is no earlier than the term's end:
    later, where a later date was agreed. A warning is given from `warn_from` on; `warned` and
    `breached` say when it was, and when its passing was dealt with.
    """

    query: UUID
    role: CaseRole
    kind: DeadlineKind
    subject: str
    owing: str
    received: datetime
    days: int | None
    due: datetime
    provisional: bool
    warn_from: datetime
    warned: datetime | None = None
    breached: datetime | None = None

    @property
    def name(self) -> tuple[DeadlineKind, str]:
        """What names it within its case."""
        return self.kind, self.subject
