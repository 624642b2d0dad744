"""What the time range of a request line says (R053, note 4 of the form).

`YYYY/MM/DD` is one day, `YYYY/MM/DD-YYYY/MM/DD` a period, empty the latest data. ★ Both are real
dates and the start is not after the end. In the model a range is two inclusive dates: equal for one
day, both None for the latest data.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from bus.errors import InputError
from bus.model.messages import Finding

TimeRange = tuple[date | None, date | None]

_DAY = r"([0-9]{4})/([0-9]{2})/([0-9]{2})"
_FORM = re.compile(f"{_DAY}(?:-{_DAY})?")


class TimeRangeError(InputError):
    """A time range is not of the form that note 4 prescribes."""


def parse_range(text: str) -> TimeRange:
    """Return the range a text names.

    Full-width characters and blanks, which Chinese input methods leave behind, are taken as
    meant; any other departure from the prescribed form is refused.

    Args:
        text: The cell as filled in.

    Raises:
        TimeRangeError: `TIME_RANGE_FORMAT` for another form, `TIME_RANGE_DATE` for a day that the
            calendar does not have, `TIME_RANGE_ORDER` for a start after the end.

    Returns:
        First and last day, inclusive; both None for the latest data.
    """
    cleaned = "".join(unicodedata.normalize("NFKC", text).split())
    if not cleaned:
        return None, None
    found = _FORM.fullmatch(cleaned)
    if found is None:
        raise TimeRangeError(
            "TIME_RANGE_FORMAT",
            "时间范围格式不对",
            "the time range is not of the prescribed form",
            remedy_zh="填 YYYY/MM/DD、YYYY/MM/DD-YYYY/MM/DD，或留空表示最新数据",
            remedy_en="Use YYYY/MM/DD, YYYY/MM/DD-YYYY/MM/DD, or leave empty for the latest data",
        )
    year, month, day, *end = found.groups()
    start = _real_date(year, month, day)
    last = start if end[0] is None else _real_date(*end)
    if start > last:
        raise TimeRangeError(
            "TIME_RANGE_ORDER",
            "时间范围的起始日期晚于截止日期",
            "the time range starts after it ends",
            remedy_zh="起始日期在前，截止日期在后",
            remedy_en="Put the earlier date first",
        )
    return start, last


def _real_date(year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise TimeRangeError(
            "TIME_RANGE_DATE",
            "时间范围中有不存在的日期",
            "the time range holds a date that does not exist",
            remedy_zh="核对年、月、日",
            remedy_en="Check year, month and day",
        ) from None


def format_range(time_from: date | None, time_to: date | None) -> str:
    """Return the text of a range as the form writes it; the inverse of `parse_range`."""
    if time_from is None or time_to is None:
        return ""
    if time_from == time_to:
        return _text(time_from)
    return f"{_text(time_from)}-{_text(time_to)}"


def _text(day: date) -> str:
    # strftime leaves the leading zeros of a year below 1000 to the platform.
    return f"{day.year:04d}/{day.month:02d}/{day.day:02d}"


def check_range(
    time_from: date | None, time_to: date | None, today: date, where: str
) -> tuple[Finding, ...]:
    """Return what is wrong with a range that arrived as dates (R053).

    Args:
        time_from: First day, or None.
        time_to: Last day, or None.
        today: The day of the check, in Asia/Shanghai.
        where: The place a finding names.

    Returns:
        `TIME_RANGE_HALF`, `TIME_RANGE_ORDER` or `TIME_RANGE_FUTURE`, at most one.
    """
    if time_from is None and time_to is None:
        return ()
    if time_from is None or time_to is None:
        return (
            Finding(
                "TIME_RANGE_HALF",
                "时间范围只有起始或截止日期",
                "the time range has only one of its two dates",
                where,
            ),
        )
    if time_from > time_to:
        return (
            Finding(
                "TIME_RANGE_ORDER",
                "时间范围的起始日期晚于截止日期",
                "the time range starts after it ends",
                where,
            ),
        )
    if time_from > today:
        # The period may run on past today; one that has not begun can hold no data.
        return (
            Finding(
                "TIME_RANGE_FUTURE",
                "时间范围的起始日期尚未到来",
                "the time range starts in the future",
                where,
            ),
        )
    return ()
