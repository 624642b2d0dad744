"""Which rule a clean application falls under, and what it draws."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.rules.review_policy import ReviewMode, ReviewPolicy, ReviewRule, draw, drawn, per_million

SEED = b"0123456789abcdef0123456789abcdef"
MANUAL, AUTOMATIC, SAMPLED = ReviewMode.MANUAL, ReviewMode.AUTOMATIC, ReviewMode.SAMPLED


@pytest.mark.requirement("R025")
@pytest.mark.parametrize(
    ("province", "business", "number", "mode"),
    [
        ("370000", "medical-assistance", 1, MANUAL),
        ("370000", "housing-security", 2, AUTOMATIC),
        ("320000", "housing-security", 3, SAMPLED),
        ("320000", "medical-assistance", 0, MANUAL),
    ],
)
def test_the_first_rule_that_fits_decides_else_the_default(province, business, number, mode):
    policy = ReviewPolicy(
        MANUAL,
        (
            ReviewRule("370000", "medical-assistance", MANUAL),
            ReviewRule("370000", None, AUTOMATIC),
            ReviewRule(None, "housing-security", SAMPLED, 100_000),
        ),
    )
    chosen = policy.choose(province, business)
    assert (chosen.number, chosen.rule.mode) == (number, mode)


@pytest.mark.requirement("R026")
def test_a_draw_is_the_hmac_of_the_query_under_the_seed_and_stays_what_it_is():
    # openssl mac -digest SHA256 -macopt hexkey:<SEED in hex> HMAC over the context and 16 bytes.
    first = UUID("0195545a-0000-7000-8000-000000000001")
    assert draw(SEED, first) == 183_483
    assert draw(SEED, first) != draw(SEED[::-1], first)
    assert draw(SEED, first) != draw(SEED, UUID("0195545a-0000-7000-8000-000000000002"))


@given(st.uuids(), st.binary(min_size=32, max_size=64))
def test_a_draw_lies_below_a_million(query, seed):
    assert 0 <= draw(seed, query) < 1_000_000


@pytest.mark.requirement("R026")
def test_about_that_part_is_drawn():
    queries = [UUID(int=number << 64 | 7 << 76 | 1 << 63) for number in range(4000)]
    rule = ReviewRule(None, None, SAMPLED, 50_000)
    taken = sum(drawn(rule, draw(SEED, query)) for query in queries)
    # Binomial: 200 expected, standard deviation 13.8.
    assert 145 < taken < 255


def test_nothing_is_drawn_but_where_something_is_sampled():
    assert drawn(ReviewRule(None, None, SAMPLED, 1_000_000), 999_999)
    assert not drawn(ReviewRule(None, None, SAMPLED, 500_000), 500_000)
    assert not drawn(ReviewRule(None, None, AUTOMATIC, 1_000_000), 0)
    assert not drawn(ReviewRule(None, None, SAMPLED, 1_000_000), None)


@pytest.mark.parametrize(
    ("rate", "parts"), [(None, 0), (0.05, 50_000), (1, 1_000_000), (0.0000001, 1)]
)
def test_a_rate_is_counted_in_millionths(rate, parts):
    assert per_million(rate) == parts
