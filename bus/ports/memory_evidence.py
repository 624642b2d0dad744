"""The twin's part of a unit that keeps evidence; see `EvidenceBooks` for what is promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

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
from bus.ports.memory_tables import MemoryPart


class MemoryEvidenceBooks(MemoryPart):
    """Evidence in plain dictionaries."""

    async def evidence_file(self, file: UUID) -> EvidenceFile | None:
        """Return a file, or None."""
        return self._tables.evidence_files.get(file)

    async def save_evidence_file(self, file: EvidenceFile) -> None:
        """Insert or replace a file; its chunks stay."""
        kept = replace(file, at=cut(file.at))
        self._journal.put(self._tables.evidence_files, file.id, kept)

    async def drop_evidence_file(self, file: UUID) -> None:
        """Remove a file and its chunks."""
        self._journal.remove(self._tables.evidence_files, file)
        for number in await self.chunk_numbers(file):
            self._journal.remove(self._tables.evidence_chunks, (file, number))

    async def evidence_batch(self, batch: UUID) -> Sequence[EvidenceFile]:
        """Return the files that were handed in together, by id."""
        return [file for file in self._files() if file.batch == batch]

    async def evidence_files(self, state: FileState, limit: int) -> Sequence[EvidenceFile]:
        """Return files in a state, those of the lowest ids first."""
        return [file for file in self._files() if file.state is state][:limit]

    async def unnamed_evidence(self, before: datetime, limit: int) -> Sequence[UUID]:
        """Return files that no document names, kept before an instant, by id."""
        named = {one.file for one in self._tables.evidence_documents.values()}
        found = [f.id for f in self._files() if f.id not in named and f.at < cut(before)]
        return found[:limit]

    async def put_chunk(self, file: UUID, number: int, sealed: bytes) -> None:
        """Keep a chunk of a file, from 1; one that is there is replaced."""
        self._journal.put(self._tables.evidence_chunks, (file, number), sealed)

    async def chunk(self, file: UUID, number: int) -> bytes | None:
        """Return a chunk as it was kept, or None."""
        return self._tables.evidence_chunks.get((file, number))

    async def chunk_numbers(self, file: UUID) -> Sequence[int]:
        """Return the numbers of the chunks that are here, in order."""
        return sorted(number for whose, number in self._tables.evidence_chunks if whose == file)

    async def save_document(self, document: EvidenceDocument) -> None:
        """Insert or replace an entry of the index."""
        kept = replace(document, at=cut(document.at))
        self._journal.put(self._tables.evidence_documents, document.id, kept)

    async def document(self, document: UUID) -> EvidenceDocument | None:
        """Return an entry of the index, or None."""
        return self._tables.evidence_documents.get(document)

    async def drop_document(self, document: UUID) -> None:
        """Remove an entry of the index; its file stays."""
        self._journal.remove(self._tables.evidence_documents, document)

    async def documents(self, query: UUID) -> Sequence[EvidenceDocument]:
        """Return a query's entries, by person, kind and id."""
        found = [d for d in self._tables.evidence_documents.values() if d.query == query]
        return sorted(found, key=lambda one: (one.person, one.kind, one.id.bytes))

    async def documents_of_file(self, file: UUID) -> Sequence[EvidenceDocument]:
        """Return the entries that name a file, by id."""
        found = [d for d in self._tables.evidence_documents.values() if d.file == file]
        return sorted(found, key=lambda one: one.id.bytes)

    async def call(self, call: UUID) -> EvidenceCall | None:
        """Return a call, or None."""
        text = self._tables.evidence_calls.get(call)
        return None if text is None else decode_call(text)

    async def save_call(self, call: EvidenceCall) -> None:
        """Insert or replace a call."""
        cut(call.due)
        self._journal.put(self._tables.evidence_calls, call.id, encode_call(call))

    async def calls(
        self, query: UUID | None = None, *, open_only: bool = False
    ) -> Sequence[EvidenceCall]:
        """Return calls by id, of all queries or of one, of all or of those that are not closed."""
        found = map(decode_call, self._tables.evidence_calls.values())
        chosen = [
            call
            for call in found
            if query in (None, call.query) and not (open_only and call.closed is not None)
        ]
        return sorted(chosen, key=lambda call: call.id.bytes)

    async def transfer(self, manifest: bytes) -> Transfer | None:
        """Return a transfer by its manifest's message digest, or None."""
        text = self._tables.transfers.get(manifest)
        return None if text is None else decode_transfer(text)

    async def save_transfer(self, transfer: Transfer) -> None:
        """Insert or replace a transfer."""
        cut(transfer.at)
        self._journal.put(self._tables.transfers, transfer.manifest, encode_transfer(transfer))

    async def transfers(self, call: UUID) -> Sequence[Transfer]:
        """Return a call's transfers, oldest first."""
        return [one for one in self._transfers() if one.call == call]

    async def next_transfer(self) -> Transfer | None:
        """Return the oldest outgoing transfer that is open, or None."""
        waiting = (t for t in self._transfers() if t.outgoing and t.state is TransferState.OPEN)
        return next(waiting, None)

    def _files(self) -> list[EvidenceFile]:
        return sorted(self._tables.evidence_files.values(), key=lambda file: file.id.bytes)

    def _transfers(self) -> list[Transfer]:
        found = map(decode_transfer, self._tables.transfers.values())
        return sorted(found, key=lambda one: (one.at, one.manifest))
