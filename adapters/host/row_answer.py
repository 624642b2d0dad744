"""One row on its way: authority, lookup, answer. What stands in its way is told by an `Ending`.

Each step is one transaction or none; between them the source is asked. The numbers of a row's
authority are in authority.py, those of what may leave in disclosure.py, what is written into the
audit chain in account.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.contract import Lookup, SourcePendingError, Subject, Task
from adapters.host import authority
from adapters.host.account import Account, Found, key_of, sealed
from adapters.host.authority import ApprovedLine, Authority, authorise
from adapters.host.disclosure import Disclosed, nobody
from adapters.host.fragments import fragments
from adapters.host.source import Source
from bus.daemon.office import Office
from bus.daemon.work import Work, open_stored
from bus.errors import (
    ConfigError,
    DefectError,
    HeduiError,
    PendingError,
    UnavailableError,
)
from bus.flow.answer import answer_message, begin_row, close_row
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.case import Case, CaseRole, Row, RowState
from bus.model.messages import Answer
from bus.model.request import Roster
from bus.ports.store import Store
from bus.ports.store_errors import StoreCorrupt, StoreUnavailable
from bus.wire.message import Message
from schemas.resources import Resource
from signer.envelope.kinds import Kind

PENDING_RETRY_AFTER = timedelta(seconds=5)
"""Until a row that waits for people is asked about again: they may have acted meanwhile."""

ROW_RETRY_AFTER = timedelta(minutes=1)
"""Until a row that could not be answered, for a reason of its own, is tried again."""

LEASE = "answering"

LEASE_FOR = timedelta(minutes=2)
"""Until another instance answers for one that is gone; renewed while a lookup runs."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How work on a row ended: closed, or to be tried again after a while, with the code why.

    `people` tells that people have to act first.
    """

    closed: bool = False
    again: timedelta | None = None
    code: str = ""
    people: bool = False


_NOTHING = Ending()
"""It is not owed any more, or waits for the source like all the others."""


@dataclass(frozen=True, slots=True)
class _Permitted:
    """A row as it may be looked up: its roster part, and what was approved."""

    message: Message
    roster: Roster
    resource: Resource
    granted: Authority


@dataclass
class RowAnswer:
    """Answers rows, one at a time or several at once.

    Attributes:
        holder: This instance, as holder of the lease.
        stopping: Whether the process is to stop.
    """

    office: Office
    store: Store
    source: Source
    metrics: Metrics
    log: Logger
    holder: str
    stopping: Callable[[], bool]
    account: Account = field(default_factory=Account)

    def __post_init__(self) -> None:
        for code in authority.CODES:
            self.metrics.authority_refused.labels(code=code)

    async def answer(self, case: Case, owing: Row) -> Ending:
        """Take one row from its authority to its sealed answer.

        Raises:
            StoreUnavailable, StoreCorrupt: The store cannot be reached, or refused a statement.
        """
        try:
            permitted = await self._permitted(case, owing)
        except PendingError as error:
            return Ending(again=ROW_RETRY_AFTER, code=error.code)
        except (UnavailableError, StoreCorrupt):
            raise
        except Exception as error:  # noqa: BLE001 - whatever was written into the store
            await self._refuse(case, owing, error)
            return Ending(again=ROW_RETRY_AFTER)
        row = await self._begin(case, owing, permitted)
        if row is None:
            return _NOTHING
        found = await self._looked_up(case, row, permitted)
        return found if isinstance(found, Ending) else await self._sealed(*found)

    async def _looked_up(
        self, case: Case, row: Row, permitted: _Permitted
    ) -> tuple[Case, Row, _Permitted, Found] | Ending:
        """Return what may leave, or why nothing can now."""
        try:
            with self.metrics.lookup_seconds.labels(resource=row.resource).time():
                found = await self._look_up(case, row, permitted)
        except StoreUnavailable:
            raise
        except SourcePendingError as error:
            # The source is well and nothing failed: no alarm, the gauge and the term tell of it.
            return Ending(again=PENDING_RETRY_AFTER, code=error.code, people=True)
        except UnavailableError as error:
            self._report(error)
            return _NOTHING
        except Exception as error:  # noqa: BLE001 - one row must not stop the others
            self._report(error if isinstance(error, HeduiError) else self.source.coded(error))
            return Ending(again=ROW_RETRY_AFTER)
        return _NOTHING if found is None else (case, row, permitted, found)

    async def _permitted(self, case: Case, row: Row) -> _Permitted:
        message, roster = await self._roster(case, row)
        office = self.office
        granted = await asyncio.to_thread(
            authorise, message, case, row, office.directory, office.me, office.clock.now()
        )
        resource = office.resource(row.resource)
        if resource is None:
            raise PendingError(
                "RESOURCE_UNKNOWN",
                "目录中尚无此信息资源的模式",
                "the directory does not carry the resource's schema yet",
                where=row.resource,
            )
        return _Permitted(message, roster, resource, granted)

    async def _roster(self, case: Case, row: Row) -> tuple[Message, Roster]:
        """Return the roster part that a row was made from, as the store has it.

        Raises:
            DefectError: `ROW_WITHOUT_ORDER`, `ARCHIVE_DAMAGED`.
        """
        async with self.store.transaction() as unit:
            kept = await unit.messages(case.query, Kind.ROSTER)
        damaged = False
        for stored in kept:
            if stored.part != row.part:
                continue
            try:
                message = await asyncio.to_thread(open_stored, self.office, stored)
            except Exception:  # noqa: BLE001 - whatever was written into the store
                damaged = True
                continue
            if message.chain == row.order and isinstance(message.body, Roster):
                return message, message.body
        code = "ARCHIVE_DAMAGED" if damaged else "ROW_WITHOUT_ORDER"
        raise DefectError(code, "任务缺少名单", "a row without its roster", where=row.resource)

    async def _refuse(self, case: Case, row: Row, error: Exception) -> None:
        code, where = "ARCHIVE_DAMAGED", ""
        if isinstance(error, HeduiError):
            code, where = error.code, error.where
        self.metrics.authority_refused.labels(code=code).inc()
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            fresh = self.account.refused(work, case, row, code, where)
            await work.finish()
        if fresh:
            told = {"part": row.part, "resource": row.resource, "code": code, "where": where}
            self.log.error("authority.refused", query=str(case.query), **told)

    async def _begin(self, case: Case, row: Row, permitted: _Permitted) -> Row | None:
        """Renew the lease and mark a row as begun; returns the row as it stands.

        None where the lease has gone to another instance, or the row is not owed any more: it was
        answered, or its query has ended (R031). Then nobody is looked up.
        """
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            if not await unit.lease(LEASE, self.holder, now, now + LEASE_FOR):
                return None
            work = Work(self.office, unit, now)
            current = await work.case(case.query, CaseRole.AGENCY)
            owing = None if current is None else _open_row(current, row)
            if current is None or owing is None:
                return None
            begun, marked = begin_row(current, owing, now)
            if begun is not current:
                work.save(begun)
            if self._is_mapped(row):
                persons, asked = len(permitted.roster.persons), permitted.message.digest
                self.account.begins(work, case, row, permitted.granted, persons, asked)
            await work.finish()
            return marked

    async def _look_up(self, case: Case, row: Row, permitted: _Permitted) -> Found | None:
        """Return what may leave under each line; None where nobody waits for it any more."""
        found: dict[ApprovedLine, Disclosed] = {}
        for line in permitted.granted.lines:
            asked = await self._line(case, row, permitted, line)
            if asked is None:
                return None
            found[line] = asked
        return found

    async def _line(
        self, case: Case, row: Row, permitted: _Permitted, line: ApprovedLine
    ) -> Disclosed | None:
        lookup, now = _lookup(case, row, permitted.roster, line), self.office.clock.now()
        if line.withdrawn:
            return nobody(lookup, line.line, authority.OFFER_WITHDRAWN, now)
        if not self._is_mapped(row):
            return nobody(lookup, line.line, "RESOURCE_NOT_MAPPED", now)

        async def owed() -> bool:
            return await self._still_owed(case, row)

        try:
            return await self.source.ask(lookup, line.line, permitted.resource, owed)
        except ConfigError as error:
            # The source no longer fits the mapping: say so to each person, never NOT_FOUND.
            self.log.warning("source.misfit", code=error.code, resource=row.resource)
            return nobody(lookup, line.line, error.code, now)

    def _is_mapped(self, row: Row) -> bool:
        return row.resource in self.source.mapped.names

    async def _still_owed(self, case: Case, row: Row) -> bool:
        if self.stopping():
            return False
        async with self.store.transaction() as unit:
            current = await unit.case(case.query, CaseRole.AGENCY)
        return current is not None and _open_row(current, row) is not None

    async def _sealed(self, case: Case, row: Row, permitted: _Permitted, found: Found) -> Ending:
        """Seal an answer and close its row; what cannot be sealed is in nobody else's way."""
        try:
            return await self._close(case, row, permitted, found)
        except HeduiError as error:
            if isinstance(error, StoreUnavailable):
                raise
            # A reader whose key is gone, say.
            self._report(error)
            async with self.store.transaction() as unit:
                work = Work(self.office, unit, self.office.clock.now())
                asked = permitted.message.digest
                self.account.done(work, case, row, found, asked, error.code)
                await work.finish()
            return Ending(again=ROW_RETRY_AFTER)

    async def _close(self, case: Case, row: Row, permitted: _Permitted, found: Found) -> Ending:
        answers = await asyncio.to_thread(_answers, permitted.resource, found)
        asked = permitted.message.digest
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            current = await work.case(case.query, CaseRole.AGENCY)
            owing = None if current is None else _open_row(current, row)
            if current is None or owing is None:
                # Stopped, or another instance answered it meanwhile.
                self.account.done(work, case, row, found, asked, "ROW_NOT_OWED")
                await work.finish()
                return _NOTHING
            digests = []
            for number, answer in enumerate(answers):
                last = number == len(answers) - 1
                send = answer_message(current, owing, asked, answer, number, last)
                digests.append((await work.send(current.query, send)).digest)
            work.save(close_row(current, owing, digests, work.now))
            self.account.done(work, current, row, found, asked)
            sealed(work, current, row, digests)
            await work.finish()
        return Ending(closed=True)

    def _report(self, error: HeduiError) -> None:
        self.log.warning("row.unanswered", code=error.code, where=error.where)
        self.metrics.loop_errors.labels(loop="source", code=error.code).inc()


def _lookup(case: Case, row: Row, roster: Roster, line: ApprovedLine) -> Lookup:
    task = Task(
        query=case.query,
        order=row.order,
        part=row.part,
        line=line.line,
        requester=case.requester,
        business=roster.request.business,
        purpose=roster.request.purpose,
        due=line.due,
    )
    persons = tuple(Subject(p.reference, p.name, p.id_type, p.id_number) for p in roster.persons)
    return Lookup(row.resource, line.items, line.time_from, line.time_to, persons, task)


def _open_row(case: Case, row: Row) -> Row | None:
    """Return a row as it stands now, while it is open."""
    for one in case.rows:
        if key_of(one) == key_of(row) and one.state is RowState.OPEN:
            return one
    return None


def _answers(resource: Resource, found: Found) -> tuple[Answer, ...]:
    # R072: an answer is as old as its oldest data.
    as_of: datetime = min(disclosed.as_of for disclosed in found.values())
    return fragments(resource, as_of, [one for d in found.values() for one in d.outcomes])
