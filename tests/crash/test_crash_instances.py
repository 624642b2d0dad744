"""Two instances of one level on one PostgreSQL store, in one consumer group of a real Kafka."""

from __future__ import annotations

import asyncio
import operator
import re
import signal
import threading

import httpx
import pytest
from crash_deeds import Ordeal
from crash_site import SESSION_SECONDS, wait_until

pytestmark = pytest.mark.nightly

PAIRS = ("hub", "320000", "320000.housing-fund")
"""Who runs twice: the reviewer, a provider, an agency."""

_READ = re.compile(r'^hedui_records_read_total\{topic="[^"]+"\} ([0-9.]+)$', re.MULTILINE)


@pytest.fixture(scope="module")
def ordeal(kafka_possible, postgres_cluster):
    stores = {name: asyncio.run(postgres_cluster.database()) for name in PAIRS}
    ordeal = Ordeal(stores=stores)
    try:
        ordeal.start()
        yield ordeal
    finally:
        ordeal.close()


def get(daemon, path):
    return httpx.get(f"{daemon.url}{path}", timeout=10, trust_env=False)


def records_read(daemon):
    return sum(float(count) for count in _READ.findall(get(daemon, "/metrics").text))


def pair(ordeal, name):
    return ordeal.site.daemons[name], ordeal.site.twins[name]


def account(ordeal, queries):
    ordeal.ledger.await_end()
    found = ordeal.ledger.check()
    assert found.faults == []
    assert found.answers == 8 * queries == 8 * found.queries
    assert found.chains == len(ordeal.site.daemons)


@pytest.mark.requirement("R075")
def test_two_instances_share_the_work_and_nothing_happens_twice(ordeal):
    before = {name: list(map(records_read, pair(ordeal, name))) for name in PAIRS}
    asked = 0
    ordeal.ledger.await_end()
    ordeal.ledger.check()
    # Which partition a query falls into is chance: until both instances of each had some.
    while asked < 40:
        ordeal.load.submit()
        asked += 1
        if asked % 4:
            continue
        ordeal.ledger.await_end()
        after = {name: list(map(records_read, pair(ordeal, name))) for name in PAIRS}
        if all(all(map(operator.lt, before[name], after[name])) for name in PAIRS):
            break
    account(ordeal, asked)
    idle = [name for name in PAIRS if not all(map(operator.lt, before[name], after[name]))]
    assert idle == [], (before, after)


@pytest.mark.requirement("R075")
def test_one_instance_of_each_is_killed_and_the_other_ends_what_it_had(ordeal):
    ordeal.ledger.await_end()
    ordeal.ledger.check()
    for _ in range(3):
        ordeal.load.submit()
    for name in PAIRS:
        ordeal.site.daemons[name].kill()
    ordeal.load.submit()
    ordeal.ledger.await_end(120)
    for name in PAIRS:
        ordeal.site.daemons[name].start()
    for name in PAIRS:
        wait_until(ordeal.site.daemons[name].ready, f"{name} is ready again")
    ordeal.load.submit()
    account(ordeal, 5)


@pytest.mark.requirement("R075")
def test_one_frozen_instance_of_each_wakes_up_late_and_does_nothing_twice(ordeal):
    ordeal.ledger.await_end()
    ordeal.ledger.check()
    ordeal.load.submit()
    for name in PAIRS:
        ordeal.site.twins[name].signal(signal.SIGSTOP)
    for _ in range(2):
        ordeal.load.submit()
    threading.Event().wait(SESSION_SECONDS + 2)
    ordeal.ledger.await_end(120)
    for name in PAIRS:
        ordeal.site.twins[name].signal(signal.SIGCONT)
    for _ in range(2):
        ordeal.load.submit()
    account(ordeal, 5)


@pytest.mark.requirement("R075")
def test_a_database_that_is_gone_is_told_and_everything_goes_on_when_it_is_back(
    ordeal, postgres_cluster
):
    ordeal.ledger.await_end()
    ordeal.ledger.check()
    ordeal.load.submit()
    postgres_cluster.kill()
    ordeal.load.submit()
    hubs = pair(ordeal, "hub")
    for hub in hubs:
        wait_until(
            lambda hub=hub: get(hub, "/readyz").json().get("code") == "STORE_UNAVAILABLE",
            "the hub says that its database is gone",
        )
        assert "hedui_database_up 0.0" in get(hub, "/metrics").text
        assert b'"code": "STORE_UNAVAILABLE"' in hub.log.read_bytes()
    postgres_cluster.start()
    for hub in hubs:
        wait_until(hub.ready, "the hub is ready again")
    ordeal.load.submit()
    account(ordeal, 3)
