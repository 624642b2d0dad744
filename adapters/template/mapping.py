"""The mapping of a source that is searched by hand: which resources, and nothing of columns.

[source]
kind = "template"                    # the agency itself searches; "medium": one without network

[[resource]]
name = "housing-fund-withdrawal"     # of the catalogue
not_held = ["paid_to"]               # items nobody there can answer: no column on the list
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic

from adapters.mapping.document import SourceMapping, SourceT
from adapters.mapping.resource import NamedSection
from bus.model.messages import Finding
from schemas.resources import Resource


class ListedResource(NamedSection):
    """`[[resource]]`: a resource that people answer on a list."""

    not_held: tuple[str, ...] = ()


class ListMapping(SourceMapping[SourceT, ListedResource], Generic[SourceT]):
    """The whole mapping."""

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
