"""What a unit promises of operators, tokens and persons: the same for the twin and for SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from store_samples import (
    KINDS,
    LATER,
    NOW,
    OTHER_QUERY,
    QUERY,
    digest,
    message,
    new_place,
    opened,
)

from bus.model.operator import Operator, OperatorRole, Token
from bus.ports.store import Store

WANG = Operator(
    name="王芳",
    roles=(OperatorRole.VIEWER, OperatorRole.SUBMITTER),
    unit="",
    enabled=True,
    made=NOW,
    made_by="管理员",
)
LI = replace(WANG, name="李强", roles=(OperatorRole.AUDITOR,), unit="测试县民政局")
TOKEN = Token("0a1b2c3d4e5f6071", "王芳", digest(7), NOW, LATER)


@pytest.fixture(params=KINDS)
async def store(request) -> AsyncIterator[Store]:
    async with opened(await new_place(request.param, request)) as store:
        yield store


@pytest.mark.requirement("R078")
async def test_an_operator_comes_back_as_it_was_saved_and_is_replaced_whole(store):
    async with store.transaction() as unit:
        assert await unit.operator("王芳") is None
        await unit.save_operator(WANG)
        await unit.save_operator(LI)
    disabled = replace(WANG, enabled=False, roles=(OperatorRole.VIEWER,))
    async with store.transaction() as unit:
        assert await unit.operator("王芳") == WANG
        await unit.save_operator(disabled)
    async with store.transaction() as unit:
        assert await unit.operators() == sorted([disabled, LI], key=lambda one: one.name)


@pytest.mark.requirement("R076")
async def test_a_token_comes_back_as_it_was_saved(store):
    spent = replace(TOKEN, revoked=LATER, used=NOW + timedelta(hours=1))
    async with store.transaction() as unit:
        assert await unit.token(TOKEN.id) is None
        await unit.save_token(TOKEN)
        await unit.save_token(replace(TOKEN, id="00"))
        assert await unit.token(TOKEN.id) == TOKEN
        await unit.save_token(spent)
    async with store.transaction() as unit:
        assert [one.id for one in await unit.tokens()] == ["00", TOKEN.id]
        assert await unit.token(TOKEN.id) == spent


@pytest.mark.requirement("R077")
async def test_a_person_is_found_in_every_query_it_stands_in(store):
    async with store.transaction() as unit:
        await unit.put_persons(OTHER_QUERY, {1: digest(1), 2: digest(2)})
        await unit.put_persons(QUERY, {5: digest(1)})
        # A roster part that is read again after a restart.
        await unit.put_persons(QUERY, {5: digest(1)})
        await unit.put_persons(QUERY, {})
    async with store.transaction() as unit:
        assert await unit.queries_of(digest(1)) == [(QUERY, 5), (OTHER_QUERY, 1)]
        assert await unit.queries_of(digest(2)) == [(OTHER_QUERY, 2)]
        assert await unit.queries_of(digest(3)) == []


@pytest.mark.requirement("R076")
async def test_destroyed_secrets_are_those_of_the_query_and_kinds_alone(store):
    kept = [
        replace(message(1), secret=bytes(48)),
        replace(message(2, kind="Answer"), secret=bytes(48)),
        replace(message(3, kind="Decision"), secret=bytes(48)),
        replace(message(4, query=OTHER_QUERY), secret=bytes(48)),
        replace(message(5), secret=None),
    ]
    async with store.transaction() as unit:
        for one in kept:
            await unit.put_message(one)
        assert await unit.destroy_secrets(QUERY, ["Roster", "Answer"]) == 2
        assert await unit.destroy_secrets(QUERY, ["Roster", "Answer"]) == 0
    async with store.transaction() as unit:
        left = [(await unit.message(one.digest)).secret for one in kept]
        assert left == [None, None, bytes(48), bytes(48), None]
        assert (await unit.message(digest(1))).envelope == kept[0].envelope


async def test_what_is_taken_back_was_never_kept(store):
    async with store.transaction() as unit:
        await unit.put_message(replace(message(1), secret=bytes(48)))
    with suppress(KeyError):
        async with store.transaction() as unit:
            await unit.save_operator(WANG)
            await unit.save_token(TOKEN)
            await unit.put_persons(QUERY, {1: digest(1)})
            await unit.destroy_secrets(QUERY, ["Roster"])
            raise KeyError
    async with store.transaction() as unit:
        assert await unit.operators() == []
        assert await unit.tokens() == []
        assert await unit.queries_of(digest(1)) == []
        assert (await unit.message(digest(1))).secret == bytes(48)
