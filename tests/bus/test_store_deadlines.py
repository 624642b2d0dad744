"""What a unit promises of deadlines: the same tests for the twin and for SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from store_samples import KINDS, LATER, NOW, OTHER_QUERY, QUERY, new_place, opened

from bus.model.case import CaseRole
from bus.model.deadline import Deadline, DeadlineKind
from bus.ports.deadline_books import DeadlineTally
from bus.ports.store import Store

DEADLINE = Deadline(
    query=QUERY,
    role=CaseRole.REVIEWER,
    kind=DeadlineKind.FEEDBACK,
    subject="1/housing-fund-account/320000",
    owing="320000",
    received=NOW,
    days=5,
    due=LATER,
    provisional=True,
    warn_from=NOW + timedelta(hours=1),
)
HOUR = timedelta(hours=1)


@pytest.fixture(params=KINDS)
async def store(request) -> AsyncIterator[Store]:
    async with opened(await new_place(request.param, request)) as store:
        yield store


def deadline(**changed):
    return replace(DEADLINE, **changed)


@pytest.mark.requirement("R029")
async def test_a_deadline_comes_back_as_it_was_kept_and_is_replaced_whole(store):
    given = deadline(days=None, provisional=False, subject="2/x/500000", due=NOW + 2 * HOUR)
    dealt = replace(DEADLINE, warned=NOW, breached=LATER, due=LATER + HOUR)
    async with store.transaction() as unit:
        assert await unit.deadlines(QUERY) == []
        await unit.put_deadlines([DEADLINE, given])
        await unit.put_deadlines([])
    async with store.transaction() as unit:
        assert await unit.deadlines(QUERY) == [given, DEADLINE]
        await unit.put_deadlines([dealt])
        assert await unit.deadlines(QUERY, CaseRole.REVIEWER) == [given, dealt]
        assert await unit.deadlines(QUERY, CaseRole.REQUESTER) == []
        assert await unit.deadlines(OTHER_QUERY) == []


async def test_they_are_told_apart_by_query_role_kind_and_subject(store):
    several = [
        DEADLINE,
        deadline(query=OTHER_QUERY),
        deadline(role=CaseRole.REQUESTER),
        deadline(kind=DeadlineKind.START),
        deadline(subject=""),
    ]
    async with store.transaction() as unit:
        await unit.put_deadlines(several)
        await unit.drop_deadlines([replace(DEADLINE, due=NOW, owing="")])
        await unit.drop_deadlines([DEADLINE])
        await unit.drop_deadlines([])
        left = [*await unit.deadlines(QUERY), *await unit.deadlines(OTHER_QUERY)]
    assert {(d.query, d.role, d.name) for d in left} == {
        (d.query, d.role, d.name) for d in several[1:]
    }


async def test_what_was_taken_back_is_as_before(store):
    async with store.transaction() as unit:
        await unit.put_deadlines([DEADLINE])
    with suppress(RuntimeError):
        async with store.transaction() as unit:
            await unit.put_deadlines([deadline(subject="new"), replace(DEADLINE, warned=NOW)])
            raise RuntimeError
    with suppress(RuntimeError):
        async with store.transaction() as unit:
            await unit.drop_deadlines([DEADLINE])
            raise RuntimeError
    async with store.transaction() as unit:
        assert await unit.deadlines(QUERY) == [DEADLINE]


async def test_near_and_passed_ones_are_found_until_they_are_dealt_with(store):
    mine, theirs = (QUERY, CaseRole.REVIEWER), (OTHER_QUERY, CaseRole.AGENCY)
    other = deadline(query=OTHER_QUERY, role=CaseRole.AGENCY, due=LATER - HOUR)
    async with store.transaction() as unit:
        await unit.put_deadlines([DEADLINE, deadline(subject="2"), other])
        assert await unit.near_deadlines(DEADLINE.warn_from - timedelta(milliseconds=1)) == []
        assert await unit.near_deadlines(DEADLINE.warn_from) == [theirs, mine]
        # What has passed is no longer near.
        assert await unit.near_deadlines(LATER - HOUR) == [mine]
        assert await unit.near_deadlines(LATER) == []
        assert await unit.passed_deadlines(LATER - HOUR - timedelta(milliseconds=1)) == []
        assert await unit.passed_deadlines(LATER - HOUR) == [theirs]
        assert await unit.passed_deadlines(LATER) == [theirs, mine]
        await unit.put_deadlines([replace(DEADLINE, warned=NOW, breached=NOW)])
        # Another one of the same case waits still.
        assert await unit.near_deadlines(DEADLINE.warn_from) == [theirs, mine]
        await unit.put_deadlines([deadline(subject="2", warned=NOW, breached=NOW)])
        assert await unit.near_deadlines(DEADLINE.warn_from) == [theirs]
        assert await unit.passed_deadlines(LATER) == [theirs]


async def test_they_are_counted_by_kind(store):
    async with store.transaction() as unit:
        assert await unit.deadline_tally(NOW) == {}
        await unit.put_deadlines(
            [DEADLINE, deadline(subject="2", due=LATER + HOUR), deadline(kind=DeadlineKind.START)]
        )
        before = await unit.deadline_tally(NOW)
        near = await unit.deadline_tally(NOW + HOUR)
        passed = await unit.deadline_tally(LATER)
    assert before[DeadlineKind.FEEDBACK] == DeadlineTally(2, 0, 0)
    assert near[DeadlineKind.FEEDBACK] == DeadlineTally(2, 2, 0)
    assert passed == {
        DeadlineKind.FEEDBACK: DeadlineTally(2, 1, 1),
        DeadlineKind.START: DeadlineTally(1, 0, 1),
    }
