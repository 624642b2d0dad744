"""A broker that replays: old messages again, elsewhere, under other keys, and too late."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from daemon_deeds import case_of, codes, renew, submit_draft

from bus.model.case import CaseRole, QueryState
from signer.envelope.kinds import KINDS


@pytest.fixture
async def delivered(country, make_draft):
    """A query that is over: (participant, topic it reads, record) for every record there is."""
    query = await submit_draft(country, make_draft(2))
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    return [
        (name, topic, record)
        for name, desk in country.desks.items()
        for topic in desk.office.peers()
        if topic in country.cluster.topics
        for record in country.cluster.records(topic)
    ]


async def cases(country):
    found = {}
    for name, desk in country.desks.items():
        async with desk.store.transaction() as unit:
            found[name] = {
                (c.query, c.role): c for role in CaseRole for c in await unit.cases(role)
            }
    return found


async def refused(country):
    """How often each participant refused with each code."""
    found = {name: await codes(country, name) for name in country.desks}
    return Counter((name, code) for name, each in found.items() for code in each)


def counted(metric):
    return sum(s.value for m in metric.collect() for s in m.samples if s.name.endswith("_total"))


@pytest.mark.requirement("R011")
async def test_every_message_again_is_the_same_message_and_does_nothing(country, delivered):
    before = await cases(country)
    seen = {name: counted(desk.step.metrics.duplicates) for name, desk in country.desks.items()}
    expected = Counter()
    for name, _, record in delivered:
        await country[name].step.run([replace(record, offset=-1)])
        expected[name] += 1
    for name, desk in country.desks.items():
        assert counted(desk.step.metrics.duplicates) - seen[name] == expected[name]
    assert not await refused(country)
    assert await cases(country) == before
    assert sum(expected.values()) > 20


@pytest.mark.requirement("R018")
async def test_no_message_is_taken_in_any_topic_but_its_own(country, delivered):
    before = await cases(country)
    expected = Counter()
    for name, topic in {(name, topic) for name, topic, _ in delivered}:
        strays = [replace(r, topic=topic, offset=-1) for _, home, r in delivered if home != topic]
        await country[name].step.run(strays)
        expected[name] += len(strays)
    found = await refused(country)
    assert {code for _, code in found} == {"WRONG_PEER", "WRONG_HOP"}
    totals = Counter()
    for (name, _), count in found.items():
        totals[name] += count
    assert totals == expected
    assert await cases(country) == before


async def test_no_message_is_taken_under_the_key_of_another_conversation(country, delivered):
    before = await cases(country)
    other = bytes(15) + b"\1"
    expected = Counter()
    for name, _, record in delivered:
        for key in (other, None, b"", record.key + b"\0"):
            await country[name].step.run([replace(record, key=key, offset=-1)])
            expected[name, "KEY_MISMATCH"] += 1
    assert await refused(country) == expected
    assert await cases(country) == before


async def test_no_message_is_taken_after_its_lifetime(country, delivered):
    before = await cases(country)
    longest = max(rule.lifetime for rule in KINDS.values())
    country.clock.move(longest + timedelta(minutes=2))
    renew(country)
    expected = Counter()
    for name, _, record in delivered:
        await country[name].step.run([replace(record, offset=-1)])
        expected[name, "EXPIRED"] += 1
    assert await refused(country) == expected
    assert await cases(country) == before
