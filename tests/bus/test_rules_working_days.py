from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import DefectError
from bus.rules.working_days import Calendar, CalendarError, local_date
from bus.rules.year_table import YearTable, YearTableError, read_year_table

CST = timezone(timedelta(hours=8))
NOON = 12


def at(year, month, day, hour=NOON, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=CST)


def table(year, holidays=(), workdays=()):
    return YearTable(year, "通知", frozenset(holidays), frozenset(workdays))


@pytest.mark.requirement("R028")
@pytest.mark.requirement("R029")
@pytest.mark.requirement("R024")
@pytest.mark.parametrize(
    ("received", "days", "last"),
    [
        (at(2026, 2, 12), 2, date(2026, 2, 14)),
        (at(2026, 2, 13), 2, date(2026, 2, 24)),
        (at(2026, 4, 30), 5, date(2026, 5, 11)),
        (at(2026, 9, 18), 7, date(2026, 9, 29)),
        (at(2026, 9, 30), 5, date(2026, 10, 13)),
    ],
)
def test_terms_end_as_the_published_calendar_says(received, days, last):
    deadline = Calendar().add_working_days(received, days)
    assert deadline.last_day == last
    assert not deadline.provisional
    midnight = datetime(last.year, last.month, last.day, tzinfo=CST) + timedelta(days=1)
    assert deadline.end == midnight
    assert deadline.end.tzinfo is UTC


@pytest.mark.requirement("R028")
def test_the_day_of_receipt_is_the_local_one():
    # 16:30 UTC on the 18th is already the 19th in Shanghai.
    late = datetime(2026, 5, 18, 16, 30, tzinfo=UTC)
    early = datetime(2026, 5, 18, 15, 30, tzinfo=UTC)
    assert Calendar().add_working_days(late, 2).last_day == date(2026, 5, 21)
    assert Calendar().add_working_days(early, 2).last_day == date(2026, 5, 20)
    assert local_date(late) == date(2026, 5, 19)


@pytest.mark.requirement("R028")
@given(
    st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2026, 10, 1)),  # noqa: DTZ001 - hypothesis adds the zone
    st.integers(1, 30),
)
def test_exactly_the_term_lies_between_receipt_and_end(naive, days):
    start = naive.replace(tzinfo=UTC)
    calendar = Calendar()
    deadline = calendar.add_working_days(start, days)
    received = local_date(start)
    span = (deadline.last_day - received).days
    counted = [received + timedelta(days=n) for n in range(1, span + 1)]
    assert sum(calendar.day(day).working for day in counted) == days
    assert calendar.day(deadline.last_day).working
    assert deadline.end > start


@pytest.mark.requirement("R028")
@given(st.integers(1, 40), st.integers(0, 400))
def test_a_longer_term_and_a_later_receipt_never_end_earlier(days, shift):
    calendar = Calendar()
    start = at(2025, 6, 1) + timedelta(days=shift)
    end = calendar.add_working_days(start, days).end
    assert calendar.add_working_days(start, days + 1).end > end
    assert calendar.add_working_days(start + timedelta(days=1), days).end >= end


@pytest.mark.requirement("R028")
def test_an_unpublished_year_is_estimated_and_marked():
    deadline = Calendar().add_working_days(at(2027, 2, 4), 2)
    assert deadline.provisional
    # The estimate knows the festival from 5 to 10 February; the 11th and 12th are worked.
    assert deadline.last_day == date(2027, 2, 12)


@pytest.mark.requirement("R028")
def test_a_term_that_only_runs_into_an_unpublished_year_is_provisional_too():
    calendar = Calendar()
    assert not calendar.add_working_days(at(2026, 12, 28), 3).provisional
    assert calendar.add_working_days(at(2026, 12, 30), 3).provisional


@pytest.mark.requirement("R028")
def test_the_year_table_replaces_the_estimate():
    loaded = Calendar([table(2027, {date(2027, 2, 5)}, {date(2027, 2, 6)})])
    deadline = loaded.add_working_days(at(2027, 2, 4), 2)
    assert not deadline.provisional
    assert deadline.last_day == date(2027, 2, 8)


@pytest.mark.requirement("R028")
def test_the_year_table_overrides_a_published_year():
    loaded = Calendar([table(2026, {date(2026, 5, 21)})])
    assert Calendar().add_working_days(at(2026, 5, 20), 1).last_day == date(2026, 5, 21)
    assert loaded.add_working_days(at(2026, 5, 20), 1).last_day == date(2026, 5, 22)


@pytest.mark.requirement("R028")
def test_a_table_settles_the_days_of_the_december_before_that_it_names():
    loaded = Calendar([table(2027, {date(2026, 12, 31), date(2027, 1, 1)}, {date(2026, 12, 26)})])
    assert not Calendar().day(date(2026, 12, 26)).working
    assert loaded.day(date(2026, 12, 26)) == (True, False)
    assert loaded.day(date(2026, 12, 31)) == (False, False)
    assert loaded.day(date(2026, 12, 30)) == Calendar().day(date(2026, 12, 30)) == (True, False)


def test_two_tables_for_a_year_are_refused():
    with pytest.raises(YearTableError) as caught:
        Calendar([table(2027), table(2027)])
    assert (caught.value.code, caught.value.where) == ("YEAR_TABLE_TWICE", "2027")


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_term_out_of_range_is_refused(days):
    with pytest.raises(CalendarError) as caught:
        Calendar().add_working_days(at(2026, 5, 20), days)
    assert caught.value.code == "TERM_RANGE"


def test_a_year_nobody_knows_is_refused():
    with pytest.raises(CalendarError) as caught:
        Calendar().day(date(2150, 1, 4))
    assert (caught.value.code, caught.value.where) == ("CALENDAR_YEAR", "2150")


def test_an_instant_without_a_zone_is_our_defect():
    with pytest.raises(DefectError) as caught:
        Calendar().add_working_days(datetime(2026, 5, 20), 1)  # noqa: DTZ001 - that is the fault
    assert caught.value.code == "INSTANT_NAIVE"


GOOD = """
year = 2027
source = "通知〔2026〕1号"
holidays = [2026-12-31, 2027-01-01, 2027-01-02]
workdays = [2026-12-26, 2027-02-20]
"""


def test_a_year_table_is_read():
    read = read_year_table(GOOD)
    assert read.year == 2027
    assert read.source == "通知〔2026〕1号"
    assert read.holidays == {date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2)}
    assert read.workdays == {date(2026, 12, 26), date(2027, 2, 20)}
    assert read.names(date(2027, 1, 1))
    assert not read.names(date(2027, 1, 4))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("year = 2027", "year = ", "YEAR_TABLE_FORMAT"),
        ("year = 2027", "", "YEAR_TABLE_FORMAT"),
        ("year = 2027", "year = 2027\nextra = 1", "YEAR_TABLE_FORMAT"),
        ('source = "通知〔2026〕1号"', "source = 1", "YEAR_TABLE_FORMAT"),
        ('source = "通知〔2026〕1号"', 'source = " "', "YEAR_TABLE_FORMAT"),
        ("year = 2027", 'year = "2027"', "YEAR_TABLE_YEAR"),
        ("year = 2027", "year = true", "YEAR_TABLE_YEAR"),
        ("year = 2027", "year = 2017", "YEAR_TABLE_YEAR"),
        ("year = 2027", "year = 2101", "YEAR_TABLE_YEAR"),
        ("year = 2027", "year = 2028", "YEAR_TABLE_DATE"),
        ("2026-12-31", "2026-11-30", "YEAR_TABLE_DATE"),
        ("2027-01-02", "2027-01-01", "YEAR_TABLE_DATE"),
        ("2027-02-20", "2027-01-02", "YEAR_TABLE_DATE"),
        ("2027-01-02", '"2027-01-02"', "YEAR_TABLE_FORMAT"),
        ("2027-01-02", "2027-01-02T00:00:00", "YEAR_TABLE_FORMAT"),
        ("[2026-12-26, 2027-02-20]", "2027-02-20", "YEAR_TABLE_FORMAT"),
        ("2027-02-20", "2027-02-19", "YEAR_TABLE_WORKDAY"),
        ("[2026-12-31, 2027-01-01, 2027-01-02]", "[]", "YEAR_TABLE_EMPTY"),
    ],
)
def test_a_faulty_year_table_is_refused_with_its_place(old, new, code):
    assert old in GOOD
    with pytest.raises(YearTableError) as caught:
        read_year_table(GOOD.replace(old, new), "2027.toml")
    assert caught.value.code == code
    assert caught.value.where.startswith("2027.toml")
    assert caught.value.remedy_zh
