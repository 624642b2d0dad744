"""Sends what manifests list, a few chunks a transaction; what was sent stays sent (R024, R075).

How far a transfer has come is written with the chunks that went out, so that whoever goes on after
a crash goes on there. While the outbox is full nothing is added: the memory of the daemon holds a
few chunks, never a document, and other messages do not wait behind one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from bus.daemon.evidence.archive import open_chunk
from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.errors import DefectError
from bus.flow.outcome import Send
from bus.model.evidence import Evidence, EvidenceChunk, Transfer, TransferState
from bus.ports.store import Store
from signer.envelope.kinds import Kind
from signer.identity import HUB

SEND_EVERY = timedelta(milliseconds=500)
LEASE = "evidence-send"
LEASE_FOR = timedelta(minutes=1)

CHUNKS_AT_ONCE = 4
"""Chunks sealed in one transaction."""

BACKLOG = 16
"""Unsent outbox rows above which chunks wait."""


@dataclass
class Sending:
    """Sends the chunks of a requester's transfers.

    Attributes:
        holder: This instance, as holder of the lease.
        wake: Called after what may have filled the outbox.
    """

    office: Office
    store: Store
    holder: str
    wake: Callable[[], None]

    async def send(self) -> int:
        """Send until nothing is left or the outbox is full; returns how many chunks went out.

        Raises:
            HeduiError: Trouble with the store, the keys or the way to the hub; tried again.
        """
        total = 0
        if not self.office.ready or self.office.paused:
            return total
        while count := await self.batch():
            total += count
            self.wake()
        return total

    async def hand_over(self) -> None:
        """Let another instance go on."""
        async with self.store.transaction() as unit:
            await unit.end_lease(LEASE, self.holder)

    async def batch(self) -> int:
        """Send the next few chunks in one transaction; returns how many."""
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            transfer = await unit.next_transfer()
            if transfer is None:
                return 0
            if not await unit.lease(LEASE, self.holder, now, now + LEASE_FOR):
                return 0
            if (await unit.tally()).unsent >= BACKLOG:
                return 0
            work = Work(self.office, unit, now)
            left = _places(transfer)[transfer.moved :][:CHUNKS_AT_ONCE]
            for document, number in left:
                await self._send(work, transfer, document, number)
            moved = transfer.moved + len(left)
            done = moved == sum(one.chunks for one in transfer.documents)
            state = TransferState.DONE if done else TransferState.OPEN
            await work.finish()
            await unit.save_transfer(replace(transfer, moved=moved, state=state))
        return len(left)

    async def _send(self, work: Work, transfer: Transfer, document: int, number: int) -> None:
        file = transfer.documents[document - 1].file
        sealed = await work.unit.chunk(file, number)
        if sealed is None:
            raise DefectError(
                "EVIDENCE_CHUNK_LOST",
                "存档文件缺少分块",
                "a chunk of an archived file is gone",
                where=f"document {document} chunk {number}",
            )
        data = await asyncio.to_thread(open_chunk, self.office.store_key, file, number, sealed)
        chunk = EvidenceChunk(transfer.manifest, document, number, data)
        body = Evidence(transfer.call.bytes, (), chunk)
        # The archive keeps it already.
        await work.send(transfer.query, Send(Kind.EVIDENCE, HUB, body, (HUB,)), keep=False)


def _places(transfer: Transfer) -> list[tuple[int, int]]:
    """Return document and chunk, each from 1, in the order of sending."""
    return [
        (number, chunk)
        for number, one in enumerate(transfer.documents, 1)
        for chunk in range(1, one.chunks + 1)
    ]
