"""Whose evidence is looked at (抽查, R026): a draw that anybody with the seed can repeat.

★ The rules allow sampling and say neither how many nor how they are chosen. Here each person is
drawn by itself: HMAC-SHA256 under the hub's seed, over the query's id and the person's number,
read as a fraction of one, is below the rate. So a draw depends on nothing that a requester can
see or change after it has submitted, and an auditor who is given the seed finds the same persons.
Persons whom the review found doubtful are drawn at a higher rate.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from uuid import UUID

_LABEL = b"hedui/evidence-sample/1"
_BITS = 64

MAX_DRAWN = 200
"""Persons of one query that are drawn, at most; of more those with the lowest numbers drawn."""


def fraction(seed: bytes, query: UUID, person: int) -> float:
    """Return the number in [0, 1) that a person of a query draws.

    Args:
        seed: The hub's secret seed.
        query: The query's id.
        person: The person's number within the query, from 1.
    """
    drawn = hmac.digest(seed, _LABEL + query.bytes + person.to_bytes(4), "sha256")
    return int.from_bytes(drawn[: _BITS // 8]) / (1 << _BITS)


def sample(
    seed: bytes,
    query: UUID,
    persons: Iterable[int],
    rate: float,
    doubtful: Iterable[int] = (),
    doubt_rate: float = 0.0,
) -> tuple[int, ...]:
    """Return the persons that are drawn, in rising order.

    Args:
        seed: The hub's secret seed.
        query: The query's id.
        persons: Numbers of all persons of the query.
        rate: Share of persons to draw, 0 to 1.
        doubtful: Persons whom the review found doubtful.
        doubt_rate: The share of those; never less than `rate`.
    """
    doubted = set(doubtful)
    drawn = []
    for person in persons:
        number = fraction(seed, query, person)
        if number < (max(rate, doubt_rate) if person in doubted else rate):
            drawn.append((number, person))
    return tuple(sorted(person for _, person in sorted(drawn)[:MAX_DRAWN]))
