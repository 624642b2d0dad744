"""Has heads of the audit chain stamped by an authority (RFC 3161), where one is configured.

Beside everything else: no step waits for the authority, and while it does not answer everything
goes on. A timestamp over a head covers all that came before it, so what was missed is covered by
the next.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from bus.daemon.audit_heads import head_in
from bus.daemon.office import Office
from bus.errors import HeduiError, UnavailableError
from bus.model.audit import Event
from bus.ports.instants import to_milliseconds
from bus.ports.store import AuditEvent, Store
from signer.audit.heads import stamped_bytes
from signer.timestamps import MAX_RESPONSE, request_bytes, verify_timestamp

LOOK_EVERY = timedelta(minutes=1)
LEASE = "timestamps"
LEASE_FOR = timedelta(minutes=3)
"""Until another instance goes on for one that is gone; more than two rounds."""

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=10)
ANSWER_SECONDS = 15.0

_QUERY = {"content-type": "application/timestamp-query", "accept": "application/timestamp-reply"}


@dataclass
class Timestamping:
    """Asks the authority for a timestamp over the newest head.

    Attributes:
        url: Where the authority is asked.
        certificates: DER of its root and of authorities between.
        holder: This instance, as holder of the lease: one at a time asks.
        transport: How HTTP goes out; the network's unless given.
    """

    office: Office
    store: Store
    url: str
    certificates: Sequence[bytes]
    holder: str
    transport: httpx.AsyncBaseTransport | None = None
    _pause: timedelta = FIRST_PAUSE
    _not_before: datetime | None = None

    async def stamp(self) -> bool:
        """Have the newest head stamped if it is not yet; returns whether it was stamped now.

        After a failure nothing is asked for a while, longer each time, up to ten minutes.

        Raises:
            UnavailableError: `TSA_UNREACHABLE`, `TSA_ANSWER`.
            TimestampError: What it answered does not verify.
        """
        now = self.office.clock.now()
        if self._not_before is not None and now < self._not_before:
            return False
        async with self.store.transaction() as unit:
            if not await unit.lease(LEASE, self.holder, now, now + LEASE_FOR):
                return False
            entry = await unit.last_audit(Event.AUDIT_HEAD)
            last = await unit.last_audit(Event.AUDIT_TIMESTAMPED)
        if entry is None or (last is not None and last.event.detail["head"] == entry.number):
            return False
        data = stamped_bytes(head_in(entry))
        try:
            response = await self._ask(data)
            stamp = await asyncio.to_thread(verify_timestamp, response, data, self.certificates)
        except HeduiError:
            self._not_before, self._pause = now + self._pause, self._longer()
            raise
        self._not_before, self._pause = None, FIRST_PAUSE
        detail: dict[str, str | int | None] = {
            "head": entry.number,
            "time": to_milliseconds(stamp.time),
            "response": b64encode(response).decode(),
            "certificates": " ".join(b64encode(one).decode() for one in self.certificates),
        }
        at = self.office.clock.now()
        async with self.store.transaction() as unit:
            event = AuditEvent(at, Event.AUDIT_TIMESTAMPED, self.office.me, None, detail)
            await unit.append_audit(event)
        return True

    async def hand_over(self) -> None:
        """Give the lease up, so that nobody waits for an instance that has stopped.

        Raises:
            HeduiError: The store cannot be reached.
        """
        async with self.store.transaction() as unit:
            await unit.end_lease(LEASE, self.holder)

    def _longer(self) -> timedelta:
        return min(2 * self._pause, LONGEST_PAUSE)

    async def _ask(self, data: bytes) -> bytes:
        try:
            # As a whole: a server that sends a byte now and then is bounded by it too.
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                httpx.AsyncClient(timeout=ANSWER_SECONDS, transport=self.transport) as client,
                client.stream(
                    "POST", self.url, content=request_bytes(data), headers=_QUERY
                ) as answer,
            ):
                if answer.status_code != httpx.codes.OK:
                    raise _answer(f"HTTP {answer.status_code}")
                return await _bounded(answer)
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            raise UnavailableError(
                "TSA_UNREACHABLE",
                "时间戳机构没有应答",
                "the timestamping authority does not answer",
                remedy_zh="请检查 [timestamps] url 与网络；交换不受影响，将自动重试",
                remedy_en="Check [timestamps] url and the network; exchange goes on, and it is"
                " tried again by itself",
                where=type(error).__name__,
            ) from None


async def _bounded(answer: httpx.Response) -> bytes:
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > MAX_RESPONSE:
            raise _answer(f"> {MAX_RESPONSE} bytes")
    return bytes(content)


def _answer(where: str) -> UnavailableError:
    return UnavailableError(
        "TSA_ANSWER",
        "时间戳机构的应答无法使用",
        "the timestamping authority's answer cannot be used",
        remedy_zh="请与时间戳机构核实；将自动重试",
        remedy_en="Ask the authority; it is tried again by itself",
        where=where,
    )
