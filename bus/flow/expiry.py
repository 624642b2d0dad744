"""过期: what nobody finished in its time ends by itself (side door).

Orders can be taken for as long as the roster parts they stand on live, 30 days: then nothing that
is still owed can come in time, and the hub ends the query at everybody, by the messages of a
withdrawal. An application lives 7 days: where no decision came by then, its requester ends it; the
hub's decision wins if it comes after all.
"""

from __future__ import annotations

from datetime import datetime

from bus.errors import RefusedError
from bus.flow.lifecycle import RUNNING, move
from bus.flow.stopping import EXPIRED, Stopped, close_open, pass_on, reply_message
from bus.model.cancellation import RAN_OUT, Cancellation, Ending
from bus.model.case import Case, CaseRole, QueryState
from signer.directory.view import Directory
from signer.envelope.chain import SKEW
from signer.envelope.kinds import KINDS, Kind
from signer.identity import HUB


def orders_end(case: Case) -> datetime:
    """Return when the orders of a query have run out wherever they are: after 30 days.

    Args:
        case: The hub's case, opened when the first part arrived.
    """
    return case.opened + KINDS[Kind.ROSTER].lifetime + SKEW


def orders_ran_out(case: Case, now: datetime) -> bool:
    """Whether the hub must end a query because its orders have run out; see `expire`."""
    owing = case.state in (*RUNNING, QueryState.CANCELLING)
    return case.role is CaseRole.REVIEWER and owing and now >= orders_end(case)


def expire(case: Case, directory: Directory, now: datetime) -> Stopped:
    """Return the hub's case that has run out, and whom the hub tells: its children, the requester.

    A query that was being withdrawn is CANCELLED, with its open rows EXPIRED.

    Raises:
        RefusedError: `ORDERS_NOT_RUN_OUT`: `orders_ran_out` is false.
    """
    if not orders_ran_out(case, now):
        raise RefusedError(
            "ORDERS_NOT_RUN_OUT", "指令仍在有效期内", "nothing has run out", where=str(case.query)
        )
    withdrawn = case.state is QueryState.CANCELLING
    ending = Ending.CANCELLED if withdrawn else Ending.EXPIRED
    body = Cancellation(case.application or b"", ending, RAN_OUT, now)
    state = QueryState.CANCELLED if withdrawn else QueryState.EXPIRED
    after = move(close_open(case, EXPIRED, now), state, now)
    ours = reply_message(case, HUB, body, directory, None, now)
    return Stopped(after, (*pass_on(case, HUB, body, directory), ours))


def application_ends(case: Case) -> datetime:
    """Return when an application has run out undecided: after 7 days.

    Args:
        case: The requester's case.
    """
    return case.opened + KINDS[Kind.APPLICATION].lifetime + SKEW


def application_ran_out(case: Case, now: datetime) -> bool:
    """Whether the requester must end a query of which it has heard no decision in time."""
    waiting = case.role is CaseRole.REQUESTER and case.state is QueryState.SUBMITTED
    return waiting and now >= application_ends(case)


def expire_application(case: Case, now: datetime) -> Case:
    """Return the requester's case that has run out without a decision. Nobody is told.

    Raises:
        RefusedError: `APPLICATION_NOT_RUN_OUT`: `application_ran_out` is false.
    """
    if not application_ran_out(case, now):
        raise RefusedError(
            "APPLICATION_NOT_RUN_OUT", "申请仍在有效期内", "it is not over", where=str(case.query)
        )
    return move(case, QueryState.EXPIRED, now)
