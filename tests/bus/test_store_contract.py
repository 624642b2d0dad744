"""What each method of a unit promises: the same tests for the twin and for SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from store_samples import (
    HEADERS,
    KINDS,
    LATER,
    MESSAGE,
    NOW,
    OTHER_QUERY,
    QUERY,
    case,
    digest,
    event,
    full_case,
    message,
    new_place,
    opened,
)

from bus.errors import DefectError
from bus.model.case import CaseRole, QueryState
from bus.ports.audit_chain import GENESIS, verify
from bus.ports.store import HeldMessage, OutboxRow, QuarantinedMessage, Store, Tally


@pytest.fixture(params=KINDS)
async def store(request) -> AsyncIterator[Store]:
    async with opened(await new_place(request.param, request)) as store:
        yield store


async def test_a_message_is_seen_once_it_is_marked(store):
    async with store.transaction() as unit:
        assert await unit.seen("370000", MESSAGE) is None
        await unit.mark_seen("370000", MESSAGE, digest(1), NOW)
        await unit.mark_seen("370000", MESSAGE, digest(1), LATER)
    async with store.transaction() as unit:
        assert await unit.seen("370000", MESSAGE) == digest(1)
        assert await unit.seen("320000", MESSAGE) is None


async def test_another_digest_for_a_seen_id_is_a_defect_and_the_first_stands(store):
    async with store.transaction() as unit:
        await unit.mark_seen("370000", MESSAGE, digest(1), NOW)
        with pytest.raises(DefectError) as caught:
            await unit.mark_seen("370000", MESSAGE, digest(2), NOW)
        assert caught.value.code == "EQUIVOCATION_UNCHECKED"
        assert caught.value.where == "370000"
    async with store.transaction() as unit:
        assert await unit.seen("370000", MESSAGE) == digest(1)


async def test_a_case_comes_back_as_it_was_saved_and_is_replaced_whole(store):
    async with store.transaction() as unit:
        assert await unit.case(QUERY, CaseRole.REQUESTER) is None
        await unit.save_case(full_case())
    async with store.transaction() as unit:
        assert await unit.case(QUERY, CaseRole.REQUESTER) == full_case()
        assert await unit.case(QUERY, CaseRole.REVIEWER) is None
        await unit.save_case(case(state=QueryState.DELIVERED))
    async with store.transaction() as unit:
        found = await unit.case(QUERY, CaseRole.REQUESTER)
        assert found == case(state=QueryState.DELIVERED)


async def test_cases_are_listed_newest_first_by_role_and_state(store):
    newer = case(OTHER_QUERY, state=QueryState.UNDER_REVIEW, opened_at=LATER)
    older = case(QUERY)
    twin = case(UUID(int=1), opened_at=NOW)
    reviewed = case(QUERY, CaseRole.REVIEWER)
    async with store.transaction() as unit:
        for one in (older, newer, reviewed, twin):
            await unit.save_case(one)
        assert await unit.cases(CaseRole.REQUESTER) == [newer, older, twin]
        assert await unit.cases(CaseRole.REVIEWER) == [reviewed]
        assert await unit.cases(CaseRole.AGENCY) == []
        assert await unit.cases(CaseRole.REQUESTER, [QueryState.UNDER_REVIEW]) == [newer]
        assert await unit.cases(CaseRole.REQUESTER, []) == []
        both = [QueryState.SUBMITTED, QueryState.UNDER_REVIEW]
        assert await unit.cases(CaseRole.REQUESTER, both) == [newer, older, twin]


async def test_cases_are_paged_by_query_id(store):
    states = [QueryState.SUBMITTED, QueryState.STARTED]
    kept = [
        case(UUID(int=number), CaseRole.REVIEWER, states[number % 2], opened_at=at)
        for number, at in zip(range(1, 6), [LATER, NOW] * 3, strict=False)
    ]
    ended = case(UUID(int=9), CaseRole.REVIEWER, QueryState.DELIVERED)
    async with store.transaction() as unit:
        for one in (*reversed(kept), ended, case(UUID(int=3))):
            await unit.save_case(one)

        async def page(after, limit=2, since=None):
            return await unit.case_page(CaseRole.REVIEWER, states, since, after, limit)

        assert await page(None) == kept[:2]
        assert await page(kept[1].query) == kept[2:4]
        assert await page(kept[3].query) == kept[4:]
        assert await page(kept[4].query) == []
        assert await page(None, 9) == kept
        assert await page(None, 9, since=NOW) == kept
        assert await page(None, 9, since=LATER) == kept[::2]
        assert await page(kept[1].query, 1, since=LATER) == [kept[2]]
        assert await page(None, 9, since=LATER + timedelta(seconds=1)) == []
        assert await unit.case_page(CaseRole.REVIEWER, states[1:], None, None, 9) == kept[::2]
        assert await unit.case_page(CaseRole.REVIEWER, [], None, None, 9) == []


async def test_the_first_form_of_a_message_is_kept(store):
    later_form = replace(message(1), envelope=b"endorsed", at=LATER)
    async with store.transaction() as unit:
        await unit.put_message(message(1))
        await unit.put_message(later_form)
        assert await unit.message(digest(1)) == message(1)
        assert await unit.message(digest(2)) is None
        assert await unit.messages(QUERY) == [message(1)]


async def test_messages_are_listed_in_the_order_they_were_kept(store):
    kept = [message(3), message(1, kind="Application"), message(2)]
    async with store.transaction() as unit:
        for one in (*kept, message(4, query=OTHER_QUERY)):
            await unit.put_message(one)
        assert await unit.messages(QUERY) == kept
        assert await unit.messages(QUERY, "Roster") == [kept[0], kept[2]]
        assert await unit.messages(QUERY, "Answer") == []


async def test_the_outbox_gives_the_oldest_first_until_they_are_sent(store):
    async with store.transaction() as unit:
        for number in range(4):
            await unit.enqueue("hedui.hub.inbox", b"k", bytes([number]), HEADERS, NOW)
        first, *rest = await unit.unsent(3)
        assert first == OutboxRow(first.number, "hedui.hub.inbox", b"k", b"\x00", HEADERS, NOW)
        assert [row.value for row in rest] == [b"\x01", b"\x02"]
        await unit.mark_sent([first.number, rest[1].number], LATER)
        await unit.mark_sent([], LATER)
        await unit.mark_sent([first.number, 999], LATER)
    async with store.transaction() as unit:
        left = await unit.unsent(10)
        assert [row.value for row in left] == [b"\x01", b"\x03"]
        assert left[0].number < left[1].number


async def test_audit_entries_are_chained_and_paged(store):
    async with store.transaction() as unit:
        written = [await unit.append_audit(event(number)) for number in range(1, 4)]
    async with store.transaction() as unit:
        written.append(await unit.append_audit(event(4)))
        entries = await unit.audit(0, 100)
        assert entries == written
        assert [entry.number for entry in entries] == [1, 2, 3, 4]
        assert [entry.event for entry in entries] == [event(number) for number in range(1, 5)]
        assert entries[0].prev == GENESIS
        assert await unit.audit(1, 2) == entries[1:3]
        assert await unit.audit(4, 2) == []
    verify(entries)
    verify(entries[2:], after=entries[1])


async def test_audit_entries_are_found_by_query_and_by_event(store):
    async with store.transaction() as unit:
        assert await unit.last_audit() is None
        assert await unit.last_audit("a") is None
        for number in range(1, 7):
            about, name = (OTHER_QUERY, QUERY)[number % 2], "ab"[number % 3 == 0]
            await unit.append_audit(replace(event(number), query=about, event=name))
        await unit.append_audit(replace(event(7), query=None, event="a"))

    async def numbers(after, limit, **wanted):
        async with store.transaction() as unit:
            return [entry.number for entry in await unit.audit(after, limit, **wanted)]

    assert await numbers(0, 9, query=OTHER_QUERY) == [2, 4, 6]
    assert await numbers(0, 9, event="b") == [3, 6]
    assert await numbers(3, 9, event="b", query=OTHER_QUERY) == [6]
    assert await numbers(2, 1, query=OTHER_QUERY) == [4]
    assert await numbers(0, 9, event="c") == []
    async with store.transaction() as unit:
        assert (await unit.last_audit()).number == 7
        assert (await unit.last_audit("b")).number == 6
        assert await unit.last_audit("c") is None


async def test_an_audit_detail_that_is_not_flat_json_is_refused_and_leaves_the_chain(store):
    async with store.transaction() as unit:
        with pytest.raises(DefectError) as caught:
            await unit.append_audit(replace(event(1), detail={"share": 0.5}))
        assert caught.value.code == "AUDIT_EVENT_INVALID"
        assert caught.value.where == "share"
        await unit.append_audit(event(1))
    async with store.transaction() as unit:
        verify(await unit.audit(0, 10))


@pytest.mark.requirement("R075")
async def test_offsets_are_kept_for_each_partition(store):
    async with store.transaction() as unit:
        assert await unit.offsets("hedui.hub.inbox") == {}
        await unit.store_offset("hedui.hub.inbox", 0, 5)
        await unit.store_offset("hedui.hub.inbox", 2, 2**40)
        await unit.store_offset("hedui.370000.inbox", 0, 1)
        await unit.store_offset("hedui.hub.inbox", 0, 6)
    async with store.transaction() as unit:
        assert await unit.offsets("hedui.hub.inbox") == {0: 6, 2: 2**40}


async def test_held_records_wait_in_order_until_they_are_released(store):
    async with store.transaction() as unit:
        await unit.hold("t", b"k", b"1", HEADERS, "KEY_UNKNOWN", QUERY, NOW, LATER)
        await unit.hold("t", None, b"2", (), "DIRECTORY_BEHIND", None, NOW, LATER)
        first, second = await unit.held(10)
        assert await unit.held(1) == [first]
        assert first == HeldMessage(
            first.number, "t", b"k", b"1", HEADERS, "KEY_UNKNOWN", QUERY, NOW, LATER
        )
        assert (second.key, second.headers, second.query) == (None, (), None)
        await unit.release(second.number)
        await unit.release(second.number)
    async with store.transaction() as unit:
        await unit.hold("t", b"k", b"3", (), "KEY_UNKNOWN", None, NOW, LATER)
        kept, third = await unit.held(10)
    assert kept == first
    assert third.number > second.number


async def test_held_records_are_paged_found_by_query_and_counted_unread(store):
    other = UUID(int=QUERY.int ^ 1)
    async with store.transaction() as unit:
        assert await unit.parked() == {}
        for topic, query in (("t", QUERY), ("t", None), ("u", other), ("t", QUERY), ("t", None)):
            await unit.hold(topic, None, b"v", (), "CODE", query, NOW, LATER)
    async with store.transaction() as unit:
        every = await unit.held(10)
        assert [one.query for one in every] == [QUERY, None, other, QUERY, None]
        assert await unit.held(2, every[1].number) == every[2:4]
        assert await unit.held(10, every[-1].number) == []
        assert await unit.held(10, 0, {QUERY}) == [every[0], every[3]]
        assert await unit.held(10, every[0].number, {QUERY, other}) == [every[2], every[3]]
        assert await unit.held(1, 0, [other]) == [every[2]]
        assert await unit.held(10, 0, set()) == []
        assert await unit.parked() == {("t", QUERY): 2, ("t", None): 2, ("u", other): 1}
        await unit.release(every[2].number)
        assert await unit.parked() == {("t", QUERY): 2, ("t", None): 2}


async def test_a_record_is_held_until_it_is_released(store):
    async with store.transaction() as unit:
        await unit.hold("t", b"k", b"v", HEADERS, "CODE", None, NOW, LATER)
        (parked,) = await unit.held(10)
        assert await unit.is_held(parked.number)
        assert not await unit.is_held(parked.number + 1)
    async with store.transaction() as unit:
        await unit.release(parked.number)
        assert not await unit.is_held(parked.number)


async def test_a_peers_word_in_quarantine_may_hold_a_nul(store):
    async with store.transaction() as unit:
        await unit.quarantine("t", 0, 1, None, b"v", (), "CODE", "a\0b", NOW)
    async with store.transaction() as unit:
        (kept,) = await unit.quarantined(0, 10)
    assert kept.detail == "a\ufffdb"


async def test_the_last_number_in_quarantine_is_told_after_a_rolled_back_one(store):
    async def refuse(*, broken: bool) -> None:
        async with store.transaction() as unit:
            await unit.quarantine("t", 0, 1, None, b"v", (), "CODE", "", NOW)
            assert not broken or await unit.case(QUERY, CaseRole.REQUESTER), "taken back"

    with pytest.raises(AssertionError, match="taken back"):
        await refuse(broken=True)
    await refuse(broken=False)
    async with store.transaction() as unit:
        (kept,) = await unit.quarantined(0, 10)
        tally = await unit.tally()
    assert (tally.quarantined, tally.last_quarantined) == (1, kept.number)


async def test_quarantine_keeps_the_record_and_when_it_was_replayed(store):
    async with store.transaction() as unit:
        one = await unit.quarantine("t", 1, 7, b"k", b"v", HEADERS, "SIGNATURE", "seal 0", NOW)
        two = await unit.quarantine("t", 1, 8, None, None, (), "FORMAT", "", NOW)
        assert two > one
        await unit.mark_replayed(one, LATER)
        await unit.mark_replayed(999, LATER)
    async with store.transaction() as unit:
        refused = QuarantinedMessage(
            one, "t", 1, 7, b"k", b"v", HEADERS, "SIGNATURE", "seal 0", NOW, LATER
        )
        tombstone = QuarantinedMessage(two, "t", 1, 8, None, None, (), "FORMAT", "", NOW, None)
        assert await unit.quarantined(0, 10) == [refused, tombstone]
        assert await unit.quarantined(one, 10) == [tombstone]
        assert await unit.quarantined(0, 1) == [refused]


async def test_directory_records_are_replaced_and_removed_by_key(store):
    async with store.transaction() as unit:
        await unit.put_directory("head", b"1")
        await unit.put_directory("370000", b"2")
        await unit.put_directory("head", b"3")
        await unit.put_directory("370000", None)
        await unit.put_directory("absent", None)
    async with store.transaction() as unit:
        assert await unit.directory() == {"head": b"3"}


async def test_an_imported_year_table_replaces_the_earlier_one(store):
    async with store.transaction() as unit:
        await unit.put_year_table(2027, "{}")
        await unit.put_year_table(2026, '{"年": 2026}')
        await unit.put_year_table(2027, '{"off": []}')
    async with store.transaction() as unit:
        assert await unit.year_tables() == {2026: '{"年": 2026}', 2027: '{"off": []}'}


async def test_instants_come_back_in_whole_milliseconds_of_utc(store):
    fine = NOW + timedelta(microseconds=999)
    async with store.transaction() as unit:
        await unit.put_message(replace(message(1), at=fine))
        found = await unit.message(digest(1))
    assert found is not None
    assert found.at == NOW


async def test_an_instant_without_a_zone_is_refused(store):
    async with store.transaction() as unit:
        with pytest.raises(DefectError) as caught:
            await unit.enqueue("t", b"k", b"v", (), NOW.replace(tzinfo=None))
        assert caught.value.code == "INSTANT_WITHOUT_ZONE"
        assert await unit.unsent(1) == []


async def test_a_tally_counts_what_there_is(store):
    async with store.transaction() as unit:
        assert await unit.tally() == Tally(0, None, 0, 0, 0, {})
        await unit.enqueue("hedui.hub.inbox", b"k", b"1", HEADERS, NOW)
        await unit.enqueue("hedui.hub.inbox", b"k", b"2", HEADERS, LATER)
        await unit.hold("t", b"k", b"v", HEADERS, "CODE", None, NOW, LATER)
        await unit.quarantine("t", 0, 1, b"k", b"v", HEADERS, "CODE", "", NOW)
        await unit.save_case(case())
    async with store.transaction() as unit:
        tally = await unit.tally()
        assert (tally.unsent, tally.oldest_unsent) == (2, NOW)
        assert (tally.held, tally.quarantined, tally.last_quarantined) == (1, 1, 1)
        assert tally.cases == {(case().role, case().state): 1}
        await unit.mark_sent([row.number for row in await unit.unsent(1)], LATER)
        assert (await unit.tally()).oldest_unsent == LATER
