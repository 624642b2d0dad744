"""A folder of resource schemas that this version does not ship (R005): a hub's, an adapter's.

Each `*.avsc` file is one resource; its category may be one that no code table here has. Those of
the hub travel in the signed directory, so that everybody knows them; an adapter is given the same
files, because it checks its mapping before it reads any directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bus.errors import ConfigError
from schemas.loader import SchemaError, parse
from schemas.resources import Resource, resource_from, resources, with_resources

LARGEST = 64 * 1024
"""Bytes of the largest schema: all of them stand in one record of the directory."""


def load_resources(folder: Path | None) -> tuple[bytes, ...]:
    """Return the schemas of a folder, by file name; none without one.

    Raises:
        ConfigError: `RESOURCES_INVALID` with the file: it cannot be read, is no schema of a
            resource, or describes one that is there already.
    """
    if folder is None:
        return ()
    if not folder.is_dir():
        raise _fault(folder, "资源模式目录不存在", "there is no such folder")
    found: dict[str, bytes] = {}
    for file in sorted(folder.glob("*.avsc")):
        try:
            source = file.read_bytes()
        except OSError as error:
            raise _fault(file, "资源模式文件无法读取", "it cannot be read") from error
        if len(source) > LARGEST:
            raise _fault(file, "资源模式文件过大", f"it has more than {LARGEST} bytes")
        try:
            resource = resource_from(parse(file.stem, source))
        except SchemaError as error:
            raise _fault(file, error.zh, error.en) from error
        if resource.name in found or resource.name in resources():
            raise _fault(
                file, f"信息资源 {resource.name} 已有", f"{resource.name} is there already"
            )
        found[resource.name] = source
    return tuple(found.values())


def known_resources(folder: Path | None) -> Mapping[str, Resource]:
    """Return the shipped resources and those of a folder, by name.

    Raises:
        ConfigError: `RESOURCES_INVALID`, as `load_resources`.
    """
    return with_resources(parse("directory", source) for source in load_resources(folder))


def _fault(path: Path, zh: str, en: str) -> ConfigError:
    return ConfigError(
        "RESOURCES_INVALID",
        zh,
        en,
        remedy_zh="请按 docs/develop.md“a resource”更正，或移出该目录",
        remedy_en="Mend it as docs/develop.md says, or take it out of the folder",
        where=str(path),
    )
