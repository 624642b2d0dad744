"""Check 6: what the requester's audit chain says of the messages (docs/spec/proof.md §4).

The entries in a proof stand under signed heads of the requester's chain, and heads under
timestamps. So each message was there when its entry was written, as the requester says, and when
the timestamp was made, as somebody else says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from schemas.errors import HeduiError
from signer.audit.chain import AuditEntryError, Detail, Entry, entry_hash, read_entry
from signer.audit.heads import HEAD, Head, head_of, includes, stamped_bytes, verify_head
from signer.directory.view import Directory
from signer.envelope.labels import milliseconds
from signer.proof.conversation import Proven
from signer.proof.failures import ProofError
from signer.proof.format import AuditRecord, HeadTimestamp, Proof
from signer.timestamps import Timestamp, TimestampError, verify_timestamp

ENVELOPE = "envelope"
MESSAGE = "message"
"""What an entry names a message by: a received one as it came, an own one by its message digest."""

ADOPTED = "directory.adopted"
"""Event of an entry that names the head of the directory the proof is judged by."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A timestamp over a head. `known`: whether it ends in a certificate the verifier trusts."""

    head: int
    stamp: Timestamp
    known: bool


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head, and the number of the head whose tree holds it, None where it stands by itself."""

    head: Head
    over: int | None


@dataclass(frozen=True, slots=True)
class Booked:
    """An entry that names something: when it was written, the number of the head over it."""

    at: datetime
    over: int


@dataclass(frozen=True, slots=True)
class Books:
    """What the audit entries of a proof state.

    Attributes:
        messages: The entry that names each message, in the order of the messages.
        directory: The entry that names the head of the directory, where one does.
        heads: The signed heads by the number of their entries; a head's `over` is a higher number.
        stamps: The timestamps by the number of the head's entry.
    """

    messages: tuple[Booked, ...]
    directory: Booked | None
    heads: Mapping[int, SignedHead]
    stamps: Mapping[int, Stamp]


@dataclass(frozen=True, slots=True)
class _Line:
    entry: Entry
    hash: bytes
    record: AuditRecord


def envelope_digest(envelope: bytes) -> bytes:
    """Return what an entry names a received message by: SHA-256 of the envelope with every seal."""
    return sha256(envelope).digest()


def names_in(detail: Detail) -> set[tuple[str, bytes]]:
    """Return the messages that an entry's detail names: how, and by which digest."""
    plural = str(detail.get("messages") or "").split(" ")
    found = {(ENVELOPE, detail.get("envelope")), (MESSAGE, detail.get("message"))}
    found |= {(MESSAGE, one) for one in plural}
    return {(how, _digest(str(text))) for how, text in found if text}


def check_books(
    proof: Proof,
    messages: Sequence[Proven],
    directory: Directory,
    directory_head: bytes,
    anchors: Sequence[bytes],
) -> Books:
    """6. Return what the audit entries state.

    Args:
        proof: The file's content.
        messages: Its messages, verified in clear.
        directory: The directory they are judged by, as if nothing were revoked.
        directory_head: Digest of the directory's head.
        anchors: DER of the self-signed certificates that a timestamp may end in.

    Raises:
        ProofError: `PROOF_AUDIT_RECORD`, `PROOF_AUDIT_HEAD`, `PROOF_AUDIT_PATH`,
            `PROOF_AUDIT_MISSING`, `PROOF_TIMESTAMP`.
    """
    lines = [_line(proof, number, record) for number, record in enumerate(proof.audit, start=1)]
    numbers = [line.entry.number for line in lines]
    if numbers != sorted(set(numbers)):
        raise ProofError("PROOF_AUDIT_RECORD", "audit")
    heads = {
        line.entry.number: _head(proof, line, directory)
        for line in lines
        if line.entry.event == HEAD
    }
    _check_last(proof, lines, heads)
    over = {line.entry.number: _over(line, heads) for line in lines}
    signed = {number: SignedHead(head, over[number]) for number, head in heads.items()}
    stamps = {t.head: _stamp(t, signed, anchors) for t in proof.timestamps}
    named = _named(lines)
    by_message = [_of_message(m, proof, named) for m in messages]
    adopted = named.get((ADOPTED, directory_head))
    used = {line.entry.number for line in by_message} | set(heads)
    used |= set() if adopted is None else {adopted.entry.number}
    if used != set(numbers):
        raise ProofError("PROOF_AUDIT_RECORD", f"audit {min(set(numbers) - used)}")
    return Books(
        messages=tuple(_booked(line) for line in by_message),
        directory=None if adopted is None else _booked(adopted),
        heads=signed,
        stamps=stamps,
    )


def _line(proof: Proof, place: int, record: AuditRecord) -> _Line:
    try:
        entry = read_entry(record.entry)
    except AuditEntryError:
        raise ProofError("PROOF_AUDIT_RECORD", f"audit {place}") from None
    # An operator's name is nobody's business outside; nor is another query.
    if entry.actor.startswith("operator:") or entry.query not in {None, proof.query}:
        raise ProofError("PROOF_AUDIT_RECORD", f"audit {entry.number}")
    return _Line(entry, entry_hash(record.prev, record.entry), record)


def _head(proof: Proof, line: _Line, directory: Directory) -> Head:
    where = f"audit {line.entry.number}"
    try:
        head = head_of(line.entry)
        listed = directory.key(head.signer)
        if head.participant != proof.requester or listed is None:
            raise ProofError("PROOF_AUDIT_HEAD", where)
        owner, key = listed
        if owner.id != proof.requester or not key.valid_at(head.at):
            raise ProofError("PROOF_AUDIT_HEAD", where)
        verify_head(head, key)
    except AuditEntryError as error:
        raise ProofError("PROOF_AUDIT_HEAD", where, because(error)) from None
    return head


def _check_last(proof: Proof, lines: Sequence[_Line], heads: Mapping[int, Head]) -> None:
    """The last entry is the head that was made with the proof, and states when."""
    last = lines[-1] if lines else None
    if last is None or last.entry.number not in heads or last.entry.at != proof.made_at:
        raise ProofError("PROOF_AUDIT_HEAD", "made_at")


def _over(line: _Line, heads: Mapping[int, Head]) -> int | None:
    """Return the head whose tree holds an entry; it stands later in the chain."""
    found, number = line.record.inclusion, line.entry.number
    if found is None:
        # Only a head stands by itself, and only where what it signs is the entry before it.
        head = heads.get(number)
        if head is None or (head.number, head.hash) != (number - 1, line.record.prev):
            raise ProofError("PROOF_AUDIT_PATH", f"audit {number}")
        return None
    over = heads.get(found.head)
    if over is None or found.head <= number or not includes(over, number, line.hash, found):
        raise ProofError("PROOF_AUDIT_PATH", f"audit {number}")
    return found.head


def _stamp(
    given: HeadTimestamp, heads: Mapping[int, SignedHead], anchors: Sequence[bytes]
) -> Stamp:
    where = f"timestamps {given.head}"
    if given.head not in heads:
        raise ProofError("PROOF_TIMESTAMP", where)
    data = stamped_bytes(heads[given.head].head)
    try:
        stamp = verify_timestamp(given.response, data, given.certificates)
    except TimestampError as error:
        raise ProofError("PROOF_TIMESTAMP", where, because(error)) from None
    return Stamp(given.head, stamp, stamp.anchor in anchors)


def _booked(line: _Line) -> Booked:
    over = line.record.inclusion
    if over is None:  # a head, which names nothing
        raise ProofError("PROOF_AUDIT_RECORD", f"audit {line.entry.number}")
    return Booked(line.entry.at, over.head)


def _named(lines: Sequence[_Line]) -> dict[tuple[str, bytes], _Line]:
    """Return the first entry that names each message, and each directory."""
    named: dict[tuple[str, bytes], _Line] = {}
    for line in lines:
        names = names_in(line.entry.detail)
        if line.entry.event == ADOPTED:
            names = {(ADOPTED, _digest(str(line.entry.detail.get("head"))))}
        for name in names:
            named.setdefault(name, line)
    return named


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _of_message(message: Proven, proof: Proof, named: Mapping[tuple[str, bytes], _Line]) -> _Line:
    sent = message.header.source == proof.requester
    # A message of its own is signed after its entry is written, so that is named by what it says.
    name = (MESSAGE, message.digest) if sent else (ENVELOPE, envelope_digest(message.sealed))
    line = named.get(name)
    if line is None:
        raise ProofError("PROOF_AUDIT_MISSING", message.where)
    # When it was received is part of the entry; when it was sent, of the message's own seal.
    if not sent and line.entry.detail.get("received") != milliseconds(message.received):
        raise ProofError("PROOF_AUDIT_MISSING", message.where)
    return line


def because(error: HeduiError) -> tuple[str, str]:
    """Return what lies beneath a failure, Chinese and English, with its code."""
    return f"{error.zh}（{error.code}）", f"{error.en} ({error.code})"
