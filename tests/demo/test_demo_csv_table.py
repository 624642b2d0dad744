"""Agencies' CSV files: what is read, and what is said about what cannot be."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from adapters.demo.csv_table import read_table
from adapters.demo.faults import FAULTS_A_FILE
from schemas.resources import resources

SECRET = "990000198503121011"
ACCOUNT = resources()["housing-fund-account"]
LOAN = resources()["housing-fund-loan"]


@pytest.fixture
def read(tmp_path):
    def read(content: str | bytes, resource=ACCOUNT):
        file = tmp_path / "file.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(file, "agency/file.csv", resource)

    return read


def test_values_have_the_types_of_their_items_and_empty_cells_are_none(read):
    table, faults = read(
        "证件号码,balance,开户日期,status\n"
        f"{SECRET},48632.57,2012-07-02,正常\n"
        f'{SECRET},0.10,20120702,"封存，""旧"""\n'
        f"{SECRET},7,2012/7/2,\n"
    )

    assert faults == []
    assert [item.name for item in table.items] == ["id_number", "balance", "opened_on", "status"]
    assert table.rows == (
        (SECRET, Decimal("48632.57"), date(2012, 7, 2), "正常"),
        (SECRET, Decimal("0.10"), date(2012, 7, 2), '封存，"旧"'),
        (SECRET, Decimal("7.00"), date(2012, 7, 2), None),
    )


def test_a_byte_order_mark_blank_rows_and_trailing_empty_columns_do_no_harm(read):
    table, faults = read(f"\ufeff证件号码,姓名,,\r\n{SECRET},某人,,\r\n,,,\r\n\r\n".encode())

    assert faults == []
    assert table.rows == ((SECRET, "某人"),)


def test_id_types_are_taken_by_code_and_by_title(read):
    table, _ = read(f"id_number,id_type\n{SECRET},居民身份证\nE1,414\nX,\n")

    assert [row[1] for row in table.rows] == ["111", "414", None]


@pytest.mark.parametrize(
    ("content", "code", "row", "column"),
    [
        ("", "DATA_EMPTY", None, None),
        (f"证件号码,姓名\n{SECRET},某人\n".encode("gb18030"), "DATA_ENCODING", 1, None),
        (b"id_number,name\nE1,ok\nE2,\xff\xfe\n", "DATA_ENCODING", 3, None),
        (f'id_number,name\n{SECRET},"某人\n', "DATA_CSV", 2, None),
        (f"id_number,name\n{SECRET},{'长' * 200_000}\n", "DATA_CSV", 2, None),
        (f"{SECRET}\n", "COLUMN_UNKNOWN", 1, "A"),
        ("id_number,name,工资\n", "COLUMN_UNKNOWN", 1, "C"),
        ("id_number,name,姓名\n", "COLUMN_TWICE", 1, "C"),
        ("name,balance\n某人,1\n", "COLUMN_MISSING", 1, None),
        (f"id_number,name\n{SECRET}\n", "ROW_SHORT", 2, None),
        (f"id_number,name\n{SECRET},某人,某人\n", "CELL_UNTITLED", 2, "C"),
        ("id_number,name\n,某人\n", "ID_NUMBER_EMPTY", 2, "A"),
        ("name,id_number\n某人,９９０１\n", "ID_NUMBER_NOT_PLAIN", 2, "B"),
        ("name,id_number\n某人,99０1\n", "ID_NUMBER_NOT_PLAIN", 2, "B"),
        ("name,id_number\n某人,E1\n某人,99 01\n", "ID_NUMBER_NOT_PLAIN", 3, "B"),
        ("name,id_number\n某人,99\u200b01\n", "ID_NUMBER_NOT_PLAIN", 2, "B"),
        (f"id_number,balance\n{SECRET},一万\n", "VALUE_INVALID", 2, "B"),
        (f"id_number,balance\n{SECRET},1.005\n", "VALUE_INVALID", 2, "B"),
        (f"id_number,opened_on\n\n{SECRET},2025-02-30\n", "VALUE_INVALID", 3, "B"),
        (f"id_number,id_type\n{SECRET},身份\n", "VALUE_INVALID", 2, "B"),
        (f"id_number,status\n{SECRET},正\x00常\n", "VALUE_INVALID", 2, "B"),
    ],
)
def test_a_fault_names_file_row_and_column_and_never_the_value(read, content, code, row, column):
    table, faults = read(content)

    assert table is None
    assert [(f.sheet, f.row, f.column, f.code) for f in faults] == [
        ("agency/file.csv", row, column, code)
    ]
    said = "".join(f"{f.zh}{f.en}{f.allowed}" for f in faults)
    assert not any(value in said for value in (SECRET, "某人", "一万", "1.005", "2025-02-30"))


def test_all_faults_of_a_file_are_told_at_once_up_to_a_limit(read):
    _, faults = read("id_number,granted_amount,instalments\nE1,x,1.5\nE2,1,1\n,2,x\n", LOAN)

    assert [(f.row, f.column) for f in faults] == [(2, "B"), (2, "C"), (4, "A"), (4, "C")]

    _, many = read("id_number,balance\n" + "E1,x\n" * 1000)
    assert len(many) == FAULTS_A_FILE


def test_a_missing_file_is_a_fault(tmp_path):
    table, faults = read_table(tmp_path / "none.csv", "agency/none.csv", ACCOUNT)

    assert table is None
    assert [f.code for f in faults] == ["DATA_UNREADABLE"]
