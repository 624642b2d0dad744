"""Records as they arrive are opened in a thread: signatures, decryption, Avro, all off the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bus.daemon.office import Office
from bus.ports.broker import Record
from bus.ports.store import HeldMessage
from bus.wire.message import Message, message_from
from signer.directory.view import Directory
from signer.envelope.chain import Arrival
from signer.envelope.verdict import Accept, Refuse, Relay, Verdict


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record on its way through a step; partition and offset are None for a retried one."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    partition: int | None
    offset: int | None
    held: HeldMessage | None = None

    @classmethod
    def read(cls, record: Record) -> Arrived:
        """Return a record just read, or replayed, as one that arrived."""
        return cls(
            record.topic,
            record.key,
            record.value,
            record.headers,
            record.partition,
            record.offset,
        )

    @classmethod
    def parked(cls, held: HeldMessage) -> Arrived:
        """Return a parked record as one that arrives again."""
        return cls(held.topic, held.key, held.value, held.headers, None, None, held)


@dataclass(frozen=True, slots=True)
class Opened:
    """How opening a record ended: `message` where it was verified, else `error` or neither."""

    verdict: Verdict
    message: Message | None = None
    error: Exception | None = None


async def open_all(office: Office, arrived: Sequence[Arrived]) -> list[Opened]:
    """Open records, each under the directory in force now.

    Raises:
        UnavailableError: `DIRECTORY_NOT_READ`.
    """
    peers, directory, now = office.peers(), office.directory, office.clock.now()

    def work() -> list[Opened]:
        return [_open(office, peers, directory, one, now) for one in arrived]

    return await asyncio.to_thread(work)


def _open(
    office: Office, peers: Mapping[str, str], directory: Directory, one: Arrived, now: datetime
) -> Opened:
    peer = peers.get(one.topic)
    if peer is None or one.value is None:
        return Opened(Refuse("WRONG_PEER" if peer is None else "MALFORMED"))
    arrival = Arrival(office.me, peer, one.key, one.headers)
    verdict: Verdict = Refuse("INTERNAL")
    try:
        verdict = office.opener.open(one.value, directory, now, arrival)
        if not isinstance(verdict, Accept | Relay):
            return Opened(verdict)
        return Opened(verdict, message_from(verdict, now))
    except Exception as error:  # noqa: BLE001 - no bytes may stop the records behind them
        return Opened(verdict, error=error)
