"""暂停与退出: what is owed by somebody who may not answer any more ends with a code (R007, R014).

Whoever is suspended, has left, or stands below such a one, can hand nothing over. A row it owes
would hang; so every centre that keeps the row closes it by itself, from the directory that all of
them read, and the query goes on to its end with a gap. What comes later is recorded only.

The requester's own suspension is another matter: its queries wait, and end when it is back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bus.catalog.routing import PROVIDER_SUSPENDED
from bus.errors import PendingError, RefusedError
from bus.flow.lifecycle import settle
from bus.model.case import Case, Row, RowState
from signer.directory.view import Directory, Standing
from signer.envelope.format import Header
from signer.envelope.kinds import Kind

SUSPENDED = PROVIDER_SUSPENDED
WITHDRAWN = "PROVIDER_WITHDRAWN"
REQUESTER_GONE = "REQUESTER_WITHDRAWN"

CODES = frozenset({SUSPENDED, WITHDRAWN, REQUESTER_GONE})
"""Why a row was closed although it was ordered."""

_GONE = Standing.WITHDRAWN

_OF_REQUESTERS = frozenset({Kind.APPLICATION, Kind.CONSENT, Kind.ROSTER, Kind.RECEIPT})


def close_cut_off(case: Case, directory: Directory, me: str, now: datetime) -> Case:
    """Return the case with every open row closed whose holder cannot answer; else the same case.

    Args:
        case: A centre's case: the hub's, a node's on the way, or the requester's.
        directory: Who stands how.
        me: The centre.
        now: The present instant.
    """
    asking = _worst(directory, case.requester, me)
    if _own(directory, me) is not Standing.CONNECTED or asking is Standing.SUSPENDED:
        return case  # it waits
    rows = tuple(_closed(row, asking, directory, me, now) for row in case.rows)
    return case if rows == case.rows else settle(replace(case, rows=rows), now)


def cut_off(directory: Directory, participant: str, me: str) -> str | None:
    """Return the code of why a participant cannot hand anything over to me, or None.

    Args:
        directory: Who stands how.
        participant: Who would have to.
        me: Who waits for it; what stands above me is not on its way.
    """
    match _worst(directory, participant, me):
        case Standing.CONNECTED:
            return None
        case Standing.WITHDRAWN:
            return WITHDRAWN
        case _:
            return SUSPENDED


def check_source(header: Header, directory: Directory) -> None:
    """Check that a requester's message may go on: nothing of a suspended one is forwarded.

    Raises:
        PendingError: `SOURCE_SUSPENDED`: it waits for the requester's return.
    """
    source = directory.get(header.source)
    suspended = source is not None and source.standing is Standing.SUSPENDED
    if suspended and header.kind in _OF_REQUESTERS:
        raise PendingError(
            "SOURCE_SUSPENDED",
            "申请方已被暂停，其查询等待恢复",
            "the requester is suspended; its query waits for its return",
            where=header.source,
        )


def row_closed(case: Case) -> RefusedError:
    """Return the refusal of what came for a row that was closed because its holder was cut off."""
    return RefusedError(
        "ROW_CLOSED",
        "该项已因提供方暂停或退出而关闭，迟到的反馈仅作记录",
        "the row was closed when its provider was suspended or left; this is only recorded",
        where=str(case.query),
    )


def was_cut_off(row: Row) -> bool:
    """Whether a row was closed because its holder was cut off."""
    return row.state is RowState.UNSERVED and row.code in CODES


def _closed(row: Row, asking: Standing, directory: Directory, me: str, now: datetime) -> Row:
    if row.state is not RowState.OPEN:
        return row
    code = cut_off(directory, row.holder, me)
    if code is None and asking is _GONE:
        code = REQUESTER_GONE
    if code is None:
        return row
    return replace(row, state=RowState.UNSERVED, closed=now, code=code)


def _own(directory: Directory, me: str) -> Standing:
    found = directory.get(me)
    return _GONE if found is None else found.standing


def _worst(directory: Directory, participant: str, me: str) -> Standing:
    """Return the standing that counts on the way from a participant to me.

    Who is not listed has left. Of several that are not connected, one that left decides.
    """
    path = directory.path_up(participant)
    if not path:
        return _GONE
    mine = directory.path_up(me)
    found = {directory.participants[one].standing for one in path if one not in mine}
    if _GONE in found:
        return _GONE
    return Standing.CONNECTED if found <= {Standing.CONNECTED} else Standing.SUSPENDED
