"""Evidence ↔ JSON text: the forms in which a store keeps calls, transfers and file contents."""

from __future__ import annotations

from bus.model.evidence import EvidenceCall, FileContent, Transfer
from bus.ports.json_codec import JsonCodec

_CALL = JsonCodec(EvidenceCall, "EVIDENCE_CALL", "调阅记录", "a call for evidence")
_TRANSFER = JsonCodec(Transfer, "TRANSFER", "材料传送记录", "a transfer of evidence")
_CONTENT = JsonCodec(FileContent, "EVIDENCE_FILE", "材料文件说明", "the description of a file")


def encode_call(call: EvidenceCall) -> str:
    """Return a call as JSON text.

    Raises:
        DefectError: `EVIDENCE_CALL_UNWRITABLE`.
    """
    return _CALL.encode(call, str(call.id))


def decode_call(text: str) -> EvidenceCall:
    """Return the call that `encode_call` wrote.

    Raises:
        StoreCorrupt: `EVIDENCE_CALL_UNREADABLE`.
    """
    return _CALL.decode(text)


def encode_transfer(transfer: Transfer) -> str:
    """Return a transfer as JSON text.

    Raises:
        DefectError: `TRANSFER_UNWRITABLE`.
    """
    return _TRANSFER.encode(transfer, transfer.manifest.hex())


def decode_transfer(text: str) -> Transfer:
    """Return the transfer that `encode_transfer` wrote.

    Raises:
        StoreCorrupt: `TRANSFER_UNREADABLE`.
    """
    return _TRANSFER.decode(text)


def encode_content(content: FileContent) -> str:
    """Return a file's content description as JSON text; it is sealed before it rests.

    Raises:
        DefectError: `EVIDENCE_FILE_UNWRITABLE`.
    """
    return _CONTENT.encode(content, "")


def decode_content(text: str) -> FileContent:
    """Return the description that `encode_content` wrote.

    Raises:
        StoreCorrupt: `EVIDENCE_FILE_UNREADABLE`.
    """
    return _CONTENT.decode(text)
