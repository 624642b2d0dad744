"""Who saw this person's data, from the command line; the number stays in its file."""

from __future__ import annotations

import json

import pytest
from openpyxl import load_workbook

AUDITOR = ("--operator", "审计员")
DAYS = ("--from", "2026-03-01", "--to", "2026-03-31")


@pytest.fixture
def query(hedui, live, workbook, tmp_path):
    """A query whose result 张三 has read."""
    local = ("--socket", live.node)
    ended = hedui("query", "submit", workbook(2), *local, "--operator", "王芳", "--json")
    found = json.loads(ended.out)["query"]
    live.settle()
    out = ("--out", tmp_path / "result.xlsx")
    got = hedui("query", "result", found, "--purpose", "低保", *out, *local, "--operator", "张三")
    assert got.code == 0, got.err
    return found


@pytest.fixture
def number_file(tmp_path, make_draft):
    file = tmp_path / "number"
    file.touch(0o600)
    file.write_text(make_draft(2).persons[0].id_number + "\n")
    return file


@pytest.mark.requirement("R077")
@pytest.mark.requirement("R078")
def test_a_report_about_a_person_names_who_read_and_what_for(
    hedui, live, query, number_file, tmp_path
):
    number = number_file.read_text().strip()
    base = ("audit", "report", *DAYS, "--person-number-file", number_file)
    book, document = tmp_path / "report.xlsx", tmp_path / "report.json"

    shown = hedui(*base, "--socket", live.node, *AUDITOR)
    printed = hedui(*base, "--socket", live.node, *AUDITOR, "--json", "--of", "张三")
    for file in (book, document):
        assert hedui(*base, "--socket", live.node, *AUDITOR, "--out", file).code == 0

    assert "result.read" in shown.out
    assert "张三" in shown.out
    assert query in shown.out
    (act,) = json.loads(printed.out)["acts"]
    assert (act["operator"], act["purpose"], act["query"]) == ("张三", "低保", query)
    assert len(json.loads(document.read_text())["acts"]) == 2
    sheet = load_workbook(book)["操作 acts"]
    assert [row[2] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["王芳", "张三"]
    for text in (shown.out, printed.out, document.read_text(), live.log.getvalue()):
        assert number not in text


@pytest.mark.requirement("R077")
def test_an_inspection_is_shown_and_names_the_chain(hedui, live, query, tmp_path):
    base = ("audit", "inspect", *DAYS, "--socket", live.node, *AUDITOR)
    book = tmp_path / "inspection.xlsx"

    shown = hedui(*base)
    written = hedui(*base, "--out", book)
    printed = hedui(*base, "--json")

    assert "完整 holds" in shown.out
    assert "result.read 1" in shown.out
    assert written.out == f"已写出 / written: {book}\n"
    assert load_workbook(book).sheetnames == ["概况", "操作员 operators"]
    reads = {one["operator"]: one["reads"] for one in json.loads(printed.out)["operators"]}
    assert reads["张三"] == 1


def test_what_cannot_be_asked_or_written_is_told_first(hedui, live, query, number_file, tmp_path):
    base = ("audit", "report", *DAYS, "--socket", live.node, *AUDITOR)
    number_file.chmod(0o644)

    readable = hedui(*base, "--person-number-file", number_file)
    suffix = hedui(*base, "--out", tmp_path / "report.txt")
    nobody = hedui("audit", "report", *DAYS, "--socket", live.node)

    assert "KEY_FILE_READABLE" in readable.err
    assert "FILE_SUFFIX" in suffix.err
    assert "OPERATOR_MISSING" in nobody.err
