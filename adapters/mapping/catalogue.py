"""Does a mapping fit the catalogue? Every fault at once, as resource.columns.item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from adapters.mapping.resource import ResourceMapping
from bus.model.messages import Finding
from schemas.resources import Resource


def catalogue_faults(
    entries: Iterable[ResourceMapping], resources: Mapping[str, Resource]
) -> Iterator[Finding]:
    """Yield where the mapping does not fit the catalogue (R020).

    Every item is either mapped or said not to be held: an item forgotten would be answered as
    having no value, which is not complete (R072).
    """
    named = [(entry.name, [*entry.columns, *entry.not_held]) for entry in entries]
    return _naming_faults(named, resources)


def catalogue_faults_of_document(
    document: Mapping[str, Any], resources: Mapping[str, Resource]
) -> Iterator[Finding]:
    """Yield the same of a mapping that has other faults: of each entry whose names can be read.

    Args:
        document: The parsed TOML document.
        resources: The catalogue's resources by name.
    """
    entries = document.get("resource")
    readable = (_names(entry) for entry in entries) if isinstance(entries, list) else ()
    return _naming_faults((names for names in readable if names), resources)


def _names(entry: object) -> tuple[str, list[str]] | None:
    match entry:
        case {"name": str(name), "columns": dict(columns), **rest}:
            held = rest.get("not_held", [])
            if isinstance(held, list) and all(isinstance(item, str) for item in held):
                return name, [*columns, *held]
    return None


def _naming_faults(
    entries: Iterable[tuple[str, Sequence[str]]], resources: Mapping[str, Resource]
) -> Iterator[Finding]:
    """Yield the faults of resources' names, each with the items it maps or does not hold."""
    for name, named in entries:
        resource = resources.get(name)
        if resource is None:
            zh, en = "目录中没有此信息资源", "the catalogue has no such resource"
            yield Finding("RESOURCE_UNKNOWN", zh, en, name)
            continue
        known = [item.name for item in resource.items]
        for item in named:
            if item not in known:
                yield Finding(
                    "ITEM_UNKNOWN",
                    f"信息资源没有此内容项，应为 {'、'.join(known)} 之一",
                    f"no such item; one of {', '.join(known)}",
                    f"{name}.columns.{item}",
                )
        for item in known:
            if item not in named:
                yield Finding(
                    "ITEM_UNMAPPED",
                    "内容项未映射：请在 columns 中指定列，或列入 not_held",
                    "the item is not mapped: give its column in columns or list it in not_held",
                    f"{name}.columns.{item}",
                )
