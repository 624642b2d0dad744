"""`hedui query` against a node on a real socket."""

from __future__ import annotations

import io
import json
import stat
from io import BytesIO

import pytest
from openpyxl import load_workbook
from rich.console import Console

from bus.cli import watch
from bus.workbook.template import fill

OPERATOR = ("--operator", "王芳")
PURPOSE = ("--purpose", "最低生活保障对象认定")


@pytest.fixture
def submitted(hedui, live, workbook):
    """The id of a submitted query."""
    ended = hedui("query", "submit", workbook(2), "--socket", live.node, *OPERATOR, "--json")
    assert ended.code == 0, ended.err
    return json.loads(ended.out)["query"]


@pytest.fixture
def delivered(submitted, live):
    live.settle()
    return submitted


def faulty(make_draft):
    book = load_workbook(BytesIO(fill(make_draft(3))))
    book["名单"]["E3"].value = "990000198001010000"
    book["名单"]["D4"].value = "驾驶证"
    book["申请"]["B9"].value = "5"
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def test_submitting_says_id_persons_and_state(hedui, live, workbook):
    ended = hedui("query", "submit", workbook(3), "--socket", live.node, *OPERATOR)

    assert (ended.code, ended.err) == (0, "")
    assert "3 人 persons" in ended.out
    assert "SUBMITTED" in ended.out


def test_a_faulty_workbook_prints_all_faults_as_a_table_and_submits_nothing(
    hedui, live, workbook, make_draft
):
    path = workbook(data=faulty(make_draft))

    ended = hedui("query", "submit", path, "--socket", live.node, *OPERATOR)

    assert (ended.code, ended.out) == (2, "")
    assert "WORKBOOK_FAULTS" in ended.err
    rows = [line.split() for line in ended.err.splitlines()]
    places = {tuple(words[:5:2]) for words in rows if words and words[0] in ("申请", "名单")}
    assert places == {("申请", "9", "B"), ("名单", "3", "E"), ("名单", "4", "D")}
    assert "居民身份证" in ended.err
    assert "not one of the choices" in ended.err
    assert "990000198001010000" not in ended.err
    assert "驾驶证" not in ended.err
    assert hedui("query", "list", "--socket", live.node).out == "没有查询 / no queries\n"


def test_with_json_the_faults_are_one_line(hedui, live, workbook, make_draft):
    path = workbook(data=faulty(make_draft))

    ended = hedui("query", "submit", path, "--socket", live.node, *OPERATOR, "--json")

    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1
    faults = json.loads(ended.err)["faults"]
    assert [(f["sheet"], f["row"], f["column"]) for f in faults] == [
        ("申请", 9, "B"),
        ("名单", 3, "E"),
        ("名单", 4, "D"),
    ]


def test_submitting_needs_an_operator(hedui, live, workbook, monkeypatch):
    path = workbook(1)
    without = hedui("query", "submit", path, "--socket", live.node)
    monkeypatch.setenv("HEDUI_OPERATOR", "李四")
    named = hedui("query", "submit", path, "--socket", live.node, "--json")

    assert (without.code, "OPERATOR_MISSING" in without.err) == (2, True)
    assert json.loads(named.out)["operator"] == "李四"


def test_a_missing_workbook_is_a_coded_error(hedui, live, tmp_path):
    ended = hedui("query", "submit", tmp_path / "no.xlsx", "--socket", live.node, *OPERATOR)
    assert (ended.code, "FILE_UNREADABLE" in ended.err) == (2, True)


def test_status_shows_decision_rows_and_titles(hedui, live, delivered):
    ended = hedui("query", "status", delivered, "--socket", live.node)

    assert ended.code == 0
    assert "已签收 DELIVERED" in ended.out
    assert "受理 accepted policy" in ended.out
    assert "测试单位 hub.marriage" in ended.out
    assert "婚姻登记" in ended.out


def test_an_id_may_be_cut_short_where_it_stays_clear(hedui, live, delivered, workbook):
    socket = ("--socket", live.node)
    one = hedui("query", "status", delivered.replace("-", "")[:12], *socket, "--json")
    short = hedui("query", "status", delivered[:7], *socket)
    no_id = hedui("query", "status", "zzzzzzzzz", *socket)
    other = hedui("query", "status", "ffffffff", *socket)
    hedui("query", "submit", workbook(1), *socket, *OPERATOR)
    both = hedui("query", "status", delivered[:8], *socket)

    assert json.loads(one.out)["summary"]["query"] == delivered
    assert "QUERY_ID " in short.err.replace("\n", " ") or "QUERY_ID [" in short.err
    assert "QUERY_ID" in no_id.err
    assert "QUERY_UNKNOWN" in other.err
    assert "QUERY_AMBIGUOUS" in both.err
    assert delivered in both.err
    assert [e.code for e in (short, no_id, other, both)] == [2] * 4


def test_the_list_and_the_timeline(hedui, live, delivered):
    listed = hedui("query", "list", "--socket", live.node)
    hops = hedui("query", "timeline", delivered, "--socket", live.node)
    as_json = hedui("query", "timeline", delivered, "--socket", live.node, "--json")

    assert delivered in listed.out
    assert "王芳" in listed.out
    assert "Application" in hops.out
    assert "测试单位 320000 320000" in hops.out
    assert {hop["role"] for hop in json.loads(as_json.out)} == {"origin", "relay"}


def test_watching_a_delivered_query_prints_its_hops_once_and_ends(hedui, live, delivered):
    ended = hedui("query", "watch", delivered, "--socket", live.node, "--interval", "0")

    assert ended.code == 0
    *hops, last = ended.out.splitlines()
    timeline = hedui("query", "timeline", delivered, "--socket", live.node, "--json")
    assert len(hops) == len(json.loads(timeline.out))
    assert any("370000 → 测试单位 hub hub  Application" in hop for hop in hops)
    assert any("Answer marriage-registration #1 ← hub.marriage (relay)" in hop for hop in hops)
    assert last.startswith("已签收 DELIVERED")


def test_watching_goes_on_until_the_query_ends(hedui, live, submitted, monkeypatch):
    waits = []

    def wait(seconds):
        waits.append(seconds)
        live.settle()

    monkeypatch.setattr(watch.time, "sleep", wait)

    ended = hedui("query", "watch", submitted, "--socket", live.node, "--json", "--interval", "7")

    assert ended.code == 0
    states = [json.loads(line)["query"]["summary"]["state"] for line in ended.out.splitlines()]
    assert states == ["SUBMITTED", "DELIVERED"]
    assert waits == [7.0]


def test_watching_a_refused_query_ends_with_1_and_its_reason(hedui, manual, workbook):
    sent = hedui("query", "submit", workbook(1), "--socket", manual.node, *OPERATOR, "--json")
    query = json.loads(sent.out)["query"]
    manual.settle()
    refusal = ("--reason", "CONSENT_DOUBTFUL", "--socket", manual.hub, *OPERATOR)
    hedui("application", "refuse", query, *refusal)
    manual.settle()

    ended = hedui("query", "watch", query, "--socket", manual.node)

    assert ended.code == 1
    assert "已拒绝 REFUSED" in ended.out
    assert "CONSENT_DOUBTFUL" in ended.out


@pytest.mark.requirement("R031")
def test_withdrawing_a_query_says_so_and_watching_it_ends_with_1(hedui, manual, workbook):
    sent = hedui("query", "submit", workbook(1), "--socket", manual.node, *OPERATOR, "--json")
    query = json.loads(sent.out)["query"]
    manual.settle()

    wrong = hedui("query", "cancel", query, "--reason", "X", "--socket", manual.node, *OPERATOR)
    reason = ("--reason", "APPLICANT_WITHDREW", "--socket", manual.node)
    nobody = hedui("query", "cancel", query, *reason)
    done = hedui("query", "cancel", query, *reason, *OPERATOR)
    manual.settle()
    ended = hedui("query", "watch", query, "--socket", manual.node)
    late = hedui("query", "cancel", query, *reason, *OPERATOR)
    status = hedui("query", "status", query, "--socket", manual.node)

    assert "REASON_UNKNOWN" in wrong.err
    assert "CONSENT_REVOKED" in wrong.err
    assert "OPERATOR_MISSING" in nobody.err
    assert (done.code, done.out) == (0, f"{query} 撤销中 CANCELLING\n")
    assert ended.code == 1
    assert "已撤销 CANCELLED" in ended.out
    assert "WITHDRAWAL_TOO_LATE" in late.err
    assert "APPLICANT_WITHDREW" in status.out


def test_on_a_terminal_the_picture_shows_rows_and_the_latest_hops(
    hedui, live, delivered, monkeypatch
):
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=200, height=100)
    monkeypatch.setattr(watch, "console", lambda: terminal)

    ended = hedui("query", "watch", delivered, "--socket", live.node)

    assert ended.code == 0
    picture = screen.getvalue()
    assert "已签收 DELIVERED" in picture
    assert "测试单位 hub.marriage" in picture
    assert "Receipt" in picture


@pytest.mark.requirement("R035")
def test_a_result_is_written_for_its_reader_only(hedui, live, delivered, tmp_path, make_draft):
    out, json_out = tmp_path / "result.xlsx", tmp_path / "result.json"
    arguments = ("query", "result", delivered, "--socket", live.node, *OPERATOR, *PURPOSE)

    ended = hedui(*arguments, "--out", out, "--json-out", json_out)
    again = hedui(*arguments, "--out", out)
    forced = hedui(*arguments, "--out", out, "--force")
    printed = hedui(*arguments, "--json")

    assert ended.code == forced.code == 0
    assert "概况" in load_workbook(out).sheetnames
    people = {person["id_number"] for person in json.loads(json_out.read_text())["persons"]}
    assert people == {person.id_number for person in make_draft(2).persons}
    assert {stat.S_IMODE(file.stat().st_mode) for file in (out, json_out)} == {0o600}
    assert (again.code, "FILE_EXISTS" in again.err) == (2, True)
    assert json.loads(printed.out)["query"] == delivered
    audit = json.loads(hedui("audit", "list", "--socket", live.node, "--json").out)
    # Workbook, JSON, workbook again, printed; the refused one asked for nothing.
    assert [e["actor"] for e in audit if e["event"] == "result.read"] == ["operator:王芳"] * 4
    assert sorted(file.name for file in tmp_path.iterdir() if file.name.startswith(".")) == []


def test_a_result_needs_a_place_and_a_purpose(hedui, live, delivered):
    base = ("query", "result", delivered, "--socket", live.node, *OPERATOR)
    assert "OUT_MISSING" in hedui(*base, *PURPOSE).err
    blank = hedui(*base, "--purpose", " ", "--json")
    assert (blank.code, json.loads(blank.err)["code"]) == (2, "PURPOSE_MISSING")
    assert hedui(*base, "--json").code == 2


@pytest.mark.requirement("R035")
def test_a_result_goes_to_no_file_of_another_kind_and_is_not_read_for_it(
    hedui, live, delivered, tmp_path
):
    base = ("query", "result", delivered, "--socket", live.node, *OPERATOR, *PURPOSE)
    book = hedui(*base, "--out", tmp_path / "r.json", "--json")
    text = hedui(*base, "--json-out", tmp_path / "r.xlsx")
    audit = hedui("audit", "list", "--socket", live.node)

    assert (book.code, json.loads(book.err)["code"]) == (2, "FILE_SUFFIX")
    assert (text.code, "FILE_SUFFIX" in text.err) == (2, True)
    assert not list(tmp_path.glob("r.*"))
    assert "result.read" not in audit.out


def test_every_command_takes_an_operator(hedui, live, delivered):
    node = ("--socket", live.node, *OPERATOR)
    for command in (("list",), ("status", delivered), ("timeline", delivered)):
        assert hedui("query", *command, *node).code == 0
    assert hedui("query", "watch", delivered, *node, "--interval", "0").code == 0


@pytest.mark.parametrize("name", ["a" * 65, "甲\u0007"])
def test_an_operator_that_is_no_name_is_said_of_the_option(hedui, workbook, tmp_path, name):
    ended = hedui(
        "query", "submit", workbook(1), "--socket", tmp_path / "no", "--operator", name, "--json"
    )
    body = json.loads(ended.err)
    assert (body["code"], body["where"]) == ("OPERATOR_INVALID", "--operator")
