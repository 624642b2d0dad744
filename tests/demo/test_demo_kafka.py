"""The whole query on a real Kafka: mutual TLS, rights from the directory, one node and three."""

from __future__ import annotations

import json

import pytest
from demo_expectation import answered, expected

from adapters.demo.agencies import shipped_data


@pytest.mark.parametrize("nodes", [1, 3])
@pytest.mark.requirement("R011")
@pytest.mark.requirement("R013")
@pytest.mark.requirement("R018")
def test_the_query_is_delivered_on_a_real_kafka(kafka_possible, start_demo, hedui, package, nodes):
    # The four connectors once: what three nodes of Kafka show is the same with any.
    plain = ("--plain",) if nodes > 1 else ()
    running = start_demo("--broker", "kafka", "--nodes", str(nodes), *plain)

    outcome = running.line()

    assert running.process.wait(90) == 0, running.said()
    assert (outcome["state"], outcome["persons"], outcome["unanswered"]) == ("DELIVERED", 12, [])
    result = json.loads((running.out / "result.json").read_text("utf-8"))
    data = shipped_data()
    assert answered(result) == expected(data / "application.xlsx", data / "tables", package)
    proof, root = running.out / "proof.hedui", running.out / "root.pem"
    assert hedui("proof", "verify", proof, "--root", root).returncode == 0
    provisioned = (running.out / "logs" / "provision.log").read_text("utf-8")
    assert "hedui.320000.housing-fund.outbox" in provisioned
    assert running.left_over() == []
    assert list(running.temporary.iterdir()) == []
