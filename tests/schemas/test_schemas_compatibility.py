"""Which changes a new version of a schema may make."""

import json
from decimal import Decimal
from io import BytesIO

import fastavro
import pytest

from schemas.compatibility import Difference, differences, require_compatible
from schemas.loader import SchemaError, decode, encode, load, parse

MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}
COLOUR = {"type": "enum", "name": "Colour", "symbols": ["RED", "BLUE"]}
DIGEST = {"type": "fixed", "name": "Digest", "size": 32}


def version(*fields, namespace="n.v1", name="A"):
    source = {"type": "record", "name": name, "namespace": namespace, "fields": list(fields)}
    return parse("test", json.dumps(source).encode())


def field(kind, name="a", **more):
    return {"name": name, "type": kind, **more}


def record(*fields):
    return {"type": "record", "name": "Inner", "fields": list(fields)}


def found(old, new):
    return [(d.code, d.where) for d in differences(version(field(old)), version(field(new)))]


def test_a_shipped_schema_is_compatible_with_itself(shipped_schema):
    assert differences(shipped_schema, shipped_schema) == ()


def test_the_namespace_carries_the_version_and_may_change():
    assert differences(version(field("int")), version(field("int"), namespace="n.v2")) == ()


@pytest.mark.parametrize(
    "new",
    [
        version(field("int"), field("string", "b", default="")),
        version(field(["null", "int"])),
        version(field(["int", "null"])),
        version(field({"type": "int"})),
        version(field("int", doc="别的说明 / Another doc.")),
    ],
)
def test_what_an_old_datum_still_fits_is_allowed(new):
    assert differences(version(field("int")), new) == ()


def test_a_field_may_go_and_fields_may_change_places():
    old = version(field("int"), field("string", "b"), field("bytes", "c"))
    assert differences(old, version(field("bytes", "c"), field("int"))) == ()


def test_a_new_field_needs_a_default():
    new = version(field("int"), field(["null", "int"], "b"))
    assert differences(version(field("int")), new) == (Difference("FIELD_WITHOUT_DEFAULT", "A.b"),)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("int", "string", "TYPE_CHANGED"),
        ("int", "long", "TYPE_CHANGED"),
        ("string", "bytes", "TYPE_CHANGED"),
        ("int", {"type": "int", "logicalType": "date"}, "LOGICAL_TYPE_CHANGED"),
        ({"type": "int", "logicalType": "date"}, "int", "LOGICAL_TYPE_CHANGED"),
        (MONEY, {**MONEY, "scale": 4}, "SCALE_CHANGED"),
        (MONEY, {**MONEY, "precision": 20}, "PRECISION_CHANGED"),
        (["null", MONEY], ["null", {**MONEY, "scale": 4}], "SCALE_CHANGED"),
        (MONEY, ["null", {**MONEY, "scale": 4}], "SCALE_CHANGED"),
        (COLOUR, {**COLOUR, "symbols": ["RED", "BLUE", "GREEN"]}, "SYMBOLS_CHANGED"),
        (COLOUR, {**COLOUR, "symbols": ["RED"]}, "SYMBOLS_CHANGED"),
        (COLOUR, {**COLOUR, "symbols": ["BLUE", "RED"]}, "SYMBOLS_CHANGED"),
        (COLOUR, {**COLOUR, "name": "Color"}, "NAME_CHANGED"),
        (DIGEST, {**DIGEST, "size": 20}, "SIZE_CHANGED"),
        (["null", "int"], "int", "NULL_REMOVED"),
        (["null", "int"], ["null", "int", "string"], "UNION_CHANGED"),
        (["null", "int"], ["null", "string"], "TYPE_CHANGED"),
        (DIGEST, "bytes", "TYPE_CHANGED"),
    ],
)
def test_a_change_of_meaning_is_found(old, new, code):
    assert found(old, new) == [(code, "A.a")]


def test_a_scale_that_is_left_out_is_zero():
    plain = {"type": "bytes", "logicalType": "decimal", "precision": 18}
    assert found(plain, {**plain, "scale": 0}) == []
    assert found(plain, MONEY) == [("SCALE_CHANGED", "A.a")]


def test_changes_inside_arrays_maps_and_records_are_found():
    for wrap, place in (
        (lambda t: {"type": "array", "items": t}, "A.a[].x"),
        (lambda t: {"type": "map", "values": t}, "A.a{}.x"),
        (lambda t: ["null", t], "A.a.x"),
    ):
        old, new = wrap(record(field(MONEY, "x"))), wrap(record(field("bytes", "x")))
        codes = found(old, new)
        assert ("LOGICAL_TYPE_CHANGED", place) in codes
        assert {where for _, where in codes} == {place}


def test_a_type_referred_to_by_name_is_compared():
    old = version(field(DIGEST), field("n.v1.Digest", "b"))
    new = version(field("int"), field(DIGEST, "b"))
    assert differences(old, new) == (Difference("TYPE_CHANGED", "A.a"),)
    smaller = version(field("bytes", "c", default=""), field({**DIGEST, "size": 20}, "b"))
    assert differences(old, smaller) == (Difference("SIZE_CHANGED", "A.b"),)


def test_a_type_that_holds_itself_ends():
    tree = version(field({"type": "array", "items": "A"}), field("int", "b"))
    other = version(field({"type": "array", "items": "A"}), field("string", "b"))
    assert differences(tree, other) == (Difference("TYPE_CHANGED", "A.b"),)


@pytest.mark.parametrize(("key", "value"), [("unit", "CNY10000"), ("codes", "regions")])
def test_a_change_of_unit_or_code_table_is_found(key, value):
    old, new = (
        version(field(MONEY, unit="CNY")),
        version(field(MONEY, **{"unit": "CNY", key: value})),
    )
    assert differences(old, new) == (Difference(f"{key.upper()}_CHANGED", "A.a"),)


def test_avro_takes_another_scale_for_the_same_type_and_we_do_not():
    old, new = version(field(MONEY)), version(field({**MONEY, "scale": 4}))
    written = encode(old, {"a": Decimal("50000.00")})
    fastavro.schemaless_reader(BytesIO(written), old.parsed, new.parsed)
    assert decode(new, written) == {"a": Decimal("500.0000")}
    with pytest.raises(SchemaError) as caught:
        require_compatible(old, new)
    assert caught.value.code == "SCHEMA_INCOMPATIBLE"
    assert "SCALE_CHANGED A.a" in str(caught.value)


def test_a_compatible_version_passes():
    require_compatible(load("message/problem.v1"), load("message/problem.v1"))
