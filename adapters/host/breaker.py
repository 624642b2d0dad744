"""断路器: when a source is asked, left alone, or tried once; every movement in one table. Pure.

| state | asked |
|---|---|
| CLOSED | as many lookups at once as are configured |
| OPEN | not at all, until a pause is over |
| HALF_OPEN | one at a time: the trial that decides |

The pause doubles from failed trial to failed trial, so that a source in trouble is not pressed, and
is shortened by a random part, so that many adapters on one source do not come back in step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_PAUSE = timedelta(seconds=5)
"""Until a source that has failed is tried, at most."""

LONGEST_PAUSE = timedelta(minutes=5)
"""Between two trials of a source that goes on failing, at most."""

_SPREAD = 0.25
"""How much of a pause chance may take away."""


class BreakerState(StrEnum):
    """Whether a source is asked."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Happening(StrEnum):
    """What moves a breaker."""

    FAILED = "failed"
    ANSWERED = "answered"
    PAUSE_OVER = "pause over"


_S, _H = BreakerState, Happening

MOVEMENTS: dict[tuple[BreakerState, Happening], BreakerState] = {
    (_S.CLOSED, _H.FAILED): _S.OPEN,
    (_S.CLOSED, _H.ANSWERED): _S.CLOSED,
    (_S.OPEN, _H.PAUSE_OVER): _S.HALF_OPEN,
    # What was under way when the source failed says nothing new of it, either way.
    (_S.OPEN, _H.FAILED): _S.OPEN,
    (_S.OPEN, _H.ANSWERED): _S.OPEN,
    (_S.HALF_OPEN, _H.FAILED): _S.OPEN,
    (_S.HALF_OPEN, _H.ANSWERED): _S.CLOSED,
}
"""Every movement there is. A pause that is over says nothing of a breaker that is not open."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is known of a source's health.

    Attributes:
        since: When this outage was first met; None while there is none. A restart begins anew.
        failures: Failed trials of this outage, the first failure included.
        failed: When the last of them was.
        again: When the source is tried next.
        code: Why the source failed last; `where` the place its error names.
    """

    state: BreakerState = BreakerState.CLOSED
    since: datetime | None = None
    failures: int = 0
    failed: datetime | None = None
    again: datetime | None = None
    code: str = ""
    where: str = ""

    @property
    def closed(self) -> bool:
        """Whether the source is up as far as is known."""
        return self.state is BreakerState.CLOSED

    def after_failure(self, code: str, where: str, now: datetime, chance: bytes) -> Breaker:
        """Return the breaker after the source has failed.

        Args:
            code: Why.
            where: The place the error names.
            now: The present instant.
            chance: One random byte, which shortens the pause by up to a quarter.
        """
        state = MOVEMENTS[self.state, Happening.FAILED]
        if self.state is BreakerState.OPEN:
            return self
        failures = self.failures + 1
        pause = pause_after(failures) * (1 - _SPREAD * chance[0] / 256)
        since = self.since
        if since is None or now < since:  # the first time, or a clock set back
            since = now
        return Breaker(state, since, failures, now, now + pause, code, where)

    def after_answer(self) -> Breaker:
        """Return the breaker after the source has answered."""
        state = MOVEMENTS[self.state, Happening.ANSWERED]
        return Breaker() if state is BreakerState.CLOSED else self

    def at(self, now: datetime) -> Breaker:
        """Return the breaker as it stands at an instant: a pause may be over."""
        if self.state is not BreakerState.OPEN or self.again is None or self.failed is None:
            return self
        # A clock that was set back must not stretch the pause.
        if self.failed <= now < self.again:
            return self
        return replace(self, state=MOVEMENTS[self.state, Happening.PAUSE_OVER])


def pause_after(failures: int) -> timedelta:
    """Return the longest pause after so many failures in a row, 1 or more."""
    doublings = min(failures - 1, 16)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
