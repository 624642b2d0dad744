"""What a unit promises of test runs: the same tests for the twin and for SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from store_samples import KINDS, LATER, NOW, digest, new_place, opened

from bus.model.probe import (
    Expected,
    Figure,
    Reply,
    Run,
    RunPurpose,
    RunResult,
    RunState,
)
from bus.ports.run_codec import decode_run, encode_run
from bus.ports.store import Store
from bus.ports.store_errors import StoreCorrupt

RUN = Run(
    id=UUID("019cac0f-2680-77d8-8904-86ef2cb84955"),
    participant="370000",
    purpose=RunPurpose.ORDERED,
    state=RunState.RUNNING,
    opened=NOW,
    due=LATER,
    tests=(1, 2, 3),
    ordered_by="王芳",
    current=2,
    asked=NOW,
    expected=(Expected(1, digest(1), digest(2), ("602 REFUSE EXPIRED",)),),
    replies=(Reply(1, digest(2), ("602 ACCEPT",), NOW, LATER),),
    results=(RunResult(1, False, "ENVELOPE_DIFFERS", ("1: data",), (Figure("size", 3, "byte"),)),),
    product="hedui-bus 0.1.0",
    specs=("envelope/1",),
    expires=LATER,
    report=b"\x00signed",
)
SECOND = timedelta(seconds=1)


@pytest.fixture(params=KINDS)
async def store(request) -> AsyncIterator[Store]:
    async with opened(await new_place(request.param, request)) as store:
        yield store


def run(number, **changed):
    return replace(RUN, **({"id": UUID(int=number)} | changed))


@pytest.mark.requirement("R014")
async def test_a_run_comes_back_as_it_was_kept_and_is_replaced_whole(store):
    async with store.transaction() as unit:
        assert await unit.run(RUN.id) is None
        await unit.save_run(RUN)
    ended = replace(RUN, state=RunState.FAILED, ended=LATER, expected=(), replies=())
    async with store.transaction() as unit:
        assert await unit.run(RUN.id) == RUN
        await unit.save_run(ended)
        assert await unit.run(RUN.id) == ended


@pytest.mark.requirement("R016")
async def test_runs_of_a_period_come_oldest_first(store):
    at = [NOW + n * SECOND for n in range(4)]
    async with store.transaction() as unit:
        for number in (3, 1, 0, 2):
            await unit.save_run(run(number, opened=at[number]))
        await unit.save_run(run(9, opened=at[1]))
    async with store.transaction() as unit:
        found = await unit.runs(at[1], at[3])
        assert [one.id.int for one in found] == [1, 9, 2]
        assert await unit.runs(at[3] + SECOND, at[3] + 2 * SECOND) == []


@pytest.mark.requirement("R015")
async def test_the_runs_that_go_on_are_found(store):
    async with store.transaction() as unit:
        await unit.save_run(run(1, state=RunState.PASSED))
        await unit.save_run(run(2, opened=LATER))
        await unit.save_run(run(3))
    async with store.transaction() as unit:
        assert [one.id.int for one in await unit.running()] == [3, 2]


async def test_what_is_taken_back_was_never_kept(store):
    async with store.transaction() as unit:
        await unit.save_run(run(1))
    with suppress(KeyError):
        async with store.transaction() as unit:
            await unit.save_run(run(1, state=RunState.PASSED))
            await unit.save_run(run(2))
            raise KeyError
    async with store.transaction() as unit:
        assert (await unit.run(UUID(int=1))).state is RunState.RUNNING
        assert await unit.run(UUID(int=2)) is None


def test_a_run_of_another_shape_is_not_half_read():
    assert decode_run(encode_run(RUN)) == RUN
    with pytest.raises(StoreCorrupt, match="RUN_UNREADABLE"):
        decode_run(encode_run(RUN).replace('"current"', '"present"'))
