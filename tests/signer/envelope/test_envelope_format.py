"""Bytes of envelope, header and statement: round trips, one encoding, limits."""

from __future__ import annotations

import pytest
from envelope_quirks import string, varint
from envelope_routes import application, roster
from envelope_strategies import ENVELOPE, HEADER, STATEMENT
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.envelope.avro import FormatError
from signer.envelope.format import (
    MAGIC,
    MAX_ENVELOPE,
    MAX_HEADER,
    MAX_SEALS,
    MAX_STATEMENT,
    Envelope,
    Seal,
    Signature,
    envelope_bytes,
    header_bytes,
    read_envelope,
    read_header,
    read_statement,
    statement_bytes,
)

RELAXED = settings(deadline=None, max_examples=60)
EMPTY_SEAL = Seal(b"", Signature("", b"", None))
# A statement up to its readers: role, signer, prev, from, to, and three numbers of zero.
BARE = string(b"origin") + bytes(64) + string(b"hub") + string(b"hub") + b"\0\0\0"


@RELAXED
@given(ENVELOPE)
def test_an_envelope_comes_back(envelope):
    assert read_envelope(envelope_bytes(envelope)) == envelope


@RELAXED
@given(HEADER)
def test_a_header_comes_back(header):
    assert read_header(header_bytes(header)) == header


@RELAXED
@given(STATEMENT)
def test_a_statement_comes_back(statement):
    assert read_statement(statement_bytes(statement)) == statement


READERS = {
    "envelope": (read_envelope, envelope_bytes),
    "header": (read_header, header_bytes),
    "statement": (read_statement, statement_bytes),
}


@pytest.mark.parametrize("structure", READERS)
@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_changed_bytes_are_refused_or_are_the_one_encoding_of_another_value(forge, structure, data):
    made = roster(forge, "bytes")
    usual = {
        "envelope": made.data,
        "header": made.envelope.protected,
        "statement": made.envelope.seals[2].statement,
    }[structure]
    at = data.draw(st.integers(0, len(usual) - 1))
    put_in = data.draw(st.binary(max_size=3))
    cut_out = data.draw(st.integers(0, 3))
    changed = usual[:at] + put_in + usual[at + cut_out :]
    read, write = READERS[structure]
    try:
        value = read(changed)
    except FormatError as error:
        assert error.code in {"MAGIC", "MALFORMED", "NOT_CANONICAL", "LIMIT"}  # noqa: PT017 - either ending is right
    else:
        assert write(value) == changed


@pytest.mark.parametrize("structure", READERS)
def test_every_prefix_and_every_longer_form_is_refused(forge, structure):
    made = application(forge, "bytes")
    usual = {
        "envelope": made.data,
        "header": made.envelope.protected,
        "statement": made.envelope.seals[0].statement,
    }[structure]
    read, _ = READERS[structure]
    for other in (*(usual[:size] for size in range(len(usual))), usual + b"\0", usual + usual):
        with pytest.raises(FormatError):
            read(other)


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("NOT_CANONICAL", BARE + varint(0, 1) + b"\0"),
        ("NOT_CANONICAL", BARE + varint(0, 9) + b"\0"),
        ("NOT_CANONICAL", BARE + b"\0" + varint(0, 1)),
        ("NOT_CANONICAL", BARE + b"\0\0\0"),
        ("MALFORMED", BARE + varint(1)),
        ("LIMIT", BARE + varint(2**60)),
        ("MALFORMED", BARE + varint(-1)),
        ("MALFORMED", BARE + b"\0" + varint(2)),
    ],
    ids=[
        "long-zero",
        "longest-zero",
        "long-branch",
        "trailing",
        "cut",
        "bomb",
        "cut-sized-block",
        "no-branch",
    ],
)
def test_second_encodings_of_a_statement_have_their_code(code, data):
    assert read_statement(BARE + b"\0\0").recipients == ()
    with pytest.raises(FormatError, match=code):
        read_statement(data)


def test_limits_of_an_envelope():
    fits = Envelope(bytes(MAX_HEADER), b"", (Seal(bytes(MAX_STATEMENT), EMPTY_SEAL.signature),))
    assert read_envelope(envelope_bytes(fits)) == fits
    for over in (
        Envelope(bytes(MAX_HEADER + 1), b"", (EMPTY_SEAL,)),
        Envelope(b"", b"", (Seal(bytes(MAX_STATEMENT + 1), EMPTY_SEAL.signature),)),
        Envelope(b"", b"", (EMPTY_SEAL,) * (MAX_SEALS + 1)),
        Envelope(b"", b"", ()),
    ):
        with pytest.raises(FormatError, match="LIMIT"):
            read_envelope(envelope_bytes(over))


def test_the_largest_envelope_is_read_and_one_byte_more_is_not():
    overhead = len(envelope_bytes(Envelope(b"", bytes(800_000), (EMPTY_SEAL,)))) - 800_000
    largest = Envelope(b"", bytes(MAX_ENVELOPE - overhead), (EMPTY_SEAL,))
    data = envelope_bytes(largest)
    assert len(data) == MAX_ENVELOPE
    assert read_envelope(data) == largest
    with pytest.raises(FormatError, match="TOO_LARGE"):
        read_envelope(data + b"\0")


@pytest.mark.parametrize("magic", [b"", b"HDX", b"HDX2", b"hdx1"])
def test_another_magic(magic):
    with pytest.raises(FormatError, match=r"^MAGIC$"):
        read_envelope(magic + envelope_bytes(Envelope(b"", b"", (EMPTY_SEAL,)))[len(MAGIC) :])
