"""Who a row is about, and what a doubt leads to: without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from adapters.contract import PersonFaultError
from adapters.judge import columns_for, judge
from adapters.numbers import id_key
from bus.model.messages import OutcomeKind
from schemas.resources import resources

WITHDRAWAL = resources()["housing-fund-withdrawal"]
YEAR = (date(2024, 1, 1), date(2024, 12, 31))


@pytest.fixture
def decide(mapping, person, ask):
    """Judge person 1 by rows like the standard one, with changes."""

    def run(*rows, entry=None, subject=None, days=None, items=("amount", "id_type")):
        subject = replace(person(1), **(subject or {}))
        standard = {"zjhm": subject.id_number, "zjlx": "111", "xm": "测试1",
                    "je": "5", "rq": "2024-06-15", "yy": "01"}  # fmt: skip
        mapped = mapping(**(entry or {})).resources[0]
        lookup = ask(subject, items=items, days=days)
        return judge(mapped, WITHDRAWAL, lookup, subject, [{**standard, **row} for row in rows])

    return run


def code(decide, *rows, **how) -> str:
    with pytest.raises(PersonFaultError) as caught:
        decide(*rows, **how)
    return caught.value.code


@pytest.mark.parametrize("raw", [None, "", "  ", 1.5, b"x"])
def test_there_may_be_no_number(raw):
    assert id_key(raw) == ""


def test_a_number_is_compared_half_width_upper_case_without_padding(number_with_x):
    full_width = "".join(chr(ord(char) + 0xFEE0) for char in number_with_x)
    for raw in (number_with_x, number_with_x.lower(), f" {number_with_x} ", full_width):
        assert id_key(raw) == number_with_x


def test_a_person_without_a_number_is_not_searched(decide):
    assert code(decide, subject={"id_number": " "}) == "ID_NUMBER_MISSING"


def test_only_the_columns_needed_are_read_each_once(mapping):
    entry = mapping().resources[0]
    assert columns_for(entry, WITHDRAWAL, ("amount", "name", "paid_to")) == [
        "zjhm", "zjlx", "xm", "rq", "je",
    ]  # fmt: skip


def test_the_same_number_of_another_id_type_is_another_person(decide):
    assert decide({"zjlx": "414"}).kind is OutcomeKind.NOT_FOUND
    found = decide({"zjlx": "414"}, {"zjlx": "111 "})
    assert [record["id_type"] for record in found.records] == ["111"]
    assert decide({"zjlx": "身份证"}).records[0]["id_type"] == "111"


@pytest.mark.parametrize("zjlx", [None, "", "7", 1.5])
def test_an_id_type_that_is_blank_or_unknown_is_a_doubt(decide, zjlx):
    assert code(decide, {}, {"zjlx": zjlx}) == "ID_TYPE_UNKNOWN"


def test_the_sources_own_id_types_are_translated_for_match_and_record(decide):
    entry = {"id_types": {"1": "111", "2": "414"}}
    assert decide({"zjlx": 1}, entry=entry).records[0]["id_type"] == "111"
    assert decide({"zjlx": "2"}, entry=entry).kind is OutcomeKind.NOT_FOUND
    assert code(decide, {"zjlx": "111"}, entry=entry) == "ID_TYPE_UNKNOWN"


def test_a_source_of_one_id_type_cannot_answer_for_another(decide):
    entry = {"id_type": None}
    assert decide({}, entry=entry).kind is OutcomeKind.FOUND
    assert decide(entry=entry).kind is OutcomeKind.NOT_FOUND
    assert code(decide, entry=entry, subject={"id_type": "414"}) == "ID_TYPE_NOT_HELD"


@pytest.mark.parametrize("name", ["李四", "测试", None, ""])
def test_another_name_follows_the_policy(decide, mapping, name):
    rows = ({}, {"xm": name})
    assert code(decide, *rows) == "NAME_MISMATCH"
    assert len(decide(*rows, entry={"name_mismatch": "not_found"}).records) == 1
    assert decide(rows[1], entry={"name_mismatch": "not_found"}).kind is OutcomeKind.NOT_FOUND
    assert len(decide(*rows, entry={"name_mismatch": "answer"}).records) == 2
    # Without a column of its own the one of the item is compared; without either, nothing is.
    assert code(decide, *rows, entry={"person_name": None}) == "NAME_MISMATCH"
    unnamed = {k: v for k, v in mapping().resources[0].columns.items() if k != "name"}
    assert (
        len(
            decide(
                *rows,
                entry={"person_name": None, "columns": unnamed, "not_held": ["name", "paid_to"]},
            ).records
        )
        == 2
    )


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ("测试1", " 测 试１ "),
        ("阿依古丽·买买提", "阿依古丽•买买提"),
        ("阿依古丽·买买提", "阿依古丽．买买提"),
        ("阿依古丽·买买提", "阿依古丽・买买提"),
        ("Anna Smith", "ANNA  SMITH"),
    ],
)
def test_one_name_is_written_in_several_ways(decide, asked, stored):
    assert decide({"xm": stored}, subject={"name": asked}).kind is OutcomeKind.FOUND


@pytest.mark.requirement("R053")
@pytest.mark.parametrize("rq", [None, " "])
def test_a_row_without_a_day_is_a_doubt_only_where_a_range_is_asked(decide, rq):
    assert decide({"rq": rq}).kind is OutcomeKind.FOUND
    assert code(decide, {"rq": rq}, days=YEAR) == "TIME_MISSING"


def test_a_day_that_cannot_be_read_is_never_outside_the_range(decide):
    assert code(decide, {"rq": "garbage"}, days=YEAR) == "VALUE_INVALID"


def test_codes_are_translated_and_an_unknown_one_is_a_doubt(decide):
    how = {"entry": {"codes": {"reason": {"01": "购房", "1": "退休"}}}, "items": ("reason",)}
    assert decide({"yy": "01 "}, **how).records == ({"reason": "购房"},)
    assert decide({"yy": 1}, **how).records == ({"reason": "退休"},)
    assert decide({"yy": True}, **how).records == ({"reason": "退休"},)
    assert decide({"yy": None}, {"yy": " "}, **how).records == ({"reason": None},) * 2
    assert code(decide, {"yy": "02"}, **how) == "CODE_UNMAPPED"
    assert code(decide, {"yy": 1.5}, **how) == "CODE_UNMAPPED"


def test_a_doubt_names_a_column_and_no_value(decide):
    with pytest.raises(PersonFaultError) as caught:
        decide({"xm": "李四"})
    assert caught.value.where == "gjj_tq.xm"
    assert "李四" not in str(caught.value)
    assert "测试1" not in str(caught.value)
