"""What a participant's books hold of evidence: files, their index, calls, transfers (R022-R026).

A file is a row and its chunks; documents are the index by query and person (R023). Several
documents may name one file, as when one authorisation speaks for a whole household.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bus.model.evidence import (
    EvidenceCall,
    EvidenceDocument,
    EvidenceFile,
    FileState,
    Transfer,
)


class EvidenceBooks(Protocol):
    """The archive of evidence and what is owed of it."""

    async def evidence_file(self, file: UUID) -> EvidenceFile | None:
        """Return a file, or None."""
        ...

    async def save_evidence_file(self, file: EvidenceFile) -> None:
        """Insert or replace a file; its chunks stay."""
        ...

    async def drop_evidence_file(self, file: UUID) -> None:
        """Remove a file and its chunks."""
        ...

    async def evidence_batch(self, batch: UUID) -> Sequence[EvidenceFile]:
        """Return the files that were handed in together, by id."""
        ...

    async def evidence_files(self, state: FileState, limit: int) -> Sequence[EvidenceFile]:
        """Return files in a state, those of the lowest ids first."""
        ...

    async def unnamed_evidence(self, before: datetime, limit: int) -> Sequence[UUID]:
        """Return files that no document names, kept before an instant, by id."""
        ...

    async def put_chunk(self, file: UUID, number: int, sealed: bytes) -> None:
        """Keep a chunk of a file, from 1; one that is there is replaced."""
        ...

    async def chunk(self, file: UUID, number: int) -> bytes | None:
        """Return a chunk as it was kept, or None."""
        ...

    async def chunk_numbers(self, file: UUID) -> Sequence[int]:
        """Return the numbers of the chunks that are here, in order."""
        ...

    async def save_document(self, document: EvidenceDocument) -> None:
        """Insert or replace an entry of the index."""
        ...

    async def document(self, document: UUID) -> EvidenceDocument | None:
        """Return an entry of the index, or None."""
        ...

    async def drop_document(self, document: UUID) -> None:
        """Remove an entry of the index; its file stays."""
        ...

    async def documents(self, query: UUID) -> Sequence[EvidenceDocument]:
        """Return a query's entries, by person, kind and id."""
        ...

    async def documents_of_file(self, file: UUID) -> Sequence[EvidenceDocument]:
        """Return the entries that name a file, by id."""
        ...

    async def call(self, call: UUID) -> EvidenceCall | None:
        """Return a call, or None."""
        ...

    async def save_call(self, call: EvidenceCall) -> None:
        """Insert or replace a call."""
        ...

    async def calls(
        self, query: UUID | None = None, *, open_only: bool = False
    ) -> Sequence[EvidenceCall]:
        """Return calls by id, of all queries or of one, of all or of those that are not closed."""
        ...

    async def transfer(self, manifest: bytes) -> Transfer | None:
        """Return a transfer by its manifest's message digest, or None."""
        ...

    async def save_transfer(self, transfer: Transfer) -> None:
        """Insert or replace a transfer."""
        ...

    async def transfers(self, call: UUID) -> Sequence[Transfer]:
        """Return a call's transfers, oldest first."""
        ...

    async def next_transfer(self) -> Transfer | None:
        """Return the oldest outgoing transfer that is open, or None."""
        ...
