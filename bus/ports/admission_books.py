"""What the hub's books hold of admissions: the part of a unit that no other participant uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bus.model.admission import (
    Admission,
    ConformanceReport,
    QueuedRenewal,
    Revocation,
    StoredFiling,
)


class AdmissionBooks(Protocol):
    """Admissions, their application files, conformance reports, renewals, revocations."""

    async def admission(self, participant: str) -> Admission | None:
        """Return a participant's admission, or None."""
        ...

    async def admissions(self) -> Sequence[Admission]:
        """Return all admissions, by participant id."""
        ...

    async def save_admission(self, admission: Admission) -> None:
        """Insert or replace an admission."""
        ...

    async def put_filing(self, filing: StoredFiling) -> None:
        """Keep a sealed application file; a digest already kept stays as it is."""
        ...

    async def filing(self, digest: bytes) -> StoredFiling | None:
        """Return an application file by digest, or None."""
        ...

    async def put_report(self, report: ConformanceReport) -> None:
        """Keep a participant's latest conformance report; it replaces an earlier one."""
        ...

    async def report(self, participant: str) -> ConformanceReport | None:
        """Return a participant's latest conformance report, or None."""
        ...

    async def put_renewal(self, renewal: QueuedRenewal) -> None:
        """Queue a participant's request for its next generation; it replaces an earlier one."""
        ...

    async def renewals(self) -> Sequence[QueuedRenewal]:
        """Return the queued requests, by participant id."""
        ...

    async def end_renewal(self, participant: str) -> None:
        """Forget a participant's queued request: its certificates were made."""
        ...

    async def revoke(self, revocation: Revocation) -> bool:
        """Revoke a key generation; returns False where it was revoked before, which stands."""
        ...

    async def revocations(self) -> Sequence[Revocation]:
        """Return all revocations, by participant id and generation."""
        ...

    async def admission_mark(self) -> str:
        """Return what is another text after every change of an admission or revocation."""
        ...
