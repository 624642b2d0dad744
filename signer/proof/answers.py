"""Checks 13 and 15: every Answer belongs to a row; the Receipts fit (proof.md §8, §9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signer.identity import HUB
from signer.proof.conversation import Conversation, Proven
from signer.proof.failures import ProofError
from signer.proof.rows import Row, Rows


@dataclass(frozen=True, slots=True)
class AnsweredRow:
    """A row with the fragments of its Answer that are there, in their order."""

    row: Row
    fragments: tuple[Proven, ...]

    @property
    def whole(self) -> bool:
        """Whether the fragments run from 0 to the one marked last."""
        numbers = [f.header.fragment for f in self.fragments]
        return numbers == list(range(len(numbers))) and self.fragments[-1].header.last


def check_answers(conversation: Conversation, rows: Rows) -> tuple[AnsweredRow, ...]:
    """13. Return the rows that have an Answer, or fragments of one, in the order of the rows.

    Raises:
        ProofError: `PROOF_ANSWER_FOREIGN`, `PROOF_ANSWER_TWICE`, `PROOF_ANSWER_FRAGMENT`.
    """
    owed = {(r.order, r.part, r.resource, r.child): r for r in rows.rows if r.leaf}
    taken: dict[Row, dict[int, Proven]] = {}
    for message in conversation.answers:
        header = message.header
        part = header.roster_part or 0
        row = owed.get((header.order or b"", part, header.resource or "", header.source))
        if row is None or header.in_reply_to != conversation.rosters[row.part].digest:
            raise ProofError("PROOF_ANSWER_FOREIGN", message.where)
        fragments = taken.setdefault(row, {})
        if header.fragment in fragments:
            raise ProofError("PROOF_ANSWER_TWICE", message.where)
        fragments[header.fragment] = message
    return tuple(AnsweredRow(r, _in_order(taken[r])) for r in rows.rows if r in taken)


def _in_order(fragments: Mapping[int, Proven]) -> tuple[Proven, ...]:
    found = tuple(fragments[number] for number in sorted(fragments))
    for message in found[:-1]:
        if message.header.last:
            raise ProofError("PROOF_ANSWER_FRAGMENT", message.where)
    return found


def check_receipts(
    conversation: Conversation, answered: Sequence[AnsweredRow], *, complete: bool
) -> None:
    """15. Check the Receipts against what was answered.

    Args:
        conversation: The query's messages.
        answered: The rows with their Answers.
        complete: Whether the hub dispatched and no row is open.

    Raises:
        ProofError: `PROOF_RECEIPT_FOREIGN`, `PROOF_RECEIPT_EARLY`.
    """
    named = {(a.row.child, f.digest) for a in answered for f in a.fragments}
    named.add((HUB, conversation.application.digest))
    for message in conversation.receipts:
        header = message.header
        if (header.destination, header.in_reply_to) not in named:
            raise ProofError("PROOF_RECEIPT_FOREIGN", message.where)
        if header.destination == HUB and not complete:
            raise ProofError("PROOF_RECEIPT_EARLY", message.where)
