"""Whether everybody holds the same of a query, which they know of each other by messages alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from adapters.country.country import Country
from bus.flow.stopping import EXPIRED
from bus.model.case import Case, CaseRole, QueryState, Row, RowState

_S, _R = QueryState, CaseRole

ENDS: Mapping[QueryState, Mapping[CaseRole, frozenset[QueryState]]] = MappingProxyType(
    {
        _S.DELIVERED: {
            _R.SUPERIOR: frozenset({_S.ACCEPTED}),
            _R.REVIEWER: frozenset({_S.DELIVERED}),
            _R.PROVIDER: frozenset({_S.ANSWERED}),
            _R.AGENCY: frozenset({_S.DELIVERED}),
        },
        _S.REFUSED: {
            _R.SUPERIOR: frozenset({_S.ACCEPTED, _S.REFUSED}),
            _R.REVIEWER: frozenset({_S.REFUSED}),
        },
        _S.CANCELLED: {
            _R.SUPERIOR: frozenset({_S.ACCEPTED, _S.CANCELLED}),
            _R.REVIEWER: frozenset({_S.CANCELLED}),
            _R.PROVIDER: frozenset({_S.CANCELLED}),
            _R.AGENCY: frozenset({_S.CANCELLED}),
        },
        _S.EXPIRED: {
            _R.SUPERIOR: frozenset({_S.ACCEPTED}),
            _R.REVIEWER: frozenset({_S.EXPIRED}),
            _R.PROVIDER: frozenset({_S.EXPIRED}),
            _R.AGENCY: frozenset({_S.EXPIRED}),
        },
    }
)
"""How a query ends at the requester → how it has then ended for the others; who is not named
never heard of it."""


@dataclass(frozen=True, slots=True)
class Held:
    """One participant's case of a query."""

    participant: str
    case: Case


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What two participants hold differently of a query, in Chinese and English."""

    query: UUID
    zh: str
    en: str


async def held(country: Country, query: UUID) -> tuple[Held, ...]:
    """Return everybody's cases of a query: the requester's, the hub's, then those below."""
    found = []
    for name, desk in country.desks.items():
        async with desk.store.transaction() as unit:
            for role in CaseRole:
                case = await unit.case(query, role)
                if case is not None:
                    found.append(Held(name, case))
    order = list(CaseRole)
    return tuple(sorted(found, key=lambda one: (order.index(one.case.role), one.participant)))


def disagreements(
    query: UUID, held: Sequence[Held], excused: Collection[str] = ()
) -> tuple[Disagreement, ...]:
    """Return where the cases of an ended query differ from the requester's.

    Args:
        query: The query.
        held: Everybody's cases of it.
        excused: Participants that were cut off from it, with those below them: what they have done
            since counts for nothing.
    """
    asked = [one.case for one in held if one.case.role is CaseRole.REQUESTER]
    if len(asked) != 1:
        return (Disagreement(query, "没有唯一的申请方", "there is not exactly one requester"),)
    own = asked[0]
    ends = ENDS.get(own.state)
    if ends is None:
        return (Disagreement(query, f"查询未终结：{own.state}", f"not ended: {own.state}"),)
    found = []
    below = any(h.case.role is _R.SUPERIOR and h.case.state is _S.REFUSED for h in held)
    if below is any(h.case.role is _R.REVIEWER for h in held):
        zh, en = "部中心没有该查询", "the hub does not know it"
        if below:
            zh, en = "省级不同意的查询到了部中心", "the hub knows what its province refused"
        found.append(Disagreement(query, zh, en))
    near = {own.requester, *(h.participant for h in held if h.case.role is _R.SUPERIOR)}
    within = frozenset(
        row.holder
        for h in held
        if h.participant in near and h.case.role is _R.PROVIDER
        for row in h.case.rows
    )
    for one in held:
        case = one.case
        if case.role is CaseRole.REQUESTER or one.participant in excused:
            continue
        if case.state not in ends.get(case.role, frozenset()):
            found.append(
                Disagreement(
                    query,
                    f"{one.participant}（{case.role}）为 {case.state}，申请方为 {own.state}",
                    f"{one.participant} ({case.role}) says {case.state}, requester {own.state}",
                )
            )
        found += _rows(query, own, one, within)
    found += _unknown(query, own, held)
    return tuple(found)


def _rows(query: UUID, own: Case, other: Held, within: frozenset[str]) -> list[Disagreement]:
    """What the other holds of rows, against the requester's.

    `within` are the agencies of the requester's own province: what they answer does not pass the
    hub, which may have closed their rows as expired when the query ran out.
    """
    known = Counter(_told(row) for row in own.rows)
    theirs = Counter(
        _told(row)
        for row in other.case.rows
        if not (row.code == EXPIRED and row.holder in within and other.case.role is _R.REVIEWER)
    )
    answers = {_name(row): _answers(row) for row in own.rows}
    found = [
        Disagreement(
            query,
            f"{other.participant}（{other.case.role}）的 {row[1]} {row[2]}（{row[3]}）与申请方不同",
            f"{other.participant} ({other.case.role}): {row[1]} of {row[2]} is {row[3]}, differs",
        )
        for row in theirs - known
    ]
    found += [
        Disagreement(
            query,
            f"{other.participant} 登记的反馈与申请方收到的不同：{row.resource} {row.holder}",
            f"{other.participant} counts other answers than came: {row.resource} of {row.holder}",
        )
        for row in other.case.rows
        # What the requester's own agencies answer does not pass the hub.
        if row.fragments and _answers(row) != answers.get(_name(row), _answers(row))
    ]
    if other.case.role is CaseRole.REVIEWER and len(own.rows) != len(other.case.rows):
        found.append(
            Disagreement(
                query,
                f"申请方有 {len(own.rows)} 项，部中心有 {len(other.case.rows)} 项",
                f"the requester has {len(own.rows)} rows, the hub {len(other.case.rows)}",
            )
        )
    return found


def _unknown(query: UUID, own: Case, held: Sequence[Held]) -> list[Disagreement]:
    """Agencies that the requester says have answered, and that know nothing of it."""
    there = {one.participant for one in held if one.case.role is CaseRole.AGENCY}
    answered = {row.holder for row in own.rows if row.leaf and row.state is RowState.ANSWERED}
    return [
        Disagreement(query, f"{name} 没有该查询", f"{name} does not know it")
        for name in sorted(answered - there)
    ]


def _name(row: Row) -> tuple[bytes, int, str, str]:
    return row.order, row.part, row.resource, row.holder


def _told(row: Row) -> tuple[int, str, str, str, str]:
    # Why an answer cannot be used is the requester's knowledge alone.
    code = row.code if row.state is RowState.UNSERVED else None
    return row.part, row.resource, row.holder, row.state, code or ""


def _answers(row: Row) -> frozenset[bytes]:
    return frozenset(fragment.digest for fragment in row.fragments)
