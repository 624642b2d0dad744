"""What must be so when the year has passed: states, deadlines, books."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime

from simulate_calendar import due, midnight_after
from simulate_diary import OPERATOR, Asked, Called, Diary

from adapters.country.agreement import Held, disagreements, held
from adapters.country.books import audited
from adapters.country.country import Country
from adapters.country.desk import Desk
from bus.daemon.work import open_stored
from bus.errors import HeduiError
from bus.flow.cut_off import was_cut_off
from bus.flow.delay import OVERDUE
from bus.model.case import Case, CaseRole, Row, RowState
from bus.model.messages import Decision
from signer.certificates import PathValidator
from signer.envelope.kinds import Kind
from signer.identity import HUB, Role
from signer.proof.verify import verify

PROVEN = 10
"""One of so many queries is proven."""

START_WITHIN, EVIDENCE_WITHIN = 2, 5


@dataclass
class Verdict:
    """What was found: how the queries ended, how many deadlines were counted again, and faults.

    Attributes:
        cut_off: Queries that went on without somebody who was suspended.
        proven: Queries whose proof was exported and verified.
        refused: Answers of the suspended that were refused when they came at last.
        late: How many answers kept their terms, and how many did not.
    """

    states: Counter[str] = field(default_factory=Counter)
    deadlines: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    cut_off: int = 0
    refused: int = 0
    proven: int = 0
    late: Counter[str] = field(default_factory=Counter)


async def judge(diary: Diary) -> Verdict:
    """Hold everything against everything else."""
    verdict, country = Verdict(), diary.country
    # One for all: it remembers the certificates it has validated.
    validator = country.validator()
    for call in diary.called:
        await _evidence(country, call, verdict)
    for one in diary.asked:
        cases = await held(country, one.query)
        own = next((h.case for h in cases if h.case.role is CaseRole.REQUESTER), None)
        verdict.states[f"{one.plan.course}: {own.state if own else 'MISSING'}"] += 1
        gone = _cut_off(country, own)
        verdict.cut_off += bool(gone)
        verdict.faults += [
            f"{one.plan.number} {one.plan.course}: {found.en}"
            for found in disagreements(one.query, cases, gone)
        ]
        if own is not None and one.plan.number % PROVEN == 0:
            await _prove(country, one, own, validator, verdict)
        await _deadlines(country, one, cases, verdict)
        _agreed(diary, one, cases, verdict)
    for books in await audited(country):
        # Answers of the suspended, after their rows had been closed.
        late = (await _refused(country[books.participant]))["ROW_CLOSED"]
        verdict.refused += late
        tally = replace(books.tally, quarantined=books.tally.quarantined - late)
        if not (books.whole and replace(books, tally=tally).clear):
            refused = await _refused(country[books.participant])
            verdict.faults.append(
                f"{books.participant}: audit {books.broken or 'whole'}, parked {tally.held}, "
                f"unsent {tally.unsent}, refused {dict(refused)}"
            )
    return verdict


async def _prove(
    country: Country, one: Asked, own: Case, validator: PathValidator, verdict: Verdict
) -> None:
    """The proof of a query verifies by the root alone."""
    if own.decision is None:
        return  # withdrawn, expired or refused by its province before the hub decided
    verdict.proven += 1
    try:
        proof = await country[one.plan.node].service.proof(one.query, OPERATOR)
        verify(proof, validator)
    except HeduiError as error:
        verdict.faults.append(f"{one.plan.number} {one.plan.course} {own.state}: {error}")


async def _evidence(country: Country, called: Called, verdict: Verdict) -> None:
    """A call is closed on both sides alike, its date is counted again, and late is late."""
    found = []
    for name in (HUB, called.node):
        async with country[name].store.transaction() as unit:
            found.append(await unit.call(called.call))
    at_hub, at_node = found
    if at_hub is None or at_node is None:
        verdict.faults.append(f"evidence {called.call}: missing at one side")
        return
    verdict.states[f"evidence: {'closed' if at_hub.closed else 'open'}"] += 1
    verdict.deadlines["evidence"] += 1
    counted = due(called.at, EVIDENCE_WITHIN)
    if not at_hub.due == at_node.due == counted:
        verdict.faults.append(f"evidence {called.call}: due {at_hub.due}, counted {counted}")
    sides = [(one.closed is not None, one.overdue is not None, one.items) for one in found if one]
    if sides[0][:2] != sides[1][:2] or not at_hub.closed:
        verdict.faults.append(f"evidence {called.call}: {sides}")


def _cut_off(country: Country, own: Case | None) -> frozenset[str]:
    """Whom a query went on without, as one of their line was suspended: above and below it."""
    directory = country.directory
    closed = {row.holder for row in own.rows if was_cut_off(row)} if own else set()
    below = {name for name in directory.participants if closed & {*directory.path_up(name)}}
    return frozenset({p for name in below for p in directory.path_up(name)} - {HUB})


async def _refused(desk: Desk) -> Counter[str]:
    """What lies in quarantine, by code."""
    async with desk.store.transaction() as unit:
        return Counter(one.code for one in await unit.quarantined(0, 10_000))


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


def _agreed(diary: Diary, one: Asked, cases: tuple[Held, ...], verdict: Verdict) -> None:
    """Everybody holds the date that was agreed; where none was, the order's."""
    for h in cases:
        for row in h.case.rows:
            verdict.late[_kept(row)] += h.case.role is CaseRole.REQUESTER and row.leaf
            until = diary.agreed.get((one.query, row.holder))
            ends = row.due if until is None else max(row.due, midnight_after(until))
            verdict.deadlines["agreed"] += until is not None
            if row.deadline != ends:
                verdict.faults.append(
                    f"{one.plan.number}: {h.participant} waits for {row.holder} until "
                    f"{row.deadline}, agreed was {ends}: {row.state} {row.delay}"
                )


def _kept(row: Row) -> str:
    if row.closed is None or row.state is not RowState.ANSWERED:
        return "not answered"
    if row.late:
        noticed = row.delay is not None and row.delay.cause != OVERDUE
        return "late, with notice" if noticed else "late, without a word"
    return "in time, by an agreed date" if row.closed >= row.due else "in time"


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
    bodies = [open_stored(desk.office, stored).body for stored in reversed(kept)]
    # The last: before it, the application may have been returned.
    return next((body for body in bodies if isinstance(body, Decision)), None)


async def _ordered(country: Country, one: Held) -> datetime:
    """When a centre received the order it acts under."""
    return one.case.opened
