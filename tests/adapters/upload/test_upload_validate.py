"""What is wrong with a row, where, and what it leads to; never the value itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime

import pytest
from upload_samples import AS_OF, csv_file, known, number, withdrawal, xlsx_file

from adapters.upload.load import check_file
from adapters.upload.read import open_table
from adapters.upload.render import report_json, report_text
from adapters.upload.report import PLACES_EACH, Weight
from adapters.upload.schedule import Schedule, read_period
from adapters.upload.template import DATA_SHEET, MARK_RESOURCE, MARK_SCHEMA, NOTES_SHEET, template
from adapters.upload.validate import Expected, _spoken
from adapters.values import fit
from bus.rules.id_number import check_digit
from schemas.resources import Item, ItemKind, resources

JUNE = read_period(Schedule.MONTHLY, "2026-06")
EXPECTED = Expected(known(), (), AS_OF, JUNE, date(2026, 7, 3))
ITEMS = [item.name for item in known().items]
IN_JUNE = "2026-06-04"


def told(report):
    return [
        (one.weight.value, one.fault.code, one.fault.row, one.fault.column) for one in report.listed
    ]


def column(item):
    return "ABCDEFGH"[ITEMS.index(item)]


def checked(folder, *rows, expected=EXPECTED, **options):
    rows = [{"withdrawn_on": IN_JUNE} | row for row in rows]
    return check_file(csv_file(folder / "a.csv", rows, **options), expected)


def row(serial=1, **changed):
    return withdrawal(serial, **{"withdrawn_on": IN_JUNE, **changed})


def wrong_digit():
    right = number(1)
    return right[:-1] + ("1" if right[-1] != "1" else "2")


@pytest.mark.requirement("R115")
def test_sound_rows_have_nothing_said_of_them(folder):
    report = checked(folder, row(1), row(2, reason=None), row(3, id_type="111"))

    assert (report.rows, report.good, report.refused, told(report)) == (3, 3, 0, [])
    assert report.clean
    assert report.loadable


@pytest.mark.requirement("R115")
@pytest.mark.parametrize(
    ("item", "cell", "weight", "code"),
    [
        ("id_number", "", "fatal", "ID_NUMBER_EMPTY"),
        ("id_number", wrong_digit(), "fatal", "ID_NUMBER_CHECK_DIGIT"),
        ("id_number", "3.70101E+17", "fatal", "ID_NUMBER_FORM"),
        ("id_number", "990000600101001", "fatal", "ID_NUMBER_OLD"),
        ("id_number", "99000020300101001X", "fatal", "ID_NUMBER_BIRTH_DATE"),
        ("id_number", '="x"', "fatal", "CELL_FORMULA"),
        ("id_type", "", "fatal", "ID_TYPE_MISSING"),
        ("id_type", "借书证", "fatal", "VALUE_INVALID"),
        ("name", " ", "error", "NAME_MISSING"),
        ("name", "甲\x01", "error", "VALUE_INVALID"),
        ("amount", "1200.505", "error", "VALUE_INVALID"),
        ("amount", "1,200.50", "error", "VALUE_INVALID"),
        ("amount", "=1+1", "error", "CELL_FORMULA"),
        ("withdrawn_on", "2026-02-30", "error", "VALUE_INVALID"),
        ("withdrawn_on", "2026-07-01", "error", "DATE_AFTER_AS_OF"),
        ("withdrawn_on", "2026-05-31", "warning", "DATE_OUTSIDE_PERIOD"),
        ("id_number", f" {number(1)} ", None, ""),
        ("id_number", number(1)[:6] + " " + number(1)[6:], "warning", "ID_NUMBER_NORMALISED"),
    ],
)
def test_a_cell_is_judged_with_its_place(folder, item, cell, weight, code):
    report = checked(folder, row(9), row(1, **{item: cell}))

    assert told(report) == ([(weight, code, 3, column(item))] if weight else [])
    assert report.good == (2 if weight in {None, "warning"} else 1)
    assert report.loadable is (weight != "fatal")
    assert report.clean is (weight in {None, "warning"})


def test_an_unknown_area_is_a_warning(folder):
    body = "01000019600101001"
    report = checked(folder, row(1, id_number=body + check_digit(body)))
    assert told(report) == [("warning", "ID_NUMBER_AREA", 2, column("id_number"))]


def test_the_same_row_twice_is_told_and_kept(folder):
    report = checked(folder, row(1), row(1), row(1, amount="2.00"))
    assert told(report) == [("warning", "ROW_TWICE", 3, None)]
    assert report.good == 3


def test_blank_rows_are_no_rows_and_a_file_without_any_is_refused(folder):
    blank = dict.fromkeys(ITEMS, " ")
    path = csv_file(folder / "a.csv", [blank, row(1), blank])
    assert (check_file(path, EXPECTED).rows, told(check_file(path, EXPECTED))) == (1, [])

    none = check_file(csv_file(folder / "b.csv", [blank]), EXPECTED)
    assert told(none) == [("fatal", "DATA_EMPTY", None, None)]


def test_cells_without_a_title_and_short_rows(folder):
    path = folder / "a.csv"
    titles = ",".join(item.zh for item in known().items)
    cells = ",".join(str(row(1)[name] or "") for name in ITEMS)
    path.write_text(f"{titles}\n{cells},多出\n{cells.rsplit(',', 2)[0]}\n", encoding="utf-8")

    report = check_file(path, EXPECTED)

    assert told(report) == [("error", "CELL_UNTITLED", 2, "I")]
    assert (report.rows, report.good) == (2, 1)


@pytest.mark.parametrize(
    ("titles", "found"),
    [
        (["张三", *ITEMS[1:]], [("COLUMN_UNKNOWN", "A"), ("COLUMN_MISSING", None)]),
        ([*ITEMS[:-1], "name"], [("COLUMN_TWICE", "H"), ("COLUMN_MISSING", None)]),
        (ITEMS[:-1], [("COLUMN_MISSING", None)]),
        ([*ITEMS, "备注"], [("COLUMN_UNKNOWN", "I")]),
    ],
    ids=["unknown", "twice", "missing", "one more"],
)
def test_the_header_is_whole_and_ours(folder, titles, found):
    report = checked(folder, row(1), titles=titles)

    assert [(c, at) for _, c, _, at in told(report)] == found
    assert not report.loadable
    assert "张三" not in report_text(report)


def test_titles_may_be_field_names_full_width_and_in_any_order(folder):
    titles = [f" {item.zh} " if at % 2 else item.name for at, item in enumerate(known().items)]
    report = checked(folder, row(1), titles=titles)
    assert (report.good, told(report)) == (1, [])


def test_an_item_that_is_not_held_has_no_column(folder):
    expected = replace(EXPECTED, not_held=("paid_to",))
    report = checked(folder, row(1), expected=expected)
    assert [code for _, code, _, _ in told(report)] == ["COLUMN_NOT_HELD"]


def test_numbers_where_text_is_meant_have_lost_digits(folder):
    def change(workbook):
        sheet = workbook[DATA_SHEET]
        sheet["C2"] = 370101199001011234
        sheet["D3"] = 6217000012345678

    path = xlsx_file(folder / "a.xlsx", [row(1), row(2)], change)
    assert told(check_file(path, EXPECTED)) == [
        ("fatal", "CELL_NOT_TEXT", 2, "C"),
        ("error", "CELL_NOT_TEXT", 3, "D"),
    ]


def test_dates_and_amounts_may_be_cells_of_their_kind(folder):
    def change(workbook):
        sheet = workbook[DATA_SHEET]
        sheet[f"{column('withdrawn_on')}2"] = datetime(2026, 6, 4)  # noqa: DTZ001 - as a cell has
        sheet[f"{column('amount')}2"] = 1200.5

    path = xlsx_file(folder / "a.xlsx", [row(1)], change)
    assert told(check_file(path, EXPECTED)) == []


@pytest.mark.requirement("R113")
@pytest.mark.parametrize(
    ("title", "code"), [(MARK_RESOURCE, "TEMPLATE_OF_ANOTHER"), (MARK_SCHEMA, "TEMPLATE_OLD")]
)
def test_a_template_of_another_resource_or_version_is_recognised(folder, title, code):
    def change(workbook):
        for cells in workbook[NOTES_SHEET].iter_rows(max_row=5, max_col=2):
            if cells[0].value == title:
                cells[1].value = "vehicle" if title == MARK_RESOURCE else "0" * 64

    report = check_file(xlsx_file(folder / "a.xlsx", [row(1)], change), EXPECTED)
    assert told(report) == [("fatal", code, None, None)]


def test_places_are_bounded_and_counts_are_not(folder):
    rows = [row(serial, amount="许多") for serial in range(1, PLACES_EACH + 11)]
    report = checked(folder, *rows)

    assert len(report.listed) == PLACES_EACH
    assert report.count(Weight.ERROR) == report.refused == PLACES_EACH + 10
    [counted] = report_json(report)["counts"]
    assert counted == {
        "weight": "error",
        "code": "VALUE_INVALID",
        "column": column("amount"),
        "count": PLACES_EACH + 10,
    }


@pytest.mark.requirement("R115")
def test_no_report_holds_a_value_of_the_file(folder):
    rows = [
        row(1, name="", amount="机密金额", account="机密账号\x01", id_type="机密证件"),
        row(2, id_number=wrong_digit(), reason="机密" * 3000),
    ]
    report = checked(folder, *rows)

    for text in (report_text(report), json.dumps(report_json(report), ensure_ascii=False)):
        assert "机密" not in text
        assert number(1) not in text
        assert wrong_digit() not in text


@pytest.mark.parametrize(
    ("cell", "kept"), [("是", True), ("否", False), ("1", True), ("0", False), ("TRUE", True)]
)
def test_people_write_yes_and_no(cell, kept):
    item = Item("closed", "是否销户", "Closed", ItemKind.BOOLEAN)
    assert fit(item, _spoken(item, cell)) is kept


@pytest.mark.requirement("R113")
@pytest.mark.parametrize("name", sorted(resources()))
def test_every_resource_has_a_template_that_is_read_again(folder, name):
    path = folder / "a.xlsx"
    path.write_bytes(template(resources()[name]))
    expected = replace(EXPECTED, resource=resources()[name])

    report = check_file(path, expected)
    file = open_table(path)
    file.close()

    assert [code for _, code, _, _ in told(report)] == ["DATA_EMPTY"]
    assert file.mark == (name, resources()[name].schema.digest.hex())
