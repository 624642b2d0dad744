"""The timer of deadlines: warns of what is near, turns what has passed into messages and records.

| passed | what is done |
|---|---|
| START, at the hub, parts or the province's consent missing | refused with a code (R006, R025) |
| START, at the hub, under review | the requester is told: `REVIEW_PENDING` (R028, R030) |
| ASSENT, at the province | refused with a code: `PROVINCIAL_CONSENT_MISSING` (R006) |
| FEEDBACK, where we watch over the row and nobody gave notice | all are told: `OVERDUE` (R030) |
| EXPIRY | the query ends (bus.flow.expiry) |
| anything else, anywhere | recorded |

A deed and the mark that it was done are one transaction: a crash before it repeats the deed, after
it there is nothing to repeat. Of several instances the holder of a lease does it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from uuid import UUID

from bus.daemon import cancellation, delays, superior
from bus.daemon.office import Office
from bus.daemon.open_rows import province_of, provinces_of
from bus.daemon.work import Work
from bus.errors import HeduiError
from bus.flow import delay, expiry
from bus.flow.deadlines import AWAITING_START, answers_for, change, deadlines_of, recount
from bus.flow.lapse import CONSENT_MISSING, lapse
from bus.flow.lifecycle import RUNNING
from bus.flow.review import BY_POLICY
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.model.case import Case, CaseRole, QueryState, Row
from bus.model.deadline import Deadline, DeadlineKind
from bus.ports.instants import to_milliseconds
from bus.ports.store import Store
from bus.ports.store_errors import StoreCorrupt, StoreUnavailable
from bus.rules.working_days import Calendar
from signer.errors import KeyRingError

LOOK_EVERY = timedelta(seconds=30)

LEASE = "timers"
LEASE_FOR = timedelta(minutes=2)
"""Until another instance looks after deadlines for one that is gone."""

PAGE = 10
"""Cases read in one transaction."""

_OPEN = (*AWAITING_START, *RUNNING, QueryState.CANCELLING)
_OURS = (StoreUnavailable, StoreCorrupt, KeyRingError)
"""Trouble that is not the case's: the round ends and comes again."""

_OF_CASES = frozenset(
    {
        DeadlineKind.START,
        DeadlineKind.FEEDBACK,
        DeadlineKind.ASSENT,
        DeadlineKind.EXPIRY,
    }
)
"""Kinds that follow from a case; others are kept and acted upon by whoever knows of them."""


@dataclass
class Timers:
    """Looks after the deadlines of one participant.

    Attributes:
        holder: This instance, as holder of the lease.
        wake: Called after what may have filled the outbox.
    """

    office: Office
    store: Store
    metrics: Metrics
    log: Logger
    holder: str
    wake: Callable[[], None]
    _counted_by: Calendar | None = None
    _begun: frozenset[str] = frozenset()
    """Provinces whose counters exist: a look every 30 s would make thousands of them anew."""

    async def look(self) -> None:
        """Do what is to be done now.

        Raises:
            HeduiError: Trouble with the store or the signing key; the next round tries again.
        """
        if not self.office.ready or self.office.paused:
            return
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            if not await unit.lease(LEASE, self.holder, now, now + LEASE_FOR):
                return
        # At the start too: cases may be there from before there were deadlines.
        calendar = self.office.calendar
        if calendar is not self._counted_by:
            await self._recount()
            self._counted_by = calendar
        async with self.store.transaction() as unit:
            near = await unit.near_deadlines(now)
            passed = await unit.passed_deadlines(now)
        for query, role in near:
            await self._each(self._warn, query, role)
        for query, role in passed:
            await self._each(self._pass, query, role)
        await self._show(now)

    async def hand_over(self) -> None:
        """Let another instance go on.

        Raises:
            StoreUnavailable: The store cannot be reached.
        """
        async with self.store.transaction() as unit:
            await unit.end_lease(LEASE, self.holder)

    async def _each(
        self, work: Callable[[UUID, CaseRole], Awaitable[None]], query: UUID, role: CaseRole
    ) -> None:
        """Do something about one case; what cannot be done now is not in the way of others."""
        try:
            await work(query, role)
        except _OURS:
            raise
        except HeduiError as error:
            self.metrics.loop_errors.labels(loop="deadlines", code=error.code).inc()
            self.log.warning("deadline.failed", query=str(query), code=error.code)

    async def _warn(self, query: UUID, role: CaseRole) -> None:
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            found = await unit.deadlines(query, role)
            near = [d for d in found if d.warned is None and d.warn_from <= work.now < d.due]
            await unit.put_deadlines([replace(one, warned=work.now) for one in near])
            counts = self._note(work, Event.DEADLINE_NEAR, near)
            await work.finish()
        for (kind, province), count in counts.items():
            self.metrics.deadline_warnings.labels(kind=kind, province=province).inc(count)
            self.log.warning("deadline.near", query=str(query), kind=str(kind), count=count)

    async def _pass(self, query: UUID, role: CaseRole) -> None:
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            found = await unit.deadlines(query, role)
            passed = [d for d in found if d.breached is None and d.due <= work.now]
            marked = [
                replace(one, warned=one.warned or work.now, breached=work.now) for one in passed
            ]
            await unit.put_deadlines(marked)
            counts = self._note(work, Event.DEADLINE_PASSED, passed)
            case = await work.case(query, role)
            if case is not None:
                await self._act(work, case, {one.kind for one in passed})
            await work.finish()
        for (kind, province), count in counts.items():
            self.metrics.deadline_breaches.labels(kind=kind, province=province).inc(count)
            self.log.warning("deadline.passed", query=str(query), kind=str(kind), count=count)
        self.wake()

    def _note(
        self, work: Work, event: Event, deadlines: Sequence[Deadline]
    ) -> Counter[tuple[DeadlineKind, str]]:
        """Write into the books once for each kind and province; returns how many there are."""
        counts: Counter[tuple[DeadlineKind, str]] = Counter()
        earliest: dict[tuple[DeadlineKind, str], datetime] = {}
        for one in deadlines:
            key = one.kind, province_of(self.office.directory, one.owing)
            counts[key] += 1
            earliest[key] = min(one.due, earliest.get(key, one.due))
        for (kind, province), count in sorted(counts.items()):
            due = to_milliseconds(earliest[kind, province])
            query, role = deadlines[0].query, deadlines[0].role
            detail = {"kind": kind.value, "role": role.value, "owing": province}
            work.note(query, event, **detail, count=count, due=due)
        return counts

    async def _act(self, work: Work, case: Case, kinds: set[DeadlineKind]) -> None:
        if DeadlineKind.EXPIRY in kinds and await self._expire(work, case):
            return
        if DeadlineKind.START in kinds and case.role is CaseRole.REVIEWER:
            await self._start_passed(work, case)
        if DeadlineKind.ASSENT in kinds and case.role is CaseRole.SUPERIOR:
            await self._assent_passed(work, case)
        if DeadlineKind.FEEDBACK in kinds:
            await self._overdue(work, case)

    async def _expire(self, work: Work, case: Case) -> bool:
        """End what has run out; the hub tells everybody, a requester ends its application alone."""
        if expiry.orders_ran_out(case, work.now):
            await cancellation.expire_orders(work, case)
            return True
        if expiry.application_ran_out(case, work.now):
            cancellation.expire_application(work, case)
            return True
        return False

    async def _start_passed(self, work: Work, case: Case) -> None:
        office = work.office
        if case.state is QueryState.SUBMITTED:
            refused, send = lapse(case, office.directory, office.calendar, work.now)
            await work.send(case.query, send)
            work.save(refused)
            codes = " ".join(finding.code for finding in refused.findings)
            work.note(case.query, Event.APPLICATION_DECIDED, accepted=0, codes=codes)
        elif case.state is QueryState.UNDER_REVIEW:
            told = delay.notice((), delay.REVIEW_PENDING, None, work.now)
            await delays.announce(work, case, told)

    async def _assent_passed(self, work: Work, case: Case) -> None:
        if case.state in AWAITING_START and case.application is not None:
            await superior.decide(
                work, case, assent=False, reasons=(CONSENT_MISSING,), by=BY_POLICY
            )

    async def _overdue(self, work: Work, case: Case) -> None:
        """Tell everybody of overdue rows that nobody has spoken of (R030)."""
        rows = [
            row
            for row in case.rows
            if self._watched(case, row) and delay.unannounced(row, work.now)
        ]
        if rows:
            told = delay.notice(rows, delay.OVERDUE, None, work.now)
            await delays.announce(work, case, told)

    def _watched(self, case: Case, row: Row) -> bool:
        return answers_for(case, row, self.office.directory) == self.office.me and case.role in {
            CaseRole.REVIEWER,
            CaseRole.REQUESTER,
        }

    async def _recount(self) -> None:
        """Bring the deadlines of every open case to the calendar in force."""
        for role in CaseRole:
            after: UUID | None = None
            while True:
                async with self.store.transaction() as unit:
                    page = await unit.case_page(role, _OPEN, None, after, PAGE)
                for case in page:
                    await self._each(self._recount_case, case.query, role)
                if len(page) < PAGE:
                    break
                after = page[-1].query
        self.wake()

    async def _recount_case(self, query: UUID, role: CaseRole) -> None:
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            case = await work.case(query, role)
            if case is None:
                return
            fresh = recount(case, self.office.deadline_rules)
            if fresh is not case:
                work.save(fresh)
                await self._tell_moved(work, case, fresh)
            await work.finish()
            kept = [d for d in await unit.deadlines(query, role) if d.kind in _OF_CASES]
            saved = await unit.case(query, role) or fresh
            changed = change(tuple(kept), deadlines_of(saved, self.office.deadline_rules))
            await unit.drop_deadlines(changed.drop)
            await unit.put_deadlines(changed.put)

    async def _tell_moved(self, work: Work, case: Case, fresh: Case) -> None:
        moved: dict[datetime, list[Row]] = {}
        for old, new in zip(case.rows, fresh.rows, strict=True):
            if new.extended is not None and new.extended != old.extended:
                moved.setdefault(new.extended, []).append(new)
        # Told once: where a province queries its own agencies, by its case as the requester.
        for until, rows in sorted(moved.items(), key=lambda item: item[0]):
            told = delay.notice(rows, delay.CALENDAR_PUBLISHED, until, work.now, agreed=True)
            await delays.announce(work, fresh, told)
        if moved:
            count = sum(len(rows) for rows in moved.values())
            work.note(case.query, Event.DEADLINES_MOVED, role=case.role.value, count=count)

    async def _show(self, now: datetime) -> None:
        async with self.store.transaction() as unit:
            tally = await unit.deadline_tally(now)
        for kind in DeadlineKind:
            found = tally.get(kind)
            gauge = self.metrics.deadlines
            gauge.labels(kind=kind, standing="near").set(0 if found is None else found.near)
            gauge.labels(kind=kind, standing="passed").set(0 if found is None else found.passed)
        provinces = provinces_of(self.office.directory)
        for kind, province in product(DeadlineKind, provinces - self._begun):
            # From 0 on: Prometheus sees no increase where a series begins with its first event.
            self.metrics.deadline_warnings.labels(kind=kind, province=province)
            self.metrics.deadline_breaches.labels(kind=kind, province=province)
        self._begun = provinces
