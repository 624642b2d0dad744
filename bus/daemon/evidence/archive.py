"""Files in and out of the store, one chunk at a time: memory never holds a file (R023).

A chunk rests sealed under the store key, bound to its file and number; so does what is known of
the file, its digest among it. A transaction holds one chunk only, so that steps go on in between.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from bus.daemon.office import Office
from bus.errors import InputError
from bus.model.evidence import EvidenceFile, FileContent, FileState
from bus.ports.evidence_codec import decode_content, encode_content
from bus.ports.store import Store, Unit
from bus.rules.evidence_file import CHUNK, HEAD, MAX_SIZE, check_file_name, check_size, check_start
from signer.storekey import StoreKey
from signer.uuid7 import uuid7

SWEEP_EVERY = timedelta(hours=1)

KEPT_UNNAMED = timedelta(days=1)
"""How long a file stays that was handed in and belongs to nothing."""

_SWEPT = 20
"""Files removed in one transaction."""

Finish = Callable[[Unit, EvidenceFile, FileContent], Awaitable[None]]
"""Does the rest inside the transaction that makes a file complete."""


def seal_chunk(key: StoreKey, file: UUID, number: int, data: bytes) -> bytes:
    """Return a chunk as it rests."""
    return key.wrap(data, _chunk_context(file, number))


def open_chunk(key: StoreKey, file: UUID, number: int, sealed: bytes) -> bytes:
    """Return the bytes of a chunk at rest.

    Raises:
        KeyRingError: `STORE_SECRET_INVALID`.
    """
    return key.unwrap(sealed, _chunk_context(file, number))


def seal_content(key: StoreKey, file: UUID, content: FileContent) -> bytes:
    """Return what is known of a file as it rests."""
    return key.wrap(encode_content(content).encode(), _file_context(file))


def open_content(key: StoreKey, file: EvidenceFile) -> FileContent:
    """Return what is known of a file.

    Raises:
        KeyRingError: `STORE_SECRET_INVALID`.
        StoreCorrupt: `EVIDENCE_FILE_UNREADABLE`.
    """
    return decode_content(key.unwrap(file.sealed, _file_context(file.id)).decode())


@dataclass
class Archive:
    """The evidence files of one participant.

    Attributes:
        limit: Bytes of one file, at most.
    """

    office: Office
    store: Store
    limit: int = MAX_SIZE

    async def receive(
        self,
        stream: AsyncIterator[bytes],
        name: str,
        batch: UUID | None,
        finish: Finish,
    ) -> EvidenceFile:
        """Keep a file as it comes in; what is refused half-way leaves nothing behind.

        A sender that goes away half-way leaves chunks that `sweep` takes away.

        Args:
            stream: The file's bytes, in pieces of any size.
            name: Its name, for its extension; rests sealed.
            batch: What ties it to other files of one application.
            finish: Does the rest inside the transaction that makes it complete.

        Raises:
            InputError: `EVIDENCE_NAME`, `EVIDENCE_EMPTY`, `EVIDENCE_TYPE`, `EVIDENCE_TYPE_DIFFERS`,
                `EVIDENCE_TOO_LARGE`; whatever `finish` raises.
        """
        check_file_name(name, "name")
        now = self.office.clock.now()
        file = EvidenceFile(uuid7(now, self.office.entropy), FileState.RECEIVING, batch, now, b"")
        intake = _Intake(self, file, name)
        try:
            async for piece in stream:
                await intake.take(piece)
            content = await intake.end()
            sealed = seal_content(self.office.store_key, file.id, content)
            whole = replace(file, state=FileState.COMPLETE, sealed=sealed)
            async with self.store.transaction() as unit:
                await unit.save_evidence_file(whole)
                await finish(unit, whole, content)
        except Exception:
            async with self.store.transaction() as unit:
                await unit.drop_evidence_file(file.id)
            raise
        return whole

    async def keep_chunk(self, file: EvidenceFile, number: int, data: bytes) -> None:
        """Keep one chunk of a file that is being received; with the first the file itself."""
        key = self.office.store_key
        sealed = await asyncio.to_thread(seal_chunk, key, file.id, number, data)
        async with self.store.transaction() as unit:
            if number == 1:
                await unit.save_evidence_file(file)
            await unit.put_chunk(file.id, number, sealed)

    async def chunks(self, file: UUID, count: int) -> AsyncIterator[bytes]:
        """Yield the chunks of a file, each read in a transaction of its own.

        Raises:
            InputError: `EVIDENCE_NOT_WHOLE`: one of them is not here.
        """
        for number in range(1, count + 1):
            async with self.store.transaction() as unit:
                sealed = await unit.chunk(file, number)
            if sealed is None:
                raise not_whole(f"chunk {number}")
            yield await asyncio.to_thread(open_chunk, self.office.store_key, file, number, sealed)

    async def sweep(self) -> None:
        """Take away what was handed in more than a day ago and belongs to nothing."""
        before = self.office.clock.now() - KEPT_UNNAMED
        while True:
            async with self.store.transaction() as unit:
                found = await unit.unnamed_evidence(before, _SWEPT)
                for file in found:
                    await unit.drop_evidence_file(file)
            if len(found) < _SWEPT:
                return


def not_whole(where: str) -> InputError:
    """Return the error of a file that cannot be read yet, or not any more."""
    return InputError(
        "EVIDENCE_NOT_WHOLE",
        "该材料尚未收齐",
        "the document is not all here",
        remedy_zh="请用 hedui evidence show 查看缺少的分块，待收齐后再取",
        remedy_en="hedui evidence show names what is missing; wait for it, or have it sent again",
        where=where,
    )


@dataclass
class _Intake:
    """Cuts a stream into chunks, hashing on the way."""

    archive: Archive
    file: EvidenceFile
    name: str
    _buffer: bytearray = field(default_factory=bytearray)
    _size: int = 0
    _media_type: str | None = None
    _chunks: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._whole = hashlib.sha256()

    async def take(self, piece: bytes) -> None:
        self._size += len(piece)
        check_size(self._size, "file", self.archive.limit)
        self._buffer += piece
        if self._media_type is None and len(self._buffer) >= HEAD:
            self._start()
        while len(self._buffer) >= CHUNK:
            data = bytes(self._buffer[:CHUNK])
            del self._buffer[:CHUNK]
            await self._keep(data)

    async def end(self) -> FileContent:
        if self._media_type is None:
            self._start()
        if self._buffer:
            await self._keep(bytes(self._buffer))
        return FileContent(
            self.name,
            self._media_type or "",
            self._size,
            self._whole.digest(),
            tuple(self._chunks),
        )

    def _start(self) -> None:
        self._media_type = check_start(bytes(self._buffer[:HEAD]), self.name, "file")

    async def _keep(self, data: bytes) -> None:
        self._whole.update(data)
        self._chunks.append(hashlib.sha256(data).digest())
        await self.archive.keep_chunk(self.file, len(self._chunks), data)


def _chunk_context(file: UUID, number: int) -> bytes:
    return b"hedui/evidence-chunk/1" + file.bytes + number.to_bytes(4)


def _file_context(file: UUID) -> bytes:
    return b"hedui/evidence-file/1" + file.bytes
