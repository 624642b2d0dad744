"""A province's API: what its city applies for is seen, assented to or refused (R006)."""

from __future__ import annotations

from uuid import uuid4

import pytest

pytestmark = pytest.mark.requirement("R006")


@pytest.fixture
async def waiting(city, city_land):
    """A city's query that waits at its province."""
    query = (await city.submit(persons=2)).json()["query"]
    await city_land.settle()
    return query


async def test_a_citys_application_is_listed_and_read_at_its_province(
    province, waiting, operator, operator_said, make_draft
):
    listed = (await province.http.get("/applications?state=UNDER_REVIEW")).json()
    assert [(a["query"], a["requester"], a["persons"]) for a in listed] == [(waiting, "321200", 2)]
    assert (listed[0]["decision"], listed[0]["assent"]) == (None, None)

    nobody = await province.http.get(f"/applications/{waiting}")
    shown = await province.http.get(f"/applications/{waiting}", headers=operator)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "OPERATOR_MISSING")
    assert [p["name"] for p in shown.json()["persons"]] == [p.name for p in make_draft(2).persons]
    read = [e.event for e in await province.audit() if e.event.event == "application.read"]
    assert [(e.actor, str(e.query)) for e in read] == [(operator_said, waiting)]


async def test_an_operator_assents_and_everybody_can_see_who_did(
    province, city, city_land, waiting, operator
):
    nobody = await province.http.post(f"/applications/{waiting}/assent")
    given = await province.http.post(f"/applications/{waiting}/assent", headers=operator)
    await city_land.settle()
    assert nobody.status_code == 401
    assert (given.status_code, given.json()["state"]) == (200, "ACCEPTED")
    assert given.json()["decision"]["by"] == "王芳"

    detail = (await city.http.get(f"/queries/{waiting}")).json()
    assert detail["summary"]["state"] == "DELIVERED"
    assert detail["assent"] == {
        "province": "320000",
        "province_title": "测试单位 320000",
        "by": "王芳",
        "at": detail["assent"]["at"],
    }
    again = await province.http.post(f"/applications/{waiting}/assent", headers=operator)
    assert (again.status_code, again.json()["code"]) == (409, "NOT_UNDER_REVIEW")


async def test_a_refusal_needs_a_known_reason_and_reaches_the_city(
    province, city, city_land, waiting, operator
):
    path = f"/applications/{waiting}/refuse"
    unknown = await province.http.post(path, json={"reason": "我不喜欢"}, headers=operator)
    refused = await province.http.post(path, json={"reason": "SCOPE_EXCESSIVE"}, headers=operator)
    await city_land.settle()
    assert (unknown.status_code, unknown.json()["code"]) == (422, "REASON_UNKNOWN")
    assert refused.json()["state"] == "REFUSED"
    detail = (await city.http.get(f"/queries/{waiting}")).json()
    assert (detail["summary"]["state"], detail["assent"]) == ("REFUSED", None)
    assert (detail["decision"]["accepted"], detail["decision"]["by"]) == (False, "王芳")
    assert [f["code"] for f in detail["findings"]] == ["SCOPE_EXCESSIVE"]


async def test_what_nobody_below_applied_for_is_not_there(province, city, waiting, operator):
    for path in (f"/applications/{uuid4()}/assent",):
        answer = await province.http.post(path, headers=operator)
        assert (answer.status_code, answer.json()["code"]) == (404, "QUERY_UNKNOWN")
    # The city itself has nothing to assent to, and accepting is the hub's.
    own = await city.http.post(f"/applications/{waiting}/assent", headers=operator)
    assert (own.status_code, own.json()["code"]) == (404, "QUERY_UNKNOWN")
    accept = await province.http.post(f"/applications/{waiting}/accept", headers=operator)
    assert (accept.status_code, accept.json()["code"]) == (404, "ROUTE_UNKNOWN")
