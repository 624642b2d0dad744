"""The year as it passes: what people do has instants of its own, timers run twice a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from simulate_diary import BEGINS, Diary
from simulate_plan import Plan
from simulate_queries import Queries
from simulate_trouble import Trouble

TICK = timedelta(hours=12)
"""The clock stops this often for everybody's timers."""


async def pass_year(diary: Diary, plans: list[Plan], told: Callable[[datetime, int], None]) -> None:
    """Let a year pass, or less of it.

    Args:
        diary: Its diary, still empty.
        plans: The queries as they are meant to go.
        told: Called whenever something was done, with the instant and how many were submitted.
    """
    country, queries, trouble = diary.country, Queries(diary), Trouble(diary)
    for plan in plans:
        diary.at(plan.at, partial(queries.submit, plan))
    trouble.throw()
    tick = BEGINS
    while tick < diary.ends:
        tick += TICK
        trouble.attend()
        while (found := diary.next_before(tick)) is not None:
            at, act = found
            country.clock.instant = max(at, country.clock.now())
            await act()
            told(at, diary.submitted)
        country.clock.instant = tick
        await queries.look_through()
        await trouble.foresee()
        await country.pass_time()
        told(tick, diary.submitted)
    trouble.attend(everybody=True)
    await country.pass_time()
