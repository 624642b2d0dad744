"""What must be so when the year has passed: states, deadlines, books."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime

from simulate_calendar import due
from simulate_year import Asked

from adapters.country.agreement import Held, disagreements, held
from adapters.country.books import audited
from adapters.country.country import Country
from adapters.country.desk import Desk
from bus.daemon.work import open_stored
from bus.flow.cut_off import was_cut_off
from bus.model.case import Case, CaseRole, Row
from bus.model.messages import Decision
from signer.envelope.kinds import Kind
from signer.identity import HUB, Role

START_WITHIN = 2


@dataclass
class Verdict:
    """What was found: how the queries ended, how many deadlines were counted again, and faults.

    Attributes:
        cut_off: Queries that went on without somebody who was suspended.
        late: Answers of the suspended that were refused when they came at last.
    """

    states: Counter[str] = field(default_factory=Counter)
    deadlines: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    cut_off: int = 0
    late: int = 0


async def judge(country: Country, asked: list[Asked]) -> Verdict:
    """Hold everything against everything else."""
    verdict = Verdict()
    for one in asked:
        cases = await held(country, one.query)
        own = next((h.case for h in cases if h.case.role is CaseRole.REQUESTER), None)
        verdict.states[f"{one.plan.course}: {own.state if own else 'MISSING'}"] += 1
        gone = _cut_off(country, own)
        verdict.cut_off += bool(gone)
        verdict.faults += [
            f"{one.plan.number} {one.plan.course}: {found.en}"
            for found in disagreements(one.query, cases, gone)
        ]
        await _deadlines(country, one, cases, verdict)
    for books in await audited(country):
        late = await _late(country[books.participant])
        verdict.late += late
        tally = replace(books.tally, quarantined=books.tally.quarantined - late)
        if not (books.whole and replace(books, tally=tally).clear):
            verdict.faults.append(f"{books.participant}: books {books.broken} {books.tally}")
    return verdict


def _cut_off(country: Country, own: Case | None) -> frozenset[str]:
    """Whom a query went on without, as one of their line was suspended: above and below it."""
    directory = country.directory
    closed = {row.holder for row in own.rows if was_cut_off(row)} if own else set()
    below = {name for name in directory.participants if closed & {*directory.path_up(name)}}
    return frozenset({p for name in below for p in directory.path_up(name)} - {HUB})


async def _late(desk: Desk) -> int:
    """How many answers of the suspended came back after their rows had been closed."""
    async with desk.store.transaction() as unit:
        refused = await unit.quarantined(0, 10_000)
    return sum(one.code == "ROW_CLOSED" for one in refused)


async def _deadlines(
    country: Country, one: Asked, cases: tuple[Held, ...], verdict: Verdict
) -> None:
    """Count every deadline of a query again, from what was received when."""
    reviewed = next((h.case for h in cases if h.case.role is CaseRole.REVIEWER), None)
    if reviewed is None:
        return
    decision = await _decision(country, one)
    if decision is not None:
        _compare(verdict, one, "start", decision.start_by, due(reviewed.opened, START_WITHIN))
    if reviewed.decided is None:
        return
    orders = {
        h.participant: (await _ordered(country, h), h.case)
        for h in cases
        if h.case.role is CaseRole.PROVIDER
    }
    for h in cases:
        for row in h.case.rows if h.case.role is not CaseRole.AGENCY else ():
            if row.holder:
                _compare(verdict, one, "feedback", row.due, _due(country, row, reviewed, orders))


def _compare(verdict: Verdict, one: Asked, kind: str, said: datetime, counted: datetime) -> None:
    verdict.deadlines[kind] += 1
    if said != counted:
        verdict.faults.append(f"{one.plan.number}: {kind} due {said}, counted again {counted}")


def _due(
    country: Country, row: Row, reviewed: Case, orders: dict[str, tuple[datetime, Case]]
) -> datetime:
    """Where the term of a row ends: the longest term below its holder, never after its order's."""
    directory = country.directory
    path = directory.path_up(row.holder)
    below = [p for p in directory.participants.values() if row.holder in directory.path_up(p.id)]
    term = max(
        offer.term_working_days
        for agency in below
        if agency.role is Role.ADAPTER
        for offer in agency.offers
        if offer.resource == row.resource
    )
    above = path[1]
    if above == HUB:
        assert reviewed.decided is not None
        return due(reviewed.decided, term)
    given = Row(row.part, row.resource, above, leaf=False, due=row.due, order=b"")
    return min(due(orders[above][0], term), _due(country, given, reviewed, orders))


async def _decision(country: Country, one: Asked) -> Decision | None:
    desk = country[one.plan.node]
    async with desk.store.transaction() as unit:
        kept = await unit.messages(one.query, Kind.DECISION)
    bodies = [open_stored(desk.office, stored).body for stored in kept]
    return next((body for body in bodies if isinstance(body, Decision)), None)


async def _ordered(country: Country, one: Held) -> datetime:
    """When a centre received the order it acts under."""
    return one.case.opened
