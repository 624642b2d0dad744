"""The walk over bytes before values are built, held against reading and writing again."""

from __future__ import annotations

import json
import random
import tracemalloc
from io import BytesIO

import fastavro
import pytest
from avro_values import Values

from schemas.layout import Layout, NotOfSchemaError, TooManyItemsError
from schemas.loader import MAX_ITEMS, SchemaError, decode, encode, load, parse, shipped

ROUNDS = 400
LONGEST = b"\xff" * 9 + b"\x01"  # the long -2^63


def written_again(schema, values, data):
    """The rule the walk stands for: what is read, written again, gives the same bytes."""
    try:
        datum = fastavro.schemaless_reader(BytesIO(data), schema.parsed, None)
        return encode(schema, datum) == data and values.ints_fit(datum)
    except Exception:  # noqa: BLE001 - the reader raises whatever the bytes provoke
        return False


def taken(schema, data):
    try:
        decode(schema, data)
    except SchemaError:
        return False
    return True


def changed(choose, data):
    at, kind = choose.randrange(len(data) + 1), choose.randrange(6)
    one = bytes([choose.choice((0, 1, 2, 0x7F, 0x80, 0x81, 0xFF, choose.randrange(256)))])
    match kind:
        case 0:
            return data[:at] + one + data[at + 1 :]
        case 1:
            return data[:at] + one + data[at:]
        case 2:
            return data[:at] + data[at + choose.randint(1, 4) :]
        case 3:  # a longer varint of the same number, where one ends here
            byte = data[at : at + 1] or b"\0"
            return data[:at] + bytes([byte[0] | 0x80, 0]) + data[at + 1 :]
        case 4:
            return data[:at] + LONGEST + data[at + 1 :]
        case _:
            return data[:at]


EXACT = sorted((s for s in shipped().values() if s.layout.exact), key=lambda s: s.name)


def test_envelopes_and_messages_are_told_by_the_walk_alone():
    hot = [s for s in shipped().values() if s.name.startswith(("envelope/", "message/"))]
    assert len(hot) > 10
    assert all(schema.layout.exact for schema in hot)


@pytest.mark.parametrize("schema", EXACT, ids=lambda schema: schema.name)
def test_the_walk_takes_exactly_what_reading_and_writing_again_takes(schema):
    choose = random.Random(schema.name)  # noqa: S311 - a repeatable test
    values, refused = Values(schema.parsed, choose), 0
    for _ in range(ROUNDS):
        data = encode(schema, values.make())
        assert taken(schema, data)
        other = changed(choose, data)
        found = taken(schema, other)
        assert found == written_again(schema, values, other), other.hex()
        refused += not found
    assert refused > ROUNDS // 4


def schema_of(kind):
    field = {"name": "value", "type": kind}
    source = {"type": "record", "name": "Odd", "namespace": "test", "fields": [field]}
    return parse("test/odd.v1", json.dumps(source).encode())


def code(schema, data, *limit):
    with pytest.raises(SchemaError) as caught:
        decode(schema, data, *limit)
    return caught.value.code


DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (DECIMAL, b"\x02\x05", b"\x04\x00\x05"),
        ({"type": "map", "values": "int"}, b"\x02\x02a\x02\x00", b"\x02\x02a\x02\x02\x02a\x02\x00"),
        (["int", "long"], b"\x00\x02", b"\x02\x02"),
    ],
    ids=["decimal", "map", "ambiguous-union"],
)
def test_where_the_walk_alone_cannot_tell_it_is_written_again(kind, one, other):
    schema = schema_of(kind)
    assert not schema.layout.exact
    assert taken(schema, one)
    assert schema.layout.canonical(one, MAX_ITEMS)
    assert code(schema, other) == "ENCODING_NOT_CANONICAL"


@pytest.mark.parametrize("kind", ["float", "double", ["null", "double"], {"type": "float"}])
def test_floating_point_is_written_again(kind):
    schema = schema_of(kind)
    assert not schema.layout.exact
    assert taken(schema, encode(schema, {"value": 0.5}))


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("int", b"\xfe\xff\xff\xff\x0f", None),
        ("int", b"\xff\xff\xff\xff\x0f", None),
        ("int", b"\x80\x80\x80\x80\x10", "ENCODING_MALFORMED"),
        ("int", b"\x81\x80\x80\x80\x10", "ENCODING_MALFORMED"),
        ("long", b"\xfe" + b"\xff" * 8 + b"\x01", None),
        ("long", LONGEST, None),
        ("long", b"\xff" * 9 + b"\x02", "ENCODING_MALFORMED"),
        ("long", b"\x80" * 10 + b"\x00", "ENCODING_MALFORMED"),
        ("long", b"\x80" * 9 + b"\x00", "ENCODING_NOT_CANONICAL"),
        ("boolean", b"\x02", "ENCODING_NOT_CANONICAL"),
        ("bytes", b"\x01", "ENCODING_MALFORMED"),
        ("bytes", LONGEST, "ENCODING_MALFORMED"),
        ("string", b"\x02\xff", "ENCODING_MALFORMED"),
        (["null", "int"], b"\x01", "ENCODING_MALFORMED"),
        (["null", "int"], b"\x04", "ENCODING_MALFORMED"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, b"\x02", "ENCODING_MALFORMED"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, b"\x01", "ENCODING_MALFORMED"),
        ({"type": "fixed", "name": "F", "size": 2}, b"\x01", "ENCODING_MALFORMED"),
        ("null", b"", None),
        ("null", b"\x00", "ENCODING_NOT_CANONICAL"),
    ],
)
def test_numbers_at_their_ends(kind, data, expected):
    schema = schema_of(kind)
    if expected is None:
        assert encode(schema, decode(schema, data)) == data
    else:
        assert code(schema, data) == expected


@pytest.mark.parametrize("item", ["null", "boolean", "bytes", {"type": "array", "items": "null"}])
def test_items_are_counted_over_all_arrays_before_they_are_built(item):
    schema = schema_of({"type": "array", "items": item})
    size = 0 if item == "null" else 1
    assert len(decode(schema, b"\x06" + bytes(3 * size) + b"\0", 3)["value"]) == 3
    assert code(schema, b"\x08" + bytes(4 * size) + b"\0", 3) == "ENCODING_TOO_MANY_ITEMS"


def test_blocks_and_inner_arrays_do_not_get_round_the_count():
    schema = schema_of({"type": "array", "items": {"type": "array", "items": "boolean"}})
    inner = b"\x02\x06\0\0\0\0\0"  # one array of three: four items
    assert decode(schema, inner, 4) == {"value": [[False] * 3]}
    assert code(schema, inner, 3) == "ENCODING_TOO_MANY_ITEMS"
    blocks = schema_of({"type": "array", "items": "boolean"})
    assert code(blocks, b"\x02\0" * 4 + b"\0", 4) == "ENCODING_NOT_CANONICAL"
    assert code(blocks, b"\x02\0" * 5 + b"\0", 4) == "ENCODING_TOO_MANY_ITEMS"
    assert code(blocks, b"\x09\x0a" + bytes(5) + b"\0", 4) == "ENCODING_TOO_MANY_ITEMS"


def test_a_bomb_of_8_mib_costs_next_to_nothing():
    schema = load("message/answer.v1")
    head = bytes(32) + b"\0\0"
    count = 8 * 1024 * 1024 // 5
    groups = []
    zigzag = count * 2
    while zigzag > 0x7F:
        groups.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    bomb = head + bytes([*groups, zigzag]) + bytes(5 * count) + b"\0"
    tracemalloc.start()
    try:
        assert code(schema, bomb) == "ENCODING_TOO_MANY_ITEMS"
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_a_value_nested_without_end_is_malformed_not_a_crash():
    link = {
        "type": "record",
        "name": "Link",
        "fields": [{"name": "next", "type": ["null", "Link"]}],
    }
    schema = schema_of(link)
    assert decode(schema, b"\x02\x02\x00") == {"value": {"next": {"next": {"next": None}}}}
    assert code(schema, b"\x02" * 1_000_000) == "ENCODING_MALFORMED"
    assert code(schema, b"\x02" * 1_000_000 + b"\0") == "ENCODING_MALFORMED"


def test_the_walk_says_what_is_wrong_without_building_anything():
    layout = Layout(load("message/problem.v1").parsed)
    assert layout.canonical(b"\0\0\0\0", 0)
    assert not layout.canonical(b"\0\0\0\0\0", 0)
    with pytest.raises(NotOfSchemaError):
        layout.canonical(b"\0\0\0", 0)
    with pytest.raises(TooManyItemsError):
        Layout({"type": "array", "items": "null"}).canonical(b"\x02\0", 0)
