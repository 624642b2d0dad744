"""Evidence that is not what it should be: refused by code, or named, and nothing of it is kept."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from uuid import UUID

import pytest
from daemon_deeds import OPERATOR, clean, codes, forge, give, held, quarantine, submit_draft
from evidence_deeds import (
    NODE,
    archive,
    call_of,
    call_up,
    checking,
    desk,
    documents,
    items,
    produce,
    read,
    scan,
    sending,
    two_chunks,
)

from bus.flow.outcome import Send
from bus.model.audit import Event
from bus.model.evidence import (
    Evidence,
    EvidenceChunk,
    EvidenceEntry,
    EvidenceRequest,
    EvidenceReview,
    FileState,
    Notice,
)
from bus.rules.evidence_file import CHUNK
from signer.envelope.kinds import Kind

TOPIC = f"hedui.{NODE}.outbox"
INBOX = f"hedui.{NODE}.inbox"

pytestmark = pytest.mark.requirement("R026")


@pytest.fixture
async def asked(country, make_draft):
    query = await submit_draft(country, make_draft(3))
    await country.settle()
    return query


@pytest.fixture
async def call(country, asked):
    return await call_up(country, asked, 2)


def sha(data):
    return hashlib.sha256(data).digest()


def entry(data, **changed):
    pieces = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    made = EvidenceEntry(
        1,
        2,
        "authorisation",
        "P2.pdf",
        "application/pdf",
        len(data),
        sha(data),
        tuple(map(sha, pieces)),
    )
    return replace(made, **changed)


async def say(country, query, body, source=NODE, topic=TOPIC):
    """Hand the hub an Evidence message that its source has really signed; returns its digest."""
    sealed = forge(country, source, "hub", Send(Kind.EVIDENCE, "hub", body, ("hub",)), query)
    await give(country, "hub", topic, sealed, query)
    return sealed.digest


async def manifest(country, query, call, *entries):
    return await say(country, query, Evidence(call.bytes, entries, None))


async def chunk(country, query, call, digest, number, data, document=1):
    body = Evidence(call.bytes, (), EvidenceChunk(digest, document, number, data))
    await say(country, query, body)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"person": 3}, "EVIDENCE_NOT_CALLED"),
        ({"kind": "identity"}, "EVIDENCE_NOT_CALLED"),
        ({"name": "../../../etc/cron.d/x.pdf"}, "EVIDENCE_NAME"),
        ({"name": "张三.pdf"}, "EVIDENCE_NAME"),
        ({"media_type": "application/vnd.ms-excel"}, "EVIDENCE_TYPE"),
        ({"size": 100 * 1024 * 1024 + 1, "chunks": (b"d" * 32,) * 201}, "EVIDENCE_TOO_LARGE"),
        ({"size": 0, "chunks": ()}, "EVIDENCE_EMPTY"),
        ({"chunks": ()}, "EVIDENCE_CHUNKS"),
    ],
)
async def test_a_manifest_that_does_not_fit_is_refused_and_the_requester_hears(
    country, asked, call, changed, code
):
    await manifest(country, asked, call, entry(scan(900), **changed))
    await country.settle()
    assert await codes(country, "hub") == [code]
    assert await documents(country, "hub", asked) == []
    async with country[NODE].store.transaction() as unit:
        problem = await unit.last_audit(Event.PROBLEM_RECEIVED)
    assert problem.event.detail["code"] == code


async def test_a_manifest_names_nobody_of_another_query(country, make_draft, asked, call):
    other = await submit_draft(country, make_draft(9))
    await country.settle()
    theirs = await call_up(country, other, 9)
    # A call of the other query, in this one's conversation; and a person of the other in this call.
    await manifest(country, asked, theirs, entry(scan(900), person=9))
    await manifest(country, asked, call, entry(scan(900), person=9))
    assert await codes(country, "hub") == ["EVIDENCE_CALL_UNKNOWN", "EVIDENCE_NOT_CALLED"]


async def test_another_province_cannot_answer_a_call(country, asked, call):
    body = Evidence(call.bytes, (entry(scan(900)),), None)
    await say(country, asked, body, "320000", "hedui.320000.outbox")
    assert await codes(country, "hub") == ["EVIDENCE_CALL_UNKNOWN"]


async def test_a_message_is_a_manifest_or_a_chunk(country, asked, call):
    both = EvidenceChunk(b"d" * 32, 1, 1, b"%PDF-")
    await say(country, asked, Evidence(call.bytes, (), None))
    await say(country, asked, Evidence(call.bytes, (entry(scan(900)),), both))
    assert await codes(country, "hub") == ["EVIDENCE_MANIFEST", "EVIDENCE_MANIFEST"]


async def test_a_chunk_that_is_altered_or_too_many_is_named_and_not_kept(country, asked, call):
    data = two_chunks()
    digest = await manifest(country, asked, call, entry(data))
    await chunk(country, asked, call, digest, 2, data[CHUNK:-1] + b"\0")
    await chunk(country, asked, call, digest, 3, b"more")
    await chunk(country, asked, call, digest, 1, data[:CHUNK], document=2)
    assert await quarantine(country, "hub") == [
        ("EVIDENCE_CHUNK_DIFFERS", "document 1 chunk 2"),
        ("EVIDENCE_CHUNK_UNKNOWN", "document 1 chunk 3"),
        ("EVIDENCE_CHUNK_UNKNOWN", "document 2 chunk 1"),
    ]
    _, (waiting,) = await desk(country, "hub").call(call, OPERATOR)
    assert (waiting.missing, waiting.state) == ((1, 2), FileState.RECEIVING)


async def test_a_chunk_played_again_from_another_query_is_refused(country, make_draft, asked, call):
    other = await submit_draft(country, make_draft(3))
    await country.settle()
    theirs = await call_up(country, other, 2)
    data = two_chunks()
    digest = await manifest(country, asked, call, entry(data))
    await chunk(country, other, theirs, digest, 1, data[:CHUNK])
    await chunk(country, asked, theirs, digest, 1, data[:CHUNK])
    assert await codes(country, "hub") == ["EVIDENCE_CHUNK_FOREIGN", "EVIDENCE_CHUNK_FOREIGN"]
    _, (waiting,) = await desk(country, "hub").call(call, OPERATOR)
    assert waiting.missing == (1, 2)


@pytest.mark.requirement("R075")
async def test_chunks_before_their_manifest_wait_and_doubles_change_nothing(country, asked, call):
    data = two_chunks()
    await archive(country, asked, 2, data)
    await desk(country).send(call, OPERATOR, again=False)
    await sending(country).send()
    await country[NODE].outbox.drain()
    records = country.cluster.records(TOPIC)[-3:]
    hub = country["hub"].step
    odd = [replace(one, offset=-1) for one in records]
    await hub.run([odd[2]])
    await hub.run([odd[1], odd[2]])
    assert await held(country, "hub") == ["EVIDENCE_MANIFEST_AWAITED"] * len(
        await held(country, "hub")
    )
    assert await held(country, "hub")
    await hub.run([odd[0], odd[1], odd[0]])
    await hub.retry_held()
    await country.settle()
    await checking(country).look()
    assert await items(country, "hub", call) == [(2, "RECEIVED", None)]
    (document,) = await documents(country, "hub", asked)
    assert await read(country, "hub", document.id) == data
    assert await clean(country)


@pytest.mark.parametrize(
    ("data", "changed", "code"),
    [
        (scan(900), {"digest": b"x" * 32}, "CONTENT_DIFFERS"),
        (scan(900), {"size": 901}, "CONTENT_DIFFERS"),
        (b"PK\x03\x04" + bytes(900), {}, "TYPE_DIFFERS"),
        (scan(900), {"media_type": "image/png"}, "TYPE_DIFFERS"),
    ],
)
async def test_a_document_that_is_not_what_its_manifest_says_goes_back_by_itself(
    country, asked, call, data, changed, code
):
    # The node has it on its books as sent, as a node that lies would.
    await archive(country, asked, 2)
    await desk(country).send(call, OPERATOR, again=False)
    await country.settle()
    made = entry(data, **changed)
    digest = await manifest(country, asked, call, made)
    await chunk(country, asked, call, digest, 1, data)
    await checking(country).look()
    await country.settle()
    for name in ("hub", NODE):
        assert await items(country, name, call) == [(2, "REJECTED", code)]
    (document,) = await documents(country, "hub", asked)
    async with country["hub"].store.transaction() as unit:
        assert (await unit.evidence_file(document.file)).state is FileState.FAULTY
    found = await call_of(country, "hub", call)
    assert found.owed


async def test_a_later_manifest_replaces_one_that_never_came_whole(country, asked, call):
    old, new = two_chunks(1), scan(800, 2)
    first = await manifest(country, asked, call, entry(old))
    await chunk(country, asked, call, first, 1, old[:CHUNK])
    second = await manifest(country, asked, call, entry(new))
    await chunk(country, asked, call, first, 2, old[CHUNK:])
    await chunk(country, asked, call, second, 1, new)
    await checking(country).look()
    assert await codes(country, "hub") == []
    (document,) = await documents(country, "hub", asked)
    assert await read(country, "hub", document.id) == new
    async with country["hub"].store.transaction() as unit:
        tables = unit._tables
        assert len(tables.evidence_files) == len(tables.evidence_chunks) == 1


@pytest.mark.parametrize("changed", [{}, {"digest": b"x" * 32}])
async def test_what_was_accepted_stays_accepted_whatever_comes_after(
    country, make_draft, asked, changed
):
    call = await call_up(country, asked, 2, 3)
    for person in (2, 3):
        await archive(country, asked, person)
    await produce(country, call)
    data = two_chunks(5)
    digest = await manifest(country, asked, call, entry(data, **changed))
    await chunk(country, asked, call, digest, 1, data[:CHUNK])
    await desk(country, "hub").judge(call, OPERATOR, None, {(2, "authorisation")})
    before = await items(country, "hub", call)
    await chunk(country, asked, call, digest, 2, data[CHUNK:])
    await checking(country).look()
    assert await items(country, "hub", call) == before
    assert before == [(2, "ACCEPTED", None), (3, "RECEIVED", None)]


async def test_nothing_more_is_taken_once_everything_was_accepted(country, asked, call):
    await archive(country, asked, 2)
    await produce(country, call)
    await desk(country, "hub").judge(call, OPERATOR, None, ())
    await country.settle()
    await manifest(country, asked, call, entry(scan(900)))
    assert await codes(country, "hub") == ["EVIDENCE_CALL_CLOSED"]


async def test_a_node_refuses_calls_and_notices_that_are_not_about_its_queries(
    country, make_draft, asked, call
):
    due = country.clock.now()
    other = await submit_draft(country, make_draft(1), "320000")
    await country.settle()

    async def hub_says(kind, body, query):
        sealed = forge(country, "hub", NODE, Send(kind, NODE, body, (NODE,)), query)
        await give(country, NODE, INBOX, sealed, query)

    fresh = UUID(int=5).bytes
    ask = EvidenceRequest(fresh, (1,), ("identity",), "SAMPLE", due)
    review = EvidenceReview(call.bytes, 1, Notice.WARNING, (), due)
    await hub_says(Kind.EVIDENCE_REQUEST, ask, other)
    await hub_says(Kind.EVIDENCE_REQUEST, replace(ask, persons=(4,)), asked)
    await hub_says(Kind.EVIDENCE_REQUEST, replace(ask, call=call.bytes), asked)
    await hub_says(Kind.EVIDENCE_REVIEW, review, other)
    assert await codes(country, NODE) == [
        "QUERY_UNKNOWN",
        "EVIDENCE_REQUEST_INVALID",
        "EVIDENCE_REQUEST_INVALID",
        "EVIDENCE_CALL_UNKNOWN",
    ]
    await hub_says(Kind.EVIDENCE_REVIEW, replace(review, call=fresh), asked)
    assert await held(country, NODE) == ["EVIDENCE_CALL_AWAITED"]
    await hub_says(Kind.EVIDENCE_REQUEST, ask, asked)
    await country[NODE].step.retry_held()
    assert await held(country, NODE) == []
    assert (await call_of(country, NODE, UUID(int=5))).warned == due
