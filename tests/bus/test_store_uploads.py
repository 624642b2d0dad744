"""What a unit promises of uploads: the same tests for the twin and for SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from store_samples import KINDS, LATER, NOW, digest, new_place, opened

from bus.errors import HeduiError
from bus.model.upload import UploadDuty, UploadRow, UploadState, UploadVersion
from bus.ports.store import Store

VERSION = UploadVersion(
    id=UUID("019cac0f-2680-77d8-8904-86ef2cb84955"),
    resource="housing-fund-account",
    state=UploadState.CURRENT,
    period="2025",
    as_of=date(2025, 12, 31),
    received=NOW,
    digest=digest(1),
    schema=digest(2),
    rows=3,
    refused=1,
    operator="operator:王芳",
    leader="李主任",
    handler="张三",
)


@pytest.fixture(params=KINDS)
async def store(request) -> AsyncIterator[Store]:
    async with opened(await new_place(request.param, request)) as store:
        yield store


def version(number, **changed):
    return replace(VERSION, **({"id": UUID(int=number)} | changed))


async def rows_of(store, which, persons):
    async with store.transaction() as unit:
        return list(await unit.upload_rows(which, persons))


@pytest.mark.requirement("R115")
async def test_a_version_comes_back_as_it_was_kept_and_is_replaced_whole(store):
    ended = replace(
        VERSION, state=UploadState.WITHDRAWN, ended=LATER, reason="口径有误", destroyed=LATER
    )

    async with store.transaction() as unit:
        await unit.save_upload(VERSION)
        first = await unit.upload(VERSION.id)
        await unit.save_upload(ended)
        second = await unit.upload(VERSION.id)
        none = await unit.upload(UUID(int=7))

    assert (first, second, none) == (VERSION, ended, None)


async def test_versions_are_listed_by_resource_and_state_the_newest_first(store):
    old = version(1, state=UploadState.SUPERSEDED)
    new = version(2, received=NOW + timedelta(seconds=1))
    other = version(3, resource="vehicle", received=NOW + timedelta(seconds=2))

    async with store.transaction() as unit:
        for one in (old, new, other):
            await unit.save_upload(one)
        everything = await unit.uploads()
        of_one = await unit.uploads("housing-fund-account")
        current = await unit.uploads("housing-fund-account", UploadState.CURRENT)
        await unit.drop_upload(other.id)
        left = await unit.uploads(state=UploadState.CURRENT)

    assert [list(everything), list(of_one)] == [[other, new, old], [new, old]]
    assert list(current) == list(left) == [new]


async def test_rows_of_the_persons_asked_for_come_in_order_and_of_no_other_version(store):
    rows = [
        UploadRow(digest(9), 3, b"c"),
        UploadRow(digest(8), 1, b"a"),
        UploadRow(digest(9), 2, None),
        UploadRow(digest(7), 4, b"d"),
    ]
    async with store.transaction() as unit:
        await unit.put_upload_rows(VERSION.id, rows)
        await unit.put_upload_rows(VERSION.id, [])
        await unit.put_upload_rows(UUID(int=5), [UploadRow(digest(9), 1, b"x")])

    assert await rows_of(store, VERSION.id, [digest(9), digest(8), digest(1)]) == [
        UploadRow(digest(8), 1, b"a"),
        UploadRow(digest(9), 2, None),
        UploadRow(digest(9), 3, b"c"),
    ]
    assert await rows_of(store, VERSION.id, []) == []


async def test_rows_go_in_bites(store):
    rows = [UploadRow(digest(n), n, b"r") for n in range(1, 6)]
    async with store.transaction() as unit:
        await unit.put_upload_rows(VERSION.id, rows)
        await unit.put_upload_rows(UUID(int=5), rows[:1])

    async with store.transaction() as unit:
        before = await unit.first_upload_row(VERSION.id)
        gone = await unit.drop_upload_rows(VERSION.id, 3)
        after = await unit.first_upload_row(VERSION.id)
        rest = await unit.drop_upload_rows(VERSION.id, 100)
        none = await unit.first_upload_row(VERSION.id)
        other = await unit.first_upload_row(UUID(int=5))

    assert (before, gone, after, rest, none, other) == (1, 3, 4, 2, 0, 1)


async def test_what_a_transaction_did_is_taken_back_with_it(store):
    async with store.transaction() as unit:
        await unit.save_upload(VERSION)

    async def fails() -> None:
        async with store.transaction() as unit:
            await unit.save_upload(replace(VERSION, state=UploadState.SUPERSEDED))
            await unit.put_upload_rows(VERSION.id, [UploadRow(digest(9), 1, b"x")])
            await unit.save_upload_duty(UploadDuty("vehicle", NOW))
            raise HeduiError("X", "某", "some")

    with pytest.raises(HeduiError):
        await fails()

    async with store.transaction() as unit:
        kept = await unit.upload(VERSION.id)
        duty = await unit.upload_duty("vehicle")
    assert (kept, duty) == (VERSION, None)
    assert await rows_of(store, VERSION.id, [digest(9)]) == []


@pytest.mark.requirement("R120")
async def test_a_duty_is_kept_and_replaced(store):
    async with store.transaction() as unit:
        await unit.save_upload_duty(UploadDuty("vehicle", NOW))
        await unit.save_upload_duty(UploadDuty("vehicle", NOW, "2026-Q1"))
        found = await unit.upload_duty("vehicle")
        none = await unit.upload_duty("vessel")

    assert (found, none) == (UploadDuty("vehicle", NOW, "2026-Q1"), None)
