"""One step: a batch of records, opened in a thread, handled in one database transaction.

Dedupe, cases, audit, outbox and the consumed offsets are written together or not at all, so a
crash at any line redelivers the batch, and redelivery meets the dedupe table (R075).

What each verdict leads to:

| verdict | then |
|---|---|
| ACCEPT, RELAY | deduplicated by (source, message id), then handled |
| HOLD, PendingError, UnavailableError | parked durably, retried by `retry_held`, bounded |
| REFUSE | quarantine; not authenticated, so no reply |
| RefusedError | quarantine, and a signed Problem to the source: it was authenticated |
| any other error while it is handled | quarantine as `INTERNAL`, and a Problem: the rest goes on |
| trouble with the store or the signing key | nothing is written; the batch is read again |
"""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from traceback import extract_tb
from typing import Protocol
from uuid import UUID

from prometheus_client import Counter

from bus.daemon.office import Office
from bus.daemon.opening import Arrived, Opened, open_all
from bus.daemon.positions import Batch
from bus.daemon.work import Work
from bus.errors import DefectError, HeduiError, PendingError, RefusedError, UnavailableError
from bus.flow.outcome import Send
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.model.messages import Problem
from bus.ports.broker import Record
from bus.ports.store import HeldMessage, Store, Unit
from bus.ports.store_errors import StoreCorrupt, StoreUnavailable
from bus.wire.message import Message
from signer.envelope.kinds import Kind
from signer.envelope.verdict import Accept, Hold, Refuse, Relay
from signer.errors import KeyRingError

HOLD_FOR = timedelta(hours=24)

HELD_LIMIT = 1000
"""Parked records tried at a time."""

HELD_PER_TOPIC = 500
"""Records of one peer that may be parked, so that none of them crowds out the others."""

_OURS = (StoreUnavailable, StoreCorrupt, KeyRingError)
"""Trouble that is not the record's: the batch is rolled back and read again."""


class Router(Protocol):
    """Handles verified messages: a centre's router, or an agency's."""

    async def handle(self, work: Work, message: Message) -> None:
        """Handle one verified message, collecting its effects in `work`."""
        ...


class _HandlingFailed(Exception):  # noqa: N818 - an ending of one record, caught in this file
    """Handling the record at a place of the batch failed as no record should be able to make it."""

    def __init__(self, place: int, code: str) -> None:
        super().__init__(code)
        self.place = place
        self.code = code


@dataclass
class Step:
    """Takes batches of records through verification, flow and store."""

    office: Office
    store: Store
    router: Router
    metrics: Metrics
    log: Logger
    _retrying: asyncio.Lock = field(default_factory=asyncio.Lock)
    _parked: dict[str, int] = field(default_factory=dict)
    _counts: list[Counter] = field(default_factory=list)
    """What to count once the open transaction has been written."""
    _took: list[timedelta] = field(default_factory=list)
    """How long the queries took that it delivers."""

    async def run(self, records: Sequence[Record], batch: Batch | None = None) -> None:
        """Handle a batch and store how far it was consumed, in one transaction.

        Then parked records of the queries that moved are tried again.

        Args:
            records: As they were read; one replayed from quarantine has no place in a topic.
            batch: Tells which of them another instance has settled; None for a replay.

        Raises:
            HeduiError: Trouble with the store or the signing key; nothing was changed.
        """
        arrived = [Arrived.read(record) for record in records]
        opened = await self._open(arrived)

        next_offsets: dict[tuple[str, int], int] = {}

        async def settled(unit: Unit) -> Collection[int]:
            done = frozenset() if batch is None else await batch.settled(unit, records)
            next_offsets.clear()
            for place, record in enumerate(records):
                if record.offset >= 0 and place not in done:
                    next_offsets[record.topic, record.partition] = record.offset + 1
            for (topic, partition), offset in next_offsets.items():
                await unit.store_offset(topic, partition, offset)
            return done

        waiting: set[UUID | None] = set()

        async def parked(unit: Unit) -> None:
            waiting.update(one.query for one in await self._held(unit))

        with self.metrics.step_seconds.time():
            moved = await self._settle_all(arrived, opened, settled, parked)
        if batch is not None:
            batch.consumed(next_offsets)
        for record in records:
            if record.offset >= 0:
                self.metrics.read.labels(topic=record.topic).inc()
        queries = {
            one.verdict.opened.header.conversation
            for one, gone in zip(opened, moved, strict=True)
            if gone and isinstance(one.verdict, Accept | Relay)
        }
        while queries & waiting and await self.retry_held(queries):
            pass

    async def retry_held(self, queries: Collection[UUID] | None = None) -> int:
        """Try parked records again; returns how many went on (or out).

        Called when something arrived that they may have waited for. One whose time is up is tried
        a last time and goes to quarantine.

        Args:
            queries: Only records known to belong to these; None for all.
        """
        async with self._retrying:
            async with self.store.transaction() as unit:
                held = await self._held(unit)
            arrived = [Arrived.parked(h) for h in held if queries is None or h.query in queries]
            if not arrived:
                return 0
            opened = await self._open(arrived)

            async def settled(unit: Unit) -> Collection[int]:
                # No later record of the batch takes an earlier one out of the store.
                return [
                    place
                    for place, one in enumerate(arrived)
                    if one.held is not None and not await unit.is_held(one.held.number)
                ]

            with self.metrics.step_seconds.time():
                return sum(await self._settle_all(arrived, opened, settled))

    async def _held(self, unit: Unit) -> Sequence[HeldMessage]:
        """Return the parked records, and remember how many there are of each peer."""
        held = await unit.held(HELD_LIMIT)
        self._parked = dict(Tally(parked.topic for parked in held))
        return held

    async def _open(self, arrived: Sequence[Arrived]) -> list[Opened]:
        with self.metrics.open_seconds.time():
            return await open_all(self.office, arrived)

    async def _settle_all(
        self,
        arrived: Sequence[Arrived],
        opened: Sequence[Opened],
        first: Callable[[Unit], Awaitable[Collection[int]]],
        last: Callable[[Unit], Awaitable[None]] | None = None,
    ) -> list[bool]:
        """Bring records to their ends in one transaction; False for each that stays parked.

        `first` says the places of records that another instance has settled: they are passed over.
        `last` looks at what the transaction leaves behind.

        A record whose handling fails takes the transaction with it; it is done again with that
        record in quarantine, so that one record never stands in the way of the others.
        """
        failed: dict[int, str] = {}
        gone: list[bool]
        counts: list[Counter]
        while True:
            try:
                async with self.store.transaction() as unit:
                    gone, counts = [], []
                    self._counts, self._took = counts, []
                    settled = await first(unit)
                    for place, (one, how) in enumerate(zip(arrived, opened, strict=True)):
                        if place in settled:
                            gone.append(False)
                            continue
                        now = self.office.clock.now()
                        if place in failed:
                            gone.append(await self._internal(unit, one, how, failed[place], now))
                        else:
                            gone.append(await self._settle(unit, place, one, how, now))
                        if one.held is not None:
                            gone[-1] = await self._release(unit, one, one.held, gone[-1], now)
                    if last is not None:
                        await last(unit)
            except _HandlingFailed as failure:
                failed[failure.place] = failure.code
            else:
                for counter in counts:
                    counter.inc()
                for span in self._took:
                    self.metrics.query_seconds.observe(span.total_seconds())
                return gone

    async def _settle(
        self, unit: Unit, place: int, one: Arrived, how: Opened, now: datetime
    ) -> bool:
        """Bring one record to its end; returns False where it stays, or is now, parked."""
        match how.verdict:
            case Refuse(code):
                detail = "" if how.error is None else self._report(how.error)
                self._counts.append(self.metrics.refused.labels(code=code))
                await self._quarantine(unit, one, code, detail, now)
                return True
            case Hold(code):
                return await self._hold(unit, one, code, None, now)
            case Accept() | Relay() as verdict:
                return await self._handle(unit, place, one, verdict, how, now)

    async def _release(
        self, unit: Unit, one: Arrived, parked: HeldMessage, gone: bool, now: datetime
    ) -> bool:
        if not gone and now >= parked.until:
            self._counts.append(self.metrics.refused.labels(code="HELD_TOO_LONG"))
            await self._quarantine(unit, one, "HELD_TOO_LONG", parked.code, now)
            gone = True
        if gone:
            await unit.release(parked.number)
        return gone

    async def _handle(
        self,
        unit: Unit,
        place: int,
        one: Arrived,
        verdict: Accept | Relay,
        how: Opened,
        now: datetime,
    ) -> bool:
        header, digest = verdict.opened.header, verdict.opened.digest
        seen = await unit.seen(header.source, header.message_id)
        if seen is not None:
            if seen != digest:
                # The same id with another digest: somebody signed two messages as one.
                self._counts.append(self.metrics.refused.labels(code="EQUIVOCATION"))
                await self._quarantine(unit, one, "EQUIVOCATION", header.source, now)
            else:
                self._counts.append(self.metrics.duplicates.labels(kind=header.kind))
            return True
        work = Work(self.office, unit, now)
        try:
            message = _verified(how)
            await self.router.handle(work, message)
            work.keep(message)
            await work.finish()
        except _OURS:
            raise
        except (PendingError, UnavailableError) as error:
            return await self._hold(unit, one, error.code, header.conversation, now)
        except RefusedError as error:
            self._counts.append(self.metrics.refused.labels(code=error.code))
            await self._quarantine(unit, one, error.code, error.where, now)
            await self._problem(unit, verdict, error, now)
            return True
        except Exception as error:  # noqa: BLE001 - no record may stop the ones behind it
            raise _HandlingFailed(place, self._report(error)) from None
        self._counts.append(self.metrics.handled.labels(kind=header.kind))
        self._took += work.delivered()
        return True

    def _report(self, error: Exception) -> str:
        """Log an unexpected error, by code and place: its text may quote what is personal."""
        code = error.code if isinstance(error, HeduiError) else type(error).__name__
        frames = extract_tb(error.__traceback__)
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        self.log.error("record.failed", code=code, where=place)
        self.metrics.loop_errors.labels(loop="step", code=code).inc()
        return f"{code} {place}".strip()

    async def _internal(
        self, unit: Unit, one: Arrived, how: Opened, detail: str, now: datetime
    ) -> bool:
        self._counts.append(self.metrics.refused.labels(code="INTERNAL"))
        await self._quarantine(unit, one, "INTERNAL", detail, now)
        if isinstance(how.verdict, Accept | Relay):
            error = RefusedError(
                "INTERNAL", "该消息处理失败，已隔离", "the message could not be handled"
            )
            await self._problem(unit, how.verdict, error, now)
        return True

    async def _problem(
        self, unit: Unit, verdict: Accept | Relay, error: HeduiError, now: datetime
    ) -> None:
        header = verdict.opened.header
        if header.kind == Kind.PROBLEM or header.source == self.office.me:
            return
        work = Work(self.office, unit, now)
        body = Problem(verdict.opened.digest, error.code, error.zh, error.en)
        send = Send(
            Kind.PROBLEM,
            header.source,
            body,
            (header.source,),
            in_reply_to=verdict.opened.digest,
        )
        try:
            await work.send(header.conversation, send)
        except UnavailableError:
            return  # no way back to it; the quarantine keeps the record and the code
        work.note(header.conversation, Event.PROBLEM_SENT, code=error.code)
        await work.finish()

    async def _hold(
        self, unit: Unit, one: Arrived, code: str, query: UUID | None, now: datetime
    ) -> bool:
        if one.held is not None or one.value is None:
            return False
        parked = self._parked.get(one.topic, 0)
        if parked >= HELD_PER_TOPIC:
            self._counts.append(self.metrics.refused.labels(code="HELD_FULL"))
            await self._quarantine(unit, one, "HELD_FULL", code, now)
            return True
        self._parked[one.topic] = parked + 1
        self._counts.append(self.metrics.held_total.labels(code=code))
        until = now + HOLD_FOR
        await unit.hold(one.topic, one.key, one.value, one.headers, code, query, now, until)
        return False

    async def _quarantine(
        self, unit: Unit, one: Arrived, code: str, detail: str, now: datetime
    ) -> None:
        number = await unit.quarantine(
            one.topic,
            -1 if one.partition is None else one.partition,
            -1 if one.offset is None else one.offset,
            one.key,
            one.value,
            one.headers,
            code,
            detail,
            now,
        )
        self._counts.append(self.metrics.quarantined)
        self.log.warning("record.quarantined", code=code, topic=one.topic)
        work = Work(self.office, unit, now)
        work.note(None, Event.MESSAGE_QUARANTINED, code=code, topic=one.topic, number=number)
        await work.finish()


def _verified(how: Opened) -> Message:
    if how.message is None:
        raise how.error or DefectError("MESSAGE_MISSING", "缺少消息", "no message was opened")
    return how.message
