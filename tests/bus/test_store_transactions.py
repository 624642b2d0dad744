"""All of a transaction or nothing of it, one at a time: the same tests for the twin and for SQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from store_samples import (
    HEADERS,
    KINDS,
    LATER,
    MESSAGE,
    NOW,
    QUERY,
    case,
    digest,
    event,
    message,
    new_place,
    url_of,
)
from store_samples import opened as opened_store

from bus.errors import DefectError
from bus.model.case import CaseRole, QueryState
from bus.ports.store import Store, Unit
from bus.ports.store_errors import StoreUnavailable


@pytest.fixture(params=KINDS)
async def store(request) -> AsyncIterator[Store]:
    async with opened_store(await new_place(request.param, request)) as store:
        yield store


class Broken(Exception):  # noqa: N818 - stands for any failure of a step
    """What a step dies of."""


async def write_everything(unit: Unit) -> None:
    await unit.mark_seen("370000", MESSAGE, digest(2), NOW)
    await unit.save_case(case(state=QueryState.DELIVERED))
    await unit.put_message(message(2))
    await unit.enqueue("t", b"k", b"2", HEADERS, NOW)
    await unit.mark_sent([1], LATER)
    await unit.append_audit(event(2))
    await unit.store_offset("t", 0, 2)
    await unit.hold("t", b"k", b"2", (), "KEY_UNKNOWN", None, NOW, LATER)
    await unit.release(1)
    await unit.quarantine("t", 0, 2, None, None, (), "FORMAT", "", NOW)
    await unit.mark_replayed(1, LATER)
    await unit.put_directory("head", None)
    await unit.put_directory("370000", b"2")
    await unit.put_year_table(2027, "2")


async def write_a_beginning(unit: Unit) -> None:
    await unit.save_case(case())
    await unit.put_message(message(1))
    for value in (b"1", b"1b"):
        await unit.enqueue("t", b"k", value, HEADERS, NOW)
        await unit.hold("t", b"k", value, (), "KEY_UNKNOWN", None, NOW, LATER)
    await unit.append_audit(event(1))
    await unit.store_offset("t", 0, 1)
    await unit.quarantine("t", 0, 1, None, None, (), "FORMAT", "", NOW)
    await unit.put_directory("head", b"1")
    await unit.put_year_table(2027, "1")


async def everything(unit: Unit) -> list[object]:
    return [
        await unit.seen("370000", MESSAGE),
        await unit.cases(CaseRole.REQUESTER),
        await unit.messages(QUERY),
        await unit.unsent(10),
        await unit.audit(0, 10),
        await unit.offsets("t"),
        await unit.held(10),
        await unit.quarantined(0, 10),
        await unit.directory(),
        await unit.year_tables(),
    ]


async def held_by_store(store: Store) -> list[object]:
    async with store.transaction() as unit:
        return await everything(unit)


@pytest.mark.requirement("R075")
async def test_an_exception_takes_every_kind_of_write_back(store):
    async with store.transaction() as unit:
        await write_a_beginning(unit)
    before = await held_by_store(store)
    changed: list[object] = []

    async def step() -> None:
        async with store.transaction() as unit:
            await write_everything(unit)
            changed.extend(await everything(unit))
            raise Broken

    with pytest.raises(Broken):
        await step()
    assert await held_by_store(store) == before
    assert all(old != new for old, new in zip(before, changed, strict=True))


@pytest.mark.requirement("R075")
async def test_numbers_taken_by_a_rolled_back_transaction_leave_no_gap_in_the_audit(store):
    async def step() -> None:
        async with store.transaction() as unit:
            await unit.append_audit(event(1))
            raise Broken

    with pytest.raises(Broken):
        await step()
    async with store.transaction() as unit:
        entry = await unit.append_audit(event(2))
    assert entry.number == 1


@pytest.mark.requirement("R075")
async def test_a_task_cancelled_while_it_waits_inside_rolls_back(store):
    inside = asyncio.Event()

    async def step() -> None:
        async with store.transaction() as unit:
            await unit.put_message(message(1))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(step())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.transaction() as unit:
        assert await unit.message(digest(1)) is None


@pytest.mark.requirement("R075")
async def test_a_task_cancelled_between_any_two_of_its_awaits_leaves_all_or_nothing(store):
    async def step() -> None:
        async with store.transaction() as unit:
            await unit.put_message(message(1))
            await unit.enqueue("t", b"k", b"v", (), NOW)
            await unit.append_audit(event(1))

    # How many turns of the loop a statement takes depends on the machine: more patience each time,
    # until the transaction has ended before the cancellation comes.
    patience, whole = 0, False
    while not whole:
        task = asyncio.create_task(step())
        for _ in range(patience):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        async with store.transaction() as unit:
            whole = await unit.message(digest(1)) is not None
            rows = len(await unit.unsent(10)), len(await unit.audit(0, 10))
        assert rows == ((1, 1) if whole else (0, 0))
        patience += 1 + patience // 8


@pytest.mark.requirement("R075")
@pytest.mark.parametrize("patience", range(0, 60, 5))
async def test_a_second_cancellation_does_not_break_the_rollback_off(store, patience):
    inside = asyncio.Event()

    async def step() -> None:
        async with store.transaction() as unit:
            await unit.put_message(message(1))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(step())
    await inside.wait()
    task.cancel()
    for _ in range(patience):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    async with store.transaction() as unit:
        assert await unit.message(digest(1)) is None


async def test_a_cancellation_in_a_statement_is_raised_after_it_and_rolls_back(store):
    went_on = False

    async def step() -> None:
        nonlocal went_on
        async with store.transaction() as unit:
            asyncio.current_task().cancel()
            await unit.put_message(message(1))
            await asyncio.sleep(0)
            went_on = True

    task = asyncio.create_task(step())
    await asyncio.wait([task])
    assert task.cancelled()
    assert not went_on
    async with store.transaction() as unit:
        assert await unit.message(digest(1)) is None


async def test_a_commit_that_has_begun_ends_before_the_cancellation_is_raised(store):
    async def step() -> None:
        async with store.transaction() as unit:
            await unit.put_message(message(1))
            asyncio.current_task().cancel()
        await asyncio.sleep(0)

    task = asyncio.create_task(step())
    await asyncio.wait([task])
    assert task.cancelled()
    async with store.transaction() as unit:
        assert await unit.message(digest(1)) == message(1)


async def test_concurrent_tasks_take_turns_and_lose_no_update(store):
    async def count_up() -> None:
        for _ in range(5):
            async with store.transaction() as unit:
                offset = (await unit.offsets("t")).get(0, 0)
                await asyncio.sleep(0)
                await unit.store_offset("t", 0, offset + 1)

    await asyncio.gather(count_up(), count_up(), count_up())
    async with store.transaction() as unit:
        assert await unit.offsets("t") == {0: 15}


async def test_a_waiting_task_sees_nothing_until_the_other_has_committed(store):
    order: list[str] = []
    first_inside = asyncio.Event()

    async def first() -> None:
        async with store.transaction() as unit:
            await unit.store_offset("t", 0, 1)
            first_inside.set()
            await asyncio.sleep(0)
            order.append("first ends")

    async def second() -> None:
        await first_inside.wait()
        async with store.transaction() as unit:
            order.append("second begins")
            assert await unit.offsets("t") == {0: 1}

    await asyncio.gather(first(), second())
    assert order == ["first ends", "second begins"]


async def test_a_transaction_inside_a_transaction_is_refused_and_harms_nothing(store):
    async with store.transaction() as unit:
        await unit.put_message(message(1))
        with pytest.raises(DefectError) as caught:
            async with store.transaction():
                pass
    assert caught.value.code == "STORE_NESTED"
    async with store.transaction() as unit:
        assert await unit.message(digest(1)) == message(1)


async def test_a_task_started_inside_is_refused_while_the_transaction_is_open(store):
    async def child() -> None:
        async with store.transaction() as unit:
            await unit.store_offset("t", 0, 1)

    async with store.transaction():
        with pytest.raises(DefectError) as caught:
            await asyncio.create_task(child())
        late = asyncio.Event()
        task = asyncio.create_task(_after(late, child))
    assert caught.value.code == "STORE_NESTED"
    late.set()
    await task
    async with store.transaction() as unit:
        assert await unit.offsets("t") == {0: 1}


async def _after(signal: asyncio.Event, work) -> None:
    await signal.wait()
    await work()


async def test_closing_inside_a_transaction_is_refused(store):
    async with store.transaction():
        with pytest.raises(DefectError) as caught:
            await store.close()
    assert caught.value.code == "STORE_NESTED"


async def test_two_stores_may_be_used_inside_each_other(store, tmp_path):
    async with (
        opened_store(url_of(tmp_path / "other.db")) as other,
        store.transaction() as unit,
        other.transaction() as second,
    ):
        await unit.store_offset("t", 0, 1)
        assert await second.offsets("t") == {}


async def test_a_unit_is_of_no_use_after_its_transaction(store):
    async with store.transaction() as unit:
        await unit.put_message(message(1))
    with pytest.raises(DefectError) as caught:
        await unit.message(digest(1))
    assert caught.value.code == "STORE_UNIT_ENDED"


@pytest.mark.requirement("R075")
async def test_closing_waits_for_the_open_transaction_and_reopening_finds_its_work(store):
    inside = asyncio.Event()

    async def step() -> None:
        async with store.transaction() as unit:
            inside.set()
            await asyncio.sleep(0)
            await unit.put_message(message(1))

    task = asyncio.create_task(step())
    await inside.wait()
    await store.close()
    await store.close()
    await task
    with pytest.raises(StoreUnavailable) as caught:
        async with store.transaction():
            pass
    assert caught.value.code == "STORE_CLOSED"
    await store.open()
    await store.open()
    async with store.transaction() as unit:
        assert await unit.message(digest(1)) == message(1)
