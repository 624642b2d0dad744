"""Hypothesis walks one query at everybody: whatever happens, in whatever state, nothing breaks."""

from __future__ import annotations

from random import Random

import interleaving_desks as desks
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from interleaving import Plot, begin, finish, hand_over
from interleaving_agreement import disagreements
from interleaving_world import AGENCIES

from bus.errors import InputError, PendingError, RefusedError
from bus.flow.expiry import application_ends, orders_end, orders_ran_out
from bus.flow.lifecycle import TRANSITIONS
from bus.model.case import CaseRole, QueryState, RowState
from signer.identity import HUB

COLLECTING = (None, QueryState.SUBMITTED)
"""There is nothing to decide on yet."""


def reachable(role, start, steps=3):
    """The states a few legal movements lead to; one letter may bring about several."""
    found = {start}
    for _ in range(steps):
        found |= {to for state in found for to in TRANSITIONS[role].get(state, ())}
    return found


class Walk(RuleBasedStateMachine):
    """One query; letters and events in any order, also those that may not be."""

    @initialize(own=st.sampled_from(["370000", "321200"]), seed=st.integers(0, 999))
    def start(self, own, seed):
        self.rng = Random(seed)  # noqa: S311 - it only shuffles
        self.country = begin(Plot(seed, requester=own))

    def state(self, name, role):
        return self.country.state(name, role)

    def cases(self):
        return {name: dict(desk.cases) for name, desk in self.country.desks.items()}

    @precondition(lambda self: self.country.air)
    @rule(place=st.integers(0, 999), again=st.booleans())
    def a_letter_arrives(self, place, again):
        air = self.country.air
        letter = air[place % len(air)] if again else air.pop(place % len(air))
        hand_over(self.country, letter)

    def attempt(self, doing):
        """Try something that the state may not allow: then it says so and changes nothing."""
        before, refusal = self.cases(), None
        try:
            self.country.air += doing()
        except (InputError, RefusedError, PendingError) as error:
            refusal = error
        if refusal is not None:
            assert refusal.code
            assert self.cases() == before

    @rule()
    def the_requester_withdraws(self):
        self.attempt(lambda: desks.withdraw(self.country.own, self.country.now))

    @rule(late=st.booleans())
    def the_requester_gives_up_waiting(self, late):
        case = self.country.own.cases[CaseRole.REQUESTER]
        now = application_ends(case) if late else self.country.now
        self.attempt(lambda: desks.run_out_undecided(self.country.own, now))

    @precondition(lambda self: self.state(HUB, CaseRole.REVIEWER) not in COLLECTING)
    @rule(accepted=st.booleans())
    def the_hub_decides(self, accepted):
        hub = self.country.desks[HUB]
        self.attempt(lambda: desks.decide(hub, self.country.now, accepted=accepted))

    @precondition(lambda self: self.state("320000", CaseRole.SUPERIOR) not in COLLECTING)
    @rule(yes=st.booleans())
    def the_province_decides(self, yes):
        province = self.country.desks["320000"]
        self.attempt(lambda: desks.assent(province, self.country.now, yes=yes))

    @rule(name=st.sampled_from(AGENCIES))
    def an_agency_works(self, name):
        desk = self.country.desks[name]
        case = desk.cases.get(CaseRole.AGENCY)
        if case is not None and any(row.state is RowState.OPEN for row in case.rows):
            self.country.air += desks.work(desk, self.rng, self.country.now)

    @precondition(lambda self: CaseRole.REVIEWER in self.country.desks[HUB].cases)
    @rule(late=st.booleans())
    def the_orders_run_out(self, late):
        hub = self.country.desks[HUB]
        case = hub.cases[CaseRole.REVIEWER]
        end = orders_end(case)
        if late and orders_ran_out(case, end):
            self.country.now, self.country.ran_out = end, True
        self.attempt(lambda: desks.run_out(hub, self.country.now))

    @invariant()
    def every_movement_was_legal(self):
        if hasattr(self, "country"):
            for role, start, end in self.country.books.moved:
                assert end in reachable(role, start), (role, start, end)

    def teardown(self):
        if hasattr(self, "country"):
            assert not disagreements(finish(self.country))


Walk.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestWalk = Walk.TestCase
