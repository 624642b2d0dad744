"""What a query went through, hop by hop, as one participant can tell it from its own archive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Hop:
    """One signed statement: `sender` passed a message on to `to` at `forwarded`.

    `arrived` is when the next hop had it (its own statement), or we, or None where it is not ours
    to know. `note` is `origin` or `relay`.
    """

    forwarded: datetime
    arrived: datetime | None
    sender: str
    to: str
    kind: str
    source: str
    resource: str | None
    part: int | None
    role: str
    message: bytes
