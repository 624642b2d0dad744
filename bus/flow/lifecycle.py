"""Every movement of a query between states, as one table. An illegal one changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bus.errors import RefusedError
from bus.model.case import Case, CaseRole, QueryState, RowState

_S = QueryState

TRANSITIONS: dict[CaseRole, dict[QueryState, frozenset[QueryState]]] = {
    CaseRole.REQUESTER: {
        _S.SUBMITTED: frozenset({_S.ACCEPTED, _S.REFUSED}),
        _S.ACCEPTED: frozenset({_S.STARTED, _S.PARTLY_ANSWERED, _S.ANSWERED}),
        _S.STARTED: frozenset({_S.PARTLY_ANSWERED, _S.ANSWERED}),
        _S.PARTLY_ANSWERED: frozenset({_S.ANSWERED}),
        _S.ANSWERED: frozenset({_S.DELIVERED}),
    },
    CaseRole.REVIEWER: {
        _S.SUBMITTED: frozenset({_S.UNDER_REVIEW}),
        _S.UNDER_REVIEW: frozenset({_S.ACCEPTED, _S.REFUSED}),
        _S.ACCEPTED: frozenset({_S.STARTED, _S.PARTLY_ANSWERED, _S.ANSWERED}),
        _S.STARTED: frozenset({_S.PARTLY_ANSWERED, _S.ANSWERED}),
        _S.PARTLY_ANSWERED: frozenset({_S.ANSWERED}),
        _S.ANSWERED: frozenset({_S.DELIVERED}),
    },
    CaseRole.PROVIDER: {
        _S.STARTED: frozenset({_S.PARTLY_ANSWERED, _S.ANSWERED}),
        _S.PARTLY_ANSWERED: frozenset({_S.ANSWERED}),
        # Further parts of the same query may still come.
        _S.ANSWERED: frozenset({_S.PARTLY_ANSWERED, _S.STARTED}),
    },
    CaseRole.AGENCY: {
        _S.STARTED: frozenset({_S.PARTLY_ANSWERED, _S.ANSWERED}),
        _S.PARTLY_ANSWERED: frozenset({_S.ANSWERED}),
        _S.ANSWERED: frozenset({_S.PARTLY_ANSWERED, _S.STARTED, _S.DELIVERED}),
    },
}


def move(case: Case, to: QueryState, now: datetime) -> Case:
    """Return the case in another state.

    Raises:
        RefusedError: `ILLEGAL_STATE` when the table has no such movement.
    """
    if to not in TRANSITIONS[case.role].get(case.state, frozenset()):
        raise RefusedError(
            "ILLEGAL_STATE",
            f"查询处于 {case.state}，不能转为 {to}",
            f"the query is {case.state} and cannot become {to}",
            where=str(case.query),
        )
    return replace(case, state=to, updated=now)


def settle(case: Case, now: datetime) -> Case:
    """Return the case in the state its rows imply: started, partly answered, or answered.

    Complete = no open row.
    """
    open_rows = sum(row.state is RowState.OPEN for row in case.rows)
    answered = sum(row.state is RowState.ANSWERED for row in case.rows)
    begun = _S.PARTLY_ANSWERED if answered else _S.STARTED
    implied = begun if open_rows else _S.ANSWERED
    if implied is case.state:
        return replace(case, updated=now)
    return move(case, implied, now)
