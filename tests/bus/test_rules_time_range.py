from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import TODAY

from bus.rules.time_range import TimeRangeError, check_range, format_range, parse_range

WHERE = "附表 第 1 行 时间范围"
pytestmark = pytest.mark.requirement("R053")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026/03/04", (date(2026, 3, 4), date(2026, 3, 4))),
        ("2025/01/01-2026/03/04", (date(2025, 1, 1), date(2026, 3, 4))),
        ("2026/03/04-2026/03/04", (date(2026, 3, 4), date(2026, 3, 4))),
        ("2024/02/29", (date(2024, 2, 29), date(2024, 2, 29))),
        ("", (None, None)),
        (" \u3000", (None, None)),
        (" 2025/01/01 - 2026/03/04 ", (date(2025, 1, 1), date(2026, 3, 4))),
        ("２０２５／０１／０１－2026/03/04", (date(2025, 1, 1), date(2026, 3, 4))),
    ],
)
def test_the_three_forms_of_note_4(text, meant):
    assert parse_range(text) == meant


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-03-04", "TIME_RANGE_FORMAT"),
        ("2026/3/4", "TIME_RANGE_FORMAT"),
        ("20260304", "TIME_RANGE_FORMAT"),
        ("2026/03", "TIME_RANGE_FORMAT"),
        ("2025/01/01-", "TIME_RANGE_FORMAT"),
        ("-2025/01/01", "TIME_RANGE_FORMAT"),
        ("2025/01/01~2026/03/04", "TIME_RANGE_FORMAT"),
        ("2025/01/01-2026/03/04-2026/03/05", "TIME_RANGE_FORMAT"),
        ("全部", "TIME_RANGE_FORMAT"),
        ("٢٠٢٥/01/01", "TIME_RANGE_FORMAT"),
        ("2025/02/29", "TIME_RANGE_DATE"),
        ("2025/13/01", "TIME_RANGE_DATE"),
        ("0000/01/01", "TIME_RANGE_DATE"),
        ("2025/01/01-2025/04/31", "TIME_RANGE_DATE"),
        ("2026/03/04-2025/01/01", "TIME_RANGE_ORDER"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text, code):
    with pytest.raises(TimeRangeError) as caught:
        parse_range(text)
    assert caught.value.code == code
    assert caught.value.remedy_zh


@given(st.dates(), st.dates())
def test_a_range_survives_being_written_and_read(one, other):
    first, last = sorted((one, other))
    assert parse_range(format_range(first, last)) == (first, last)


def test_the_latest_data_is_written_as_nothing():
    assert format_range(None, None) == ""


@given(st.text(max_size=25))
def test_no_text_ends_in_another_error(text):
    try:
        first, last = parse_range(text)
    except TimeRangeError:
        return
    assert (first is None) == (last is None)


@pytest.mark.parametrize(
    ("first", "last", "codes"),
    [
        (None, None, []),
        (TODAY, TODAY, []),
        (date(2025, 1, 1), date(2027, 1, 1), []),
        (TODAY, None, ["TIME_RANGE_HALF"]),
        (None, TODAY, ["TIME_RANGE_HALF"]),
        (TODAY, TODAY - timedelta(days=1), ["TIME_RANGE_ORDER"]),
        (TODAY + timedelta(days=1), date(2027, 1, 1), ["TIME_RANGE_FUTURE"]),
    ],
)
def test_a_range_that_arrived_is_judged_again(first, last, codes):
    found = check_range(first, last, TODAY, WHERE)
    assert [finding.code for finding in found] == codes
    assert all(finding.where == WHERE for finding in found)
