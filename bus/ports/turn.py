"""One transaction at a time: the turn a task takes before it may touch a store.

SQLite has one writer. Taking turns inside the process keeps that from ever surfacing as an error;
the twin takes them too, so that both interleave alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from bus.ports.store_errors import transaction_nested, unit_ended


@dataclass
class Hold:
    """A turn somebody has. `open` falls when the transaction ends, before it commits."""

    turn: Turn
    open: bool = True

    def check(self) -> None:
        """Refuse the use of a unit whose transaction has ended.

        Raises:
            DefectError: `STORE_UNIT_ENDED`.
        """
        if not self.open:
            raise unit_ended()


# A task started inside a transaction inherits its holds: if the transaction awaited that task, and
# the task the transaction, both would wait for ever. So an inherited open hold counts as nesting.
_holds: ContextVar[tuple[Hold, ...]] = ContextVar("bus_store_holds", default=())


class Turn:
    """A fair lock that refuses the task that already holds it."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def take(self) -> AsyncIterator[Hold]:
        """Wait for the turn and hold it.

        Raises:
            DefectError: `STORE_NESTED`: this task, or the one it was started by, holds it still.
        """
        mine = tuple(hold for hold in _holds.get() if hold.open)
        if any(hold.turn is self for hold in mine):
            raise transaction_nested()
        async with self._lock:
            hold = Hold(self)
            _holds.set((*mine, hold))
            try:
                yield hold
            finally:
                hold.open = False
