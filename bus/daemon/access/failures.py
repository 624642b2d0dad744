"""How many wrong tokens came from where, and who must wait.

★ A secret of 256 bits is not guessed: the limit keeps noise out of the store, the log and the audit
chain. It must not become a means to shut others out, so it never concerns an operator or a token:
only an address, for a minute, and there nobody whose token has served from it already. The Unix
socket is never limited.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LIMIT = 10
"""Wrong tokens from one address within `WITHIN` before it must wait."""

WITHIN = timedelta(minutes=1)

MOST = 4096
"""Addresses, and tokens that have served, that are remembered."""


@dataclass(frozen=True, slots=True)
class _Failed:
    since: datetime
    count: int


@dataclass
class Failures:
    """The wrong tokens of the last minute by address; of one process, forgotten with it."""

    _failed: OrderedDict[str, _Failed] = field(default_factory=OrderedDict)
    _served: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict)

    def must_wait(self, address: str, token: str, now: datetime) -> bool:
        """Whether a token from an address is not even looked at now."""
        if (address, token) in self._served:
            return False
        found = self._current(address, now)
        return found is not None and found.count >= LIMIT

    def failed(self, address: str, now: datetime) -> bool:
        """Note a wrong token; returns whether the address has just reached the limit."""
        found = self._current(address, now)
        made = _Failed(now, 1) if found is None else _Failed(found.since, found.count + 1)
        self._failed[address] = made
        self._failed.move_to_end(address)
        while len(self._failed) > MOST:
            self._failed.popitem(last=False)
        return made.count == LIMIT

    def served(self, address: str, token: str) -> None:
        """Note a token that was right."""
        self._served[address, token] = None
        self._served.move_to_end((address, token))
        while len(self._served) > MOST:
            self._served.popitem(last=False)

    def _current(self, address: str, now: datetime) -> _Failed | None:
        found = self._failed.get(address)
        # Of the future: the clock was set back, and nobody waits for it to come round.
        return found if found is not None and found.since <= now < found.since + WITHIN else None
