"""Every movement of a query between states, as one table. An illegal one changes nothing.

The picture of it, with what each movement means, is `docs/spec/lifecycle.md`, made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bus.errors import RefusedError
from bus.model.case import Case, CaseRole, QueryState, RowState

_S = QueryState


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement: what brings it about, and the statement it follows."""

    start: QueryState
    end: QueryState
    zh: str
    en: str
    requirement: str


_DECIDED = (
    Movement(_S.ACCEPTED, _S.STARTED, "已下达指令", "orders were given", "R028"),
    Movement(_S.ACCEPTED, _S.PARTLY_ANSWERED, "下达时已有反馈", "some rows were known", "R029"),
    Movement(_S.ACCEPTED, _S.ANSWERED, "无人可询", "nobody can be asked", "R073"),
)

_ROWS = (
    Movement(_S.STARTED, _S.PARTLY_ANSWERED, "首项反馈", "a first row is answered", "R029"),
    Movement(_S.STARTED, _S.ANSWERED, "无未结项", "no row is open", "R029"),
    Movement(_S.PARTLY_ANSWERED, _S.ANSWERED, "无未结项", "no row is open", "R029"),
    Movement(_S.STARTED, _S.DELAYED, "延期通知", "notice of a delay", "R030"),
    Movement(_S.PARTLY_ANSWERED, _S.DELAYED, "延期通知", "notice of a delay", "R030"),
    Movement(_S.DELAYED, _S.STARTED, "延期项已结", "the delayed rows are closed", "R030"),
    Movement(_S.DELAYED, _S.PARTLY_ANSWERED, "延期项已结", "the delayed rows are closed", "R030"),
    Movement(_S.DELAYED, _S.ANSWERED, "无未结项", "no row is open", "R029"),
)

_AGAIN = (
    Movement(_S.ANSWERED, _S.STARTED, "又有分册", "a further part came", "R018"),
    Movement(_S.ANSWERED, _S.PARTLY_ANSWERED, "又有分册", "a further part came", "R018"),
    Movement(_S.ANSWERED, _S.DELAYED, "又有分册", "a further part came", "R018"),
)


def _withdrawn(*states: QueryState) -> tuple[Movement, ...]:
    return tuple(
        Movement(state, _S.CANCELLING, "申请方撤销", "the requester withdraws", "R031")
        for state in states
    )


def _expired(*states: QueryState) -> tuple[Movement, ...]:
    return tuple(
        Movement(state, _S.EXPIRED, "指令有效期已过", "the orders have run out", "R029")
        for state in states
    )


RUNNING = (_S.STARTED, _S.PARTLY_ANSWERED, _S.DELAYED)
"""The states in which something is owed and worked on."""

ENDED = (_S.CANCELLED, _S.EXPIRED)
"""The states of a query that was ended before its time."""

_ORDERED = (*RUNNING, _S.ANSWERED)
"""The states of a participant that was given an order, while the query goes on."""

_STOPPED = Movement(_S.CANCELLING, _S.CANCELLED, "各方已停办", "everybody has stopped", "R031")

MOVEMENTS: dict[CaseRole, tuple[Movement, ...]] = {
    CaseRole.REQUESTER: (
        Movement(_S.SUBMITTED, _S.ACCEPTED, "部中心受理", "the hub accepts", "R025"),
        Movement(
            _S.SUBMITTED, _S.REFUSED, "不予同意或受理", "province or hub refuses", "R006, R027"
        ),
        *_DECIDED,
        *_ROWS,
        Movement(_S.ANSWERED, _S.DELIVERED, "签收", "everything is receipted", "R029"),
        *_withdrawn(_S.SUBMITTED, _S.ACCEPTED, *RUNNING),
        _STOPPED,
        Movement(_S.CANCELLING, _S.REFUSED, "部中心已拒绝", "the hub had refused", "R027"),
        Movement(_S.SUBMITTED, _S.EXPIRED, "逾期未获决定", "no decision in time", "R028"),
        *_expired(_S.ACCEPTED, *RUNNING, _S.CANCELLING),
        # Where two timers race, the hub's decision wins.
        Movement(_S.EXPIRED, _S.ACCEPTED, "部中心其实已受理", "the hub had accepted", "R028"),
        Movement(_S.EXPIRED, _S.REFUSED, "部中心其实已拒绝", "the hub had refused", "R027"),
        Movement(_S.DELIVERED, _S.EXPIRED, "签收前已过期", "it had run out before", "R029"),
    ),
    CaseRole.SUPERIOR: (
        Movement(_S.SUBMITTED, _S.UNDER_REVIEW, "申请到齐", "all parts are here", "R006"),
        Movement(_S.SUBMITTED, _S.REFUSED, "逾期未到齐", "parts are missing too long", "R025"),
        Movement(_S.UNDER_REVIEW, _S.ACCEPTED, "省级同意上报", "the province assents", "R006"),
        Movement(_S.UNDER_REVIEW, _S.REFUSED, "省级不同意", "the province refuses", "R006"),
        Movement(_S.ACCEPTED, _S.SUBMITTED, "部中心退回补正", "the hub returns it", "R067"),
        Movement(_S.SUBMITTED, _S.CANCELLED, "未同意即撤销", "withdrawn before", "R031"),
        Movement(_S.UNDER_REVIEW, _S.CANCELLED, "未同意即撤销", "withdrawn before", "R031"),
    ),
    CaseRole.REVIEWER: (
        Movement(_S.SUBMITTED, _S.UNDER_REVIEW, "申请到齐", "all parts are here", "R025"),
        Movement(_S.SUBMITTED, _S.REFUSED, "逾期未到齐", "parts are missing too long", "R025"),
        Movement(_S.UNDER_REVIEW, _S.SUBMITTED, "退回补正", "returned to be mended", "R067"),
        Movement(_S.UNDER_REVIEW, _S.ACCEPTED, "受理", "accepted", "R025"),
        Movement(_S.UNDER_REVIEW, _S.REFUSED, "拒绝", "refused", "R027"),
        *_DECIDED,
        *_ROWS,
        Movement(_S.ANSWERED, _S.DELIVERED, "申请方签收", "the requester's receipt", "R029"),
        Movement(_S.SUBMITTED, _S.CANCELLED, "未受理即撤销", "withdrawn before", "R031"),
        Movement(_S.UNDER_REVIEW, _S.CANCELLED, "未受理即撤销", "withdrawn before", "R031"),
        *_withdrawn(*_ORDERED),
        _STOPPED,
        *_expired(*RUNNING),
    ),
    CaseRole.PROVIDER: (
        *_ROWS,
        # Further parts of the same query may still come.
        *_AGAIN,
        *_withdrawn(*_ORDERED),
        _STOPPED,
        *_expired(*_ORDERED),
    ),
    CaseRole.AGENCY: (
        *_ROWS,
        *_AGAIN,
        Movement(_S.ANSWERED, _S.DELIVERED, "申请方签收", "the requester's receipt", "R029"),
        # An agency stops at once; also where the receipt for a withdrawn query came first.
        *(
            Movement(state, _S.CANCELLED, "申请方撤销", "the requester withdraws", "R031")
            for state in (*_ORDERED, _S.DELIVERED)
        ),
        *_expired(*_ORDERED, _S.DELIVERED),
    ),
}
"""Every movement there is, by the capacity in which the case is kept."""

TRANSITIONS: dict[CaseRole, dict[QueryState, frozenset[QueryState]]] = {
    role: {
        state: frozenset(m.end for m in movements if m.start is state)
        for state in QueryState
        if any(m.start is state for m in movements)
    }
    for role, movements in MOVEMENTS.items()
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
    """Return the case in the state its rows imply: started, partly answered, delayed or answered.

    Complete = no open row. A case that is being withdrawn is cancelled by its last row (R031); the
    hub's by the requester's receipt, and the requester's not before the hub has confirmed.
    """
    if case.state is QueryState.CANCELLING:
        return _stopped(case, now)
    implied = _implied(case)
    if implied is case.state:
        return replace(case, updated=now)
    return move(case, implied, now)


def _stopped(case: Case, now: datetime) -> Case:
    asked = case.role is CaseRole.REQUESTER
    confirmed = not asked or (case.withdrawal is not None and case.withdrawal.confirmed)
    owed = any(row.state is RowState.OPEN for row in case.rows)
    if owed or not confirmed or case.role is CaseRole.REVIEWER:
        return replace(case, updated=now)
    return move(case, QueryState.CANCELLED, now)


def _implied(case: Case) -> QueryState:
    open_rows = [row for row in case.rows if row.state is RowState.OPEN]
    if not open_rows:
        return _S.ANSWERED
    if any(row.delay is not None for row in open_rows):
        return _S.DELAYED
    answered = any(row.state is RowState.ANSWERED for row in case.rows)
    return _S.PARTLY_ANSWERED if answered else _S.STARTED
