"""及时性与准确性: how long queries and answers took, and how often something was wrong (★ R001).

Told from the cases of a centre: at the hub of every query, at a node of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from bus.model.case import Case, QueryState, Row, RowState
from bus.rules.working_days import Calendar
from bus.rules.working_hours import working_hours


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours of some spans; all None where there is none."""

    count: int
    mean: float | None
    middle: float | None
    longest: float | None

    @classmethod
    def of(cls, hours: Sequence[float]) -> Hours:
        """Return what some spans come to."""
        if not hours:
            return cls(0, None, None, None)
        return cls(len(hours), fmean(hours), median(hours), max(hours))


@dataclass(frozen=True, slots=True)
class ProvinceAccount:
    """What a province was asked, and how it answered.

    `asked` rows are `answered`, `due` still, or `refused` (nobody could answer, with a code);
    of the answered `late` came late and `faulty` could not be used; of all `delayed` had a notice.
    `hours` run from order to answer.
    """

    province: str
    asked: int
    answered: int
    due: int
    refused: int
    late: int
    delayed: int
    faulty: int
    hours: Hours


@dataclass(frozen=True, slots=True)
class Turnaround:
    """Queries of a period: how many, how they stand, how long they took, and by province."""

    queries: int
    delivered: int
    refused: int
    ended: int
    hours: Hours
    provinces: tuple[ProvinceAccount, ...]

    @property
    def running(self) -> int:
        """Queries that go on."""
        return self.queries - self.delivered - self.refused - self.ended


@dataclass
class _Tally:
    rows: list[Row] = field(default_factory=list)
    hours: list[float] = field(default_factory=list)


def answer_hours(case: Case, row: Row, calendar: Calendar) -> float:
    """Return the working hours from an order to its answer (R001); 0 while there is none.

    Raises:
        CalendarError: `CALENDAR_YEAR`.
    """
    if row.closed is None:
        return 0.0
    ordered = row.received or case.decided or case.opened
    return working_hours(calendar, ordered, row.closed)


def query_hours(case: Case, calendar: Calendar) -> float | None:
    """Return the working hours from receipt to delivery; None for one not delivered (R001).

    Raises:
        CalendarError: `CALENDAR_YEAR`.
    """
    if case.delivered is None:
        return None
    return working_hours(calendar, case.opened, case.delivered)


def turnaround(
    cases: Iterable[Case], province_of: Callable[[str], str], calendar: Calendar
) -> Turnaround:
    """Return the account of some cases.

    Args:
        cases: The hub's or a requester's.
        province_of: The province that a holder belongs to.
        calendar: For working hours.

    Raises:
        CalendarError: `CALENDAR_YEAR`.
    """
    states: list[QueryState] = []
    took: list[float] = []
    tallies: dict[str, _Tally] = {}
    for case in cases:
        states.append(case.state)
        hours = query_hours(case, calendar)
        if hours is not None:
            took.append(hours)
        for row in case.rows:
            if row.state is RowState.DISPATCHED:
                continue
            tally = tallies.setdefault(province_of(row.holder) if row.holder else "", _Tally())
            tally.rows.append(row)
            if row.state is RowState.ANSWERED:
                tally.hours.append(answer_hours(case, row, calendar))
    ended = {QueryState.CANCELLED, QueryState.EXPIRED}
    return Turnaround(
        queries=len(states),
        delivered=states.count(QueryState.DELIVERED),
        refused=states.count(QueryState.REFUSED),
        ended=sum(state in ended for state in states),
        hours=Hours.of(took),
        provinces=tuple(_account(name, tallies[name]) for name in sorted(tallies)),
    )


def _account(province: str, tally: _Tally) -> ProvinceAccount:
    states = [row.state for row in tally.rows]
    return ProvinceAccount(
        province=province,
        asked=len(states),
        answered=states.count(RowState.ANSWERED),
        due=states.count(RowState.OPEN),
        refused=states.count(RowState.UNSERVED),
        late=sum(row.late and row.state is RowState.ANSWERED for row in tally.rows),
        delayed=sum(row.delay is not None for row in tally.rows),
        faulty=sum(row.state is RowState.ANSWERED and row.code is not None for row in tally.rows),
        hours=Hours.of(tally.hours),
    )
