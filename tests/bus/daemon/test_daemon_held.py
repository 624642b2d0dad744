"""What somebody parks on purpose costs others nothing: neither their turn nor memory."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from daemon_deeds import codes, forge, give, held, record

from bus.daemon import endings, step
from bus.flow.outcome import Send
from bus.model.messages import Problem
from signer.envelope.kinds import Kind
from signer.identity import outbox_topic
from signer.uuid7 import uuid7

PAGE = 3


@pytest.fixture
def small(monkeypatch):
    """Pages and bounds small enough to go beyond them."""
    monkeypatch.setattr(step, "HELD_PAGE", PAGE)
    monkeypatch.setattr(endings, "HELD_PER_TOPIC", 2 * PAGE)


def new_query(country):
    return uuid7(country.clock.now(), secrets.token_bytes)


def problem(country, source):
    query = new_query(country)
    send = Send(Kind.PROBLEM, "hub", Problem(None, "TEST", "测试", "a test"), ("hub",))
    return query, forge(country, source, "hub", send, query)


async def park(country, source, count):
    """Messages that wait for a directory the hub does not have."""
    behind = country.directory
    ahead = replace(behind, version=behind.version + 1)
    country.directory = ahead
    made = [problem(country, source) for _ in range(count)]
    country.directory = behind
    topic = outbox_topic(source)
    await country["hub"].step.run([record(topic, sealed, query) for query, sealed in made])
    return made


async def test_what_waits_behind_others_has_its_turn(country, small):
    await park(country, "320000", 2 * PAGE)
    await park(country, "500000", 2 * PAGE)
    query, sealed = problem(country, "370000")
    country.clock.move(timedelta(minutes=-3))
    await give(country, "hub", outbox_topic("370000"), sealed, query)
    assert await held(country, "hub") == ["DIRECTORY_BEHIND"] * 4 * PAGE + ["NOT_YET_VALID"]
    country.clock.move(timedelta(minutes=3))
    assert await country["hub"].step.retry_held() == 1
    assert await held(country, "hub") == ["DIRECTORY_BEHIND"] * 4 * PAGE


async def test_all_that_can_go_on_does_page_after_page(country, small):
    made = await park(country, "320000", 2 * PAGE)
    country["hub"].office.adopt(replace(country.directory, version=country.directory.version + 1))
    assert await country["hub"].step.retry_held() == len(made)
    assert not await held(country, "hub")


async def test_each_peer_has_its_own_bound_however_many_others_park(country, small):
    await park(country, "320000", 2 * PAGE)
    await park(country, "500000", 2 * PAGE)
    await park(country, "370000", 2 * PAGE + 2)
    assert await codes(country, "hub") == ["HELD_FULL"] * 2
    assert await held(country, "hub") == ["DIRECTORY_BEHIND"] * 6 * PAGE
    await park(country, "370000", 1)
    assert await codes(country, "hub") == ["HELD_FULL"] * 3


async def test_a_step_reads_none_of_what_is_parked(country, small, monkeypatch):
    await park(country, "320000", 2 * PAGE)
    hub = country["hub"]
    async with hub.store.transaction() as unit:
        kind = type(unit)
    read, original = [], kind.held

    async def counting(unit, *args, **kwargs):
        found = await original(unit, *args, **kwargs)
        read.append(len(found))
        return found

    monkeypatch.setattr(kind, "held", counting)
    query, sealed = problem(country, "370000")
    await give(country, "hub", outbox_topic("370000"), sealed, query)
    assert read == []
    await hub.step.retry_held()
    assert max(read) == PAGE
    assert sum(read) == 2 * PAGE
