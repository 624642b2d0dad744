"""Whatever the order of messages, everybody ends in the same state, and each row once."""

from __future__ import annotations

from collections import Counter

import interleaving_desks
import pytest
from interleaving import Plot, play, plot
from interleaving_agreement import disagreements

from bus.flow import answer, cancel, delivery, stopping
from bus.model.case import CaseRole, QueryState

BATCHES = 20
A_BATCH = 100
A_NIGHT = 100_000


@pytest.mark.requirement("R018")
@pytest.mark.requirement("R031")
@pytest.mark.parametrize("batch", range(BATCHES))
def test_in_any_order_of_messages_all_participants_agree(batch):
    ends = Counter()
    for seed in range(batch * A_BATCH, (batch + 1) * A_BATCH):
        country = play(plot(seed))
        assert not disagreements(country), plot(seed)
        ends[country.own.cases[CaseRole.REQUESTER].state] += 1
    # Each way to end was gone.
    assert set(ends) == {
        QueryState.DELIVERED,
        QueryState.REFUSED,
        QueryState.CANCELLED,
        QueryState.EXPIRED,
    }


@pytest.mark.nightly
@pytest.mark.slow
def test_a_hundred_thousand_orders_by_night():
    for seed in range(A_NIGHT):
        assert not disagreements(play(plot(seed))), plot(seed)


def test_a_withdrawn_query_of_a_city_is_told_everybody_once():
    country = play(Plot(7, requester="321200", withdrawn=60))
    assert not disagreements(country)
    assert {
        case.state
        for desk in country.desks.values()
        for role, case in desk.cases.items()
        if role is not CaseRole.SUPERIOR
    } == {QueryState.CANCELLED}


def _faults(seeds=200):
    for seed in range(seeds):
        try:
            found = disagreements(play(plot(seed)))
        except Exception as error:  # noqa: BLE001 - a broken step may break anything
            found = [type(error).__name__]
        yield from found


def _no_reply(case, *_rest):
    return case


def _answer_closes_at_once(case, source, reply, country, now):
    """Stops waiting for answers that are on their way."""
    return ACCEPT_REPLY(stopping.close_open(case, "CANCELLED", now), source, reply, country, now)


def _delivers_early(case):
    return case.state is QueryState.PARTLY_ANSWERED or RECEIPTS_DUE(case)


def _never_passes_on(*_arguments):
    return ()


def _takes_twice(case, header, digest, now):
    taken = ACCEPT_ANSWER(case, header, digest, now)
    return taken if taken.role is not CaseRole.REVIEWER else case


ACCEPT_REPLY = cancel.accept_reply
RECEIPTS_DUE = delivery.receipts_due
ACCEPT_ANSWER = answer.accept_answer

BROKEN = {
    "a reply closes nothing": (cancel, "accept_reply", _no_reply),
    "answers on their way are given up": (cancel, "accept_reply", _answer_closes_at_once),
    "nobody below is told": (cancel, "pass_on", _never_passes_on),
    "receipts before everything is there": (delivery, "receipts_due", _delivers_early),
    "the hub loses an answer": (interleaving_desks, "accept_answer", _takes_twice),
    "a suspended province is waited for": (
        interleaving_desks,
        "close_cut_off",
        lambda case, *_rest: case,
    ),
}


@pytest.mark.parametrize("step", BROKEN)
def test_a_broken_step_is_noticed(monkeypatch, step):
    """The driver finds faults where there are some."""
    module, name, broken = BROKEN[step]
    monkeypatch.setattr(module, name, broken)
    assert any(_faults())


def test_the_same_seeds_find_nothing_where_nothing_is_broken():
    assert not list(_faults(60))
