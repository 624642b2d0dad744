"""The demo as a newcomer runs it: what comes out is what the agencies' tables say."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from demo_expectation import answered, expected
from openpyxl import load_workbook

from adapters.demo.agencies import shipped_data
from adapters.demo.postgres_service import installed
from schemas.codes import known_table
from schemas.resources import resources

OUTCOME_ZH = {"FOUND": "查得", "NOT_FOUND": "未查得", "NOT_ANSWERABLE": "无法答复"}


def rows_of(book, sheet):
    found = [
        ["" if c is None else c for c in row] for row in book[sheet].iter_rows(values_only=True)
    ]
    return found[0], found[1:]


@pytest.fixture(scope="session")
def books(stayed, package):
    data = shipped_data()
    return expected(data / "application.xlsx", data / "tables", package)


@pytest.mark.requirement("R051")
@pytest.mark.requirement("R072")
def test_the_result_is_what_the_tables_say_for_everybody(stayed, books):
    assert answered(stayed.result) == books
    assert len(books) == 12 * 8
    assert {kind for kind, _, _ in books.values()} == set(OUTCOME_ZH)
    assert {code for _, code, _ in books.values()} == {None, "NAME_MISMATCH", "ID_TYPE_NOT_HELD"}


def test_the_line_of_json_says_the_same(stayed):
    outcome = stayed.outcome

    assert outcome["state"] == "DELIVERED"
    assert outcome["persons"] == 12
    assert outcome["query"] == stayed.result["query"]
    assert len(outcome["resources"]) == 5
    assert outcome["unanswered"] == []
    assert answered(stayed.result) == answered(
        {
            "lines": stayed.result["lines"],
            "answers": [{**one, "outcomes": [one]} for one in outcome["results"]],
        }
    )
    stages = outcome["stages"]
    assert set(stages) == {
        *("setup", "start", "decision", "dispatch", "answers", "delivered", "total")
    }
    assert all(milliseconds >= 0 for milliseconds in stages.values())
    assert stages["total"] >= sum(stages.values()) - stages["total"] - 1000


def shown(resource, name, value):
    """What the workbook writes for a value of the JSON: a code by its Chinese name."""
    table = known_table(resources()[resource].item(name).codes)
    return "" if value is None else str(value) if table is None else table[value].zh


def test_the_workbook_says_the_same_as_the_json(stayed):
    result = stayed.result
    book = load_workbook(stayed.running.out / "result.xlsx")
    titles = {line["resource"]: line for line in result["lines"]}
    persons = {person["reference"]: person for person in result["persons"]}

    _, people = rows_of(book, "人员结果")
    assert sorted(
        (row[0], row[5], row[8], row[9], row[10], row[11], row[12]) for row in people
    ) == (
        sorted(
            (
                str(one["reference"]),
                persons[one["reference"]]["id_number"],
                titles[answer["resource"]]["title"],
                answer["provider_title"],
                OUTCOME_ZH[one["outcome"]],
                one["code"] or "",
                str(len(one["records"])),
            )
            for answer in result["answers"]
            for one in answer["outcomes"]
        )
    )
    for resource, line in titles.items():
        header, rows = rows_of(book, line["title"])
        items = [item["zh"] for item in line["items"]]
        assert header[-len(items) :] == items
        assert sorted([row[0], *row[-len(items) :]] for row in rows) == sorted(
            [str(one["reference"])]
            + [shown(resource, i["name"], record[i["name"]]) for i in line["items"]]
            for answer in result["answers"]
            if answer["resource"] == resource
            for one in answer["outcomes"]
            for record in one["records"]
        )


def test_the_proof_verifies_offline_against_the_root_beside_it(stayed, hedui):
    out = stayed.running.out

    checked = hedui("proof", "verify", out / "proof.hedui", "--root", out / "root.pem", "--json")

    assert checked.returncode == 0, checked.stderr
    told = json.loads(checked.stdout)
    assert told["valid"] is True
    assert told["account"]["query"] == stayed.outcome["query"]
    assert told["account"]["state"] == "DELIVERED"


def test_the_printed_timeline_tells_every_stage_in_words(stayed):
    said = stayed.running.said()

    for words in (
        "申请提交",
        "形式审查通过，受理",
        "下达查询指令",
        "转达查询指令",
        "反馈（密封，仅申请方可读）：住房公积金账户",
        "批转反馈（未拆封）：江苏住房公积金中心 住房公积金账户",
        "签收",
        "山东省核对中心 → 部中心",
        "部中心 → 江苏省核对中心",
        "江苏省核对中心 → 江苏住房公积金中心（",
        "重庆住房公积金中心（REST） → 重庆市核对中心",
        "部中心婚姻登记库（上传 upload） → 部中心",
        "江苏住房保障部门（介质 medium） → 经办人（无网络）",
        "导出加密签名的介质包：城镇住房保障",
        "离线核验授权、查询、填写，封成返回包：城镇住房保障",
        "导入返回包，再次核验授权：城镇住房保障",
        "仅供试用：没有 TLS",
        "证明已验证，15 项检查全部通过",
    ):
        assert words in said
    assert said.index("申请提交") < said.index("形式审查通过") < said.index("下达查询指令")


def test_the_agencies_have_four_different_connectors_and_the_screen_says_which(stayed):
    sql = "SQL on SQLite" if installed() is None else "SQL on PostgreSQL"
    assert stayed.outcome["connectors"] == {
        "320000.housing-bureau": "sealed medium, by hand",
        "320000.housing-fund": sql,
        "500000.housing-fund": "REST, an HTTP service",
        "hub.marriage": "periodic upload",
    }
    said = stayed.running.said()
    for zh in ("介质方式（无网络", "SQL 连接器（", "REST 连接器（HTTP 服务）", "上传连接器"):
        assert zh in said
    assert all(en in said for en in stayed.outcome["connectors"].values())
    assert "部中心婚姻登记库：部门已上传“婚姻登记”11 行" in said


def test_what_stays_up_can_be_reached_where_it_says(stayed, hedui):
    places = stayed.outcome["stay"]

    assert len(places["metrics"]) == 8
    assert set(places["sockets"]) == {"hub", "370000", "320000", "500000"}
    for url in places["metrics"].values():
        assert "hedui_participant_info" in httpx.get(url).text
    for socket in places["sockets"].values():
        standing = json.loads(hedui("standing", "--socket", socket, "--json").stdout)
        assert (standing["ready"], standing["held"], standing["quarantined"]) == (True, 0, 0)


def test_what_is_handed_over_is_for_its_owner_only(stayed):
    files = [Path(stayed.running.out / name) for name in ("result.xlsx", "result.json")]

    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
