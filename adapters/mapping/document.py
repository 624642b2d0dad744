"""The whole mapping of a source: its `[source]` section and one `[[resource]]` for each it offers.

The host parses the file and its own sections; a connector reads these two, each with its own keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from adapters.mapping.faults import MappingError, finding, wrong
from adapters.mapping.resource import NamedSection, Section


class SourceSection(Section):
    """`[source]`: what every connector's section has. `kind` names the connector."""

    kind: str = "sql"


SourceT = TypeVar("SourceT", bound=SourceSection)
EntryT = TypeVar("EntryT", bound=NamedSection)


class SourceMapping(Section, Generic[SourceT, EntryT]):
    """The whole mapping. `where` names its file; relative paths start at `folder`.

    A connector makes it its own by its two sections: `SourceMapping[SqlSource, SqlResource]`.
    """

    source: SourceT
    resources: tuple[EntryT, ...] = Field(alias="resource")
    where: str
    folder: Path

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [one.name for one in self.resources]
        if not names:
            raise wrong("至少映射一项信息资源", "map at least one resource")
        if len(set(names)) != len(names):
            raise wrong("同一信息资源映射了两次", "a resource is mapped twice")
        return self

    @classmethod
    def from_toml(cls, document: Mapping[str, Any], where: str, folder: Path | None = None) -> Self:
        """Read the mapping from a parsed TOML document; other sections are left alone.

        Args:
            document: The document.
            where: Its file, for errors.
            folder: Where relative paths start; default the working directory.

        Raises:
            MappingError: `MAPPING_INVALID`, listing every fault with its key.
        """
        ours: dict[str, Any] = {
            key: document[key] for key in ("source", "resource") if key in document
        }
        try:
            return cls.model_validate({**ours, "where": where, "folder": folder or Path()})
        except ValidationError as error:
            findings = [finding(fault) for fault in error.errors(include_input=False)]
        raise MappingError("MAPPING_INVALID", findings, where=where)

    def resource(self, name: str) -> EntryT | None:
        """Return the mapping of a resource, or None when this source does not offer it."""
        return next((one for one in self.resources if one.name == name), None)
