"""Checks 1 to 3: whether the bytes are a well-formed message we know how to judge (spec §10)."""

from __future__ import annotations

from collections.abc import Sequence

from signer.envelope import labels
from signer.envelope.avro import FormatError
from signer.envelope.format import (
    MAX_RECIPIENTS,
    Envelope,
    Header,
    Statement,
    read_envelope,
    read_header,
    read_statement,
)
from signer.envelope.verdict import Opened, RefusedEnvelope
from signer.identity import IdentityError, role_of
from signer.suites import Suite, suite
from signer.uuid7 import is_uuid7

_COMPRESSIONS = ("none", "deflate")
_MAX_RESOURCE = 64
_MAX_EXTENSION = 64


def parse(data: bytes) -> tuple[Envelope, Header, tuple[Statement, ...]]:
    """Run checks 1 and 2: size; magic, one encoding, limits, header fields.

    Raises:
        RefusedEnvelope: A check failed.
    """
    try:
        envelope = read_envelope(data)
        header = read_header(envelope.protected)
        statements = tuple([read_statement(seal.statement) for seal in envelope.seals])
    except FormatError as error:
        raise RefusedEnvelope(error.code) from None
    if sum(len(s.recipients) for s in statements) > MAX_RECIPIENTS:
        raise RefusedEnvelope("LIMIT")
    try:
        role_of(header.source)
        role_of(header.destination)
    except IdentityError:
        raise RefusedEnvelope("HEADER_FIELD") from None
    fields_ok = (
        is_uuid7(header.message_id)
        and is_uuid7(header.conversation)
        and header.subject_count >= 0
        and header.fragment >= 0
        and (header.roster_part is None or header.roster_part >= 1)
        and (header.resource is None or 0 < len(header.resource) <= _MAX_RESOURCE)
        and header.compression in _COMPRESSIONS
        and (not header.extensions or _extensions_ok(header))
    )
    if not fields_ok:
        raise RefusedEnvelope("HEADER_FIELD")
    return envelope, header, statements


def _extensions_ok(header: Header) -> bool:
    # One that stood twice would mean what each reader makes of it.
    names = [extension.id for extension in header.extensions]
    return len(set(names)) == len(names) and all(0 < len(n) <= _MAX_EXTENSION for n in names)


def known_suite(header: Header, envelope: Envelope, statements: Sequence[Statement]) -> Suite:
    """Run check 3: no suite and no critical extension that we do not know.

    Returns:
        The suite of the body and of all digests.

    Raises:
        RefusedEnvelope: `SUITE_UNKNOWN`, `EXTENSION_CRITICAL`.
    """
    named = [seal.signature.suite for seal in envelope.seals]
    named += [r.suite for s in statements for r in s.recipients]
    h = suite(header.suite)
    if h is None or any(suite(name) is None for name in named):
        raise RefusedEnvelope("SUITE_UNKNOWN")
    if any(extension.critical for extension in header.extensions):
        raise RefusedEnvelope("EXTENSION_CRITICAL")
    return h


def reread(data: bytes) -> Opened:
    """Parse an envelope that was verified when it was stored, without verifying it again.

    A key revoked since must not make a participant's own archive unreadable.

    Raises:
        RefusedEnvelope: The bytes are not an envelope: the archive is damaged.
    """
    envelope, header, statements = parse(data)
    h = suite(header.suite)
    if h is None:
        raise RefusedEnvelope("SUITE_UNKNOWN")
    chain = labels.body_digest(h, envelope.protected, envelope.ciphertext)
    for seal in envelope.seals:
        chain = labels.chain_digest(h, chain, seal.statement)
    return Opened(envelope, header, statements, h.hash(envelope.seals[0].statement), chain)
