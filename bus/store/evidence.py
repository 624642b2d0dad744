"""Which evidence rests here, about whom, what is called up, and what is on its way?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, delete, exists, select

from bus.model.evidence import (
    EvidenceCall,
    EvidenceDocument,
    EvidenceFile,
    FileState,
    Transfer,
    TransferState,
)
from bus.ports.evidence_codec import decode_call, decode_transfer, encode_call, encode_transfer
from bus.ports.instants import cut
from bus.store.conflicts import insert_or_replace
from bus.store.statements import Statements, columns_of
from bus.store.tables import (
    evidence_calls,
    evidence_chunks,
    evidence_documents,
    evidence_files,
    evidence_transfers,
)

_FILE = columns_of(evidence_files, EvidenceFile)
_DOCUMENT = columns_of(evidence_documents, EvidenceDocument)

# A chunk came, or somebody reads a file.
FIND_FILE = select(*_FILE).where(evidence_files.c.id == bindparam("file"))

# An application was handed in with its files.
LIST_BATCH = (
    select(*_FILE).where(evidence_files.c.batch == bindparam("batch")).order_by(evidence_files.c.id)
)

# The hub looks for files that have arrived and are not checked.
LIST_FILES = (
    select(*_FILE)
    .where(evidence_files.c.state == bindparam("state"))
    .order_by(evidence_files.c.id)
    .limit(bindparam("limit"))
)

# Now and then: what was handed in and never belonged to anything.
LIST_UNNAMED = (
    select(evidence_files.c.id)
    .where(
        evidence_files.c.at < bindparam("before"),
        ~exists().where(evidence_documents.c.file == evidence_files.c.id),
    )
    .order_by(evidence_files.c.id)
    .limit(bindparam("limit"))
)

DROP_FILE = delete(evidence_files).where(evidence_files.c.id == bindparam("dropped"))
DROP_CHUNKS = delete(evidence_chunks).where(evidence_chunks.c.file == bindparam("dropped"))

# One chunk at a time, so that memory holds no file.
FIND_CHUNK = select(evidence_chunks.c.sealed).where(
    evidence_chunks.c.file == bindparam("file"), evidence_chunks.c.number == bindparam("number")
)
LIST_NUMBERS = (
    select(evidence_chunks.c.number)
    .where(evidence_chunks.c.file == bindparam("file"))
    .order_by(evidence_chunks.c.number)
)

FIND_DOCUMENT = select(*_DOCUMENT).where(evidence_documents.c.id == bindparam("document"))
DROP_DOCUMENT = delete(evidence_documents).where(evidence_documents.c.id == bindparam("dropped"))

# The index by query and person (R023).
LIST_DOCUMENTS = (
    select(*_DOCUMENT)
    .where(evidence_documents.c.query == bindparam("query"))
    .order_by(evidence_documents.c.person, evidence_documents.c.kind, evidence_documents.c.id)
)
LIST_OF_FILE = (
    select(*_DOCUMENT)
    .where(evidence_documents.c.file == bindparam("file"))
    .order_by(evidence_documents.c.id)
)

FIND_CALL = select(evidence_calls.c.body).where(evidence_calls.c.id == bindparam("call"))
LIST_CALLS = select(evidence_calls.c.body).order_by(evidence_calls.c.id)
OF_QUERY = evidence_calls.c.query == bindparam("query")
# Every minute: what is due.
STILL_OPEN = evidence_calls.c.closed.is_(None)

FIND_TRANSFER = select(evidence_transfers.c.body).where(
    evidence_transfers.c.manifest == bindparam("manifest")
)
LIST_TRANSFERS = (
    select(evidence_transfers.c.body)
    .where(evidence_transfers.c.call == bindparam("call"))
    .order_by(evidence_transfers.c.at, evidence_transfers.c.manifest)
)
# All the time: what is to be sent next.
NEXT_TRANSFER = (
    select(evidence_transfers.c.body)
    .where(
        evidence_transfers.c.outgoing.is_(True),
        evidence_transfers.c.state == str(TransferState.OPEN),
    )
    .order_by(evidence_transfers.c.at, evidence_transfers.c.manifest)
    .limit(1)
)


class EvidenceRows(Statements):
    """The evidence of a unit; see `EvidenceBooks`."""

    async def evidence_file(self, file: UUID) -> EvidenceFile | None:
        """Return a file, or None."""
        row = await self._row(FIND_FILE, {"file": file})
        return None if row is None else _file(row)

    async def save_evidence_file(self, file: EvidenceFile) -> None:
        """Insert or replace a file; its chunks stay."""
        values = asdict(file) | {"state": str(file.state)}
        await self._write(insert_or_replace(evidence_files, self._dialect), values)

    async def drop_evidence_file(self, file: UUID) -> None:
        """Remove a file and its chunks."""
        await self._write(DROP_CHUNKS, {"dropped": file})
        await self._write(DROP_FILE, {"dropped": file})

    async def evidence_batch(self, batch: UUID) -> Sequence[EvidenceFile]:
        """Return the files that were handed in together, by id."""
        return [_file(row) for row in await self._rows(LIST_BATCH, {"batch": batch})]

    async def evidence_files(self, state: FileState, limit: int) -> Sequence[EvidenceFile]:
        """Return files in a state, those of the lowest ids first."""
        values = {"state": str(state), "limit": limit}
        return [_file(row) for row in await self._rows(LIST_FILES, values)]

    async def unnamed_evidence(self, before: datetime, limit: int) -> Sequence[UUID]:
        """Return files that no document names, kept before an instant, by id."""
        rows = await self._rows(LIST_UNNAMED, {"before": before, "limit": limit})
        return [row["id"] for row in rows]

    async def put_chunk(self, file: UUID, number: int, sealed: bytes) -> None:
        """Keep a chunk of a file, from 1; one that is there is replaced."""
        values = {"file": file, "number": number, "sealed": sealed}
        await self._write(insert_or_replace(evidence_chunks, self._dialect), values)

    async def chunk(self, file: UUID, number: int) -> bytes | None:
        """Return a chunk as it was kept, or None."""
        row = await self._row(FIND_CHUNK, {"file": file, "number": number})
        return None if row is None else bytes(row["sealed"])

    async def chunk_numbers(self, file: UUID) -> Sequence[int]:
        """Return the numbers of the chunks that are here, in order."""
        return [row["number"] for row in await self._rows(LIST_NUMBERS, {"file": file})]

    async def save_document(self, document: EvidenceDocument) -> None:
        """Insert or replace an entry of the index."""
        await self._write(insert_or_replace(evidence_documents, self._dialect), asdict(document))

    async def document(self, document: UUID) -> EvidenceDocument | None:
        """Return an entry of the index, or None."""
        row = await self._row(FIND_DOCUMENT, {"document": document})
        return None if row is None else EvidenceDocument(**row)

    async def drop_document(self, document: UUID) -> None:
        """Remove an entry of the index; its file stays."""
        await self._write(DROP_DOCUMENT, {"dropped": document})

    async def documents(self, query: UUID) -> Sequence[EvidenceDocument]:
        """Return a query's entries, by person, kind and id."""
        rows = await self._rows(LIST_DOCUMENTS, {"query": query})
        return [EvidenceDocument(**row) for row in rows]

    async def documents_of_file(self, file: UUID) -> Sequence[EvidenceDocument]:
        """Return the entries that name a file, by id."""
        rows = await self._rows(LIST_OF_FILE, {"file": file})
        return [EvidenceDocument(**row) for row in rows]

    async def call(self, call: UUID) -> EvidenceCall | None:
        """Return a call, or None."""
        row = await self._row(FIND_CALL, {"call": call})
        return None if row is None else decode_call(row["body"])

    async def save_call(self, call: EvidenceCall) -> None:
        """Insert or replace a call."""
        cut(call.due)
        values = {
            "id": call.id,
            "query": call.query,
            "closed": call.closed,
            "body": encode_call(call),
        }
        await self._write(insert_or_replace(evidence_calls, self._dialect), values)

    async def calls(
        self, query: UUID | None = None, *, open_only: bool = False
    ) -> Sequence[EvidenceCall]:
        """Return calls by id, of all queries or of one, of all or of those that are not closed."""
        statement = LIST_CALLS if query is None else LIST_CALLS.where(OF_QUERY)
        statement = statement.where(STILL_OPEN) if open_only else statement
        rows = await self._rows(statement, {} if query is None else {"query": query})
        return [decode_call(row["body"]) for row in rows]

    async def transfer(self, manifest: bytes) -> Transfer | None:
        """Return a transfer by its manifest's message digest, or None."""
        row = await self._row(FIND_TRANSFER, {"manifest": manifest})
        return None if row is None else decode_transfer(row["body"])

    async def save_transfer(self, transfer: Transfer) -> None:
        """Insert or replace a transfer."""
        values = {
            "manifest": transfer.manifest,
            "call": transfer.call,
            "outgoing": transfer.outgoing,
            "state": str(transfer.state),
            "at": transfer.at,
            "body": encode_transfer(transfer),
        }
        await self._write(insert_or_replace(evidence_transfers, self._dialect), values)

    async def transfers(self, call: UUID) -> Sequence[Transfer]:
        """Return a call's transfers, oldest first."""
        rows = await self._rows(LIST_TRANSFERS, {"call": call})
        return [decode_transfer(row["body"]) for row in rows]

    async def next_transfer(self) -> Transfer | None:
        """Return the oldest outgoing transfer that is open, or None."""
        row = await self._row(NEXT_TRANSFER, {})
        return None if row is None else decode_transfer(row["body"])


def _file(row: RowMapping) -> EvidenceFile:
    values = dict(row)
    return EvidenceFile(**values | {"state": FileState(values["state"])})
