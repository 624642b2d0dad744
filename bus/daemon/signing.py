"""What one transaction sends: made message by message, signed at its end by one signature.

An EC signature costs more than all else that sealing a small message does, so the messages of a
transaction share one (docs/spec/envelope.md §6). What holds signed bytes, outbox rows and our own
messages at rest, is written after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from bus.daemon.office import Office
from bus.ports.store import StoredMessage, Unit
from signer.envelope.signing import Sealed, Unsigned


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way to a topic that still lacks our signature.

    Attributes:
        message: All but the signature.
        topic: Where it goes.
        at: When it was made.
        kept: Whether we keep it at rest: our own yes, one that we pass on is kept as received.
    """

    message: Unsigned
    topic: str
    at: datetime
    kept: bool


@dataclass
class SigningBatch:
    """Collects what a transaction sends, to sign it together.

    Only what a handler did to its end may be added: nothing is taken out again.

    Attributes:
        office: The participant at work.
        unit: The open transaction.
    """

    office: Office
    unit: Unit
    _outgoing: list[Outgoing] = field(default_factory=list)

    def add(self, outgoing: Iterable[Outgoing]) -> None:
        """Take messages in, to be sent in the order in which they came."""
        self._outgoing += outgoing

    async def post(self) -> None:
        """Sign everything, put it in the outbox, and keep at rest what is our own.

        Raises:
            KeyRingError: The signing key cannot be used; the transaction must not be written.
        """
        outgoing, self._outgoing = self._outgoing, []
        if not outgoing:
            return
        messages = [one.message for one in outgoing]
        async with self.office.sealing:
            sealed = await asyncio.to_thread(self.office.sealer.sign, messages)
        for one, signed in zip(outgoing, sealed, strict=True):
            if one.kept:
                await self.unit.put_message(self._at_rest(signed, one.at))
            key = signed.header.conversation.bytes
            await self.unit.enqueue(one.topic, key, signed.data, signed.headers, one.at)

    def _at_rest(self, signed: Sealed, at: datetime) -> StoredMessage:
        header, secret = signed.header, signed.secret
        return StoredMessage(
            digest=signed.digest,
            query=header.conversation,
            kind=header.kind,
            source=header.source,
            message_id=header.message_id,
            part=header.roster_part,
            envelope=signed.data,
            secret=None if secret is None else self.office.store_key.wrap(secret, signed.digest),
            sent=True,
            at=at,
        )
