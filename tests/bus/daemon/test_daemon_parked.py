"""What cannot be handled now, or ever: held, quarantined, answered with a Problem, replayed."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from daemon_deeds import (
    case_of,
    clean,
    codes,
    counted_transactions,
    events,
    forge,
    give,
    held,
    quarantine,
    record,
    renew,
    service,
    submit_draft,
)

from bus.daemon import endings as endings_module
from bus.daemon.endings import HOLD_FOR
from bus.errors import DefectError, InputError
from bus.flow.outcome import Send
from bus.logs.setup import make_logger
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState
from bus.model.messages import Decision, Problem
from bus.ports.broker import Record
from bus.ports.store_errors import StoreUnavailable
from signer.envelope.kinds import Kind
from signer.errors import KeyRingError
from signer.identity import inbox_topic, outbox_topic
from signer.uuid7 import uuid7


def new_query(country):
    return uuid7(country.clock.now(), secrets.token_bytes)


def decision(country, about=b"\x01" * 32):
    now = country.clock.now()
    body = Decision(about, True, (), "policy", now, now)
    return Send(Kind.DECISION, "370000", body, ("370000",), in_reply_to=about)


def problem(country, destination, code="ANSWER_COUNT"):
    body = Problem(b"\x02" * 32, code, "记录数与所述不符", "the record count is wrong")
    return Send(Kind.PROBLEM, destination, body, (destination,), in_reply_to=b"\x02" * 32)


# Held


async def test_a_participant_whose_directory_is_behind_holds_and_goes_on(country, make_draft):
    old = country.directory
    renew(country)
    country.adopt(old, "500000")
    country.directory = country["hub"].office.directory
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    assert set(await held(country, "500000")) == {"DIRECTORY_BEHIND"}
    assert (await case_of(country, "370000", query)).state is QueryState.PARTLY_ANSWERED

    country["500000"].office.adopt(country.directory)
    assert await country["500000"].step.retry_held() == 1
    await country.settle()
    assert await clean(country)
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


async def test_messages_read_in_reverse_are_held_until_their_turn(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    requester = country["370000"]
    await requester.outbox.drain()
    names = [name for name in country.desks if name != "370000"]
    for _ in range(12):
        for name in names:
            await country[name].pump(country.cluster)
    inbox = country.cluster.records(inbox_topic("370000"))
    assert len(inbox) > 5
    last = {r.partition: r.offset + 1 for r in inbox}
    for one in reversed(inbox):
        await requester.step.run([replace(one, offset=-1)])
    async with requester.store.transaction() as unit:
        for partition, offset in last.items():
            await unit.store_offset(inbox_topic("370000"), partition, offset)
    await country.settle()
    assert await clean(country)
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


async def test_a_batch_that_nothing_waits_for_takes_one_transaction(
    country, make_draft, monkeypatch
):
    await submit_draft(country, make_draft(1))
    await country["370000"].outbox.drain()
    hub = country["hub"]
    read = country.cluster.records(outbox_topic("370000"))
    opened = counted_transactions(monkeypatch, hub.store)

    await hub.step.run(read)

    assert len(opened) == 1
    async with hub.store.transaction() as unit:
        stored = await unit.offsets(outbox_topic("370000"))
    assert stored == {r.partition: r.offset + 1 for r in read}


async def test_what_waits_too_long_goes_to_quarantine(country):
    query = new_query(country)
    topic = inbox_topic("370000")
    sealed = forge(country, "hub", "370000", decision(country), query)
    behind = replace(country.directory, version=0)
    country["370000"].office.adopt(behind)
    await give(country, "370000", topic, sealed, query)
    assert await held(country, "370000") == ["DIRECTORY_BEHIND"]
    country.clock.move(HOLD_FOR - timedelta(seconds=1))
    assert await country["370000"].step.retry_held() == 0
    country.clock.move(timedelta(seconds=1))
    assert await country["370000"].step.retry_held() == 1
    assert await quarantine(country, "370000") == [("HELD_TOO_LONG", "DIRECTORY_BEHIND")]
    assert not await held(country, "370000")


async def test_what_can_go_on_at_last_is_not_thrown_away_because_its_time_is_up(country):
    query = new_query(country)
    sealed = forge(country, "320000", "hub", problem(country, "hub"), query)
    country["hub"].office.adopt(replace(country.directory, version=0))
    await give(country, "hub", outbox_topic("320000"), sealed, query)
    assert await held(country, "hub") == ["DIRECTORY_BEHIND"]
    country.clock.move(HOLD_FOR + timedelta(days=1))
    renew(country)
    assert await country["hub"].step.retry_held() == 1
    assert await clean(country)
    assert len(await service(country, "hub").problems(query)) == 1


async def test_one_peer_cannot_fill_the_parking_place(country, monkeypatch):
    monkeypatch.setattr(endings_module, "HELD_PER_TOPIC", 3)
    hub = country["hub"]
    hub.office.adopt(replace(country.directory, version=0))
    for source in ("320000", "500000"):
        for _ in range(5 if source == "320000" else 2):
            query = new_query(country)
            sealed = forge(country, source, "hub", problem(country, "hub"), query)
            await give(country, "hub", outbox_topic(source), sealed, query)
    assert len(await held(country, "hub")) == 5
    assert await quarantine(country, "hub") == [("HELD_FULL", "DIRECTORY_BEHIND")] * 2


async def test_a_held_record_is_only_tried_for_the_queries_that_moved(country, monkeypatch):
    hub = country["hub"]
    hub.office.adopt(replace(country.directory, version=0))
    query = new_query(country)
    sealed = forge(country, "320000", "hub", problem(country, "hub"), query)
    await give(country, "hub", outbox_topic("320000"), sealed, query)
    hub.office.adopt(country.directory)
    assert await hub.step.retry_held({new_query(country)}) == 0
    assert await hub.step.retry_held() == 1


# Quarantine


GARBAGE = {
    "empty": (b"", "MAGIC"),
    "text": (b"hello", "MAGIC"),
    "another magic": (b"HDX2" + bytes(100), "MAGIC"),
    "tombstone": (None, "MALFORMED"),
    "too large": (b"HDX1" + bytes(1024 * 1024), "TOO_LARGE"),
}


@pytest.mark.requirement("R011")
@pytest.mark.parametrize("case", GARBAGE)
async def test_garbage_is_kept_with_its_code_and_the_next_record_is_handled(country, case):
    value, code = GARBAGE[case]
    topic = outbox_topic("320000")
    query = new_query(country)
    good = forge(country, "320000", "hub", problem(country, "hub"), query)
    bad = Record(topic, 0, 0, b"key", value, ())
    await country["hub"].step.run([bad, record(topic, good, query, offset=1)])
    assert await quarantine(country, "hub") == [(code, "")]
    assert [e.event for e in await events(country, "hub")] == [
        Event.MESSAGE_QUARANTINED,
        Event.PROBLEM_RECEIVED,
    ]
    async with country["hub"].store.transaction() as unit:
        assert await unit.offsets(topic) == {0: 2}
        (kept,) = await unit.quarantined(0, 10)
        assert not await unit.unsent(10)  # what nobody signed gets no reply
    assert kept.value == value


@pytest.mark.requirement("R002")
@pytest.mark.requirement("R012")
async def test_a_message_in_another_participants_topic_is_refused(country):
    query = new_query(country)
    sealed = forge(country, "500000", "hub", problem(country, "hub"), query)
    await give(country, "hub", outbox_topic("320000"), sealed, query)
    await give(country, "hub", "hedui.999999.outbox", sealed, query)
    assert await codes(country, "hub") == ["WRONG_PEER", "WRONG_PEER"]


@pytest.mark.requirement("R011")
async def test_an_altered_message_is_refused(country):
    query = new_query(country)
    sealed = forge(country, "320000", "hub", problem(country, "hub"), query)
    flipped = bytearray(sealed.data)
    flipped[len(flipped) // 2] ^= 1
    await give(country, "hub", outbox_topic("320000"), replace(sealed, data=bytes(flipped)), query)
    assert len(await codes(country, "hub")) == 1
    assert not [e for e in await events(country, "hub") if e.event == Event.PROBLEM_RECEIVED]


async def test_two_messages_signed_under_one_id_are_both_kept_and_alarmed(country, monkeypatch):
    query = new_query(country)
    same = uuid7(country.clock.now(), secrets.token_bytes)
    monkeypatch.setattr("signer.envelope.seal.uuid7", lambda _now, _entropy: same)
    topic = outbox_topic("320000")
    one = forge(country, "320000", "hub", problem(country, "hub", "ONE"), query)
    two = forge(country, "320000", "hub", problem(country, "hub", "TWO"), query)
    monkeypatch.undo()
    await give(country, "hub", topic, one, query)
    await give(country, "hub", topic, two, query)
    assert await quarantine(country, "hub") == [("EQUIVOCATION", "320000")]
    hub = country["hub"]
    alarm = hub.step.metrics.refused.labels(code="EQUIVOCATION")
    assert alarm._value.get() == 1
    async with hub.store.transaction() as unit:
        assert await unit.seen("320000", same) == one.digest
        assert (await unit.message(one.digest)).envelope == one.data
        (kept,) = await unit.quarantined(0, 10)
    assert kept.value == two.data
    # The first, again, is a duplicate and nothing more.
    await give(country, "hub", topic, one, query)
    assert len(await codes(country, "hub")) == 1


async def test_two_messages_under_one_id_in_one_batch(country, monkeypatch):
    query = new_query(country)
    same = uuid7(country.clock.now(), secrets.token_bytes)
    monkeypatch.setattr("signer.envelope.seal.uuid7", lambda _now, _entropy: same)
    topic = outbox_topic("320000")
    batch = [
        record(topic, forge(country, "320000", "hub", problem(country, "hub", c), query), query)
        for c in ("ONE", "TWO")
    ]
    monkeypatch.undo()
    await country["hub"].step.run(batch)
    assert await codes(country, "hub") == ["EQUIVOCATION"]


# Problems


async def test_a_refused_message_is_answered_with_a_signed_problem(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    wrong = forge(country, "hub", "370000", decision(country), query)
    await give(country, "370000", inbox_topic("370000"), wrong, query)
    assert await codes(country, "370000") == ["DECISION_ELSEWHERE"]
    await country.settle()
    (entry,) = await service(country, "hub").problems(query)
    assert entry.event.actor == "370000"
    assert entry.event.detail == {"code": "DECISION_ELSEWHERE", "about": wrong.digest.hex()}
    assert await service(country, "hub").problems(new_query(country)) == []


async def test_a_problem_never_answers_a_problem(country, monkeypatch):
    query = new_query(country)
    sealed = forge(country, "320000", "hub", problem(country, "hub", "not a code"), query)
    await give(country, "hub", outbox_topic("320000"), sealed, query)
    assert await codes(country, "hub") == ["BODY_INVALID"]
    async with country["hub"].store.transaction() as unit:
        assert not await unit.unsent(10)


async def test_a_problem_finds_its_way_across_the_tree(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    sealed = forge(country, "320000.housing-fund", "320000", problem(country, "370000"), query)
    await give(country, "320000", outbox_topic("320000.housing-fund"), sealed, query)
    await country.settle()
    assert await clean(country)
    (entry,) = await service(country, "370000").problems(query)
    assert entry.event.actor == "320000.housing-fund"


# Failures while handling


class Boom:
    """A router that fails on messages of one query and hands the others on."""

    def __init__(self, router, query: UUID, error: Exception) -> None:
        self.router, self.query, self.error = router, query, error

    async def handle(self, work, message):
        if message.header.conversation == self.query:
            await self.router.handle(work, message)
            raise self.error
        await self.router.handle(work, message)


ERRORS = [
    DefectError("SOMETHING_WRONG", "出错", "wrong"),
    InputError("ENVELOPE_TOO_LARGE", "过大", "too large"),
    KeyError("张三"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
async def test_a_record_that_cannot_be_handled_does_not_stop_the_others(
    country, monkeypatch, error
):
    poisoned, good = new_query(country), new_query(country)
    hub = country["hub"]
    monkeypatch.setattr(hub.step, "router", Boom(hub.step.router, poisoned, error))
    stream = StringIO()
    monkeypatch.setattr(hub.step, "log", make_logger("hub", stream))
    topic = outbox_topic("320000")
    batch = [
        record(
            topic,
            forge(country, "320000", "hub", problem(country, "hub"), query),
            query,
            offset=number,
        )
        for number, query in enumerate((poisoned, good, poisoned))
    ]
    await hub.step.run(batch)
    kept = await quarantine(country, "hub")
    assert [code for code, _ in kept] == ["INTERNAL", "INTERNAL"]
    assert all("张三" not in detail for _, detail in kept)
    noted = [e for e in await events(country, "hub") if e.event == Event.PROBLEM_RECEIVED]
    assert [e.query for e in noted] == [good]
    async with hub.store.transaction() as unit:
        assert await unit.offsets(topic) == {0: 3}
        assert not await unit.messages(poisoned)
    assert hub.step.metrics.refused.labels(code="INTERNAL")._value.get() == 2
    assert stream.getvalue().count("record.failed") == 2
    assert "张三" not in stream.getvalue()


async def test_the_source_of_what_could_not_be_handled_is_told(country, make_draft, monkeypatch):
    query = await submit_draft(country, make_draft(1))
    hub = country["hub"]
    monkeypatch.setattr(hub.step, "router", Boom(hub.step.router, query, KeyError("x")))
    await country.settle()
    assert set(await codes(country, "hub")) == {"INTERNAL"}
    found = await service(country, "370000").problems(query)
    assert {entry.event.detail["code"] for entry in found} == {"INTERNAL"}


@pytest.mark.parametrize(
    "error",
    [
        StoreUnavailable("STORE_FULL", "磁盘已满", "full"),
        KeyRingError("KEY_UNUSABLE", "密钥不可用", "unusable"),
    ],
    ids=lambda e: e.code,
)
async def test_trouble_of_our_own_is_never_blamed_on_a_record(country, monkeypatch, error):
    query = new_query(country)
    hub = country["hub"]
    monkeypatch.setattr(hub.step, "router", Boom(hub.step.router, query, error))
    topic = outbox_topic("320000")
    sealed = forge(country, "320000", "hub", problem(country, "hub"), query)
    with pytest.raises(type(error)):
        await hub.step.run([record(topic, sealed, query, offset=0)])
    async with hub.store.transaction() as unit:
        assert await unit.offsets(topic) == {}
    assert await clean(country)


async def test_a_record_that_fails_in_the_opener_goes_to_quarantine(country, monkeypatch):
    query = new_query(country)
    hub = country["hub"]
    sealed = forge(country, "320000", "hub", problem(country, "hub"), query)

    def explode(*_arguments):
        raise MemoryError("张三")

    monkeypatch.setattr(hub.office.opener, "open", explode)
    await give(country, "hub", outbox_topic("320000"), sealed, query)
    ((code, detail),) = await quarantine(country, "hub")
    assert code == "INTERNAL"
    assert detail.startswith("MemoryError")
    assert "张三" not in detail


# Replay


async def test_a_quarantined_record_can_be_replayed_once_the_cause_is_gone(country, monkeypatch):
    query = new_query(country)
    hub = country["hub"]
    router = hub.step.router
    hub.step.router = Boom(router, query, KeyError("x"))
    sealed = forge(country, "320000", "hub", problem(country, "hub"), query)
    await give(country, "hub", outbox_topic("320000"), sealed, query)
    assert await codes(country, "hub") == ["INTERNAL"]
    hub.step.router = router
    desk = service(country, "hub")
    await desk.replay(1, "管理员")
    assert len(await desk.problems(query)) == 1
    (kept,) = await desk.quarantined(0, 10)
    assert kept.replayed == country.clock.now()
    with pytest.raises(InputError, match="QUARANTINE_UNKNOWN"):
        await desk.replay(2, "管理员")
    # Again: it is a duplicate now.
    await desk.replay(1, "管理员")
    assert len(await desk.problems(query)) == 1
    assert await codes(country, "hub") == ["INTERNAL"]


async def test_replaying_a_tombstone_refuses_it_again(country):
    await country["hub"].step.run([Record(outbox_topic("320000"), 0, 0, b"k", None, ())])
    await service(country, "hub").replay(1, "管理员")
    assert await codes(country, "hub") == ["MALFORMED", "MALFORMED"]


@pytest.mark.requirement("R003")
async def test_only_the_hub_decides(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    before = await case_of(country, "hub", query, CaseRole.REVIEWER)
    sealed = forge(country, "320000", "hub", decision(country), query)
    await give(country, "hub", outbox_topic("320000"), sealed, query)
    assert await codes(country, "hub") == ["KIND_ORIGIN"]
    assert await case_of(country, "hub", query, CaseRole.REVIEWER) == before
