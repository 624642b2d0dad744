"""Signs the directory's records, and adopts a directory from records it has verified.

The hub, and only the hub (R003), writes one signed entry a participant and one signed head over all
of them into a compacted topic. A participant reads what the topic holds now and adopts it, or keeps
what it has. The checks, in this order, with the numbers again where each is made:

1. the head is there and well-formed
2. its signer is a signing key in the hub's own entry, certified to the root through the head's
   issuers, valid when the head was issued and now (past the head's expiry: until then), and not
   revoked by the directory in use
3. the head's signature verifies
4. its version is not lower than the one in use, the same version has the same content, and the
   version after the one in use names that one
5. it is not from the future, and not expired beyond the grace
6. the entries present are exactly those it counts; until they are, the reader waits
7. each entry is signed by a hub key that is not revoked, says who it is about, and is not older
   than the one in use
8. each certificate is valid in path, role and id; expired ones stay listed, for old messages
9. parents form a tree under the hub
10. no key has two owners
11. the schemas that travel along are schemas

Everything is pure: records and the instant come in, a value goes out. Instants are UTC, in whole
milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.loader import Schema, SchemaError, parse
from signer.certificates import PathValidator
from signer.directory.checks import (
    GRACE,
    HEAD_KEY,
    check_rollback,
    check_signer,
    check_succession,
    check_time,
    head_signer,
)
from signer.directory.entries import entry_content, entry_version, listed_keys, read_entry
from signer.directory.signed import (
    RecordKind,
    SignedRecord,
    entries_digest,
    malformed,
    parse_record,
    sign_record,
    verify_record,
)
from signer.directory.tree import check_keys, check_tree
from signer.directory.view import Directory, Key, KeyUse, Participant
from signer.errors import DirectoryError
from signer.identity import HUB
from signer.keyring import KeyRing

__all__ = ["GRACE", "HEAD_KEY", "Adopted", "adopt", "sign_entry", "sign_head"]


@dataclass(frozen=True, slots=True)
class Adopted:
    """A directory in use, and what adopting the next one needs.

    `head_digest` is the SHA-256 of the head's payload, which the next head names. `issuers` are DER
    certificates. `schemas` are those of resources that this product may not ship (R005).
    """

    directory: Directory
    head_digest: bytes
    issuers: tuple[bytes, ...]
    schemas: tuple[Schema, ...]

    def in_grace(self, now: datetime) -> bool:
        """Whether the head has expired, so that an alarm is due."""
        return now > self.directory.expires

    def lapsed(self, now: datetime) -> bool:
        """Whether even the grace has passed, so that nothing may be exchanged."""
        return now - GRACE > self.directory.expires


def sign_entry(ring: KeyRing, participant: Participant) -> bytes:
    """Return the signed record of one participant.

    Args:
        ring: The hub's keys.
        participant: The entry; of its keys the certificate, suite and revocation are written.

    Raises:
        SchemaError: `DATUM_INVALID` when a field is not of the schema.
    """
    return sign_record(
        ring,
        RecordKind.ENTRY,
        entry_content(participant),
        entry_version(participant),
    )


def sign_head(
    ring: KeyRing,
    *,
    version: int,
    prev: bytes | None,
    entries: Mapping[str, bytes],
    issued: datetime,
    expires: datetime,
    issuers: Sequence[bytes],
    schemas: Sequence[bytes] = (),
) -> bytes:
    """Return the signed head over a set of entries.

    Args:
        ring: The hub's keys.
        version: Directory version, from 1, one more than the last head's.
        prev: `Adopted.head_digest` of the last head, None for the first.
        entries: Participant id → signed entry record: all of them.
        issued: Instant of issue, UTC.
        expires: Instant after which the head is stale, UTC.
        issuers: DER of the issuing authorities.
        schemas: Bytes of `.avsc` files that travel along.

    Raises:
        DirectoryError: `DIRECTORY_MALFORMED` when an entry is no signed entry.
        SchemaError: `DATUM_INVALID` when a field is not of the schema.
    """
    digests = {name: parse_record(e, RecordKind.ENTRY, name).digest for name, e in entries.items()}
    return sign_record(
        ring,
        RecordKind.HEAD,
        {
            "version": version,
            "prev": prev,
            "entries": entries_digest(digests),
            "issued": issued,
            "expires": expires,
            "issuers": list(issuers),
            "schemas": list(schemas),
        },
    )


def adopt(
    records: Mapping[str, bytes],
    validator: PathValidator,
    current: Adopted | None,
    now: datetime,
) -> Adopted:
    """Verify what the directory topic holds and return the directory it states.

    Args:
        records: Kafka key → value, as the compacted topic holds them, without tombstones.
        validator: Validates to the configured root; keep it, it remembers what it validated.
        current: The directory in use, or None at the start.
        now: The present instant, UTC.

    Raises:
        DirectoryError: `DIRECTORY_INCOMPLETE` while records are still to come: read on and try
            again. Else the directory in use stays, and somebody looks: `DIRECTORY_MALFORMED`,
            `DIRECTORY_SIGNER`, `DIRECTORY_SIGNER_INVALID`, `DIRECTORY_SIGNATURE`,
            `DIRECTORY_ROLLBACK`, `DIRECTORY_EQUIVOCATION`, `DIRECTORY_PREV`,
            `DIRECTORY_NOT_YET_VALID`, `DIRECTORY_EXPIRED`, `DIRECTORY_CERTIFICATE`,
            `DIRECTORY_SUITE`, `DIRECTORY_PARENT`, `DIRECTORY_CYCLE`, `DIRECTORY_TOO_DEEP`,
            `DIRECTORY_KEY_SHARED`,
            `DIRECTORY_SCHEMA`.
    """
    # 1. The head.
    if HEAD_KEY not in records or HUB not in records:
        raise _incomplete("the head or the hub's entry has not arrived")
    head = parse_record(records[HEAD_KEY], RecordKind.HEAD, HEAD_KEY)
    issued, expires = head.content["issued"], head.content["expires"]
    if head.content["version"] < 1 or issued >= expires:
        raise malformed(HEAD_KEY)
    issuers = tuple(head.content["issuers"])
    entries = {
        name: parse_record(data, RecordKind.ENTRY, repr(name[:64]))
        for name, data in records.items()
        if name != HEAD_KEY
    }
    # 2. Its signer: the hub's entry is believed only as far as the root vouches for its key; that
    # the entry is the hub's latest word follows from 3 and 6.
    hub_keys = {
        key.id: _with_known_revocation(key, current)
        for key in listed_keys(entries[HUB], HUB, validator, issuers)
        if key.use is KeyUse.SIGNING
    }
    signer = head_signer(head, hub_keys, issued, min(now, expires))
    # 3. Its signature.
    verify_record(head, signer, HEAD_KEY)
    # 4. Its place after the one in use.
    if current is not None:
        check_succession(head, current.directory.version, current.head_digest)
    # 5. Its time.
    check_time(issued, expires, now)
    # 6. Exactly the entries it counts.
    if entries_digest({n: e.digest for n, e in entries.items()}) != head.content["entries"]:
        raise _incomplete("the entries present are not those the head counts")
    # 7 and 8. Each entry and its certificates.
    participants = {
        name: _participant(name, entry, hub_keys, validator, issuers, current, now)
        for name, entry in sorted(entries.items())
    }
    # 9 and 10. All of them together.
    check_tree(participants)
    check_keys(participants)
    # 11. Schemas.
    schemas = tuple(_schema(source) for source in head.content["schemas"])
    directory = Directory(head.content["version"], issued, expires, participants)
    return Adopted(directory, head.digest, issuers, schemas)


def _with_known_revocation(key: Key, current: Adopted | None) -> Key:
    """A hub key with the revocation that is already known.

    Whoever stole a hub key can write a hub entry that does not revoke it, so what the directory in
    use says about the hub's keys stands. The hub therefore lists a revoked key until it expires.
    """
    known = current.directory.key(key.id) if current else None
    if known is None or known[1].revoked is None:
        return key
    return replace(key, revoked=min(known[1].revoked, key.revoked or known[1].revoked))


def _participant(
    name: str,
    entry: SignedRecord,
    hub_keys: Mapping[bytes, Key],
    validator: PathValidator,
    issuers: Sequence[bytes],
    current: Adopted | None,
    now: datetime,
) -> Participant:
    check_signer(entry, hub_keys, name, now)
    participant = read_entry(entry, name, validator, issuers)
    known = current.directory.get(name) if current else None
    if known is not None:
        check_rollback(name, participant.version, known.version)
    return participant


def _schema(source: bytes) -> Schema:
    try:
        return parse("directory", source)
    except SchemaError as error:
        raise DirectoryError(
            "DIRECTORY_SCHEMA",
            "目录所带模式无效",
            "a schema in the head is not a schema",
            where=HEAD_KEY,
        ) from error


def _incomplete(en: str) -> DirectoryError:
    return DirectoryError("DIRECTORY_INCOMPLETE", "目录尚未收全", en, where=HEAD_KEY)
