"""Payloads: which schema a kind of message has, and Avro data to dataclasses and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bus.errors import RefusedError
from bus.model.cancellation import Cancellation, CancellationReply
from bus.model.catalogue_report import CatalogReport
from bus.model.evidence import Evidence, EvidenceRequest, EvidenceReview
from bus.model.messages import Answer, Assent, Decision, Delay, Dispatch, Problem, Receipt, Renewal
from bus.model.probe import Probe
from bus.model.request import Application, Consent, Recheck, Roster
from schemas.loader import Schema, load
from signer.envelope.kinds import Kind

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_WORDS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _=.,:/+-]{0,199}")
_MOST_WORDS = 1000
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")

Body = (
    Application
    | Consent
    | Roster
    | Assent
    | Decision
    | Dispatch
    | Answer
    | Receipt
    | Delay
    | Problem
    | Renewal
    | Probe
    | Cancellation
    | CancellationReply
    | EvidenceRequest
    | Evidence
    | EvidenceReview
    | CatalogReport
)

_BODIES: dict[str, type[Body]] = {
    Kind.APPLICATION: Application,
    Kind.CONSENT: Consent,
    Kind.ROSTER: Roster,
    Kind.ASSENT: Assent,
    Kind.DECISION: Decision,
    Kind.DISPATCH: Dispatch,
    Kind.ANSWER: Answer,
    Kind.RECEIPT: Receipt,
    Kind.DELAY: Delay,
    Kind.PROBLEM: Problem,
    Kind.RENEWAL: Renewal,
    Kind.PROBE: Probe,
    Kind.CANCELLATION: Cancellation,
    Kind.CANCELLATION_REPLY: CancellationReply,
    Kind.EVIDENCE_REQUEST: EvidenceRequest,
    Kind.EVIDENCE: Evidence,
    Kind.EVIDENCE_REVIEW: EvidenceReview,
    Kind.CATALOG_REPORT: CatalogReport,
}


_WRITTEN: dict[str, int] = {
    Kind.APPLICATION: 2,
    Kind.CONSENT: 2,
    Kind.DECISION: 2,
    Kind.DISPATCH: 2,
}
"""Version of the schema that is written, where it is not the first. All versions are read."""


def schema_of(kind: str) -> Schema:
    """Return the schema this version writes for a kind of message."""
    return load(f"message/{kind.lower()}.v{_WRITTEN.get(kind, 1)}")


def to_avro(body: Body) -> dict[str, Any]:
    """Return the body as Avro data of its kind's schema."""
    return asdict(body)


def from_avro(kind: str, payload: Any) -> Body:
    """Return the body of an opened payload.

    Raises:
        RefusedError: `BODY_INVALID` when a value is outside what the model allows.
    """
    try:
        body = _adapter(kind).validate_python(payload)
    except ValidationError:
        # `from None`: pydantic's text repeats the value, which may be personal data.
        raise _invalid(kind) from None
    words = _words(body)
    if len(words) > _MOST_WORDS or not all(map(_WORDS.fullmatch, words)):
        raise _invalid(kind)
    if not all(map(_CODE.fullmatch, _codes(body))):
        raise _invalid(kind)
    if isinstance(body, CatalogReport) and not all(map(_NAME.fullmatch, _names(body))):
        raise _invalid(kind)
    return body


def _codes(body: Body) -> list[str]:
    """Return the codes a peer wrote: they end up in audit entries, tables and screens."""
    found: list[str | None] = []
    match body:
        case Problem(code=code) | Delay(cause=code) | Application(rechecks=Recheck(reason=code)):
            found = [code]
        case Decision() | Assent():
            found = [finding.code for finding in body.findings]
        case Dispatch():
            found = [gap.code for gap in body.unserved]
        case Answer():
            found = [outcome.code for outcome in body.outcomes]
        case Receipt():
            found = [*(fault.code for fault in body.faults), *(gap.code for gap in body.gaps)]
        case Cancellation() | CancellationReply() | EvidenceRequest():
            found = [body.reason]
        case EvidenceReview():
            found = [verdict.code for verdict in body.verdicts]
    return [code for code in found if code is not None]


def _names(report: CatalogReport) -> Iterator[str]:
    """Yield the names a report gives to things: findings about it repeat them."""
    for agency in report.agencies:
        yield agency.agency
        for offer in agency.offers:
            yield from (offer.resource, offer.updates, *offer.items)


def _words(body: Body) -> tuple[str, ...]:
    """Return the plain words a peer wrote that end up in reports and on screens."""
    return (body.product, *body.specs, *body.verdicts) if isinstance(body, Probe) else ()


def _invalid(kind: str) -> RefusedError:
    return RefusedError(
        "BODY_INVALID", "正文取值不合规", "a value in the payload is not allowed", where=kind
    )


@cache
def _adapter(kind: str) -> TypeAdapter[Body]:
    return TypeAdapter(_BODIES[Kind(kind)])
