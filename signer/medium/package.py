"""A package's bytes: sealed for one reader, signed by one maker (docs/spec/medium.md).

Signed outside, over what is encrypted; the header, which names both keys, is bound into the
encryption, so that nobody can put another signature on somebody's contents. The checks on opening,
cheapest first; the numbers stand again where each is made:

1. size, magic, the one encoding, fields that make sense
2. the suite is known; the kind is the one wanted
3. it is sealed to a key held here
4. it was made by whom it should be, and not in the future
5. the signature
6. the secret opens, then the contents, and their padding is exact
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from schemas.loader import SchemaError, decode, encode, load
from signer.envelope import padding
from signer.errors import KeyRingError
from signer.keyring import KeyRing
from signer.medium.failures import MediumError
from signer.suites import Suite, SuiteError, suite
from signer.suites.keys import P256, PublicKey
from signer.uuid7 import is_uuid7

MAGIC = b"HDM1"
MAX_PACKAGE = 16 * 1024 * 1024
"""Bytes: a country's directory is some 3 MiB, a list of 1,000 persons a tenth of one."""

SUITE = P256
"""The suite packages are made in."""

_PACKAGE = load("medium/package.v1")
_HEADER = load("medium/header.v1")
_MINIMUM = 4096
_EPOCH_LABEL = b"hedui/medium-epoch/1"
_KEY_LABEL = b"hedui/medium-key/1"
_SIGNED_LABEL = b"hedui/medium/1"
_FUTURE = timedelta(days=1)
_MAX_CERTIFICATES = 8


class PackageKind(StrEnum):
    """What a package is: a list that asks, or the filled one."""

    QUERY = "QUERY"
    RETURN = "RETURN"


@dataclass(frozen=True, slots=True)
class PackageHeader:
    """A package's header, which stands in clear and holds no personal data.

    `answers` is the package that a RETURN answers; `adapter` the participant at the centre;
    `certificates` the signer's and those above it (DER), none in a RETURN.
    """

    kind: PackageKind
    id: UUID
    answers: UUID | None
    made: datetime
    adapter: str
    suite: str
    signer: bytes
    recipient: bytes
    certificates: tuple[bytes, ...]


Verifier = Callable[[PackageHeader], object]
"""Returns the public key that a package's signer must have.

Raises:
    MediumError: `MEDIUM_SIGNER`: it is somebody else.
    CertificateError: Its certificate is not acceptable.
"""


def seal(
    header: PackageHeader,
    contents: bytes,
    recipient: PublicKey,
    ring: KeyRing,
    secret: bytes,
) -> bytes:
    """Return a package.

    Args:
        header: Its header; names `recipient`'s id and the ring's signing key of its suite.
        contents: What it holds.
        recipient: Key of whom it is for.
        ring: Keys of who makes it.
        secret: 32 random bytes, used once.

    Raises:
        MediumError: `MEDIUM_SUITE`, `MEDIUM_SIZE`: it would be too large.
        KeyRingError: `KEY_NOT_HELD`, `KEY_UNUSABLE`.
    """
    h = _suite(header.suite)
    protected = encode(_HEADER, _datum(header))
    epoch = h.seal_epoch(recipient, secret, _info(h, protected))
    plaintext = padding.pad(contents, _MINIMUM)
    ciphertext = h.aead_seal(h.kdf(secret, _KEY_LABEL), plaintext, h.hash(protected))
    signature = ring.sign(_signed(h, protected, epoch, ciphertext), header.suite)
    data = encode(
        _PACKAGE,
        {
            "magic": MAGIC,
            "protected": protected,
            "epoch": epoch,
            "ciphertext": ciphertext,
            "signature": signature,
        },
    )
    if len(data) > MAX_PACKAGE:
        raise MediumError("MEDIUM_SIZE")
    return data


def open_package(
    data: bytes, kind: PackageKind, ring: KeyRing, verifier: Verifier, now: datetime
) -> tuple[PackageHeader, bytes]:
    """Open a package with every check; returns its header and contents.

    Args:
        data: The file's bytes.
        kind: The kind wanted.
        ring: Keys of who reads it.
        verifier: Says which key must have signed it.
        now: The present instant, UTC.

    Raises:
        MediumError: The first check that failed.
        CertificateError: As `verifier` says.
    """
    datum = _read(data)  # 1
    header = _header(datum["protected"])
    h = _suite(header.suite)  # 2
    if header.kind is not kind:
        raise MediumError("MEDIUM_KIND")
    if header.recipient not in ring.encryption_keys:  # 3
        raise MediumError("MEDIUM_RECIPIENT")
    key = verifier(header)  # 4
    if header.made > now + _FUTURE:
        raise MediumError("MEDIUM_TIME")
    protected, epoch, ciphertext = datum["protected"], datum["epoch"], datum["ciphertext"]
    try:
        h.verify(key, datum["signature"], _signed(h, protected, epoch, ciphertext))  # 5
    except SuiteError:
        raise MediumError("MEDIUM_SIGNATURE") from None
    try:
        secret = ring.open_epoch(header.recipient, epoch, _info(h, protected))  # 6
        plaintext = h.aead_open(h.kdf(secret, _KEY_LABEL), ciphertext, h.hash(protected))
    except (KeyRingError, SuiteError):
        raise MediumError("MEDIUM_SEALED") from None
    contents = padding.unpad(plaintext, _MINIMUM)
    if contents is None:
        raise MediumError("MEDIUM_SEALED")
    return header, contents


def _read(data: bytes) -> Any:
    if not len(MAGIC) < len(data) <= MAX_PACKAGE:
        raise MediumError("MEDIUM_SIZE")
    if not data.startswith(MAGIC):
        raise MediumError("MEDIUM_MALFORMED")
    return _decoded(_PACKAGE, data)


def _header(protected: bytes) -> PackageHeader:
    datum = _decoded(_HEADER, protected)
    answers = None if datum["answers"] is None else UUID(bytes=datum["answers"])
    kind, found = PackageKind(datum["kind"]), UUID(bytes=datum["id"])
    named = [one for one in (found, answers) if one is not None]
    fits = (answers is None) is (kind is PackageKind.QUERY) and all(map(is_uuid7, named))
    if not fits or len(datum["certificates"]) > _MAX_CERTIFICATES:
        raise MediumError("MEDIUM_MALFORMED")
    return PackageHeader(
        kind=kind,
        id=found,
        answers=answers,
        made=datum["made"],
        adapter=datum["adapter"],
        suite=datum["suite"],
        signer=datum["signer"],
        recipient=datum["recipient"],
        certificates=tuple(datum["certificates"]),
    )


def _decoded(schema: Any, data: bytes) -> Any:
    try:
        return decode(schema, data)
    except SchemaError:
        raise MediumError("MEDIUM_MALFORMED") from None


def _datum(header: PackageHeader) -> dict[str, Any]:
    certificates: Sequence[bytes] = header.certificates
    return {
        "kind": str(header.kind),
        "id": header.id.bytes,
        "answers": None if header.answers is None else header.answers.bytes,
        "made": header.made,
        "adapter": header.adapter,
        "suite": header.suite,
        "signer": header.signer,
        "recipient": header.recipient,
        "certificates": list(certificates),
    }


def _suite(name: str) -> Suite:
    found = suite(name)
    if found is None or name != SUITE:
        raise MediumError("MEDIUM_SUITE")
    return found


def _info(h: Suite, protected: bytes) -> bytes:
    return _EPOCH_LABEL + h.name.encode() + h.hash(protected)


def _signed(h: Suite, protected: bytes, epoch: bytes, ciphertext: bytes) -> bytes:
    return _SIGNED_LABEL + h.hash(protected) + h.hash(epoch) + h.hash(ciphertext)
