"""The draw of whose evidence is looked at (R026): repeatable, independent, bounded."""

import hashlib
import hmac
from uuid import UUID

import pytest

from bus.rules.sampling import MAX_DRAWN, fraction, sample

SEED = bytes(range(32))
QUERY = UUID("019c2f00-0000-7000-8000-000000000001")
OTHER = UUID("019c2f00-0000-7000-8000-000000000002")
EVERYBODY = range(1, 25_001)

pytestmark = pytest.mark.requirement("R026")


def test_the_draw_is_the_hmac_that_the_page_says():
    message = b"hedui/evidence-sample/1" + QUERY.bytes + (7).to_bytes(4, "big")
    first = hmac.new(SEED, message, hashlib.sha256).digest()[:8]
    assert fraction(SEED, QUERY, 7) == int.from_bytes(first, "big") / 2**64
    assert 0 <= fraction(SEED, QUERY, 7) < 1


def test_the_same_seed_and_query_draw_the_same_persons_in_any_order():
    drawn = sample(SEED, QUERY, range(1, 1001), 0.05)
    assert drawn == sample(SEED, QUERY, reversed(range(1, 1001)), 0.05)
    assert drawn == tuple(sorted(drawn))
    assert drawn != sample(SEED, OTHER, range(1, 1001), 0.05)
    assert drawn != sample(SEED[::-1], QUERY, range(1, 1001), 0.05)


@pytest.mark.parametrize(
    ("rate", "least", "most"), [(0.0, 0, 0), (0.005, 70, 180), (1.0, 200, 200)]
)
def test_about_the_rate_is_drawn_and_never_more_than_the_limit(rate, least, most):
    assert least <= len(sample(SEED, QUERY, EVERYBODY, rate)) <= most <= MAX_DRAWN


def test_who_is_drawn_at_a_rate_is_drawn_at_every_higher_one():
    few, more = (sample(SEED, QUERY, range(1, 501), rate) for rate in (0.02, 0.2))
    assert set(few) < set(more)


def test_of_too_many_those_with_the_lowest_numbers_are_drawn():
    drawn = sample(SEED, QUERY, EVERYBODY, 1.0)
    bound = max(fraction(SEED, QUERY, person) for person in drawn)
    lower = [p for p in EVERYBODY if fraction(SEED, QUERY, p) <= bound]
    assert tuple(lower) == drawn


def test_doubt_raises_the_rate_for_those_it_is_about_and_never_lowers_it():
    plain = sample(SEED, QUERY, range(1, 1001), 0.05)
    doubted = tuple(range(1, 101))
    raised = sample(SEED, QUERY, range(1, 1001), 0.05, doubted, 1.0)
    assert set(raised) == set(plain) | set(doubted)
    assert sample(SEED, QUERY, range(1, 1001), 0.05, doubted, 0.0) == plain
