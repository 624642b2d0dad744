"""A result is read for its purpose, by those entitled, and no longer than it is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bus.daemon.retention import Retention
from bus.flow.retention import RetentionPolicy
from bus.logs.setup import make_logger
from bus.metrics.catalogue import Metrics

PURPOSE = {"purpose": "低保"}
OPENED = ("result", "result.xlsx", "proof/opened")


@pytest.fixture
async def delivered(node, land):
    query = (await node.submit(persons=2)).json()["query"]
    await land.settle()
    return query


async def purge(node, land, days=30):
    desk = land["370000"]
    policy, metrics = RetentionPolicy(days), Metrics("370000")
    retention = Retention(desk.office, desk.store, policy, metrics, make_logger("370000"))
    return await retention.purge()


async def noted(node, event):
    return [e.event for e in await node.audit() if e.event.event == event]


@pytest.mark.requirement("R033")
@pytest.mark.requirement("R035")
@pytest.mark.parametrize("path", OPENED)
async def test_another_purpose_opens_nothing_and_is_noted(
    node, delivered, operator, operator_said, monkeypatch, path
):
    monkeypatch.setattr("bus.daemon.views.open_stored", None)
    given = {"purpose": "贷款审批"}

    response = await node.http.get(f"/queries/{delivered}/{path}", params=given, headers=operator)

    body = response.json()
    assert (response.status_code, body["code"], body["where"]) == (
        403,
        "PURPOSE_DIFFERS",
        "purpose",
    )
    assert "subsistence-allowance（城乡低保）" in body["zh"]
    assert "业务类别" in body["remedy_zh"]
    event = "proof.exported" if path.startswith("proof") else "result.read"
    (refused,) = await noted(node, "access.refused")
    assert refused.actor == operator_said
    assert dict(refused.detail) == {"code": "PURPOSE_DIFFERS", "act": event}
    assert str(refused.query) == delivered
    assert await noted(node, event) == []


@pytest.mark.requirement("R033")
@pytest.mark.parametrize(
    "purpose",
    ["subsistence-allowance", "城乡低保", "最低生活保障对象认定", " 最低生活保障 对象认定"],
)
async def test_the_purpose_applied_for_opens_it(node, delivered, operator, purpose):
    response = await node.http.get(
        f"/queries/{delivered}/result", params={"purpose": purpose}, headers=operator
    )

    assert response.status_code == 200
    assert len(response.json()["persons"]) == 2
    (read,) = await noted(node, "result.read")
    assert read.detail["purpose"] == purpose.strip()


@pytest.mark.requirement("R076")
async def test_what_is_past_its_retention_is_told_as_destroyed_and_opens_no_more(
    node, land, delivered, operator, operator_said
):
    ended = land.clock.now()
    await land.advance(ended + timedelta(days=29), every=timedelta(days=29))
    assert await purge(node, land) == 0
    await land.advance(ended + timedelta(days=30), every=timedelta(days=1))
    assert await purge(node, land) > 0

    status = (await node.http.get(f"/queries/{delivered}")).json()["summary"]
    answers = [
        await node.http.get(f"/queries/{delivered}/{path}", params=PURPOSE, headers=operator)
        for path in OPENED
    ]

    assert status["state"] == "DELIVERED"
    assert status["purged"].startswith("2026-04-01")
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (410, "RESULT_PURGED")
        assert "2026-04-01" in answer.json()["zh"]
    refused = await noted(node, "access.refused")
    assert [(e.actor, e.detail["code"]) for e in refused] == [
        (operator_said, "RESULT_PURGED")
    ] * len(OPENED)
