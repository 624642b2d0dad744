"""A received message as the flow sees it: verified, opened where it is ours to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from bus.wire.bodies import Body, from_avro
from signer.envelope.format import Header, Order
from signer.envelope.kinds import KINDS
from signer.envelope.verdict import Accept, Opened, Relay


@dataclass(frozen=True, slots=True)
class Message:
    """One verified message.

    `body` and `secret` are None for a message that is only relayed. `received` is when it reached
    us. `digest` names the message, `chain` names it as we got it, orders included.
    """

    opened: Opened
    body: Body | None
    secret: bytes | None
    received: datetime

    @property
    def header(self) -> Header:
        """The signed header."""
        return self.opened.header

    @property
    def digest(self) -> bytes:
        """The message digest."""
        return self.opened.digest

    @property
    def chain(self) -> bytes:
        """The chain digest as received."""
        return self.opened.chain

    @property
    def order(self) -> Order | None:
        """The order addressed to us: the last statement's."""
        return self.opened.statements[-1].order


def message_from(verdict: Accept | Relay, received: datetime) -> Message:
    """Return the message of a verdict.

    Raises:
        RefusedError: `BODY_INVALID`.
    """
    if isinstance(verdict, Relay):
        return Message(verdict.opened, None, None, received)
    body = from_avro(verdict.opened.header.kind, verdict.payload)
    return Message(verdict.opened, body, verdict.secret, received)


def dedupe_id(opened: Opened) -> UUID:
    """Return what a verified message is told from a duplicate of it by, beside its source.

    It is the message id, but for a Roster on its way up past a centre: the same message comes
    there again, under an order, where that centre or somebody below it is to answer.
    """
    header, last = opened.header, opened.statements[-1]
    comes_again = KINDS[header.kind].ordered_downwards and last.order is None
    if comes_again and header.destination != last.to:
        return uuid5(header.message_id, "up")
    return header.message_id
