"""Destroys what is kept of persons on its date: a query a transaction, so a crash does no harm.

Content secrets are destroyed, the sealed messages stay. Documents of evidence go with their files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bus.daemon.assemble import Participant
from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.flow.retention import STATES, RetentionPolicy, purge, retained_until
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.model.case import Case, CaseRole
from bus.ports.store import Store, Unit
from signer.envelope.kinds import Kind

LOOK_EVERY = timedelta(hours=1)

PAGE = 50
"""Cases read in one transaction."""

PERSONAL = frozenset(
    {
        *(Kind.APPLICATION, Kind.ROSTER, Kind.CONSENT, Kind.ANSWER),
        *(Kind.EVIDENCE_REQUEST, Kind.EVIDENCE, Kind.EVIDENCE_REVIEW),
    }
)
"""Kinds whose content names or tells of persons; of all others nothing is destroyed."""


@dataclass
class Retention:
    """Destroys the contents of one participant's queries when their date has come."""

    office: Office
    store: Store
    policy: RetentionPolicy
    metrics: Metrics
    log: Logger

    async def purge(self) -> int:
        """Destroy what is due now; returns how many cases.

        Raises:
            StoreUnavailable: The store cannot be reached; what was done stands, the rest waits.
        """
        done, waiting = 0, set[UUID]()
        for role in CaseRole:
            for query in await self._due(role):
                purged = await self._purge(query)
                done += purged
                if not purged:
                    waiting.add(query)
        self.metrics.retention_waiting.set(len(waiting))
        return done

    async def _due(self, role: CaseRole) -> list[UUID]:
        due: list[UUID] = []
        after: UUID | None = None
        states = sorted(STATES[role])
        while True:
            now = self.office.clock.now()
            async with self.store.transaction() as unit:
                page = await unit.case_page(role, states, None, after, PAGE)
            due += [case.query for case in page if _is_due(case, self.policy, now)]
            if len(page) < PAGE:
                return due
            after = page[-1].query

    async def _purge(self, query: UUID) -> int:
        """Destroy one query's contents; returns the cases, 0 where one of them goes on."""
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            kept = [await work.case(query, role) for role in CaseRole]
            cases = [case for case in kept if case is not None]
            due = [case for case in cases if _is_due(case, self.policy, work.now)]
            # Messages are the query's, in whatever capacity we keep it.
            if not due or any(c.purged is None and c not in due for c in cases):
                return 0
            secrets = await unit.destroy_secrets(query, PERSONAL)
            files = await _destroy_evidence(unit, query)
            secrets += await unit.drop_returns(query)
            for case in due:
                work.save(purge(case, work.now))
            work.note(query, Event.RESULT_PURGED, contents=secrets, files=files)
            await work.finish()
        self._count(due)
        self.log.info("retention.purged", query=str(query), count=secrets)
        return len(due)

    def _count(self, due: Sequence[Case]) -> None:
        for case in due:
            self.metrics.purged.labels(role=case.role).inc()


def retention_of(participant: Participant) -> Retention:
    """Return the retention of a participant that was put together."""
    policy, office = participant.config.retention.policy, participant.office
    return Retention(office, participant.store, policy, participant.metrics, participant.log)


def _is_due(case: Case, policy: RetentionPolicy, now: datetime) -> bool:
    until = retained_until(case, policy)
    return case.purged is None and until is not None and now >= until


async def _destroy_evidence(unit: Unit, query: UUID) -> int:
    """Remove a query's documents, and the files that no other query names; returns the files."""
    destroyed = 0
    for document in await unit.documents(query):
        await unit.drop_document(document.id)
        if not await unit.documents_of_file(document.file):
            await unit.drop_evidence_file(document.file)
            destroyed += 1
    return destroyed
