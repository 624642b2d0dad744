"""Bodies to Avro data and back, and what of a peer's values is not let in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bus.errors import RefusedError
from bus.model.cancellation import (
    Cancellation,
    CancellationReply,
    CancelledOrder,
    CancelledRow,
    Ending,
    Progress,
)
from bus.model.catalogue_report import CatalogReport, ReportedAgency, ReportedOffer
from bus.model.evidence import (
    Evidence,
    EvidenceChunk,
    EvidenceEntry,
    EvidenceRequest,
    EvidenceReview,
    EvidenceVerdict,
    Notice,
)
from bus.model.messages import (
    Answer,
    Assent,
    Decision,
    Delay,
    DelayedRow,
    Dispatch,
    DispatchRow,
    Fault,
    Finding,
    Gap,
    OutcomeKind,
    PersonOutcome,
    Problem,
    Receipt,
    Renewal,
    Unserved,
)
from bus.model.probe import Probe, ProbeCase, ProbeHeader, ProbeRole
from bus.model.request import (
    Application,
    Consent,
    Contact,
    Declaration,
    PartDigest,
    Person,
    PersonConsent,
    Request,
    RequestLine,
    Roster,
)
from bus.wire.bodies import from_avro, schema_of, to_avro
from schemas.loader import decode, encode
from signer.directory.view import Level, Mode, RangeAbility
from signer.envelope.kinds import Kind

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
DIGEST = b"\x01" * 32
REQUEST = Request(
    b"n" * 16,
    "subsistence-allowance",
    "核对",
    3,
    (
        RequestLine(1, 1, "national", "housing-fund", "housing-fund-account", ("name",), DAY, DAY),
        RequestLine(2, 2, "hub", "marriage", "marriage-registration", ("name",), None, None),
    ),
    (DIGEST,),
)
FINDING = Finding("PURPOSE_UNCLEAR", "不明", "unclear", "表")
BODIES = {
    Kind.APPLICATION: Application(
        REQUEST,
        "中心",
        "令",
        "局",
        "低保",
        "测试",
        1,
        "核对",
        Declaration(True, "全国"),
        DAY,
        Contact("测试", "010"),
        DAY,
        (PartDigest("Roster", 1, DIGEST, 1),),
        None,
    ),
    Kind.ROSTER: Roster(REQUEST, 1, (Person(1, "测试", "111", "990000", "原因"),)),
    Kind.CONSENT: Consent(b"n" * 16, 1, (PersonConsent(1, "H", "01", "书", DAY, None),)),
    Kind.ASSENT: Assent(DIGEST, "321200", False, (FINDING,), "审查员", NOW),
    Kind.DECISION: Decision(DIGEST, False, (FINDING,), "审查员", NOW, NOW),
    Kind.DISPATCH: Dispatch(
        (DispatchRow(1, "r", "320000", False, NOW, DIGEST, NOW, 5, True),),
        (Unserved(1, "s", "NO_PROVIDER"),),
    ),
    Kind.ANSWER: Answer(
        DIGEST,
        NOW,
        1,
        (
            PersonOutcome(1, 1, OutcomeKind.FOUND, None, (b"\x00",)),
            PersonOutcome(1, 2, OutcomeKind.NOT_ANSWERABLE, "RESOURCE_NOT_MAPPED", ()),
        ),
    ),
    Kind.RECEIPT: Receipt(
        (DIGEST,), (Fault(DIGEST, "X"),), 1, 2, 3, NOW, (Gap(1, "housing-fund-account", "", "X"),)
    ),
    Kind.DELAY: Delay((DelayedRow(1, "r", "320000", DIGEST),), "SOURCE_DOWN", NOW, NOW, None),
    Kind.RENEWAL: Renewal(2, b"HDN1"),
    Kind.CANCELLATION: Cancellation(
        DIGEST, Ending.CANCELLED, "CONSENT_REVOKED", NOW, (CancelledOrder(1, DIGEST),)
    ),
    Kind.CANCELLATION_REPLY: CancellationReply(
        Ending.EXPIRED,
        "EXPIRED",
        True,
        (
            CancelledRow(1, "housing-fund-account", "320000.a", DIGEST, Progress.STOPPED),
            CancelledRow(1, "x", "320000.b", DIGEST, Progress.ANSWERED, (DIGEST, DIGEST)),
        ),
        NOW,
    ),
    Kind.PROBLEM: Problem(None, "ANSWER_COUNT", "不符", "wrong"),
    Kind.CATALOG_REPORT: CatalogReport(
        3,
        NOW,
        (
            ReportedAgency(
                "320000.housing-fund",
                (
                    ReportedOffer(
                        "housing-fund-loan",
                        ("name", "status"),
                        5,
                        Level.PREFECTURE,
                        RangeAbility.PERIOD,
                        36,
                        "monthly",
                        Mode.ONLINE,
                    ),
                ),
            ),
        ),
    ),
    Kind.PROBE: Probe(
        ProbeRole.CHALLENGE,
        2,
        1,
        1,
        "hedui-bus 0.1.0",
        ("envelope/1",),
        b"echo",
        (ProbeCase(1, b"e", None, "370000", "hub", b"k", (ProbeHeader("ce_id", b"1"),)),),
        ("REFUSE EXPIRED",),
    ),
    Kind.EVIDENCE_REQUEST: EvidenceRequest(b"c" * 16, (1, 3), ("authorisation",), "SAMPLE", NOW),
    Kind.EVIDENCE: Evidence(
        b"c" * 16,
        (EvidenceEntry(1, 3, "identity", "a.pdf", "application/pdf", 9, DIGEST, (DIGEST,)),),
        EvidenceChunk(DIGEST, 1, 1, b"%PDF-1.7\n"),
    ),
    Kind.EVIDENCE_REVIEW: EvidenceReview(
        b"c" * 16,
        2,
        Notice.JUDGED,
        (EvidenceVerdict(3, "identity", False, "UNREADABLE"),),
        NOW,
    ),
}


@pytest.mark.parametrize("kind", Kind)
def test_a_body_goes_onto_the_wire_and_comes_back_the_same(kind):
    body = BODIES[kind]
    schema = schema_of(kind)
    assert from_avro(kind, decode(schema, encode(schema, to_avro(body)))) == body


SENTENCE = "张三 has none"


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        (Kind.PROBLEM, {"code": SENTENCE}),
        (Kind.PROBLEM, {"code": "A" * 65}),
        (Kind.PROBLEM, {"code": ""}),
        (Kind.PROBLEM, {"code": "OK\n"}),
        (Kind.DISPATCH, {"unserved": (Unserved(1, "s", SENTENCE),)}),
        (Kind.DECISION, {"findings": (replace(FINDING, code=SENTENCE),)}),
        (Kind.CANCELLATION, {"reason": SENTENCE}),
        (Kind.CANCELLATION_REPLY, {"reason": SENTENCE}),
        (Kind.DELAY, {"cause": SENTENCE}),
        (Kind.RECEIPT, {"faults": (Fault(DIGEST, SENTENCE),)}),
        (Kind.RECEIPT, {"gaps": (Gap(1, "s", "", SENTENCE),)}),
        (
            Kind.ANSWER,
            {"outcomes": (PersonOutcome(1, 1, OutcomeKind.NOT_ANSWERABLE, SENTENCE, ()),)},
        ),
        (Kind.EVIDENCE_REQUEST, {"reason": SENTENCE}),
        (Kind.EVIDENCE_REVIEW, {"verdicts": (EvidenceVerdict(1, "identity", False, SENTENCE),)}),
    ],
)
def test_a_peers_code_is_a_code(kind, changed):
    payload = to_avro(replace(BODIES[kind], **changed))
    with pytest.raises(RefusedError, match="BODY_INVALID") as refusal:
        from_avro(kind, payload)
    assert "张三" not in str(refusal.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"product": SENTENCE},
        {"product": ""},
        {"specs": (SENTENCE,)},
        {"verdicts": ("ACCEPT", SENTENCE)},
        {"verdicts": ("A" * 201,)},
        {"verdicts": ("ACCEPT\n",)},
        {"verdicts": ("ACCEPT",) * 1001},
    ],
)
def test_what_a_peer_says_in_a_probe_is_plain_words(changed):
    payload = to_avro(replace(BODIES[Kind.PROBE], **changed))
    with pytest.raises(RefusedError, match="BODY_INVALID"):
        from_avro(Kind.PROBE, payload)


def test_a_value_the_model_does_not_allow_is_refused_without_being_repeated():
    payload = to_avro(BODIES[Kind.ANSWER])
    payload["outcomes"][0]["outcome"] = SENTENCE
    with pytest.raises(RefusedError, match="BODY_INVALID") as refusal:
        from_avro(Kind.ANSWER, payload)
    assert refusal.value.__cause__ is None
    assert "张三" not in str(refusal.value)


@pytest.mark.parametrize("text", [SENTENCE, "", "a" * 65, "A B", "x\n"])
@pytest.mark.parametrize("place", ["agency", "resource", "items", "updates"])
def test_what_a_report_names_are_names(place, text):
    report = BODIES[Kind.CATALOG_REPORT]
    agency, offer = report.agencies[0], report.agencies[0].offers[0]
    match place:
        case "agency":
            changed = replace(agency, agency=text)
        case "items":
            changed = replace(agency, offers=(replace(offer, items=(text,)),))
        case _:
            changed = replace(agency, offers=(replace(offer, **{place: text}),))
    payload = to_avro(replace(report, agencies=(changed,)))
    with pytest.raises(RefusedError, match="BODY_INVALID"):
        from_avro(Kind.CATALOG_REPORT, payload)
