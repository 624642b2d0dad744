"""What a manifest of evidence, and each chunk, must be to be taken (R023-R024, R026)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

from bus.errors import RefusedError
from bus.model.evidence import (
    EvidenceCall,
    EvidenceChunk,
    EvidenceEntry,
    FileContent,
    ItemState,
    Transfer,
    TransferDocument,
)
from bus.rules.evidence_file import MAX_SIZE, chunks_of, is_media_type, is_own_name

MAX_DOCUMENTS = 50
"""Documents of one manifest, at most; so that it fits an envelope."""


def check_call(call: EvidenceCall | None, query: UUID, source: str) -> EvidenceCall:
    """Return the call that a message of evidence is about, if it is one of its source's.

    Args:
        call: The call it names, as far as there is one.
        query: The conversation it came in.
        source: Who made it.

    Raises:
        RefusedError: `EVIDENCE_CALL_UNKNOWN`: there is no such call, or it is about another query
            or another requester's; `EVIDENCE_CALL_CLOSED`.
    """
    if call is None or (call.query, call.requester) != (query, source):
        raise _refused("EVIDENCE_CALL_UNKNOWN", "该查询没有此调阅", "no such call", str(query))
    if call.closed is not None:
        raise _refused("EVIDENCE_CALL_CLOSED", "该调阅已办结", "the call is closed", str(query))
    return call


def check_manifest(call: EvidenceCall, documents: Sequence[EvidenceEntry]) -> None:
    """Check a manifest against the call it answers; nothing of it is kept when one line is wrong.

    Raises:
        RefusedError: `EVIDENCE_MANIFEST`: its size or numbering; `EVIDENCE_NOT_CALLED`: somebody or
            something that was not asked for, or that is accepted already; `EVIDENCE_NAME`,
            `EVIDENCE_TYPE`, `EVIDENCE_EMPTY`, `EVIDENCE_TOO_LARGE`, `EVIDENCE_CHUNKS`.
    """
    numbers = [entry.number for entry in documents]
    if not 1 <= len(numbers) <= MAX_DOCUMENTS or numbers != [*range(1, len(numbers) + 1)]:
        raise _refused(
            "EVIDENCE_MANIFEST",
            f"清单应列 1 至 {MAX_DOCUMENTS} 份材料，序号连续",
            f"a manifest lists 1 to {MAX_DOCUMENTS} documents, numbered in order",
            str(call.id),
        )
    wanted = {(i.person, i.kind) for i in call.items if i.state is not ItemState.ACCEPTED}
    for entry in documents:
        _check_entry(entry, wanted)


def check_transfer(
    transfer: Transfer, call: UUID, query: UUID, chunk: EvidenceChunk
) -> TransferDocument:
    """Return the document of a manifest that a chunk is of.

    Args:
        transfer: The transfer of the manifest that the chunk names.
        call: The call that the chunk's message names.
        query: The conversation it came in.
        chunk: The chunk.

    Raises:
        RefusedError: `EVIDENCE_CHUNK_FOREIGN`: the manifest is another query's or another call's,
            as when a chunk is played again elsewhere; `EVIDENCE_CHUNK_UNKNOWN`.
    """
    where = f"document {chunk.document} chunk {chunk.number}"
    if (transfer.call, transfer.query, transfer.outgoing) != (call, query, False):
        raise _refused(
            "EVIDENCE_CHUNK_FOREIGN",
            "分块所属清单属于另一查询或另一调阅",
            "the chunk's manifest is of another query or another call",
            where,
        )
    if not 1 <= chunk.document <= len(transfer.documents):
        raise _refused("EVIDENCE_CHUNK_UNKNOWN", "清单没有此材料", "no such document", where)
    return transfer.documents[chunk.document - 1]


def check_chunk(content: FileContent, chunk: EvidenceChunk) -> None:
    """Check that a chunk is the one that the signed manifest describes.

    Raises:
        RefusedError: `EVIDENCE_CHUNK_UNKNOWN`: the document has no such chunk;
            `EVIDENCE_CHUNK_DIFFERS`: its bytes are others.
    """
    where = f"document {chunk.document} chunk {chunk.number}"
    if not 1 <= chunk.number <= len(content.chunks):
        raise _refused("EVIDENCE_CHUNK_UNKNOWN", "清单没有此分块", "no such chunk", where)
    if hashlib.sha256(chunk.data).digest() != content.chunks[chunk.number - 1]:
        raise _refused(
            "EVIDENCE_CHUNK_DIFFERS",
            "分块内容与清单所列摘要不符",
            "the chunk is not the one the manifest describes",
            where,
        )


def _check_entry(entry: EvidenceEntry, wanted: set[tuple[int, str]]) -> None:
    where = f"document {entry.number}"
    if (entry.person, entry.kind) not in wanted:
        raise _refused(
            "EVIDENCE_NOT_CALLED",
            "清单所列人员或种类不在调阅之列，或已认可",
            "a person or kind that the call does not ask for, or that is accepted already",
            where,
        )
    if not is_own_name(entry.name):
        raise _refused("EVIDENCE_NAME", "文件名不合规", "not an allowed file name", where)
    if not is_media_type(entry.media_type):
        raise _refused("EVIDENCE_TYPE", "文件类型不在允许之列", "not an allowed type", where)
    if entry.size < 1:
        raise _refused("EVIDENCE_EMPTY", "文件是空的", "the file is empty", where)
    if entry.size > MAX_SIZE:
        raise _refused("EVIDENCE_TOO_LARGE", "文件超过 100 MB", "larger than 100 MB", where)
    if len(entry.chunks) != chunks_of(entry.size):
        raise _refused("EVIDENCE_CHUNKS", "分块数与大小不符", "chunks do not fit the size", where)


def _refused(code: str, zh: str, en: str, where: str) -> RefusedError:
    return RefusedError(code, zh, en, where=where)
