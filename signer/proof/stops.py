"""Check 14: what was said when a query ended before its time (docs/spec/proof.md §9a)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from signer.identity import HUB
from signer.proof.conversation import Conversation, Proven
from signer.proof.failures import ProofError
from signer.proof.rows import Row

RAN_OUT = "EXPIRED"
"""The reason where nobody withdrew: the orders have run out."""


class Stop(StrEnum):
    """Why a row is closed without an Answer."""

    STOPPED = "STOPPED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Stops:
    """How a query was ended before its time.

    Attributes:
        withdrawal: The requester's Cancellation to the hub, None where it did not withdraw.
        hub: The hub's last statement, None while it has made none.
        replies: Every statement, the hub's among them.
        closed: Rows that are over without an Answer, and why.
    """

    withdrawal: Proven | None = None
    hub: Proven | None = None
    replies: tuple[Proven, ...] = ()
    closed: Mapping[Row, Stop] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the hub has ended the query: before its decision, or because orders ran out."""
        return self.hub is not None and (
            self.hub.body["reason"] == RAN_OUT or not self.hub.body["started"]
        )


def check_stops(conversation: Conversation, open_rows: Sequence[Row]) -> Stops:
    """14. Return how the query was ended before its time, if it was.

    Args:
        conversation: The query's messages.
        open_rows: The rows without all of their Answer.

    Raises:
        ProofError: `PROOF_CANCELLATION_TWICE`, `PROOF_CANCELLATION_ELSEWHERE`.
    """
    asked = [m for m in conversation.cancellations if m.header.destination == HUB]
    for message in asked[1:]:
        raise ProofError("PROOF_CANCELLATION_TWICE", message.where)
    for message in asked:
        named = {message.header.in_reply_to, message.body["application"]}
        if named != {conversation.application.digest}:
            raise ProofError("PROOF_CANCELLATION_ELSEWHERE", message.where)
    own = asked[0] if asked else None
    said = [m for m in conversation.replies if m.header.source == HUB]
    for message in said:
        if message.body["ending"] == "CANCELLED" and own is None:
            raise ProofError("PROOF_CANCELLATION_ELSEWHERE", message.where)
    # What comes last counts: after a withdrawal nobody answered, the orders ran out.
    said.sort(key=lambda message: (message.body["reason"] == RAN_OUT, message.signed_at))
    stops = Stops(own, said[-1] if said else None, conversation.replies)
    return Stops(own, stops.hub, stops.replies, _closed(stops, open_rows))


def _closed(stops: Stops, open_rows: Sequence[Row]) -> dict[Row, Stop]:
    """A row is over on the word of whoever owes it, or once the hub has ended everything."""
    told = {
        (row["order"], row["part"], row["resource"], message.header.source)
        for message in stops.replies
        for row in message.body["rows"]
        if row["progress"] != "ANSWERED" and row["holder"] == message.header.source
    }
    closed = {
        row: Stop.STOPPED
        for row in open_rows
        if (row.order, row.part, row.resource, row.child) in told
    }
    if stops.ended:
        closed |= {row: Stop.EXPIRED for row in open_rows if row not in closed}
    return closed
