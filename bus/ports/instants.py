"""Instants as the store keeps them: whole milliseconds since 1970-01-01T00:00:00Z."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bus.errors import DefectError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def to_milliseconds(instant: datetime) -> int:
    """Return an instant as milliseconds since the epoch, cutting what is finer.

    Args:
        instant: An aware instant, in any zone.

    Raises:
        DefectError: `INSTANT_WITHOUT_ZONE`: it does not say which instant it is.
    """
    if instant.tzinfo is None:
        raise DefectError(
            "INSTANT_WITHOUT_ZONE",
            "时刻没有时区",
            "an instant has no time zone",
        )
    return (instant - EPOCH) // MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """Return the aware UTC instant of `milliseconds` since the epoch."""
    return EPOCH + milliseconds * MILLISECOND


def cut(instant: datetime) -> datetime:
    """Return an instant as it comes back from a store: in UTC, whole milliseconds.

    Raises:
        DefectError: `INSTANT_WITHOUT_ZONE`, as `to_milliseconds`.
    """
    return from_milliseconds(to_milliseconds(instant))
