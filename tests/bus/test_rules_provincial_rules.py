"""A province's own rules tighten and never relax (R039)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.rules.provincial_rules import ProvincialRule, relaxing, remaining, tightened

pytestmark = pytest.mark.requirement("R039")

FUND = "housing-fund-account"
BUSINESS = "subsistence-allowance"
ITEMS = ("name", "id_number", "balance", "status")
TERMS = st.integers(1, 60)


def rule(number=1, resource=FUND, **said):
    return ProvincialRule(number, resource, **said)


@given(st.lists(st.none() | TERMS, max_size=4), TERMS)
def test_whatever_the_rules_say_the_term_is_never_longer_than_the_catalogues(terms, catalogue):
    rules = [rule(n, term_working_days=term) for n, term in enumerate(terms)]
    said = [term for term in terms if term is not None]
    held = tightened(rules, FUND, BUSINESS, catalogue)
    assert held <= catalogue
    assert held == min([catalogue, *said])
    named = {r.number for r in relaxing(rules, {FUND: catalogue})}
    assert named == {n for n, term in enumerate(terms) if term and term > catalogue}


def test_a_rule_counts_for_its_resource_and_business_only():
    rules = (
        rule(term_working_days=3, business="medical-aid"),
        rule(2, "housing-fund-loan", term_working_days=1),
    )
    assert tightened(rules, FUND, BUSINESS, 5) == 5
    assert tightened(rules, FUND, "medical-aid", 5) == 3
    assert tightened(rules, "housing-fund-loan", BUSINESS, 5) == 1


def test_a_term_as_long_as_the_catalogues_relaxes_nothing_nor_does_one_of_what_nobody_offers():
    assert not relaxing(
        [rule(term_working_days=5), rule(2, "unknown", term_working_days=9)], {FUND: 5}
    )
    assert [r.number for r in relaxing([rule(term_working_days=6)], {FUND: 5})] == [1]


def test_excluded_items_are_left_out_and_who_a_person_is_alone_is_not_worth_asking():
    some = (rule(items_excluded=("balance",)),)
    assert remaining(some, FUND, BUSINESS, ITEMS) == ("name", "id_number", "status")
    assert remaining(some, "housing-fund-loan", BUSINESS, ITEMS) == ITEMS
    both = (*some, rule(2, items_excluded=("status",)))
    assert remaining(both, FUND, BUSINESS, ITEMS) == ()
    assert remaining(both, FUND, BUSINESS, ("name", "id_number")) == ("name", "id_number")
