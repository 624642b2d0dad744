"""How a clean application is reviewed, and whose is drawn for an operator to look at (R025, R026).

The first rule that fits province and business decides, else the hub's default. ★ A draw is an HMAC
of the query's id under a seed that the hub keeps: nobody else can foresee it, and whoever is shown
the seed can do it again.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

SEED_SIZE = 32
"""Bytes of a seed, at least."""

MILLION = 1_000_000
"""What rates and draws are parts of."""

_CONTEXT = b"hedui/review-draw/1"
_BITS = 64


class ReviewMode(StrEnum):
    """What becomes of an application without findings.

    AUTOMATIC: it is accepted at once. MANUAL: an operator decides. SAMPLED: an operator decides
    where it is drawn, else it is accepted at once.
    """

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    SAMPLED = "sampled"


class Households(StrEnum):
    """What becomes of an application in which some households lack a consent (R067).

    REFUSE: it waits for an operator, who refuses it or returns it. RETURN: it goes back by itself,
    to come again without them.
    """

    REFUSE = "refuse"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """A mode for what fits: a province's code, a business code, each None for all.

    `rate` is how many of a million applications are drawn; it counts for SAMPLED alone.
    """

    province: str | None
    business: str | None
    mode: ReviewMode
    rate: int = 0

    def fits(self, province: str, business: str) -> bool:
        """Whether the rule is about that province and that business."""
        return self.province in (None, province) and self.business in (None, business)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rule an application falls under: its number, from 1 in the configuration, 0: default."""

    number: int
    rule: ReviewRule


@dataclass(frozen=True, slots=True)
class ReviewPolicy:
    """How the hub reviews.

    Attributes:
        default: The mode of what no rule fits; `rate` is its rate.
        rules: The rules, first match first.
        households: What becomes of households without complete consent.
        seed: What draws are made from; at least `SEED_SIZE` bytes wherever anything is sampled.
    """

    default: ReviewMode
    rules: tuple[ReviewRule, ...] = ()
    households: Households = Households.REFUSE
    seed: bytes = b""
    rate: int = 0

    AUTOMATIC: ClassVar[ReviewPolicy]
    MANUAL: ClassVar[ReviewPolicy]

    def choose(self, province: str, business: str) -> Chosen:
        """Return the rule that an application falls under.

        Args:
            province: The province it comes from, by its code.
            business: Its business category.
        """
        for number, rule in enumerate(self.rules, 1):
            if rule.fits(province, business):
                return Chosen(number, rule)
        return Chosen(0, ReviewRule(None, None, self.default, self.rate))


ReviewPolicy.AUTOMATIC = ReviewPolicy(ReviewMode.AUTOMATIC)
ReviewPolicy.MANUAL = ReviewPolicy(ReviewMode.MANUAL)


def per_million(rate: float | None) -> int:
    """Return a rate of 0 to 1 as parts of a million; none is 0, and what is above 0 stays so."""
    return 0 if not rate else max(1, round(rate * MILLION))


def draw(seed: bytes, query: UUID) -> int:
    """Return the number that a query draws, from 0 and below a million; the same for ever.

    It is below a rate for that part of all queries.
    """
    digest = hmac.digest(seed, _CONTEXT + query.bytes, "sha256")
    part = int.from_bytes(digest[: _BITS // 8], "big")
    return part * MILLION >> _BITS


def drawn(rule: ReviewRule, number: int | None) -> bool:
    """Whether an application goes to an operator for the number it drew."""
    return rule.mode is ReviewMode.SAMPLED and number is not None and number < rule.rate
