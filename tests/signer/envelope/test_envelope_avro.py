"""Our reader of the one encoding, held against the Avro library on the released schemas."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from envelope_quirks import varint
from envelope_routes import COUNTY, answer, application, roster
from envelope_strategies import ENVELOPE, HEADER, INT, LONG, STATEMENT
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import loader
from schemas.errors import DefectError
from signer.envelope import avro
from signer.envelope.avro import FormatError, Reader
from signer.envelope.format import (
    MAGIC,
    MAX_ITEMS,
    envelope_bytes,
    header_bytes,
    read_envelope,
    read_header,
    read_statement,
    statement_bytes,
)

STRUCTURES = {
    "envelope": (ENVELOPE, read_envelope, envelope_bytes),
    "header": (HEADER, read_header, header_bytes),
    "statement": (STATEMENT, read_statement, statement_bytes),
}
CODES = {"ENCODING_NOT_CANONICAL": "NOT_CANONICAL", "ENCODING_TOO_MANY_ITEMS": "LIMIT"}
RENAMED = {"sender": "from"}


def plain(value):
    """A value of ours as the library gives it: records as dictionaries, arrays as lists."""
    if hasattr(value, "__dataclass_fields__"):
        return {RENAMED.get(x, x): plain(getattr(value, x)) for x in value.__dataclass_fields__}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value.bytes if hasattr(value, "bytes") and hasattr(value, "int") else value


def by_the_library(name, data):
    """What walk and library make of bytes: a datum, or the code of a refusal."""
    try:
        most = MAX_ITEMS if name == "envelope" else loader.MAX_ITEMS
        return loader.decode(loader.load(f"envelope/{name}.v1"), data, most)
    except loader.SchemaError as error:
        return CODES.get(error.code, "MALFORMED")


def by_us(name, data):
    _, read, _ = STRUCTURES[name]
    try:
        value = plain(read(data))
    except FormatError as error:
        return error.code
    return {"magic": MAGIC, **value} if name == "envelope" else value


@pytest.mark.parametrize("name", STRUCTURES)
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_what_we_write_is_what_the_library_writes(name, data):
    values, _, write = STRUCTURES[name]
    value = data.draw(values)
    datum = plain(value)
    if name == "envelope":
        datum["magic"] = MAGIC
    written = write(value)
    assert written == loader.encode(loader.load(f"envelope/{name}.v1"), datum)
    assert by_the_library(name, written) == datum


@pytest.fixture(scope="module")
def usual(forge):
    """Bytes of each structure as they occur."""
    made = [roster(forge, "avro"), answer(forge, "avro"), application(forge, "avro", *COUNTY[:1])]
    return {
        "envelope": [one.data for one in made],
        "header": [one.envelope.protected for one in made],
        "statement": [seal.statement for one in made for seal in one.envelope.seals],
    }


@pytest.mark.parametrize("name", STRUCTURES)
@settings(deadline=None, max_examples=600)
@given(data=st.data())
def test_changed_bytes_end_as_with_the_library(usual, name, data):
    before = data.draw(st.sampled_from(usual[name]))
    at = data.draw(st.integers(0, len(before) - 1))
    put_in = data.draw(
        st.binary(max_size=3) | st.builds(varint, st.integers(-300, 300), st.integers(0, 9))
    )
    changed = before[:at] + put_in + before[at + data.draw(st.integers(0, 3)) :]
    if name == "envelope":
        changed = MAGIC + changed[len(MAGIC) :]
    ours, theirs = by_us(name, changed), by_the_library(name, changed)
    if not isinstance(theirs, dict):
        # The walk counts items before the library looks at text and instants; we look as we go.
        assert ours == theirs or (ours, theirs) == ("MALFORMED", "LIMIT"), ours
    elif ours in ("LIMIT", "MALFORMED"):
        # Limits of ours that the schema does not know: sizes, counts, line numbers.
        assert name == "envelope" or theirs.get("order") or theirs.get("recipients")
    else:
        assert ours == theirs


@given(INT | LONG)
def test_numbers_have_one_encoding(value):
    written = avro.long(value)
    read = Reader(written)
    assert read.long() == value
    read.end()
    if len(written) < 10:
        longer = Reader(written[:-1] + bytes([written[-1] | 0x80, 0]))
        assert longer.long() == value
        with pytest.raises(FormatError, match="NOT_CANONICAL"):
            longer.end()


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\xff" * 9, b"\xff" * 9 + b"\x02", b"\x80" * 10 + b"\0"]
)
def test_numbers_beyond_64_bits_or_cut_are_malformed(data):
    with pytest.raises(FormatError, match="MALFORMED"):
        Reader(data).long()


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**40])
def test_an_int_has_32_bits(value):
    with pytest.raises(FormatError, match="MALFORMED"):
        Reader(avro.long(value)).int32()
    inside = value - 1 if value == 2**31 else -(2**31)
    assert Reader(avro.long(inside)).int32() == inside


def test_items_are_counted_before_they_are_read():
    two_blocks = varint(2) + b"\2\4" + varint(1) + b"\6" + b"\0"
    read = Reader(two_blocks, max_items=3)
    assert read.array(read.long) == (1, 2, 3)
    for most, data in ((2, two_blocks), (9, varint(10)), (9, varint(-(2**60)) + varint(1))):
        read = Reader(data, max_items=most)
        with pytest.raises(FormatError, match="LIMIT"):
            read.array(read.long)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**70])
def test_a_number_beyond_64_bits_is_not_written(value):
    with pytest.raises(DefectError, match="DATUM_INVALID"):
        avro.long(value)


def test_a_digest_of_another_size_is_not_written():
    with pytest.raises(DefectError, match="DATUM_INVALID"):
        avro.fixed(bytes(31), 32)
    with pytest.raises(DefectError, match="DATUM_INVALID"):
        avro.fixed_array([bytes(32), bytes(31), bytes(33)], 32)
    assert avro.fixed_array([bytes(32)] * 2, 32) == b"\4" + bytes(64) + b"\0"


@pytest.mark.parametrize(
    "moment",
    [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)],
)
def test_the_calendars_ends_are_read_and_nothing_beyond(moment):
    written = avro.instant(moment)
    assert Reader(written).instant() == moment
    number = Reader(written).long()
    beyond = number - 1 if number < 0 else number + 1
    with pytest.raises(FormatError, match="MALFORMED"):
        Reader(avro.long(beyond)).instant()
