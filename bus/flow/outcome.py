"""What a stage of the path asks the shell to do: make a new message, pass one on."""

from __future__ import annotations

from dataclasses import dataclass

from bus.wire.bodies import Body
from signer.envelope.format import Order


@dataclass(frozen=True, slots=True)
class Send:
    """A new message to seal.

    `readers` are participant ids, sealed to their newest key; `reader_keys` are key ids that a
    request named (the readers of an Answer).
    """

    kind: str
    destination: str
    body: Body
    readers: tuple[str, ...] = ()
    reader_keys: tuple[bytes, ...] = ()
    subject_count: int = 0
    in_reply_to: bytes | None = None
    order: bytes | None = None
    resource: str | None = None
    part: int | None = None
    fragment: int = 0
    last: bool = True


@dataclass(frozen=True, slots=True)
class Forward:
    """A message to pass on to a neighbour, under an order where it is a Roster going down."""

    to: str
    order: Order | None = None
    add_reader: bool = False
