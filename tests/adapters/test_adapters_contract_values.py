"""What a source holds becomes exactly the item's value, or is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.values import day_of, digits_of, fit, instant_of
from schemas.resources import Item, ItemKind

TEXT = Item("t", "文本", "Text", ItemKind.TEXT)
CODED = Item("id_type", "证件类型", "ID type", ItemKind.TEXT, codes="id-types")
ROLE = Item("r", "身份", "Role", ItemKind.TEXT, codes="sale-roles")
OPEN_CODED = Item("x", "自定", "Other", ItemKind.TEXT, codes="a-table-of-the-future")
NUMBER = Item("n", "期数", "Number", ItemKind.INTEGER, bits=32)
MONEY = Item("m", "金额", "Amount", ItemKind.MONEY, precision=18, scale=2, unit="CNY")
DAY = Item("d", "日期", "Day", ItemKind.DATE)
INSTANT = Item("i", "时间", "Instant", ItemKind.INSTANT)
FLAG = Item("b", "是否", "Flag", ItemKind.BOOLEAN)

EAST = timezone(timedelta(hours=8))


@pytest.mark.parametrize("item", [TEXT, CODED, NUMBER, MONEY, DAY, INSTANT, FLAG])
@pytest.mark.parametrize("raw", [None, "", "   ", "\u3000"])
def test_nothing_and_blanks_are_no_value(item, raw):
    assert fit(item, raw) is None


@pytest.mark.parametrize(
    ("item", "raw", "value"),
    [
        (TEXT, "正常  ", "正常"),
        (TEXT, 12, "12"),
        (TEXT, Decimal("12.0"), "12"),
        (TEXT, "甲路1号\n乙室", "甲路1号\n乙室"),
        (TEXT, "x" * 4000, "x" * 4000),
        (CODED, "111", "111"),
        (CODED, "护照", "414"),
        (OPEN_CODED, "7", "7"),
        (NUMBER, 360, 360),
        (NUMBER, Decimal("360.00"), 360),
        (NUMBER, "0360", 360),
        (NUMBER, 360.0, 360),
        (NUMBER, -(2**31), -(2**31)),
        (MONEY, Decimal("12.3"), Decimal("12.30")),
        (MONEY, "12.340", Decimal("12.34")),
        (MONEY, 12.34, Decimal("12.34")),
        (MONEY, -5, Decimal("-5.00")),
        (MONEY, "9999999999999999.99", Decimal("9999999999999999.99")),
        (DAY, date(2024, 1, 31), date(2024, 1, 31)),
        (DAY, datetime(2024, 1, 31, 23, 59, tzinfo=EAST), date(2024, 1, 31)),
        (DAY, datetime(2024, 1, 31, 23, 59, tzinfo=UTC), date(2024, 2, 1)),
        (DAY, "2024-01-31", date(2024, 1, 31)),
        (DAY, "2024/1/5", date(2024, 1, 5)),
        (DAY, "20240131", date(2024, 1, 31)),
        (DAY, 20240131, date(2024, 1, 31)),
        (DAY, "20240131235959", date(2024, 1, 31)),
        (DAY, "2024-01-31 10:00:00.5", date(2024, 1, 31)),
        (DAY, "2024-01-31T16:00:00Z", date(2024, 2, 1)),
        (INSTANT, "2024-01-31 08:00:00", datetime(2024, 1, 31, tzinfo=UTC)),
        (INSTANT, date(2024, 1, 31), datetime(2024, 1, 30, 16, tzinfo=UTC)),
        (FLAG, True, True),
        (FLAG, 0, False),
        (FLAG, "是", True),
        (FLAG, "否 ", False),
        (FLAG, "1", True),
        (FLAG, "0", False),
        (ROLE, "卖方", "seller"),
        (ROLE, "buyer", "buyer"),
    ],
)
def test_what_can_be_read_in_one_way_is_read(item, raw, value):
    found = fit(item, raw)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("item", "raw"),
    [
        (TEXT, 1.0),
        (TEXT, True),
        (TEXT, b"bytes"),
        (TEXT, date(2024, 1, 31)),
        (TEXT, "a\x00b"),
        (TEXT, "\udcc4"),
        (TEXT, "x" * 4001),
        (TEXT, Decimal("NaN")),
        (CODED, "999"),
        (NUMBER, 2**31),
        (NUMBER, "3.5"),
        (NUMBER, "三"),
        (NUMBER, True),
        (MONEY, 12.345),
        (MONEY, "12.345"),
        (MONEY, "1,200.00"),
        (MONEY, "1e3"),
        (MONEY, "１２"),
        (MONEY, 0.1 + 0.2),
        (MONEY, 12345678901234.567),
        (MONEY, float("nan")),
        (MONEY, float("inf")),
        (MONEY, Decimal("Infinity")),
        (MONEY, "10000000000000000.00"),
        (MONEY, b"12"),
        (MONEY, "garbage"),
        (DAY, "2024-02-30"),
        (DAY, "0000-00-00"),
        (DAY, "2024-01/31"),
        (DAY, "31.01.2024"),
        (DAY, "2024-01-31 25:00"),
        (DAY, 5),
        (DAY, True),
        (DAY, 20240131.0),
        (DAY, datetime(9999, 12, 31, 23, tzinfo=UTC)),
        (INSTANT, "0001-01-01"),
        (FLAG, 2),
        (FLAG, "yes"),
        (FLAG, "01"),
        (ROLE, "中介"),
    ],
)
def test_what_cannot_is_refused_without_being_repeated(item, raw):
    with pytest.raises(ValueError, match=r"^not|^a binary") as caught:
        fit(item, raw)
    assert str(raw) not in str(caught.value)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_money_survives_every_way_it_is_stored(amount):
    for raw in (amount, str(amount), float(amount)):
        assert fit(MONEY, raw) == amount


@given(st.dates(min_value=date(1900, 1, 1)))
def test_a_day_survives_every_way_it_is_written(day):
    compact = day.strftime("%Y%m%d")
    for raw in (day, day.isoformat(), compact, int(compact), f"{day.year}/{day.month}/{day.day}"):
        assert day_of(raw) == day


def test_instants_are_cut_to_whole_milliseconds():
    assert instant_of("2024-01-31 08:00:00.123456").microsecond == 123000


def test_an_exact_number_keeps_all_its_digits_as_text():
    assert digits_of(Decimal("1E+3")) == "1000"
