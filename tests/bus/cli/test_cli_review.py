"""What an operator of the hub sees of the queue, and one of a node of a disputed result."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from openpyxl import load_workbook

from bus.cli.recheck import numbers
from bus.errors import InputError
from bus.workbook.template import fill

OPERATOR = ("--operator", "王芳")
PURPOSE = ("--purpose", "最低生活保障对象认定")


@pytest.fixture
def waiting(hedui, manual, workbook, make_draft):
    draft = make_draft(3)
    couple = replace(draft.persons[1], household="H0", relation="10")
    path = workbook(data=fill(replace(draft, persons=(draft.persons[0], couple, draft.persons[2]))))
    sent = hedui("query", "submit", path, "--socket", manual.node, *OPERATOR, "--json")
    manual.settle()
    return json.loads(sent.out)["query"]


@pytest.mark.requirement("R025")
@pytest.mark.requirement("R028")
def test_the_queue_says_why_something_waits_and_how_long(hedui, manual, waiting):
    listed = hedui("application", "list", "--waiting", "--socket", manual.hub)
    shown = hedui("application", "show", waiting, "--socket", manual.hub, *OPERATOR)

    assert waiting in listed.out
    assert "人工审查 MANUAL" in listed.out
    assert "23.0" in listed.out
    assert "按规则须人工审查 MANUAL" in shown.out
    assert "默认 default，manual" in shown.out
    assert "2026-03-05 00:00:00" in shown.out


@pytest.mark.requirement("R067")
def test_an_application_is_returned_for_a_persons_household(hedui, manual, waiting):
    hub = ("--socket", manual.hub, *OPERATOR)
    reason = ("--reason", "CONSENT_DOUBTFUL")
    ended = hedui("application", "return", waiting, "--person", "2", *reason, *hub)
    manual.settle()
    again = hedui("application", "list", "--waiting", "--socket", manual.hub, "--json")
    hedui("application", "accept", waiting, *hub)
    manual.settle()
    node = ("--socket", manual.node, *OPERATOR)
    status = hedui("query", "status", waiting, "--socket", manual.node)
    result = json.loads(hedui("query", "result", waiting, *PURPOSE, *node, "--json").out)

    assert ended.out.split() == [waiting, "SUBMITTED"]
    assert "2 人（授权不齐全）：第 1、2 人" in status.out
    (one,) = json.loads(again.out)
    assert (one["persons"], one["withdrawn"]) == (1, 2)
    assert [p["reference"] for p in result["persons"]] == [3]
    assert [(p["reference"], p["code"]) for p in result["withdrawn"]] == [
        (1, "AUTHORISATION_INCOMPLETE"),
        (2, "AUTHORISATION_INCOMPLETE"),
    ]


@pytest.mark.requirement("R067")
def test_who_was_taken_out_stands_in_the_result_workbook_as_not_asked(
    hedui, manual, waiting, tmp_path
):
    hub = ("--socket", manual.hub, *OPERATOR)
    reason = ("--reason", "CONSENT_DOUBTFUL")
    hedui("application", "return", waiting, "--household", "H0", *reason, *hub)
    manual.settle()
    hedui("application", "accept", waiting, *hub)
    manual.settle()
    out = tmp_path / "result.xlsx"
    node = ("--socket", manual.node, *OPERATOR)
    assert hedui("query", "result", waiting, *PURPOSE, *node, "--out", out).code == 0

    book = load_workbook(out)
    facts = {row[0].value: row[1].value for row in book["概况"]}
    assert facts["未查询人数"] == "2（授权不齐全）"
    said = {row[0].value: row[10].value for row in book["人员结果"].iter_rows(min_row=2)}
    assert said["1"] == said["2"] == "未查询：授权不齐全"
    assert said["3"] in ("查得", "未查得")


@pytest.mark.requirement("R032")
def test_a_result_is_checked_again_and_compared(hedui, live, workbook, tmp_path):
    node = ("--socket", live.node, *OPERATOR)
    sent = hedui("query", "submit", workbook(2), *node, "--json")
    old = json.loads(sent.out)["query"]
    live.settle()
    made = hedui(
        *("query", "recheck", old, "--reason", "OUTDATED", "--persons", "2", *node, "--json")
    )
    new = json.loads(made.out)["summary"]["query"]
    live.settle()
    status = hedui("query", "status", new, "--socket", live.node)
    shown = hedui("query", "difference", new, *PURPOSE, *node)
    out, json_out = tmp_path / "d.xlsx", tmp_path / "d.json"
    files = ("--out", out, "--json-out", json_out)
    written = hedui("query", "difference", new, *PURPOSE, *node, *files)
    refused = hedui("query", "difference", new, *PURPOSE, *node, *files)
    other = hedui("query", "recheck", old, "--reason", "BECAUSE", *node)

    assert (shown.code, "有差异 differ 0" in shown.out) == (0, True)
    assert written.code == 0
    assert f"复核 re-check of │ {old}" in " ".join(status.out.split())
    assert load_workbook(out).sheetnames == ["概况", "结果差异", "记录差异"]
    assert json.loads(json_out.read_text())["rechecks"] == old
    assert "FILE_EXISTS" in refused.err
    assert (other.code, "RECHECK_REASON" in other.err) == (2, True)
    assert "DISPUTED_BY_PERSON" in other.err


@pytest.mark.parametrize(
    ("text", "found"), [("", []), ("1", [1]), ("1,3-5", [1, 3, 4, 5]), (" 2 ，7 ", [2, 7])]
)
def test_numbers_are_read_as_people_write_them(text, found):
    assert numbers(text, "--persons") == found


@pytest.mark.parametrize("text", ["a", "3-1", "0", "1-", "-2", "1-200000", "٣"])
def test_what_are_no_numbers_is_refused(text):
    with pytest.raises(InputError, match="NUMBERS_INVALID"):
        numbers(text, "--persons")
