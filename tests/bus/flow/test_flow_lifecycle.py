"""Movements between states: only those of the table, and each state can be reached."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest
from flow_samples import NOW, case, row
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import RefusedError
from bus.flow.lifecycle import TRANSITIONS, move, settle
from bus.model.case import CaseRole, QueryState, RowState, Withdrawal

ROLES = st.sampled_from(CaseRole)
STATES = st.sampled_from(QueryState)
STARTS = {
    CaseRole.REQUESTER: QueryState.SUBMITTED,
    CaseRole.SUPERIOR: QueryState.SUBMITTED,
    CaseRole.REVIEWER: QueryState.SUBMITTED,
    CaseRole.PROVIDER: QueryState.STARTED,
    CaseRole.AGENCY: QueryState.STARTED,
}


@given(ROLES, st.lists(STATES, max_size=12))
def test_a_walk_moves_where_the_table_says_and_nowhere_else(role, wishes):
    at = case(role, STARTS[role])
    for wish in wishes:
        legal = wish in TRANSITIONS[role].get(at.state, frozenset())
        before = replace(at)
        if legal:
            at = move(at, wish, NOW)
            assert at.state is wish
        else:
            with pytest.raises(RefusedError, match="ILLEGAL_STATE"):
                move(at, wish, NOW)
            assert at == before


@pytest.mark.parametrize("role", CaseRole)
def test_every_state_the_table_names_can_be_reached(role):
    reached, todo = {STARTS[role]}, deque([STARTS[role]])
    while todo:
        for following in TRANSITIONS[role].get(todo.popleft(), frozenset()):
            if following not in reached:
                reached.add(following)
                todo.append(following)
    named = set(TRANSITIONS[role]).union(*TRANSITIONS[role].values())
    assert named <= reached


@pytest.mark.parametrize("role", [CaseRole.REQUESTER, CaseRole.REVIEWER])
def test_the_end_is_the_end(role):
    for end in (QueryState.REFUSED, QueryState.CANCELLED):
        assert not TRANSITIONS[role].get(end)
    # Where two timers race, the hub's decision wins.
    after = {QueryState.EXPIRED} if role is CaseRole.REQUESTER else set()
    assert TRANSITIONS[role].get(QueryState.DELIVERED, set()) == after


@pytest.mark.requirement("R031")
@pytest.mark.parametrize(
    ("role", "confirmed", "state", "end"),
    [
        (CaseRole.PROVIDER, False, RowState.OPEN, QueryState.CANCELLING),
        (CaseRole.PROVIDER, False, RowState.UNSERVED, QueryState.CANCELLED),
        (CaseRole.REVIEWER, True, RowState.UNSERVED, QueryState.CANCELLING),
        (CaseRole.REQUESTER, False, RowState.UNSERVED, QueryState.CANCELLING),
        (CaseRole.REQUESTER, True, RowState.OPEN, QueryState.CANCELLING),
        (CaseRole.REQUESTER, True, RowState.ANSWERED, QueryState.CANCELLED),
    ],
)
def test_the_last_row_cancels_what_is_withdrawn_and_confirmed(role, confirmed, state, end):
    at = case(
        role,
        QueryState.CANCELLING,
        rows=(row(state=state),),
        withdrawal=Withdrawal("NOT_NEEDED", NOW, confirmed),
    )
    assert settle(at, NOW).state is end


@given(st.lists(st.sampled_from(RowState), max_size=6))
def test_the_state_is_what_the_rows_say(states):
    rows = tuple(row(mark=n, state=state) for n, state in enumerate(states))
    settled = settle(case(rows=rows), NOW)
    if RowState.OPEN not in states:
        assert settled.state is QueryState.ANSWERED
    elif RowState.ANSWERED in states:
        assert settled.state is QueryState.PARTLY_ANSWERED
    else:
        assert settled.state is QueryState.STARTED
    assert settled.rows == rows
    assert settle(settled, NOW) == settled
