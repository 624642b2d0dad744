"""Random values of any Avro schema that the product may meet, and whether a value's ints fit."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIZES = (0, 0, 1, 2, 9)
_TEXTS = (0, 1, 21, 22, 90)  # around the lengths at which a varint grows


def _names(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, list):
        for branch in schema:
            yield from _names(branch)
    elif isinstance(schema, dict):
        if "name" in schema:
            yield schema["name"], schema
        inner = [field["type"] for field in schema.get("fields", [])]
        yield from _names([*inner, schema.get("items"), schema["type"]])


class Values:
    """Makes and looks at values of one parsed schema."""

    def __init__(self, parsed: Any, choose: random.Random) -> None:
        self._parsed, self._choose = parsed, choose
        self._named = dict(_names(parsed))

    def make(self) -> Any:
        """Return a random value."""
        return self._make(self._parsed)

    def ints_fit(self, datum: Any) -> bool:
        """Whether every `int` of a value has 32 bits, which the library does not look at."""
        return self._fit(self._parsed, datum)

    def _resolve(self, schema: Any) -> Any:
        return self._named.get(schema, {"type": schema}) if isinstance(schema, str) else schema

    def _make(self, schema: Any) -> Any:
        branch = self._choose.choice(schema) if isinstance(schema, list) else schema
        schema = self._resolve(branch)
        match schema["type"]:
            case "record":
                return {field["name"]: self._make(field["type"]) for field in schema["fields"]}
            case "array":
                count = self._choose.choice(_SIZES)
                return [self._make(schema["items"]) for _ in range(count)]
            case "fixed":
                return self._choose.randbytes(schema["size"])
            case "enum":
                return self._choose.choice(schema["symbols"])
            case plain if isinstance(plain, str):
                return self._plain(plain, schema.get("logicalType"))
            case inner:
                return self._make(inner)

    def _plain(self, kind: str, logical: str | None) -> Any:
        choose = self._choose
        bits = choose.choice((3, 7, 14, 31))
        number = choose.getrandbits(bits) - choose.getrandbits(bits)
        makers = {
            ("null", None): lambda: None,
            ("boolean", None): lambda: choose.random() < 0.5,
            ("int", None): lambda: number,
            ("long", None): lambda: number << choose.choice((0, 20)),
            ("int", "date"): lambda: date(2026, 3, 2) + timedelta(days=number % 9999),
            ("long", "timestamp-millis"): lambda: _EPOCH + timedelta(milliseconds=number << 10),
            ("bytes", None): lambda: choose.randbytes(choose.choice((0, 1, 63, 64, 200))),
            ("string", None): lambda: "核" * choose.choice(_TEXTS),
        }
        return makers[kind, logical]()

    def _fit(self, schema: Any, datum: Any) -> bool:
        if isinstance(schema, list):
            return datum is None or all(self._fit(one, datum) for one in schema if one != "null")
        schema = self._resolve(schema)
        match schema["type"]:
            case "record":
                return all(self._fit(f["type"], datum[f["name"]]) for f in schema["fields"])
            case "array":
                return all(self._fit(schema["items"], one) for one in datum)
            case "int" if type(datum) is int:
                return -(2**31) <= datum < 2**31
            case _:
                return True
