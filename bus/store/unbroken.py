"""Awaiting to the end: a cancelled task still finishes the statement it is in.

The driver runs statements in a thread that a cancellation cannot stop. Were the await broken off,
the statement would go on behind our back, a commit with an unknown end. So the cancellation waits
for the statement (milliseconds, at worst the busy timeout) and is raised right after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end and return its result.

    Raises:
        asyncio.CancelledError: The caller was cancelled meanwhile; `work` has ended, well or not.
        Exception: Whatever `work` raises, when the caller was not cancelled.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()
        raise cancelled
    return task.result()
