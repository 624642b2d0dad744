"""The messages that end a query before its time: withdrawal (撤销, R031), and orders run out.

Field names and order are those of `schemas/message/*.avsc`, which is what travels.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

RAN_OUT = "EXPIRED"
"""The reason where nobody withdrew: orders, or the application, have run out."""


class Ending(StrEnum):
    """What a query that is ended before its time ends as."""

    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class Progress(StrEnum):
    """How far one row had come when it was told to stop.

    NOT_STARTED: nobody was looked up. STOPPED: it had begun and has no answer; at a centre, the
    order had been passed on. ANSWERED: the answer was on its way already.
    """

    NOT_STARTED = "NOT_STARTED"
    STOPPED = "STOPPED"
    ANSWERED = "ANSWERED"


@dataclass(frozen=True, slots=True)
class CancelledOrder:
    """An order that was given to the recipient: its part, and the chain digest that names it."""

    part: int
    order: bytes


@dataclass(frozen=True, slots=True)
class Cancellation:
    """撤销: a query ends; from the requester to the hub, and from each centre to its children.

    `application` is the application's message digest; `reason` a code of
    `schemas/codes/cancellation-reasons.toml`, or EXPIRED where orders ran out; `at` when it was
    withdrawn or ran out. `orders` are those given to the recipient, none in the requester's own.
    """

    application: bytes
    ending: Ending
    reason: str
    at: datetime
    orders: tuple[CancelledOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelledRow:
    """One row as the participant that replies had it: `answers` are message digests."""

    part: int
    resource: str
    holder: str
    order: bytes
    progress: Progress
    answers: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class CancellationReply:
    """撤销回执: what a participant had already done when it was told to stop.

    `started`: whether any order had been given, or taken. `at` is when it stopped.
    """

    ending: Ending
    reason: str
    started: bool
    rows: tuple[CancelledRow, ...]
    at: datetime
