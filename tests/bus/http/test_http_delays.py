"""The API about deadlines and delays, at a node and at the hub."""

from __future__ import annotations

import pytest

FIRST = {"first": "2026-01-01", "last": "2026-12-31"}


async def asked(node, land, agency="320000.housing-bureau"):
    land[agency].answering = None
    query = (await node.submit(persons=2)).json()["query"]
    await land.settle()
    return query


@pytest.mark.requirement("R029")
async def test_a_querys_deadlines_say_what_they_were_counted_from(node, land):
    query = await asked(node, land)

    (one,) = (await node.http.get(f"/deadlines/{query}")).json()

    assert (one["kind"], one["owing"], one["days"]) == ("FEEDBACK", "320000.housing-bureau", 5)
    assert (one["provisional"], one["warned"], one["breached"]) == (False, None, None)


@pytest.mark.requirement("R030")
async def test_a_notice_is_seen_and_answered(node, provider, land, operator):
    query = await asked(node, land)
    (owed,) = (await provider.http.get("/owed")).json()
    assert (owed["query"], owed["requester"], owed["delay"]) == (query, "370000", None)

    notice = {
        "resource": "urban-housing-security",
        "cause": "DATA_NOT_READY",
        "until": "2026-03-20",
    }
    given = await provider.http.post(f"/owed/{query}/delays", json=notice, headers=operator)
    assert (given.status_code, given.json()) == (200, {"query": query, "rows": 1})
    await land.settle()

    (delayed,) = (await node.http.get("/delays", params={"query": query})).json()
    assert (delayed["delay"]["cause"], delayed["delay"]["agreed"]) == ("DATA_NOT_READY", None)
    assert delayed["delay"]["objective"] is True
    said = {"agreed": True, "holder": "320000.housing-bureau"}
    answer = await node.http.post(f"/delays/{query}", json=said, headers=operator)
    assert answer.json()["rows"] == 1
    again = await node.http.post(f"/delays/{query}", json=said, headers=operator)
    assert (again.status_code, again.json()["code"]) == (409, "ROWS_NONE")

    detail = (await node.http.get(f"/queries/{query}")).json()
    (row,) = [r for r in detail["rows"] if r["delay"]]
    assert row["deadline"] == "2026-03-20T16:00:00Z"
    assert row["deadline"] > row["due"]
    assert detail["summary"]["state"] == "DELAYED"
    assert detail["hours"] == 0.0


@pytest.mark.parametrize(
    ("asked_for", "code"),
    [
        ({"resource": "x", "cause": "VOLUME"}, "ROWS_NONE"),
        ({"resource": "urban-housing-security", "cause": "OVERDUE"}, "DELAY_CAUSE_UNKNOWN"),
        (
            {"resource": "urban-housing-security", "cause": "VOLUME", "until": "2026-03-01"},
            "DELAY_DATE",
        ),
    ],
)
@pytest.mark.requirement("R030")
async def test_a_notice_that_is_none_is_refused(node, provider, land, operator, asked_for, code):
    query = await asked(node, land)

    answer = await provider.http.post(f"/owed/{query}/delays", json=asked_for, headers=operator)

    assert answer.json()["code"] == code


async def test_who_gives_notice_is_named(node, provider, land):
    query = await asked(node, land)
    notice = {"resource": "urban-housing-security", "cause": "VOLUME"}

    answer = await provider.http.post(f"/owed/{query}/delays", json=notice)

    assert (answer.status_code, answer.json()["code"]) == (401, "OPERATOR_MISSING")


@pytest.mark.requirement("R001")
async def test_turnaround_is_told_for_a_period(node, land):
    await node.submit(persons=2)
    await land.settle()

    found = (await node.http.get("/turnaround", params=FIRST)).json()

    assert (found["queries"], found["delivered"]) == (1, 1)
    assert {p["province"] for p in found["provinces"]} >= {"320000", "hub"}
    wrong = await node.http.get("/turnaround", params={"first": "2026-02-01", "last": "2026-01-01"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "PERIOD_ORDER")


async def test_the_hub_asks_nothing_and_has_no_delays_of_its_own(hub):
    assert (await hub.http.get("/owed")).json() == []
    assert (await hub.http.get("/delays")).status_code == 404


@pytest.mark.requirement("R029")
async def test_a_partial_result_says_so_at_its_top(node, land, operator):
    query = await asked(node, land)

    found = (
        await node.http.get(
            f"/queries/{query}/result", params={"purpose": "最低生活保障对象认定"}, headers=operator
        )
    ).json()

    account = found["account"]
    assert (account["due"], account["complete"]) == (1, False)
    assert (
        account["zh"] == f"{account['answered']} 项已反馈、1 项待反馈、{account['refused']} 项拒绝"
    )
