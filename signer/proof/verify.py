"""Verifies a proof with nothing but the file and the root certificate.

The checks, cheapest first; the first failure ends them. The numbers stand again where each is made
(1 to 3 in `format`, 6 in `books`, 7 in `times`, 8 to 11 in `conversation`, 12 in `rows`, 13 and 14
in `answers`):

1. the file begins with the magic and has a sensible size
2. the digest at its end is that of everything before
3. its content is in the one encoding, its fields and times make sense
4. its directory verifies to the root, at the instant the proof was made
5. every envelope verifies in clear by that directory, at the instant it was received: format,
   suite, kind, chain of seals, times, certificates, signatures, orders, readers; revocations are
   left to 7
6. the requester's audit entries stand under its signed heads, name every message as it is, and the
   timestamps are over those heads
7. every signature's key stood at the time the signature can be trusted for
8. every message is of the query, was sent by the requester or reached it over its whole path in the
   tree, and stands once
9. what must be disclosed is, what must stay sealed does, and each secret opens its message
10. there is one application, and its roster and consent parts match
11. there is one decision, the hub's, on that application, and where it is
    accepted and the requester stands below a province, that province's assent to it; nothing
    follows a refusal
12. the Dispatches turn the decision into rows, each under an order above it
13. every Answer is its agency's, to an order of such a row, on the roster part of this file
14. the Receipts are for what is here, and nothing is missing where all is said to be received

What the caller still owes: the right root certificate, and, where it matters, a later directory or
revocation lists for what was revoked since, and the roots of timestamping authorities it trusts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from signer.ca.crl import Revocation, RevocationList, read_crl
from signer.certificates import PathValidator
from signer.directory.records import HEAD_KEY, Adopted, adopt
from signer.directory.signed import RecordKind, parse_record
from signer.directory.view import Directory, Key
from signer.envelope import chain
from signer.envelope.verdict import CODES, RefusedEnvelope
from signer.errors import DirectoryError
from signer.proof.account import Account
from signer.proof.answers import check_answers, check_receipts
from signer.proof.books import because, check_books
from signer.proof.conversation import Proven, check_ends, disclose, sort
from signer.proof.failures import ProofError
from signer.proof.format import Proof, ProvenMessage, read_proof
from signer.proof.rows import check_rows, still_open
from signer.proof.stops import check_stops
from signer.proof.telling import tell
from signer.proof.times import check_times


def verify(
    data: bytes,
    validator: PathValidator,
    *,
    authorities: Sequence[bytes] = (),
    later: Directory | None = None,
    crls: Sequence[bytes] = (),
) -> Account:
    """Verify a proof and return what it says.

    Args:
        data: The file's bytes.
        validator: Validates certificate paths to the root the caller trusts.
        authorities: DER of further self-signed certificates, of timestamping authorities.
        later: A later directory under the same root, for revocations since the proof was made.
        crls: Revocation lists (DER or PEM) of the issuing authorities in the proof's directory, for
            the same.

    Raises:
        ProofError: The first check that failed, as `check` with its number and name.
        CertificateError: A revocation list cannot be used, as `read_crl`.
    """
    proof = read_proof(data)  # 1, 2, 3
    adopted = _directory(proof, validator)  # 4
    at_the_time = _with(adopted.directory, lambda _: None)
    messages = [
        _envelope(number, message, at_the_time)
        for number, message in enumerate(proof.messages, start=1)
    ]  # 5
    anchors = (*validator.roots, *authorities)
    books = check_books(proof, messages, at_the_time, adopted.head_digest, anchors)  # 6
    lists = [read_crl(crl, adopted.issuers, validator) for crl in crls]
    directory = _with(adopted.directory, lambda key: _earliest(key, later, lists))
    signer = parse_record(proof.directory[HEAD_KEY], RecordKind.HEAD, HEAD_KEY).signer
    times = check_times(messages, books, directory, proof.requester, signer)  # 7
    check_ends(messages, proof.query, proof.requester, directory)  # 8
    messages = [disclose(message, opened=proof.opened) for message in messages]  # 9
    conversation = sort(messages, proof.requester, directory)  # 10, 11
    rows = check_rows(conversation, directory)  # 12
    answered = check_answers(conversation, rows)  # 13
    open_rows = still_open(rows, [found.row for found in answered if found.whole])
    stops = check_stops(conversation, open_rows)  # 14
    open_rows = tuple(row for row in open_rows if row not in stops.closed)
    complete = bool(conversation.dispatches) and not open_rows
    check_receipts(conversation, answered, complete=complete)  # 15
    return tell(
        proof,
        directory,
        messages,
        books,
        times,
        conversation,
        rows,
        answered,
        open_rows,
        stops,
        later,
        lists,
    )


def _directory(proof: Proof, validator: PathValidator) -> Adopted:
    # 4. A directory of its own time: the head has usually expired since.
    try:
        return adopt(proof.directory, validator, None, proof.made_at)
    except DirectoryError as error:
        raise ProofError("PROOF_DIRECTORY", f"directory {error.where}", because(error)) from None


def _envelope(number: int, message: ProvenMessage, directory: Directory) -> Proven:
    # 5. As the receiver checked it then, but for the topic it came from.
    try:
        opened = chain.verify(message.envelope, directory, message.received, arrival=None)
    except RefusedEnvelope as ending:
        _, zh, en = CODES[ending.code]
        beneath = (f"{zh}（{ending.code}）", f"{en} ({ending.code})")
        raise ProofError("PROOF_ENVELOPE", f"messages {number}", beneath) from None
    return Proven(number, message.envelope, opened, message.received, message.secret)


def _with(directory: Directory, revoked: Callable[[Key], datetime | None]) -> Directory:
    """Return a directory whose keys are revoked as told."""
    participants = {
        name: replace(listed, keys=tuple(replace(key, revoked=revoked(key)) for key in listed.keys))
        for name, listed in directory.participants.items()
    }
    return replace(directory, participants=participants)


def _earliest(
    key: Key, later: Directory | None, lists: Sequence[RevocationList]
) -> datetime | None:
    """Return the earliest revocation of a key that is known."""
    listed = None if later is None else later.key(key.id)
    known = [key.revoked, None if listed is None else listed[1].revoked]
    known += [None if found is None else found.at for found in _found(key, lists)]
    return min((instant for instant in known if instant is not None), default=None)


def _found(key: Key, lists: Sequence[RevocationList]) -> Iterator[Revocation | None]:
    return (crl.find(key.certificate) for crl in lists)
