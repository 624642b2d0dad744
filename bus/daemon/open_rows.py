"""What is owed to the hub's queries, by province: "which province is late, by how many hours".

The cases are read by a timer, page by page, so that a scrape costs nothing and steps get the store
in between. What is kept of them is small: a count for each province and due time, and due times
are midnights. How late they are is told at the moment somebody asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from bus.daemon.office import Office
from bus.metrics.catalogue import Metrics
from bus.model.case import Case, CaseRole, QueryState, RowState
from bus.ports.store import Store
from bus.rules.working_hours import working_hours
from signer.directory.view import Directory
from signer.identity import HUB, Role

COUNT_EVERY = timedelta(seconds=30)

PAGE = 50
"""Cases read in one transaction."""

MOST = 20_000
"""Open cases counted, oldest first: the late ones are among them."""

_OPEN = (QueryState.STARTED, QueryState.PARTLY_ANSWERED)

Owed = Mapping[tuple[str, datetime], int]
"""Province and due time → open rows."""


@dataclass
class OpenRows:
    """The open rows of the hub's cases.

    Attributes:
        owed: As last counted.
    """

    office: Office
    store: Store
    owed: Owed = field(default_factory=lambda: MappingProxyType({}))

    async def count(self) -> None:
        """Count what is owed now.

        Raises:
            HeduiError: The store cannot be read; the last count stays.
        """
        if not self.office.ready:
            return
        directory = self.office.directory
        owed: Counter[tuple[str, datetime]] = Counter()
        after: UUID | None = None
        for _ in range(MOST // PAGE):
            async with self.store.transaction() as unit:
                page = await unit.case_page(CaseRole.REVIEWER, _OPEN, after, PAGE)
            owed += Counter(due for case in page for due in _owed(case, directory))
            if len(page) < PAGE:
                break
            after = page[-1].query
        self.owed = owed

    def show(self, metrics: Metrics, now: datetime) -> None:
        """Set the gauges of what is owed, for every province, also one that owes nothing.

        Raises:
            CalendarError: `CALENDAR_YEAR`: the working days after a due time are not known.
        """
        directory, calendar = self.office.directory, self.office.calendar
        children = directory.children(HUB)
        provinces = {child.id if child.role is Role.NODE else HUB for child in children}
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
    for row in case.rows:
        province = province_of(directory, row.holder)
        # What a requester's own agencies answer never passes the hub, which cannot call it owed.
        if row.state is RowState.OPEN and not (row.leaf and province == case.requester):
            yield province, row.due


def province_of(directory: Directory, holder: str) -> str:
    """Return the centre just below the hub that a holder belongs to; the hub for its own agencies.

    One that has left the directory belongs to the centre in its id.
    """
    path = directory.path_up(holder)
    if not path:
        return holder.partition(".")[0]
    below = path[-2] if len(path) > 1 else path[0]
    return HUB if "." in below else below
