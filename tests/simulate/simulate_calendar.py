"""Working days of 2026, and where terms end, counted without the product's own calendar.

Two sources must agree: the State Council's notice for 2026, entered here by hand, and the package
`holidays`. The product counts by neither: for a year with a notice it asks `chinesecalendar`, day
by day. Here the year's working days stand in one list, and a term's end is looked up in it.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta

import holidays

YEAR = 2026

_OFF = (
    ("01-01", "01-03"),  # 元旦
    ("02-15", "02-23"),  # 春节
    ("04-04", "04-06"),  # 清明节
    ("05-01", "05-05"),  # 劳动节
    ("06-19", "06-21"),  # 端午节
    ("09-25", "09-27"),  # 中秋节
    ("10-01", "10-07"),  # 国庆节
)
_WORKED = ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10")
"""Weekend days that are worked (调休上班)."""

_CHINA = timedelta(hours=8)
_FRIDAY = 4
_DAY = timedelta(days=1)


def by_notice(day: date) -> bool:
    """Whether a day of 2026 is worked, by the notice."""
    name = f"{day:%m-%d}"
    if name in _WORKED:
        return True
    return day.weekday() <= _FRIDAY and not any(first <= name <= last for first, last in _OFF)


def by_package(day: date) -> bool:
    """Whether a day of 2026 is worked, by the package `holidays`."""
    return holidays.country_holidays("CN", years=YEAR, expand=False).is_working_day(day)


def days_of_year() -> list[date]:
    """Every day of 2026."""
    first = date(YEAR, 1, 1)
    return [first + n * _DAY for n in range((date(YEAR + 1, 1, 1) - first).days)]


WORKED = tuple(day.toordinal() for day in days_of_year() if by_notice(day))


def due(received: datetime, term: int) -> datetime:
    """The first instant (UTC) that is too late for a term of working days.

    The day of receipt in China is not counted; the term ends with the last working day.
    """
    day = (received.astimezone(UTC) + _CHINA).date()
    last = date.fromordinal(WORKED[bisect_right(WORKED, day.toordinal()) + term - 1])
    return midnight_after(last)


def midnight_after(day: date) -> datetime:
    """The instant (UTC) at which a day in China is over."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + _DAY - _CHINA


def worked(day: date) -> bool:
    """Whether a day of 2026 is worked."""
    return day.toordinal() in WORKED
