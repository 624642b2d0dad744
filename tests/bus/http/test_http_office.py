"""What hub and nodes share, and how errors look, whatever raises them."""

from __future__ import annotations

import json

import pytest
from country import NOW

from bus.errors import ConfigError, DefectError, PendingError, RefusedError, UnavailableError

YEAR_TABLE = """
year = 2027
source = "国办发明电〔2026〕测试号"
holidays = [2027-01-01, 2027-01-02, 2027-01-03]
workdays = [2027-02-20]
"""


async def put_into_quarantine(desk):
    async with desk.store.transaction() as unit:
        return await unit.quarantine(
            "hedui.370000.inbox", 0, 7, b"key", b"no envelope", (), "MALFORMED", "", NOW
        )


async def test_standing_and_catalogue(node):
    standing = (await node.http.get("/standing")).json()
    catalogue = (await node.http.get("/catalogue")).json()

    assert (standing["participant"], standing["ready"]) == ("370000", True)
    assert standing["directory_version"] == catalogue["version"] == 1
    marriage = next(e for e in catalogue["entries"] if e["resource"] == "marriage-registration")
    assert marriage["providers"] == ["hub.marriage"]
    assert "姓名" in marriage["items"]


async def test_quarantine_is_listed_without_content_and_replayed_by_a_named_operator(
    node, operator, operator_said
):
    number = await put_into_quarantine(node)

    listed = (await node.http.get("/quarantine")).json()
    replayed = await node.http.post(f"/quarantine/{number}/replay", headers=operator)
    after = (await node.http.get("/quarantine")).json()

    assert [(q["number"], q["code"], q["bytes"]) for q in listed] == [(number, "MALFORMED", 11)]
    assert not {"key", "value", "headers"} & set(listed[0])
    assert replayed.json() == {"number": number, "refused": "MAGIC"}
    assert after[0]["replayed"] is not None
    # It was given to the step, which refused it again.
    assert len(after) == 2
    noted = [e.event for e in await node.audit() if e.event.event == "quarantine.replayed"]
    assert [(e.actor, e.detail) for e in noted] == [(operator_said, {"number": number})]


async def test_an_unknown_number_is_not_found(node, operator):
    response = await node.http.post("/quarantine/9/replay", headers=operator)

    assert (response.status_code, response.json()["code"]) == (404, "QUARANTINE_UNKNOWN")


@pytest.mark.parametrize(
    "query", ["after=-1", "limit=0", "limit=1001", "after=x", f"after={2**63}"]
)
async def test_numbers_out_of_range_are_refused_with_their_place(node, query):
    response = await node.http.get(f"/audit?{query}")

    assert (response.status_code, response.json()["code"]) == (422, "REQUEST_INVALID")
    assert response.json()["findings"][0]["where"] == f"query.{query.partition('=')[0]}"


async def test_the_audit_chain_is_read_in_pages(node):
    await node.submit(persons=1)
    await node.submit(persons=1)

    first = (await node.http.get("/audit?limit=1")).json()
    rest = (await node.http.get(f"/audit?after={first[0]['number']}")).json()

    assert [e["event"] for e in first + rest] == ["query.submitted", "query.sent"] * 2
    assert first[0]["actor"] == "operator:王芳"
    assert first[0]["hash"] != rest[0]["hash"]


async def test_a_year_table_is_imported_and_a_bad_one_changes_nothing(
    node, operator, operator_said
):
    good = await node.http.put("/calendar", content=YEAR_TABLE, headers=operator)
    bad = await node.http.put("/calendar", content="year = 2027", headers=operator)
    binary = await node.http.put("/calendar", content=b"\xff\xfe", headers=operator)

    assert (good.status_code, good.json()) == (200, {"year": 2027})
    assert (bad.status_code, bad.json()["code"]) == (422, "YEAR_TABLE_FORMAT")
    assert (binary.status_code, binary.json()["code"]) == (422, "YEAR_TABLE_ENCODING")
    imported = [e.event for e in await node.audit() if e.event.event == "calendar.imported"]
    assert [e.actor for e in imported] == [operator_said]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (UnavailableError, 503),
        (PendingError, 503),
        (RefusedError, 409),
        (ConfigError, 500),
        (DefectError, 500),
    ],
)
async def test_each_kind_of_error_has_its_status(node, monkeypatch, kind, status):
    async def fail():
        raise kind("SOME_CODE", "中文", "english", remedy_zh="补", remedy_en="mend", where="there")

    monkeypatch.setattr(node.service, "queries", fail)

    response = await node.http.get("/queries")

    assert response.status_code == status
    assert response.json() == {
        "code": "SOME_CODE",
        "zh": "中文",
        "en": "english",
        "remedy_zh": "补",
        "remedy_en": "mend",
        "where": "there",
        "findings": [],
        "faults": [],
    }


async def test_an_unforeseen_error_says_nothing_of_its_text(node, monkeypatch, log):
    async def fail():
        raise ValueError("测试甲 990000198001010000")

    monkeypatch.setattr(node.service, "queries", fail)

    response = await node.http.get("/queries")

    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL")
    line = next(json.loads(x) for x in log.getvalue().splitlines() if "http.internal" in x)
    assert line["code"] == "ValueError"
    assert "test_http_office.py" in line["where"]
    assert "990000198001010000" not in response.text + log.getvalue()


async def test_calls_of_operators_are_logged_without_their_names(node, log, operator):
    await node.http.get("/standing")
    await node.submit(persons=1)

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["event"], line["kind"], line["url"], line["code"]) for line in lines] == [
        ("operator.call", "POST", "/api/v1/queries", "201")
    ]
    assert "王芳" not in log.getvalue()


def references(part):
    if isinstance(part, dict):
        return [
            ref
            for key, value in part.items()
            for ref in ([value] if key == "$ref" else references(value))
        ]
    return [ref for item in part for ref in references(item)] if isinstance(part, list) else []


def resolves(document, ref):
    for step in ref.removeprefix("#/").split("/"):
        document = document.get(step.replace("~1", "/"))
        if document is None:
            return False
    return True


async def test_the_api_describes_itself(node, hub):
    at_node = (await node.http.get("/openapi.json")).json()
    at_hub = (await hub.http.get("/openapi.json")).json()

    assert "/api/v1/queries/{query}/result.xlsx" in at_node["paths"]
    assert "/api/v1/applications/{query}/refuse" in at_hub["paths"]
    submit = at_node["paths"]["/api/v1/queries"]["post"]
    assert len(submit["requestBody"]["content"]) == 2
    for document in (at_node, at_hub):
        assert all(resolves(document, ref) for ref in references(document))
    for paths in (at_node["paths"], at_hub["paths"]):
        for operations in paths.values():
            for operation in operations.values():
                assert " / " in operation["summary"]


async def test_the_audit_chain_is_verified_from_its_beginning(node, operator):
    await put_into_quarantine(node)
    await node.http.post("/quarantine/1/replay", headers=operator)
    entries = len(await node.audit())

    verified = await node.http.get("/audit/verify")

    assert entries > 0
    assert verified.json() == {
        "entries": entries,
        "heads": 0,
        "signed_to": 0,
        "signed_at": None,
        "timestamps": 0,
        "stamped_to": 0,
        "stamped_at": None,
        "traced": False,
    }
