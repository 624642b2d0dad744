"""Answering what is owed: sources that fail, rows that wait alone, fragments that fit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from host_desk import ACCOUNT, LOAN, NOW, make_desk

from adapters.contract import SourcePendingError, Task
from adapters.host.breaker import FIRST_PAUSE
from adapters.host.fragments import MAX_ANSWER_BYTES, MAX_ANSWER_OUTCOMES, fragments
from adapters.host.row_answer import PENDING_RETRY_AFTER, ROW_RETRY_AFTER
from bus.errors import ConfigError, DefectError, UnavailableError
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.messages import OutcomeKind, PersonOutcome
from bus.ports.store_errors import StoreUnavailable
from schemas.records import decode_record
from schemas.resources import resources

DOWN = UnavailableError("SOURCE_DOWN", "来源不可用", "down", where="库")


@pytest.fixture
async def desk():
    made = make_desk()
    await made.store.open()
    return made


async def rows_of(desk, query):
    async with desk.store.transaction() as unit:
        case = await unit.case(query, CaseRole.AGENCY)
    return {row.resource: row.state for row in case.rows}


@pytest.mark.requirement("R072")
async def test_an_order_is_answered_for_every_person_and_line(desk):
    order = desk.order(desk.line(1), desk.line(2, LOAN), desk.line(3, LOAN), persons=3)
    desk.source.as_of = {LOAN: NOW - timedelta(days=1)}
    await desk.take(order)
    assert await desk.answering.answer_open_rows() == 2
    assert set((await rows_of(desk, order.query)).values()) == {RowState.ANSWERED}
    answers = {m.header.resource: m for m in await desk.answers(order.query)}
    loan = answers[LOAN].body
    assert sorted((o.line, o.reference) for o in loan.outcomes) == [
        (line, ref) for line in (2, 3) for ref in (1, 2, 3)
    ]
    assert loan.as_of == NOW - timedelta(days=1)
    assert answers[ACCOUNT].body.as_of == NOW
    header = answers[LOAN].header
    assert (header.order, header.roster_part, header.destination) == (order.chain, 1, "370000")
    assert await desk.answering.answer_open_rows() == 0


@pytest.mark.requirement("R052")
async def test_only_the_items_ordered_are_asked_of_the_source(desk):
    line = desk.line(1)
    narrowed = replace(line, items=("name", "balance"))
    order = desk.order(line, ordered=[narrowed])
    await desk.take(order)
    await desk.answering.answer_open_rows()
    assert [lookup.items for lookup in desk.source.asked] == [("name", "balance")]


@pytest.mark.requirement("R071")
async def test_a_source_that_is_down_leaves_its_rows_open_for_a_while(desk):
    order = desk.order(desk.line(1), desk.line(2, LOAN))
    await desk.take(order)
    desk.source.faults = {ACCOUNT: DOWN}
    assert await desk.answering.answer_open_rows() == 0
    assert len(desk.source.asked) == 1  # the source is one: the other row is not tried either
    assert await desk.answering.answer_open_rows() == 0
    assert len(desk.source.asked) == 1
    desk.source.faults = {}
    desk.clock.move(FIRST_PAUSE)
    assert await desk.answering.answer_open_rows() == 2


def waiting(desk):
    return desk.answering.metrics.registry.get_sample_value("hedui_rows_waiting_for_people")


@pytest.mark.requirement("R066")
async def test_a_row_that_waits_for_people_waits_alone_and_raises_no_alarm(desk):
    order = desk.order(desk.line(1), desk.line(2, LOAN))
    await desk.take(order)
    desk.source.faults = {ACCOUNT: SourcePendingError("MEDIUM_OUT", "介质未返回", "not back yet")}
    assert await desk.answering.answer_open_rows() == 1
    assert await rows_of(desk, order.query) == {ACCOUNT: RowState.OPEN, LOAN: RowState.ANSWERED}
    asked = len(desk.source.asked)
    assert await desk.answering.answer_open_rows() == 0
    assert (len(desk.source.asked), waiting(desk)) == (asked, 1)
    errors = desk.answering.metrics.loop_errors.collect()[0].samples
    assert not errors
    desk.clock.move(PENDING_RETRY_AFTER)
    assert await desk.answering.answer_open_rows() == 0
    assert len(desk.source.asked) == asked + 1
    assert desk.log.getvalue().count("row.waiting") == 1
    desk.source.faults = {}
    desk.clock.move(PENDING_RETRY_AFTER)
    assert await desk.answering.answer_open_rows() == 1
    assert waiting(desk) == 0


@pytest.mark.requirement("R029")
async def test_the_connector_is_told_what_it_is_asked_for(desk):
    order = desk.order(desk.line(1), desk.line(2, LOAN), part=3)
    await desk.take(order)
    await desk.answering.answer_open_rows()
    tasks = [lookup.task for lookup in desk.source.asked]
    due = NOW + timedelta(days=7)
    assert tasks == [
        Task(order.query, order.chain, 3, line, "370000", "b", "核对", due) for line in (1, 2)
    ]


async def test_a_clock_set_back_does_not_stretch_the_pause(desk):
    await desk.take(desk.order(desk.line(1)))
    desk.source.faults = {ACCOUNT: DOWN}
    await desk.answering.answer_open_rows()
    desk.source.faults = {}
    desk.clock.move(-timedelta(seconds=60))
    assert await desk.answering.answer_open_rows() == 1


@pytest.mark.parametrize(
    "fault", [DefectError("CONNECTOR_BROKEN", "连接器出错", "broken"), KeyError("张三")]
)
async def test_a_row_whose_lookup_fails_waits_alone(desk, fault):
    order = desk.order(desk.line(1), desk.line(2, LOAN))
    await desk.take(order)
    desk.source.faults = {ACCOUNT: fault}
    assert await desk.answering.answer_open_rows() == 1
    assert await rows_of(desk, order.query) == {ACCOUNT: RowState.OPEN, LOAN: RowState.ANSWERED}
    asked = len(desk.source.asked)
    assert await desk.answering.answer_open_rows() == 0
    assert len(desk.source.asked) == asked
    assert "row.unanswered" in desk.log.getvalue()
    assert "张三" not in desk.log.getvalue()
    desk.source.faults = {}
    desk.clock.move(ROW_RETRY_AFTER)
    assert await desk.answering.answer_open_rows() == 1


@pytest.mark.requirement("R073")
async def test_a_source_that_no_longer_fits_says_so_for_each_person(desk):
    order = desk.order(desk.line(1))
    await desk.take(order)
    desk.source.faults = {ACCOUNT: ConfigError("COLUMN_MISSING", "缺列", "a column is missing")}
    assert await desk.answering.answer_open_rows() == 1
    (answer,) = await desk.answers(order.query)
    assert {(o.outcome, o.code) for o in answer.body.outcomes} == {
        (OutcomeKind.NOT_ANSWERABLE, "COLUMN_MISSING")
    }


@pytest.mark.requirement("R073")
async def test_a_resource_without_a_mapping_is_not_answerable_by_name():
    desk = make_desk(mapped=(ACCOUNT,))
    await desk.store.open()
    order = desk.order(desk.line(1, LOAN))
    await desk.take(order)
    assert await desk.answering.answer_open_rows() == 1
    (answer,) = await desk.answers(order.query)
    assert {o.code for o in answer.body.outcomes} == {"RESOURCE_NOT_MAPPED"}
    assert not desk.source.asked


async def test_a_store_that_fails_while_answering_changes_nothing(desk, monkeypatch):
    order = desk.order(desk.line(1))
    await desk.take(order)
    close = desk.answering._rows._close

    async def failing(*_arguments):
        raise StoreUnavailable("STORE_FULL", "磁盘已满", "full")

    monkeypatch.setattr(desk.answering._rows, "_close", failing)
    with pytest.raises(StoreUnavailable):
        await desk.answering.answer_open_rows()
    monkeypatch.setattr(desk.answering._rows, "_close", close)
    assert await rows_of(desk, order.query) == {ACCOUNT: RowState.OPEN}
    assert await desk.answering.answer_open_rows() == 1


async def test_a_row_that_another_instance_answered_meanwhile_is_left_alone(desk):
    order = desk.order(desk.line(1))
    await desk.take(order)
    lookup = desk.source.lookup

    async def slow(asked, now):
        desk.source.lookup = lookup
        assert await desk.answering.answer_open_rows() == 1
        return await lookup(asked, now)

    desk.source.lookup = slow
    assert await desk.answering.answer_open_rows() == 0
    assert len(await desk.answers(order.query)) == 1


async def test_parts_of_a_query_are_answered_each_under_its_own_order(desk):
    first = desk.order(desk.line(1), part=1)
    second = desk.order(desk.line(1), part=2, query=first.query)
    await desk.take(first, second)
    assert await desk.answering.answer_open_rows() == 2
    answers = await desk.answers(first.query)
    assert {(m.header.roster_part, m.header.order) for m in answers} == {
        (1, first.chain),
        (2, second.chain),
    }
    async with desk.store.transaction() as unit:
        case = await unit.case(first.query, CaseRole.AGENCY)
    assert case.state is QueryState.ANSWERED


async def test_many_records_are_answered_in_fragments(desk, monkeypatch):
    monkeypatch.setattr("adapters.host.fragments.MAX_ANSWER_BYTES", 200)
    order = desk.order(desk.line(1), persons=5)
    await desk.take(order)
    desk.source.records = {n: ({"account": "测试" * 20},) for n in range(1, 6)}
    assert await desk.answering.answer_open_rows() == 1
    answers = await desk.answers(order.query)
    assert len(answers) > 1
    assert [(m.header.fragment, m.header.last) for m in answers] == [
        (n, n == len(answers) - 1) for n in range(len(answers))
    ]
    found = [o for m in answers for o in m.body.outcomes]
    assert [o.reference for o in found] == [1, 2, 3, 4, 5]
    assert {decode_record(resources()[ACCOUNT], o.records[0])["account"] for o in found} == {
        "测试" * 20
    }


def outcome(reference, *sizes):
    kind = OutcomeKind.FOUND if sizes else OutcomeKind.NOT_FOUND
    return PersonOutcome(1, reference, kind, None, tuple(bytes(size) for size in sizes))


def test_no_fragment_is_over_its_limits_and_nobody_is_split():
    made = fragments(
        resources()[ACCOUNT],
        NOW,
        [outcome(n, MAX_ANSWER_BYTES // 3, MAX_ANSWER_BYTES // 3) for n in range(4)],
    )
    assert [len(a.outcomes) for a in made] == [1, 1, 1, 1]
    assert [a.record_count for a in made] == [2, 2, 2, 2]
    many = fragments(resources()[ACCOUNT], NOW, [outcome(n) for n in range(4500)])
    assert [len(a.outcomes) for a in many] == [MAX_ANSWER_OUTCOMES, MAX_ANSWER_OUTCOMES, 500]


@pytest.mark.requirement("R073")
def test_a_person_with_too_much_is_not_answerable_by_code():
    (made,) = fragments(resources()[ACCOUNT], NOW, [outcome(1, MAX_ANSWER_BYTES, 1)])
    (one,) = made.outcomes
    assert (one.outcome, one.code, one.records) == (
        OutcomeKind.NOT_ANSWERABLE,
        "TOO_MANY_RECORDS",
        (),
    )
    assert made.record_count == 0
