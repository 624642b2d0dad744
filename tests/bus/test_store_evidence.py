"""What a unit promises of evidence: the same tests for the twin and for SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from store_samples import KINDS, LATER, NOW, OTHER_QUERY, QUERY, digest, new_place, opened

from bus.model.evidence import (
    EvidenceCall,
    EvidenceDocument,
    EvidenceFile,
    EvidenceItem,
    FileContent,
    FileState,
    ItemState,
    Transfer,
    TransferDocument,
    TransferState,
)
from bus.ports.evidence_codec import (
    decode_call,
    decode_content,
    decode_transfer,
    encode_call,
    encode_content,
    encode_transfer,
)
from bus.ports.store import Store
from bus.ports.store_errors import StoreCorrupt

BATCH = UUID(int=77)
FILE = EvidenceFile(UUID(int=1), FileState.RECEIVING, BATCH, NOW, b"sealed")
DOCUMENT = EvidenceDocument(UUID(int=11), QUERY, 3, "identity", FILE.id, NOW)
CALL = EvidenceCall(
    id=UUID(int=21),
    query=QUERY,
    requester="370000",
    reason="SAMPLE",
    ordered_by="policy",
    opened=NOW,
    since=NOW,
    due=LATER,
    provisional=True,
    items=(
        EvidenceItem(3, "identity", ItemState.REJECTED, (DOCUMENT.id,), "UNREADABLE", 2),
        EvidenceItem(4, "identity"),
    ),
    notices=2,
    warned=NOW,
    overdue=LATER,
)
TRANSFER = Transfer(
    manifest=digest(1),
    call=CALL.id,
    query=QUERY,
    outgoing=True,
    state=TransferState.OPEN,
    at=NOW,
    documents=(TransferDocument(DOCUMENT.id, FILE.id, 3, "identity", 2),),
    moved=1,
)
SECOND = timedelta(seconds=1)


@pytest.fixture(params=KINDS)
async def store(request) -> AsyncIterator[Store]:
    async with opened(await new_place(request.param, request)) as store:
        yield store


@pytest.mark.requirement("R023")
async def test_a_file_comes_back_and_is_replaced_with_its_chunks_in_place(store):
    async with store.transaction() as unit:
        assert await unit.evidence_file(FILE.id) is None
        await unit.save_evidence_file(FILE)
        await unit.put_chunk(FILE.id, 2, b"second")
        await unit.put_chunk(FILE.id, 1, b"wrong")
        await unit.put_chunk(FILE.id, 1, b"first")
    async with store.transaction() as unit:
        assert await unit.evidence_file(FILE.id) == FILE
        await unit.save_evidence_file(replace(FILE, state=FileState.COMPLETE, batch=None))
        assert await unit.chunk_numbers(FILE.id) == [1, 2]
        assert await unit.chunk(FILE.id, 1) == b"first"
        assert await unit.chunk(FILE.id, 3) is None
        assert await unit.chunk(UUID(int=2), 1) is None
        found = await unit.evidence_file(FILE.id)
    assert found == replace(FILE, state=FileState.COMPLETE, batch=None)


async def test_a_file_is_dropped_with_its_chunks_and_with_those_alone(store):
    other = replace(FILE, id=UUID(int=2))
    async with store.transaction() as unit:
        for file in (FILE, other):
            await unit.save_evidence_file(file)
            await unit.put_chunk(file.id, 1, b"x")
        await unit.drop_evidence_file(FILE.id)
        await unit.drop_evidence_file(FILE.id)
    async with store.transaction() as unit:
        assert await unit.evidence_file(FILE.id) is None
        assert await unit.chunk_numbers(FILE.id) == []
        assert await unit.chunk_numbers(other.id) == [1]


async def test_files_are_found_by_batch_by_state_and_by_being_named_by_nobody(store):
    files = [
        replace(FILE, id=UUID(int=3), at=LATER),
        replace(FILE, id=UUID(int=2), state=FileState.ARRIVED, batch=None),
        FILE,
    ]
    async with store.transaction() as unit:
        for file in files:
            await unit.save_evidence_file(file)
        await unit.save_document(DOCUMENT)
    async with store.transaction() as unit:
        assert [f.id.int for f in await unit.evidence_batch(BATCH)] == [1, 3]
        assert await unit.evidence_batch(UUID(int=78)) == []
        assert [f.id.int for f in await unit.evidence_files(FileState.RECEIVING, 9)] == [1, 3]
        assert [f.id.int for f in await unit.evidence_files(FileState.RECEIVING, 1)] == [1]
        assert [i.int for i in await unit.unnamed_evidence(LATER, 9)] == [2]
        assert [i.int for i in await unit.unnamed_evidence(LATER + SECOND, 9)] == [2, 3]
        assert [i.int for i in await unit.unnamed_evidence(LATER + SECOND, 1)] == [2]


@pytest.mark.requirement("R023")
async def test_the_index_lists_a_query_by_person_and_a_file_by_its_entries(store):
    entries = [
        replace(DOCUMENT, id=UUID(int=14), person=4, call=CALL.id, matches=True),
        replace(DOCUMENT, id=UUID(int=13), kind="authorisation", matches=False),
        replace(DOCUMENT, id=UUID(int=12), query=OTHER_QUERY),
        DOCUMENT,
    ]
    async with store.transaction() as unit:
        for entry in entries:
            await unit.save_document(entry)
    async with store.transaction() as unit:
        assert await unit.documents(QUERY) == [entries[1], entries[3], entries[0]]
        assert [d.id.int for d in await unit.documents_of_file(FILE.id)] == [11, 12, 13, 14]
        assert await unit.document(UUID(int=14)) == entries[0]
        await unit.drop_document(UUID(int=14))
        await unit.save_document(replace(DOCUMENT, matches=True))
        assert await unit.document(UUID(int=14)) is None
        assert await unit.documents(QUERY) == [entries[1], replace(DOCUMENT, matches=True)]


@pytest.mark.requirement("R024")
async def test_calls_are_listed_by_query_and_while_they_are_open(store):
    closed = replace(CALL, id=UUID(int=22), closed=LATER)
    other = replace(CALL, id=UUID(int=20), query=OTHER_QUERY)
    async with store.transaction() as unit:
        for call in (closed, CALL, other):
            await unit.save_call(call)
        assert await unit.call(CALL.id) == CALL
        assert await unit.call(UUID(int=9)) is None
        assert await unit.calls() == [other, CALL, closed]
        assert await unit.calls(open_only=True) == [other, CALL]
        assert await unit.calls(QUERY) == [CALL, closed]
        assert await unit.calls(QUERY, open_only=True) == [CALL]
        await unit.save_call(replace(CALL, closed=LATER))
        assert await unit.calls(QUERY, open_only=True) == []


async def test_the_oldest_open_outgoing_transfer_is_next(store):
    rows = [
        TRANSFER,
        replace(TRANSFER, manifest=digest(2), at=NOW - SECOND, state=TransferState.DONE),
        replace(TRANSFER, manifest=digest(3), at=NOW - SECOND, outgoing=False),
        replace(TRANSFER, manifest=digest(4), at=LATER),
        replace(TRANSFER, manifest=digest(5), call=UUID(int=99), at=LATER),
    ]
    async with store.transaction() as unit:
        assert await unit.next_transfer() is None
        for row in reversed(rows):
            await unit.save_transfer(row)
    async with store.transaction() as unit:
        assert await unit.next_transfer() == TRANSFER
        assert await unit.transfer(digest(2)) == rows[1]
        assert await unit.transfer(digest(9)) is None
        found = await unit.transfers(CALL.id)
        assert [one.manifest[0] for one in found] == [2, 3, 1, 4]
        await unit.save_transfer(replace(TRANSFER, moved=2, state=TransferState.DONE))
        assert await unit.next_transfer() == rows[3]


async def test_a_transaction_that_fails_leaves_no_evidence(store):
    async def fail() -> None:
        async with store.transaction() as unit:
            await unit.save_evidence_file(FILE)
            await unit.put_chunk(FILE.id, 1, b"x")
            await unit.save_document(DOCUMENT)
            await unit.save_call(CALL)
            await unit.save_transfer(TRANSFER)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.transaction() as unit:
        assert await unit.evidence_file(FILE.id) is None
        assert await unit.chunk_numbers(FILE.id) == []
        assert await unit.documents(QUERY) == []
        assert await unit.calls() == []
        assert await unit.next_transfer() is None


def test_what_is_written_is_read_and_another_shape_is_noticed():
    content = FileContent("授权书.pdf", "application/pdf", 9, digest(1), (digest(2),))
    assert decode_content(encode_content(content)) == content
    assert decode_call(encode_call(CALL)) == CALL
    assert decode_transfer(encode_transfer(TRANSFER)) == TRANSFER
    for read, code in (
        (decode_content, "EVIDENCE_FILE_UNREADABLE"),
        (decode_call, "EVIDENCE_CALL_UNREADABLE"),
        (decode_transfer, "TRANSFER_UNREADABLE"),
    ):
        with pytest.raises(StoreCorrupt) as caught:
            read('[{"name": "张三"}]')
        assert caught.value.code == code
        assert "张三" not in str(caught.value)
