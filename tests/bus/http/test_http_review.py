"""The hub's API: what waits for an operator is seen, accepted or refused."""

from __future__ import annotations

from uuid import uuid4

import pytest


@pytest.fixture
async def waiting(hub, manual_node, manual_land):
    """A query under review at the hub."""
    query = (await manual_node.submit(persons=2)).json()["query"]
    await manual_land.settle()
    return query


async def test_applications_are_listed_by_state(hub, waiting):
    everything = (await hub.http.get("/applications")).json()
    under_review = (await hub.http.get("/applications?state=UNDER_REVIEW")).json()
    refused = (await hub.http.get("/applications?state=REFUSED")).json()

    assert [a["query"] for a in everything] == [waiting]
    assert under_review == everything
    assert refused == []
    one = everything[0]
    assert (one["requester"], one["requester_title"]) == ("370000", "测试单位 370000")
    assert (one["persons"], one["findings"], one["decision"]) == (2, 0, None)
    assert one["parts_received"] == one["parts_listed"]


@pytest.mark.requirement("R025")
@pytest.mark.requirement("R026")
@pytest.mark.requirement("R035")
async def test_reading_a_form_needs_an_operator_and_is_audited(
    hub, waiting, operator, operator_said, make_draft
):
    nobody = await hub.http.get(f"/applications/{waiting}")
    shown = await hub.http.get(f"/applications/{waiting}", headers=operator)

    assert (nobody.status_code, nobody.json()["code"]) == (401, "OPERATOR_MISSING")
    form = shown.json()["form"]
    draft = make_draft(2)
    assert form["first_named"] == draft.first_named
    assert form["purpose"] == draft.purpose
    assert form["contact_name"] == draft.contact.name
    assert {line["provider"] for line in form["lines"]} == {"national", "320000", "hub"}
    assert [
        (
            member["reference"],
            member["household"],
            member["relation"],
            member["name"],
            member["id_type"],
            member["id_number"],
            member["document"],
            member["authorised_on"],
            member["guardian"],
        )
        for member in shown.json()["persons"]
    ] == [
        (
            number,
            person.household,
            person.relation,
            person.name,
            person.id_type,
            person.id_number,
            person.document,
            person.authorised_on.isoformat(),
            person.guardian,
        )
        for number, person in enumerate(draft.persons, 1)
    ]
    read = [e.event for e in await hub.audit() if e.event.event == "application.read"]
    assert [(e.actor, str(e.query)) for e in read] == [(operator_said, waiting)]


async def test_an_operator_accepts(hub, waiting, manual_land, manual_node, operator):
    response = await hub.http.post(f"/applications/{waiting}/accept", headers=operator)
    await manual_land.settle()

    assert response.status_code == 200
    assert response.json()["decision"]["by"] == "王芳"
    detail = (await manual_node.http.get(f"/queries/{waiting}")).json()
    assert detail["summary"]["state"] == "DELIVERED"
    assert detail["decision"]["by"] == "王芳"


@pytest.mark.requirement("R027")
async def test_an_operator_refuses_with_a_coded_reason(
    hub, waiting, manual_land, manual_node, operator
):
    code = "CONSENT_DOUBTFUL"
    unknown = await hub.http.post(
        f"/applications/{waiting}/refuse", json={"reason": "我不喜欢"}, headers=operator
    )
    response = await hub.http.post(
        f"/applications/{waiting}/refuse", json={"reason": code}, headers=operator
    )
    await manual_land.settle()

    assert (unknown.status_code, unknown.json()["code"]) == (422, "REASON_UNKNOWN")
    assert code in unknown.json()["remedy_en"]
    assert response.json()["state"] == "REFUSED"
    detail = (await manual_node.http.get(f"/queries/{waiting}")).json()
    assert detail["summary"]["state"] == "REFUSED"
    assert detail["decision"]["accepted"] is False
    assert [f["code"] for f in detail["findings"]] == [code]


async def test_what_is_decided_is_not_decided_again(hub, waiting, operator):
    await hub.http.post(f"/applications/{waiting}/accept", headers=operator)

    again = await hub.http.post(f"/applications/{waiting}/accept", headers=operator)

    assert (again.status_code, again.json()["code"]) == (409, "NOT_UNDER_REVIEW")


async def test_deciding_needs_an_operator_and_a_known_application(hub, waiting, operator):
    for action in ("accept", "refuse"):
        nobody = await hub.http.post(f"/applications/{waiting}/{action}", json={"reason": "x"})
        assert (nobody.status_code, nobody.json()["code"]) == (401, "OPERATOR_MISSING")
    unknown = await hub.http.post(f"/applications/{uuid4()}/accept", headers=operator)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "QUERY_UNKNOWN")


async def test_each_role_has_its_own_routes_only(hub, manual_node, operator):
    at_hub = await hub.http.get("/queries")
    at_node = await manual_node.http.post(f"/applications/{uuid4()}/accept", headers=operator)
    other_method = await hub.http.delete("/applications")

    assert (at_hub.status_code, at_hub.json()["code"]) == (404, "ROUTE_UNKNOWN")
    assert (at_node.status_code, at_node.json()["code"]) == (404, "ROUTE_UNKNOWN")
    assert (other_method.status_code, other_method.json()["code"]) == (405, "METHOD_UNKNOWN")


@pytest.mark.requirement("R025")
@pytest.mark.requirement("R027")
async def test_the_queue_says_what_waits_and_why(hub, manual_node, manual_land, waiting, operator):
    await manual_node.submit(persons=1)
    await manual_land.settle()
    await hub.http.post(f"/applications/{waiting}/accept", headers=operator)
    await manual_land.settle()

    (one,) = (await hub.http.get("/applications?waiting=true")).json()

    assert one["query"] != waiting
    assert (one["waits"], one["findings"], one["warnings"]) == ("MANUAL", 0, 0)
    # Received on Monday 10:00 in Shanghai: 7 hours of that day, and two days of eight.
    assert (one["start_by"], one["working_hours_left"]) == ("2026-03-04T16:00:00Z", 23.0)
    shown = await hub.http.get(f"/applications/{one['query']}", headers=operator)
    review = shown.json()["review"]
    assert (review["rule"], review["mode"], review["draw"]) == (0, "manual", None)
    assert review["waits_zh"] == "按规则须人工审查"
    decided = (await hub.http.get(f"/applications/{waiting}", headers=operator)).json()["summary"]
    assert (decided["waits"], decided["start_by"], decided["working_hours_left"]) == (None,) * 3


@pytest.mark.requirement("R067")
async def test_an_operator_returns_an_application_by_person_or_household(
    hub, manual_node, manual_land, waiting, operator
):
    path = f"/applications/{waiting}/return"
    unknown = await hub.http.post(
        path, json={"reason": "CONSENT_DOUBTFUL", "persons": [7]}, headers=operator
    )
    response = await hub.http.post(
        path, json={"reason": "CONSENT_DOUBTFUL", "households": ["H0"]}, headers=operator
    )
    assert (unknown.status_code, unknown.json()["code"]) == (422, "RETURN_NOBODY")
    assert response.status_code == 200
    assert (response.json()["state"], response.json()["withdrawn"]) == ("SUBMITTED", 1)
    await manual_land.settle()

    again = (await hub.http.get("/applications?waiting=true")).json()
    assert [(a["query"], a["persons"], a["withdrawn"]) for a in again] == [(waiting, 1, 1)]
    everybody = await hub.http.post(
        path, json={"reason": "CONSENT_DOUBTFUL", "persons": [2]}, headers=operator
    )
    assert everybody.json()["code"] == "RETURN_EVERYBODY"
