"""What may be shown of a value, and which column is proposed for an item."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from adapters.init import guess
from adapters.init.guess import proposed
from adapters.init.mask import masked
from adapters.sql.look import Column
from schemas.resources import resources

WITHDRAWAL = resources()["housing-fund-withdrawal"]


@pytest.mark.parametrize(
    ("item", "raw", "shown"),
    [
        ("name", "欧阳测试", "欧**"),
        ("name", 7, "（无法识别 unreadable）"),
        ("id_number", "990000196001010019", "990000************"),
        ("id_number", " ９９００００19600101001x ", "990000************"),
        ("id_number", "E12345678", "E********"),
        ("id_number", b"990000196001010019", "（无法识别 unreadable）"),
        ("id_type", "111", "111"),
        ("id_type", "身份证", "111"),
        ("id_type", "李四", "（2 字 characters）"),
        ("account", "6222020000001", "（13 字 characters）"),
        ("amount", Decimal("1234.56"), "（4 位 digits）"),
        ("amount", " 987654321.00 ", "（9 位 digits）"),
        ("amount", "-12", "（2 位 digits）"),
        ("amount", float("inf"), "（无法识别 unreadable）"),
        ("amount", "李四", "（无法识别 unreadable）"),
        ("withdrawn_on", date(2024, 6, 15), "2024-**-**"),
        ("withdrawn_on", "20240615", "2024-**-**"),
        ("withdrawn_on", "李四", "（无法识别 unreadable）"),
        ("reason", None, "（空 empty）"),
        ("reason", "  ", "（空 empty）"),
    ],
)
def test_a_value_is_shown_so_that_nobody_can_be_read_from_it(item, raw, shown):
    assert masked(WITHDRAWAL.item(item), raw) == shown


@pytest.mark.parametrize(
    ("item", "columns", "column"),
    [
        ("amount", ["JE", "amount"], "amount"),
        ("id_number", ["xm", "ID_NUMBER"], "ID_NUMBER"),
        ("id_number", ["xm", "SFZH"], "SFZH"),
        ("name", ["证件号码", "姓名"], "姓名"),
        ("withdrawn_on", ["tq_rq"], "tq_rq"),
        ("paid_to", ["xm", "zjhm"], None),
    ],
)
def test_a_column_is_proposed_by_its_name_alone(item, columns, column):
    assert proposed(WITHDRAWAL.item(item), [Column(name) for name in columns]) == column


def test_every_abbreviation_is_of_an_item_that_there_is():
    items = {item.name for resource in resources().values() for item in resource.items}
    assert items >= guess._ABBREVIATIONS.keys()


def test_a_comment_says_what_a_column_is():
    columns = [Column("c1", "姓名"), Column("c2", " 提取 金额 ")]
    assert proposed(WITHDRAWAL.item("amount"), columns) == "c2"


def test_a_boolean_is_not_shown():
    [item] = [
        item
        for resource in resources().values()
        for item in resource.items
        if item.kind.value == "boolean"
    ][:1]
    assert masked(item, True) == masked(item, False) == "*"
