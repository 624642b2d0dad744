"""One small synthetic payload of each kind (area code 990000, a code that belongs to no region)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from signer.envelope.kinds import Kind

NONCE = bytes(range(16))
MOMENT = datetime(2026, 3, 2, 1, tzinfo=UTC)
DIGEST = bytes(32)

LINES = [
    {
        "line": 1,
        "row": 1,
        "provider": "320000",
        "category": "housing-fund",
        "resource": "housing-fund-account",
        "items": ["name", "balance", "opened_on"],
        "time_from": None,
        "time_to": None,
    },
    {
        "line": 2,
        "row": 2,
        "provider": "hub",
        "category": "marriage",
        "resource": "marriage-registration",
        "items": ["status"],
        "time_from": date(2025, 1, 1),
        "time_to": date(2025, 12, 31),
    },
]

REQUEST = {
    "nonce": NONCE,
    "business": "low-income",
    "purpose": "最低生活保障审核",
    "catalogue_version": 3,
    "lines": LINES,
    "readers": [DIGEST],
}

PERSONS = [
    {
        "reference": 1,
        "name": "测试甲",
        "id_type": "resident-id",
        "id_number": "990000199001010017",
        "reason": "新申请",
    },
    {
        "reference": 2,
        "name": "测试乙",
        "id_type": "resident-id",
        "id_number": "990000199202020027",
        "reason": "新申请",
    },
]

PAYLOADS: dict[str, Any] = {
    Kind.APPLICATION: {
        "request": REQUEST,
        "addressee": "民政部低收入家庭认定指导中心",
        "legal_basis": "国务院令第649号",
        "authority": "测试市民政局",
        "business_text": "最低生活保障",
        "first_named": "测试甲",
        "person_count": 2,
        "query_text": "住房公积金账户、婚姻登记",
        "declaration": {"authorised": True, "scope": "全国各核对机构"},
        "list_submitted_on": date(2026, 3, 2),
        "contact": {"name": "测试丙", "phone": "000-00000000"},
        "applied_on": date(2026, 3, 2),
        "parts": [{"kind": "Roster", "part": 1, "digest": DIGEST, "count": 2}],
        "supersedes": None,
    },
    Kind.CONSENT: {
        "nonce": NONCE,
        "part": 1,
        "consents": [
            {
                "reference": number,
                "household": "户1",
                "relation": "self",
                "document": f"授权-{number}",
                "authorised_on": date(2026, 2, 20),
                "guardian": None,
            }
            for number in (1, 2)
        ],
    },
    Kind.ROSTER: {"request": REQUEST, "part": 1, "persons": PERSONS},
    Kind.DECISION: {
        "application": DIGEST,
        "accepted": True,
        "findings": [],
        "decided_by": "policy",
        "decided": MOMENT,
        "start_by": MOMENT,
    },
    Kind.DISPATCH: {
        "rows": [
            {
                "part": 1,
                "resource": "housing-fund-account",
                "child": "320000",
                "leaf": False,
                "due": MOMENT,
                "order": DIGEST,
            }
        ],
        "unserved": [],
    },
    Kind.ANSWER: {
        "record_schema": DIGEST,
        "as_of": MOMENT,
        "record_count": 0,
        "outcomes": [
            {"line": 1, "reference": 1, "outcome": "NOT_FOUND", "code": None, "records": []},
            {"line": 1, "reference": 2, "outcome": "NOT_FOUND", "code": None, "records": []},
        ],
    },
    Kind.RECEIPT: {
        "opened": [DIGEST],
        "faults": [],
        "found": 0,
        "not_found": 2,
        "not_answerable": 0,
        "received": MOMENT,
        "gaps": [],
    },
    Kind.RENEWAL: {"generation": 2, "request": b"HDN1"},
    Kind.PROBLEM: {"about": None, "code": "TEST", "zh": "测试", "en": "a test"},
    Kind.PROBE: {
        "role": "CHALLENGE",
        "test": 1,
        "number": 1,
        "total": 1,
        "product": "test 1",
        "specs": ["envelope/1"],
        "data": b"echo",
        "cases": [],
        "verdicts": [],
    },
}

PAYLOADS |= {
    Kind.ASSENT: {
        "application": DIGEST,
        "requester": "321200",
        "assented": True,
        "findings": [],
        "decided_by": "policy",
        "decided": MOMENT,
    },
    Kind.DELAY: {
        "rows": [
            {
                "part": 1,
                "resource": "housing-fund-account",
                "holder": "320000.housing-fund",
                "order": DIGEST,
            }
        ],
        "cause": "SOURCE_DOWN",
        "noticed": MOMENT,
        "until": None,
        "agreed": None,
    },
    Kind.CANCELLATION: {
        "application": DIGEST,
        "ending": "CANCELLED",
        "reason": "NOT_NEEDED",
        "at": MOMENT,
        "orders": [{"part": 1, "order": DIGEST}],
    },
    Kind.CANCELLATION_REPLY: {
        "ending": "CANCELLED",
        "reason": "NOT_NEEDED",
        "started": True,
        "rows": [
            {
                "part": 1,
                "resource": "housing-fund-account",
                "holder": "320000.housing-fund",
                "order": DIGEST,
                "progress": "STOPPED",
                "answers": [],
            }
        ],
        "at": MOMENT,
    },
    Kind.EVIDENCE_REQUEST: {
        "call": NONCE,
        "persons": [1],
        "kinds": ["AUTHORISATION"],
        "reason": "SAMPLED",
        "due": MOMENT,
    },
    Kind.EVIDENCE: {
        "call": NONCE,
        "documents": [],
        "chunk": {"manifest": DIGEST, "document": 1, "number": 1, "data": b"%PDF-"},
    },
    Kind.EVIDENCE_REVIEW: {
        "call": NONCE,
        "number": 1,
        "notice": "WARNING",
        "verdicts": [],
        "due": MOMENT,
    },
    Kind.CATALOG_REPORT: {
        "number": 1,
        "made": MOMENT,
        "agencies": [{"agency": "320000.housing-fund", "offers": []}],
    },
}

# Persons and part as the header must state them.
COUNTS = {Kind.APPLICATION: 2, Kind.CONSENT: 2, Kind.ROSTER: 2, Kind.ANSWER: 2}
PARTS = {Kind.CONSENT: 1, Kind.ROSTER: 1}
