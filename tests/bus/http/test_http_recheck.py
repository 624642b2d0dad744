"""The node's API: a result is disputed, and what differs is for the requester alone (R032)."""

from __future__ import annotations

from io import BytesIO

import pytest
from openpyxl import load_workbook

from bus.flow.review import BY_POLICY

pytestmark = pytest.mark.requirement("R032")

PURPOSE = {"purpose": "最低生活保障对象认定"}


@pytest.fixture
async def rechecked(node, land, operator):
    """A delivered query, and a delivered re-check of its first person."""
    old = (await node.submit(persons=2)).json()["query"]
    await land.settle()
    body = {"reason": "DISPUTED_BY_PERSON", "persons": [1]}
    made = await node.http.post(f"/queries/{old}/recheck", json=body, headers=operator)
    await land.settle()
    assert made.status_code == 201
    return old, made.json()


async def test_a_recheck_is_a_new_query_that_names_the_old(node, rechecked):
    old, made = rechecked
    assert made["rechecks"] == old
    assert (made["summary"]["persons"], made["summary"]["operator"]) == (1, "王芳")
    detail = (await node.http.get(f"/queries/{made['summary']['query']}")).json()
    assert detail["summary"]["state"] == "DELIVERED"
    assert detail["decision"]["by"] == BY_POLICY


async def test_the_difference_is_read_as_json_and_as_a_workbook(node, rechecked, operator):
    old, made = rechecked
    path = f"/queries/{made['summary']['query']}/difference"
    found = (await node.http.get(path, params=PURPOSE, headers=operator)).json()
    assert (found["rechecks"], found["reason"]) == (old, "DISPUTED_BY_PERSON")
    assert (found["persons"], found["differences"]) == (1, [])
    assert found["compared"] > 0
    book = await node.http.get(f"{path}.xlsx", params=PURPOSE, headers=operator)
    sheets = load_workbook(BytesIO(book.content))
    assert sheets.sheetnames == ["概况", "结果差异", "记录差异"]
    assert {row[0].value: row[1].value for row in sheets["概况"]}["原查询编号"] == old


@pytest.mark.requirement("R033")
@pytest.mark.requirement("R035")
async def test_it_needs_an_operator_and_the_purpose_of_the_application(node, rechecked, operator):
    path = f"/queries/{rechecked[1]['summary']['query']}/difference"
    nobody = await node.http.get(path, params=PURPOSE)
    nothing = await node.http.get(path, headers=operator)
    other = await node.http.get(path, params={"purpose": "商业用途"}, headers=operator)
    said = [answer.json()["code"] for answer in (nobody, nothing, other)]
    assert said == ["OPERATOR_MISSING", "PURPOSE_MISSING", "PURPOSE_DIFFERS"]


@pytest.mark.requirement("R034")
async def test_the_hub_has_no_such_route(hub, operator):
    path = "/queries/019cac0f-2680-77d8-8904-86ef2cb84955"
    shown = await hub.http.get(f"{path}/difference", params=PURPOSE, headers=operator)
    asked = await hub.http.post(f"{path}/recheck", json={"reason": "OUTDATED"}, headers=operator)
    assert (shown.status_code, asked.status_code) == (404, 404)
