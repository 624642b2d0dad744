"""A fixed number of mutants, always the same: none is taken, nothing is raised."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from envelope_mutations import ARRIVALS, MUTATIONS, mutate
from fuzz_envelope import Account, run_chunk
from fuzz_world import Country

SEED = 20260302
CHUNKS = 20
REACHED = {
    "CE_HEADER_MISMATCH",
    "CHAIN_BROKEN",
    "CHAIN_DIGEST",
    "CHAIN_DIRECTION",
    "DIRECTORY_BEHIND",
    "CHAIN_ROLE",
    "EXTENSION_CRITICAL",
    "FROM_FUTURE",
    "HEADER_FIELD",
    "KEY_MISMATCH",
    "KIND_DESTINATION",
    "KIND_ORIGIN",
    "KIND_UNKNOWN",
    "LIFETIME",
    "LIMIT",
    "MAGIC",
    "MALFORMED",
    "NOT_CANONICAL",
    "PROOF_INVALID",
    "SIGNATURE_FORM",
    "SIGNATURE_INVALID",
    "SIGNER_MISMATCH",
    "SIGNER_UNKNOWN",
    "SUITE_UNKNOWN",
    "TIME_ORDER",
    "WRONG_HOP",
    "WRONG_PEER",
}


@pytest.fixture(scope="module")
def country():
    found = Country()
    assert len(found.known) == len(found.valid) > 30
    return found


@pytest.mark.requirement("R011")
def test_20_000_mutants_are_refused_and_nothing_is_raised(country):
    account = Account()
    for number in range(CHUNKS):
        account.add(run_chunk(country, SEED, number))
    assert account.faults == []
    assert (account.opened, account.accepted, account.raised) == (1000 * CHUNKS, 0, 0)
    # A message sent again, where and when it may be, is that message; Kafka headers are no part.
    assert set(account.same) == {"replayed", "other headers"}
    ways, codes = Counter(), Counter()
    for (how, code), count in account.endings.items():
        ways[how] += count
        codes[code] += count
    assert set(ways) == {*MUTATIONS, *ARRIVALS}
    assert min(ways.values()) > 50
    # They get past the parser, each check in its turn.
    assert set(codes) >= REACHED
    assert codes["SIGNATURE_INVALID"] + codes["CHAIN_DIGEST"] > account.opened // 10


def test_the_same_seed_makes_the_same_mutants(country):
    one, two = (run_chunk(country, SEED, 3, 200) for _ in range(2))
    assert one == two
    assert run_chunk(country, SEED, 4, 200) != one


@pytest.mark.parametrize("how", MUTATIONS)
def test_every_way_changes_something(country, how):
    choose = Random(SEED)  # noqa: S311 - repeatable
    found = [MUTATIONS[how](choose, v, country.valid[0]) != v.data for v in country.valid[1:]]
    assert sum(found) > len(found) // 4


def test_a_mutant_that_is_taken_is_a_fault(country, monkeypatch):
    # An opener that looks at the first message only, whatever arrives.
    first = country.valid[0]
    verdict = country.open(first.data, first.now, first.arrival)
    blind = Country()
    assert blind.known
    monkeypatch.setattr(blind, "open", lambda _data, _now, _arrival: verdict)
    account = run_chunk(blind, SEED, 0, 50)
    assert account.accepted > 20
    assert account.accepted + account.same.total() == account.opened
    assert len(account.faults) == account.accepted


def test_an_exception_is_a_fault_that_says_how_to_repeat_it(country, monkeypatch):
    broken = Country()
    assert broken.known

    def raises(data, now, arrival):
        raise ValueError

    monkeypatch.setattr(broken, "open", raises)
    account = run_chunk(broken, SEED, 7, 5)
    assert account.raised == 5
    assert account.faults[0].startswith(f"seed {SEED}, chunk 7, mutant 1: ")
    assert "ValueError" in account.faults[0]


def test_nothing_comes_out_where_nothing_changed(country):
    choose = Random(SEED)  # noqa: S311 - repeatable
    for _ in range(300):
        valid, donor = choose.choice(country.valid), choose.choice(country.valid)
        mutant = mutate(choose, valid, donor)
        if mutant is not None:
            assert mutant[1:] != (valid.data, valid.arrival)
