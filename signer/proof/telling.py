"""Makes the account of a proof that passed every check; decides nothing about its validity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from schemas.loader import SchemaError
from schemas.records import decode_record
from schemas.resources import Resource, resources
from signer.ca.crl import RevocationList
from signer.directory.view import Directory, Key
from signer.identity import HUB
from signer.proof.account import (
    Account,
    Answered,
    Asked,
    Assented,
    AuditHead,
    Certificate,
    CertificateStanding,
    Decided,
    Endorsed,
    Fragment,
    HeadStamped,
    Later,
    ListUsed,
    NotServed,
    Ordered,
    Outcome,
    Party,
    ProofState,
    Reason,
    Received,
    RowOutcome,
    Stated,
    Told,
    TrustedTime,
    Withdrawn,
)
from signer.proof.answers import AnsweredRow
from signer.proof.books import Books
from signer.proof.conversation import Conversation, Proven
from signer.proof.format import Proof
from signer.proof.rows import Row, Rows
from signer.proof.stops import Stops
from signer.proof.times import Times


def tell(
    proof: Proof,
    directory: Directory,
    messages: Sequence[Proven],
    books: Books,
    times: Times,
    conversation: Conversation,
    rows: Rows,
    answered: Sequence[AnsweredRow],
    open_rows: Sequence[Row],
    stops: Stops,
    later: Directory | None,
    lists: Sequence[RevocationList],
) -> Account:
    """Return the account.

    Args:
        proof: The file's content.
        directory: The directory it was judged by, with every revocation that is known.
        messages: All messages, verified.
        books: What the audit entries state of them.
        times: Their trusted times.
        conversation: The same messages by kind.
        rows: The tree of rows.
        answered: The rows with their Answers.
        open_rows: The rows that are owed still.
        stops: How the query was ended before its time.
        later: A later directory that was given.
        lists: Revocation lists that were given.
    """
    owed = set(open_rows)
    return Account(
        query=proof.query,
        state=_state(conversation, answered, open_rows, stops, times.unproven),
        requester=_party(proof.requester, directory),
        application=Asked(
            conversation.application.digest,
            conversation.application.signed_at,
            conversation.application.header.subject_count,
            len(conversation.rosters),
        ),
        assent=_assented(conversation.assent, directory),
        decision=_decided(conversation.decision, directory),
        orders=tuple(_ordered(row, _outcome(row, owed, stops), directory) for row in rows.rows),
        answers=tuple(_answered(found, directory) for found in answered),
        not_served=tuple(
            NotServed(_party(u.by, directory), u.part, u.resource, u.code) for u in rows.unserved
        ),
        receipts=tuple(
            Received(
                _party(m.header.destination, directory), m.signed_at, m.header.in_reply_to or b""
            )
            for m in conversation.receipts
        ),
        withdrawal=_withdrawn(stops.withdrawal),
        statements=tuple(_stated(message, directory) for message in stops.replies),
        certificates=_certificates(messages, directory, proof.made_at),
        messages=tuple(
            _told(message, time, message.number in times.unproven, directory)
            for message, time in zip(messages, times.messages, strict=True)
        ),
        timestamps=tuple(
            HeadStamped(s.head, s.stamp.time, s.stamp.authority, s.known)
            for _, s in sorted(books.stamps.items())
        ),
        audit=_audit(books),
        opened=proof.opened,
        made_at=proof.made_at,
        directory_version=directory.version,
        later=None if later is None else Later(later.version, later.issued),
        crls=tuple(ListUsed(crl.issuer_key, crl.number, crl.this_update) for crl in lists),
    )


def _told(message: Proven, time: TrustedTime, unproven: bool, directory: Directory) -> Told:
    return Told(
        number=message.number,
        kind=message.header.kind,
        source=_party(message.header.source, directory),
        digest=message.digest,
        signed_at=message.signed_at,
        time=time,
        unproven=unproven,
    )


def _audit(books: Books) -> AuditHead:
    last = books.heads[max(books.heads)].head
    return AuditHead(last.number, last.hash)


def _withdrawn(cancellation: Proven | None) -> Withdrawn | None:
    if cancellation is None:
        return None
    body = cancellation.body
    return Withdrawn(body["reason"], body["at"], cancellation.digest)


def _stated(reply: Proven, directory: Directory) -> Stated:
    body = reply.body
    counted = Counter(row["progress"] for row in body["rows"])
    return Stated(
        by=_party(reply.header.source, directory),
        at=body["at"],
        reason=body["reason"],
        not_started=counted["NOT_STARTED"],
        stopped=counted["STOPPED"],
        answered=counted["ANSWERED"],
    )


def _ended_early(stops: Stops, open_rows: Sequence[Row]) -> ProofState | None:
    """How the query was ended before its time, None where it was not."""
    if stops.hub is not None and stops.hub.body["ending"] == ProofState.EXPIRED:
        return ProofState.EXPIRED
    if stops.withdrawal is None:
        return None
    over = stops.hub is not None and (stops.ended or not open_rows)
    return ProofState.CANCELLED if over else ProofState.CANCELLING


def _state(
    conversation: Conversation,
    answered: Sequence[AnsweredRow],
    open_rows: Sequence[Row],
    stops: Stops,
    unproven: Collection[int],
) -> ProofState:
    if conversation.decision is not None and not conversation.decision.body["accepted"]:
        return ProofState.REFUSED
    ended = _ended_early(stops, open_rows)
    if ended is not None:
        return ended
    if not conversation.dispatches:
        return ProofState.ACCEPTED
    if open_rows:
        begun = any(found.whole for found in answered)
        return ProofState.PARTLY_ANSWERED if begun else ProofState.STARTED
    delivered = any(
        m.header.destination == HUB and m.number not in unproven for m in conversation.receipts
    )
    return ProofState.DELIVERED if delivered else ProofState.ANSWERED


def _party(participant: str, directory: Directory) -> Party:
    found = directory.get(participant)
    return Party(participant, "" if found is None else found.title)


def _assented(message: Proven | None, directory: Directory) -> Assented | None:
    if message is None:
        return None
    return Assented(
        _party(message.header.source, directory),
        message.body["decided_by"],
        message.body["decided"],
        message.signed_at,
        message.received,
    )


def _decided(decision: Proven | None, directory: Directory) -> Decided | None:
    if decision is None:
        return None
    body = decision.body
    return Decided(
        by=_party(HUB, directory),
        accepted=body["accepted"],
        decided_by=body["decided_by"],
        decided_at=body["decided"],
        start_by=body["start_by"],
        signed_at=decision.signed_at,
        received=decision.received,
        reasons=tuple(Reason(**finding) for finding in body["findings"]),
    )


def _outcome(row: Row, owed: Collection[Row], stops: Stops) -> RowOutcome:
    if row in stops.closed:
        return RowOutcome(stops.closed[row])
    if row in owed:
        return RowOutcome.OPEN
    return RowOutcome.ANSWERED if row.leaf else RowOutcome.DISPATCHED


def _ordered(row: Row, outcome: RowOutcome, directory: Directory) -> Ordered:
    return Ordered(
        by=_party(row.by, directory),
        to=_party(row.child, directory),
        part=row.part,
        resource=row.resource,
        ordered_at=row.ordered,
        due=row.due,
        order=row.order,
        outcome=outcome,
    )


def _answered(found: AnsweredRow, directory: Directory) -> Answered:
    row = found.row
    return Answered(
        agency=_party(row.child, directory),
        resource=row.resource,
        part=row.part,
        order=row.order,
        due=row.due,
        whole=found.whole,
        late=max(f.received for f in found.fragments) >= row.due,
        fragments=tuple(_fragment(message, directory) for message in found.fragments),
    )


def _fragment(message: Proven, directory: Directory) -> Fragment:
    endorsed = tuple(
        Endorsed(_party(s.sender, directory), s.received, s.forwarded)
        for s in message.opened.statements[1:]
    )
    return Fragment(
        number=message.header.fragment,
        last=message.header.last,
        digest=message.digest,
        sealed_at=message.signed_at,
        endorsed=endorsed,
        received=message.received,
        outcomes=None if message.body is None else _outcomes(message),
    )


def _outcomes(message: Proven) -> tuple[Outcome, ...]:
    resource = resources().get(message.header.resource or "")
    return tuple(
        Outcome(
            line=found["line"],
            reference=found["reference"],
            outcome=found["outcome"],
            code=found["code"],
            records=tuple(_record(resource, data) for data in found["records"]),
        )
        for found in message.body["outcomes"]
    )


def _record(resource: Resource | None, data: bytes) -> dict[str, Any] | None:
    try:
        return None if resource is None else decode_record(resource, data)
    except SchemaError:
        return None  # the requester marked such an answer as faulty


def _certificates(
    messages: Iterable[Proven], directory: Directory, at: datetime
) -> tuple[Certificate, ...]:
    used = {s.signer for m in messages for s in m.opened.statements}
    listed = [found for found in map(directory.key, used) if found is not None]
    return tuple(
        Certificate(
            owner=Party(owner.id, owner.title),
            key_id=key.id,
            generation=key.generation,
            not_before=key.not_before,
            not_after=key.not_after,
            revoked=key.revoked,
            standing=_standing(key, at),
        )
        for owner, key in sorted(listed, key=lambda x: (x[0].id, x[1].generation, x[1].id))
    )


def _standing(key: Key, at: datetime) -> CertificateStanding:
    if key.revoked is not None:
        return CertificateStanding.REVOKED_SINCE
    return CertificateStanding.EXPIRED_SINCE if at > key.not_after else CertificateStanding.VALID
