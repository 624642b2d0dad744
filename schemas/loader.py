"""Loads released schemas and turns Avro bytes into data and back.

A released `.avsc` file never changes; its SHA-256 over the file's bytes is the name by which
messages refer to it. A schema may also arrive from the directory as bytes (`parse`), so that a new
resource needs no code (R005).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any

import fastavro
from fastavro.types import Schema as AvroSchema

from schemas.errors import InputError
from schemas.layout import Layout, TooManyItemsError

MAX_ITEMS = 65_536
"""The most items that all arrays of one datum together may have, unless its reader says less."""

FOLDERS = (
    *("envelope", "directory", "message", "resource", "proof", "admission", "conformance"),
    "medium",
)


class SchemaError(InputError):
    """Bytes are not of the schema, or a schema is not acceptable."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One released schema.

    `name` is `<folder>/<file without .avsc>`, e.g. `message/roster.v1`; `digest` is the SHA-256 of
    the file's bytes; `source` is the parsed JSON, with docs and our own attributes; `layout` walks
    over its encodings.
    """

    name: str
    digest: bytes
    source: dict[str, Any] = field(compare=False, repr=False)
    parsed: AvroSchema = field(compare=False, repr=False)
    layout: Layout = field(compare=False, repr=False)


def parse(name: str, avsc: bytes) -> Schema:
    """Make a `Schema` from the bytes of an `.avsc` file.

    Raises:
        SchemaError: `SCHEMA_INVALID` when the bytes are not an Avro schema.
    """
    try:
        source = json.loads(avsc)
        parsed = fastavro.parse_schema(json.loads(avsc), named_schemas={})
        layout = Layout(parsed)
    except Exception as error:
        raise SchemaError(
            "SCHEMA_INVALID", "不是有效的 Avro 模式", "not an Avro schema", where=name
        ) from error
    return Schema(name, hashlib.sha256(avsc).digest(), source, parsed, layout)


@cache
def load(name: str) -> Schema:
    """Return a shipped schema by name, e.g. `envelope/header.v1`.

    Raises:
        SchemaError: `SCHEMA_UNKNOWN` when the product ships no such schema.
    """
    folder, _, file = name.partition("/")
    entry = resources.files("schemas").joinpath(folder, f"{file}.avsc")
    if folder not in FOLDERS or not entry.is_file():
        raise SchemaError("SCHEMA_UNKNOWN", "没有此模式", "no such schema", where=name)
    return parse(name, entry.read_bytes())


@cache
def shipped() -> dict[bytes, Schema]:
    """Return every shipped schema by its digest."""
    found: dict[bytes, Schema] = {}
    for folder in FOLDERS:
        for entry in resources.files("schemas").joinpath(folder).iterdir():
            if entry.name.endswith(".avsc"):
                schema = load(f"{folder}/{entry.name.removesuffix('.avsc')}")
                found[schema.digest] = schema
    return found


def encode(schema: Schema, datum: Any) -> bytes:
    """Encode a datum; fastavro's writer yields the one canonical encoding.

    Raises:
        SchemaError: `DATUM_INVALID` when the datum is not of the schema.
    """
    out = BytesIO()
    try:
        fastavro.schemaless_writer(out, schema.parsed, datum, strict=True)
    except Exception:  # noqa: BLE001 - the writer raises whatever a datum provokes
        # `from None`: the writer's text may repeat the value, which may be personal data.
        raise SchemaError(
            "DATUM_INVALID", "数据与模式不符", "the datum is not of the schema", where=schema.name
        ) from None
    return out.getvalue()


def decode(schema: Schema, data: bytes, max_items: int = MAX_ITEMS) -> Any:
    """Decode bytes that hold exactly one datum in its canonical encoding.

    The canonical encoding is the one `encode` yields: minimal varints, one positive-count block
    an array, nothing after the end. Avro readers alone accept more, and build whatever the bytes
    announce, so the bytes are walked over first.

    Args:
        schema: What they should be of.
        data: The bytes.
        max_items: The most items that all arrays together may have.

    Raises:
        SchemaError: `ENCODING_MALFORMED` when the bytes are not of the schema,
            `ENCODING_NOT_CANONICAL` when they are another encoding of a value,
            `ENCODING_TOO_MANY_ITEMS` when they announce more than `max_items`.
    """
    try:
        canonical = schema.layout.canonical(data, max_items)
        datum = fastavro.schemaless_reader(BytesIO(data), schema.parsed, None)
        canonical = canonical and (schema.layout.exact or encode(schema, datum) == data)
    except TooManyItemsError:
        raise SchemaError(
            "ENCODING_TOO_MANY_ITEMS",
            f"条目超过 {max_items} 个",
            f"more than {max_items} items",
            where=schema.name,
        ) from None
    except Exception:  # noqa: BLE001 - the reader raises whatever the bytes provoke
        raise SchemaError(
            "ENCODING_MALFORMED",
            "字节与模式不符",
            "the bytes are not of the schema",
            where=schema.name,
        ) from None
    if not canonical:
        raise SchemaError(
            "ENCODING_NOT_CANONICAL", "编码不唯一", "not the canonical encoding", where=schema.name
        )
    return datum
