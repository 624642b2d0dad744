"""What a daemon says and keeps while its broker is down, closed to it, or short of a topic."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from crash_load import Load
from crash_site import Site, wait_until

from adapters.demo.state import make_keys, write_configs, write_tables
from bus.model.case import QueryState
from bus.ports.clock import SystemClock
from signer.identity import inbox_topic, outbox_topic

CHONGQING = "500000"
LIMIT = 20.0
ALL_ANSWERS = 8
OTHERS = 5
"""Answers that do not come from Chongqing."""


@pytest.fixture(scope="module")
def site(kafka_possible):
    """A network whose daemons are there before Kafka is."""
    site = Site()
    try:
        site.cluster.prepare()
        make_keys(site.state, SystemClock().now(), lambda: None)
        write_tables(site.state)
        write_configs(site.state, site.cluster.bootstrap, "kafka", 1)
        for daemon in site.daemons.values():
            daemon.start()
        yield site
    finally:
        site.close()


@pytest.fixture(scope="module")
def load(site):
    return Load(site)


@pytest.fixture(scope="module")
def up(site):
    """Kafka is there, then topics and rights; what the daemons said meanwhile."""
    before = said_by_all(site, "BROKER_UNAVAILABLE")
    site.cluster.start()
    closed = said_by_all(site, "BROKER_UNAUTHORISED")
    site.provision()
    for daemon in site.daemons.values():
        wait_until(daemon.ready, f"{daemon.name} is ready")
    return before, closed


def get(daemon, path: str) -> httpx.Response:
    return httpx.get(f"{daemon.url}{path}", timeout=10, trust_env=False)


def said_by_all(site, code: str) -> dict[str, tuple[int, bool]]:
    """Wait until every daemon is not ready for this reason; tells what metrics and log say."""

    def reason(daemon) -> bool:
        return bool(daemon.url) and get(daemon, "/readyz").json().get("code") == code

    said = {}
    for daemon in site.daemons.values():
        wait_until(lambda daemon=daemon: reason(daemon), f"{daemon.name} says {code}")
        shown = f'hedui_ready{{reason="{code}"}} 0.0' in get(daemon, "/metrics").text
        logged = f'"code": "{code}"'.encode() in daemon.log.read_bytes()
        said[daemon.name] = (get(daemon, "/healthz").status_code, shown, logged)
    return said


def metric(daemon, line: str) -> bool:
    return any(each.startswith(line) for each in get(daemon, "/metrics").text.splitlines())


def answers(load, query) -> int:
    return len(load.result(query)["answers"])


def delivered(load, query) -> Callable[[], bool]:
    return lambda: load.result(query)["state"] == QueryState.DELIVERED


def admin(site) -> AdminClient:
    tls = site.cluster.tls()
    return AdminClient(
        {
            "bootstrap.servers": site.cluster.bootstrap,
            "security.protocol": "SSL",
            "ssl.ca.location": str(tls.ca),
            "ssl.certificate.location": str(tls.certificate),
            "ssl.key.location": str(tls.key),
            "ssl.key.password": tls.passphrase,
            "log_level": 0,
        }
    )


@pytest.mark.requirement("R075")
def test_a_broker_that_is_down_or_closed_at_the_start_is_waited_for(site, load, up):
    before, closed = up

    assert set(before.values()) == set(closed.values()) == {(200, True, True)}
    query = load.submit().known
    wait_until(delivered(load, query), "the first query is delivered")
    assert answers(load, query) == ALL_ANSWERS


@pytest.mark.requirement("R075")
def test_one_topic_that_refuses_stops_no_other_and_goes_on_by_itself(site, load, up):
    rights = AclBindingFilter(
        ResourceType.TOPIC,
        inbox_topic(CHONGQING),
        ResourcePatternType.LITERAL,
        None,
        None,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    client = admin(site)
    removed = [future.result(LIMIT) for future in client.delete_acls([rights]).values()]
    assert removed
    hub, chongqing = site.daemons["hub"], site.daemons[CHONGQING]

    query = load.submit().known
    refused = 'hedui_loop_errors_total{code="TOPIC_UNAUTHORISED",loop="outbox"}'
    wait_until(lambda: metric(hub, refused), "the hub counts the refusal")
    wait_until(lambda: answers(load, query) == OTHERS, "the others' answers are there")
    unread = f'hedui_topic_refused{{code="TOPIC_UNAUTHORISED",topic="{inbox_topic(CHONGQING)}"}}'
    wait_until(lambda: metric(chongqing, unread), "Chongqing says which topic refuses it")
    assert get(hub, "/readyz").status_code == 200
    assert get(chongqing, "/readyz").status_code == 200
    assert b'"topic.refused"' in chongqing.log.read_bytes()

    site.provision()
    wait_until(delivered(load, query), "the query is delivered")
    assert answers(load, query) == ALL_ANSWERS
    wait_until(lambda: not metric(chongqing, unread), "Chongqing reads its inbox again")


@pytest.mark.requirement("R075")
def test_a_topic_that_is_gone_stops_no_other_and_is_used_once_it_is_there(site, load, up):
    topic = outbox_topic(CHONGQING)
    client = admin(site)
    for future in client.delete_topics([topic]).values():
        future.result(LIMIT)
    hub, chongqing = site.daemons["hub"], site.daemons[CHONGQING]

    query = load.submit().known
    wait_until(lambda: answers(load, query) == OTHERS, "the others' answers are there")
    unsent = 'hedui_loop_errors_total{code="TOPIC_MISSING",loop="outbox"}'
    wait_until(lambda: metric(chongqing, unsent), "Chongqing says that its outbox is gone")
    assert get(hub, "/readyz").status_code == 200
    assert get(chongqing, "/readyz").status_code == 200

    site.provision()
    wait_until(delivered(load, query), "the query is delivered")
    assert answers(load, query) == ALL_ANSWERS


@pytest.mark.requirement("R075")
def test_what_is_submitted_while_the_broker_is_away_goes_out_when_it_is_back(site, load, up):
    (node,) = site.cluster.nodes
    asking = site.daemons["370000"]

    def told() -> bool:
        return get(asking, "/readyz").json().get("code") == "BROKER_UNAVAILABLE"

    node.kill()
    try:
        query = load.submit().known
        wait_until(told, "the loss is noticed")
        assert metric(asking, "hedui_outbox_rows 3.0")
    finally:
        node.start()
        site.cluster.await_serving(1)
    wait_until(delivered(load, query), "the query is delivered")
    wait_until(lambda: get(asking, "/readyz").status_code == 200, "it is ready again")
