"""What operators can do at a hub or a node; the HTTP face calls these and nothing else.

Every call that changes or reads personal data names an operator and is audited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from bus.daemon import requester, views
from bus.daemon.evidence.registering import register
from bus.daemon.office import Office
from bus.daemon.proof import export
from bus.daemon.reading import Reading, note_reading
from bus.daemon.work import Work
from bus.errors import InputError
from bus.model.audit import Event
from bus.model.case import Case, CaseRole
from bus.model.messages import Finding
from bus.model.request import Draft, Submission
from bus.model.result import ResultView
from bus.model.timeline import Hop
from bus.ports.audit_walk import AuditWalk, Walked
from bus.ports.broker import Record
from bus.ports.store import AuditEntry, QuarantinedMessage, Store, Unit
from bus.rules.request_lines import check_draft_lines
from bus.rules.working_days import Calendar, local_date
from bus.rules.year_table import read_year_table
from signer.certificates import PathValidator
from signer.envelope.kinds import Kind
from signer.proof.later import directory_file
from signer.uuid7 import uuid7

Wake = Callable[[], None]
"""Tells the outbox relay that something was committed."""

Retry = Callable[[Sequence[Record]], Awaitable[None]]
"""Gives records to the step again."""


class DraftRefusedError(InputError):
    """The draft does not fit the catalogue; `findings` are all its faults. Nothing was done."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        super().__init__(
            "DRAFT_REFUSED",
            f"申请有 {len(findings)} 处错误，未提交；第一处：{first.zh}",
            f"{len(findings)} fault(s), nothing was submitted; the first: {first.en}",
            remedy_zh="请按资源目录更正后重新提交",
            remedy_en="Mend them as the catalogue says and submit again",
            where=first.where,
        )
        self.findings = findings


_NO_FILES: Mapping[str, UUID] = MappingProxyType({})

AUDIT_PAGE = 1000
"""Audit entries read at a time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a participant stands: for `status` and readiness."""

    participant: str
    ready: bool
    directory_version: int | None
    directory_expires: datetime | None
    outbox: int
    held: int
    quarantined: int


@dataclass
class Service:
    """The operations of one centre.

    Attributes:
        wake: Called after every commit that may have filled the outbox.
        retry: Gives quarantined records to the step again.
        validator: Validates to our root; None: the audit chain's signers are not traced to it.
    """

    office: Office
    store: Store
    wake: Wake
    retry: Retry
    validator: PathValidator | None = None

    async def standing(self) -> Standing:
        """Return how this participant stands."""
        async with self.store.transaction() as unit:
            tally = await unit.tally()
        directory = self.office.directory if self.office.ready else None
        return Standing(
            participant=self.office.me,
            ready=self.office.ready,
            directory_version=None if directory is None else directory.version,
            directory_expires=None if directory is None else directory.expires,
            outbox=tally.unsent,
            held=tally.held,
            quarantined=tally.quarantined,
        )

    async def submit(
        self, draft: Draft, operator: str, files: Mapping[str, UUID] = _NO_FILES
    ) -> Case:
        """Submit a checked draft as a new query.

        Args:
            draft: The draft.
            operator: Who submits it.
            files: The files that were handed in with it, by the names the draft gives them.

        Raises:
            DraftRefusedError: It does not fit the catalogue (R020, R049-R053).
            UnavailableError: No directory yet, or no way to the hub.
        """
        now = self.office.clock.now()
        findings = check_draft_lines(draft.lines, self.office.catalogue, local_date(now))
        if findings:
            raise DraftRefusedError(findings)
        submission = Submission(uuid7(now, self.office.entropy), operator, now)
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, now)
            case = await requester.submit(work, draft, submission)
            register(work, case.query, draft, files, operator)  # R023
            await work.finish()
        self.wake()
        return case

    async def queries(self) -> Sequence[Case]:
        """Return the queries this node submitted, newest first."""
        async with self.store.transaction() as unit:
            return await unit.cases(CaseRole.REQUESTER)

    async def query(self, query: UUID) -> Case:
        """Return one query this node submitted.

        Raises:
            InputError: `QUERY_UNKNOWN`.
        """
        async with self.store.transaction() as unit:
            return await _case(unit, query, CaseRole.REQUESTER)

    async def timeline(self, query: UUID) -> tuple[Hop, ...]:
        """Return the hops of a query, as far as this participant's archive tells."""
        async with self.store.transaction() as unit:
            stored = await unit.messages(query)
        return await asyncio.to_thread(views.timeline, stored)

    async def problems(self, query: UUID) -> Sequence[AuditEntry]:
        """Return the Problems that peers reported about a query."""
        async with self.store.transaction() as unit:
            due = len(await unit.messages(query, Kind.PROBLEM))
        found: list[AuditEntry] = []
        after = 0
        # Page by page, each on its own: the chain is long, and steps wait for the store.
        while len(found) < due and (entries := await self.audit(after, 1000)):
            after = entries[-1].number
            found += [
                entry
                for entry in entries
                if entry.event.query == query and entry.event.event == Event.PROBLEM_RECEIVED
            ]
        return found

    async def result(self, query: UUID, operator: str, purpose: str, group: str = "") -> ResultView:
        """Return a query's result to a named operator, audited with the purpose (R033-R035).

        Args:
            query: The query.
            operator: Who reads it.
            purpose: What for: as it was applied for.
            group: The reader's unit, empty for the centre's own staff.

        Raises:
            InputError: `QUERY_UNKNOWN`.
            UseError: `PURPOSE_DIFFERS`, `UNIT_NOT_ENTITLED`, `RESULT_PURGED`, `RESULT_WITHDRAWN`;
                audited as well.
        """
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            case = await _case(unit, query, CaseRole.REQUESTER)
            stored = await unit.messages(query)
            work = Work(self.office, unit, now)
            reading = Reading(operator, purpose, group)
            refusal = note_reading(work, case, reading, Event.RESULT_READ)
            await work.finish()
        if refusal is not None:
            raise refusal
        # The books say so before anything is opened.
        return await asyncio.to_thread(views.result, self.office, case, stored)

    async def proof(
        self, query: UUID, operator: str, purpose: str | None = None, group: str = ""
    ) -> bytes:
        """Return a query's proof file, audited.

        Args:
            query: The query.
            operator: Who asks for it.
            purpose: What the answers are disclosed for (R035); None leaves them sealed.
            group: The reader's unit, empty for the centre's own staff.

        Raises:
            InputError: `QUERY_UNKNOWN`, `PROOF_TOO_EARLY`.
            UseError: As `result`, where the answers are to be disclosed.
            UnavailableError: As `export`.
        """
        now, opened = self.office.clock.now(), purpose is not None
        async with self.store.transaction() as unit:
            case = await _case(unit, query, CaseRole.REQUESTER)
            work = Work(self.office, unit, now)
            refusal = None
            if purpose is None:
                actor = f"operator:{operator}"
                work.note(query, Event.PROOF_EXPORTED, actor, opened=0, purpose=None)
            else:
                reading = Reading(operator, purpose, group)
                refusal = note_reading(work, case, reading, Event.PROOF_EXPORTED, opened=1)
            await work.finish()
            if refusal is None:
                return await export(self.office, unit, query, now, opened=opened)
        raise refusal

    async def directory_file(self) -> bytes:
        """Return the directory in force as a file, to show later revocations of a proof's keys.

        Raises:
            UnavailableError: `DIRECTORY_NOT_READ`.
        """
        _ = self.office.directory
        async with self.store.transaction() as unit:
            records = await unit.directory()
        return await asyncio.to_thread(directory_file, records)

    async def quarantined(self, after: int, limit: int) -> Sequence[QuarantinedMessage]:
        """Return refused records, oldest first."""
        async with self.store.transaction() as unit:
            return await unit.quarantined(after, limit)

    async def replay(self, number: int, operator: str) -> str | None:
        """Give a quarantined record to the step again, as if it had just arrived; audited.

        Returns:
            The code if it was refused again and put into quarantine anew, else None.

        Raises:
            InputError: `QUARANTINE_UNKNOWN`.
        """
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            found = [q for q in await unit.quarantined(number - 1, 1) if q.number == number]
            if not found:
                raise InputError(
                    "QUARANTINE_UNKNOWN", "隔离区没有此编号", "no such number", where=str(number)
                )
            last = (await unit.tally()).last_quarantined
            await unit.mark_replayed(number, now)
            work = Work(self.office, unit, now)
            work.note(None, Event.QUARANTINE_REPLAYED, f"operator:{operator}", number=number)
            await work.finish()
        kept = found[0]
        await self.retry([Record(kept.topic, -1, -1, kept.key, kept.value, kept.headers)])
        self.wake()
        async with self.store.transaction() as unit:
            since = await unit.quarantined(last, 100)
        again = [q.code for q in since if (q.topic, q.value) == (kept.topic, kept.value)]
        return again[0] if again else None

    async def verify_audit(self) -> Walked:
        """Walk the whole audit chain with its heads and timestamps; returns what holds.

        Raises:
            StoreCorrupt: As `AuditWalk.take`, naming the first entry that does not.
        """
        walk = AuditWalk(self.office.me, self.validator)
        after = 0
        while True:
            async with self.store.transaction() as unit:
                entries = await unit.audit(after, AUDIT_PAGE)
            if not entries:
                return walk.walked
            await asyncio.to_thread(walk.take, entries)
            after = entries[-1].number

    async def audit(self, after: int, limit: int) -> Sequence[AuditEntry]:
        """Return audit entries in order."""
        async with self.store.transaction() as unit:
            return await unit.audit(after, limit)

    async def load_calendar(self) -> None:
        """Put the imported year tables in force, those another instance imported among them."""
        async with self.store.transaction() as unit:
            tables = await unit.year_tables()
        calendar = Calendar([read_year_table(text) for text in tables.values()])
        # The same one stays: another makes every deadline be counted anew.
        if calendar.tables != self.office.calendar.tables:
            self.office.calendar = calendar

    async def import_year_table(self, text: str, operator: str) -> int:
        """Import a working-day year table; returns its year.

        Raises:
            YearTableError: The table is malformed; the one in force stays.
        """
        table = read_year_table(text)
        async with self.store.transaction() as unit:
            await unit.put_year_table(table.year, text)
            work = Work(self.office, unit, self.office.clock.now())
            work.note(None, Event.YEAR_TABLE_IMPORTED, f"operator:{operator}", year=table.year)
            await work.finish()
        await self.load_calendar()
        return table.year


async def _case(unit: Unit, query: UUID, role: CaseRole) -> Case:
    case = await unit.case(query, role)
    if case is None:
        raise InputError("QUERY_UNKNOWN", "没有此查询", "no such query", where=str(query))
    return case
