"""Verifies a proof with nothing but the file and the root certificate.

The checks, cheapest first; the first failure ends them. The numbers stand again where each is made
(1 to 3 in `format`, 6 to 9 in `conversation`, 10 in `rows`, 11 and 12 in `answers`):

1. the file begins with the magic and has a sensible size
2. the digest at its end is that of everything before
3. its content is in the one encoding, its fields and times make sense
4. its directory verifies to the root, at the instant the proof was made
5. every envelope verifies in clear by that directory, at the instant it was received: format,
   suite, kind, chain of seals, times, certificates, signatures, orders, readers
6. every message is of the query, was sent by the requester or reached it over its whole path in the
   tree, and stands once
7. what must be disclosed is, what must stay sealed does, and each secret opens its message
8. there is one application, and its roster and consent parts match
9. there is one decision, the hub's, on that application; nothing follows a refusal
10. the Dispatches turn the decision into rows, each under an order above it
11. every Answer is its agency's, to an order of such a row, on the roster part of this file
12. the Receipts are for what is here, and nothing is missing where all is said to be received

What the caller still owes: the right root certificate, and, where it matters, a look at the hub's
present directory for certificates revoked after the proof was made (`Account.certificates`). The
instants of receipt are the requester's own statement (docs/spec/proof.md §9).
"""

from __future__ import annotations

from signer.certificates import PathValidator
from signer.directory.records import adopt
from signer.directory.view import Directory
from signer.envelope import chain
from signer.envelope.verdict import CODES, RefusedEnvelope
from signer.errors import DirectoryError
from signer.proof.account import Account
from signer.proof.answers import check_answers, check_receipts
from signer.proof.conversation import Proven, check_ends, disclose, sort
from signer.proof.failures import ProofError
from signer.proof.format import Proof, ProvenMessage, read_proof
from signer.proof.rows import check_rows, still_open
from signer.proof.telling import tell


def verify(data: bytes, validator: PathValidator) -> Account:
    """Verify a proof and return what it says.

    Args:
        data: The file's bytes.
        validator: Validates certificate paths to the root the caller trusts.

    Raises:
        ProofError: The first check that failed, as `check` with its number and name.
    """
    proof = read_proof(data)  # 1, 2, 3
    directory = _directory(proof, validator)  # 4
    messages = [
        _envelope(number, message, directory)
        for number, message in enumerate(proof.messages, start=1)
    ]  # 5
    check_ends(messages, proof.query, proof.requester, directory)  # 6
    messages = [disclose(message) for message in messages]  # 7
    conversation = sort(messages)  # 8, 9
    rows = check_rows(conversation, directory)  # 10
    answered = check_answers(conversation, rows)  # 11
    open_rows = still_open(rows, [found.row for found in answered if found.whole])
    complete = bool(conversation.dispatches) and not open_rows
    check_receipts(conversation, answered, complete=complete)  # 12
    return tell(proof, directory, messages, conversation, rows, answered, open_rows)


def _directory(proof: Proof, validator: PathValidator) -> Directory:
    # 4. A directory of its own time: the head has usually expired since.
    try:
        return adopt(proof.directory, validator, None, proof.made_at).directory
    except DirectoryError as error:
        because = (f"{error.zh}（{error.code}）", f"{error.en} ({error.code})")
        raise ProofError("PROOF_DIRECTORY", f"directory {error.where}", because) from None


def _envelope(number: int, message: ProvenMessage, directory: Directory) -> Proven:
    # 5. As the receiver checked it then, but for the topic it came from.
    try:
        opened = chain.verify(message.envelope, directory, message.received, arrival=None)
    except RefusedEnvelope as ending:
        _, zh, en = CODES[ending.code]
        because = (f"{zh}（{ending.code}）", f"{en} ({ending.code})")
        raise ProofError("PROOF_ENVELOPE", f"messages {number}", because) from None
    return Proven(number, opened, message.received, message.secret)
