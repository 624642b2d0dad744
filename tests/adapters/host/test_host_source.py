"""A source that is slow, silent, down or hostile: asked in bites, cut off, left alone, tried."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from host_desk import ACCOUNT, LOAN, NOW, Source, make_desk
from prometheus_client import generate_latest

from adapters.contract import (
    LookupResult,
    Remark,
    SourcePendingError,
    SourceUnavailableError,
    not_answerable,
)
from adapters.host import answering as answering_room
from adapters.host import row_answer
from adapters.host import source as source_room
from adapters.host.breaker import FIRST_PAUSE, LONGEST_PAUSE, BreakerState
from adapters.host.readiness import facts, source_missing
from adapters.host.source import Limits
from bus.errors import ConfigError
from bus.flow.lifecycle import RUNNING
from bus.model.audit import Event
from bus.model.case import CaseRole, RowState

DOWN = SourceUnavailableError("SOURCE_FAILED", "来源不可用", "down", where=ACCOUNT)
MOMENT = timedelta(milliseconds=20)


async def made(source=None, **limits):
    desk = make_desk(source=source, limits=Limits(**limits))
    await desk.store.open()
    return desk


async def ordered(desk, count=1, persons=2):
    orders = [desk.order(desk.line(1), persons=persons) for _ in range(count)]
    await desk.take(*orders)
    return orders


def sample(desk, name, **labels):
    return desk.answering.metrics.registry.get_sample_value(name, labels)


async def entries(desk, *events):
    async with desk.store.transaction() as unit:
        return [e.event for e in await unit.audit(0, 1000) if e.event.event in events]


async def test_persons_are_asked_about_in_bites_and_answered_in_one():
    desk = await made(persons_at_once=2)
    (order,) = await ordered(desk, persons=5)
    desk.source.as_of = {ACCOUNT: NOW - timedelta(days=2)}
    assert await desk.answering.answer_open_rows() == 1
    asked = [[p.reference for p in lookup.persons] for lookup in desk.source.asked]
    assert asked == [[1, 2], [3, 4], [5]]
    (answer,) = await desk.answers(order.query)
    assert [one.reference for one in answer.body.outcomes] == [1, 2, 3, 4, 5]
    assert answer.body.as_of == NOW - timedelta(days=2)


@pytest.mark.requirement("R031")
async def test_nobody_is_asked_about_any_more_once_the_row_is_not_owed():
    desk = await made(persons_at_once=1)
    (order,) = await ordered(desk, persons=3)
    lookup = desk.source.lookup

    async def stopped(asked, now):
        async with desk.store.transaction() as unit:
            case = await unit.case(order.query, CaseRole.AGENCY)
            closed = tuple(replace(row, state=RowState.UNSERVED) for row in case.rows)
            await unit.save_case(replace(case, rows=closed))
        return await lookup(asked, now)

    desk.source.lookup = stopped
    assert await desk.answering.answer_open_rows() == 0
    assert [len(one.persons) for one in desk.source.asked] == [1]
    assert await desk.answers(order.query) == []


class Silent(Source):
    """A source that answers when it is let, and may refuse to be stopped."""

    def __init__(self, *, stubborn=False):
        super().__init__()
        self.let, self.stubborn, self.running, self.most = asyncio.Event(), stubborn, 0, 0

    async def lookup(self, lookup, now):
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            while not self.let.is_set():
                try:
                    await self.let.wait()
                except asyncio.CancelledError:
                    if not self.stubborn:
                        raise
            return await super().lookup(lookup, now)
        finally:
            self.running -= 1


@pytest.mark.requirement("R071")
@pytest.mark.parametrize("stubborn", [False, True])
async def test_a_connector_that_hangs_is_cut_off_and_the_source_counts_as_down(
    monkeypatch, stubborn
):
    monkeypatch.setattr(source_room, "CUT_OFF_GRACE", 0.01)
    silent = Silent(stubborn=stubborn)
    desk = await made(silent, lookup_timeout=MOMENT)
    await ordered(desk)
    assert await desk.answering.answer_open_rows() == 0
    assert desk.answering.source.breaker.code == "SOURCE_TIMEOUT"
    assert (silent.asked, sample(desk, "hedui_source_up", kind="sql")) == ([], 0)
    silent.let.set()
    desk.clock.move(FIRST_PAUSE)
    assert await desk.answering.answer_open_rows() == 1
    assert sample(desk, "hedui_source_up", kind="sql") == 1
    while silent.running:
        await asyncio.wait(desk.answering.source._left)


async def test_a_breaker_lets_one_lookup_try_and_waits_longer_each_time():
    desk = await made(lookups_at_once=4)
    await ordered(desk, count=4)
    desk.office.entropy = bytes  # no chance: the longest pauses
    desk.source.faults = {ACCOUNT: DOWN}
    pauses = [5, 10, 20, 40, 80, 160, 300, 300]
    await desk.answering.answer_open_rows()
    asked = len(desk.source.asked)
    for pause in pauses:
        desk.clock.move(timedelta(seconds=pause - 1))
        await desk.answering.answer_open_rows()
        assert len(desk.source.asked) == asked
        desk.clock.move(timedelta(seconds=1))
        await desk.answering.answer_open_rows()
        asked += 1
        assert len(desk.source.asked) == asked
    assert sample(desk, "hedui_source_breaker", state="OPEN") == 1
    desk.source.faults = {}
    desk.clock.move(LONGEST_PAUSE)
    assert await desk.answering.answer_open_rows() == 4
    assert [sample(desk, "hedui_source_breaker", state=s) for s in BreakerState] == [1, 0, 0]


async def test_so_many_rows_are_looked_up_at_once_and_no_more():
    silent = Silent()
    desk = await made(silent, lookups_at_once=3)
    await ordered(desk, count=5)
    answering = asyncio.create_task(desk.answering.answer_open_rows())
    while silent.running < 3:
        await asyncio.wait({answering}, timeout=0.01)
    silent.let.set()
    assert await answering == 5
    assert silent.most == 3


async def test_the_lease_is_renewed_while_a_lookup_runs(monkeypatch):
    monkeypatch.setattr(answering_room, "LOOK_EVERY", 0.01)
    silent = Silent()
    desk = await made(silent)
    await ordered(desk)
    running = asyncio.create_task(desk.answering.answer_open_rows())
    while not silent.running:
        await asyncio.wait({running}, timeout=0.01)
    for _ in range(3):
        # Each time most of the lease passes; without renewal another would get it.
        desk.clock.move(row_answer.LEASE_FOR * 0.9)
        await asyncio.wait({running}, timeout=0.1)
        now = desk.clock.now()
        async with desk.store.transaction() as unit:
            span = now, now + row_answer.LEASE_FOR
            assert not await unit.lease(row_answer.LEASE, "another/1", *span)
    silent.let.set()
    assert await running == 1


async def test_a_lookup_under_way_is_broken_off_when_the_process_stops(monkeypatch):
    monkeypatch.setattr(answering_room, "LOOK_EVERY", 0.01)
    silent = Silent()
    desk = await made(silent)
    (order,) = await ordered(desk)
    stopping = asyncio.Event()
    desk.answering.stopping = stopping.is_set
    running = asyncio.create_task(desk.answering.answer_open_rows())
    while not silent.running:
        await asyncio.wait({running}, timeout=0.01)
    stopping.set()
    assert await running == 0
    await asyncio.wait(desk.answering.source._left or {running})
    assert (silent.running, await desk.answers(order.query)) == (0, [])
    assert await desk.answering.answer_open_rows() == 0  # nothing new is begun


async def test_a_check_that_hangs_keeps_the_lease_and_no_process_from_stopping(monkeypatch):
    monkeypatch.setattr(answering_room, "LOOK_EVERY", 0.01)
    desk = await made()
    await ordered(desk)
    checking, stopping = asyncio.Event(), asyncio.Event()

    async def hangs():
        if checking.is_set():
            raise DOWN
        checking.set()
        await asyncio.Event().wait()

    checking.set()
    desk.source.check = hangs
    await desk.answering.source.first_check()
    checking.clear()
    desk.clock.move(FIRST_PAUSE)
    desk.answering.stopping = stopping.is_set
    running = asyncio.create_task(desk.answering.answer_open_rows())
    await checking.wait()
    desk.clock.move(row_answer.LEASE_FOR * 0.9)
    await asyncio.wait({running}, timeout=0.1)
    desk.clock.move(row_answer.LEASE_FOR * 0.9)
    now = desk.clock.now()
    async with desk.store.transaction() as unit:
        span = now, now + row_answer.LEASE_FOR
        assert not await unit.lease(row_answer.LEASE, "another/1", *span)
    stopping.set()
    assert await running == 0
    assert not desk.source.asked


async def test_a_source_down_at_the_start_is_checked_before_the_first_lookup():
    desk = await made()
    await ordered(desk)
    source, checks = desk.source, []

    async def check():
        checks.append(len(source.asked))
        if len(checks) < 3:
            raise DOWN

    source.check = check
    await desk.answering.source.first_check()
    missing = source_missing(desk.answering)
    assert (missing.code, missing.where) == ("SOURCE_FAILED", ACCOUNT)
    assert "2026-03-02 10:00" in missing.zh
    assert await desk.answering.answer_open_rows() == 0
    desk.clock.move(FIRST_PAUSE)
    assert await desk.answering.answer_open_rows() == 0
    assert (checks, source.asked) == ([0, 0], [])
    desk.clock.move(LONGEST_PAUSE)
    assert await desk.answering.answer_open_rows() == 1
    assert checks == [0, 0, 0]
    assert source_missing(desk.answering) is None


async def test_a_source_that_does_not_fit_ends_the_start():
    desk = await made()

    async def misfit():
        raise ConfigError("SOURCE_MISMATCH", "不符", "it does not fit")

    desk.source.check = misfit
    with pytest.raises(ConfigError, match="SOURCE_MISMATCH"):
        await desk.answering.source.first_check()


async def test_one_found_unfit_later_is_as_good_as_down():
    desk = await made()
    await ordered(desk)
    faults = [DOWN, ConfigError("SOURCE_MISMATCH", "不符", "it does not fit")]

    async def check():
        if faults:
            raise faults.pop(0)

    desk.source.check = check
    await desk.answering.source.first_check()
    desk.clock.move(FIRST_PAUSE)
    assert await desk.answering.answer_open_rows() == 0
    assert source_missing(desk.answering).code == "SOURCE_MISMATCH"
    assert not desk.source.asked
    desk.clock.move(LONGEST_PAUSE)
    assert await desk.answering.answer_open_rows() == 1


async def test_a_source_is_found_well_again_while_nobody_is_asked_about():
    desk = await made()
    await ordered(desk)
    desk.source.faults = {ACCOUNT: DOWN}
    await desk.answering.answer_open_rows()
    async with desk.store.transaction() as unit:
        for case in await unit.cases(CaseRole.AGENCY, RUNNING):
            closed = tuple(replace(row, state=RowState.UNSERVED) for row in case.rows)
            await unit.save_case(replace(case, rows=closed))
    desk.clock.move(FIRST_PAUSE)
    await desk.answering.answer_open_rows()
    assert source_missing(desk.answering) is None
    assert len(desk.source.asked) == 1


async def test_what_is_ready_tells_how_its_source_is_and_who_waits():
    desk = await made()
    await desk.take(desk.order(desk.line(1), desk.line(2, LOAN)))
    desk.source.faults = {ACCOUNT: SourcePendingError("MEDIUM_OUT", "介质未返回", "not back yet")}
    await desk.answering.answer_open_rows()
    assert source_missing(desk.answering) is None
    assert facts(desk.answering) == {"source": "CLOSED", "waiting_for_people": 1}


SECRET = "990000198001010016"


class Talker(Source):
    """A connector whose every text is about somebody."""

    def __init__(self, said):
        super().__init__()
        self.said = said

    async def lookup(self, lookup, now):
        if isinstance(self.said, Exception):
            raise self.said
        found = [not_answerable(p.reference, SECRET) for p in lookup.persons]
        return LookupResult(
            now, tuple(found), (Remark(SECRET, SECRET, 1), Remark("张三", "张三", 2))
        )


class LeakedError(Exception):
    """Its name is well known, its text is not."""


@pytest.mark.parametrize(
    "said",
    [
        None,
        KeyError(SECRET),
        LeakedError(SECRET),
        type(f"E{SECRET}", (Exception,), {})(SECRET),
        SourceUnavailableError(SECRET, SECRET, SECRET, where=SECRET),
        SourcePendingError("张三", SECRET, SECRET, where="张三"),
        ConfigError(SECRET, SECRET, SECRET, where=SECRET),
        asyncio.CancelledError(SECRET),
    ],
    ids=lambda said: type(said).__mro__[1].__name__,
)
async def test_nothing_that_a_connector_says_is_written_down(said, caplog):
    desk = await made(Talker(said))
    (order,) = await ordered(desk)
    await desk.answering.answer_open_rows()
    shown = desk.log.getvalue() + caplog.text + exposition(desk)
    missing = source_missing(desk.answering)
    shown += f"{missing} {facts(desk.answering)}"
    for answer in await desk.answers(order.query):
        shown += str(answer.body)
    for entry in await entries(desk, *Event):
        shown += str(entry)
    assert SECRET not in shown
    assert "张三" not in shown


class Explosive(LookupResult):
    """A result that fails when it is looked at."""

    @property
    def remarks(self):
        raise RuntimeError(SECRET)


async def test_a_result_that_fails_when_it_is_looked_at_stops_no_other_row():
    desk = await made()
    await desk.take(desk.order(desk.line(1), desk.line(2, LOAN)))
    lookup = desk.source.lookup

    async def explosive(asked, now):
        result = await lookup(asked, now)
        if asked.resource == LOAN:
            return result
        found = object.__new__(Explosive)
        for name in ("as_of", "outcomes"):
            object.__setattr__(found, name, getattr(result, name))
        return found

    desk.source.lookup = explosive
    assert await desk.answering.answer_open_rows() == 1
    assert "CONNECTOR_FAILED" in desk.log.getvalue()
    assert SECRET not in desk.log.getvalue()


def exposition(desk):
    return generate_latest(desk.answering.metrics.registry).decode()


async def test_codes_that_a_connector_invents_make_no_endless_set_of_labels():
    desk = await made()
    letters = [chr(ord("A") + n % 26) * (3 + n // 26) for n in range(100)]
    for code in letters:
        desk.answering.source.coded(ConfigError(code, "错", "a fault"))
    assert len({desk.answering.source.coded(ConfigError(c, "", "")).code for c in letters}) == 41


@pytest.mark.requirement("R035")
async def test_a_lookup_is_told_by_count_and_digest():
    desk = await made()
    order = desk.order(desk.line(1), persons=3)
    await desk.take(order)
    desk.source.records = {1: ({"account": "0011"}, {"account": "0012"})}
    await desk.answering.answer_open_rows()
    begun, done, sent = await entries(
        desk, Event.LOOKUP_BEGUN, Event.LOOKUP_DONE, Event.ANSWER_SENT
    )
    (answer,) = await desk.answers(order.query)
    same = {"part": 1, "resource": ACCOUNT, "line": 1, "order": order.chain.hex()}
    asked = answer.header.in_reply_to.hex()
    count = len(desk.source.asked[0].items)
    assert begun.detail == same | {"persons": 3, "items": count, "late": 0, "asked": asked}
    assert done.detail == same | {
        "persons": 3,
        "items": count,
        "asked": asked,
        "attempts": 1,
        "code": None,
        "found": 1,
        "not_found": 2,
        "not_answerable": 0,
        "records": 2,
    }
    assert sent.detail["messages"] == answer.digest.hex()
    assert {begun.query, done.query, sent.query} == {order.query}


async def test_a_source_that_is_down_for_long_does_not_flood_the_chain():
    desk = await made()
    await ordered(desk)
    desk.source.faults = {ACCOUNT: DOWN}
    for _ in range(20):
        await desk.answering.answer_open_rows()
        desk.clock.move(LONGEST_PAUSE)
    assert len(await entries(desk, Event.LOOKUP_BEGUN)) == 1
    assert await entries(desk, Event.LOOKUP_DONE) == []
    desk.source.faults = {}
    await desk.answering.answer_open_rows()
    (done,) = await entries(desk, Event.LOOKUP_DONE)
    assert (done.detail["attempts"], len(desk.source.asked)) == (21, 21)
    assert len(await entries(desk, Event.LOOKUP_BEGUN)) == 1


@pytest.mark.requirement("R035")
async def test_a_lookup_whose_answer_cannot_be_sealed_has_left_an_entry_for_each_reason(
    monkeypatch,
):
    desk = await made()
    (order,) = await ordered(desk)
    send, reasons = row_answer.answer_message, ["NO_ROUTE", "NO_ROUTE", "READER_WITHOUT_KEY"]

    def failing(*given):
        if reasons:
            raise SourceUnavailableError(reasons.pop(0), "不能封装", "it cannot be sealed")
        return send(*given)

    monkeypatch.setattr(row_answer, "answer_message", failing)
    for closed in (0, 0, 0, 1):
        assert await desk.answering.answer_open_rows() == closed
        desk.clock.move(row_answer.ROW_RETRY_AFTER)
    done = await entries(desk, Event.LOOKUP_DONE)
    assert [(e.detail["code"], e.detail["attempts"]) for e in done] == [
        *(("NO_ROUTE", 1), ("READER_WITHOUT_KEY", 3), (None, 4))
    ]
    assert len(await entries(desk, Event.LOOKUP_BEGUN)) == 1
    assert len(await desk.answers(order.query)) == 1
