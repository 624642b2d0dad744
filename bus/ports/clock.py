"""What time it is: the only way the shell learns it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC, whole milliseconds."""
        ...


class SystemClock:
    """The machine's clock, cut to the milliseconds that travel on the wire."""

    def now(self) -> datetime:
        """Return the present instant."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass
class MovedClock:
    """The in-memory twin: stands still until it is moved."""

    instant: datetime

    def now(self) -> datetime:
        """Return the instant it was moved to."""
        return self.instant

    def move(self, by: timedelta) -> None:
        """Move the clock forward."""
        self.instant += by
