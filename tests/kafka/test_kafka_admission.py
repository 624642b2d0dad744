"""From nothing to CONNECTED by commands on a real cluster, suspended, resumed, revoked, gone."""

from __future__ import annotations

import time

import pytest
from kafka_admission import NODE, OPERATOR, Site
from kafka_country import Country

pytestmark = pytest.mark.slow

BOXES = {f"hedui.{NODE}.inbox", f"hedui.{NODE}.outbox"}


@pytest.fixture
def site(bare_kafka, tmp_path):
    Country(bare_kafka).empty()
    made = Site(bare_kafka, tmp_path)
    try:
        yield made
    finally:
        made.stop()


def test_a_node_joins_is_suspended_resumed_and_leaves_and_its_rights_follow(site):
    # The hub, from nothing: the list's file holds the hub alone.
    assert site.provision() == 0
    site.start("hub", "run", "-c", "hub.toml")
    site.wait_for_hub()
    site.start("hub", "provision", "-c", "provision.toml", "--follow")

    # The node applies; nothing is open to it before it is certified (R007).
    application = site.apply()
    site.admission("submit", application)
    site.admission("approve", NODE)
    assert not site.rights_of(f"{NODE}.g1")
    grant = site.folder / "grant"
    site.admission("certify", NODE, "--out", grant)
    site.import_(grant)
    site.until(lambda: (f"hedui.{NODE}.outbox", "WRITE") in site.rights_of(f"{NODE}.g1"))
    assert site.topics() >= BOXES

    # Certified: the broker takes its message, and the hub does not.
    site.until(lambda: site.publish_as_node(site.sealed()) is None)
    site.until(lambda: "PEER_NOT_CONNECTED" in site.refused())

    # Connected, once it is tested (R014).
    code, _, err = site.hedui(
        *("hub", "admission", "connect", NODE, "--socket", site.socket, *OPERATOR)
    )
    assert (code, "REPORT_MISSING" in err) == (2, True)
    site.tested()
    before = site.standing()["directory_version"]
    site.admission("connect", NODE)
    site.until(lambda: site.standing()["directory_version"] > before)
    refused = site.refused()
    assert site.publish_as_node(site.sealed()) is None

    # Suspended: what is on its way is refused within five seconds, and its rights go.
    suspended = time.monotonic()
    site.admission("suspend", NODE)
    site.publish_as_broker(site.sealed())
    site.until(lambda: "PEER_SUSPENDED" in site.refused())
    seconds = time.monotonic() - suspended
    assert seconds < 5
    assert site.refused()[: len(refused)] == refused  # and nothing of before was
    site.until(lambda: not site.rights_of(f"{NODE}.g1"))
    rights_gone = time.monotonic() - suspended
    assert site.publish_as_node(site.sealed()) is not None
    assert site.topics() >= BOXES
    print(f"refused after {seconds:.1f} s, rights gone after {rights_gone:.1f} s")  # noqa: T201

    # Resumed: everything is back.
    site.admission("resume", NODE)
    site.until(lambda: (f"hedui.{NODE}.outbox", "WRITE") in site.rights_of(f"{NODE}.g1"))
    assert site.publish_as_node(site.sealed()) is None

    # A stolen generation is cut off at the broker and on the wire.
    site.done(*("hub", "revoke", NODE, "--generation", "1", "--socket", site.socket, *OPERATOR))
    site.until(lambda: not site.rights_of(f"{NODE}.g1"))
    site.publish_as_broker(site.sealed())
    site.until(lambda: "KEY_REVOKED" in site.refused())

    # It leaves: its topics go once they are read to their end.
    site.admission("withdraw", NODE)
    site.until(lambda: not BOXES & site.topics())
