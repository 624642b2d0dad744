"""What can be asked, and who answers it (R036-R038): the catalogue as the directory makes it.

The directory carries each agency's offers and is signed by the hub, whose own entry says which
version of the catalogue this is; where it does not, the directory's version is taken. What an entry
is called comes from the resource's schema, shipped or carried in the directory too, so that a new
resource, and a new category with it, needs no code (R005).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bus.catalog.levels import level_by_place
from bus.model.request import CENTRE, NATIONWIDE
from schemas.codes import categories
from schemas.resources import IDENTITY_ITEMS, Item, Resource
from signer.directory.view import (
    Directory,
    Level,
    Mode,
    Offer,
    Participant,
    RangeAbility,
    Standing,
)
from signer.identity import HUB, Role

_LISTED = frozenset({Standing.CONNECTED, Standing.SUSPENDED})


@dataclass(frozen=True, slots=True)
class Provider:
    """An agency that answers a resource: its id, its items, its feedback term (反馈期限).

    `area` is what a request line names to ask it besides 全国: `hub`, or its province's code.
    `range` None does not limit what may be asked (docs/decisions/0007); `updates` is a code of the
    table of that name, None where it is not stated.
    """

    adapter: str
    items: tuple[str, ...]
    term_working_days: int
    title: str = ""
    area: str = ""
    level: Level = Level.CENTRE
    range: RangeAbility | None = None
    back_months: int | None = None
    updates: str | None = None
    mode: Mode = Mode.ONLINE

    @property
    def latest_only(self) -> bool:
        """Whether it knows the latest state alone."""
        return self.range is RangeAbility.LATEST


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

    def asked(self, provider: str) -> tuple[Provider, ...]:
        """Return those of its providers whom a line's provider code covers (R051)."""
        code = HUB if provider == CENTRE else provider
        return tuple(p for p in self.providers if code in (NATIONWIDE, p.area))

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
        providing = providing_agencies(directory)
        made = (_entry(resource, providing) for _, resource in sorted(resources.items()))
        hub = directory.get(HUB)
        mark = None if hub is None else hub.catalogue
        version = directory.version if mark is None else mark.version
        return cls(version, tuple(entry for entry in made if entry.providers))

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
        of_category = tuple(
            e for e in self.entries if e.category == code or plain(e.category_zh) == wanted
        )
        if of_category:
            return of_category
        return tuple(e for e in self.entries if wanted in (e.resource, plain(e.zh)))


def providing_agencies(directory: Directory) -> list[tuple[Participant, tuple[str, ...]]]:
    """Return the agencies that count as providers, by id, with their paths up to the hub."""
    found = []
    for id_, participant in sorted(directory.participants.items()):
        if participant.role is Role.ADAPTER:
            path = directory.path_up(id_)
            if path[-1] == HUB and provides(directory, path):
                found.append((participant, path))
    return found


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


def _entry(resource: Resource, agencies: Iterable[tuple[Participant, tuple[str, ...]]]) -> Entry:
    names = tuple(item.name for item in resource.items)
    providers = tuple(
        _provider(agency, path, offer, items)
        for agency, path in agencies
        if (offer := offer_of(agency, resource.name)) is not None
        and (items := asked_and_offered(names, offer))
    )
    given = {item for provider in providers for item in provider.items}
    category = categories().get(resource.category)
    return Entry(
        resource.name,
        resource.category,
        # The list of categories is open (R005): one that is not in the table here goes by the name
        # that came with the resource, or by its code.
        category.zh if category else resource.category_zh or resource.category,
        resource.zh,
        resource.en,
        tuple(item for item in resource.items if item.name in given),
        resource.time_item,
        providers,
    )


def _provider(
    agency: Participant, path: tuple[str, ...], offer: Offer, items: tuple[str, ...]
) -> Provider:
    return Provider(
        agency.id,
        items,
        offer.term_working_days,
        agency.title,
        HUB if path[1:] == (HUB,) else path[-2],
        offer.level or level_by_place(path),
        offer.range,
        offer.back_months,
        offer.updates,
        offer.mode,
    )
