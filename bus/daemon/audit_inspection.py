"""The periodic inspection of query and use (R077): who saw how much, when, and what was refused.

The chain is walked from its beginning, so that what is inspected is what was written. An inspection
stands in the books itself; when the next one is due is a metric.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bus.daemon.assemble import Participant
from bus.daemon.audit_report import OPERATOR, PAGE, AuditReports, RoleHistory
from bus.daemon.work import Work
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.model.audit_report import Inspection, Period, SignedHeadNamed, Watched, is_read
from bus.model.operator import Operator
from bus.ports.audit_walk import AuditWalk
from bus.ports.store import AuditEntry, Store
from bus.rules.working_days import Calendar
from bus.rules.working_hours import in_working_hours
from signer.certificates import PathValidator

LOOK_EVERY = timedelta(hours=1)


@dataclass
class AuditInspections:
    """Inspects the books of one centre.

    Attributes:
        validator: Validates to our root; None: the chain's signers are not traced to it.
    """

    reports: AuditReports
    validator: PathValidator | None = None

    async def inspect(self, period: Period, by: str) -> Inspection:
        """Return what the books say of a period, and note that they were inspected.

        Args:
            period: The days to look at.
            by: The auditor.

        Raises:
            StoreCorrupt: The chain does not hold, from the entry named on.
            CalendarError: `CALENDAR_YEAR`: a year of the period is known to no source.
        """
        office, store = self.reports.office, self.reports.store
        # R077
        walk = AuditWalk(office.me, self.validator)
        tally = _Tally(period, office.calendar)
        after = 0
        while True:
            async with store.transaction() as unit:
                page = await unit.audit(after, PAGE)
            if not page:
                break
            await asyncio.to_thread(walk.take, page)
            for entry in page:
                tally.take(entry)
            after = page[-1].number
        async with store.transaction() as unit:
            head = await unit.last_audit(Event.AUDIT_HEAD)
            registered = {one.name: one for one in await unit.operators()}
        walked, history = walk.walked, await self.reports.roles()
        named = None
        if head is not None and walked.signed_at is not None:
            named = SignedHeadNamed(head.number, walked.signed_to, walked.signed_at)
        made = Inspection(
            participant=office.me,
            period=period,
            made=office.clock.now(),
            made_by=by,
            entries=walked.entries,
            head=named,
            operators=tally.watched(registered, history, after),
            refusals=dict(sorted(tally.refusals.items())),
            late_reads=tally.refusals["RESULT_PURGED"],
            blocked=tally.blocked,
        )
        await self._note(made, by)
        return made

    async def _note(self, made: Inspection, by: str) -> None:
        async with self.reports.store.transaction() as unit:
            work = Work(self.reports.office, unit, made.made)
            work.note(
                None,
                Event.AUDIT_INSPECTED,
                f"{OPERATOR}{by}",
                since=str(made.period.since),
                until=str(made.period.until),
                entries=made.entries,
                head=None if made.head is None else made.head.entry,
                reads=sum(one.reads for one in made.operators),
                outside=sum(one.outside for one in made.operators),
                refused=sum(made.refusals.values()),
            )
            await work.finish()


@dataclass
class _Tally:
    """Counts one period's entries as they go by."""

    period: Period
    calendar: Calendar
    acts: dict[str, Counter[str]] = field(default_factory=dict)
    reads: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)
    last: dict[str, datetime] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    blocked: int = 0

    def take(self, entry: AuditEntry) -> None:
        event = entry.event
        if not self.period.holds(event.at):
            return
        self.blocked += event.event == Event.ACCESS_BLOCKED
        if not event.actor.startswith(OPERATOR):
            return
        name = event.actor.removeprefix(OPERATOR)
        self.acts.setdefault(name, Counter())[event.event] += 1
        self.last[name] = event.at
        if event.event == Event.ACCESS_REFUSED:
            self.refusals[str(event.detail.get("code"))] += 1
        if is_read(event.event, event.detail):
            self.reads[name] += 1
            self.outside[name] += not in_working_hours(self.calendar, event.at)

    def watched(
        self, registered: Mapping[str, Operator], history: RoleHistory, number: int
    ) -> tuple[Watched, ...]:
        """Return every operator that is registered or did something, by name."""
        found = []
        for name in sorted(registered.keys() | self.acts.keys()):
            acts, known = self.acts.get(name, Counter()), registered.get(name)
            found.append(
                Watched(
                    operator=name,
                    roles=history.at(name, number),
                    registered=None if known is None else known.enabled,
                    acts=dict(sorted(acts.items())),
                    reads=self.reads[name],
                    outside=self.outside[name],
                    refused=acts[Event.ACCESS_REFUSED],
                    last=self.last.get(name),
                )
            )
        return tuple(found)


@dataclass
class InspectionDue:
    """Tells by a metric when the next inspection is due; 0 where none is prescribed."""

    store: Store
    metrics: Metrics
    every_days: int

    async def look(self) -> None:
        """Set the metric anew.

        Raises:
            StoreUnavailable: The store cannot be reached.
        """
        if not self.every_days:
            self.metrics.inspection_due.set(0)
            return
        async with self.store.transaction() as unit:
            last = await unit.last_audit(Event.AUDIT_INSPECTED)
            first = [] if last is not None else await unit.audit(0, 1)
        # Where there was none yet, from the day the books were opened.
        since = last or (first[0] if first else None)
        if since is not None:
            due = since.event.at + timedelta(days=self.every_days)
            self.metrics.inspection_due.set(due.timestamp())


def inspection_due(centre: Participant) -> InspectionDue:
    """Return what tells when a centre is to be inspected next."""
    every = centre.config.audit.inspect_every_days
    return InspectionDue(centre.store, centre.metrics, every)
