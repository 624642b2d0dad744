"""Whether everybody holds the same at the end of a play, and each row was closed exactly once."""

from __future__ import annotations

from collections.abc import Iterator

from interleaving import Country
from interleaving_desks import Desk
from interleaving_world import TREE, directory

from bus.model.case import CaseRole, QueryState, RowState
from signer.identity import HUB

_S, _R = QueryState, CaseRole

ENDS = {
    _S.DELIVERED: {_R.REVIEWER: _S.DELIVERED, _R.PROVIDER: _S.ANSWERED, _R.AGENCY: _S.DELIVERED},
    _S.REFUSED: {_R.REVIEWER: _S.REFUSED},
    _S.CANCELLED: dict.fromkeys((_R.REVIEWER, _R.PROVIDER, _R.AGENCY), _S.CANCELLED),
    _S.EXPIRED: dict.fromkeys((_R.REVIEWER, _R.PROVIDER, _R.AGENCY), _S.EXPIRED),
}
"""How a query has ended at the requester, and then for the others."""

CUT_OFF = {"ROW_CLOSED", "PEER_SUSPENDED", "QUERY_ENDED", "DISPATCH_TWICE"}
RUN_OUT = {"QUERY_ENDED"}
"""What may be refused where somebody is cut off, and where orders have run out; else nothing."""


def disagreements(country: Country) -> list[str]:
    """Return what participants hold differently, and whatever else is not as it should be."""
    own = country.own.cases[_R.REQUESTER]
    if own.state not in ENDS:
        return [f"not ended: {own.state}"]
    cut = country.desks[HUB].suspended
    gone = {name for name in TREE if cut in directory(cut).path_up(name)} if cut else set()
    found = list(_counted(country))
    for name, desk in country.desks.items():
        if name not in gone:
            found += [f"{name}: {one}" for one in _ended(desk, ENDS[own.state])]
        if not cut and not country.ran_out:
            found += [f"{name}: {one}" for one in _answers(country, desk)]
            found += [f"{name}: parked {one.kind}" for one in desk.parked]
        allowed = (CUT_OFF if cut else set()) | (RUN_OUT if country.ran_out else set())
        found += [f"{name}: refused {one}" for one in desk.refused if one[1] not in allowed]
    if country.case(HUB, _R.REVIEWER) is None and own.state is not _S.REFUSED:
        found.append("the hub does not know it")
    return found


def _ended(desk: Desk, ends: dict[CaseRole, QueryState]) -> Iterator[str]:
    for role, case in desk.cases.items():
        if role in ends and case.state is not ends[role]:
            yield f"{role} is {case.state}"
        still = [row.holder for row in case.rows if row.state is RowState.OPEN]
        if still:
            yield f"{role} waits for {still}"


def _counted(country: Country) -> Iterator[str]:
    books = country.books
    for key, times in books.closed.items():
        if times != 1 + books.opened[key]:
            yield f"closed {times} times: {key}"
    for key in books.changed:
        yield f"changed after its end: {key}"


def _answers(country: Country, desk: Desk) -> Iterator[str]:
    """What the requester took is what everybody on its way passed on."""
    own = country.own.cases[_R.REQUESTER]
    taken = {row.order: row.fragments for row in own.rows if row.state is RowState.ANSWERED}
    for case in desk.cases.values():
        for row in case.rows:
            passed = row.state is RowState.ANSWERED and row.fragments
            if passed and taken.get(row.order) != row.fragments:
                yield f"another answer of {row.holder}"
