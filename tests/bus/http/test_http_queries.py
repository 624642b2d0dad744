"""The node's API: a query from the workbook to the result and its audit trail."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from io import BytesIO
from uuid import UUID

import pytest
from openpyxl import load_workbook

from bus.workbook.template import fill
from signer.proof.format import read_proof
from signer.proof.later import read_directory_file

PURPOSE = {"purpose": "最低生活保障对象认定"}


def json_draft(draft):
    data = json.loads(json.dumps(asdict(draft), default=str))
    for line in data["lines"]:
        del line["row"]
    return data


@pytest.mark.requirement("R019")
async def test_a_workbook_becomes_a_query(node):
    response = await node.submit(persons=3)

    assert response.status_code == 201
    body = response.json()
    assert (body["state"], body["persons"], body["parts"]) == ("SUBMITTED", 3, 1)
    assert body["operator"] == "王芳"
    assert body["requester_title"] == "测试单位 370000"
    listed = (await node.http.get("/queries")).json()
    assert [q["query"] for q in listed] == [body["query"]]


async def test_the_same_draft_as_json_becomes_a_query(node, operator, make_draft):
    response = await node.http.post("/queries", json=json_draft(make_draft(2)), headers=operator)

    assert response.status_code == 201
    assert response.json()["persons"] == 2


async def test_a_faulty_workbook_is_refused_with_all_its_faults(node, make_draft):
    book = load_workbook(BytesIO(fill(make_draft(2))))
    book["名单"]["E3"].value = "990000198001010000"
    book["申请"]["B9"].value = "5"
    out = BytesIO()
    book.save(out)

    response = await node.submit(out.getvalue())

    assert response.status_code == 422
    body = response.json()
    assert body["code"] == "WORKBOOK_FAULTS"
    assert {(f["sheet"], f["row"], f["column"]) for f in body["faults"]} == {
        ("申请", 9, "B"),
        ("名单", 3, "E"),
    }
    assert all(f["zh"] and f["en"] and f["code"] for f in body["faults"])
    assert "990000198001010000" not in response.text
    assert (await node.http.get("/queries")).json() == []


async def test_a_faulty_json_draft_names_part_element_and_field(node, operator, make_draft):
    draft = json_draft(make_draft(2))
    draft["persons"][1]["id_number"] = "990000198001010000"
    draft["person_count"] = 7

    response = await node.http.post("/queries", json=draft, headers=operator)

    assert response.status_code == 422
    body = response.json()
    assert body["code"] == "DRAFT_FAULTS"
    places = {(f["sheet"], f["row"], f["column"]) for f in body["faults"]}
    assert places == {("申请", None, "person_count"), ("名单", 2, "id_number")}
    assert "990000198001010000" not in response.text


async def test_json_that_is_no_draft_is_refused_without_repeating_it(node, operator, make_draft):
    draft = json_draft(make_draft(1))
    draft["persons"][0]["authorised_on"] = "昨天"
    draft["测试甲"] = "990000198001010000"

    response = await node.http.post("/queries", json=draft, headers=operator)

    assert response.status_code == 422
    body = response.json()
    assert body["code"] == "REQUEST_INVALID"
    assert {f["where"] for f in body["findings"]} == {"persons.0.authorised_on", "?"}
    for secret in ("昨天", "测试甲", "990000198001010000"):
        assert secret not in response.text


@pytest.mark.requirement("R052")
async def test_faults_against_the_catalogue_are_named_with_all_others(node, make_draft):
    first, second = make_draft(1).lines[:2]
    lines = (
        replace(first, row=1, category="不动产登记", items=()),
        replace(second, row=2, items=("不存在的项",)),
    )
    book = load_workbook(BytesIO(fill(make_draft(2, lines=lines))))
    book["附表"].insert_rows(3)
    book["名单"]["E3"].value = 990000198001010000
    out = BytesIO()
    book.save(out)

    response = await node.submit(out.getvalue())

    assert response.status_code == 422
    body = response.json()
    assert body["en"] == "the workbook has 3 faults; nothing was submitted"
    found = [(f["sheet"], f["row"], f["column"], f["code"]) for f in body["faults"]]
    assert found == [
        ("附表", 4, "C", "CATEGORY_UNKNOWN"),
        ("附表", 5, "D", "ITEM_UNKNOWN"),
        ("名单", 3, "E", "ID_NUMBER_AS_NUMBER"),
    ]
    assert "婚姻登记" in body["faults"][0]["allowed"]


@pytest.mark.requirement("R052")
async def test_a_json_draft_is_held_against_the_catalogue_too(node, operator, make_draft):
    draft = json_draft(make_draft(2))
    draft["lines"][0]["category"] = "不动产登记"

    response = await node.http.post("/queries", json=draft, headers=operator)

    body = response.json()
    assert (response.status_code, body["code"]) == (422, "DRAFT_FAULTS")
    (fault,) = body["faults"]
    assert (fault["sheet"], fault["row"], fault["column"]) == ("附表", 1, "category")
    assert body["en"] == "the draft has 1 fault; nothing was submitted"
    assert body["remedy_zh"]
    assert body["remedy_en"]


async def test_without_a_directory_nothing_can_be_submitted(node):
    node.service.office._catalogue = None

    response = await node.submit(persons=1)

    assert (response.status_code, response.json()["code"]) == (503, "DIRECTORY_NOT_READ")


async def test_a_body_of_another_type_or_size_is_refused(node, operator):
    other = await node.http.post(
        "/queries", content=b"x", headers=operator | {"Content-Type": "text/csv"}
    )
    large = await node.http.post("/queries", content=bytes(20 * 1024 * 1024 + 1), headers=operator)

    assert (other.status_code, other.json()["code"]) == (415, "CONTENT_TYPE_UNKNOWN")
    assert (large.status_code, large.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "OPERATOR_MISSING"),
        ({"X-Hedui-Operator": "%ff"}, "OPERATOR_INVALID"),
        ({"X-Hedui-Operator": "a%0Ab"}, "OPERATOR_INVALID"),
        ({"X-Hedui-Operator": "a" * 65}, "OPERATOR_INVALID"),
        ({"X-Hedui-Operator": "%20a"}, "OPERATOR_INVALID"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/queries"),
        ("GET", f"/queries/{UUID(int=404)}/result?purpose=x"),
        ("GET", f"/queries/{UUID(int=404)}/result.xlsx?purpose=x"),
        ("GET", f"/queries/{UUID(int=404)}/proof"),
        ("POST", "/quarantine/1/replay"),
        ("PUT", "/calendar"),
    ],
)
@pytest.mark.requirement("R035")
async def test_nothing_is_changed_or_read_without_an_operator(node, method, path, headers, code):
    response = await node.http.request(method, path, headers=headers)

    assert (response.status_code, response.json()["code"]) == (401, code)


async def test_a_delivered_query_shows_every_row_and_hop(node, land):
    query = (await node.submit(persons=2)).json()["query"]
    await land.settle()

    detail = (await node.http.get(f"/queries/{query}")).json()
    hops = (await node.http.get(f"/queries/{query}/timeline")).json()

    assert detail["summary"]["state"] == "DELIVERED"
    counts = detail["summary"]["counts"]
    assert counts["answers"] == counts["answered"] > 0
    assert counts["open"] == 0
    assert detail["decision"]["accepted"] is True
    assert detail["decision"]["by"] == "policy"
    row = next(r for r in detail["rows"] if r["holder"] == "hub.marriage")
    assert (row["holder_title"], row["state"], row["late"]) == (
        "测试单位 hub.marriage",
        "ANSWERED",
        False,
    )
    assert row["resource_title"] == "婚姻登记"
    assert {h["kind"] for h in hops} >= {"Application", "Roster", "Decision", "Answer", "Receipt"}
    assert [h["forwarded"] for h in hops] == sorted(h["forwarded"] for h in hops)


@pytest.mark.requirement("R035")
async def test_every_reading_of_a_result_is_audited_with_operator_and_purpose(
    node, land, operator, operator_said
):
    query = (await node.submit(persons=1)).json()["query"]
    await land.settle()

    as_json = await node.http.get(f"/queries/{query}/result", params=PURPOSE, headers=operator)
    as_book = await node.http.get(f"/queries/{query}/result.xlsx", params=PURPOSE, headers=operator)

    assert as_json.json()["query"] == query
    assert len(as_json.json()["persons"]) == 1
    assert "概况" in load_workbook(BytesIO(as_book.content)).sheetnames
    read = [e.event for e in await node.audit() if e.event.event == "result.read"]
    assert [(e.actor, e.detail["purpose"]) for e in read] == [
        (operator_said, PURPOSE["purpose"])
    ] * 2


@pytest.mark.requirement("R035")
@pytest.mark.parametrize(
    ("purpose", "code"),
    [(None, "PURPOSE_MISSING"), (" ", "PURPOSE_MISSING"), ("甲" * 201, "PURPOSE_INVALID")],
)
async def test_a_result_is_not_read_without_a_purpose(node, operator, purpose, code):
    query = (await node.submit(persons=1)).json()["query"]
    params = {} if purpose is None else {"purpose": purpose}

    for path in ("result", "result.xlsx"):
        response = await node.http.get(f"/queries/{query}/{path}", params=params, headers=operator)
        assert (response.status_code, response.json()["code"]) == (422, code)
    assert "result.read" not in [e.event.event for e in await node.audit()]


async def test_a_proof_is_exported_and_audited(node, land, operator, operator_said):
    query = (await node.submit(persons=1)).json()["query"]
    await land.settle()

    response = await node.http.get(f"/queries/{query}/proof", headers=operator)

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.content
    exported = [e.event for e in await node.audit() if e.event.event == "proof.exported"]
    assert [e.actor for e in exported] == [operator_said]
    assert [dict(e.detail) for e in exported] == [{"opened": 0, "purpose": None}]


@pytest.mark.requirement("R035")
async def test_an_opened_proof_is_audited_with_its_purpose(node, land, operator, operator_said):
    query = (await node.submit(persons=1)).json()["query"]
    await land.settle()
    path = f"/queries/{query}/proof/opened"

    nothing = await node.http.get(path, headers=operator)
    response = await node.http.get(path, params={"purpose": "城乡低保"}, headers=operator)

    assert (nothing.status_code, nothing.json()["code"]) == (422, "PURPOSE_MISSING")
    assert read_proof(response.content).opened
    (entry,) = [e.event for e in await node.audit() if e.event.event == "proof.exported"]
    assert entry.actor == operator_said
    assert dict(entry.detail) == {"opened": 1, "purpose": "城乡低保"}


async def test_the_directory_is_handed_out_as_a_file(node, land):
    response = await node.http.get("/directory/copy")

    later = read_directory_file(response.content, land.validator())
    assert later.version == land.directory.version


@pytest.mark.parametrize(
    "path", ["", "/timeline", "/result?purpose=x", "/proof", "/proof/opened?purpose=x"]
)
async def test_an_unknown_query_is_not_found(node, operator, path):
    response = await node.http.get(f"/queries/{UUID(int=404)}{path}", headers=operator)

    assert (response.status_code, response.json()["code"]) == (404, "QUERY_UNKNOWN")


async def test_no_person_stands_in_what_is_not_audited_or_in_the_log(node, land, log, make_draft):
    query = (await node.submit(persons=3)).json()["query"]
    await land.settle()
    texts = [
        (await node.http.get(path)).text
        for path in ("/queries", f"/queries/{query}", f"/queries/{query}/timeline", "/audit")
    ]

    for person in make_draft(3).persons:
        for value in (person.name, person.id_number):
            assert all(value not in text for text in (*texts, log.getvalue()))


@pytest.mark.requirement("R031")
@pytest.mark.requirement("R033")
async def test_a_query_is_withdrawn_and_its_result_is_closed(node, operator, land):
    query = (await node.submit(persons=2)).json()["query"]
    path = f"/queries/{query}/cancellation"

    nobody = await node.http.post(path, json={"reason": "NOT_NEEDED"})
    wrong = await node.http.post(path, json={"reason": "BECAUSE"}, headers=operator)
    done = await node.http.post(path, json={"reason": "CONSENT_REVOKED"}, headers=operator)
    await land.settle()
    again = await node.http.post(path, json={"reason": "NOT_NEEDED"}, headers=operator)

    assert (nobody.status_code, nobody.json()["code"]) == (401, "OPERATOR_MISSING")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "REASON_UNKNOWN")
    assert (done.status_code, done.json()["state"]) == (200, "CANCELLING")
    assert (again.status_code, again.json()["code"]) == (409, "WITHDRAWAL_TOO_LATE")
    detail = (await node.http.get(f"/queries/{query}")).json()
    assert detail["summary"]["state"] == "CANCELLED"
    assert detail["summary"]["delivered"] is None
    assert detail["withdrawal"]["reason"] == "CONSENT_REVOKED"
    closed = await node.http.get(f"/queries/{query}/result", params=PURPOSE, headers=operator)
    assert (closed.status_code, closed.json()["code"]) == (409, "RESULT_WITHDRAWN")
    books = [entry.event.event for entry in await node.audit()]
    assert "access.refused" in books
    assert "result.read" not in books
