"""Answers open rows: order and roster from the store, lookup outside, answer sealed in one step.

A lookup may take long and sources go down, so it runs between transactions: the row stays open in
the store until the answer is in the outbox, and a crash in between only repeats the lookup. Of
several instances only the holder of a lease looks up, so that no source is asked twice about a
person; should it lose the lease in a long lookup, one answer at most is taken all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.contract import (
    Connector,
    Lookup,
    LookupResult,
    SourcePendingError,
    Subject,
    Task,
    none_answerable,
)
from adapters.host.fragments import fragments
from adapters.host.outage import Outage
from bus.daemon.office import Office
from bus.daemon.work import Work, open_stored
from bus.errors import ConfigError, DefectError, HeduiError, UnavailableError
from bus.flow.answer import answer_message, begin_row, close_row
from bus.flow.lifecycle import RUNNING
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.model.case import Case, CaseRole, Row, RowState
from bus.model.messages import Answer, PersonOutcome
from bus.model.request import RequestLine, Roster
from bus.ports.store import Store
from bus.ports.store_errors import StoreUnavailable
from bus.wire.message import Message
from schemas.records import encode_record
from schemas.resources import Resource
from signer.envelope.format import OrderLine
from signer.envelope.kinds import Kind

RETRY_AFTER = timedelta(seconds=5)
"""Until a source that was down is asked again."""

PENDING_RETRY_AFTER = timedelta(seconds=5)
"""Until a row that waits for people is asked about again: they may have acted meanwhile."""

ROW_RETRY_AFTER = timedelta(minutes=1)
"""Until a row that could not be answered, for a reason of its own, is tried again."""

LEASE = "answering"

LEASE_FOR = timedelta(minutes=2)
"""Until another instance answers for one that is gone; renewed before each row."""

RowKey = tuple[bytes, int, str]
"""What names a row here: its order, part and resource."""


@dataclass
class Answering:
    """Answers the open rows of one agency.

    Attributes:
        holder: This instance, as holder of the lease.
        retry_at: When to ask a source again that was down; None while it is up.
    """

    office: Office
    store: Store
    connector: Connector
    resources: frozenset[str]
    metrics: Metrics
    log: Logger
    holder: str
    retry_at: datetime | None = None
    _waiting: dict[RowKey, datetime] = field(default_factory=dict)
    _pending: set[RowKey] = field(default_factory=set)
    """Rows that wait until people have acted."""
    _outage: Outage = field(init=False)

    def __post_init__(self) -> None:
        self._outage = Outage(self.office, self.store, self.log)

    async def answer_open_rows(self) -> int:
        """Answer what is owed; returns how many rows were closed.

        A source that is down leaves its rows open; they are tried again after a pause. A row that
        cannot be answered for a reason of its own, or that people have to do something for first,
        waits alone: the others go on.
        """
        now = self.office.clock.now()
        if not self.office.ready or self.office.paused or _before(now, self.retry_at, RETRY_AFTER):
            return 0
        self.retry_at = None
        closed = 0
        if not await self._mine():
            return 0
        owed = await self._owed()
        self._waiting = {key: at for key, at in self._waiting.items() if key in owed}
        self._pending &= owed.keys()
        for key, (case, owing) in owed.items():
            if _before(now, self._waiting.get(key), ROW_RETRY_AFTER):
                continue
            row = await self._begin(case, owing)
            found = None if row is None else await self._looked_up(key, case, row)
            if self._source_is_down():
                await self._outage.goes_on(owed.values())
                break
            if row is None or found is None:
                continue
            self._outage.over()
            try:
                closed += await self._close(case, row, *found)
            except HeduiError as error:
                if isinstance(error, StoreUnavailable):
                    raise
                # Not sealed: a reader whose key is gone, say. Nobody else's answer waits for it.
                self._report(error)
                self._waiting[key] = now + ROW_RETRY_AFTER
        self.metrics.rows_waiting.set(len(self._pending))
        await self._outage.people_owe([owed[key] for key in owed if key in self._pending])
        return closed

    async def hand_over(self) -> None:
        """Give the lease up, so that nobody waits for an instance that has stopped.

        Raises:
            StoreUnavailable: The store cannot be reached.
        """
        async with self.store.transaction() as unit:
            await unit.end_lease(LEASE, self.holder)

    async def _mine(self) -> bool:
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            return await unit.lease(LEASE, self.holder, now, now + LEASE_FOR)

    async def _begin(self, case: Case, row: Row) -> Row | None:
        """Renew the lease and mark a row as begun; returns the row as it stands.

        None where the lease has gone to another instance, or the row is not owed any more: it was
        answered, or its query has ended (R031). Then nobody is looked up.
        """
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            if not await unit.lease(LEASE, self.holder, now, now + LEASE_FOR):
                return None
            current = await unit.case(case.query, CaseRole.AGENCY)
            owing = None if current is None else _open_row(current, row)
            if current is None or owing is None:
                return None
            begun, marked = begin_row(current, owing, now)
            if begun is not current:
                await unit.save_case(begun)
            return marked

    async def _looked_up(
        self, key: RowKey, case: Case, row: Row
    ) -> tuple[bytes, tuple[Answer, ...]] | None:
        """Return what the source says; None where it cannot, which is tried again later."""
        now, known = self.office.clock.now(), key in self._pending
        self._pending.discard(key)
        try:
            with self.metrics.lookup_seconds.labels(resource=row.resource).time():
                return await self._look_up(case, row)
        except SourcePendingError as error:
            # The source is well and nothing failed: no alarm, the gauge and the term tell of it.
            if not known:
                self.log.info("row.waiting", query=str(case.query), part=row.part, code=error.code)
            self._pending.add(key)
            self._waiting[key] = now + PENDING_RETRY_AFTER
        except UnavailableError as error:
            self._report(error)
            self.retry_at = now + RETRY_AFTER
        except Exception as error:  # noqa: BLE001 - one row must not stop the others
            self._report(error)
            self._waiting[key] = now + ROW_RETRY_AFTER
        return None

    def _source_is_down(self) -> bool:
        return self.retry_at is not None

    def _report(self, error: Exception) -> None:
        # By code, or by type: a foreign text may quote values.
        code = error.code if isinstance(error, HeduiError) else type(error).__name__
        where = error.where if isinstance(error, HeduiError) else ""
        self.log.warning("row.unanswered", code=code, where=where)
        self.metrics.loop_errors.labels(loop="source", code=code).inc()

    async def _owed(self) -> dict[RowKey, tuple[Case, Row]]:
        async with self.store.transaction() as unit:
            cases = await unit.cases(CaseRole.AGENCY, RUNNING)
        owed = [(c, row) for c in cases for row in c.rows if row.state is RowState.OPEN]
        owed.sort(key=lambda pair: (pair[1].deadline, pair[1].part, pair[1].resource))
        return {(row.order, row.part, row.resource): (case, row) for case, row in owed}

    async def _look_up(self, case: Case, row: Row) -> tuple[bytes, tuple[Answer, ...]]:
        message = await self._roster(case, row)
        resource = self.office.resource(row.resource)
        if resource is None or not isinstance(message.body, Roster) or message.order is None:
            raise DefectError(
                "ROW_WITHOUT_ORDER", "任务缺少指令", "a row without its order", where=row.resource
            )
        results: list[tuple[int, LookupResult]] = []
        asked = {line.line: line for line in message.body.request.lines}
        for ordered in message.order.lines:
            if ordered.resource != row.resource:
                continue
            line = asked[ordered.line]
            task = _task(case, row, message.body, ordered)
            found = await self._lookup(line, ordered.items, message.body, task)
            results.append((ordered.line, found))
        # R072: an answer is as old as its oldest data.
        as_of = min(result.as_of for _, result in results)
        return message.digest, await asyncio.to_thread(_answers, resource, as_of, results)

    async def _lookup(
        self, line: RequestLine, items: Sequence[str], roster: Roster, task: Task
    ) -> LookupResult:
        persons = tuple(
            Subject(p.reference, p.name, p.id_type, p.id_number) for p in roster.persons
        )
        span = line.time_from, line.time_to
        lookup = Lookup(line.resource, tuple(items), *span, persons, task)
        now = self.office.clock.now()
        if line.resource not in self.resources:
            return none_answerable(lookup, "RESOURCE_NOT_MAPPED", now)
        try:
            result = await self.connector.lookup(lookup, now)
        except ConfigError as error:
            # The source no longer fits the mapping: say so to each person's row, never NOT_FOUND.
            self.log.warning("source.misfit", code=error.code, resource=line.resource)
            return none_answerable(lookup, error.code, now)
        for remark in result.remarks:
            self.log.warning(
                "lookup.remark", code=remark.code, where=remark.where, count=remark.count
            )
        return result

    async def _roster(self, case: Case, row: Row) -> Message:
        async with self.store.transaction() as unit:
            kept = await unit.messages(case.query, Kind.ROSTER)
        for stored in kept:
            if stored.part == row.part:
                message = await asyncio.to_thread(open_stored, self.office, stored)
                if message.chain == row.order:
                    return message
        raise DefectError(
            "ROW_WITHOUT_ORDER", "任务缺少名单", "a row without its roster", where=row.resource
        )

    async def _close(self, case: Case, row: Row, roster: bytes, answers: Sequence[Answer]) -> int:
        async with self.store.transaction() as unit:
            current = await unit.case(case.query, CaseRole.AGENCY)
            owing = None if current is None else _open_row(current, row)
            if current is None or owing is None:
                return 0  # stopped, or another instance answered it meanwhile
            work = Work(self.office, unit, self.office.clock.now())
            digests = []
            for number, answer in enumerate(answers):
                last = number == len(answers) - 1
                send = answer_message(current, owing, roster, answer, number, last)
                digests.append((await work.send(current.query, send)).digest)
            work.save(close_row(current, owing, digests, work.now))
            work.note(
                current.query,
                Event.ANSWER_SENT,
                part=row.part,
                resource=row.resource,
                order=row.order.hex(),
                fragments=len(answers),
            )
            await work.finish()
        return 1


def _open_row(case: Case, row: Row) -> Row | None:
    """Return a row as it stands now, while it is open."""
    named = (row.order, row.part, row.resource)
    for one in case.rows:
        if (one.order, one.part, one.resource) == named and one.state is RowState.OPEN:
            return one
    return None


def _task(case: Case, row: Row, roster: Roster, ordered: OrderLine) -> Task:
    """Return what a line is asked for; a later date that was agreed on holds for all of the row."""
    return Task(
        query=case.query,
        order=row.order,
        part=row.part,
        line=ordered.line,
        requester=case.requester,
        business=roster.request.business,
        purpose=roster.request.purpose,
        due=max(ordered.due, row.extended or ordered.due),
    )


def _answers(
    resource: Resource, as_of: datetime, results: Sequence[tuple[int, LookupResult]]
) -> tuple[Answer, ...]:
    outcomes = [one for line, result in results for one in _outcomes(line, resource, result)]
    return fragments(resource, as_of, outcomes)


def _before(now: datetime, at: datetime | None, pause: timedelta) -> bool:
    """Whether a pause is not over; one that a clock set back has stretched is."""
    return at is not None and now < at <= now + pause


def _outcomes(line: int, resource: Resource, result: LookupResult) -> list[PersonOutcome]:
    return [
        PersonOutcome(
            line,
            found.reference,
            found.kind,
            found.code,
            tuple(encode_record(resource, record) for record in found.records),
        )
        for found in result.outcomes
    ]
