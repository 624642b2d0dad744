"""A signed record of the directory topic: its bytes and its signature.

What is signed (docs/spec/directory.md):

    "hedui/directory/1" ‖ u16 n ‖ suite (n bytes) ‖ signer key id (32) ‖ u16 m ‖ kind (m bytes)
    ‖ SHA-256(payload)

The payload is verified as received and never encoded again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from schemas.loader import SchemaError, decode, encode, load
from signer.directory.view import Key
from signer.errors import DirectoryError
from signer.keyring import KeyRing
from signer.suites import SuiteError, suite

_MAGIC = b"HDD1"
_LABEL = b"hedui/directory/1"
_ENTRIES_LABEL = b"hedui/directory-entries/1"
_MAX_PREFIXED = 0xFFFF


class RecordKind(StrEnum):
    """What a record's payload is."""

    ENTRY = "entry"
    HEAD = "head"


_SCHEMAS: Mapping[RecordKind, Mapping[str, str]] = MappingProxyType(
    {
        RecordKind.ENTRY: MappingProxyType(
            {"entry": "directory/entry.v1", "entry/2": "directory/entry.v2"}
        ),
        RecordKind.HEAD: MappingProxyType({"head": "directory/head.v1"}),
    }
)
"""Kind of record → what it is called on the wire, which says the version → schema."""


@dataclass(frozen=True, slots=True)
class SignedRecord:
    """A record that parsed; its signature is not verified yet.

    `kind` is as the wire has it, e.g. `entry/2`; `content` is the decoded payload.
    """

    kind: str
    payload: bytes
    content: Mapping[str, Any]
    signer: bytes
    suite: str
    signature: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the payload."""
        return hashlib.sha256(self.payload).digest()


def sign_record(
    ring: KeyRing, kind: RecordKind, content: Mapping[str, Any], version: int = 1
) -> bytes:
    """Encode and sign a record.

    Args:
        ring: The hub's keys.
        kind: Entry or head.
        content: The payload as data of `directory/<kind>.v<version>`.
        version: The version of the payload's schema.

    Raises:
        SchemaError: `DATUM_INVALID` when the content is not of the schema.
        KeyRingError: `KEY_UNUSABLE` when the ring cannot sign.
    """
    stated = str(kind) if version == 1 else f"{kind}/{version}"
    payload = encode(load(_SCHEMAS[kind][stated]), content)
    signer, name = ring.signing_key, ring.signing_suite
    signed = _signed_bytes(name, signer, stated, payload)
    return encode(
        load("directory/signed.v1"),
        {
            "magic": _MAGIC,
            "kind": stated,
            "payload": payload,
            "signer": signer,
            "signature": {"suite": name, "value": ring.sign(signed)},
        },
    )


def parse_record(data: bytes, kind: RecordKind, where: str) -> SignedRecord:
    """Parse a record of a kind, without verifying it.

    Args:
        data: The bytes of the topic's record.
        kind: What it must be.
        where: The record's key, for the error.

    Raises:
        DirectoryError: `DIRECTORY_MALFORMED`.
    """
    try:
        outer = decode(load("directory/signed.v1"), data)
        schema = _SCHEMAS[kind].get(outer["kind"])
        if outer["magic"] != _MAGIC or schema is None:
            raise malformed(where)
        content = decode(load(schema), outer["payload"])
    except SchemaError as error:
        raise malformed(where) from error
    return SignedRecord(
        outer["kind"],
        outer["payload"],
        content,
        outer["signer"],
        outer["signature"]["suite"],
        outer["signature"]["value"],
    )


def verify_record(record: SignedRecord, key: Key, where: str) -> None:
    """Verify a record's signature with a key that was found acceptable.

    Raises:
        DirectoryError: `DIRECTORY_SIGNATURE`, `DIRECTORY_MALFORMED`.
    """
    known = suite(record.suite)
    signed = _signed_bytes(record.suite, record.signer, record.kind, record.payload)
    try:
        if known is not None and record.suite == key.suite and record.signer == key.id:
            known.verify(key.public_key, record.signature, signed)
            return
    except SuiteError:
        pass
    raise DirectoryError(
        "DIRECTORY_SIGNATURE",
        "目录记录签名无效",
        "a directory record's signature is invalid",
        where=where,
    )


def entries_digest(payload_digests: Mapping[str, bytes]) -> bytes:
    """Return the digest that a head states over all entries.

    SHA-256("hedui/directory-entries/1" ‖ for each id in ascending order: u16 n ‖ id (n bytes) ‖
    SHA-256(entry payload)).

    Args:
        payload_digests: Participant id → SHA-256 of its entry's payload.

    Raises:
        DirectoryError: `DIRECTORY_MALFORMED` for an id that is no id at all.
    """
    digest = hashlib.sha256(_ENTRIES_LABEL)
    for participant, payload_digest in sorted(payload_digests.items()):
        digest.update(_prefixed(participant) + payload_digest)
    return digest.digest()


def malformed(where: str) -> DirectoryError:
    """Return the error for a record that says something impossible."""
    return DirectoryError(
        "DIRECTORY_MALFORMED", "目录记录格式有误", "a directory record is malformed", where=where
    )


def _signed_bytes(suite_name: str, signer: bytes, kind: str, payload: bytes) -> bytes:
    digest = hashlib.sha256(payload).digest()
    return _LABEL + _prefixed(suite_name) + signer + _prefixed(kind) + digest


def _prefixed(text: str) -> bytes:
    data = text.encode()
    if len(data) > _MAX_PREFIXED:  # a key of the topic, or a suite's name, that nobody checked yet
        raise malformed(repr(text[:64]))
    return len(data).to_bytes(2) + data
