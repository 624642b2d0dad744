"""The pre-connection test and an inspection between processes, over both brokers."""

from __future__ import annotations

import json

import pytest


def run_both(hedui, sockets):
    """Test a node and inspect an agency behind another; returns both runs and the hub's list."""
    operator = ("--operator", "测试", "--json")
    node = hedui("conformance", "run", "--socket", sockets["370000"], *operator)
    assert node.returncode == 0, node.stderr
    agency = hedui("hub", "inspect", "320000.housing-fund", "--socket", sockets["hub"], *operator)
    assert agency.returncode == 0, agency.stderr
    listed = hedui("conformance", "list", "--socket", sockets["hub"], "--json")
    return json.loads(node.stdout), json.loads(agency.stdout), json.loads(listed.stdout)


def check(node, agency, listed):
    assert [result["name"] for result in node["results"] if result["passed"]] == [
        *("envelope", "refusals", "clock", "query", "throughput")
    ]
    assert [result["passed"] for result in agency["results"]] == [True] * 3
    at_hub = {run["run"]: run for run in listed}
    assert at_hub[node["run"]]["results"] == node["results"]
    assert at_hub[agency["run"]]["state"] == "PASSED"


@pytest.mark.requirement("R014")
@pytest.mark.requirement("R015")
def test_daemons_are_tested_over_the_embedded_broker(stayed, hedui):
    check(*run_both(hedui, stayed.outcome["stay"]["sockets"]))


@pytest.mark.requirement("R014")
@pytest.mark.requirement("R015")
@pytest.mark.slow
def test_daemons_are_tested_over_a_real_kafka(kafka_possible, start_demo, hedui):
    running = start_demo("--broker", "kafka", "--stay", "--plain")
    sockets = running.line()["stay"]["sockets"]
    check(*run_both(hedui, sockets))
    for centre in ("hub", "320000", "370000"):
        standing = json.loads(hedui("standing", "--socket", sockets[centre], "--json").stdout)
        assert (standing["quarantined"], standing["held"]) == (0, 0)
    assert running.end() == 0, running.said()
    assert running.left_over() == []
