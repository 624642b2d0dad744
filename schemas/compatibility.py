"""Whether a new version of a schema still reads what was written by an old one.

Avro's rules of resolution, narrowed. The libraries apply them without looking at a decimal's scale,
so that 50,000.00 can come out as 500.0000, and the rules themselves promote numbers and drop enum
symbols, which no released version of ours needs. Here a type stays what it was, to the digit; a
field may become nullable, go, or come with a default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.loader import Schema, SchemaError

PROPERTIES = ("logicalType", "precision", "scale", "size", "symbols")
"""What must be equal in two versions of a type, besides the type itself."""

ATTRIBUTES = ("unit", "codes")
"""Our own attributes of a field that give its values their meaning: these stay too."""

_NAMED = frozenset({"record", "enum", "fixed"})
_Types = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that makes two versions incompatible: a code, and the place in the schema."""

    code: str
    where: str


def _define(node: Any, found: dict[str, Any]) -> None:
    """Collect the named types of a schema by their short names; a file has one namespace."""
    if isinstance(node, list):
        for branch in node:
            _define(branch, found)
    elif isinstance(node, dict):
        kind = node.get("type")
        if kind in _NAMED:
            found[node["name"].rpartition(".")[2]] = node
        for field in node.get("fields", ()):
            _define(field["type"], found)
        for key in ("type", "items", "values"):
            _define(node.get(key), found)


def _definitions(schema: Schema) -> _Types:
    found: dict[str, Any] = {}
    _define(schema.source, found)
    return found


def _resolve(node: Any, types: _Types) -> Any:
    """Return a union as a list and any other type as a dict with a plain `type`."""
    if isinstance(node, str):
        named = types.get(node.rpartition(".")[2])
        return {"type": node} if named is None else named
    if isinstance(node, dict) and isinstance(node["type"], dict | list):
        return _resolve(node["type"], types)
    return node


class _Comparison:
    """One comparison of two schemas; remembers named types under way, which may recur."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = _definitions(old), _definitions(new)
        self._seen: set[tuple[str, str]] = set()

    def types(self, old: Any, new: Any, where: str) -> Iterator[Difference]:
        old, new = _resolve(old, self._old), _resolve(new, self._new)
        if isinstance(old, list) or isinstance(new, list):
            yield from self._unions(old, new, where)
        elif old["type"] != new["type"]:
            yield Difference("TYPE_CHANGED", where)
        else:
            yield from self._same_type(old, new, where)

    def _unions(self, old: Any, new: Any, where: str) -> Iterator[Difference]:
        before = old if isinstance(old, list) else [old]
        after = new if isinstance(new, list) else [new]
        if "null" in before and "null" not in after:
            yield Difference("NULL_REMOVED", where)
        before = [branch for branch in before if branch != "null"]
        after = [branch for branch in after if branch != "null"]
        if len(before) != len(after):
            yield Difference("UNION_CHANGED", where)
            return
        for one, other in zip(before, after, strict=True):
            yield from self.types(one, other, where)

    def _same_type(
        self, old: dict[str, Any], new: dict[str, Any], where: str
    ) -> Iterator[Difference]:
        kind = old["type"]
        if kind in _NAMED:
            names = (old["name"].rpartition(".")[2], new["name"].rpartition(".")[2])
            if names in self._seen:
                return
            self._seen.add(names)
            if names[0] != names[1]:
                yield Difference("NAME_CHANGED", where)
        for key in PROPERTIES:
            # A decimal without a scale has scale 0.
            default = 0 if key == "scale" else None
            if old.get(key, default) != new.get(key, default):
                yield Difference(f"{_code(key)}_CHANGED", where)
        if kind == "record":
            yield from self._fields(old["fields"], new["fields"], where)
        elif kind == "array":
            yield from self.types(old["items"], new["items"], f"{where}[]")
        elif kind == "map":
            yield from self.types(old["values"], new["values"], f"{where}{{}}")

    def _fields(self, old: list[Any], new: list[Any], where: str) -> Iterator[Difference]:
        before = {field["name"]: field for field in old}
        for field in new:
            place = f"{where}.{field['name']}"
            known = before.get(field["name"])
            if known is None:
                if "default" not in field:
                    yield Difference("FIELD_WITHOUT_DEFAULT", place)
                continue
            yield from self.types(known["type"], field["type"], place)
            for key in ATTRIBUTES:
                if known.get(key) != field.get(key):
                    yield Difference(f"{_code(key)}_CHANGED", place)


def _code(key: str) -> str:
    return "LOGICAL_TYPE" if key == "logicalType" else key.upper()


def differences(old: Schema, new: Schema) -> tuple[Difference, ...]:
    """Return what keeps `new` from reading what `old` wrote; empty when it can.

    Namespaces are not compared, as they carry the version.
    """
    comparison = _Comparison(old, new)
    return tuple(comparison.types(old.source, new.source, str(old.source.get("name", ""))))


def require_compatible(old: Schema, new: Schema) -> None:
    """Refuse a new version that cannot read what the old one wrote.

    Raises:
        SchemaError: `SCHEMA_INCOMPATIBLE`, naming every difference and its place.
    """
    found = differences(old, new)
    if found:
        listed = ", ".join(f"{d.code} {d.where}" for d in found)
        raise SchemaError(
            "SCHEMA_INCOMPATIBLE",
            f"新版模式不能读取旧版数据：{listed}",
            f"the new version cannot read the old one's data: {listed}",
            where=f"{old.name} → {new.name}",
        )
