"""Which period does a department owe, by when, and is it late? Pure.

R120-R123 as data, in calendar days of Asia/Shanghai:

| schedule | period | due | whose |
|---|---|---|---|
| monthly | the month before | the 10th of each month | 人社 (R120) |
| quarterly | the quarter before | 10 April, July, October, January | 公安, 交通 (R121) |
| half-yearly | the half-year before | 10 July, 10 January | 财政, 国土房管, 工商, 税务 (R122) |
| yearly | the year before | 10 January | 公积金 (R123) |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from adapters.values import CHINA

_ONE_DAY = timedelta(days=1)
_YEAR = 12
_LABEL = re.compile(r"([0-9]{4})(?:-(?:Q([1-4])|H([12])|([01][0-9])))?")


class Schedule(StrEnum):
    """How often a resource is uploaded."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half-yearly"
    YEARLY = "yearly"

    @property
    def months(self) -> int:
        """How many months a period has."""
        return _MONTHS[self]


_MONTHS = {
    Schedule.MONTHLY: 1,
    Schedule.QUARTERLY: 3,
    Schedule.HALF_YEARLY: 6,
    Schedule.YEARLY: 12,
}


@dataclass(frozen=True, order=True, slots=True)
class Period:
    """One reporting period: its first month, counted from January of year 0, and its length."""

    month: int
    months: int

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.month // _YEAR, self.month % _YEAR + 1, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.next.first - _ONE_DAY

    @property
    def next(self) -> Period:
        """The period after it."""
        return Period(self.month + self.months, self.months)

    @property
    def previous(self) -> Period:
        """The period before it."""
        return Period(self.month - self.months, self.months)

    @property
    def label(self) -> str:
        """Its name: `2026-10`, `2026-Q3`, `2026-H1`, `2026`; names of one schedule sort by time."""
        year, month = divmod(self.month, _YEAR)
        match self.months:
            case 1:
                return f"{year:04}-{month + 1:02}"
            case 3:
                return f"{year:04}-Q{month // 3 + 1}"
            case 6:
                return f"{year:04}-H{month // 6 + 1}"
            case _:
                return f"{year:04}"

    def due(self, due_day: int) -> date:
        """Return the day by which it is to be uploaded, in the month after it."""
        return self.next.first.replace(day=due_day)


@dataclass(frozen=True, slots=True)
class Owed:
    """The earliest period that is not uploaded.

    Attributes:
        period: Which.
        due: The last day on which its upload is in time.
        late_days: By how many calendar days it is late; 0 while it is not.
    """

    period: Period
    due: date
    late_days: int


def day_in_china(instant: datetime) -> date:
    """Return the calendar day of an instant in Asia/Shanghai."""
    return instant.astimezone(CHINA).date()


def period_of(schedule: Schedule, day: date) -> Period:
    """Return the period that a day is in."""
    month = day.year * _YEAR + day.month - 1
    return Period(month - month % schedule.months, schedule.months)


def period_covered(schedule: Schedule, as_of: date) -> Period:
    """Return the newest period that data of a day is whole for: the one that has ended by then."""
    period = period_of(schedule, as_of)
    return period if period.last == as_of else period.previous


def read_period(schedule: Schedule, label: str) -> Period | None:
    """Return the period of that name, None where the schedule has none of it."""
    found = _LABEL.fullmatch(label)
    if found is None or found[1] == "0000":
        return None
    quarter, half, month = found.group(2, 3, 4)
    first = 1
    if quarter:
        first = int(quarter) * 3 - 2
    elif half:
        first = int(half) * 6 - 5
    elif month:
        first = int(month)
    if not 1 <= first <= _YEAR:
        return None
    period = period_of(schedule, date(int(found[1]), first, 1))
    return period if period.label == label else None


def first_owed(schedule: Schedule, due_day: int, since: date) -> Period:
    """Return the first period that is owed after the set-up: the first still in time on that day.

    Args:
        schedule: How often.
        due_day: Day of the month by which.
        since: Day of the set-up, in Asia/Shanghai.
    """
    period = period_of(schedule, since).previous
    return period if since <= period.due(due_day) else period.next


def owed(schedule: Schedule, due_day: int, since: date, held: Period | None, today: date) -> Owed:
    """Return what is owed next, and how late it is (R120-R123).

    Args:
        schedule: How often.
        due_day: Day of the month by which.
        since: Day of the set-up, in Asia/Shanghai.
        held: The newest period uploaded; None where there is none. An upload is whole, so it
            serves for the periods before it too.
        today: The present day, in Asia/Shanghai.
    """
    period = first_owed(schedule, due_day, since)
    if held is not None and held.next > period:
        period = held.next
    due = period.due(due_day)
    return Owed(period, due, max(0, (today - due).days))


def late_periods(owing: Owed, due_day: int) -> Iterator[Period]:
    """Yield the periods that are late, the oldest first: the one owed, and those after it."""
    today = owing.due + timedelta(days=owing.late_days)
    period = owing.period
    while owing.late_days and period.due(due_day) < today:
        yield period
        period = period.next
