"""The twin's part of a unit that keeps admissions; see `AdmissionBooks` for what is promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bus.model.admission import (
    Admission,
    ConformanceReport,
    QueuedRenewal,
    Revocation,
    StoredFiling,
)
from bus.ports.admission_codec import decode_admission, encode_admission
from bus.ports.instants import cut
from bus.ports.memory_tables import FiledAdmission, MemoryPart


class MemoryAdmissionBooks(MemoryPart):
    """Admissions, filings, reports and revocations in plain dictionaries."""

    async def admission(self, participant: str) -> Admission | None:
        """Return a participant's admission, or None."""
        filed = self._tables.admissions.get(participant)
        return None if filed is None else decode_admission(filed.text)

    async def admissions(self) -> Sequence[Admission]:
        """Return all admissions, by participant id."""
        return [
            decode_admission(filed.text) for _, filed in sorted(self._tables.admissions.items())
        ]

    async def save_admission(self, admission: Admission) -> None:
        """Insert or replace an admission."""
        cut(admission.updated)
        filed = FiledAdmission(len(admission.steps), encode_admission(admission))
        self._journal.put(self._tables.admissions, admission.participant, filed)

    async def put_filing(self, filing: StoredFiling) -> None:
        """Keep a sealed application file; the first form stays."""
        kept = replace(filing, at=cut(filing.at))
        if kept.digest not in self._tables.filings:
            self._journal.put(self._tables.filings, kept.digest, kept)

    async def filing(self, digest: bytes) -> StoredFiling | None:
        """Return an application file by digest, or None."""
        return self._tables.filings.get(digest)

    async def put_report(self, report: ConformanceReport) -> None:
        """Keep a participant's latest conformance report."""
        kept = replace(report, made=cut(report.made), expires=cut(report.expires))
        self._journal.put(self._tables.reports, kept.participant, kept)

    async def report(self, participant: str) -> ConformanceReport | None:
        """Return a participant's latest conformance report, or None."""
        return self._tables.reports.get(participant)

    async def put_renewal(self, renewal: QueuedRenewal) -> None:
        """Queue a participant's request for its next generation."""
        kept = replace(renewal, at=cut(renewal.at))
        self._journal.put(self._tables.renewals, kept.participant, kept)

    async def renewals(self) -> Sequence[QueuedRenewal]:
        """Return the queued requests, by participant id."""
        return [kept for _, kept in sorted(self._tables.renewals.items())]

    async def end_renewal(self, participant: str) -> None:
        """Forget a participant's queued request."""
        self._journal.remove(self._tables.renewals, participant)

    async def revoke(self, revocation: Revocation) -> bool:
        """Revoke a key generation; the first revocation stands."""
        kept = replace(revocation, at=cut(revocation.at))
        key = kept.participant, kept.generation
        if key in self._tables.revocations:
            return False
        self._journal.put(self._tables.revocations, key, kept)
        return True

    async def revocations(self) -> Sequence[Revocation]:
        """Return all revocations, by participant id and generation."""
        return [kept for _, kept in sorted(self._tables.revocations.items())]

    async def admission_mark(self) -> str:
        """Return what is another text after every change."""
        steps = sum(filed.steps for filed in self._tables.admissions.values())
        return f"{steps}.{len(self._tables.revocations)}"
