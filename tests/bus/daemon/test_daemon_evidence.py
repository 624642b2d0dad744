"""Evidence called up, produced in chunks, looked at and judged, in a whole country (R022-R026)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from daemon_deeds import OPERATOR, case_of, clean, events, submit_draft
from evidence_deeds import (
    NODE,
    archive,
    at_rest,
    call_of,
    call_up,
    checking,
    desk,
    documents,
    items,
    move,
    produce,
    read,
    scan,
    sending,
    stream,
    two_chunks,
)

from bus.daemon.evidence.sending import BACKLOG, CHUNKS_AT_ONCE
from bus.errors import InputError, UnavailableError
from bus.flow.evidence import EvidenceRules
from bus.model.audit import Event
from bus.model.case import Case, CaseRole, QueryState
from bus.model.evidence import TransferState
from bus.rules.evidence_file import CHUNK
from signer.envelope.kinds import Kind
from signer.uuid7 import uuid7


@pytest.fixture
async def asked(country, make_draft):
    """A query of three persons that was accepted."""
    query = await submit_draft(country, make_draft(3))
    await country.settle()
    return query


@pytest.mark.requirement("R024")
@pytest.mark.requirement("R026")
async def test_evidence_is_called_up_produced_and_accepted(country, asked):
    call = await call_up(country, asked, 2, 3)
    known = await call_of(country, NODE, call)
    assert known.due == country["hub"].office.calendar.add_working_days(known.opened, 5).end
    scans = {2: two_chunks(2), 3: scan(700, 3)}
    for person, data in scans.items():
        await archive(country, asked, person, data)
    await produce(country, call)
    assert await items(country, "hub", call) == [(2, "RECEIVED", None), (3, "RECEIVED", None)]
    found = {d.person: d.id for d in await documents(country, "hub", asked)}
    assert {person: await read(country, "hub", number) for person, number in found.items()} == scans
    await desk(country, "hub").judge(call, OPERATOR, None, ())
    await country.settle()
    assert (await call_of(country, "hub", call)).closed
    assert await items(country, NODE, call) == [(2, "ACCEPTED", None), (3, "ACCEPTED", None)]
    assert await clean(country)
    case = await case_of(country, "hub", asked, CaseRole.REVIEWER)
    assert case.state is QueryState.DELIVERED


@pytest.mark.requirement("R023")
async def test_evidence_rests_sealed_indexed_by_query_and_person_on_both_sides(country, asked):
    data = b"%PDF-1.7 \xe5\xbc\xa0\xe4\xb8\x89 " + bytes(range(256)) * 40
    call = await call_up(country, asked, 2)
    document = await archive(country, asked, 2, data, name="张三授权书.pdf")
    assert (document.query, document.person, document.kind) == (asked, 2, "authorisation")
    await produce(country, call)
    for name in (NODE, "hub"):
        (entry,) = await documents(country, name, asked)
        assert (entry.person, entry.kind) == (2, "authorisation")
        rests = await at_rest(country, name)
        for clear in (data[:40], data[-40:], "张三".encode(), hashlib.sha256(data).digest()):
            assert clear not in rests
        assert await read(country, name, entry.id) == data
    # What is in the archive is not kept a second time, as messages.
    for name in (NODE, "hub"):
        async with country[name].store.transaction() as unit:
            assert len(await unit.messages(asked, Kind.EVIDENCE)) == 1


@pytest.mark.requirement("R035")
async def test_reading_a_document_is_audited_with_operator_and_purpose_before_it_is_opened(
    country, asked
):
    document = await archive(country, asked, 2)
    _, content, chunks = await desk(country).read(document.id, OPERATOR, "核对授权")
    async with country[NODE].store.transaction() as unit:
        entry = await unit.last_audit(Event.EVIDENCE_READ)
    await chunks.aclose()
    assert entry.event.actor == f"operator:{OPERATOR}"
    assert entry.event.query == asked
    detail = {"document": str(document.id), "person": 2, "purpose": "核对授权"}
    assert entry.event.detail == detail
    assert content.size == 1000


@pytest.mark.requirement("R024")
@pytest.mark.requirement("R075")
async def test_what_was_sent_stays_sent_when_the_daemon_dies_between_chunks(
    sql_country, make_draft
):
    country = sql_country
    asked = await submit_draft(country, make_draft(2))
    await country.settle()
    data = scan(6 * CHUNK + 5)
    call = await call_up(country, asked, 1)
    await archive(country, asked, 1, data)
    await desk(country).send(call, OPERATOR, again=False)
    assert await sending(country).batch() == CHUNKS_AT_ONCE
    await country.settle()
    # Killed in the middle of the next transaction: nothing of it was written.
    store, seen = country[NODE].store, []
    broken = sending(country)
    send = broken._send

    async def die(*where):
        seen.append(where)
        if len(seen) == 2:
            raise UnavailableError("KILLED", "被终止", "killed")
        await send(*where)

    broken._send = die
    with pytest.raises(UnavailableError):
        await broken.batch()
    await store.close()
    await store.open()
    async with store.transaction() as unit:
        transfer = await unit.next_transfer()
    assert (transfer.moved, transfer.state) == (CHUNKS_AT_ONCE, TransferState.OPEN)
    await move(country)
    (entry,) = await documents(country, "hub", asked)
    assert await read(country, "hub", entry.id) == data
    async with store.transaction() as unit:
        (done,) = await unit.transfers(call)
    assert (done.moved, done.state) == (7, TransferState.DONE)
    assert await clean(country)


async def test_chunks_wait_while_the_outbox_is_full(country, asked):
    call = await call_up(country, asked, 1)
    await archive(country, asked, 1, scan(30 * CHUNK))
    await desk(country).send(call, OPERATOR, again=False)
    async with country[NODE].store.transaction() as unit:
        before = (await unit.tally()).unsent
    sent = await sending(country).send()
    async with country[NODE].store.transaction() as unit:
        waiting = (await unit.tally()).unsent
    assert waiting == before + sent
    assert BACKLOG <= waiting < BACKLOG + CHUNKS_AT_ONCE
    assert await sending(country).send() == 0
    await move(country)
    assert await items(country, "hub", call) == [(1, "RECEIVED", None)]


@pytest.mark.requirement("R026")
async def test_what_is_sent_back_must_be_archived_anew_and_is_then_taken(country, asked):
    call = await call_up(country, asked, 1, 2)
    for person in (1, 2):
        await archive(country, asked, person)
    await produce(country, call)
    first = {d.person: d.id for d in await documents(country, "hub", asked)}
    await desk(country, "hub").judge(call, OPERATOR, "UNREADABLE", {(2, "授权书")})
    await country.settle()
    assert await items(country, NODE, call) == [(1, "SENT", None), (2, "REJECTED", "UNREADABLE")]
    with pytest.raises(InputError) as caught:
        await produce(country, call)
    assert (caught.value.code, caught.value.where) == ("EVIDENCE_MISSING", "2 authorisation")
    await archive(country, asked, 2, scan(900, 9))
    await produce(country, call)
    assert await items(country, "hub", call) == [(1, "RECEIVED", None), (2, "RECEIVED", None)]
    found = await call_of(country, "hub", call)
    assert found.items[0].documents == (first[1],)
    (newer,) = found.items[1].documents
    assert newer != first[2]
    assert await read(country, "hub", newer) == scan(900, 9)
    await desk(country, "hub").judge(call, OPERATOR, None, ())
    await country.settle()
    assert (await call_of(country, NODE, call)).closed


async def test_nothing_is_sent_that_is_not_owed_and_again_sends_what_never_arrived(country, asked):
    call = await call_up(country, asked, 1)
    with pytest.raises(InputError) as caught:
        await desk(country).send(call, OPERATOR, again=False)
    assert caught.value.code == "EVIDENCE_MISSING"
    data = two_chunks()
    await archive(country, asked, 1, data)
    await desk(country).send(call, OPERATOR, again=False)
    await country.settle()
    with pytest.raises(InputError) as caught:
        await desk(country).send(call, OPERATOR, again=False)
    assert caught.value.code == "EVIDENCE_NOTHING_OWED"
    _, (waiting,) = await desk(country, "hub").call(call, OPERATOR)
    assert waiting.missing == (1, 2)
    with pytest.raises(InputError) as caught:
        await read(country, "hub", waiting.document.id)
    assert caught.value.code == "EVIDENCE_NOT_WHOLE"
    await produce(country, call, again=True)
    (entry,) = await documents(country, "hub", asked)
    assert await read(country, "hub", entry.id) == data
    async with country[NODE].store.transaction() as unit:
        states = [one.state for one in await unit.transfers(call)]
    assert sorted(states) == [TransferState.DONE, TransferState.SUPERSEDED]


async def test_evidence_of_a_city_passes_its_province_unread_and_unkept(city_country):
    country = city_country
    query = uuid7(country.clock.now(), secrets.token_bytes)
    for name, role in (("hub", CaseRole.REVIEWER), ("321200", CaseRole.REQUESTER)):
        now = country.clock.now()
        state = QueryState.STARTED
        case = Case(query, role, "321200", state, now, now, b"a" * 32, person_count=1)
        async with country[name].store.transaction() as unit:
            await unit.save_case(case)
    call = await call_up(country, query, 1)
    assert await clean(country)
    data = two_chunks()
    document = await desk(country, "321200").add(
        query, 1, "授权书", "a.pdf", stream(data), OPERATOR
    )
    assert document.query == query
    await produce(country, call, "321200")
    (entry,) = await documents(country, "hub", query)
    assert await read(country, "hub", entry.id) == data
    async with country["320000"].store.transaction() as unit:
        assert await unit.calls() == []
        assert await unit.messages(query, Kind.EVIDENCE) == []
        (passed,) = await unit.messages(query, Kind.EVIDENCE_REQUEST)
    assert passed.secret is None
    assert await clean(country)


@pytest.mark.requirement("R022")
async def test_an_authorisation_that_is_not_the_registered_file_is_told(country, make_draft):
    data, other = scan(800, 1), scan(800, 2)
    draft = make_draft(3)
    digests = (hashlib.sha256(data).digest(), hashlib.sha256(data).digest(), None)
    persons = tuple(
        replace(person, document_hash=digest)
        for person, digest in zip(draft.persons, digests, strict=True)
    )
    query = await submit_draft(country, replace(draft, persons=persons))
    await country.settle()
    call = await call_up(country, query, 1, 2, 3)
    for person, content in ((1, data), (2, other), (3, data)):
        await archive(country, query, person, content)
    await produce(country, call)
    found = {d.person: d.matches for d in await documents(country, "hub", query)}
    assert found == {1: True, 2: False, 3: None}


@pytest.mark.requirement("R026")
async def test_persons_are_drawn_when_an_application_is_accepted(country, make_draft):
    country["hub"].office.evidence = EvidenceRules(seed=b"s" * 32, sample_rate=1.0)
    query = await submit_draft(country, make_draft(2))
    await country.settle()
    async with country[NODE].store.transaction() as unit:
        (call,) = await unit.calls(query)
    kinds = ("identity", "authorisation", "entrustment")
    assert [(i.person, i.kind) for i in call.items] == [(p, k) for p in (1, 2) for k in kinds]
    assert (call.reason, call.requester) == ("SAMPLE", NODE)
    case = await case_of(country, "hub", query, CaseRole.REVIEWER)
    assert case.state is QueryState.DELIVERED


@pytest.mark.requirement("R026")
async def test_a_draw_before_acceptance_makes_the_application_wait_for_an_operator(
    country, make_draft
):
    country["hub"].office.evidence = EvidenceRules(
        seed=b"s" * 32, sample_rate=1.0, before_acceptance=True, kinds=("identity",)
    )
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    case = await case_of(country, "hub", query, CaseRole.REVIEWER)
    assert case.state is QueryState.UNDER_REVIEW
    assert [finding.code for finding in case.findings] == ["EVIDENCE_SAMPLED"]
    async with country["hub"].store.transaction() as unit:
        (call,) = await unit.calls(query)
    await archive(country, query, 1, kind="身份证明")
    await produce(country, call.id)
    assert await items(country, "hub", call.id) == [(1, "RECEIVED", None)]
    noted = [entry.event for entry in await events(country, "hub")]
    assert noted.count(Event.EVIDENCE_CALLED) == 1


@pytest.mark.requirement("R026")
async def test_nobody_is_drawn_without_a_seed(country, asked):
    async with country["hub"].store.transaction() as unit:
        assert await unit.calls() == []


@pytest.mark.requirement("R023")
@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.pdf", "EVIDENCE_EMPTY"),
        (b"PK\x03\x04" + bytes(2000), "bomb.xlsx", "EVIDENCE_TYPE"),
        (scan(1000), "a.jpg", "EVIDENCE_TYPE_DIFFERS"),
        (scan(1000), "../a.pdf", "EVIDENCE_NAME"),
        (scan(3 * CHUNK + 1), "a.pdf", "EVIDENCE_TOO_LARGE"),
    ],
)
async def test_a_file_that_cannot_be_evidence_is_refused_and_leaves_nothing(
    country, asked, data, name, code
):
    archive_of = desk(country, limit=3 * CHUNK)
    with pytest.raises(InputError) as caught:
        await archive_of.add(asked, 1, "授权书", name, stream(data), OPERATOR)
    assert caught.value.code == code
    assert await documents(country, NODE, asked) == []
    tables = country[NODE].store._tables
    assert (tables.evidence_files, tables.evidence_chunks) == ({}, {})


async def test_a_document_is_of_a_person_of_a_query_of_ours_and_of_a_known_kind(country, asked):
    for query, person, kind, code in (
        (asked, 0, "identity", "EVIDENCE_PERSONS"),
        (asked, 4, "identity", "EVIDENCE_PERSONS"),
        (asked, 1, "passport", "EVIDENCE_KIND_UNKNOWN"),
        (UUID(int=1), 1, "identity", "QUERY_UNKNOWN"),
    ):
        with pytest.raises(InputError) as caught:
            await archive(country, query, person, kind=kind)
        assert caught.value.code == code


async def test_what_was_handed_in_and_belongs_to_nothing_goes_after_a_day(country, asked):
    kept = await archive(country, asked, 1)
    node, batch = desk(country), UUID(int=7)
    await node.stage(batch, "a.pdf", stream(scan(100)), OPERATOR)
    await country[NODE].store.close()
    await country[NODE].store.open()
    await node.archive.sweep()
    assert len(await node.staged(batch)) == 1
    country.clock.move(timedelta(days=1, seconds=1))
    await node.archive.sweep()
    assert await node.staged(batch) == {}
    assert await read(country, NODE, kept.id) == scan(1000)


async def test_two_files_of_one_name_are_refused_for_one_application(country):
    node, batch = desk(country), UUID(int=7)
    await node.stage(batch, "a.pdf", stream(scan(100)), OPERATOR)
    with pytest.raises(InputError) as caught:
        await node.stage(batch, "a.pdf", stream(scan(100, 2)), OPERATOR)
    assert caught.value.code == "EVIDENCE_NAME_TWICE"
    (digest,) = [digest for _, digest in (await node.staged(batch)).values()]
    assert digest == hashlib.sha256(scan(100)).digest()


async def test_another_instance_that_holds_the_lease_is_left_to_it(country, asked):
    call = await call_up(country, asked, 1)
    await archive(country, asked, 1)
    await desk(country).send(call, OPERATOR, again=False)
    now = country.clock.now()
    async with country[NODE].store.transaction() as unit:
        await unit.lease("evidence-send", "370000/2", now, now + timedelta(minutes=1))
    async with country["hub"].store.transaction() as unit:
        await unit.lease("evidence-check", "hub/2", now, now + timedelta(minutes=1))
    assert await sending(country).send() == 0
    assert await checking(country).look() == 0
    country.clock.move(timedelta(minutes=2))
    await move(country)
    assert await items(country, "hub", call) == [(1, "RECEIVED", None)]
