"""Lateness in working hours: 09:00 to 17:00 in Shanghai, on the days the calendar counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import DefectError
from bus.rules.working_days import Calendar, CalendarError
from bus.rules.working_hours import HOURS_A_DAY, in_working_hours, working_hours, working_time
from bus.rules.year_table import YearTable

CST = timezone(timedelta(hours=8))
CALENDAR = Calendar()


def at(month, day, hour=0, minute=0, year=2026):
    return datetime(year, month, day, hour, minute, tzinfo=CST)


@pytest.mark.requirement("R029")
@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (at(3, 3, 9), at(3, 3, 17), 8),
        (at(3, 3, 10, 30), at(3, 3, 12), 1.5),
        (at(3, 3), at(3, 4), 8),
        (at(3, 3, 16), at(3, 4, 10), 2),
        (at(3, 3, 18), at(3, 4, 8), 0),
        # A term that ended with Friday is not late by an hour before Monday, nine o'clock.
        (at(3, 7), at(3, 9, 9), 0),
        (at(3, 7), at(3, 9, 11), 2),
        # Spring Festival of 2026: the 14th is worked, the 15th to the 23rd are off.
        (at(2, 14), at(2, 24, 10), 9),
        (at(2, 15), at(2, 24), 0),
    ],
)
def test_hours_count_while_offices_are_open(start, end, hours):
    assert working_hours(CALENDAR, start, end) == hours
    assert working_hours(CALENDAR, start.astimezone(UTC), end.astimezone(UTC)) == hours


def test_nothing_lies_between_an_instant_and_an_earlier_one():
    assert working_time(CALENDAR, at(3, 4, 12), at(3, 3, 12)) == timedelta()
    assert working_time(CALENDAR, at(3, 4, 12), at(3, 4, 10)) == timedelta()


def test_an_imported_table_decides():
    closed = Calendar([YearTable(2026, "通知", frozenset({date(2026, 3, 3)}), frozenset())])
    assert working_hours(closed, at(3, 3), at(3, 5)) == HOURS_A_DAY


def test_an_unknown_year_and_a_naive_instant_are_said():
    with pytest.raises(CalendarError, match="CALENDAR_YEAR"):
        working_time(CALENDAR, at(3, 3, year=2160), at(3, 4, year=2160))
    with pytest.raises(DefectError, match="INSTANT_NAIVE"):
        working_time(CALENDAR, datetime(2026, 3, 3), at(3, 4))  # noqa: DTZ001 - naive on purpose


INSTANTS = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2026, 11, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)


@given(st.lists(INSTANTS, min_size=3, max_size=3).map(sorted))
def test_time_adds_up_and_is_never_more_than_the_clock_shows(instants):
    first, middle, last = instants
    whole = working_time(CALENDAR, first, last)
    parts = working_time(CALENDAR, first, middle) + working_time(CALENDAR, middle, last)
    assert whole == parts
    assert timedelta() <= whole <= last - first


@pytest.mark.requirement("R077")
@pytest.mark.parametrize(
    ("instant", "within"),
    [
        (datetime(2026, 3, 3, 1, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 3, 0, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 3, 8, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 3, 9, 0, tzinfo=UTC), False),
        # A Sunday.
        (datetime(2026, 3, 1, 3, 0, tzinfo=UTC), False),
    ],
)
def test_office_hours_are_nine_to_five_of_a_working_day(instant, within):
    assert in_working_hours(CALENDAR, instant) is within
