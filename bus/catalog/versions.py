"""Versions of the catalogue (R020, R036): what changes one, and which one an application named.

★ A version changes only when the content does, and is numbered by the directory in which this
content first stood: the hub's entry says so. Between two such numbers the earlier one's content
stood, so that every directory version from the first on names a content (docs/decisions/0025).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bus.catalog.catalogue import Catalogue, Provider, providing_agencies
from signer.directory.entries import offer_terms
from signer.directory.view import Directory

_LABEL = b"hedui/catalogue/1"


@dataclass(frozen=True, slots=True)
class CatalogueVersion:
    """What a centre keeps of one version: the catalogue, and since when it stood."""

    since: datetime
    catalogue: Catalogue

    @property
    def version(self) -> int:
        """Its number."""
        return self.catalogue.version


@dataclass(frozen=True, slots=True)
class Cited:
    """The catalogue that an application was written against.

    `version` is the number it names; `catalogue` None when there is none of that number here;
    `superseded` when a newer one took its place, None while it stands.
    """

    version: int
    catalogue: Catalogue | None
    superseded: datetime | None = None


def content_digest(directory: Directory, schemas: Sequence[bytes]) -> bytes:
    """Return what the content of a directory's catalogue hashes to.

    SHA-256("hedui/catalogue/1" ‖ JSON), the JSON without blanks, keys in order, UTF-8: `agencies`,
    by id, each with its place in the tree, its title and its offers by resource; `schemas`, the
    SHA-256 of those that travel along, in order. Keys, addresses and everything else an entry says
    do not change it; nor does a suspension, under which an agency is still listed.

    Args:
        directory: The participants.
        schemas: The resource schemas that travel with the directory.
    """
    content = {
        "agencies": [
            {
                "path": list(path),
                "title": agency.title,
                "offers": [
                    {
                        "resource": offer.resource,
                        "items": sorted(offer.items),
                        "term_working_days": offer.term_working_days,
                    }
                    | offer_terms(offer)
                    for offer in sorted(agency.offers, key=lambda o: o.resource)
                ],
            }
            for agency, path in providing_agencies(directory)
            if agency.offers
        ],
        "schemas": sorted(hashlib.sha256(schema).hexdigest() for schema in schemas),
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(_LABEL + text.encode()).digest()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions: a resource at an agency came, went or changed.

    `fields` names what changed, by the names of `Provider`.
    """

    what: str
    resource: str
    agency: str
    fields: tuple[str, ...] = ()


ADDED = "ADDED"
WITHDRAWN = "WITHDRAWN"
CHANGED = "CHANGED"

_COMPARED = (
    "items",
    "term_working_days",
    "title",
    "area",
    "level",
    "range",
    "back_months",
    "updates",
    "mode",
)


def changes(old: Catalogue, new: Catalogue) -> tuple[Change, ...]:
    """Return what differs between two versions, by resource and agency."""
    before, after = _offered(old), _offered(new)
    found = []
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        if one is None:
            found.append(Change(ADDED, *key))
        elif other is None:
            found.append(Change(WITHDRAWN, *key))
        elif one != other:
            differing = tuple(f for f in _COMPARED if getattr(one, f) != getattr(other, f))
            found.append(Change(CHANGED, *key, differing))
    return tuple(found)


def _offered(catalogue: Catalogue) -> dict[tuple[str, str], Provider]:
    return {
        (entry.resource, provider.adapter): provider
        for entry in catalogue.entries
        for provider in entry.providers
    }
