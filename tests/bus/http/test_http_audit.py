"""Reports and inspections: who saw this person's data, what for; nobody's number is kept."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from bus.daemon.audit_heads import AuditHeads
from bus.daemon.audit_inspection import AuditInspections, InspectionDue
from bus.daemon.audit_report import AuditReports
from bus.daemon.reading import UseError, purged_error
from bus.metrics.catalogue import Metrics
from bus.model.audit_report import Period
from bus.workbook.template import fill

PERIOD = {"since": "2026-03-02", "until": "2026-03-02"}
RESIDENT = "111"


def by(name):
    return {"X-Hedui-Operator": httpx.QueryParams({"": name}).__str__()[1:]}


async def read(node, query, name, purpose="低保"):
    given = {"purpose": purpose}
    return await node.http.get(f"/queries/{query}/result", params=given, headers=by(name))


async def report(node, **asked):
    return await node.http.post("/audit/report", json=PERIOD | asked, headers=by("审计员"))


async def inspection(node, **asked):
    return await node.http.post("/audit/inspections", json=PERIOD | asked, headers=by("审计员"))


@pytest.fixture
async def queries(node, land):
    """Two queries about the same first person, delivered."""
    found = [(await node.submit(persons=persons)).json()["query"] for persons in (2, 1)]
    await land.settle()
    return found


def person(make_draft, number=0):
    one = make_draft(2).persons[number]
    return {"id_type": one.id_type, "id_number": one.id_number}


@pytest.mark.requirement("R077")
@pytest.mark.requirement("R078")
async def test_who_saw_a_person_is_told_by_name_purpose_and_time(node, queries, make_draft, log):
    await read(node, queries[0], "张三")
    await read(node, queries[1], "李四")
    await read(node, queries[1], "李四", "贷款审批")

    both = (await report(node, person=person(make_draft))).json()
    second = (await report(node, person=person(make_draft, 1))).json()

    assert both["subject"] == "person"
    assert [(q["query"], q["reference"]) for q in both["queries"]] == [
        (query, 1) for query in sorted(queries)
    ]
    seen = [a for a in both["acts"] if a["event"] != "query.submitted"]
    assert [(a["operator"], a["event"], a["query"], a["purpose"], a["code"]) for a in seen] == [
        ("张三", "result.read", queries[0], "低保", ""),
        ("李四", "result.read", queries[1], "低保", ""),
        ("李四", "access.refused", queries[1], "", "PURPOSE_DIFFERS"),
    ]
    assert {a["operator"] for a in both["acts"] if a not in seen} == {"王芳"}
    assert [(q["query"], q["reference"]) for q in second["queries"]] == [(queries[0], 2)]
    assert [a["operator"] for a in second["acts"]] == ["王芳", "张三"]


@pytest.mark.requirement("R077")
async def test_the_number_asked_for_stands_nowhere(node, queries, make_draft, log):
    number = person(make_draft)["id_number"]

    answer = await report(node, person=person(make_draft))
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in number)
    again = await report(node, person={"id_type": RESIDENT, "id_number": f" {wide} "})
    bad = await report(node, person={"id_type": RESIDENT, "id_number": number[:-1]})

    assert len(again.json()["queries"]) == 2
    assert (bad.status_code, bad.json()["code"]) == (422, "ID_NUMBER_FORM")
    books = repr(await node.audit())
    for text in (answer.text, again.text, bad.text, log.getvalue(), books):
        assert number[:-1] not in text
    token = node.service.office.store_key.person_token(RESIDENT, number)
    assert token.hex() not in books + answer.text
    made = [e.event for e in await node.audit() if e.event.event == "audit.reported"]
    assert [dict(e.detail) for e in made] == [
        {"about": "person", "since": "2026-03-02", "until": "2026-03-02", "queries": 2, "acts": 2}
    ] * 2
    assert {e.actor for e in made} == {"operator:审计员"}


@pytest.mark.requirement("R077")
async def test_a_report_is_about_a_query_an_operator_or_everything_in_its_days(node, land, queries):
    await read(node, queries[0], "张三")
    land.clock.move(timedelta(days=1))
    await read(node, queries[0], "李四")

    of_query = (await report(node, query=queries[0])).json()
    of_operator = (await report(node, operator="张三")).json()
    all_days = (await report(node, until="2026-03-03")).json()
    unknown = await report(node, query=str(UUID(int=404)))
    backwards = await report(node, until="2026-03-01")

    assert (of_query["subject"], of_operator["subject"]) == ("query", "operator")
    assert [a["operator"] for a in of_query["acts"]] == ["王芳", "张三"]
    assert [a["event"] for a in of_operator["acts"]] == ["result.read"]
    assert all_days["subject"] == "everything"
    assert [a["operator"] for a in all_days["acts"]][:4] == ["王芳", "王芳", "张三", "李四"]
    assert (unknown.status_code, unknown.json()["code"]) == (404, "QUERY_UNKNOWN")
    assert (backwards.status_code, backwards.json()["code"]) == (422, "PERIOD_BACKWARDS")


@pytest.mark.requirement("R078")
async def test_an_act_is_told_with_the_roles_its_operator_had_then(node, land, make_draft, xlsx):
    async def call(path, who, /, **given):
        made = await node.http.post(path, json=given, headers=headers[who])
        assert made.is_success, made.text
        return made.json()

    headers = {"甲": by("甲")}
    await call("/operators", "甲", name="甲", roles=["administrator"])
    first = await call("/operators/甲/tokens", "甲", days=30)
    headers["甲"] = {"Authorization": f"Bearer {first['text']}"}
    await call("/operators", "甲", name="乙", roles=["submitter"])
    await call("/operators", "甲", name="丙", roles=["auditor"])
    for name in ("乙", "丙"):
        made = await call(f"/operators/{name}/tokens", "甲", days=30)
        headers[name] = {"Authorization": f"Bearer {made['text']}"}
    query = (
        await node.http.post(
            "/queries",
            content=fill(make_draft(1)),
            headers=headers["乙"] | {"Content-Type": xlsx},
        )
    ).json()["query"]
    await land.settle()
    path, purpose = f"/queries/{query}/result", {"purpose": "低保"}
    await node.http.get(path, params=purpose, headers=headers["乙"])
    await call("/operators/乙/roles", "甲", roles=["viewer"])
    await node.http.get(path, params=purpose, headers=headers["乙"])

    told = await node.http.post(
        "/audit/report", json=PERIOD | {"query": query}, headers=headers["丙"]
    )

    assert [(a["event"], a["roles"]) for a in told.json()["acts"]] == [
        ("query.submitted", ["submitter"]),
        ("result.read", ["submitter"]),
        ("result.read", ["viewer"]),
    ]


@pytest.mark.requirement("R077")
async def test_an_inspection_counts_what_was_seen_when_and_what_was_refused(node, land, queries):
    await read(node, queries[0], "张三")
    await read(node, queries[1], "张三", "贷款审批")
    # 10:00 in Shanghai so far; now 18:00.
    land.clock.move(timedelta(hours=8))
    await read(node, queries[0], "张三")
    desk = land["370000"]
    await AuditHeads(desk.office, desk.store, desk.office.milestone).sign()
    entries = len(await node.audit())

    found = (await inspection(node)).json()

    assert found["entries"] == entries
    assert found["head"]["entry"] == entries
    assert found["head"]["signed_to"] == entries - 1
    assert found["refusals"] == {"PURPOSE_DIFFERS": 1}
    assert (found["late_reads"], found["blocked"]) == (0, 0)
    by_name = {one["operator"]: one for one in found["operators"]}
    seen = by_name["张三"]
    assert seen["acts"] == {"access.refused": 1, "result.read": 2}
    assert (seen["reads"], seen["outside"], seen["refused"]) == (2, 1, 1)
    assert seen["registered"] is None
    (noted,) = [e.event for e in await node.audit() if e.event.event == "audit.inspected"]
    assert noted.actor == "operator:审计员"
    assert dict(noted.detail) == {
        "since": "2026-03-02",
        "until": "2026-03-02",
        "entries": entries,
        "head": entries,
        "reads": 2,
        "outside": 1,
        "refused": 1,
    }


@pytest.mark.requirement("R077")
async def test_an_inspection_of_a_chain_that_was_changed_names_the_entry(node, land, queries):
    tables = land["370000"].store._tables
    kept = tables.audit[2]
    tables.audit[2] = type(kept)(kept.number, kept.event, kept.prev, bytes(32))

    answer = await inspection(node)

    assert answer.status_code == 500
    assert answer.json()["code"].startswith("AUDIT")
    assert "2" in answer.json()["where"]


@pytest.mark.requirement("R077")
async def test_operators_without_an_act_and_reads_after_retention_are_told(
    node, land, queries, monkeypatch
):
    await node.http.post(
        "/operators", json={"name": "甲", "roles": ["administrator"]}, headers=by("值班员")
    )
    service = AuditInspections(AuditReports(land["370000"].office, land["370000"].store))
    monkeypatch.setattr("bus.daemon.reading._refusal", _gone)
    with pytest.raises(UseError, match="RESULT_PURGED"):
        await node.service.result(UUID(queries[0]), "张三", "低保")
    period = _period(land)

    found = await service.inspect(period, "审计员")

    idle = {one.operator: one for one in found.operators}["甲"]
    assert (idle.registered, idle.last, dict(idle.acts)) == (True, None, {})
    assert idle.roles == ("administrator",)
    assert found.late_reads == 1


def _gone(case, _reading):
    return purged_error(case.updated)


def _period(land):
    now = land.clock.now()
    return Period(now.date(), now.date(), now - timedelta(days=1), now + timedelta(days=1))


@pytest.mark.requirement("R077")
async def test_when_the_next_inspection_is_due_is_a_metric(node, land, queries):
    metrics, store = Metrics("370000"), land["370000"].store
    first = (await node.audit())[0].event.at
    due = InspectionDue(store, metrics, 90)

    await due.look()
    assert metrics.inspection_due._value.get() == (first + timedelta(days=90)).timestamp()
    land.clock.move(timedelta(days=30))
    await inspection(node)
    await due.look()
    now = land.clock.now()
    assert metrics.inspection_due._value.get() == (now + timedelta(days=90)).timestamp()
    await InspectionDue(store, metrics, 0).look()
    assert metrics.inspection_due._value.get() == 0
