"""R120-R123 as data: which period is owed, by when, and how late it is."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from adapters.upload.schedule import (
    Owed,
    Period,
    Schedule,
    day_in_china,
    first_owed,
    late_periods,
    owed,
    period_covered,
    period_of,
    read_period,
)

MONTHLY, QUARTERLY = Schedule.MONTHLY, Schedule.QUARTERLY
HALF_YEARLY, YEARLY = Schedule.HALF_YEARLY, Schedule.YEARLY
TEN = 10


def period(schedule, label):
    found = read_period(schedule, label)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("schedule", "day", "label", "first", "last", "due"),
    [
        pytest.param(
            MONTHLY,
            date(2026, 2, 14),
            "2026-02",
            date(2026, 2, 1),
            date(2026, 2, 28),
            date(2026, 3, 10),
            marks=pytest.mark.requirement("R120"),
        ),
        pytest.param(
            MONTHLY,
            date(2025, 12, 31),
            "2025-12",
            date(2025, 12, 1),
            date(2025, 12, 31),
            date(2026, 1, 10),
            marks=pytest.mark.requirement("R120"),
        ),
        *(
            pytest.param(
                QUARTERLY, inside, label, first, last, due, marks=pytest.mark.requirement("R121")
            )
            for inside, label, first, last, due in [
                (
                    date(2026, 3, 31),
                    "2026-Q1",
                    date(2026, 1, 1),
                    date(2026, 3, 31),
                    date(2026, 4, 10),
                ),
                (
                    date(2026, 4, 1),
                    "2026-Q2",
                    date(2026, 4, 1),
                    date(2026, 6, 30),
                    date(2026, 7, 10),
                ),
                (
                    date(2026, 8, 9),
                    "2026-Q3",
                    date(2026, 7, 1),
                    date(2026, 9, 30),
                    date(2026, 10, 10),
                ),
                (
                    date(2026, 10, 1),
                    "2026-Q4",
                    date(2026, 10, 1),
                    date(2026, 12, 31),
                    date(2027, 1, 10),
                ),
            ]
        ),
        pytest.param(
            HALF_YEARLY,
            date(2026, 6, 30),
            "2026-H1",
            date(2026, 1, 1),
            date(2026, 6, 30),
            date(2026, 7, 10),
            marks=pytest.mark.requirement("R122"),
        ),
        pytest.param(
            HALF_YEARLY,
            date(2026, 7, 1),
            "2026-H2",
            date(2026, 7, 1),
            date(2026, 12, 31),
            date(2027, 1, 10),
            marks=pytest.mark.requirement("R122"),
        ),
        pytest.param(
            YEARLY,
            date(2026, 5, 5),
            "2026",
            date(2026, 1, 1),
            date(2026, 12, 31),
            date(2027, 1, 10),
            marks=pytest.mark.requirement("R123"),
        ),
    ],
)
def test_a_period_has_a_name_its_days_and_its_due_day(schedule, day, label, first, last, due):
    found = period_of(schedule, day)

    assert (found.label, found.first, found.last, found.due(TEN)) == (label, first, last, due)
    assert read_period(schedule, label) == found
    assert found.next.previous == found
    assert found.next.first > found.last


@pytest.mark.parametrize(
    ("schedule", "label"),
    [
        *((MONTHLY, label) for label in ("2026", "2026-Q1", "2026-00", "2026-13", "0000-01", "x")),
        *((QUARTERLY, label) for label in ("2026-Q5", "2026-03", "2026-H1")),
        (HALF_YEARLY, "2026-H3"),
        (YEARLY, "26"),
        (YEARLY, ""),
    ],
)
def test_what_is_no_period_of_the_schedule_is_none(schedule, label):
    assert read_period(schedule, label) is None


def test_data_of_a_day_is_whole_for_the_period_that_has_ended_by_then():
    covered = [
        period_covered(MONTHLY, day).label
        for day in (date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1))
    ]
    assert covered == ["2026-09", "2026-10", "2026-10"]
    assert period_covered(YEARLY, date(2026, 1, 3)).label == "2025"


def test_the_day_counts_in_china():
    assert day_in_china(datetime(2026, 1, 9, 15, 59, tzinfo=UTC)) == date(2026, 1, 9)
    assert day_in_china(datetime(2026, 1, 9, 16, 0, tzinfo=UTC)) == date(2026, 1, 10)


@pytest.mark.parametrize(
    ("since", "label"),
    [
        (date(2026, 11, 1), "2026-10"),
        (date(2026, 11, 10), "2026-10"),
        (date(2026, 11, 11), "2026-11"),
        (date(2026, 12, 31), "2026-12"),
    ],
)
def test_the_first_period_owed_is_the_first_in_time_at_the_set_up(since, label):
    assert first_owed(MONTHLY, TEN, since).label == label


@pytest.mark.requirement("R120")
@pytest.mark.parametrize(
    ("today", "late"),
    [(date(2026, 11, 9), 0), (date(2026, 11, 10), 0), (date(2026, 11, 11), 1)],
    ids=["before", "on the day", "after"],
)
def test_the_due_day_itself_is_in_time(today, late):
    found = owed(MONTHLY, TEN, date(2026, 1, 1), period(MONTHLY, "2026-09"), today)
    assert found == Owed(period(MONTHLY, "2026-10"), date(2026, 11, 10), late)


@pytest.mark.requirement("R123")
def test_a_saturday_moves_nothing():
    due = date(2026, 1, 10)
    assert due.isoweekday() == 6
    found = owed(YEARLY, TEN, date(2025, 1, 1), period(YEARLY, "2024"), date(2026, 1, 12))
    assert (found.due, found.late_days) == (due, 2)


def test_what_was_uploaded_before_the_set_up_or_ahead_of_time_is_not_owed_again():
    since = date(2026, 11, 20)
    none = owed(MONTHLY, TEN, since, None, since)
    old = owed(MONTHLY, TEN, since, period(MONTHLY, "2026-05"), since)
    ahead = owed(MONTHLY, TEN, since, period(MONTHLY, "2026-12"), since)
    labels = [one.period.label for one in (none, old, ahead)]
    assert labels == ["2026-11", "2026-11", "2027-01"]


def test_lateness_counts_from_the_earliest_period_and_names_each():
    found = owed(MONTHLY, TEN, date(2026, 1, 1), period(MONTHLY, "2026-02"), date(2026, 6, 11))

    assert (found.period.label, found.late_days) == ("2026-03", 62)
    assert [one.label for one in late_periods(found, TEN)] == ["2026-03", "2026-04", "2026-05"]
    in_time = Owed(found.period, found.due, 0)
    assert list(late_periods(in_time, TEN)) == []


def test_a_due_day_of_the_sites_own():
    found = owed(QUARTERLY, 20, date(2026, 1, 1), None, date(2026, 4, 21))
    assert (found.period.label, found.due, found.late_days) == ("2025-Q4", date(2026, 1, 20), 91)


def test_periods_of_a_schedule_sort_by_time():
    periods = [period_of(QUARTERLY, date(2025, month, 1)) for month in range(1, 13)]
    assert periods == sorted(periods)
    assert [p.label for p in periods] == sorted(p.label for p in periods)
    assert Period(2025 * 12, 3) < Period(2025 * 12 + 3, 3)
