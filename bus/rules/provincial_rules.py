"""A province's own rules: they tighten what the catalogue says, and never relax it (R039).

★ What "implementing rules" may say is read as: a shorter feedback term, and items that its agencies
do not hand out. Of several rules about the same the strictest holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.resources import IDENTITY_ITEMS


@dataclass(frozen=True, slots=True)
class ProvincialRule:
    """One rule, as the province's configuration lists it.

    Attributes:
        number: Its place in the configuration, from 1.
        resource: What it is about.
        business: The business it is for; None for every one.
        term_working_days: The term it sets; None where it leaves the catalogue's.
        items_excluded: Items that are not handed out.
    """

    number: int
    resource: str
    business: str | None = None
    term_working_days: int | None = None
    items_excluded: tuple[str, ...] = ()

    def applies(self, resource: str, business: str) -> bool:
        """Whether it is about that resource asked for that business."""
        return self.resource == resource and self.business in (None, business)


def relaxing(
    rules: Iterable[ProvincialRule], terms: Mapping[str, int]
) -> tuple[ProvincialRule, ...]:
    """Return the rules whose term is longer than the catalogue's, which none may be (R039).

    Args:
        rules: The province's.
        terms: The shortest feedback term of each resource in the catalogue, in working days. A
            resource that is not in it has none to be relaxed.
    """
    return tuple(
        rule
        for rule in rules
        if rule.term_working_days is not None
        and rule.term_working_days > terms.get(rule.resource, rule.term_working_days)
    )


def tightened(
    rules: Sequence[ProvincialRule], resource: str, business: str, term_working_days: int
) -> int:
    """Return the term that holds: the catalogue's, or a shorter one of the rules (R039)."""
    own = (rule.term_working_days for rule in rules if rule.applies(resource, business))
    return min([term_working_days, *(term for term in own if term is not None)])


def remaining(
    rules: Sequence[ProvincialRule], resource: str, business: str, items: Sequence[str]
) -> tuple[str, ...]:
    """Return the items that the rules leave; none where nothing but who a person is remains."""
    excluded = {
        item for rule in rules if rule.applies(resource, business) for item in rule.items_excluded
    }
    left = tuple(item for item in items if item not in excluded)
    nothing_left = len(left) < len(items) and set(left) <= set(IDENTITY_ITEMS)
    return () if nothing_left else left
