"""Who saw this person's data, and what for: read from the books, and noted in them (R077, R078).

A person is found by the token of its number under the store key; the number is used for that alone
and stands nowhere: not in the books, the log or the report.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.errors import InputError
from bus.model.audit import Event
from bus.model.audit_report import AuditReport, Period, ReportedAct, ReportedQuery, Subject
from bus.model.case import Case, CaseRole
from bus.ports.store import AuditEntry, AuditEvent, Store, Unit
from bus.rules.id_number import check_number, normalise
from bus.rules.working_days import local_date

OPERATOR = "operator:"
"""What the actor of an operator's act begins with."""

PAGE = 1000


@dataclass(frozen=True, slots=True)
class PersonAsked:
    """A person by type and number of its document."""

    id_type: str
    id_number: str


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """What a report is to be about: one person, one query, one operator, or all acts."""

    period: Period
    person: PersonAsked | None = None
    query: UUID | None = None
    operator: str | None = None

    @property
    def subject(self) -> Subject:
        """What it is about; an operator is looked for among a person's or a query's acts too."""
        if self.person is not None:
            return Subject.PERSON
        if self.query is not None:
            return Subject.QUERY
        return Subject.EVERYTHING if self.operator is None else Subject.OPERATOR


@dataclass
class AuditReports:
    """Makes reports from the books of one centre."""

    office: Office
    store: Store

    async def report(self, asked: ReportAsked, by: str) -> AuditReport:
        """Return who did what in a period.

        Args:
            asked: What it is about.
            by: The auditor.

        Raises:
            InputError: `QUERY_UNKNOWN`; the codes of `check_number`, which repeat no digit.
        """
        now = self.office.clock.now()
        # R077, R078: every act has a name, and whoever asks who saw what gets an answer.
        async with self.store.transaction() as unit:
            found = await self._queries(unit, asked)
            queries = None if found is None else tuple(found)
        history = await self.roles()
        acts: list[ReportedAct] = []
        for query in [None] if queries is None else sorted({one.query for one in queries}):
            async for entry in self.entries(query):
                event = entry.event
                if not asked.period.holds(event.at) or not event.actor.startswith(OPERATOR):
                    continue
                name = event.actor.removeprefix(OPERATOR)
                if asked.operator in {None, name}:
                    acts.append(_act(entry, name, history.at(name, entry.number)))
        made = AuditReport(
            participant=self.office.me,
            period=asked.period,
            subject=asked.subject,
            made=now,
            made_by=by,
            queries=queries or (),
            acts=tuple(sorted(acts, key=lambda act: act.number)),
        )
        await self._note(made, asked, by)
        return made

    async def entries(self, query: UUID | None = None) -> AsyncIterator[AuditEntry]:
        """Yield the entries of the books, of all or of one query, a transaction a page."""
        after = 0
        while True:
            async with self.store.transaction() as unit:
                page = await unit.audit(after, PAGE, query=query)
            for entry in page:
                yield entry
            if len(page) < PAGE:
                return
            after = page[-1].number

    async def roles(self) -> RoleHistory:
        """Return which roles each operator had when."""
        changes: list[AuditEntry] = []
        for event in (Event.OPERATOR_ADDED, Event.OPERATOR_CHANGED):
            after = 0
            while True:
                async with self.store.transaction() as unit:
                    page = await unit.audit(after, PAGE, event=event)
                changes += page
                if len(page) < PAGE:
                    break
                after = page[-1].number
        return RoleHistory.of(changes)

    async def _queries(self, unit: Unit, asked: ReportAsked) -> list[ReportedQuery] | None:
        if asked.person is not None:
            token = self._token(asked.person)
            return [
                _reported(query, reference, await _cases(unit, query))
                for query, reference in await unit.queries_of(token)
                if asked.query in {None, query}
            ]
        if asked.query is None:
            return None
        cases = await _cases(unit, asked.query)
        if not cases:
            raise InputError("QUERY_UNKNOWN", "没有此查询", "no such query", where=str(asked.query))
        return [_reported(asked.query, None, cases)]

    def _token(self, person: PersonAsked) -> bytes:
        number = normalise(person.id_type, person.id_number)
        today = local_date(self.office.clock.now())
        for finding in check_number(person.id_type, number, today, "person"):
            raise InputError(finding.code, finding.zh, finding.en, where=finding.where)
        return self.office.store_key.person_token(person.id_type, number)

    async def _note(self, made: AuditReport, asked: ReportAsked, by: str) -> None:
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            work.note(
                asked.query,
                Event.AUDIT_REPORTED,
                f"{OPERATOR}{by}",
                about=made.subject,
                since=str(made.period.since),
                until=str(made.period.until),
                queries=len(made.queries),
                acts=len(made.acts),
            )
            await work.finish()


@dataclass(frozen=True, slots=True)
class RoleHistory:
    """Which roles each operator had from which entry of the books on."""

    changes: dict[str, tuple[tuple[int, tuple[str, ...]], ...]]

    @classmethod
    def of(cls, entries: Sequence[AuditEntry]) -> RoleHistory:
        """Return what the entries about operators tell."""
        found: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
        for entry in sorted(entries, key=lambda one: one.number):
            roles = entry.event.detail.get("roles")
            if roles is not None:
                name = str(entry.event.detail.get("operator"))
                found.setdefault(name, []).append((entry.number, tuple(str(roles).split())))
        return cls({name: tuple(changes) for name, changes in found.items()})

    def at(self, operator: str, number: int) -> tuple[str, ...]:
        """Return the roles an operator had at an entry; none before it was registered."""
        had = [roles for since, roles in self.changes.get(operator, ()) if since <= number]
        return had[-1] if had else ()


def _act(entry: AuditEntry, operator: str, roles: tuple[str, ...]) -> ReportedAct:
    event = entry.event
    return ReportedAct(
        number=entry.number,
        at=event.at,
        event=event.event,
        operator=operator,
        roles=roles,
        query=event.query,
        purpose=str(event.detail.get("purpose") or ""),
        code=_code(event),
    )


def _code(event: AuditEvent) -> str:
    return str(event.detail.get("code") or "") if event.event == Event.ACCESS_REFUSED else ""


async def _cases(unit: Unit, query: UUID) -> list[Case]:
    found = [await unit.case(query, role) for role in CaseRole]
    return [case for case in found if case is not None]


def _reported(query: UUID, reference: int | None, cases: Sequence[Case]) -> ReportedQuery:
    state = str(cases[0].state) if cases else ""
    return ReportedQuery(query, reference, state, cases[0].purged if cases else None)
