"""What can be asked, and who answers it (R036-R038): the catalogue as the directory makes it.

The directory carries each agency's offers and is signed and versioned by the hub, so its version is
the catalogue's. What an entry is called comes from the resource's schema, shipped or carried in the
directory too, so that a new resource needs no code (R005).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.codes import categories
from schemas.resources import IDENTITY_ITEMS, Item, Resource
from signer.directory.view import Directory, Offer, Participant, Standing
from signer.identity import Role

_LISTED = frozenset({Standing.CONNECTED, Standing.SUSPENDED})


@dataclass(frozen=True, slots=True)
class Provider:
    """An agency that answers a resource: its id, its items, its feedback term (反馈期限)."""

    adapter: str
    items: tuple[str, ...]
    term_working_days: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of the catalogue.

    `items` are the identity items and those at least one provider gives, in the schema's order.
    `time_item` is the item a time range applies to, or None when only the latest state is known.
    """

    resource: str
    category: str
    category_zh: str
    zh: str
    en: str
    items: tuple[Item, ...]
    time_item: str | None
    providers: tuple[Provider, ...]

    @property
    def content_items(self) -> tuple[Item, ...]:
        """The items that say something about the person beyond who it is."""
        return tuple(item for item in self.items if item.name not in IDENTITY_ITEMS)

    def item(self, text: str) -> Item | None:
        """Return the item with that field name or Chinese label, or None."""
        wanted = plain(text)
        return next((i for i in self.items if wanted in (i.name, plain(i.zh))), None)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The resource catalogue (资源目录) at one version; entries by resource name."""

    version: int
    entries: tuple[Entry, ...]

    @classmethod
    def from_directory(cls, directory: Directory, resources: Mapping[str, Resource]) -> Catalogue:
        """Return the catalogue that a directory's offers make.

        A resource nobody offers is not in it (R037). Who is suspended still offers; who is not
        connected yet, or has left, does not. An offer of a resource or item without a schema here
        cannot be asked for and is passed over: the schema may come with a later version of the
        directory.

        Args:
            directory: The verified directory.
            resources: Known resources by name.
        """
        listed = directory.participants.values()
        providing = [p for p in listed if provides(directory, directory.path_up(p.id))]
        made = (_entry(resource, providing) for _, resource in sorted(resources.items()))
        return cls(directory.version, tuple(entry for entry in made if entry.providers))

    def entry(self, resource: str) -> Entry | None:
        """Return the entry of a resource, or None."""
        return next((entry for entry in self.entries if entry.resource == resource), None)

    def named(self, text: str) -> tuple[Entry, ...]:
        """Return the entries that a cell's text names, none when it names nothing (R052).

        A category, by code or any Chinese name of it, names all its resources; the name or Chinese
        title of a resource names that one.
        """
        wanted = plain(text)
        category = categories().find(wanted)
        code = category.code if category else wanted
        of_category = tuple(entry for entry in self.entries if entry.category == code)
        if of_category:
            return of_category
        return tuple(e for e in self.entries if wanted in (e.resource, plain(e.zh)))


def provides(directory: Directory, path: Iterable[str]) -> bool:
    """Whether an agency counts as a provider, by the standings on its path up to the hub."""
    return all(directory.participants[one].standing in _LISTED for one in path)


def offer_of(participant: Participant, resource: str) -> Offer | None:
    """Return what a participant offers of a resource, or None."""
    return next((offer for offer in participant.offers if offer.resource == resource), None)


def asked_and_offered(asked: Iterable[str], offer: Offer) -> tuple[str, ...]:
    """Return the items of `asked` that an offer gives, in their order.

    Identity items go with every answer. An offer that gives nothing else of what is asked gives
    nothing: the result is empty.
    """
    both = tuple(item for item in asked if item in IDENTITY_ITEMS or item in offer.items)
    return both if any(item not in IDENTITY_ITEMS for item in both) else ()


def plain(text: str) -> str:
    """Return a text without blanks and with half-width characters, to compare names by."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _entry(resource: Resource, participants: Iterable[Participant]) -> Entry:
    names = tuple(item.name for item in resource.items)
    providers = tuple(
        Provider(participant.id, items, offer.term_working_days)
        for participant in sorted(participants, key=lambda p: p.id)
        if participant.role is Role.ADAPTER
        and (offer := offer_of(participant, resource.name)) is not None
        and (items := asked_and_offered(names, offer))
    )
    given = {item for provider in providers for item in provider.items}
    category = categories().get(resource.category)
    return Entry(
        resource.name,
        resource.category,
        # The list of categories is open (R005): one without a Chinese name here goes by its code.
        category.zh if category else resource.category,
        resource.zh,
        resource.en,
        tuple(item for item in resource.items if item.name in given),
        resource.time_item,
        providers,
    )
