"""The short form of `make crash`: some points of every role, and Kafka itself, on one network."""

from __future__ import annotations

import pytest
from crash_deeds import Ordeal
from crash_program import SHORT


@pytest.fixture(scope="module")
def ordeal(kafka_possible):
    ordeal = Ordeal()
    try:
        ordeal.start()
        yield ordeal
    finally:
        ordeal.close()


@pytest.mark.parametrize("places", SHORT, ids=" ".join)
@pytest.mark.requirement("R075")
def test_nothing_is_lost_and_nothing_twice_when_a_daemon_dies(ordeal, places):
    outcome = ordeal.kill_at(*places)

    assert outcome.account.faults == []
    assert outcome.account.answers == 8 * outcome.account.queries
    assert outcome.account.chains == len(ordeal.site.daemons)


@pytest.mark.requirement("R075")
def test_nothing_is_lost_and_nothing_twice_when_kafka_dies(ordeal):
    assert ordeal.kill_broker().account.faults == []
