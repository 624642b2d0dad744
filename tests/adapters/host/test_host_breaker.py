"""The breaker: every movement, the pauses, and a clock that is set back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from adapters.host.breaker import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MOVEMENTS,
    Breaker,
    BreakerState,
    Happening,
    pause_after,
)

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
NO_CHANCE, ALL_CHANCE = b"\x00", b"\xff"
SECOND = timedelta(seconds=1)


def failed(breaker=None, now=NOW, chance=NO_CHANCE):
    return (breaker or Breaker()).after_failure("SOURCE_FAILED", "dk", now, chance)


def test_a_failure_opens_it_a_trial_decides_and_an_answer_closes_it():
    opened = failed()
    assert (opened.state, opened.since, opened.code) == (BreakerState.OPEN, NOW, "SOURCE_FAILED")
    assert opened.at(NOW + FIRST_PAUSE - SECOND).state is BreakerState.OPEN
    trial = opened.at(NOW + FIRST_PAUSE)
    assert trial.state is BreakerState.HALF_OPEN
    assert trial.after_answer() == Breaker()
    again = failed(trial, NOW + FIRST_PAUSE)
    assert (again.state, again.failures, again.since) == (BreakerState.OPEN, 2, NOW)
    assert again.at(NOW + FIRST_PAUSE * 3 - SECOND).state is BreakerState.OPEN
    assert again.at(NOW + FIRST_PAUSE * 3).state is BreakerState.HALF_OPEN


def test_what_was_under_way_when_it_opened_says_nothing_new():
    opened = failed()
    assert failed(opened, NOW + SECOND) == opened
    assert opened.after_answer() == opened


def test_an_answer_while_all_is_well_changes_nothing():
    assert Breaker().after_answer() == Breaker()
    assert Breaker().at(NOW) == Breaker()


def test_pauses_double_up_to_the_longest():
    pauses = [pause_after(failures) for failures in range(1, 9)]
    assert [pause.total_seconds() for pause in pauses] == [5, 10, 20, 40, 80, 160, 300, 300]
    assert pause_after(10_000) == LONGEST_PAUSE


def test_chance_shortens_a_pause_by_a_quarter_at_most():
    shortest = failed(chance=ALL_CHANCE).again - NOW
    assert FIRST_PAUSE * 0.75 <= shortest < FIRST_PAUSE * 0.76
    assert failed().again - NOW == FIRST_PAUSE


def test_a_clock_set_back_does_not_stretch_a_pause_or_the_outage():
    opened = failed()
    earlier = NOW - timedelta(hours=1)
    trial = opened.at(earlier)
    assert trial.state is BreakerState.HALF_OPEN
    assert failed(trial, earlier).since == earlier


@pytest.mark.parametrize(("state", "happening"), [*product(BreakerState, Happening)])
def test_the_table_names_every_movement_but_a_pause_of_what_is_not_open(state, happening):
    pauses = happening is Happening.PAUSE_OVER and state is not BreakerState.OPEN
    assert ((state, happening) in MOVEMENTS) is not pauses
