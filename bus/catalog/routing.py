"""Which agencies must answer a request line, and through which child each is reached (R050-R051).

全国 means all units able to provide the category, 部中心 the centre's own agencies (R017), a
province's name the agencies of that province at any level of its tree. The directory is a tree and
each centre asks its direct children only, so what one province asks of another passes the hub
(R018).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bus.catalog.catalogue import asked_and_offered, offer_of, providing_agencies
from bus.model.request import CENTRE, NATIONWIDE, RequestLine
from signer.directory.view import Directory, Offer, Standing
from signer.identity import HUB

NO_PROVIDER = "NO_PROVIDER"
"""Nobody below who may answer the line offers its resource."""

NO_ITEMS = "NO_ITEMS"
"""The resource is offered, but with none of the items asked."""


PROVIDER_SUSPENDED = "PROVIDER_SUSPENDED"
"""Somebody below who would have to answer is suspended, or stands below one that is."""


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency that must answer: its id, the items to order from it, its feedback term."""

    id: str
    items: tuple[str, ...]
    term_working_days: int


@dataclass(frozen=True, slots=True)
class Child:
    """A direct child to ask: itself the agency (`leaf`), or a node above one or more agencies.

    `items` are those that at least one agency behind it gives; `term_working_days` is the longest
    term among them, since the child has answered when its last agency has.
    """

    id: str
    leaf: bool
    items: tuple[str, ...]
    term_working_days: int


def agencies(directory: Directory, line: RequestLine) -> tuple[Agency, ...]:
    """Return the agencies that must answer a line, by id; none when there are none (R051)."""
    return tuple(
        Agency(path[0], items, offer.term_working_days)
        for path, offer in _offers(directory, line)
        if (items := asked_and_offered(line.items, offer))
    )


def children_for(directory: Directory, me: str, line: RequestLine) -> tuple[Child, ...]:
    """Return the direct children of `me` to ask about a line, by id.

    Args:
        directory: The verified directory.
        me: The centre that dispatches: the hub or a node.
        line: The line; at a node, as the hub's order narrowed it.

    Returns:
        Empty when nobody below `me` can answer; `unserved` then says why.
    """
    behind: defaultdict[str, list[Agency]] = defaultdict(list)
    for agency, path in _below(directory, me, line):
        if _open(directory, path):
            behind[path[-1]].append(agency)
    return tuple(
        Child(
            id=child,
            leaf=reached[0].id == child,
            items=tuple(i for i in line.items if any(i in agency.items for agency in reached)),
            term_working_days=max(agency.term_working_days for agency in reached),
        )
        for child, reached in sorted(behind.items())
    )


def unserved(directory: Directory, me: str, line: RequestLine) -> str | None:
    """Return why somebody or everybody below `me` cannot be asked about a line, or None.

    Returns:
        `PROVIDER_SUSPENDED` when one is cut off that no child who is asked will tell of;
        `NO_ITEMS` when an agency below offers the resource but none of the items, else
        `NO_PROVIDER`, when nobody at all can be asked.
    """
    asked = {child.id for child in children_for(directory, me, line) if not child.leaf}
    below = list(_below(directory, me, line))
    if any(not _open(directory, path) and path[-1] not in asked for _, path in below):
        return PROVIDER_SUSPENDED
    if below:
        return None
    offered = any(me in path[1:] for path, _ in _offers(directory, line))
    return NO_ITEMS if offered else NO_PROVIDER


def _below(
    directory: Directory, me: str, line: RequestLine
) -> Iterator[tuple[Agency, tuple[str, ...]]]:
    """Yield the agencies below `me` that must answer, with the path up to our child."""
    for agency in agencies(directory, line):
        path = directory.path_up(agency.id)
        if me in path[1:]:
            yield agency, path[: path.index(me)]


def _open(directory: Directory, path: Sequence[str]) -> bool:
    """Whether everybody on a path is connected."""
    return all(directory.participants[one].standing is Standing.CONNECTED for one in path)


def _offers(directory: Directory, line: RequestLine) -> list[tuple[tuple[str, ...], Offer]]:
    """Return who offers the line's resource and may be asked: path up to the hub, and offer."""
    return [
        (path, offer)
        for agency, path in providing_agencies(directory)
        if _asked(path, line.provider) and (offer := offer_of(agency, line.resource)) is not None
    ]


def _asked(path: tuple[str, ...], provider: str) -> bool:
    """Whether a line's provider covers the agency whose path up to the hub this is (R051)."""
    if provider == NATIONWIDE:
        return True
    if provider == CENTRE:
        return path[1:] == (HUB,)
    return provider in path[1:]
