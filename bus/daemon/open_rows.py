"""What is owed to the hub's queries, by province: "which province is late, by how many hours".

A timer keeps the account, so that a scrape costs nothing: it reads every open case once, page by
page, so that steps get the store in between, and from then on those that were updated. What is
kept of them is small: a count for each province and due time, and due times are midnights. How late
they are is told at the moment somebody asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from bus.daemon.office import Office
from bus.flow.deadlines import answers_for
from bus.flow.lifecycle import RUNNING
from bus.metrics.catalogue import Metrics
from bus.model.case import Case, CaseRole, QueryState, RowState
from bus.ports.store import Store
from bus.rules.working_hours import working_hours
from signer.directory.view import Directory
from signer.identity import HUB, Role

COUNT_EVERY = timedelta(seconds=30)

PAGE = 10
"""Cases read in one transaction: reading one with many rows takes a millisecond of the loop."""

OVERLAP = timedelta(minutes=5)
"""How far back updated cases are read again: a transaction may have been open meanwhile."""

Owed = Counter[tuple[str, datetime]]
"""Province and due time → open rows."""


@dataclass
class OpenRows:
    """The open rows of the hub's cases.

    Attributes:
        owed: As last counted.
    """

    office: Office
    store: Store
    owed: Owed = field(default_factory=Counter)
    _by_query: dict[UUID, Owed] = field(default_factory=dict)
    _since: datetime | None = None

    async def count(self) -> None:
        """Bring the account up to date.

        Raises:
            HeduiError: The store cannot be read; what is missing is read the next time.
        """
        if not self.office.ready:
            return
        began = self.office.clock.now()
        if self._since is None or began < self._since:  # the first time, or a clock set back
            self.owed, self._by_query, self._since = Counter(), {}, None
        states = RUNNING if self._since is None else tuple(QueryState)
        after: UUID | None = None
        while True:
            async with self.store.transaction() as unit:
                page = await unit.case_page(CaseRole.REVIEWER, states, self._since, after, PAGE)
            for case in page:
                self._replace(case)
            if len(page) < PAGE:
                break
            after = page[-1].query
        self._since = began - OVERLAP

    def _replace(self, case: Case) -> None:
        fresh: Owed = Counter(_owed(case, self.office.directory))
        self.owed = self.owed - self._by_query.pop(case.query, Counter()) + fresh
        if fresh:
            self._by_query[case.query] = fresh

    def show(self, metrics: Metrics, now: datetime) -> None:
        """Set the gauges of what is owed, for every province, also one that owes nothing.

        Raises:
            CalendarError: `CALENDAR_YEAR`: the working days after a due time are not known.
        """
        directory, calendar = self.office.directory, self.office.calendar
        provinces = provinces_of(directory)
        for province in provinces:
            # From 0 on: Prometheus sees no increase where a series begins with its first event.
            metrics.answer_faults.labels(province=province)
        metrics.oldest_due.clear()
        soon = calendar.add_working_days(now, 1).end
        for province in sorted(provinces | {owing for owing, _ in self.owed}):
            rows = {due: count for (owing, due), count in self.owed.items() if owing == province}
            overdue = {due: count for due, count in rows.items() if due <= now}
            oldest = min(overdue, default=now)
            metrics.open_rows.labels(province=province).set(sum(rows.values()))
            metrics.overdue_rows.labels(province=province).set(sum(overdue.values()))
            metrics.overdue_hours.labels(province=province).set(
                working_hours(calendar, oldest, now)
            )
            metrics.due_soon_rows.labels(province=province).set(
                sum(count for due, count in rows.items() if now < due <= soon)
            )
            if rows:
                metrics.oldest_due.labels(province=province).set(min(rows).timestamp())


def _owed(case: Case, directory: Directory) -> Iterator[tuple[str, datetime]]:
    if case.state not in RUNNING:
        return  # withdrawn: its open rows wait for a word, not for an answer
    for row in case.rows:
        province = province_of(directory, row.holder)
        # What is answered within the requester's own province never passes the hub, which cannot
        # call it owed.
        if row.state is RowState.OPEN and answers_for(case, row, directory) == HUB:
            yield province, row.deadline


def provinces_of(directory: Directory) -> frozenset[str]:
    """Return the centres just below the hub, and the hub where it has agencies of its own."""
    children = directory.children(HUB)
    return frozenset(child.id if child.role is Role.NODE else HUB for child in children)


def province_of(directory: Directory, holder: str) -> str:
    """Return the centre just below the hub that a holder belongs to; the hub for its own agencies.

    One that has left the directory belongs to the centre in its id.
    """
    path = directory.path_up(holder)
    if not path:
        return holder.partition(".")[0]
    below = path[-2] if len(path) > 1 else path[0]
    return HUB if "." in below else below
