"""Whether a province owes a report of its resources (R038: 及时, promptly).

★ The regulation gives no number of days; the hub sets one, and a province that has agencies and has
been silent for longer, or never reported, is overdue. It is told, never cut off.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from signer.directory.view import Directory, Participant, Standing
from signer.identity import HUB, Role

REPORT_EVERY = timedelta(days=100)
"""★ How long a province may be silent, unless the hub is told otherwise."""


def reporting(directory: Directory) -> tuple[Participant, ...]:
    """Return the provinces that have something to report: connected, with agencies, by id."""
    with_agencies = {
        path[-2]
        for id_, participant in directory.participants.items()
        if participant.role is Role.ADAPTER
        and participant.standing is not Standing.WITHDRAWN
        and len(path := directory.path_up(id_)) > 2  # noqa: PLR2004 - below a province
    }
    return tuple(
        child
        for child in directory.children(HUB)
        if child.role is Role.NODE
        and child.standing is Standing.CONNECTED
        and child.id in with_agencies
    )


def is_overdue(last: datetime | None, every: timedelta, now: datetime) -> bool:
    """Whether a report is overdue.

    Args:
        last: When the newest one was filed, None when there is none.
        every: How long a province may be silent; zero: it is never told.
        now: The present instant.
    """
    return bool(every) and (last is None or now - last > every)
