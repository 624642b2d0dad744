"""A whole query, message by message, from which tests make proofs: good ones and forged ones."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from proof_books import books_of

from schemas.loader import load
from signer.envelope.parse import reread
from signer.envelope.seal import Content, Sealer
from signer.envelope.signing import Sealed
from signer.proof.conversation import DISCLOSED
from signer.proof.format import Proof, ProvenMessage, proof_bytes
from signer.uuid7 import uuid7

REQUESTER = "370000"
ACCOUNT, HOUSING, MARRIAGE = (
    "housing-fund-account",
    "urban-housing-security",
    "marriage-registration",
)
STEP = timedelta(seconds=1)
TERM = timedelta(days=7)


def order_of(child: str) -> bytes:
    """The chain digest of the roster part that was endorsed to a participant."""
    return hashlib.sha256(child.encode()).digest()


def request() -> dict:
    line = {
        "line": 1,
        "row": 1,
        "provider": "national",
        "category": "housing-fund",
        "resource": ACCOUNT,
        "items": ["name"],
        "time_from": None,
        "time_to": None,
    }
    return {
        "nonce": bytes(16),
        "business": "subsistence-allowance",
        "purpose": "最低生活保障审核",
        "catalogue_version": 1,
        "lines": [line],
        "readers": [bytes(32)],
    }


def application_body() -> dict:
    return {
        "request": request(),
        "addressee": "民政部低收入家庭认定指导中心",
        "legal_basis": "国务院令第649号",
        "authority": "测试市民政局",
        "business_text": "最低生活保障",
        "first_named": "测试甲",
        "person_count": 1,
        "query_text": "住房公积金",
        "declaration": {"authorised": True, "scope": "全国各核对机构"},
        "list_submitted_on": date(2026, 3, 2),
        "contact": {"name": "测试丙", "phone": "01000000000"},
        "applied_on": date(2026, 3, 2),
        "parts": [],
        "supersedes": None,
    }


def row(child: str, resource: str, due: datetime, **changed) -> dict:
    fields = {
        "part": 1,
        "resource": resource,
        "child": child,
        "leaf": "." in child,
        "due": due,
        "order": order_of(child),
    }
    return fields | changed


@dataclass
class World:
    """Participants that seal, a clock that each message moves on, and the requester's archive.

    `stamp` is what a timestamping authority does: bytes in, answer and certificates out.
    """

    tree: object
    stamp: object = None
    requester: str = REQUESTER
    opened: bool = False
    transit: timedelta = timedelta(0)
    now: datetime = field(init=False)
    query: UUID = field(init=False)
    messages: dict[str, ProvenMessage] = field(default_factory=dict)
    digests: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directory = self.tree.directory
        self.now = self.tree.now
        self.query = uuid7(self.now, secrets.token_bytes)
        self.sealers = {
            name: Sealer(name, ring, "p256-aes256gcm/1", secrets.token_bytes)
            for name, ring in self.tree.rings.items()
        }

    @property
    def due(self) -> datetime:
        return self.tree.now + TERM

    def seal(self, source: str, kind: str, destination: str, body: dict, **header) -> Sealed:
        self.now += STEP
        reader = "hub" if kind in {"Application", "Roster", "Consent"} else destination
        key = self.directory.get(reader).encryption_key(self.now)
        header.setdefault("conversation", self.query)
        content = Content(
            kind=kind,
            destination=destination,
            schema=load(f"message/{kind.lower()}.v1"),
            payload=body,
            **header,
        )
        to = self.directory.next_hop(source, destination)
        return self.sealers[source].seal(content, to, [key], self.now, 1)

    def passed_on(self, source: str, sealed: Sealed, destination: str) -> Sealed:
        """The message after every relay on its path endorsed it."""
        at = self.directory.next_hop(source, destination)
        while at != destination:
            received = self.now + self.transit
            self.now = received + STEP
            to = self.directory.next_hop(at, destination)
            opened = reread(sealed.data)
            endorsed = self.sealers[at].endorse(opened, to, received, self.now, 1)
            sealed, at = replace(endorsed, secret=sealed.secret), to
        return sealed

    def make(self, source: str, kind: str, destination: str, body: dict, **header) -> ProvenMessage:
        """A message as the requester's archive holds it, disclosed where its kind is."""
        sealed = self.seal(source, kind, destination, body, **header)
        at = self.now
        if source != REQUESTER:
            sealed = self.passed_on(source, sealed, destination)
            at = self.now = self.now + STEP
        disclosed = DISCLOSED | ({"Answer"} if self.opened else set())
        secret = sealed.secret if kind in disclosed else None
        return ProvenMessage(sealed.data, at, secret)

    def add(self, name: str, source: str, kind: str, destination: str, body: dict, **header):
        message = self.make(source, kind, destination, body, **header)
        self.messages[name] = message
        self.digests[name] = reread(message.envelope).digest

    def proof(self, *, made_at: datetime | None = None, directory=None, **changed) -> Proof:
        made_at = made_at or self.now + STEP
        directory = directory or self.tree.records()
        messages = tuple(self.messages.values())
        audit, timestamps = books_of(self, messages, made_at, directory)
        proof = Proof(
            self.query, REQUESTER, made_at, directory, messages, audit, timestamps, self.opened
        )
        return replace(proof, **changed)

    def file(self, **changed) -> bytes:
        return proof_bytes(self.proof(**changed))

    def roster(self, part: int = 1) -> None:
        person = {
            "reference": part,
            "name": "测试甲",
            "id_type": "111",
            "id_number": "990000199001010017",
            "reason": "新申请",
        }
        consent = {
            "reference": part,
            "household": "户1",
            "relation": "01",
            "document": "授权-1",
            "authorised_on": date(2026, 2, 20),
            "guardian": None,
        }
        header = {"subject_count": 1, "roster_part": part}
        body = {"request": request(), "part": part, "persons": [person]}
        self.add(f"roster {part}", REQUESTER, "Roster", "hub", body, **header)
        body = {"nonce": bytes(16), "part": part, "consents": [consent]}
        self.add(f"consent {part}", REQUESTER, "Consent", "hub", body, **header)

    def apply(self, name: str = "application") -> None:
        body = application_body()
        self.add(name, REQUESTER, "Application", "hub", body, subject_count=1)

    def decide(self, *, accepted: bool = True, application: bytes | None = None, **header) -> None:
        digest = application or self.digests["application"]
        finding = {"code": "R042", "zh": "依据不符", "en": "wrong basis", "where": "legal_basis"}
        body = {
            "application": digest,
            "accepted": accepted,
            "findings": [] if accepted else [finding],
            "decided_by": "policy",
            "decided": self.now,
            "start_by": self.now + timedelta(days=2),
        }
        header.setdefault("in_reply_to", digest)
        self.add("decision", "hub", "Decision", REQUESTER, body, **header)

    def dispatch(self, source: str, rows: list[dict], unserved: tuple[dict, ...] = (), **header):
        destination = "hub" if source == REQUESTER else REQUESTER
        if source == "hub":
            header.setdefault("in_reply_to", self.digests["application"])
        else:
            header.setdefault("in_reply_to", self.digests["roster 1"])
            header.setdefault("order", order_of(source))
        body = {"rows": rows, "unserved": list(unserved)}
        self.add(f"dispatch {source}", source, "Dispatch", destination, body, **header)

    def answer(self, agency: str, resource: str, **header) -> None:
        fields = {
            "order": order_of(agency),
            "resource": resource,
            "roster_part": 1,
            "in_reply_to": self.digests["roster 1"],
            "subject_count": 1,
            "fragment": 0,
        }
        outcome = {
            "line": 1,
            "reference": 1,
            "outcome": "NOT_FOUND",
            "code": None,
            "records": [],
        }
        body = {
            "record_schema": bytes(32),
            "as_of": self.now,
            "record_count": 0,
            "outcomes": [outcome],
        }
        fields |= header
        name = f"answer {agency} {fields['fragment']}"
        self.add(name, agency, "Answer", REQUESTER, body, **fields)

    def receipt(self, destination: str, about: bytes) -> None:
        body = {
            "opened": [],
            "faults": [],
            "found": 0,
            "not_found": 1,
            "not_answerable": 0,
            "received": self.now,
            "gaps": [],
        }
        name = f"receipt {destination}"
        self.add(name, REQUESTER, "Receipt", destination, body, in_reply_to=about)

    def withdraw(self, name: str = "cancellation", about: bytes | None = None, **header) -> None:
        about = about or self.digests["application"]
        body = {
            "application": about,
            "ending": "CANCELLED",
            "reason": "NOT_NEEDED",
            "at": self.now,
            "orders": [],
        }
        header.setdefault("in_reply_to", about)
        self.add(name, REQUESTER, "Cancellation", "hub", body, **header)

    def reply(self, source: str, *rows: dict, started: bool = True) -> None:
        body = {
            "ending": "CANCELLED",
            "reason": "NOT_NEEDED",
            "started": started,
            "rows": list(rows),
            "at": self.now,
        }
        self.add(f"reply {source}", source, "CancellationReply", REQUESTER, body)

    def applied(self) -> None:
        self.roster()
        self.apply()

    def dispatched(self) -> None:
        """One agency of the hub, one of a province, one of a city below it, and the requester."""
        due = self.due
        self.dispatch(
            "hub",
            [
                row("320000", ACCOUNT, due),
                row("320000", HOUSING, due),
                row("370000", ACCOUNT, due),
                row("hub.marriage", MARRIAGE, due),
            ],
        )
        self.dispatch(
            "320000", [row("320000.housing-fund", ACCOUNT, due), row("321200", HOUSING, due)]
        )
        self.dispatch("321200", [row("321200.housing-bureau", HOUSING, due)])
        unserved = {"part": 1, "resource": ACCOUNT, "code": "NO_AGENCY"}
        self.dispatch("370000", [], (unserved,))

    def answered(self) -> None:
        self.answer("hub.marriage", MARRIAGE)
        self.answer("320000.housing-fund", ACCOUNT, fragment=0, last=False)
        self.answer("320000.housing-fund", ACCOUNT, fragment=1)
        self.answer("321200.housing-bureau", HOUSING)

    def delivered(self) -> None:
        self.receipt("hub", self.digests["application"])
        for agency in ("hub.marriage", "320000.housing-fund", "321200.housing-bureau"):
            self.receipt(agency, self.digests[f"answer {agency} 0"])


def refused_world(tree) -> World:
    world = World(tree)
    world.applied()
    world.decide(accepted=False)
    return world


def delivered_world(tree, **settings) -> World:
    world = World(tree, **settings)
    world.applied()
    world.decide()
    world.dispatched()
    world.answered()
    world.delivered()
    return world
