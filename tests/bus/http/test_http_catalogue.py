"""The catalogue behind the operator's API: entries, versions, differences, reports."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from openpyxl import load_workbook

REPORT = """
[[agency]]
id = "370000.housing-fund"
[[agency.resource]]
resource = "housing-fund-account"
items = ["balance"]
term_working_days = 9
level = "地市级"
range = "仅最新"
updates = "每月"
"""
TOML = {"Content-Type": "application/toml"}


@pytest.mark.requirement("R036")
async def test_the_catalogue_is_shown_whole_and_by_category(node):
    whole = (await node.http.get("/catalogue")).json()
    part = (await node.http.get("/catalogue", params={"category": "公积金"})).json()

    assert (whole["version"], part["version"]) == (1, 1)
    assert whole["since"]
    assert {e["category"] for e in part["entries"]} == {"housing-fund"}
    assert len(part["entries"]) < len(whole["entries"])
    (account,) = [e for e in part["entries"] if e["resource"] == "housing-fund-account"]
    offer = next(o for o in account["offers"] if o["provider"] == "320000.housing-fund")
    assert (offer["area"], offer["level"], offer["mode"]) == ("320000", "province", "online")
    assert (offer["range"], offer["updates"], offer["term_working_days"]) == (None, None, 5)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?category=渔船", 422, "CATEGORY_UNKNOWN"),
        ("?version=99", 404, "CATALOGUE_UNKNOWN"),
        ("?version=0", 422, "REQUEST_INVALID"),
        ("/difference?old=1&new=99", 404, "CATALOGUE_UNKNOWN"),
        ("/difference?old=1", 422, "REQUEST_INVALID"),
    ],
)
async def test_what_is_not_there_is_said_by_code(node, query, status, code):
    response = await node.http.get(f"/catalogue{query}")
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.requirement("R036")
async def test_the_workbook_has_a_row_for_each_resource_of_each_agency(node, xlsx):
    response = await node.http.get("/catalogue/workbook")
    again = await node.http.get("/catalogue/workbook", params={"version": 1})
    assert response.headers["content-type"] == xlsx
    assert response.content == again.content
    book = load_workbook(BytesIO(response.content))
    header, *rows = book["资源目录"].iter_rows(values_only=True)
    assert header[:5] == ("内容类别", "信息资源", "信息提供方", "机构", "层级")
    found = [dict(zip(header, row, strict=True)) for row in rows]
    (row,) = [r for r in found if r["信息资源"] == "婚姻登记"]
    assert (row["信息提供方"], row["机构"], row["层级"]) == (
        "部中心",
        "测试单位 hub.marriage",
        "部中心",
    )
    assert (row["反馈期限（工作日）"], row["反馈方式"], row["时间范围"]) == ("5", "联机", None)
    assert dict(book["说明"].iter_rows(min_row=2, values_only=True))["资源目录版本"] == "1"


@pytest.mark.requirement("R037")
@pytest.mark.requirement("R038")
async def test_a_province_reports_and_the_hub_says_who_has(land, node, operator, operator_said):
    template = (await node.http.get("/catalogue/reports/template")).text
    sent = await node.http.post("/catalogue/reports", content=REPORT, headers=operator | TOML)
    listed = (await node.http.get("/catalogue/reports")).json()

    assert '"370000.housing-fund"' in template
    assert "320000" not in template
    assert sent.status_code == 200
    assert (sent.json()["number"], sent.json()["state"]) == (1, "SENT")
    assert [(r["reporter"], r["listed"]) for r in listed] == [("370000", False)]
    await land.settle()
    (noted,) = [e.event for e in await node.audit() if e.event.event == "catalogue.reported"]
    assert noted.actor == operator_said
    async with land["hub"].store.transaction() as unit:
        assert [(r.reporter, r.number) for r in await unit.catalogue_reports()] == [("370000", 1)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (REPORT.replace("地市级", "中级"), "REPORT_FILE"),
        (REPORT.replace("= 9", "= 0"), "REPORT_TERM"),
        (REPORT.replace("370000", "320000"), "REPORT_AGENCY_NOT_BELOW"),
        (b"\xff", "REPORT_FILE"),
    ],
)
async def test_a_faulty_report_is_refused_with_its_place(node, operator, content, code):
    response = await node.http.post(
        "/catalogue/reports",
        content=content if isinstance(content, bytes) else content.encode(),
        headers=operator | TOML,
    )
    assert (response.status_code, response.json()["code"]) == (422, code)
    assert response.json()["remedy_zh"] or code == "REPORT_FILE"


async def test_a_report_needs_an_operator(node):
    response = await node.http.post("/catalogue/reports", content=REPORT, headers=TOML)
    assert response.json()["code"] == "OPERATOR_MISSING"


@pytest.mark.requirement("R038")
async def test_the_hub_lists_who_is_overdue(hub):
    listed = (await hub.http.get("/catalogue/reports")).json()
    assert {r["reporter"] for r in listed if r["overdue"]} == {"320000", "370000", "500000"}
    assert {r["report"] for r in listed} == {None}


@pytest.mark.requirement("R036")
async def test_versions_and_their_difference(manual_land, hub):
    await manual_land.publish()
    first = manual_land.directory.version
    members = manual_land.directory.participants
    less = replace(members["hub.marriage"], offers=())
    await manual_land.publish(less)
    versions = (await hub.http.get("/catalogue/versions")).json()
    changed = await hub.http.get("/catalogue/difference", params={"old": first, "new": first + 1})
    before = await hub.http.get("/catalogue", params={"version": first, "category": "婚姻"})

    assert [v["version"] for v in versions] == [first + 1, first, 1]
    assert changed.json() == [
        {
            "what": "WITHDRAWN",
            "resource": "marriage-registration",
            "agency": "hub.marriage",
            "fields": [],
        }
    ]
    assert before.json()["entries"][0]["resource"] == "marriage-registration"
    assert (await hub.http.get("/catalogue", params={"category": "婚姻"})).status_code == 422
