"""When a term of working days ends (R024, R028, R029).

★ The day of receipt is not counted; days are days in Asia/Shanghai; statutory holidays and make-up
working days (调休) count as the State Council's notice says. The term ends with its last working
day, that is at the next local midnight.

Where the days come from, the first that knows: the operator's year table, the notices that
`chinesecalendar` ships, and for a year without a notice the estimate of `holidays`, which knows
the festivals but no make-up days. A deadline that leans on an estimate is `provisional`: it is
computed again when the year's table arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import chinese_calendar
import holidays

from bus.errors import DefectError, InputError
from bus.rules.year_table import YearTable, YearTableError

# A fixed offset, not zoneinfo: China has kept +08:00 without summer time since 1992, and a machine
# without a time zone database must count the same days as any other.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")

_SATURDAY = 5
_DECEMBER = 12
_ONE_DAY = timedelta(days=1)
_MAX_TERM = 366


class CalendarError(InputError):
    """A term cannot be counted as asked."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of a term.

    `end` is the first instant (UTC) that is too late: local midnight after `last_day`.
    `provisional` says that a counted day rests on an estimate.
    """

    end: datetime
    last_day: date
    provisional: bool


class DayKind(NamedTuple):
    """Whether a day is worked, and whether that is only estimated."""

    working: bool
    provisional: bool


def local_date(instant: datetime) -> date:
    """Return the date in Asia/Shanghai at an instant.

    Raises:
        DefectError: `INSTANT_NAIVE` when the instant has no time zone.
    """
    if instant.tzinfo is None:
        raise DefectError("INSTANT_NAIVE", "时刻没有时区", "the instant has no time zone")
    return instant.astimezone(SHANGHAI).date()


def end_of_day(day: date) -> datetime:
    """Return the first instant (UTC) after a day in Asia/Shanghai."""
    return datetime.combine(day + _ONE_DAY, time.min, SHANGHAI).astimezone(UTC)


class Calendar:
    """Knows which days are worked.

    Args:
        tables: The operator's year tables, at most one a year.

    Raises:
        YearTableError: `YEAR_TABLE_TWICE` when two tables are for the same year.
    """

    def __init__(self, tables: Iterable[YearTable] = ()) -> None:
        by_year: dict[int, YearTable] = {}
        for table in tables:
            if table.year in by_year:
                raise YearTableError(
                    "YEAR_TABLE_TWICE",
                    "同一年度有两张年度表",
                    "there are two year tables for one year",
                    remedy_zh="只留最新的一张",
                    remedy_en="Keep the newest only",
                    where=str(table.year),
                )
            by_year[table.year] = table
        self._tables = MappingProxyType(by_year)

    @property
    def tables(self) -> Mapping[int, YearTable]:
        """The operator's year tables, by year."""
        return self._tables

    def day(self, day: date) -> DayKind:
        """Return whether a day in Asia/Shanghai is worked.

        Raises:
            CalendarError: `CALENDAR_YEAR` when no source knows anything about the year.
        """
        following = self._tables.get(day.year + 1)
        if day.month == _DECEMBER and following is not None and following.names(day):
            return DayKind(day in following.workdays, provisional=False)
        table = self._tables.get(day.year)
        if table is not None:
            working = day in table.workdays or (
                day.weekday() < _SATURDAY and day not in table.holidays
            )
            return DayKind(working, provisional=False)
        try:
            return DayKind(chinese_calendar.is_workday(day), provisional=False)
        except NotImplementedError:
            return DayKind(_estimate(day.year).is_working_day(day), provisional=True)

    def add_working_days(self, start: datetime, days: int) -> Deadline:
        """Return the end of a term of working days.

        Args:
            start: The instant of receipt, aware; its day in Asia/Shanghai is not counted.
            days: Working days, 1 to 366.

        Raises:
            CalendarError: `TERM_RANGE` for another number of days, `CALENDAR_YEAR` when the term
                reaches a year that no source knows.
            DefectError: `INSTANT_NAIVE` when the instant has no time zone.
        """
        if not 1 <= days <= _MAX_TERM:
            raise CalendarError(
                "TERM_RANGE",
                f"期限须为 1 至 {_MAX_TERM} 个工作日",
                f"a term is 1 to {_MAX_TERM} working days",
            )
        at = local_date(start)
        provisional = False
        left = days
        while left:
            at += _ONE_DAY
            kind = self.day(at)
            # A day off that is only estimated moves the end as much as a day worked.
            provisional = provisional or kind.provisional
            left -= kind.working
        return Deadline(end_of_day(at), at, provisional)


@cache
def _estimate(year: int) -> holidays.HolidayBase:
    known = holidays.country_holidays("CN", years=year, expand=False)
    if not known:
        raise CalendarError(
            "CALENDAR_YEAR",
            "没有该年度的节假日资料",
            "nothing is known about the holidays of the year",
            remedy_zh="导入该年度的年度表",
            remedy_en="Import the year's table",
            where=str(year),
        )
    return known
