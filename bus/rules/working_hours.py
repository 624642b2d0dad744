"""How much working time lies between two instants: "late by so many working hours".

★ The rules count terms in days and say nothing about hours. An office day is taken as 09:00 to
17:00 in Asia/Shanghai, eight hours without a break, on the days that `working_days` counts as
worked. It serves to show how late somebody is, never to decide whether.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from bus.rules.working_days import SHANGHAI, Calendar, local_date

OPENS = time(9)
CLOSES = time(17)
HOURS_A_DAY = 8

_ONE_DAY = timedelta(days=1)


def working_time(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Return the working time between two aware instants; zero where `end` is not after `start`.

    Raises:
        CalendarError: `CALENDAR_YEAR` when a year between them is known to no source.
        DefectError: `INSTANT_NAIVE` when an instant has no time zone.
    """
    total = timedelta()
    day, last = local_date(start), local_date(end)
    while day <= last:
        if calendar.day(day).working:
            opens = datetime.combine(day, OPENS, SHANGHAI)
            closes = datetime.combine(day, CLOSES, SHANGHAI)
            total += max(min(closes, end) - max(opens, start), timedelta())
        day += _ONE_DAY
    return total


def working_hours(calendar: Calendar, start: datetime, end: datetime) -> float:
    """Return `working_time` in hours.

    Raises:
        CalendarError, DefectError: As `working_time`.
    """
    return working_time(calendar, start, end) / timedelta(hours=1)


def in_working_hours(calendar: Calendar, instant: datetime) -> bool:
    """Whether an aware instant lies between nine and five of a working day.

    Raises:
        CalendarError: `CALENDAR_YEAR` when its year is known to no source.
        DefectError: `INSTANT_NAIVE` when it has no time zone.
    """
    day = local_date(instant)
    opens = datetime.combine(day, OPENS, SHANGHAI)
    closes = datetime.combine(day, CLOSES, SHANGHAI)
    return opens <= instant < closes and calendar.day(day).working
