"""Whose a lease is: the rule that every store applies, inside a transaction that is alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Ruling(Enum):
    """What becomes of a lease that is asked for."""

    OTHERS = "another has it"
    MINE = "the asker has it, and for long enough"
    TAKE = "the asker takes or renews it"


@dataclass(frozen=True, slots=True)
class Lease:
    """Who has something, and until when."""

    holder: str
    until: datetime


def rule(lease: Lease | None, holder: str, now: datetime, until: datetime) -> Ruling:
    """Return what becomes of a lease that `holder` asks for.

    A holder's own is renewed once half of its span is over, so that asking often does not write
    often. Another's that runs further than twice the span asked for was taken by a clock that has
    been set back since, and is over.

    Args:
        lease: As it is kept; None where nobody has it.
        holder: Who asks.
        now: The present instant.
        until: When it is to end.
    """
    span = until - now
    if lease is None:
        return Ruling.TAKE
    if lease.holder == holder:
        return Ruling.MINE if until - span / 2 < lease.until <= until else Ruling.TAKE
    return Ruling.OTHERS if now < lease.until <= until + span else Ruling.TAKE
