"""A lease is one instance's at a time: the same tests for the twin and for SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from store_samples import KINDS, NOW, new_place, opened

from bus.ports.store import Store

SPAN = timedelta(seconds=30)
TICK = timedelta(milliseconds=1)


@pytest.fixture(params=KINDS)
async def store(request) -> AsyncIterator[Store]:
    async with opened(await new_place(request.param, request)) as store:
        yield store


async def take(store, holder, at=NOW, name="outbox", span=SPAN) -> bool:
    async with store.transaction() as unit:
        return await unit.lease(name, holder, at, at + span)


async def end(store, holder, name="outbox") -> None:
    async with store.transaction() as unit:
        await unit.end_lease(name, holder)


async def test_a_lease_is_the_first_ones_until_it_is_over(store):
    assert await take(store, "hub/1")
    assert not await take(store, "hub/2")
    assert not await take(store, "hub/2", NOW + SPAN - TICK)
    assert await take(store, "hub/2", NOW + SPAN)
    assert not await take(store, "hub/1", NOW + SPAN)


async def test_its_holder_renews_it_and_others_wait_for_the_new_end(store):
    assert await take(store, "hub/1")
    assert await take(store, "hub/1", NOW + SPAN / 2)
    assert not await take(store, "hub/2", NOW + SPAN)
    assert await take(store, "hub/2", NOW + SPAN + SPAN / 2)


async def test_a_holder_that_comes_back_late_takes_what_nobody_else_took(store):
    assert await take(store, "hub/1")
    assert await take(store, "hub/1", NOW + 10 * SPAN)


async def test_leases_of_different_names_know_nothing_of_each_other(store):
    assert await take(store, "hub/1")
    assert await take(store, "hub/2", name="directory")
    await end(store, "hub/2", name="directory")
    assert not await take(store, "hub/2")


async def test_a_lease_given_up_is_free_at_once(store):
    assert await take(store, "hub/1")
    await end(store, "hub/1")
    assert await take(store, "hub/2")


async def test_nobody_gives_up_the_lease_of_another(store):
    assert await take(store, "hub/1")
    await end(store, "hub/2")
    assert not await take(store, "hub/2")


async def test_a_lease_of_a_clock_that_was_set_back_is_over(store):
    assert await take(store, "hub/1", NOW + SPAN)
    assert not await take(store, "hub/2", NOW)
    assert await take(store, "hub/2", NOW - TICK)


async def test_a_rolled_back_lease_was_never_taken(store):
    async def step() -> None:
        async with store.transaction() as unit:
            assert await unit.lease("outbox", "hub/1", NOW, NOW + SPAN)
            raise KeyError

    with pytest.raises(KeyError):
        await step()
    assert await take(store, "hub/2")
