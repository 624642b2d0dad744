"""Nothing lost, nothing twice: duplicates, disorder, crashes, rollbacks (R075)."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from daemon_deeds import books, case_of, clean, codes, drive, held, reader_of, submit_draft

from bus.model.case import CaseRole, QueryState
from bus.ports.store_errors import StoreUnavailable
from signer.identity import inbox_topic, outbox_topic

pytestmark = pytest.mark.requirement("R075")


def every_record_twice(country):
    append = country.cluster.append

    def twice(message):
        append(message)
        append(message)

    country.cluster.append = twice


async def test_every_record_delivered_twice_ends_in_the_same_books(country, make_draft):
    await submit_draft(country, make_draft(2))
    await country.settle()
    once = await books(country)
    published = {t: len(country.cluster.records(t)) for t in country.cluster.topics}

    every_record_twice(country)
    query = await submit_draft(country, make_draft(2))
    await country.settle()
    assert await clean(country)
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    twice = await books(country)
    for name, (_, kinds, noted) in once.items():
        assert twice[name][1] == kinds + kinds, name
        assert twice[name][2] == noted + noted, name
    for topic, count in published.items():
        # Published once more, and doubled by the cluster.
        assert len(country.cluster.records(topic)) == 3 * count, topic


@pytest.mark.parametrize("seed", range(30))
async def test_any_interleaving_ends_delivered(country, make_draft, seed):
    query = await submit_draft(country, make_draft(2))
    await drive(country, seed)
    assert await clean(country)
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


async def test_interleavings_end_in_the_same_books(country, make_draft):
    await submit_draft(country, make_draft(2))
    await country.settle()
    once = await books(country)
    await submit_draft(country, make_draft(2))
    await drive(country, 7, again=0.6)
    twice = await books(country)
    for name, (_, kinds, noted) in once.items():
        assert twice[name][1] == kinds + kinds, name
        assert twice[name][2] == noted + noted, name


async def test_two_queries_interleaved_at_random(country, make_draft):
    one = await submit_draft(country, make_draft(1))
    two = await submit_draft(country, make_draft(1), node="500000")
    await drive(country, 99)
    assert await clean(country)
    assert (await case_of(country, "370000", one)).state is QueryState.DELIVERED
    assert (await case_of(country, "500000", two)).state is QueryState.DELIVERED


async def test_a_crash_between_publishing_and_marking_publishes_again_to_no_effect(
    country, make_draft, monkeypatch
):
    await submit_draft(country, make_draft(1))
    hub = country["hub"]
    transaction = hub.store.transaction
    crashes = []

    async def crash(_numbers, _at):
        crashes.append(1)
        raise StoreUnavailable("STORE_UNAVAILABLE", "数据库不可用", "down")

    class Crashing:
        def __init__(self):
            self.manager = transaction()

        async def __aenter__(self):
            unit = await self.manager.__aenter__()
            unit.mark_sent = crash
            return unit

        async def __aexit__(self, *problem):
            return await self.manager.__aexit__(*problem)

    await country["370000"].outbox.drain()
    await hub.step.run(country.cluster.records(outbox_topic("370000")))
    monkeypatch.setattr(hub.store, "transaction", Crashing)
    with pytest.raises(StoreUnavailable):
        await hub.outbox.drain()
    monkeypatch.undo()
    assert crashes
    first = len(country.cluster.records(inbox_topic("370000")))
    await country.settle()
    assert len(country.cluster.records(inbox_topic("370000"))) > first
    assert await clean(country)
    case = (await books(country))["370000"][0]
    assert {state for _, state, _ in case} >= {QueryState.DELIVERED}


@pytest.mark.parametrize("writes", range(0, 40, 3))
async def test_a_store_that_fails_anywhere_in_a_step_leaves_nothing_of_it(
    country, make_draft, monkeypatch, writes
):
    query = await submit_draft(country, make_draft(1))
    await country["370000"].outbox.drain()
    records = country.cluster.records(outbox_topic("370000"))
    hub = country["hub"]
    before = await books(country)
    left = [writes]
    original = type(hub.store).transaction

    def failing(method):
        async def write(*args, **kwargs):
            left[0] -= 1
            if left[0] < 0:
                raise StoreUnavailable("STORE_UNAVAILABLE", "数据库不可用", "down")
            return await method(*args, **kwargs)

        return write

    class Failing:
        def __init__(self):
            self.manager = original(hub.store)

        async def __aenter__(self):
            unit = await self.manager.__aenter__()
            for name in ("save_case", "put_message", "mark_seen", "enqueue", "append_audit"):
                setattr(unit, name, failing(getattr(unit, name)))
            unit.store_offset = failing(unit.store_offset)
            return unit

        async def __aexit__(self, *problem):
            return await self.manager.__aexit__(*problem)

    monkeypatch.setattr(hub.store, "transaction", Failing)
    try:
        await hub.step.run(records)
        failed = False
    except StoreUnavailable:
        failed = True
    monkeypatch.undo()
    assert failed == (left[0] < 0)
    if failed:
        assert await books(country) == before
    await country.settle()
    assert await clean(country)
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


async def test_a_daemon_built_anew_on_its_store_goes_on_where_it_stopped(country, make_draft):
    query = await submit_draft(country, make_draft(2))
    for _ in range(12):
        for name, desk in list(country.desks.items()):
            await desk.pump(country.cluster)
            # A new process: a new store object on the same tables, step and relay made anew.
            step = replace(desk.step)
            country.desks[name] = replace(desk, step=step, outbox=replace(desk.outbox))
    await country.settle()
    assert await clean(country)
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


async def test_a_store_restored_from_a_backup_reads_again_what_it_missed(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    requester = country["370000"]
    backup = copy.deepcopy(requester.store._tables)
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED

    requester.store._tables = backup
    assert (await case_of(country, "370000", query)).state is QueryState.SUBMITTED
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    assert await codes(country, "370000") == []


SET_BACK = ("hub", "320000", "320000.housing-fund", "hub.marriage", "370000")


async def set_back_and_settle(country, make_draft, name, rounds):
    """A query goes some rounds; a store that is older by then is put back; all goes on."""
    desk = country[name]
    backup = copy.deepcopy(desk.store._tables)
    query = await submit_draft(country, make_draft(2))
    if name == "370000":
        backup = copy.deepcopy(desk.store._tables)
    for _ in range(rounds):
        for each in country.desks.values():
            await each.pump(country.cluster)
    desk.store._tables = backup
    desk.office.set_back = True
    await country.settle()
    return query


@pytest.mark.parametrize("rounds", range(1, 8))
@pytest.mark.parametrize("name", SET_BACK)
async def test_a_store_set_back_at_any_stage_ends_every_case_once(
    country, make_draft, name, rounds
):
    query = await set_back_and_settle(country, make_draft, name, rounds)

    for agency in ("hub.marriage", "320000.housing-fund", "500000.housing-fund"):
        case = await case_of(country, agency, query, CaseRole.AGENCY)
        assert case.state is QueryState.DELIVERED, agency
    for provider in ("320000", "500000"):
        case = await case_of(country, provider, query, CaseRole.PROVIDER)
        assert case.state is QueryState.ANSWERED, provider
    reviewed = await case_of(country, "hub", query, CaseRole.REVIEWER)
    asked = await case_of(country, "370000", query)
    assert (reviewed.state, asked.state) == (QueryState.DELIVERED, QueryState.DELIVERED)
    assert [len(row.fragments) for row in asked.rows if row.leaf] == [1] * 9
    for each in country.desks:
        assert await held(country, each) == [], each
        # What was made anew is refused by whoever has the first, and by nobody else.
        refused = set(await codes(country, each))
        assert refused <= {"ANSWER_TWICE", "DISPATCH_TWICE", "ILLEGAL_STATE"}, each


async def test_only_a_store_that_was_set_back_takes_another_order_for_its_own(country, make_draft):
    query = await set_back_and_settle(country, make_draft, "320000", 4)
    for name, redone in (("320000", True), ("500000", False)):
        case = await case_of(country, name, query, CaseRole.PROVIDER)
        assert {row.redone for row in case.rows} == {redone}


async def test_a_reader_notices_a_store_that_was_set_back_and_no_other(country, make_draft):
    hub = country["hub"]
    backup = copy.deepcopy(hub.store._tables)
    for _ in range(2):
        await submit_draft(country, make_draft(1))
        await country["370000"].outbox.drain()
        reader = reader_of(country, "hub")
        await reader.round()
        await reader.close()
    assert hub.office.set_back is False

    hub.store._tables = backup
    await reader_of(country, "hub").round()
    assert hub.office.set_back is True
