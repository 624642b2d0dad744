"""What a cell may hold, and every fault of a single cell with its exact place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time

import pytest
from workbook_samples import (
    FORM_ROW,
    TODAY,
    codes_of,
    draft,
    edited,
    faults_of,
    in_part,
    repacked,
    resident_number,
    with_cell,
)

from bus.model.request import Contact
from bus.workbook.parse import parse
from bus.workbook.template import fill

MIDNIGHT = datetime.combine(date(2026, 1, 5), time())


def parsed(sheet: str, cell: str, value: object, number_format: str | None = None):
    return parse(with_cell(sheet, cell, value, number_format), TODAY)


def form_cell(title: str) -> str:
    return f"B{FORM_ROW[title]}"


@pytest.mark.requirement("R044")
@pytest.mark.requirement("R070")
def test_a_filled_workbook_reads_back_as_its_draft():
    assert parse(fill(draft()), TODAY) == draft()


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "code"),
    [
        ("名单", "E4", 110105194912310021, "ID_NUMBER_AS_NUMBER"),
        ("名单", "E4", 1234, "ID_NUMBER_AS_NUMBER"),
        ("名单", "E4", MIDNIGHT, "ID_NUMBER_AS_NUMBER"),
        ("名单", "E4", "=1+1", "CELL_FORMULA"),
        ("名单", "C4", "=A1", "CELL_FORMULA"),
        ("名单", "C4", True, "CELL_BOOLEAN"),
        ("名单", "E4", "#N/A", "CELL_ERROR"),
        ("名单", "C4", 12, "CELL_NUMBER"),
        ("名单", "C4", MIDNIGHT, "CELL_DATE"),
        ("名单", "G4", 2026001, "CELL_NUMBER"),
        ("名单", "H4", 46027, "DATE_FORMAT"),
        ("名单", "H4", "20260105", "DATE_FORMAT"),
        ("名单", "H4", "2026/01-05", "DATE_FORMAT"),
        ("名单", "H4", "2026/02/30", "DATE_UNREAL"),
        ("名单", "H4", datetime.combine(date(2026, 1, 5), time(10, 30)), "DATE_FORMAT"),
        ("名单", "H4", time(10, 30), "DATE_FORMAT"),
        ("名单", "D4", "驾驶证", "CHOICE_UNKNOWN"),
        ("名单", "B4", "邻居", "CHOICE_UNKNOWN"),
        ("名单", "A4", 1.5, "CELL_NUMBER"),
        ("附表", "B4", "山", "PROVIDER_UNKNOWN"),
        ("附表", "B4", 320000, "CELL_NUMBER"),
        ("附表", "B4", "320000", "PROVIDER_UNKNOWN"),
        ("附表", "E4", "2026-01-31", "TIME_RANGE_FORMAT"),
        ("附表", "E4", "2026/02/30", "TIME_RANGE_DATE"),
        ("附表", "E4", "2026/02/03-2026/02/01", "TIME_RANGE_ORDER"),
        ("附表", "E4", "2026/02/13", "TIME_RANGE_FUTURE"),
        ("附表", "D4", "=A1", "CELL_FORMULA"),
        ("申请", form_cell("业务类别"), "旅游", "CHOICE_UNKNOWN"),
        ("申请", form_cell("查询人数"), "三", "COUNT_FORMAT"),
        ("申请", form_cell("查询人数"), 2.5, "CELL_NUMBER"),
        ("申请", form_cell("查询人数"), 0, "COUNT_FORMAT"),
        ("申请", form_cell("查询人数"), "=COUNTA(名单!A:A)", "CELL_FORMULA"),
        ("申请", form_cell("授权声明"), "有", "CHOICE_UNKNOWN"),
        ("申请", form_cell("联系电话"), 53188880000.5, "CELL_NUMBER"),
        ("申请", form_cell("联系电话"), 53188880000, "PHONE_AS_NUMBER"),
        ("申请", form_cell("申请日期"), "二月", "DATE_FORMAT"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(sheet, cell, value, code):
    (fault,) = faults_of(with_cell(sheet, cell, value))
    assert (fault.place, fault.code) == (f"{sheet}!{cell}", code)
    assert fault.allowed
    assert str(value) not in f"{fault.zh}{fault.en}"


@pytest.mark.parametrize("title", FORM_ROW)
def test_every_field_of_the_form_is_mandatory(title):
    data = with_cell("申请", form_cell(title), None)
    assert codes_of(data) == [(f"申请!{form_cell(title)}", "CELL_MISSING")]


@pytest.mark.requirement("R021")
@pytest.mark.requirement("R050")
@pytest.mark.requirement("R052")
@pytest.mark.parametrize("column", ["B", "C"])
def test_provider_and_category_are_mandatory(column):
    assert codes_of(with_cell("附表", f"{column}4", None)) == [(f"附表!{column}4", "CELL_MISSING")]


@pytest.mark.requirement("R022")
@pytest.mark.parametrize("column", "ABCDEFGH")
def test_every_field_of_a_person_but_the_guardian_is_mandatory(column):
    assert codes_of(with_cell("名单", f"{column}4", None)) == [(f"名单!{column}4", "CELL_MISSING")]


def test_a_cell_of_blanks_is_empty():
    assert codes_of(with_cell("名单", "C4", " \u3000\u00a0\u200b")) == [("名单!C4", "CELL_MISSING")]
    assert parsed("名单", "I4", "\u3000").persons[1].guardian is None


@pytest.mark.parametrize(
    "typed",
    [
        "９９００００１９８５０１０１００１{last}",
        " 990000 19850101 001{last}\u3000",
        "\u200b990000\u00a019850101001{last}",
    ],
)
def test_blanks_and_full_width_digits_in_a_number_are_normalised(typed):
    text = typed.format(last=resident_number(1)[-1])
    assert parsed("名单", "E4", text) == draft()


def test_a_small_x_at_the_end_becomes_a_capital_one():
    serial = next(n for n in range(1000) if resident_number(n).endswith("X"))
    read = parsed("名单", "E4", resident_number(serial).lower())
    assert read.persons[1].id_number == resident_number(serial)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" 王 五\u3000", "王五"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("  ANNA   MARIA ", "ANNA MARIA"),
        ("王\u200b五", "王五"),
    ],
)
def test_names_are_trimmed_and_keep_what_belongs_to_them(typed, meant):
    assert parsed("名单", "C4", typed).persons[1].name == meant


@pytest.mark.parametrize(
    ("value", "number_format"),
    [
        ("2026/01/05", None),
        ("2026/1/5", None),
        ("2026-01-05", None),
        ("2026年1月5日", None),
        ("２０２６／０１／０５ ", None),
        (MIDNIGHT, None),
        (date(2026, 1, 5), "yyyy年m月d日"),
        (46027, "yyyy/mm/dd"),
    ],
)
def test_dates_are_taken_in_each_usual_form(value, number_format):
    assert parsed("名单", "H4", value, number_format) == draft()


@pytest.mark.requirement("R053")
@pytest.mark.parametrize(
    "value", ["2026/01/31", "２０２６/01/31 ", datetime.combine(date(2026, 1, 31), time())]
)
def test_a_single_day_may_have_become_a_date_cell(value):
    assert parsed("附表", "E4", value) == draft()


@pytest.mark.parametrize("value", [3, 3.0, "3", "３ "])
def test_the_count_may_be_a_number_or_text(value):
    assert parsed("申请", form_cell("查询人数"), value) == draft()


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (13800000000, "13800000000"),
        ("１３８ 0000 0000", "13800000000"),
        ("0531-88880000", "0531-88880000"),
    ],
)
def test_a_mobile_number_loses_nothing_as_a_number(value, meant):
    read = parsed("申请", form_cell("联系电话"), value)
    assert read == replace(draft(), contact=Contact("李样", meant))


@pytest.mark.parametrize("value", ["居民身份证", "身份证", "111", 111])
def test_a_document_type_is_its_label_an_alias_or_its_code(value):
    assert parsed("名单", "D4", value) == draft()


@pytest.mark.requirement("R021")
@pytest.mark.parametrize("value", ["城乡低保", "subsistence-allowance"])
def test_a_business_is_its_label_or_its_code(value):
    assert parsed("申请", form_cell("业务类别"), value) == draft()


def test_an_alias_of_a_business_stays_as_the_form_words_it():
    read = parsed("申请", form_cell("业务类别"), "农村低保")
    assert (read.business, read.business_text) == ("subsistence-allowance", "农村低保")


@pytest.mark.requirement("R051")
@pytest.mark.parametrize(
    ("value", "code"),
    [("全国", "national"), ("部中心", "hub"), ("山东", "370000"), ("山东省", "370000")],
)
def test_a_provider_is_one_of_the_three_kinds(value, code):
    assert parsed("附表", "B4", value).lines[1].provider == code


@pytest.mark.requirement("R005")
@pytest.mark.requirement("R052")
@pytest.mark.parametrize(
    ("value", "category"),
    [
        ("住房公积金", "housing-fund"),
        ("公积金", "housing-fund"),
        ("marriage", "marriage"),
        ("住房公积金账户", "住房公积金账户"),
    ],
)
def test_a_category_is_a_code_where_one_is_known_else_the_title_given(value, category):
    assert parsed("附表", "C4", value).lines[1].category == category


@pytest.mark.parametrize(
    "value", ["姓名、保障房类型", "姓名，保障房类型、", "姓名;保障房类型", "姓名\n保障房类型"]
)
def test_items_are_separated_by_the_usual_marks(value):
    assert parsed("附表", "D4", value) == draft()


def test_household_labels_may_be_whole_numbers():
    assert parsed("名单", "A5", 2) == draft()


def test_a_text_that_begins_with_an_equals_sign_is_a_text():
    def change(workbook):
        workbook["名单"]["F4"].value = "=甲"
        workbook["名单"]["F4"].data_type = "s"

    assert parse(edited(change), TODAY).persons[1].reason == "=甲"


def test_the_cached_value_of_a_formula_is_never_used():
    number = resident_number(1).encode()
    data = in_part(
        "xl/worksheets/sheet3.xml",
        b't="inlineStr"><is><t>' + number + b"</t></is>",
        b't="str"><f>TEXT(1,0)</f><v>' + number + b"</v>",
    )
    assert codes_of(data) == [("名单!E4", "CELL_FORMULA")]


@pytest.mark.parametrize(
    ("stored", "codes"),
    [
        (b"2026-01-05", []),
        (b"2026-01-05T00:00:00", []),
        (b"2026-01-05T10:30:00", [("名单!H4", "DATE_FORMAT")]),
    ],
)
def test_dates_stored_in_iso_form_are_dates(stored, codes):
    def change(workbook):
        workbook["名单"]["H4"].value = "此处"

    data = repacked(
        edited(change),
        lambda _, content: content.replace(
            b't="inlineStr"><is><t>' + "此处".encode() + b"</t></is>",
            b't="d"><v>' + stored + b"</v>",
        ),
    )
    if codes:
        assert codes_of(data) == codes
    else:
        assert parse(data, TODAY) == draft()


def test_a_date_beyond_what_a_spreadsheet_knows_is_an_error_value():
    assert codes_of(with_cell("名单", "H4", 10**9, "yyyy/mm/dd")) == [("名单!H4", "CELL_ERROR")]


@pytest.mark.requirement("R052")
@pytest.mark.parametrize("value", ["、", "，;", " ； , \n"])
def test_separators_without_an_item_do_not_ask_for_all(value):
    assert codes_of(with_cell("附表", "D4", value)) == [("附表!D4", "ITEMS_EMPTY")]
