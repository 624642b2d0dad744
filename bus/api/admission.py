"""What the hub's operator sees of an admission (入网备案), and says about it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from bus.api.body import Answered, Asked
from bus.model.admission import (
    Act,
    Admission,
    AdmissionState,
    Filing,
    Revocation,
    Step,
)
from signer.certificates import to_key
from signer.directory.view import Offer

if TYPE_CHECKING:
    # The command line reads these models too and must not load a whole daemon for them.
    from bus.daemon.admission.certifying import Waiting
    from bus.daemon.admission.service import Dossier
    from bus.model.admission import ConformanceReport
    from signer.admission.contents import AdmissionApplication, Contact

REASON_LIMIT = 200


def _printable(text: str) -> str:
    stripped = text.strip()
    if not stripped or not stripped.isprintable():
        raise ValueError("不能为空或含控制字符 / empty, or with control characters")
    return stripped


Reason = Annotated[
    str,
    AfterValidator(_printable),
    Field(
        max_length=REASON_LIMIT,
        description="理由或文号，记入备案与审计，不得写个人信息 / Why, or a document's number;"
        " it stands in the record and in the audit chain: no personal data",
    ),
]


class ReasonBody(Asked):
    """Why an act is done."""

    reason: Reason


class RevocationAsked(Asked):
    """Which key generation to revoke, and why."""

    generation: Annotated[int, Field(ge=1, le=1_000_000)]
    reason: Reason


class AdmissionSummary(Answered):
    """An admission in one line."""

    participant: str
    title: str
    parent: str
    state: AdmissionState
    generation: Annotated[int | None, Field(description="最近签发的密钥代次 / Latest issued")]
    opened: datetime
    updated: datetime

    @classmethod
    def of(cls, admission: Admission) -> AdmissionSummary:
        """Return the summary of an admission."""
        filing = admission.in_force or admission.filing
        return cls(
            participant=admission.participant,
            title=filing.title,
            parent=filing.parent,
            state=admission.state,
            generation=admission.issued[-1].generation if admission.issued else None,
            opened=admission.opened,
            updated=admission.updated,
        )


class StepBody(Answered):
    """One entry of the record: what was done, when, by whom, why."""

    act: Act
    to: AdmissionState
    at: datetime
    by: str
    reason: str

    @classmethod
    def of(cls, step: Step) -> StepBody:
        """Return the body of a step."""
        return cls(act=step.act, to=step.to, at=step.at, by=step.by, reason=step.reason)


class ContactBody(Answered):
    """A person who answers for one responsibility (R009). Reading it is audited."""

    responsibility: str
    name: str
    phone: str
    email: str

    @classmethod
    def of(cls, contact: Contact) -> ContactBody:
        """Return the body of a contact."""
        return cls(
            responsibility=contact.responsibility,
            name=contact.name,
            phone=contact.phone,
            email=contact.email,
        )


class StandardBody(Answered):
    """A standard the participant says it conforms to (R010)."""

    name: str
    version: str


class OfferBody(Answered):
    """A resource it answers."""

    resource: str
    items: tuple[str, ...]
    term_working_days: int

    @classmethod
    def of(cls, offer: Offer) -> OfferBody:
        """Return the body of an offer."""
        return cls(
            resource=offer.resource,
            items=offer.items,
            term_working_days=offer.term_working_days,
        )


class FilingBody(Answered):
    """One written application: contacts, standards, registered addresses, offers."""

    digest: Annotated[
        str, Field(description="申请文件的摘要，与申请单位核对 / Compare it with the applicant")
    ]
    filed: datetime
    accepted: datetime | None
    parent: str
    title: str
    generation: int
    contacts: tuple[ContactBody, ...]
    standards: tuple[StandardBody, ...]
    hosts: tuple[str, ...]
    offers: tuple[OfferBody, ...]

    @classmethod
    def of(cls, filing: Filing, application: AdmissionApplication) -> FilingBody:
        """Return the body of a filing, with the contacts of its file."""
        return cls(
            digest=filing.digest.hex(),
            filed=filing.at,
            accepted=filing.accepted,
            parent=filing.parent,
            title=filing.title,
            generation=filing.generation,
            contacts=tuple(ContactBody.of(c) for c in application.answers.contacts),
            standards=tuple(StandardBody(name=s.name, version=s.version) for s in filing.standards),
            hosts=filing.hosts,
            offers=tuple(OfferBody.of(offer) for offer in filing.offers),
        )


class CertificateBody(Answered):
    """One certificate that was issued."""

    use: str
    suite: str
    generation: int
    key: Annotated[str, Field(description="密钥标识 / Key id")]
    not_before: datetime
    not_after: datetime
    revoked: datetime | None


class ReportBody(Answered):
    """The latest conformance report (检测报告)."""

    made: datetime
    expires: datetime
    passed: bool

    @classmethod
    def of(cls, report: ConformanceReport) -> ReportBody:
        """Return the body of a report."""
        return cls(made=report.made, expires=report.expires, passed=report.passed)


class RevocationBody(Answered):
    """A revoked key generation."""

    participant: str
    generation: int
    at: datetime
    by: str
    reason: str

    @classmethod
    def of(cls, revocation: Revocation) -> RevocationBody:
        """Return the body of a revocation."""
        return cls(
            participant=revocation.participant,
            generation=revocation.generation,
            at=revocation.at,
            by=revocation.by,
            reason=revocation.reason,
        )


class RenewalBody(Answered):
    """A renewal that waits for certificates."""

    participant: str
    generation: int
    at: datetime
    hosts: tuple[str, ...]

    @classmethod
    def of(cls, waiting: Waiting) -> RenewalBody:
        """Return the body of a queued renewal."""
        renewal = waiting.renewal
        return cls(
            hosts=waiting.hosts,
            participant=renewal.participant,
            generation=renewal.generation,
            at=renewal.at,
        )


class AdmissionDetail(Answered):
    """The whole filing record (备案, R008), which can be exported. It names persons."""

    summary: AdmissionSummary
    filings: tuple[FilingBody, ...]
    certificates: tuple[CertificateBody, ...]
    report: ReportBody | None
    revocations: tuple[RevocationBody, ...]
    record: tuple[StepBody, ...]

    @classmethod
    def of(cls, dossier: Dossier) -> AdmissionDetail:
        """Return the body of everything on file."""
        admission = dossier.admission
        filings = zip(admission.filings, dossier.applications, strict=True)
        return cls(
            summary=AdmissionSummary.of(admission),
            filings=tuple(FilingBody.of(filing, read) for filing, read in filings),
            certificates=tuple(_certificates(dossier)),
            report=None if dossier.report is None else ReportBody.of(dossier.report),
            revocations=tuple(RevocationBody.of(r) for r in dossier.revocations),
            record=tuple(StepBody.of(step) for step in admission.steps),
        )


def _certificates(dossier: Dossier) -> list[CertificateBody]:
    revoked = {r.generation: r.at for r in dossier.revocations}
    keys = [to_key(der) for issued in dossier.admission.issued for der in issued.certificates]
    return [
        CertificateBody(
            use=key.use,
            suite=key.suite,
            generation=key.generation,
            key=key.id.hex(),
            not_before=key.not_before,
            not_after=key.not_after,
            revoked=revoked.get(key.generation),
        )
        for key in keys
    ]
