"""`hedui catalog` against daemons on real sockets."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from openpyxl import load_workbook

from signer.certificates import PathValidator
from signer.proof.later import read_directory_file

OPERATOR = ("--operator", "王芳")


@pytest.mark.requirement("R036")
def test_the_catalogue_is_shown_for_people_and_programs(hedui, live):
    node = ("--socket", live.node)
    shown = hedui("catalog", "show", *node, "--category", "住房公积金")
    told = hedui("catalog", "show", *node, "--version", 1, "--json")
    versions = hedui("catalog", "versions", *node)
    same = hedui("catalog", "diff", 1, 1, *node)

    assert "资源目录第 1 版" in shown.out
    for text in ("住房公积金账户", "housing-fund-account", "江苏", "省级", "5 个工作日", "联机"):
        assert text in shown.out
    assert "婚姻登记" not in shown.out
    assert json.loads(told.out)["version"] == 1
    assert "版本 version" in versions.out
    assert same.out == "两个版本内容相同 / they do not differ\n"


@pytest.mark.requirement("R036")
def test_it_is_exported_signed_and_as_a_workbook(hedui, live, tmp_path):
    node = ("--socket", live.node)
    book, signed = tmp_path / "c.xlsx", tmp_path / "c.hedui-directory"
    made = hedui("catalog", "export", "--out", book, "--version", 1, *node)
    also = hedui("catalog", "export", "--out", signed, *node)

    assert (made.code, also.code) == (0, 0)
    assert load_workbook(BytesIO(book.read_bytes())).sheetnames == ["资源目录", "说明"]
    first, *others = (root.der for root in live.country.roots)
    adopted = read_directory_file(signed.read_bytes(), PathValidator(first, others))
    assert adopted
    wrong = hedui("catalog", "export", "--out", tmp_path / "c.pdf", *node)
    old = hedui("catalog", "export", "--out", tmp_path / "d.hedui-directory", "--version", 1, *node)
    assert (wrong.code, "FILE_SUFFIX" in wrong.err) == (2, True)
    assert (old.code, "SIGNED_VERSION" in old.err) == (2, True)


@pytest.mark.requirement("R037")
@pytest.mark.requirement("R038")
def test_a_template_is_confirmed_and_reported(hedui, live, tmp_path):
    node, hub = ("--socket", live.node), ("--socket", live.hub)
    file = tmp_path / "report.toml"
    written = hedui("catalog", "template", "--out", file, *node)
    unnamed = hedui("catalog", "report", file, *node)
    sent = hedui("catalog", "report", file, *node, *OPERATOR)
    live.settle()
    own = hedui("catalog", "reports", *node)
    everybody = hedui("catalog", "reports", *hub)

    assert written.code == 0
    assert "请核实" in file.read_text(encoding="utf-8")
    assert (unnamed.code, "OPERATOR_MISSING" in unnamed.err) == (2, True)
    assert "第 1 号上报已上报：1 家机构、1 项资源" in sent.out
    assert "已上报 SENT" in own.out
    assert "已收录 FILED" in everybody.out
    assert "未上报 none" in everybody.out
    assert everybody.out.count("逾期 overdue") == 3  # the column, and the two that are silent

    file.write_text(file.read_text(encoding="utf-8").replace("= 5", "= 0"), encoding="utf-8")
    bad = hedui("catalog", "report", file, *node, *OPERATOR)
    assert bad.code == 2
    assert "REPORT_TERM" in bad.err
    assert "370000.housing-fund housing-fund-account" in bad.err
    again = hedui("catalog", "report", file, *node, *OPERATOR, "--number", 1)
    assert "REPORT_NOT_NEWER" in again.err


@pytest.mark.requirement("R049")
def test_the_applications_template_is_filled_from_the_catalogue_and_says_which(
    hedui, live, tmp_path
):
    out = tmp_path / "t.xlsx"
    hedui("application", "template", "--out", out, "--socket", live.node)
    sheet = load_workbook(BytesIO(out.read_bytes()))["资源目录"]
    assert sheet["A1"].value.startswith("资源目录（第 1 版，自 2026-03-02")
    rows = {row[1]: row for row in sheet.iter_rows(min_row=3, values_only=True)}
    account = rows["住房公积金账户"]
    assert account[0] == "住房公积金"
    assert "个人账户余额" in account[2]
    assert account[3:] == ("江苏、山东、重庆", None, "5 个工作日")
