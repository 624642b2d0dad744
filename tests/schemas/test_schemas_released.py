"""What holds for every schema the product ships."""

import json
import re
from importlib import resources as files
from pathlib import Path

import pytest

RELEASED = Path(__file__).with_name("released.json")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{2}")


def nodes(node):
    """Every type and field of a schema, depth first."""
    if isinstance(node, list):
        for branch in node:
            yield from nodes(branch)
    elif isinstance(node, dict):
        yield node
        for key in ("type", "items", "values", "fields"):
            yield from nodes(node.get(key))


def named(source):
    kinds = ("record", "enum", "fixed")
    return {n["name"]: n for n in nodes(source) if n.get("type") in kinds}


def zero_width(kind, names):
    """Whether a datum of the type takes no bytes, so that a count alone makes an array of it."""
    if isinstance(kind, str):
        return kind == "null" or (kind in names and zero_width(names[kind], names))
    if isinstance(kind, list):
        return False
    if kind["type"] == "record":
        return all(zero_width(f["type"], names) for f in kind["fields"])
    if kind["type"] == "fixed":
        return kind["size"] == 0
    if isinstance(kind["type"], dict):
        return zero_width(kind["type"], names)
    return kind["type"] == "null"


def zero_width_arrays(source):
    names = named(source)
    return [n for n in nodes(source) if n.get("type") == "array" and zero_width(n["items"], names)]


def test_every_record_enum_and_field_is_documented_in_both_languages(shipped_schema):
    for node in nodes(shipped_schema.source):
        if "name" in node and node.get("type") != "fixed":
            zh, slash, en = node.get("doc", "").partition(" / ")
            assert slash, node["name"]
            assert CHINESE.search(zh), node["name"]
            assert LATIN.search(en), node["name"]
            assert not CHINESE.search(en), node["name"]


def test_no_array_has_items_of_zero_width(shipped_schema):
    assert zero_width_arrays(shipped_schema.source) == []


@pytest.mark.parametrize(
    "items",
    [
        "null",
        {"type": "record", "name": "Empty", "fields": []},
        {"type": "fixed", "name": "Nothing", "size": 0},
        {"type": "record", "name": "Outer", "fields": [{"name": "a", "type": "null"}]},
        {"type": {"type": "fixed", "name": "Nothing", "size": 0}},
    ],
)
def test_the_search_finds_items_of_zero_width(items):
    source = {"type": "record", "name": "A", "fields": [{"name": "a", "type": {}}]}
    source["fields"][0]["type"] = {"type": "array", "items": items}
    assert len(zero_width_arrays(source)) == 1


def test_the_file_name_carries_a_version_and_the_namespace_names_the_folder(shipped_schema):
    folder, _, file = shipped_schema.name.partition("/")
    version = re.fullmatch(r"[a-z]+(-[a-z]+)*\.v([1-9][0-9]*)", file)
    assert version
    assert shipped_schema.source["namespace"] == f"hedui.{folder}.v{version[2]}"


def test_the_file_is_utf_8_with_plain_line_ends(shipped_schema):
    content = files.files("schemas").joinpath(f"{shipped_schema.name}.avsc").read_bytes()
    assert b"\r" not in content
    assert not content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"}\n")


def test_a_released_schema_never_changes(shipped_schema):
    released = json.loads(RELEASED.read_text(encoding="utf-8"))
    assert released.get(shipped_schema.name) == shipped_schema.digest.hex(), (
        "a released schema never changes: make a new version; a new file is listed in released.json"
    )


def test_every_released_schema_is_still_shipped():
    released = json.loads(RELEASED.read_text(encoding="utf-8"))
    for name in released:
        assert files.files("schemas").joinpath(f"{name}.avsc").is_file(), name
