"""The broker of docker/compose.yaml, started from its own settings on what its init makes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bus.broker.local.jars import find_jars, find_java
from bus.broker.local.layout import Node, lay_out
from bus.broker.local.node import NodeProcess
from bus.errors import HeduiError

pytestmark = pytest.mark.slow

DOCKER = Path(__file__).parents[2] / "docker"
BROKER, LOOPBACK = "10.66.0.10", "127.0.0.1"
CLUSTER_ID = "aGVkdWktY29tcG9zZS0wMQ"
PATIENCE = 60


@pytest.fixture
def made(tmp_path):
    """What init makes, for a broker on this machine."""
    subprocess.run(  # noqa: S603 - our own script
        [
            *(sys.executable, DOCKER / "compose" / "init.py", "--keep-owner"),
            *("--out", tmp_path, "--config", DOCKER / "compose" / "config"),
            *("--broker-host", LOOPBACK, "--store-host", LOOPBACK),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return tmp_path


def placed(text, made, volume, ports=()):
    """A file of the site with its addresses and mounts as they are here."""
    changed = re.sub(r'(?<=[=:"])/keys', str(made / volume), text.replace(BROKER, LOOPBACK))
    for there, here in ports:
        changed = changed.replace(f":{there}", f":{here}")
    return changed.replace('"/certificates', f'"{made}/certificates')


@pytest.fixture
def broker(kafka_possible, made):
    layout = lay_out(made / "kafka", 1)
    [free] = layout.nodes
    folder = made / "node"
    folder.mkdir()
    node = Node(1, folder, free.client_port, free.controller_port)
    ports = ((9093, node.client_port), (9094, node.controller_port))
    text = (DOCKER / "compose" / "kafka" / "server.properties").read_text("utf-8")
    settings = placed(text, made, "keys-broker-1", ports)
    node.settings.write_text(settings.replace("/var/lib/kafka/data", str(node.data)), "utf-8")
    process = NodeProcess(node, find_java(), find_jars())
    process.format(CLUSTER_ID)
    process.start()
    yield process, ports
    process.stop()


def provision(made, ports):
    config = made / "hub-admin.toml"
    source = DOCKER / "compose" / "config"
    text = (source / "hub-admin.toml").read_text("utf-8")
    listed = placed((source / "participants.toml").read_text("utf-8"), made, "")
    (made / "participants.toml").write_text(listed, "utf-8")
    text = text.replace('"/config/participants.toml"', f'"{made}/participants.toml"')
    config.write_text(placed(text, made, "keys-hub-admin", ports), "utf-8")
    hedui = Path(sys.executable).with_name("hedui")
    return subprocess.run(  # noqa: S603 - our own command
        [hedui, "hub", "provision", "--config", config, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_the_site_comes_up_and_its_topics_and_rights_are_made(broker, made):
    process, ports = broker
    end = time.monotonic() + PATIENCE
    while (done := provision(made, ports)).returncode == 2 and time.monotonic() < end:
        try:
            process.check()
        except HeduiError:
            pytest.fail(process.log.read_text("utf-8")[-2000:])
    assert done.returncode == 0, done.stderr
    changes = json.loads(done.stdout)["changes"]
    again = provision(made, ports)

    # A directory, two boxes for each of the six below the hub; every participant's rights.
    assert len([change for change in changes if change["act"] == "create-topic"]) == 1 + 2 * 6
    assert len(changes) > 50
    assert again.returncode == 0
    assert json.loads(again.stdout)["changes"] == []
