"""Scenarios that end as ACCEPT, RELAY or HOLD."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from envelope_cases import Cases
from envelope_forge import FULL_ORDER, NOW, START, Forge, Hop
from envelope_payloads import PAYLOADS
from envelope_quirks import deflate
from envelope_routes import (
    COUNTY,
    DOWN,
    EAST_KEY,
    FUND_KEY,
    HUB_KEY,
    REQUESTER_KEY,
    ROSTER,
    TO_FUND,
    UP,
    answer,
    application,
    in_batch,
    payload_bytes,
    roster,
)
from envelope_world import DIRECTORY_VERSION

from schemas.loader import encode, load
from signer.envelope.format import Extension

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def add(cases: Cases, forge: Forge) -> None:
    """Add them all; the order is the numbering."""
    _each_kind(cases, forge)
    _edges_of_the_rules(cases, forge)
    _bodies(cases, forge)
    _relays(cases, forge)
    _holds(cases, forge)


def _each_kind(cases: Cases, forge: Forge) -> None:
    sent = {kind: payload_bytes(kind) for kind in PAYLOADS}
    cases.accept(
        application(forge, "application"),
        "An application from a province to the hub.",
        payload=sent["Application"],
    )
    for kind, hops, destination, comment in (
        ("Consent", (UP,), "hub", "The authorisations of one part, to the hub."),
        ("Roster", (UP,), "hub", "A roster part at the hub, without an order."),
        ("Roster", (UP, DOWN), "hub", "A roster part at a province, under the hub's order."),
        ("Roster", ROSTER, "hub", "A roster part at an agency, under two orders."),
        ("Decision", (Hop("hub", "370000", (REQUESTER_KEY,)),), "370000", "The hub's decision."),
        (
            "Dispatch",
            (Hop("320000", "hub", (REQUESTER_KEY, HUB_KEY)), Hop("hub", "370000")),
            "370000",
            "A dispatch list from a province to another, through the hub.",
        ),
        (
            "Answer",
            (Hop("hub.marriage", "hub", (REQUESTER_KEY,)), Hop("hub", "370000")),
            "370000",
            "An answer of the centre's own resource.",
        ),
        (
            "Receipt",
            (
                Hop("370000", "hub", (FUND_KEY,)),
                Hop("hub", "320000"),
                Hop("320000", "320000.housing-fund"),
            ),
            "320000.housing-fund",
            "A receipt from the requester down to the agency.",
        ),
        ("Problem", (Hop("hub", "370000", (REQUESTER_KEY,)),), "370000", "A problem."),
    ):
        name = f"{kind.lower()}-{len(hops)}-hops"
        made = forge.make(name, kind, hops, destination=destination)
        cases.accept(made, comment, payload=sent[kind])
    cases.accept(
        answer(forge, "answer-blind-relays"),
        "An answer sealed to the requester alone, relayed blind by a province and the hub.",
        payload=sent["Answer"],
    )
    cases.accept(
        forge.make("county-first-hop", "Application", COUNTY[:1], destination="hub"),
        "A county's application at its province, its ancestor.",
        payload=sent["Application"],
    )
    cases.accept(
        forge.make("county-relay-adds-hub", "Application", COUNTY),
        "A county's application at the hub, whose key the province added on the way.",
        payload=sent["Application"],
    )


def _edges_of_the_rules(cases: Cases, forge: Forge) -> None:
    app, listed = payload_bytes("Application"), payload_bytes("Roster")
    for size, index in ((2, 0), (2, 1), (3, 2), (7, 3)):
        made = in_batch(forge, application(forge, f"batch-{size}-{index}"), size, index)
        cases.accept(made, f"Signed in a batch of {size}, as number {index}.", payload=app)
    made = in_batch(forge, roster(forge, "batch-of-endorsements"), 4096, 4095)
    cases.accept(made, "The last of the largest batch: only the relay's.", payload=listed)
    extension = Extension("test.note", critical=False, data=b"\x01")
    made = application(forge, "extension-unknown", header={"extensions": (extension,)})
    cases.accept(made, "An unknown extension that is not critical.", payload=app)
    made = application(forge, "no-kafka-headers")
    cases.accept(made, "No Kafka headers: they are a convenience.", payload=app, headers=())
    made = application(forge, "foreign-kafka-headers")
    foreign = (("traceparent", b"00-0-0-00"), ("ce_type", b"hedui.Application.v1"))
    cases.accept(made, "A foreign Kafka header beside one of ours.", payload=app, headers=foreign)
    made = application(forge, "epoch-oldest", replace(UP, epoch_age=12 * MINUTE))
    cases.accept(made, "An epoch secret of 10 minutes and the skew.", payload=app)
    made = application(forge, "epoch-newest", replace(UP, epoch_age=-2 * MINUTE))
    cases.accept(made, "An epoch secret that starts a skew after the statement.", payload=app)
    made = application(forge, "from-a-skew-ahead", header={"created": START})
    cases.accept(made, "Made a skew after my own now.", payload=app, now=START - 2 * MINUTE)
    made = application(forge, "last-instant", header={"expires": NOW})
    at = NOW + 2 * MINUTE - timedelta(milliseconds=1)
    cases.accept(made, "The last instant before expiry and skew.", payload=app, now=at)
    made = roster(forge, "order-as-wide", UP, DOWN, replace(TO_FUND, order=FULL_ORDER))
    cases.accept(made, "An order exactly as wide as the one before.", payload=listed)
    hop = Hop("321200", "320000", (HUB_KEY, EAST_KEY))
    made = forge.make("second-reader", "Application", [hop], destination="hub")
    cases.accept(made, "Two readers; the second is me.", payload=app)
    made = application(forge, "signer-ended-since", replace(UP, signer="370000/signing-ends"))
    cases.accept(made, "The signer's certificate ended after it signed.", payload=app)


def _bodies(cases: Cases, forge: Forge) -> None:
    sent = {kind: payload_bytes(kind) for kind in PAYLOADS}
    compact = deflate(sent["Roster"])
    header = {"compression": "deflate"}
    made = roster(forge, "deflate", UP, data=compact, header=header)
    cases.accept(made, "A deflated roster.", payload=sent["Roster"])
    compact = deflate(sent["Answer"])
    made = answer(forge, "deflate-answer", data=compact, header=header)
    cases.accept(made, "A deflated answer, padded to 4,096 bytes.", payload=sent["Answer"])
    problem = {"about": bytes(32), "code": "A" * 70, "zh": "", "en": "文字" * 700}
    hop = Hop("320000.housing-fund", "320000", (EAST_KEY,))
    made = forge.make("longer-body", "Problem", [hop], payload=problem)
    data = encode(load("message/problem.v1"), problem)
    cases.accept(made, "A body whose Padmé size has more than one rounded bit.", payload=data)
    compact = deflate(sent["Consent"])
    header = {"compression": "deflate"}
    made = forge.make("county-consent", "Consent", COUNTY, data=compact, header=header)
    cases.accept(
        made, "A deflated consent whose second reader a relay added.", payload=sent["Consent"]
    )
    outcomes = [PAYLOADS["Answer"]["outcomes"][0] | {"line": line} for line in (1, 2)]
    twice = PAYLOADS["Answer"] | {"outcomes": outcomes}
    made = answer(forge, "one-person-twice", payload=twice, header={"subject_count": 1})
    data = encode(load("message/answer.v1"), twice)
    cases.accept(made, "One person under two lines counts once.", payload=data)


def _relays(cases: Cases, forge: Forge) -> None:
    whole = answer(forge, "answer-at-province")
    first = answer(forge, "answer-at-province", *whole.hops[:1])
    cases.relay(first, "An answer at the province: verified, and not the province's to open.")
    second = answer(forge, "answer-at-hub", *whole.hops[:2])
    cases.relay(second, "An answer at the hub: verified, and not the hub's to open.")
    hop = Hop("320000", "hub", (REQUESTER_KEY,))
    made = forge.make("dispatch-at-hub", "Dispatch", [hop], destination="370000")
    cases.relay(made, "A dispatch list that passes the hub.")
    hops = (Hop("370000", "hub", (FUND_KEY,)), Hop("hub", "320000"))
    made = forge.make("receipt-at-province", "Receipt", hops, destination="320000.housing-fund")
    cases.relay(made, "A receipt on its way down.")
    hop = Hop("321200", "320000", (HUB_KEY,))
    made = forge.make("sealed-past-province", "Application", [hop], destination="hub")
    cases.relay(made, "A county's application that only the hub may read.")


def _holds(cases: Cases, forge: Forge) -> None:
    made = application(forge, "clock-ahead", header={"created": START})
    at = START - 2 * MINUTE - SECOND
    cases.hold("NOT_YET_VALID", made, "Made a little later than my now and the skew.", now=at)
    hop = replace(UP, forwarded=NOW + 60 * MINUTE)
    made = application(forge, "forwarded-ahead", hop)
    cases.hold("NOT_YET_VALID", made, "Passed on an hour after my now.")
    hop = replace(UP, change={"directory_version": DIRECTORY_VERSION + 1})
    made = application(forge, "newer-directory", hop)
    cases.hold("DIRECTORY_BEHIND", made, "The signer's directory is newer than mine.")
    hop = Hop("hub", "370000", ("370000/encryption-not-held",))
    made = forge.make("key-not-loaded", "Decision", [hop])
    cases.hold("KEY_NOT_HELD", made, "Sealed to a listed key of mine that my ring lacks.")
    made = application(forge, "schema-unknown", header={"payload_schema": bytes(32)})
    cases.hold("SCHEMA_UNKNOWN", made, "A payload schema that is not known here.")
    hop = replace(UP, forwarded=NOW + MINUTE)
    made = application(forge, "created-ahead", hop, header={"created": NOW + 3 * MINUTE})
    cases.hold("NOT_YET_VALID", made, "Signed within the skew, but made 3 minutes ahead.")
