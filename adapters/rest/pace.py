"""How fast a service is asked, and how often again: neither may make a sick service sicker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

_SPAN = 100
"""The budget remembers so many requests: it cannot save up a storm over a quiet night."""

_INSTANT = 1e-6
"""Seconds that are not worth waiting for: what sums of fractions leave over."""


@dataclass
class Pace:
    """A token bucket: so many requests a second, `burst` at once after a pause.

    Attributes:
        per_second: Requests a second.
        burst: How many tokens the bucket holds.
        clock: Seconds, monotonic.
        sleep: Waits so many seconds.
    """

    per_second: float
    burst: int = 1
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _full_at: float = field(default=0.0, init=False)

    async def turn(self) -> None:
        """Wait until the next request may go."""
        now = self.clock()
        # The bucket is full at that instant; each request takes a token, that is, moves it on.
        self._full_at = max(self._full_at, now) + 1 / self.per_second
        wait = self._full_at - now - self.burst / self.per_second
        if wait > _INSTANT:
            await self.sleep(wait)


class RetryBudget:
    """Retries as a share of requests: each request brings a share, each retry takes one.

    Args:
        share: How many retries there may be for each request, from 0 to 1.
        reserve: Retries that are there at the start, and after any calm.
    """

    def __init__(self, share: float, reserve: int) -> None:
        self._share = share
        self._most = max(float(reserve), share * _SPAN) if share else 0.0
        self._left = float(reserve) if share else 0.0

    def request(self) -> None:
        """Count a request."""
        self._left = min(self._most, self._left + self._share)

    def retry(self) -> bool:
        """Take a retry; False where there is none left."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
