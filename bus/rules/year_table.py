"""What the State Council announced for a year: reads the operator's year table.

A table is a TOML text after the yearly notice on holidays (国务院办公厅关于部分节假日安排的通知):

    year = 2027
    source = "国办发明电〔2026〕…号"
    holidays = [2027-01-01, 2027-01-02, 2027-01-03]   # every day off the notice names
    workdays = [2027-02-20]                           # every weekend day worked (调休上班)
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bus.errors import ConfigError

_KEYS = frozenset({"year", "source", "holidays", "workdays"})
_FIRST_YEAR = 2018
_LAST_YEAR = 2100
_DECEMBER = 12
_SATURDAY = 5


class YearTableError(ConfigError):
    """A year table cannot be used as it is; the calendar in use stays."""


@dataclass(frozen=True, slots=True)
class YearTable:
    """Days off and make-up working days that the notice for one year names.

    A notice may reach back into the December before (2018-12-29 was worked for 2019's New Year),
    so days of that December are allowed and settle those days alone.
    """

    year: int
    source: str
    holidays: frozenset[date]
    workdays: frozenset[date]

    def names(self, day: date) -> bool:
        """Whether the notice says anything about this very day."""
        return day in self.holidays or day in self.workdays


def read_year_table(text: str, where: str = "") -> YearTable:
    """Return the year table that a TOML text holds.

    Args:
        text: The table as above.
        where: The file it came from, for the error.

    Raises:
        YearTableError: `YEAR_TABLE_FORMAT` when it is not such a TOML text, `YEAR_TABLE_YEAR` for
            a year out of range, `YEAR_TABLE_DATE` for a day outside the year, repeated, or both
            off and worked, `YEAR_TABLE_WORKDAY` for a make-up day that is no weekend day,
            `YEAR_TABLE_EMPTY` when it names no holiday.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _fault(
            "YEAR_TABLE_FORMAT", "年度表不是有效的 TOML", "the year table is not TOML", where
        ) from error
    if set(data) != _KEYS or not isinstance(data["source"], str) or not data["source"].strip():
        raise _fault(
            "YEAR_TABLE_FORMAT",
            "年度表须恰有 year、source、holidays、workdays 四项，source 写通知文号",
            "a year table has exactly year, source, holidays and workdays; source names the notice",
            where,
        )
    year = _year(data["year"], where)
    holidays = _days(data["holidays"], year, f"{where} holidays".strip())
    workdays = _days(data["workdays"], year, f"{where} workdays".strip())
    _check_days(holidays, workdays, where)
    return YearTable(year, data["source"].strip(), holidays, workdays)


def _year(value: Any, where: str) -> int:
    # A TOML boolean is a Python int; it is no year.
    if type(value) is not int or not _FIRST_YEAR <= value <= _LAST_YEAR:
        raise _fault(
            "YEAR_TABLE_YEAR",
            f"year 须为 {_FIRST_YEAR} 至 {_LAST_YEAR} 的整数",
            f"year must be an integer from {_FIRST_YEAR} to {_LAST_YEAR}",
            where,
        )
    return value


def _days(value: Any, year: int, where: str) -> frozenset[date]:
    if not isinstance(value, list) or not all(_is_date(day) for day in value):
        raise _fault(
            "YEAR_TABLE_FORMAT",
            "须为日期列表，日期不加引号，如 [2027-01-01]",
            "must be a list of bare dates, e.g. [2027-01-01]",
            where,
        )
    days: list[date] = value
    for day in days:
        in_year = day.year == year or (day.year == year - 1 and day.month == _DECEMBER)
        if not in_year or days.count(day) > 1:
            raise _fault(
                "YEAR_TABLE_DATE",
                "日期重复，或不在本年及上年十二月内",
                "a date is repeated, or neither in the year nor in the December before it",
                f"{where} {day.isoformat()}".strip(),
            )
    return frozenset(days)


def _is_date(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _check_days(holidays: frozenset[date], workdays: frozenset[date], where: str) -> None:
    if not holidays:
        raise _fault(
            "YEAR_TABLE_EMPTY", "年度表没有节假日", "the year table names no holiday", where
        )
    for day in sorted(workdays):
        if day in holidays:
            raise _fault(
                "YEAR_TABLE_DATE",
                "同一天既放假又上班",
                "a day is both off and worked",
                f"{where} {day.isoformat()}".strip(),
            )
        if day.weekday() < _SATURDAY:
            raise _fault(
                "YEAR_TABLE_WORKDAY",
                "调休上班日须为星期六或星期日",
                "a make-up working day must be a Saturday or Sunday",
                f"{where} {day.isoformat()}".strip(),
            )


def _fault(code: str, zh: str, en: str, where: str) -> YearTableError:
    return YearTableError(
        code,
        zh,
        en,
        remedy_zh="按国务院办公厅当年节假日安排通知更正后重新导入",
        remedy_en="Correct it after the State Council's notice for the year and import it again",
        where=where,
    )
