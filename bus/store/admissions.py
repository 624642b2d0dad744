"""How far has each participant come, on what papers, tested when, and which keys are revoked?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import bindparam, delete, func, select

from bus.model.admission import (
    Admission,
    ConformanceReport,
    QueuedRenewal,
    Revocation,
    StoredFiling,
)
from bus.ports.admission_codec import decode_admission, encode_admission
from bus.ports.instants import cut
from bus.store.conflicts import insert_or_keep, insert_or_replace
from bus.store.statements import Statements, columns_of
from bus.store.tables import admissions, filings, renewals, reports, revocations

# An operator's act on one participant.
FIND_ADMISSION = select(admissions.c.body).where(
    admissions.c.participant == bindparam("participant")
)

# For the operator's list, and for the directory when something has changed.
LIST_ADMISSIONS = select(admissions.c.body).order_by(admissions.c.participant)

# An operator reads the written application, contacts among it.
FIND_FILING = select(*columns_of(filings, StoredFiling)).where(
    filings.c.digest == bindparam("digest")
)

# Before a participant is connected.
FIND_REPORT = select(*columns_of(reports, ConformanceReport)).where(
    reports.c.participant == bindparam("participant")
)

# For the directory: every key of a revoked generation says so.
LIST_REVOCATIONS = select(*columns_of(revocations, Revocation)).order_by(
    revocations.c.participant, revocations.c.generation
)

# What waits for an operator with the authority's keys.
LIST_RENEWALS = select(*columns_of(renewals, QueuedRenewal)).order_by(renewals.c.participant)

# The certificates were made.
END_RENEWAL = delete(renewals).where(renewals.c.participant == bindparam("participant"))

# Every second, by whoever publishes the directory: did another instance's operator do something?
MARK = select(
    select(func.coalesce(func.sum(admissions.c.steps), 0)).scalar_subquery().label("steps"),
    select(func.count()).select_from(revocations).scalar_subquery().label("revoked"),
)


class Admissions(Statements):
    """The admissions of a unit; see `AdmissionBooks`."""

    async def admission(self, participant: str) -> Admission | None:
        """Return a participant's admission, or None."""
        row = await self._row(FIND_ADMISSION, {"participant": participant})
        return None if row is None else decode_admission(row["body"])

    async def admissions(self) -> Sequence[Admission]:
        """Return all admissions, by participant id."""
        return [decode_admission(row["body"]) for row in await self._rows(LIST_ADMISSIONS, {})]

    async def save_admission(self, admission: Admission) -> None:
        """Insert or replace an admission."""
        cut(admission.updated)
        values = {
            "participant": admission.participant,
            "state": str(admission.state),
            "steps": len(admission.steps),
            "body": encode_admission(admission),
        }
        # Replaced whole: the table of movements has judged it, and nobody else is in a transaction.
        await self._write(insert_or_replace(admissions, self._dialect), values)

    async def put_filing(self, filing: StoredFiling) -> None:
        """Keep a sealed application file; a digest already kept stays as it is."""
        await self._write(insert_or_keep(filings, self._dialect), asdict(filing))

    async def filing(self, digest: bytes) -> StoredFiling | None:
        """Return an application file by digest, or None."""
        row = await self._row(FIND_FILING, {"digest": digest})
        return None if row is None else StoredFiling(**row)

    async def put_report(self, report: ConformanceReport) -> None:
        """Keep a participant's latest conformance report; it replaces an earlier one."""
        await self._write(insert_or_replace(reports, self._dialect), asdict(report))

    async def report(self, participant: str) -> ConformanceReport | None:
        """Return a participant's latest conformance report, or None."""
        row = await self._row(FIND_REPORT, {"participant": participant})
        return None if row is None else ConformanceReport(**row)

    async def put_renewal(self, renewal: QueuedRenewal) -> None:
        """Queue a participant's request for its next generation; it replaces an earlier one."""
        await self._write(insert_or_replace(renewals, self._dialect), asdict(renewal))

    async def renewals(self) -> Sequence[QueuedRenewal]:
        """Return the queued requests, by participant id."""
        return [QueuedRenewal(**row) for row in await self._rows(LIST_RENEWALS, {})]

    async def end_renewal(self, participant: str) -> None:
        """Forget a participant's queued request: its certificates were made."""
        await self._write(END_RENEWAL, {"participant": participant})

    async def revoke(self, revocation: Revocation) -> bool:
        """Revoke a key generation; returns False where it was revoked before, which stands."""
        written = await self._write(insert_or_keep(revocations, self._dialect), asdict(revocation))
        return written == 1

    async def revocations(self) -> Sequence[Revocation]:
        """Return all revocations, by participant id and generation."""
        return [Revocation(**row) for row in await self._rows(LIST_REVOCATIONS, {})]

    async def admission_mark(self) -> str:
        """Return what is another text after every change of an admission or revocation."""
        (row,) = await self._rows(MARK, {})
        return f"{row['steps']}.{row['revoked']}"
