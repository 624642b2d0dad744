"""What stands in an uploaded file: encodings, delimiters, workbooks, and what is never trusted."""

from __future__ import annotations

import hashlib
import zipfile
from datetime import datetime

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.table import Table
from upload_samples import csv_file, known, withdrawal, xlsx_file

from adapters.upload import read_csv, read_xlsx
from adapters.upload.read import open_table
from adapters.upload.template import CODES_SHEET, DATA_SHEET, NOTES_SHEET
from bus.workbook.faults import WorkbookFaults
from bus.workbook.stream import Odd

ROWS = [withdrawal(1), withdrawal(2, name="䶮𠮷")]
TITLES = tuple(item.zh for item in known().items)


def rows_of(path):
    file = open_table(path)
    try:
        return [row for piece in file.pieces() for row in piece]
    finally:
        file.close()


def fault(path):
    with pytest.raises(WorkbookFaults) as refused:
        rows_of(path)
    [found] = refused.value.faults
    return found


def notes(path):
    file = open_table(path)
    file.close()
    return [(problem.code, row, column) for problem, row, column in file.notes]


@pytest.mark.parametrize(
    ("encoding", "noted"),
    [("utf-8", []), ("utf-8-sig", []), ("gb18030", [("DATA_GB18030", None, None)])],
)
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_csv_file_is_read_in_the_encodings_departments_write(folder, encoding, noted, delimiter):
    path = csv_file(folder / "a.csv", ROWS, encoding=encoding, delimiter=delimiter)

    [(first, titles), (_, one), (last, two)] = rows_of(path)

    assert (first, last, titles) == (1, 3, TITLES)
    assert one[0] == "样本1"
    assert two[0] == "䶮𠮷"
    assert notes(path) == noted
    file = open_table(path)
    file.close()
    assert file.digest == hashlib.sha256(path.read_bytes()).digest()


def test_bytes_across_a_block_are_one_character(folder, monkeypatch):
    monkeypatch.setattr(read_csv, "_BLOCK", 7)
    for encoding in ("utf-8", "gb18030"):
        path = csv_file(folder / f"{encoding}.csv", ROWS, encoding=encoding)
        assert rows_of(path)[2][1][0] == "䶮𠮷"


@pytest.mark.parametrize(
    ("content", "code", "row"),
    [
        ("姓名\n张三\n".encode("utf-16"), "DATA_ENCODING", 1),
        ("姓名\n".encode() + b"\xff\xff\n", "DATA_ENCODING", 2),
        ("姓名\n张三\n".encode() + b"\x00\n", "DATA_ENCODING", 3),
        ("姓名\n".encode("gb18030") + "张三".encode() + b"\x81", "DATA_ENCODING", 2),
        (b"", "DATA_EMPTY", None),
        ('姓名\n"张三\n'.encode(), "DATA_CSV", 2),
        ('姓名\n"张"三\n'.encode(), "DATA_CSV", 2),
        (("姓名\n" + "张" * 200_000 + "\n").encode(), "DATA_CSV", 2),
    ],
    ids=["UTF-16", "neither", "NUL", "cut off", "empty", "open quote", "quote inside", "endless"],
)
def test_what_is_no_text_table_is_refused_with_its_row(folder, content, code, row):
    path = folder / "a.csv"
    path.write_bytes(content)

    found = fault(path)

    assert (found.code, found.row) == (code, row)
    assert "张三" not in found.zh + found.en + found.allowed


def test_a_formula_in_a_csv_file_is_one_too(folder):
    path = csv_file(folder / "a.csv", [withdrawal(1, account='="0012"')])
    assert rows_of(path)[1][1][TITLES.index("个人账号")] is Odd.FORMULA


def test_a_file_that_changes_while_it_is_read_is_refused(folder):
    path = csv_file(folder / "a.csv", ROWS)
    file = open_table(path)
    with path.open("a") as grown:
        grown.write("one more\n")

    with pytest.raises(WorkbookFaults) as refused:
        list(file.pieces())
    file.close()
    assert [one.code for one in refused.value.faults] == ["FILE_CHANGED"]


@pytest.mark.parametrize("module", [read_csv, read_xlsx])
def test_a_file_beyond_its_size_is_not_opened(folder, monkeypatch, module):
    monkeypatch.setattr(module, "SIZE_LIMIT", 10)
    if module is read_csv:
        path = csv_file(folder / "a.csv", ROWS)
    else:
        path = xlsx_file(folder / "a.xlsx", ROWS)
    assert fault(path).code == "FILE_TOO_LARGE"


def test_a_file_that_is_not_there_is_told_by_code(folder):
    assert fault(folder / "none.csv").code == "DATA_UNREADABLE"


@pytest.mark.requirement("R113")
def test_a_filled_template_is_read_with_what_it_says_of_itself(folder):
    path = xlsx_file(folder / "a.xlsx", ROWS)

    file = open_table(path)
    rows = [row for piece in file.pieces() for row in piece]
    file.close()

    assert (file.sheet, file.notes) == (DATA_SHEET, [])
    assert file.mark == ("housing-fund-withdrawal", known().schema.digest.hex())
    assert [number for number, _ in rows] == [1, 2, 3]
    assert rows[0][1] == TITLES
    assert rows[2][1][0] == "䶮𠮷"


def test_cells_keep_their_kind_and_formulas_are_never_computed(folder):
    def change(workbook):
        sheet = workbook[DATA_SHEET]
        sheet["A2"] = "=1+1"
        sheet["B2"] = "#N/A"
        sheet["B2"].data_type = "e"
        sheet["C2"] = 370101199001011234
        sheet["D2"] = True
        sheet["G2"] = datetime(2026, 5, 4)  # noqa: DTZ001 - a cell has no zone

    cells = rows_of(xlsx_file(folder / "a.xlsx", [], change))[1][1]

    assert cells[:2] == (Odd.FORMULA, Odd.ERROR)
    assert isinstance(cells[2], int | float)
    assert cells[3] is True
    assert cells[6] == datetime(2026, 5, 4)  # noqa: DTZ001 - as above


def test_what_is_hidden_or_passed_over_is_told(folder):
    def change(workbook):
        sheet = workbook[DATA_SHEET]
        sheet.row_dimensions[2].hidden = True
        sheet.column_dimensions["D"].hidden = True
        workbook.create_sheet("草稿")["A1"] = "x"
        workbook.create_sheet("空表")

    path = xlsx_file(folder / "a.xlsx", ROWS, change)

    assert sorted(notes(path), key=str) == [
        ("COLUMN_HIDDEN", None, 3),
        ("ROW_HIDDEN", 2, None),
        ("SHEET_PASSED_OVER", None, None),
    ]
    assert len(rows_of(path)) == 3


def test_a_hidden_sheet_of_rows_is_told(folder):
    def change(workbook):
        workbook[DATA_SHEET].sheet_state = "hidden"
        workbook.active = workbook.worksheets.index(workbook[NOTES_SHEET])

    assert notes(xlsx_file(folder / "a.xlsx", ROWS, change)) == [("SHEET_HIDDEN", None, None)]


def merged(workbook):
    workbook[DATA_SHEET].merge_cells("A2:A3")


def too_wide(workbook):
    workbook[DATA_SHEET].cell(2, 300, "x")


def ambiguous(workbook):
    workbook[DATA_SHEET].title = "一"
    workbook.create_sheet("二")["A1"] = "x"


@pytest.mark.parametrize(
    ("change", "code"),
    [(merged, "MERGED_CELLS"), (too_wide, "TOO_WIDE"), (ambiguous, "SHEET_MISSING")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_workbook_that_can_be_read_in_two_ways_is_refused(folder, change, code):
    assert fault(xlsx_file(folder / "a.xlsx", ROWS, change)).code == code


def test_a_plain_workbook_with_one_sheet_will_do(folder):
    workbook = Workbook()
    workbook.active.append(list(TITLES))
    workbook.active.append(["样本1"])
    workbook.active.add_table(Table(displayName="t", ref="A1:B2"))
    workbook.save(folder / "a.xlsx")

    file = open_table(folder / "a.xlsx")
    assert (file.sheet, file.mark) == ("Sheet", None)
    file.close()


def test_a_zip_that_inflates_without_end_is_refused_before_it_is_read(folder):
    path = folder / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (8 << 20))
    assert fault(path).code == "FILE_INFLATES"


def test_macros_and_old_formats_are_refused_by_name(folder):
    path = folder / "a.xlsx"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    assert fault(path).code == "FILE_OLD_FORMAT"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    assert fault(path).code == "MACROS"


def test_a_damaged_sheet_ends_with_a_fault_and_not_with_its_content(folder):
    path = xlsx_file(folder / "a.xlsx", ROWS)
    broken = folder / "b.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(broken, "w") as archive:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = content[: len(content) // 2]
            archive.writestr(name, content)
    assert fault(broken).code == "FILE_DAMAGED"


@pytest.mark.requirement("R113")
def test_the_template_keeps_digits_offers_codes_and_says_what_each_item_takes(folder):
    workbook = load_workbook(xlsx_file(folder / "a.xlsx", []))
    data, notes_, codes = (workbook[name] for name in (DATA_SHEET, NOTES_SHEET, CODES_SHEET))

    columns = {cell.value: cell.column_letter for cell in data[1]}
    assert tuple(columns) == TITLES
    for title in ("姓名", "证件类型", "证件号码", "个人账号"):
        assert data.column_dimensions[columns[title]].number_format == "@"
    rules = {str(rule.sqref).split("2")[0]: rule for rule in data.data_validations.dataValidation}
    offered = rules[columns["证件类型"]].formula1
    assert offered.startswith(f"{CODES_SHEET}!$B$2")
    assert [codes["A2"].value, codes["B2"].value] == ["111", "居民身份证"]
    assert rules[columns["提取金额"]].prompt == "金额（元），至多 2 位小数"
    explained = {row[0].value: row for row in notes_.iter_rows() if row[0].value}
    assert [cell.value for cell in explained["证件号码"]] == ["证件号码", "文本", "ID number", "是"]
    assert explained["提取金额"][1].value == "金额（元），至多 2 位小数"


def test_what_stands_between_tabs_may_hold_commas(folder):
    path = csv_file(folder / "a.csv", [withdrawal(1, reason="购买,翻建")], delimiter="\t")
    assert rows_of(path)[1][1][TITLES.index("提取原因")] == "购买,翻建"
