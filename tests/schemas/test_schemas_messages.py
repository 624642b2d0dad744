"""The message schemas are the model's dataclasses, field by field, and carry them."""

from dataclasses import asdict, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from types import NoneType
from typing import get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus.model import cancellation, catalogue_report, evidence, messages, probe, request
from bus.wire import bodies
from schemas import loader

MESSAGES = (
    request.Application,
    request.Roster,
    request.Consent,
    messages.Assent,
    messages.Decision,
    messages.Dispatch,
    messages.Answer,
    messages.Receipt,
    messages.Delay,
    messages.Problem,
    messages.Renewal,
    probe.Probe,
    cancellation.Cancellation,
    cancellation.CancellationReply,
    evidence.EvidenceRequest,
    evidence.Evidence,
    evidence.EvidenceReview,
    catalogue_report.CatalogReport,
)
SIZES = {"nonce": 16, "query": 16, "call": 16}
ANY_SIZE = frozenset({"records[]", "request", "data", "envelope", "key", "value"})
"""Fields of bytes that are no digest."""
PLAIN = {
    str: "string",
    bool: "boolean",
    date: {"type": "int", "logicalType": "date"},
    datetime: {"type": "long", "logicalType": "timestamp-millis"},
}
each_message = pytest.mark.parametrize("kind", MESSAGES, ids=lambda k: k.__name__)


EARLIER = {f"message/{name}.v1" for name in ("application", "consent", "decision", "dispatch")}
"""Schemas that are read and no longer written."""


def schema_of(kind):
    return bodies.schema_of(kind.__name__)


def named_types(node, found):
    """Collect the records, enums and fixed types of a schema by name."""
    if isinstance(node, list):
        for branch in node:
            named_types(branch, found)
    elif isinstance(node, dict):
        if node.get("type") in ("record", "enum", "fixed"):
            found[node["name"]] = node
        for key in ("type", "items", "fields"):
            named_types(node.get(key), found)
    return found


def optional(hint):
    """The type beside None in `X | None`, or None where the hint is not optional."""
    inner = [a for a in get_args(hint) if a is not NoneType]
    return inner[0] if NoneType in get_args(hint) else None


def disagreements(hint, node, names, place):
    """Every place where the Avro type is not the type hint."""
    node = names.get(node, node) if isinstance(node, str) else node
    if isinstance(node, list):
        nullable = len(node) == 2 and node[0] == "null" and optional(hint)
        return disagreements(optional(hint), node[1], names, place) if nullable else [place]
    if get_origin(hint) is tuple and isinstance(node, dict) and node["type"] == "array":
        return disagreements(get_args(hint)[0], node["items"], names, f"{place}[]")
    if is_dataclass(hint):
        return record_disagreements(hint, node, names, place)
    return [] if plain_agrees(hint, node, place) else [place]


def plain_agrees(hint, node, place):
    if not isinstance(hint, type) or get_origin(hint):
        return False
    if hint is int:
        return node in ("int", "long")
    if hint is bytes:
        if place.rpartition(".")[2] in ANY_SIZE:
            return node == "bytes"
        size = SIZES.get(place.rpartition(".")[2], 32)
        return node["type"] == "fixed" and node["size"] == size
    if issubclass(hint, StrEnum):
        return node["type"] == "enum" and node["symbols"] == [m.value for m in hint]
    return node == PLAIN[hint]


def record_disagreements(kind, node, names, place):
    if node["name"] != kind.__name__:
        return [f"{place}: {node['name']}"]
    if [f["name"] for f in node["fields"]] != [f.name for f in fields(kind)]:
        return [f"{place}: fields"]
    hints = get_type_hints(kind)
    return [
        found
        for f in node["fields"]
        for found in disagreements(hints[f["name"]], f["type"], names, f"{place}.{f['name']}")
    ]


@each_message
def test_the_schema_has_the_fields_of_the_dataclass(kind):
    source = schema_of(kind).source
    assert record_disagreements(kind, source, named_types(source, {}), kind.__name__) == []


def test_every_message_schema_has_its_dataclass():
    shipped = {s.name for s in loader.shipped().values() if s.name.startswith("message/")}
    assert shipped == EARLIER | {schema_of(kind).name for kind in MESSAGES}


def test_the_comparison_finds_another_type_another_name_and_a_missing_null():
    source = schema_of(request.Application).source
    names = named_types(source, {})
    contact = {**names["Contact"], "name": "Other"}
    assert record_disagreements(request.Contact, contact, names, "x") == ["x: Other"]
    assert disagreements(int, "string", names, "x") == ["x"]
    assert disagreements(str | None, "string", names, "x") == ["x"]
    assert disagreements(str, ["null", "string"], names, "x") == ["x"]
    assert disagreements(tuple[str, ...], "string", names, "x") == ["x"]
    assert disagreements(bytes, {"type": "fixed", "name": "D", "size": 31}, names, "x") == ["x"]


def test_the_request_is_the_same_in_the_application_and_in_the_roster():
    one = named_types(schema_of(request.Application).source, {})
    other = named_types(schema_of(request.Roster).source, {})
    for name in ("Request", "RequestLine", "Digest", "Nonce"):
        assert one[name] == other[name]


def plain_values(hint, place):
    if hint is bytes and place not in ANY_SIZE | {"records"}:
        size = SIZES.get(place, 32)
        return st.binary(min_size=size, max_size=size)
    if hint is int:
        return st.integers(-(2**31), 2**31 - 1)
    if hint is datetime:
        return st.datetimes(timezones=st.just(UTC)).map(
            lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)
        )
    return st.from_type(hint)


def values(hint, place):
    """A strategy for any type hint of the model."""
    if optional(hint):
        return st.none() | values(optional(hint), place)
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0], place), max_size=3).map(tuple)
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{f.name: values(hints[f.name], f.name) for f in fields(hint)})
    return plain_values(hint, place)


def as_decoded(value):
    """A value as a reader sees it: lists for tuples, plain text for enums."""
    if isinstance(value, dict):
        return {k: as_decoded(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return [as_decoded(v) for v in value]
    return str(value) if isinstance(value, StrEnum) else value


@each_message
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_message_comes_back_as_it_went(kind, data):
    message = data.draw(values(kind, ""))
    encoded = loader.encode(schema_of(kind), asdict(message))
    assert loader.decode(schema_of(kind), encoded) == as_decoded(asdict(message))


def test_a_found_outcome_carries_its_records():
    outcome = messages.PersonOutcome(1, 2, messages.OutcomeKind.FOUND, None, (b"\x01", b""))
    answer = messages.Answer(bytes(32), datetime(2026, 2, 12, tzinfo=UTC), 2, (outcome,))
    schema = schema_of(messages.Answer)
    decoded = loader.decode(schema, loader.encode(schema, asdict(answer)))
    assert decoded["outcomes"][0] == {
        "line": 1, "reference": 2, "outcome": "FOUND", "code": None, "records": [b"\x01", b""],
    }  # fmt: skip


@pytest.mark.parametrize("change", [{"nonce": bytes(15)}, {"part": "1"}, {"extra": 1}])
def test_a_datum_of_another_shape_is_refused(change):
    consent = {"nonce": bytes(16), "part": 1, "consents": [], **change}
    with pytest.raises(loader.SchemaError) as caught:
        loader.encode(schema_of(request.Consent), consent)
    assert caught.value.code == "DATUM_INVALID"


def test_bytes_after_the_end_are_refused():
    schema = schema_of(messages.Problem)
    problem = messages.Problem(None, "NO_WRAP", "没有密钥", "no key")
    with pytest.raises(loader.SchemaError) as caught:
        loader.decode(schema, loader.encode(schema, asdict(problem)) + b"\0")
    assert caught.value.code == "ENCODING_NOT_CANONICAL"
