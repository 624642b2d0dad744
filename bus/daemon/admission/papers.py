"""Application files at rest: sealed under the store key, because they name persons (R009)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bus.daemon.office import Office
from bus.errors import DefectError
from bus.model.admission import FiledStandard, Filing, StoredFiling
from bus.ports.store import Unit
from signer.admission.application import read_application
from signer.admission.contents import AdmissionApplication


def filing_of(read: AdmissionApplication, now: datetime) -> Filing:
    """Return what an application states, but for its persons and requests."""
    answers = read.answers
    return Filing(
        digest=read.digest,
        at=now,
        parent=answers.parent,
        title=answers.title,
        generation=read.keys.generation,
        standards=tuple(FiledStandard(s.name, s.version) for s in answers.standards),
        hosts=answers.hosts,
        offers=answers.offers,
    )


@dataclass(frozen=True)
class Papers:
    """The application files in the hub's store, inside an open transaction."""

    office: Office
    unit: Unit

    async def file(self, read: AdmissionApplication, data: bytes, now: datetime) -> None:
        """Keep an application file that was verified."""
        sealed = self.office.store_key.wrap(data, read.digest)
        await self.unit.put_filing(StoredFiling(read.digest, read.participant, now, sealed))

    async def application(self, digest: bytes) -> AdmissionApplication:
        """Return a kept application file, opened and verified again.

        Raises:
            DefectError: `FILING_MISSING`: it was never kept.
            KeyRingError: `STORE_SECRET_INVALID`: it does not open under this store key.
        """
        kept = await self.unit.filing(digest)
        if kept is None:
            raise DefectError(
                "FILING_MISSING",
                "缺少申请文件",
                "an application file is missing from the store",
                where=digest.hex(),
            )
        return read_application(self.office.store_key.unwrap(kept.sealed, digest))
