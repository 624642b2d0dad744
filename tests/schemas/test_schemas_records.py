"""Records of a resource: what is written is what was given, and nothing leaks on the way."""

import traceback
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.loader import SchemaError
from schemas.records import decode_record, encode_record
from schemas.resources import resource_from, resources

PERSON = {"name": "测试甲", "id_type": "111", "id_number": "990000199001010017"}


@pytest.fixture
def ferry(source, make_schema):
    return resource_from(make_schema(source))


def test_an_item_that_is_left_out_is_null(account):
    record = decode_record(account, encode_record(account, PERSON))
    assert record == {i.name: PERSON.get(i.name) for i in account.items}


def test_a_record_of_nothing_is_all_null(account):
    assert set(decode_record(account, encode_record(account, {})).values()) == {None}


def test_every_kind_comes_back_as_it_went(ferry):
    values = {
        **PERSON,
        "count": -(2**31),
        "total": 2**63 - 1,
        "flag": False,
        "day": date(2024, 2, 29),
        "moment": datetime(2026, 2, 12, 23, 59, 59, 999000, tzinfo=UTC),
        "share": Decimal("-12.3456"),
        "amount": Decimal("50000.00"),
    }
    assert decode_record(ferry, encode_record(ferry, values)) == values


amounts = st.decimals(Decimal(-(10**15)), Decimal(10**15), places=2)


@given(balance=amounts)
def test_money_is_exact(balance):
    account = resources()["housing-fund-account"]
    decoded = decode_record(account, encode_record(account, {"balance": balance}))["balance"]
    assert decoded == balance
    assert decoded.as_tuple().exponent == -2


@pytest.mark.parametrize("given_", ["1200.5", "1200.5000", "12.005E+2"])
def test_a_decimal_takes_the_scale_where_nothing_is_lost(account, given_):
    encoded = encode_record(account, {"balance": Decimal(given_)})
    assert encoded == encode_record(account, {"balance": Decimal("1200.50")})


def test_an_instant_is_written_in_utc_to_the_millisecond(ferry):
    shanghai = timezone(timedelta(hours=8))
    moment = datetime(2026, 2, 12, 8, 0, 0, 123456, tzinfo=shanghai)
    decoded = decode_record(ferry, encode_record(ferry, {"moment": moment}))["moment"]
    assert decoded == datetime(2026, 2, 12, 0, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("name", 7),
        ("name", "\ud800"),
        ("count", 2**31),
        ("count", True),
        ("count", "7"),
        ("total", 2**63),
        ("flag", 1),
        ("day", datetime(2026, 2, 12, tzinfo=UTC)),
        ("day", "2026-02-12"),
        ("moment", datetime(2026, 2, 12)),  # noqa: DTZ001 - a naive instant is the case under test
        ("moment", date(2026, 2, 12)),
        ("amount", 12.5),
        ("amount", 12),
        ("amount", Decimal("0.005")),
        ("amount", Decimal("1E+16")),
        ("amount", Decimal("1E+999999")),
        ("amount", Decimal("NaN")),
        ("amount", Decimal("Infinity")),
        ("share", Decimal(100)),
    ],
)
def test_a_value_an_item_cannot_hold_is_refused_by_name(ferry, item, value):
    with pytest.raises(SchemaError) as caught:
        encode_record(ferry, {item: value})
    assert caught.value.code == "RECORD_VALUE_INVALID"
    assert caught.value.where == f"ferry-licence: {item}"


def test_an_item_the_resource_has_not_is_refused(account):
    with pytest.raises(SchemaError) as caught:
        encode_record(account, {**PERSON, "salary": 1})
    assert caught.value.code == "RECORD_ITEM_UNKNOWN"


def test_an_error_never_holds_a_value(account):
    with pytest.raises(SchemaError) as caught:
        encode_record(account, {**PERSON, "balance": PERSON["id_number"]})
    text = "".join(traceback.format_exception(caught.value.__cause__ or caught.value, limit=0))
    assert not any(value in text + str(caught.value) for value in PERSON.values())


def test_bytes_that_are_no_record_are_refused(account):
    with pytest.raises(SchemaError) as caught:
        decode_record(account, encode_record(account, PERSON)[:-1])
    assert caught.value.code == "ENCODING_MALFORMED"
