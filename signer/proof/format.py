"""Bytes of a proof file (docs/spec/proof.md §1): written once, and read with checks 1 to 3."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from types import MappingProxyType
from typing import Any
from uuid import UUID

from schemas.loader import SchemaError, decode, encode, load
from signer.audit.heads import Inclusion
from signer.identity import IdentityError, Role, role_of
from signer.proof.failures import ProofError
from signer.uuid7 import is_uuid7

MAGIC = b"HDP1"
MAX_PROOF = 512 * 1024 * 1024
MAX_ITEMS = 262_144  # of all arrays together: records, messages, entries and their paths
DIGEST_SIZE = 32

_LABEL = b"hedui/proof/1"
_SCHEMA = load("proof/proof.v1")
# Far enough from the calendar's ends that the checks can add to a time.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_END = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ProvenMessage:
    """One message of a proof.

    `received` is, for the requester's own, when it was sent. `secret` is the content secret, 32
    bytes, where the content is disclosed.
    """

    envelope: bytes
    received: datetime
    secret: bytes | None


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry of the requester's audit chain: canonical bytes, hash of the entry before it.

    `inclusion` says where it stands in the tree of a head; None for the proof's own head.
    """

    entry: bytes
    prev: bytes
    inclusion: Inclusion | None


@dataclass(frozen=True, slots=True)
class HeadTimestamp:
    """A timestamp over the audit head that is entry `head`: the authority's answer, DER.

    `certificates` are DER of those above the authority's own.
    """

    head: int
    response: bytes
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof file holds. `directory` maps keys of the directory topic to signed records.

    `opened` says that the answers are disclosed: the file then holds personal data.
    """

    query: UUID
    requester: str
    made_at: datetime
    directory: Mapping[str, bytes]
    messages: tuple[ProvenMessage, ...]
    audit: tuple[AuditRecord, ...] = ()
    timestamps: tuple[HeadTimestamp, ...] = ()
    opened: bool = False


def proof_bytes(proof: Proof) -> bytes:
    """Return the file of a proof, digest included.

    Raises:
        SchemaError: `DATUM_INVALID` when a field is not of the schema.
    """
    body = encode(
        _SCHEMA,
        {
            "magic": MAGIC,
            "query": proof.query.bytes,
            "requester": proof.requester,
            "made_at": proof.made_at,
            "opened": proof.opened,
            "directory": records_datum(proof.directory),
            "messages": [
                {"envelope": m.envelope, "received": m.received, "secret": m.secret}
                for m in proof.messages
            ],
            "audit": [
                {"entry": a.entry, "prev": a.prev, "inclusion": _inclusion_datum(a.inclusion)}
                for a in proof.audit
            ],
            "timestamps": [
                {"head": t.head, "response": t.response, "certificates": list(t.certificates)}
                for t in proof.timestamps
            ],
        },
    )
    return body + file_digest(body)


def file_digest(body: bytes) -> bytes:
    """Return the digest that ends a file whose other bytes are `body`."""
    digest = hashlib.sha256(_LABEL)
    digest.update(body)
    return digest.digest()


def read_proof(data: bytes) -> Proof:
    """Read a proof file: checks 1 to 3.

    Raises:
        ProofError: `PROOF_SIZE`, `PROOF_MAGIC`, `PROOF_DIGEST`, `PROOF_ENCODING`, `PROOF_FIELD`.
    """
    # 1. Size and magic.
    if not len(MAGIC) + DIGEST_SIZE <= len(data) <= MAX_PROOF:
        raise ProofError("PROOF_SIZE")
    if data[: len(MAGIC)] != MAGIC:
        raise ProofError("PROOF_MAGIC")
    # 2. The digest at the end.
    body = data[:-DIGEST_SIZE]
    if not hmac.compare_digest(file_digest(body), data[-DIGEST_SIZE:]):
        raise ProofError("PROOF_DIGEST")
    # 3. One encoding, and fields that make sense.
    try:
        datum = decode(_SCHEMA, body, MAX_ITEMS)
    except SchemaError:
        raise ProofError("PROOF_ENCODING") from None
    _check_fields(datum)
    return Proof(
        query=UUID(bytes=datum["query"]),
        requester=datum["requester"],
        made_at=datum["made_at"],
        directory=MappingProxyType({x["key"]: x["record"] for x in datum["directory"]}),
        messages=tuple(
            ProvenMessage(x["envelope"], x["received"], x["secret"]) for x in datum["messages"]
        ),
        audit=tuple(
            AuditRecord(x["entry"], x["prev"], _inclusion(x["inclusion"])) for x in datum["audit"]
        ),
        timestamps=tuple(
            HeadTimestamp(x["head"], x["response"], tuple(x["certificates"]))
            for x in datum["timestamps"]
        ),
        opened=datum["opened"],
    )


def records_datum(records: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Return directory records as Avro data, ascending by the bytes of their keys."""
    ordered = sorted(records.items(), key=lambda item: item[0].encode())
    return [{"key": key, "record": record} for key, record in ordered]


def ascending(datum: Sequence[Mapping[str, Any]]) -> bool:
    """Whether directory records as Avro data ascend strictly by the bytes of their keys."""
    keys = [x["key"].encode() for x in datum]
    return all(a < b for a, b in pairwise(keys))


def _inclusion_datum(found: Inclusion | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "head": found.head,
        "index": found.index,
        "size": found.size,
        "path": list(found.path),
    }


def _inclusion(datum: Mapping[str, Any] | None) -> Inclusion | None:
    if datum is None:
        return None
    return Inclusion(datum["head"], datum["index"], datum["size"], tuple(datum["path"]))


def _check_fields(datum: Mapping[str, Any]) -> None:
    if not is_uuid7(UUID(bytes=datum["query"])):
        raise ProofError("PROOF_FIELD", "query")
    if not _is_node(datum["requester"]):
        raise ProofError("PROOF_FIELD", "requester")
    if not _EARLIEST <= datum["made_at"] < _END:
        raise ProofError("PROOF_FIELD", "made_at")
    if not ascending(datum["directory"]):
        raise ProofError("PROOF_FIELD", "directory")
    heads = [x["head"] for x in datum["timestamps"]]
    if any(a >= b for a, b in pairwise(heads)):
        raise ProofError("PROOF_FIELD", "timestamps")
    for number, message in enumerate(datum["messages"], start=1):
        if not _EARLIEST <= message["received"] <= datum["made_at"]:
            raise ProofError("PROOF_FIELD", f"messages {number} received")


def _is_node(participant: str) -> bool:
    try:
        return role_of(participant) is Role.NODE
    except IdentityError:
        return False
