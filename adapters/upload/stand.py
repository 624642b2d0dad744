"""How does a resource stand: which version is in use, and what is owed?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapters.upload.mapping import UploadResource
from adapters.upload.schedule import (
    Owed,
    Period,
    Schedule,
    day_in_china,
    owed,
    period_covered,
    read_period,
)
from bus.model.upload import UploadDuty, UploadState, UploadVersion
from bus.ports.store import Unit


@dataclass(frozen=True, slots=True)
class Stand:
    """One resource: the version in use, None where there is none, and what is owed next."""

    resource: str
    current: UploadVersion | None
    owed: Owed


async def stand_of(unit: Unit, entry: UploadResource, now: datetime) -> Stand:
    """Return how a resource stands; one that nobody has tended yet counts from now.

    Args:
        unit: An open transaction.
        entry: The resource's mapping.
        now: The present instant.
    """
    duty = await unit.upload_duty(entry.name) or UploadDuty(entry.name, now)
    current = next(iter(await unit.uploads(entry.name, UploadState.CURRENT)), None)
    held = None if current is None else held_period(entry.schedule, current)
    since, today = day_in_china(duty.since), day_in_china(now)
    return Stand(entry.name, current, owed(entry.schedule, entry.due_day, since, held, today))


def held_period(schedule: Schedule, version: UploadVersion) -> Period:
    """Return the period of a version; by its as-of date where the schedule was another then."""
    return read_period(schedule, version.period) or period_covered(schedule, version.as_of)
