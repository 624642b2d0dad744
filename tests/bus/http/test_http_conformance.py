"""The routes of test runs, at a node and at the hub."""

from __future__ import annotations

import pytest

from bus.model.audit import Event
from signer.conformance import read_report

NOBODY = "019cac0f-2680-77d8-8904-86ef2cb84955"


async def events(desk, event):
    return [e.event for e in await desk.audit() if e.event.event == event]


@pytest.mark.requirement("R014")
async def test_a_node_asks_for_its_test_and_reads_the_report(node, operator, operator_said):
    begun = (await node.http.post("/conformance/runs", headers=operator)).json()
    path = f"/conformance/runs/{begun['run']}"
    early = await node.http.get(f"{path}/report")
    await node.country.settle()
    ended = (await node.http.get(path)).json()
    listed = (await node.http.get("/conformance/runs")).json()
    signed = await node.http.get(f"{path}/report")
    document = await node.http.get(f"{path}/document")

    assert (begun["state"], begun["purpose_title"]) == ("RUNNING", "入网前检测")
    assert (early.status_code, early.json()["code"]) == (409, "REPORT_NOT_HERE")
    assert (ended["state"], ended["state_title"], ended["tests"]) == ("PASSED", "合格", 5)
    first = ended["results"][0]
    assert (first["name"], first["title"]) == ("envelope", "信封双向收发")
    assert listed == [ended]
    report = read_report(signed.content, node.country.directory)
    assert (str(report.run), report.passed) == (begun["run"], True)
    assert document.text.startswith("# 入网前检测报告")
    assert document.headers["content-type"].startswith("text/markdown")
    (asked,) = await events(node, Event.TEST_REQUESTED)
    assert (asked.actor, str(asked.query)) == (operator_said, begun["run"])


async def test_a_run_that_is_not_there_is_not_found(node):
    for path in ("", "/report", "/document"):
        response = await node.http.get(f"/conformance/runs/{NOBODY}{path}")
        assert (response.status_code, response.json()["code"]) == (404, "RUN_UNKNOWN")


@pytest.mark.requirement("R015")
async def test_the_hub_inspects_on_order(hub, operator, operator_said):
    begun = await hub.http.post("/conformance/inspections/320000", headers=operator)
    again = await hub.http.post("/conformance/inspections/320000", headers=operator)
    unknown = await hub.http.post("/conformance/inspections/110000", headers=operator)
    nameless = await hub.http.post("/conformance/inspections/320000")
    run = begun.json()["run"]
    under_way = (await hub.http.get(f"/conformance/runs/{run}")).json()
    await hub.country.settle()
    ended = (await hub.http.get(f"/conformance/runs/{run}")).json()

    assert (again.status_code, again.json()["code"]) == (409, "RUN_IN_PROGRESS")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "PARTICIPANT_UNKNOWN")
    assert nameless.status_code == 401
    assert under_way["current"] == "信封双向收发"
    assert (ended["state"], ended["purpose"], ended["tests"]) == ("PASSED", "ordered", 3)
    (started,) = await events(hub, Event.TEST_STARTED)
    assert started.actor == operator_said


@pytest.mark.requirement("R016")
async def test_the_circular_names_what_was_found_and_is_audited(hub, operator, operator_said):
    await hub.http.post("/conformance/inspections/320000", headers=operator)
    await hub.country.settle()
    period = {"since": "2026-03-02", "until": "2026-03-02"}
    made = await hub.http.get("/conformance/circular", params=period, headers=operator)
    before = {"since": "2026-02-01", "until": "2026-03-01"}
    empty = await hub.http.get("/conformance/circular", params=before, headers=operator)
    backwards = {"since": "2026-03-02", "until": "2026-03-01"}
    wrong = await hub.http.get("/conformance/circular", params=backwards, headers=operator)
    nameless = await hub.http.get("/conformance/circular", params=period)

    assert "共检测 1 次，涉及 1 个单位；进行中 0 次，合格 1 次，不合格 0 次" in made.text
    assert "| 测试单位 320000（320000） | 指定巡检 | 2026-03-02 10:00:00 | 合格 |" in made.text
    # 320000 was inspected; nobody has a report of the whole test.
    late = next(line for line in made.text.splitlines() if "逾期未巡检" in line)
    assert "（370000）" in late
    assert "（320000）" not in late
    assert "没有有效的入网前检测报告 no valid report：测试单位 320000（320000）、" in made.text
    assert "期间没有检测。" in empty.text
    assert (wrong.status_code, wrong.json()["code"]) == (422, "PERIOD_INVALID")
    assert nameless.status_code == 401
    said = [(e.actor, dict(e.detail)) for e in await events(hub, Event.CIRCULAR_MADE)]
    assert said == [
        (operator_said, {"since": "2026-03-02", "until": "2026-03-02", "runs": 1}),
        (operator_said, {"since": "2026-02-01", "until": "2026-03-01", "runs": 0}),
    ]


async def test_each_centre_has_the_routes_of_its_role(node, hub, operator):
    assert (await hub.http.post("/conformance/runs", headers=operator)).status_code == 405
    inspection = await node.http.post("/conformance/inspections/320000", headers=operator)
    assert inspection.status_code == 404
