"""The country of the simulated year: the hub, 32 provinces, some cities, and who answers there."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import TextIO

from adapters.country.country import Country, make_country, offers
from bus.rules.review_policy import Households, ReviewMode, ReviewPolicy
from schemas.codes import regions
from signer.identity import HUB

PROVINCES = tuple(regions())
"""31 of GB/T 2260 and the Xinjiang Production and Construction Corps."""

CITIES = {
    "321200": "320000",
    "330100": "330000",
    "370100": "370000",
    "440100": "440000",
    "510100": "510000",
    "500229": "500000",
}
"""Cities, and one county, by their province."""

CENTRAL = {"hub.marriage": "marriage-registration", "hub.household": "household-registration"}
"""The centre's own resources."""

FUND, HOUSING = "housing-fund-account", "urban-housing-security"

HOUSING_PROVINCES = tuple(dict.fromkeys(CITIES.values()))
"""Provinces that housing security is asked of: it is held below them (R054)."""

TERMS = (3, 5, 5, 7, 10)
"""Feedback terms in working days, as agencies differ."""


def make_land(now: datetime, dice: Random, suite: str, log: TextIO) -> Country:
    """Put the country together; the dice say how long each agency's term is."""
    parents: dict[str, str | None] = {HUB: None}
    offered = {}
    for centre, above in {**dict.fromkeys(PROVINCES, HUB), **CITIES}.items():
        parents[centre] = above
        agency, resource = (
            (f"{centre}.housing-bureau", HOUSING)
            if centre in CITIES
            else (f"{centre}.housing-fund", FUND)
        )
        parents[agency] = centre
        offered[agency] = offers((resource,), dice.choice(TERMS))
    for agency, resource in CENTRAL.items():
        parents[agency] = HUB
        offered[agency] = offers((resource,), dice.choice(TERMS))
    policy = ReviewPolicy(ReviewMode.AUTOMATIC, households=Households.RETURN)
    return make_country(parents, offered, now, policy=policy, suite=suite, log=log)
