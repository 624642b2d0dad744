"""Waits for the driver's threads to end.

aiosqlite runs each connection on a thread of its own. When a connection fails while it is opened,
or is thrown away, the driver tells that thread to stop and does not wait; the thread's last word
then finds the event loop closed and ends as a traceback on the operator's screen.
"""

from __future__ import annotations

import asyncio
import threading

_NAME = "(_connection_worker_thread)"
_PATIENCE_SECONDS = 5.0


def driver_threads() -> frozenset[threading.Thread]:
    """Return the driver's threads that are alive now."""
    return frozenset(t for t in threading.enumerate() if t.name.endswith(_NAME))


async def ended(earlier: frozenset[threading.Thread]) -> None:
    """Wait until the driver's threads that came after `earlier` have ended, at most 5 s each."""
    for thread in driver_threads() - earlier:
        await asyncio.to_thread(thread.join, _PATIENCE_SECONDS)
