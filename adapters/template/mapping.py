"""The mapping of a source that is searched by hand: which resources, and nothing of columns.

[source]
kind = "template"                    # the agency itself searches; "medium": one without network

[[resource]]
name = "housing-fund-withdrawal"     # of the catalogue
not_held = ["paid_to"]               # items nobody there can answer: no column on the list
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from adapters.mapping.document import SourceSection
from adapters.mapping.faults import MappingError, finding, wrong
from adapters.mapping.resource import Section
from bus.model.messages import Finding
from schemas.resources import Resource

SourceT = TypeVar("SourceT", bound=SourceSection)


class ListedResource(Section):
    """`[[resource]]`: a resource that people answer on a list."""

    name: str
    not_held: tuple[str, ...] = ()


class ListMapping(Section, Generic[SourceT]):
    """The whole mapping. `where` names its file; relative paths start at `folder`."""

    source: SourceT
    resources: tuple[ListedResource, ...] = Field(alias="resource")
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
    def from_toml(cls, document: Mapping[str, Any], where: str, folder: Path) -> Self:
        """Read the mapping from a parsed TOML document; other sections are left alone.

        Raises:
            MappingError: `MAPPING_INVALID`, listing every fault with its key.
        """
        ours = {key: document[key] for key in ("source", "resource") if key in document}
        try:
            return cls.model_validate({**ours, "where": where, "folder": folder})
        except ValidationError as error:
            findings = [finding(fault) for fault in error.errors(include_input=False)]
        raise MappingError("MAPPING_INVALID", findings, where=where)

    def resource(self, name: str) -> ListedResource | None:
        """Return the mapping of a resource, or None when this source does not offer it."""
        return next((one for one in self.resources if one.name == name), None)

    def mismatches(self, resources: Mapping[str, Resource]) -> Iterator[Finding]:
        """Yield where the mapping does not fit the catalogue (R020)."""
        for entry in self.resources:
            resource = resources.get(entry.name)
            if resource is None:
                zh, en = "目录中没有此信息资源", "the catalogue has no such resource"
                yield Finding("RESOURCE_UNKNOWN", zh, en, entry.name)
                continue
            known = [item.name for item in resource.items]
            for item in entry.not_held:
                if item not in known:
                    yield Finding(
                        "ITEM_UNKNOWN",
                        f"信息资源没有此内容项，应为 {'、'.join(known)} 之一",
                        f"no such item; one of {', '.join(known)}",
                        f"{entry.name}.not_held.{item}",
                    )
