"""期限: by when the parts of a case are due, counted in working days (R028-R030, R071).

Pure: the store keeps what this returns, in step with every case; the shell's timers turn what has
passed into messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from bus.flow.expiry import application_ends, orders_end
from bus.flow.lifecycle import RUNNING
from bus.model.case import Case, CaseRole, QueryState, Row, RowState
from bus.model.deadline import Deadline, DeadlineKind, Term
from bus.rules.working_days import SHANGHAI, Calendar, local_date
from signer.directory.view import Directory
from signer.identity import HUB

START_WITHIN_WORKING_DAYS = 2
"""The query starts within 2 working days of receipt (R028)."""

EVIDENCE_WITHIN_WORKING_DAYS = 5
"""Evidence is produced within 5 working days of its being called up (R024)."""

WARN_WORKING_DAYS = 1
"""★ A warning comes when one working day is left."""

_STARTING = frozenset({CaseRole.REVIEWER, CaseRole.REQUESTER})

AWAITING_START = (QueryState.SUBMITTED, QueryState.UNDER_REVIEW)

_ONE_DAY = timedelta(days=1)
_MOMENT = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class DeadlineRules:
    """What a participant counts its deadlines by.

    Attributes:
        me: The participant.
        directory: Who is where.
        calendar: Which days are worked.
        warn_days: Working days that are left when a warning is given.
    """

    me: str
    directory: Directory
    calendar: Calendar
    warn_days: int = WARN_WORKING_DAYS


def count(calendar: Calendar, received: datetime, days: int) -> Term:
    """Return a term of working days; the day of receipt is not counted.

    Raises:
        CalendarError: As `Calendar.add_working_days`.
    """
    end = calendar.add_working_days(received, days)
    return Term(received, days, end.end, end.provisional)


def bounded(term: Term, latest: datetime | None) -> Term:
    """Return a term that ends no later than an order from above allows (R029)."""
    if latest is None or term.due <= latest:
        return term
    return Term(term.received, None, latest)


def warn_from(calendar: Calendar, received: datetime, due: datetime, days: int) -> datetime:
    """Return from when on to warn: where that many working days are left, never before receipt.

    Args:
        calendar: Which days are worked.
        received: The instant of receipt.
        due: The first instant that is too late.
        days: Working days, at least 1.

    Raises:
        CalendarError: `CALENDAR_YEAR`.
    """
    first, last = local_date(received), local_date(due - _MOMENT)
    day = _day_of_warning(calendar, first, last, days)
    if day is None:
        return received
    return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)


@lru_cache(maxsize=4096)
def _day_of_warning(calendar: Calendar, first: date, last: date, days: int) -> date | None:
    """The day on which that many working days are left; the rows of a query share a few."""
    at, left = last, days
    while at > first:
        left -= calendar.day(at).working
        if not left:
            return at
        at -= _ONE_DAY
    return None


def passes_hub(directory: Directory, holder: str, requester: str) -> bool:
    """Whether an answer of the holder reaches the requester by way of the hub.

    What a province's own agencies answer its own queries does not; the hub cannot call it owed.
    """
    return _province(directory, holder) != _province(directory, requester)


def answers_for(case: Case, row: Row, directory: Directory) -> str:
    """Return who watches over a row: the hub, or the requester where answers do not pass the hub.

    A row that a node owes is watched over by the hub, which dispatched to it, or stands above it.
    """
    if row.leaf and not passes_hub(directory, row.holder, case.requester):
        return case.requester
    return HUB


def subject_of(row: Row) -> str:
    """Return what names a row's deadline within its case."""
    return f"{row.part}/{row.resource}/{row.holder}"


def deadlines_of(
    case: Case, rules: DeadlineRules, among: Sequence[Row] | None = None
) -> tuple[Deadline, ...]:
    """Return every deadline that a case has now; those that have been met are no longer there.

    Args:
        case: The case.
        rules: What to count by.
        among: Only of these of its rows, unless it is None.

    Raises:
        CalendarError: A term reaches a year that no source knows.
    """
    found = [*_start(case, rules), *_assent(case, rules), *_expiry(case, rules)]
    if case.state in RUNNING:
        found += _feedback(case, case.rows if among is None else among, rules)
    named = {deadline.name: deadline for deadline in found}
    return tuple(named.values())


def changed_rows(before: Case, after: Case) -> tuple[list[Row], list[Row]]:
    """Return the rows that one form of a case has and the other has not, of each.

    A query may have thousands; an answer changes one, and leaves the others the same objects.
    """
    old, new = {id(row) for row in before.rows}, {id(row) for row in after.rows}
    gone = [row for row in before.rows if id(row) not in new]
    return gone, [row for row in after.rows if id(row) not in old]


def follow(before: Case | None, after: Case, rules: DeadlineRules) -> Change:
    """Return what has to change in the store when a case is saved in a new form.

    Raises:
        CalendarError: As `deadlines_of`.
    """
    if before is None:
        return change((), deadlines_of(after, rules))
    if before.state in RUNNING and after.state in RUNNING:
        gone, come = changed_rows(before, after)
        return change(deadlines_of(before, rules, gone), deadlines_of(after, rules, come))
    return change(deadlines_of(before, rules), deadlines_of(after, rules))


def _start(case: Case, rules: DeadlineRules) -> Iterator[Deadline]:
    if case.state not in AWAITING_START or case.role not in _STARTING:
        return
    term = count(rules.calendar, case.opened, START_WITHIN_WORKING_DAYS)  # R028
    yield _deadline(case, DeadlineKind.START, "", HUB, term, term.due, rules)


def _assent(case: Case, rules: DeadlineRules) -> Iterator[Deadline]:
    """★ A province assents, or not, within the term in which a query starts (R006, R028)."""
    if case.role is CaseRole.SUPERIOR and case.state in AWAITING_START:
        term = count(rules.calendar, case.opened, START_WITHIN_WORKING_DAYS)
        yield _deadline(case, DeadlineKind.ASSENT, "", rules.me, term, term.due, rules)


def _expiry(case: Case, rules: DeadlineRules) -> Iterator[Deadline]:
    """What has run out, orders or an application, ends by itself (`bus.flow.expiry`)."""
    if case.role is CaseRole.REVIEWER and case.state in (*RUNNING, QueryState.CANCELLING):
        end = orders_end(case)
    elif case.role is CaseRole.REQUESTER and case.state is QueryState.SUBMITTED:
        end = application_ends(case)
    else:
        return
    term = Term(case.opened, None, end)
    yield _deadline(case, DeadlineKind.EXPIRY, "", rules.me, term, end, rules)


def _feedback(case: Case, rows: Sequence[Row], rules: DeadlineRules) -> Iterator[Deadline]:
    # At the requester the same rows stand in its own case.
    if case.role is CaseRole.PROVIDER and case.requester == rules.me:
        return
    for row in rows:
        if row.state is not RowState.OPEN:
            continue
        if case.role is CaseRole.PROVIDER and row.leaf and not _passes(case, row, rules):
            continue
        if case.role is CaseRole.REVIEWER and answers_for(case, row, rules.directory) != HUB:
            continue
        term = Term(row.received or case.decided or case.opened, row.days, row.due, row.provisional)
        # R029, and R030 where a later date was agreed.
        subject = subject_of(row)
        yield _deadline(case, DeadlineKind.FEEDBACK, subject, row.holder, term, row.deadline, rules)


def _passes(case: Case, row: Row, rules: DeadlineRules) -> bool:
    """Whether an answer reaches the requester by way of us.

    Where both stand below one child of ours it does not, and we cannot call it owed.
    """
    towards = rules.directory.next_hop
    return towards(rules.me, row.holder) != towards(rules.me, case.requester)


def _deadline(
    case: Case,
    kind: DeadlineKind,
    subject: str,
    owing: str,
    term: Term,
    due: datetime,
    rules: DeadlineRules,
) -> Deadline:
    return Deadline(
        query=case.query,
        role=case.role,
        kind=kind,
        subject=subject,
        owing=owing,
        received=term.received,
        days=term.days,
        due=due,
        provisional=term.provisional,
        warn_from=warn_from(rules.calendar, term.received, due, rules.warn_days),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """What has to be written so that the store's deadlines of a case are those it has now."""

    put: tuple[Deadline, ...]
    drop: tuple[Deadline, ...]


def change(before: tuple[Deadline, ...], now: tuple[Deadline, ...]) -> Change:
    """Return how to get from some deadlines to others.

    One that is the same stays untouched; of one that is due at another time nothing is known yet,
    so that it is warned of, and passes, anew.
    """
    old = {deadline.name: deadline for deadline in before}
    new = {deadline.name: deadline for deadline in now}
    put = []
    for name, deadline in new.items():
        kept = old.get(name)
        if kept is not None and kept.due == deadline.due:
            deadline = replace(deadline, warned=kept.warned, breached=kept.breached)  # noqa: PLW2901
        if deadline != kept:
            put.append(deadline)
    return Change(tuple(put), tuple(old[name] for name in old if name not in new))


def recount(case: Case, rules: DeadlineRules) -> Case:
    """Return a case whose estimated dates were counted anew by a calendar that knows more.

    ★ A date that was promised is not taken back: where the published year ends a term earlier, the
    row stays due as it was ordered. Where it ends it later, the row is due later, and whoever
    watches over it tells everybody; the others wait for that word, so that nobody's date differs.
    The start of a query is counted anew by `deadlines_of` itself.

    Raises:
        CalendarError: `CALENDAR_YEAR`.
    """
    rows = tuple(_recounted(case, row, rules) for row in case.rows)
    unchanged = all(old is new for old, new in zip(case.rows, rows, strict=True))
    return case if unchanged else replace(case, rows=rows)


def _recounted(case: Case, row: Row, rules: DeadlineRules) -> Row:
    open_ = row.state is RowState.OPEN and row.provisional
    if not open_ or row.received is None or row.days is None:
        return row
    term = count(rules.calendar, row.received, row.days)
    if answers_for(case, row, rules.directory) == rules.me:
        above = _above(case, row, rules.directory)
        if above is not None and above.received is not None and above.days is not None:
            term = bounded(term, count(rules.calendar, above.received, above.days).due)
        if term.due > row.deadline:
            row = replace(row, extended=term.due)
    return row if term.provisional else replace(row, provisional=False)


def _above(case: Case, row: Row, directory: Directory) -> Row | None:
    """The row that this one was made from: what the centre above its holder was ordered."""
    over = directory.path_up(row.holder)[1:]
    ordered = {
        other.holder: other
        for other in case.rows
        if (other.part, other.resource) == (row.part, row.resource) and not other.leaf
    }
    return next((ordered[centre] for centre in over if centre in ordered), None)


def _province(directory: Directory, participant: str) -> str:
    """Return the centre just below the hub that a participant belongs to, else itself."""
    path = directory.path_up(participant)
    if len(path) < 2:  # noqa: PLR2004 - the hub itself, or one that has left
        return participant.partition(".")[0]
    return path[-2]
