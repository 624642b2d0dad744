"""Checks 8 to 11: the messages are one query's, from its application to the hub's decision on it.

The numbers are those of `signer.proof.verify`; the rules are docs/spec/proof.md §3 to §8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.loader import shipped
from signer.directory.view import Directory
from signer.envelope.format import Header
from signer.envelope.kinds import Kind
from signer.envelope.open import read_body
from signer.envelope.verdict import CODES, Opened, RefusedEnvelope
from signer.identity import HUB
from signer.proof.failures import ProofError

_ENDING = frozenset({Kind.CANCELLATION, Kind.CANCELLATION_REPLY})

DISCLOSED = frozenset({Kind.ASSENT, Kind.DECISION, Kind.DISPATCH, *_ENDING})
"""Kinds whose content every proof discloses: they hold no data of persons asked about."""

SENT = frozenset(
    {Kind.APPLICATION, Kind.ROSTER, Kind.CONSENT, Kind.DISPATCH, Kind.RECEIPT, *_ENDING}
)
"""Kinds the requester itself sends."""

RECEIVED = frozenset(
    {Kind.ASSENT, Kind.DECISION, Kind.DISPATCH, Kind.ANSWER, Kind.CANCELLATION_REPLY}
)
"""Kinds the requester receives."""


@dataclass(frozen=True, slots=True)
class Proven:
    """One message whose envelope is verified.

    `number` counts from 1 in the file, `sealed` is the envelope as it stands there. `body` is the
    payload as Avro data where it is disclosed.
    """

    number: int
    sealed: bytes
    opened: Opened
    received: datetime
    secret: bytes | None
    body: Any = None

    @property
    def header(self) -> Header:
        """The signed header."""
        return self.opened.header

    @property
    def digest(self) -> bytes:
        """The message digest."""
        return self.opened.digest

    @property
    def signed_at(self) -> datetime:
        """When its origin sealed it, by the origin's word."""
        return self.opened.statements[0].forwarded

    @property
    def where(self) -> str:
        """Its place in the file, for an error."""
        return f"messages {self.number} {self.header.kind}"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A query's messages by what they are. Parts are by number.

    `assent` is the province's, where the requester is a city or county (R006). `decision` is None
    where the query was withdrawn before it.
    """

    application: Proven
    assent: Proven | None
    decision: Proven | None
    rosters: Mapping[int, Proven]
    dispatches: tuple[Proven, ...]
    answers: tuple[Proven, ...]
    receipts: tuple[Proven, ...]
    cancellations: tuple[Proven, ...]
    replies: tuple[Proven, ...]


def check_ends(
    messages: Sequence[Proven], query: UUID, requester: str, directory: Directory
) -> None:
    """8. Check that every message is of the query and was sent or received by the requester.

    Raises:
        ProofError: `PROOF_CONVERSATION`, `PROOF_KIND`, `PROOF_PARTY`, `PROOF_PATH`, `PROOF_TIME`,
            `PROOF_MESSAGE_TWICE`.
    """
    seen: set[tuple[str, UUID]] = set()
    for message in messages:
        header = message.header
        if header.conversation != query:
            raise ProofError("PROOF_CONVERSATION", message.where)
        if header.source == requester:
            _check_sent(message, directory)
        else:
            _check_received(message, requester, directory)
        name = (header.source, header.message_id)
        if name in seen:
            raise ProofError("PROOF_MESSAGE_TWICE", message.where)
        seen.add(name)


def _check_sent(message: Proven, directory: Directory) -> None:
    header, statements = message.header, message.opened.statements
    if header.kind not in SENT:
        raise ProofError("PROOF_KIND", message.where)
    if header.kind == Kind.DISPATCH and header.destination != HUB:
        raise ProofError("PROOF_PARTY", message.where)
    hop = directory.next_hop(header.source, header.destination)
    if [s.to for s in statements] != [hop]:
        raise ProofError("PROOF_PATH", message.where)
    if message.received != statements[0].forwarded:
        raise ProofError("PROOF_TIME", message.where)


def _check_received(message: Proven, requester: str, directory: Directory) -> None:
    header, statements = message.header, message.opened.statements
    if header.kind not in RECEIVED:
        raise ProofError("PROOF_KIND", message.where)
    if header.destination != requester:
        raise ProofError("PROOF_PARTY", message.where)
    walked = [*(s.sender for s in statements), statements[-1].to]
    if walked != _path(header.source, requester, directory):
        raise ProofError("PROOF_PATH", message.where)


def _path(source: str, to: str, directory: Directory) -> list[str]:
    path = [source]
    while path[-1] != to:
        hop = directory.next_hop(path[-1], to)
        if hop is None:
            return []
        path.append(hop)
    return path


def disclose(message: Proven, *, opened: bool) -> Proven:
    """9. Return the message with its body, where it is disclosed.

    Args:
        message: The message.
        opened: Whether the proof discloses its answers.

    Raises:
        ProofError: `PROOF_SECRET_MISSING`, `PROOF_SECRET_SURPLUS`, `PROOF_SECRET_WRONG`.
    """
    kind = message.header.kind
    disclosed = kind in DISCLOSED or (opened and kind == Kind.ANSWER)
    if message.secret is None:
        if disclosed:
            raise ProofError("PROOF_SECRET_MISSING", message.where)
        return message
    if not disclosed:
        raise ProofError("PROOF_SECRET_SURPLUS", message.where)
    try:
        body = read_body(message.opened, message.secret, shipped().get)
    except RefusedEnvelope as ending:
        _, zh, en = CODES[ending.code]
        because = (f"{zh}（{ending.code}）", f"{en} ({ending.code})")
        raise ProofError("PROOF_SECRET_WRONG", message.where, because) from None
    return replace(message, body=body)


def sort(messages: Sequence[Proven], requester: str, directory: Directory) -> Conversation:
    """10 and 11. Return the messages by kind; one application, its parts, what was decided on it.

    There is no decision where the hub says that the query was withdrawn before it.

    Raises:
        ProofError: `PROOF_APPLICATION`, `PROOF_PART`, `PROOF_ASSENT`, `PROOF_DECISION`,
            `PROOF_DECISION_ELSEWHERE`, `PROOF_AFTER_REFUSAL`.
    """
    by_kind: dict[str, list[Proven]] = {kind: [] for kind in Kind}
    for message in messages:
        by_kind[message.header.kind].append(message)
    # 10. The application and its parts.
    application = _only(by_kind[Kind.APPLICATION], "PROOF_APPLICATION")
    rosters = _parts(by_kind[Kind.ROSTER])
    consents = _parts(by_kind[Kind.CONSENT])
    if not rosters or _persons(rosters) != _persons(consents):
        raise ProofError("PROOF_PART")
    # 11. The decision, and the province's assent.
    decision = _decision(by_kind, application)
    later = [*by_kind[Kind.DISPATCH], *by_kind[Kind.ANSWER], *by_kind[Kind.RECEIPT]]
    if later and (decision is None or not decision.body["accepted"]):
        raise ProofError("PROOF_AFTER_REFUSAL", later[0].where)
    accepted = decision is not None and bool(decision.body["accepted"])
    assent = _assent(by_kind[Kind.ASSENT], application, requester, directory, needed=accepted)
    return Conversation(
        application,
        assent,
        decision,
        rosters,
        tuple(by_kind[Kind.DISPATCH]),
        tuple(by_kind[Kind.ANSWER]),
        tuple(by_kind[Kind.RECEIPT]),
        tuple(by_kind[Kind.CANCELLATION]),
        tuple(by_kind[Kind.CANCELLATION_REPLY]),
    )


def _assent(
    found: Sequence[Proven],
    application: Proven,
    requester: str,
    directory: Directory,
    *,
    needed: bool,
) -> Proven | None:
    """Return the province's assent to a city's application; a province's own has none (R006)."""
    *_, province, _ = (None, *directory.path_up(requester))
    if not found and (province == requester or not needed):
        return None
    assent = _only(found, "PROOF_ASSENT")
    said = assent.body
    about = {assent.header.in_reply_to, said["application"]} == {application.digest}
    ours = (assent.header.source, said["requester"]) == (province, requester)
    if province == requester or not (about and ours and said["assented"]):
        raise ProofError("PROOF_ASSENT", assent.where)
    return assent


def _decision(by_kind: Mapping[str, Sequence[Proven]], application: Proven) -> Proven | None:
    found = by_kind[Kind.DECISION]
    said = [m.body for m in by_kind[Kind.CANCELLATION_REPLY] if m.header.source == HUB]
    if not found and any(not body["started"] for body in said):
        return None
    decision = _only(found, "PROOF_DECISION")
    if {decision.header.in_reply_to, decision.body["application"]} != {application.digest}:
        raise ProofError("PROOF_DECISION_ELSEWHERE", decision.where)
    return decision


def _only(found: Sequence[Proven], code: str) -> Proven:
    if len(found) != 1:
        raise ProofError(code, found[1].where if found else "")
    return found[0]


def _parts(found: Sequence[Proven]) -> dict[int, Proven]:
    parts: dict[int, Proven] = {}
    for message in found:
        part = message.header.roster_part
        if part is None or part in parts:
            raise ProofError("PROOF_PART", message.where)
        parts[part] = message
    if set(parts) != set(range(1, len(parts) + 1)):
        raise ProofError("PROOF_PART")
    return parts


def _persons(parts: Mapping[int, Proven]) -> dict[int, int]:
    return {part: message.header.subject_count for part, message in parts.items()}
