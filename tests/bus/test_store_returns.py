"""What a unit promises of lists that people fill: the same tests for the twin and for SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from store_samples import KINDS, LATER, NOW, OTHER_QUERY, QUERY, digest, new_place, opened

from bus.model.returns import HandedOut, ReturnedAnswer, TaskKey
from bus.ports.store import Store

KEY = TaskKey(digest(1), 1, 2)
OUT = HandedOut(KEY, QUERY, "housing-fund-loan", UUID(int=7), 12, NOW, "王芳", LATER, "ab12")
BACK = ReturnedAnswer(
    KEY, QUERY, "housing-fund-loan", b"\x00sealed\xff", NOW, LATER, "王芳", digest(9)
)


@pytest.fixture(params=KINDS)
async def store(request) -> AsyncIterator[Store]:
    async with opened(await new_place(request.param, request)) as store:
        yield store


@pytest.mark.requirement("R066")
async def test_a_list_that_went_out_comes_back_as_it_was_kept_and_the_last_stands(store):
    async with store.transaction() as unit:
        assert await unit.handed_out(KEY) is None
        await unit.save_handed_out(OUT)
    again = replace(OUT, list_id=UUID(int=8), at=LATER, agency=None)
    async with store.transaction() as unit:
        assert await unit.handed_out(KEY) == OUT
        assert await unit.handed_out(replace(KEY, line=3)) is None
        await unit.save_handed_out(again)
        assert await unit.handed_out(KEY) == again


@pytest.mark.requirement("R117")
async def test_lists_come_by_their_term(store):
    first = replace(OUT, key=replace(KEY, part=3), due=LATER - timedelta(days=2))
    second, third = replace(OUT, key=replace(KEY, line=1)), OUT
    async with store.transaction() as unit:
        for one in (third, first, second):
            await unit.save_handed_out(one)
    async with store.transaction() as unit:
        assert await unit.all_handed_out() == [first, second, third]


@pytest.mark.requirement("R066")
async def test_what_was_taken_back_is_kept_and_a_correction_replaces_it(store):
    async with store.transaction() as unit:
        assert await unit.returned_answer(KEY) is None
        await unit.save_returned_answer(BACK)
    corrected = replace(BACK, sealed=b"other", file=digest(8))
    async with store.transaction() as unit:
        assert await unit.returned_answer(KEY) == BACK
        await unit.save_returned_answer(corrected)
        assert await unit.returned_answer(KEY) == corrected


async def test_a_querys_lists_go_together_and_no_others(store):
    other = replace(KEY, order=digest(2))
    async with store.transaction() as unit:
        await unit.save_handed_out(OUT)
        await unit.save_returned_answer(BACK)
        await unit.save_handed_out(replace(OUT, key=other, query=OTHER_QUERY))
        await unit.save_returned_answer(replace(BACK, key=other, query=OTHER_QUERY))
    async with store.transaction() as unit:
        assert await unit.drop_returns(QUERY) == 1
        assert await unit.drop_returns(QUERY) == 0
        assert await unit.handed_out(KEY) is None
        assert await unit.returned_answer(KEY) is None
        assert await unit.handed_out(other) is not None
        assert await unit.returned_answer(other) is not None


async def test_what_is_taken_back_was_never_kept(store):
    with suppress(KeyError):
        async with store.transaction() as unit:
            await unit.save_handed_out(OUT)
            await unit.save_returned_answer(BACK)
            raise KeyError
    async with store.transaction() as unit:
        assert await unit.handed_out(KEY) is None
        assert await unit.returned_answer(KEY) is None
