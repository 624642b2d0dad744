"""The hub's API of admission: files in, states and grants out, every fault coded."""

from __future__ import annotations

import httpx
import pytest
from admitting import NODE, SECRETS, Admitting, Applicant
from country import service_of

from bus.http.operator import operator_app
from bus.logs.setup import make_logger
from signer.admission.grant import read_grant

OPERATOR = {"X-Hedui-Operator": "%E7%8E%8B%E8%8A%B3"}
OPERATOR_NAME = "王芳"
NAME = NODE.participant
WHY = {"reason": "民办函〔2026〕1号"}


class Office:
    def __init__(self, land, log):
        self.admitting = Admitting(land)
        app = operator_app(service_of(land, "hub"), make_logger("hub", log), self.admitting.service)
        transport = httpx.ASGITransport(app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://hedui/api/v1")

    async def submit(self, data=None, path="/admissions", **params):
        data = data or Applicant().application(self.admitting.now)
        return await self.http.post(path, content=data, headers=OPERATOR, params=WHY | params)

    async def act(self, act, name=NAME, **changed):
        given = {"json": WHY, "headers": OPERATOR} | changed
        return await self.http.post(f"/admissions/{name}/{act}", **given)

    async def certify(self, data=b""):
        path = f"/admissions/{NAME}/certificates"
        return await self.http.post(path, content=data, headers=OPERATOR, params=WHY)


@pytest.fixture
async def office(land, log):
    made = Office(land, log)
    yield made
    await made.http.aclose()


async def test_from_the_application_to_connected_and_suspended(office):
    submitted = await office.submit()
    assert (submitted.status_code, submitted.json()["state"]) == (200, "APPLIED")
    assert (await office.act("approve")).json()["state"] == "APPROVED"
    grant = await office.certify()
    assert grant.headers["content-type"] == "application/vnd.hedui.grant"
    assert read_grant(grant.content).participant == NAME
    early = await office.act("connect")
    assert (early.status_code, early.json()["code"]) == (409, "REPORT_MISSING")
    await office.admitting.report()
    assert (await office.act("connect")).json()["state"] == "CONNECTED"
    assert (await office.act("suspend")).json()["state"] == "SUSPENDED"
    illegal = await office.act("approve")
    assert (illegal.status_code, illegal.json()["code"]) == (409, "ADMISSION_ILLEGAL")
    listed = (await office.http.get("/admissions?state=SUSPENDED")).json()
    assert [(one["participant"], one["generation"]) for one in listed] == [(NAME, 1)]
    assert (await office.http.get("/admissions?state=APPLIED")).json() == []


@pytest.mark.requirement("R008")
@pytest.mark.requirement("R009")
async def test_the_whole_record_is_shown_to_a_named_operator_and_audited(office, land):
    await office.admitting.connected()
    nobody = await office.http.get(f"/admissions/{NAME}")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "OPERATOR_MISSING")
    shown = (await office.http.get(f"/admissions/{NAME}", headers=OPERATOR)).json()
    (filing,) = shown["filings"]
    assert {c["responsibility"] for c in filing["contacts"]} == {
        "security",
        "technical",
        "maintenance",
    }
    assert filing["contacts"][0]["name"] == SECRETS[0]
    assert filing["hosts"] == list(NODE.hosts)
    assert len(bytes.fromhex(filing["digest"])) == 32
    assert len(shown["certificates"]) == 3
    assert shown["report"]["passed"] is True
    assert [step["act"] for step in shown["record"]][-1] == "connect"
    last = (await office.admitting.audit())[-1]
    assert (last.event, last.actor) == ("admission.read", f"operator:{OPERATOR_NAME}")
    assert SECRETS[0] not in (await office.http.get("/admissions")).text


async def test_amend_and_revoke(office):
    applicant = await office.admitting.connected()
    await office.admitting.publish()
    data = applicant.application(office.admitting.now, hosts=("10.33.0.99",))
    amended = await office.submit(data, "/amendments")
    assert amended.status_code == 200
    shown = (await office.http.get(f"/admissions/{NAME}", headers=OPERATOR)).json()
    assert [f["hosts"] for f in shown["filings"]] == [list(NODE.hosts), ["10.33.0.99"]]
    path = f"/participants/{NAME}/revocations"
    asked = {"generation": 1, "reason": "私钥泄露"}
    revoked = await office.http.post(path, json=asked, headers=OPERATOR)
    assert revoked.json()["reason"] == "私钥泄露"
    again = await office.http.post(path, json=asked, headers=OPERATOR)
    assert (again.status_code, again.json()["code"]) == (409, "GENERATION_REVOKED")
    assert (await office.http.get("/renewals")).json() == []


@pytest.mark.parametrize("reason", ["", " ", "a" * 201, "a\nb"])
async def test_every_act_says_why_in_a_line(office, reason):
    await office.admitting.applied()
    refused = await office.act("approve", json={"reason": reason})
    assert (refused.status_code, refused.json()["code"]) == (422, "REQUEST_INVALID")
    filed = await office.submit(reason=reason)
    assert (filed.status_code, filed.json()["code"]) == (422, "REASON_INVALID")


async def test_what_cannot_be_done_is_said_by_code(office):
    assert (await office.act("suspend")).json()["code"] == "ADMISSION_UNKNOWN"
    assert (await office.act("suspend")).status_code == 404
    assert (await office.act("test")).json()["code"] == "REQUEST_INVALID"
    assert (await office.submit(b"x")).json()["code"] == "APPLICATION_MALFORMED"
    large = await office.submit(bytes(64 * 1024 + 1))
    assert (large.status_code, large.json()["code"]) == (413, "BODY_TOO_LARGE")
    await office.admitting.applied()
    await office.act("approve")
    assert (await office.certify(b"x")).json()["code"] == "GRANT_MALFORMED"
    nobody = await office.act("refuse", headers={})
    assert (nobody.status_code, nobody.json()["code"]) == (401, "OPERATOR_MISSING")


async def test_a_node_has_no_such_routes(node):
    answer = await node.http.get("/admissions")
    assert (answer.status_code, answer.json()["code"]) == (404, "ROUTE_UNKNOWN")
