"""Scenarios of the kinds that came after the freezing: who may make them, and for whom."""

from __future__ import annotations

from datetime import timedelta

from envelope_cases import Cases
from envelope_forge import START, Forge, Hop
from envelope_routes import EAST_KEY, FUND_KEY, HUB_KEY, REQUESTER_KEY, payload_bytes

COUNTY_KEY = "321200/encryption"
TO_HUB = Hop("370000", "hub", (HUB_KEY,))
TO_REQUESTER = Hop("hub", "370000", (REQUESTER_KEY,))
FROM_FUND = Hop("320000.housing-fund", "320000", (REQUESTER_KEY, EAST_KEY, HUB_KEY))
UP_AND_DOWN = (FROM_FUND, Hop("320000", "hub"), Hop("hub", "370000"))


def add(cases: Cases, forge: Forge) -> None:
    """Add them all; the order is the numbering."""
    _assents(cases, forge)
    _delays(cases, forge)
    _cancellations(cases, forge)
    _evidence(cases, forge)
    _reports(cases, forge)


def _assents(cases: Cases, forge: Forge) -> None:
    assent = payload_bytes("Assent")
    made = forge.make("assent-up", "Assent", [Hop("320000", "hub", (HUB_KEY,))])
    cases.accept(made, "A province's assent at the hub.", payload=assent)
    made = forge.make("assent-down", "Assent", [Hop("320000", "321200", (COUNTY_KEY,))])
    cases.accept(made, "A province's decision at the county that applied.", payload=assent)
    made = forge.make("assent-of-hub", "Assent", [TO_REQUESTER])
    cases.refuse("KIND_ORIGIN", made, "An assent that the hub made.")


def _delays(cases: Cases, forge: Forge) -> None:
    made = forge.make("delay", "Delay", UP_AND_DOWN)
    cases.accept(made, "An agency's notice of a delay.", payload=payload_bytes("Delay"))
    made = forge.make("delay-on-its-way", "Delay", UP_AND_DOWN[:1], destination="370000")
    cases.accept(
        made,
        "The same at the centre above the agency, which reads it and passes it on.",
        payload=payload_bytes("Delay"),
    )
    late = {"expires": START + timedelta(days=30, milliseconds=1)}
    made = forge.make("delay-long", "Delay", [TO_HUB], header=late)
    cases.refuse("LIFETIME", made, "A notice that lives longer than 30 days.")


def _cancellations(cases: Cases, forge: Forge) -> None:
    cancellation = payload_bytes("Cancellation")
    made = forge.make("cancellation", "Cancellation", [TO_HUB])
    cases.accept(made, "The requester's withdrawal at the hub.", payload=cancellation)
    hop = Hop("320000", "320000.housing-fund", (FUND_KEY,))
    made = forge.make("cancellation-down", "Cancellation", [hop])
    cases.accept(made, "A province's Cancellation at its agency.", payload=cancellation)
    made = forge.make("cancellation-of-agency", "Cancellation", UP_AND_DOWN)
    cases.refuse("KIND_ORIGIN", made, "A Cancellation that an agency made.")
    reply = payload_bytes("CancellationReply")
    made = forge.make("cancellation-reply", "CancellationReply", UP_AND_DOWN)
    cases.accept(made, "An agency's statement at the requester.", payload=reply)
    made = forge.make(
        "cancellation-reply-on-its-way", "CancellationReply", UP_AND_DOWN[:2], destination="370000"
    )
    cases.accept(made, "The same at the hub, which reads it and passes it on.", payload=reply)
    made = forge.make("cancellation-reply-down", "CancellationReply", [hop])
    cases.refuse("KIND_DESTINATION", made, "A statement addressed to an agency.")


def _evidence(cases: Cases, forge: Forge) -> None:
    made = forge.make("evidence-request", "EvidenceRequest", [TO_REQUESTER])
    cases.accept(made, "The hub calls evidence up.", payload=payload_bytes("EvidenceRequest"))
    made = forge.make("evidence-request-up", "EvidenceRequest", [TO_HUB])
    cases.refuse("KIND_ORIGIN", made, "A call that is not the hub's.")
    made = forge.make("evidence", "Evidence", [TO_HUB])
    cases.accept(made, "A chunk of evidence at the hub.", payload=payload_bytes("Evidence"))
    made = forge.make("evidence-of-hub", "Evidence", [TO_REQUESTER])
    cases.refuse("KIND_ORIGIN", made, "Evidence that the hub made.")
    made = forge.make("evidence-review", "EvidenceReview", [TO_REQUESTER])
    cases.accept(made, "The hub's warning about a call.", payload=payload_bytes("EvidenceReview"))
    made = forge.make("evidence-review-up", "EvidenceReview", [TO_HUB])
    cases.refuse("KIND_ORIGIN", made, "A notice on a call that is not the hub's.")


def _reports(cases: Cases, forge: Forge) -> None:
    made = forge.make("catalog-report", "CatalogReport", [Hop("320000", "hub", (HUB_KEY,))])
    cases.accept(made, "A province reports its catalogue.", payload=payload_bytes("CatalogReport"))
    made = forge.make("catalog-report-of-hub", "CatalogReport", [TO_REQUESTER])
    cases.refuse("KIND_ORIGIN", made, "A report that the hub made.")
