"""How a record of a batch comes to its end, inside the transaction of the step.

What each verdict leads to:

| verdict | then |
|---|---|
| ACCEPT, RELAY | deduplicated by (source, message id), then handled |
| HOLD, PendingError, UnavailableError | parked durably, retried by `Step.retry_held`, bounded |
| REFUSE | quarantine; not authenticated, so no reply |
| RefusedError | quarantine, and a signed Problem to the source: it was authenticated |
| any other error while it is handled | quarantine as `INTERNAL`, and a Problem: the rest goes on |
| trouble with the store or the signing key | nothing is written; the batch is read again |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from traceback import extract_tb
from typing import Protocol
from uuid import UUID

from prometheus_client import Counter

from bus.daemon.measures import observe
from bus.daemon.office import Office
from bus.daemon.opening import Arrived, Opened
from bus.daemon.signing import SigningBatch
from bus.daemon.work import Work
from bus.errors import DefectError, HeduiError, PendingError, RefusedError, UnavailableError
from bus.flow.outcome import Send
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.model.case import Case
from bus.model.messages import Problem
from bus.ports.store import HeldMessage, Unit
from bus.ports.store_errors import StoreCorrupt, StoreUnavailable
from bus.wire.message import Message, dedupe_id
from signer.envelope.kinds import Kind
from signer.envelope.verdict import Accept, Hold, Refuse, Relay
from signer.errors import KeyRingError

HOLD_FOR = timedelta(hours=24)

HELD_PER_TOPIC = 500
"""Records of one peer that may be parked, so that none of them crowds out the others."""

_OURS = (StoreUnavailable, StoreCorrupt, KeyRingError)
"""Trouble that is not the record's: the batch is rolled back and read again."""


class Router(Protocol):
    """Handles verified messages: a centre's router, or an agency's."""

    async def handle(self, work: Work, message: Message) -> None:
        """Handle one verified message, collecting its effects in `work`."""
        ...


class HandlingFailed(Exception):  # noqa: N818 - the step catches it
    """Handling the record at a place of the batch failed as no record should be able to make it.

    The step does the transaction again, with that record in quarantine.
    """

    def __init__(self, place: int, code: str) -> None:
        super().__init__(code)
        self.place = place
        self.code = code


@dataclass
class Endings:
    """Brings the records of one transaction to their ends.

    Attributes:
        unit: The open transaction.
        parked: How many records of each topic are parked, those of this transaction included.
    """

    office: Office
    router: Router
    metrics: Metrics
    log: Logger
    unit: Unit
    parked: dict[str, int]
    _counts: list[Counter] = field(default_factory=list)
    _changes: list[tuple[Case | None, Case]] = field(default_factory=list)
    """Cases before and after, for what is measured of them."""
    _took: list[timedelta] = field(default_factory=list)
    """How long the queries took that it delivers."""
    _batch: SigningBatch = field(init=False)

    def __post_init__(self) -> None:
        self._batch = SigningBatch(self.office, self.unit)

    async def settle(
        self, place: int, one: Arrived, how: Opened, failed: str | None, now: datetime
    ) -> bool:
        """Bring one record to its end; returns False where it stays, or is now, parked.

        Args:
            place: Its place in the batch.
            one: The record.
            how: How opening it ended.
            failed: How handling it failed in an earlier transaction, None where it did not.
            now: The present instant.

        Raises:
            HandlingFailed: Handling it failed as no record should be able to make it.
            HeduiError: Trouble with the store or the signing key.
        """
        if failed is None:
            gone = await self._end(place, one, how, now)
        else:
            gone = await self._internal(one, how, failed, now)
        if one.held is not None:
            gone = await self._release(one, one.held, gone, now)
        return gone

    async def post(self) -> None:
        """Sign what all the records of the transaction send, once, and put it in the outbox.

        Raises:
            KeyRingError: The signing key cannot be used.
        """
        await self._batch.post()

    def count(self) -> None:
        """Count what happened, once the transaction has been written."""
        for counter in self._counts:
            counter.inc()
        for span in self._took:
            self.metrics.query_seconds.observe(span.total_seconds())
        for before, after in self._changes:
            observe(self.metrics, self.office, before, after)

    async def _end(self, place: int, one: Arrived, how: Opened, now: datetime) -> bool:
        match how.verdict:
            case Refuse(code):
                detail = "" if how.error is None else self._report(how.error)
                self._counts.append(self.metrics.refused.labels(code=code))
                await self._quarantine(one, code, detail, now)
                return True
            case Hold(code):
                return await self._hold(one, code, None, now)
            case Accept() | Relay() as verdict:
                return await self._handle(place, one, verdict, how, now)

    async def _release(self, one: Arrived, parked: HeldMessage, gone: bool, now: datetime) -> bool:
        if not gone and now >= parked.until:
            self._counts.append(self.metrics.refused.labels(code="HELD_TOO_LONG"))
            await self._quarantine(one, "HELD_TOO_LONG", parked.code, now)
            gone = True
        if gone:
            await self.unit.release(parked.number)
        return gone

    async def _handle(
        self,
        place: int,
        one: Arrived,
        verdict: Accept | Relay,
        how: Opened,
        now: datetime,
    ) -> bool:
        header, digest = verdict.opened.header, verdict.opened.digest
        seen = await self.unit.seen(header.source, dedupe_id(verdict.opened))
        if seen is not None:
            if seen != digest:
                # The same id with another digest: somebody signed two messages as one.
                self._counts.append(self.metrics.refused.labels(code="EQUIVOCATION"))
                await self._quarantine(one, "EQUIVOCATION", header.source, now)
            else:
                self._counts.append(self.metrics.duplicates.labels(kind=header.kind))
            return True
        work = Work(self.office, self.unit, now, self._batch)
        try:
            message = _verified(how)
            await self.router.handle(work, message)
            work.keep(message)
            await work.finish()
        except _OURS:
            raise
        except (PendingError, UnavailableError) as error:
            return await self._hold(one, error.code, header.conversation, now)
        except RefusedError as error:
            self._counts.append(self.metrics.refused.labels(code=error.code))
            await self._quarantine(one, error.code, error.where, now)
            await self._problem(verdict, error, now)
            return True
        except Exception as error:  # noqa: BLE001 - no record may stop the ones behind it
            raise HandlingFailed(place, self._report(error)) from None
        self._counts.append(self.metrics.handled.labels(kind=header.kind))
        self._took += work.delivered()
        self._changes += work.changes()
        return True

    def _report(self, error: Exception) -> str:
        """Log an unexpected error, by code and place: its text may quote what is personal."""
        code = error.code if isinstance(error, HeduiError) else type(error).__name__
        frames = extract_tb(error.__traceback__)
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        self.log.error("record.failed", code=code, where=place)
        self.metrics.loop_errors.labels(loop="step", code=code).inc()
        return f"{code} {place}".strip()

    async def _internal(self, one: Arrived, how: Opened, detail: str, now: datetime) -> bool:
        self._counts.append(self.metrics.refused.labels(code="INTERNAL"))
        await self._quarantine(one, "INTERNAL", detail, now)
        if isinstance(how.verdict, Accept | Relay):
            error = RefusedError(
                "INTERNAL", "该消息处理失败，已隔离", "the message could not be handled"
            )
            await self._problem(how.verdict, error, now)
        return True

    async def _problem(self, verdict: Accept | Relay, error: HeduiError, now: datetime) -> None:
        header = verdict.opened.header
        if header.kind == Kind.PROBLEM or header.source == self.office.me:
            return
        work = Work(self.office, self.unit, now, self._batch)
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

    async def _hold(self, one: Arrived, code: str, query: UUID | None, now: datetime) -> bool:
        if one.held is not None or one.value is None:
            return False
        parked = self.parked.get(one.topic, 0)
        if parked >= HELD_PER_TOPIC:
            self._counts.append(self.metrics.refused.labels(code="HELD_FULL"))
            await self._quarantine(one, "HELD_FULL", code, now)
            return True
        self.parked[one.topic] = parked + 1
        self._counts.append(self.metrics.held_total.labels(code=code))
        until = now + HOLD_FOR
        await self.unit.hold(one.topic, one.key, one.value, one.headers, code, query, now, until)
        return False

    async def _quarantine(self, one: Arrived, code: str, detail: str, now: datetime) -> None:
        number = await self.unit.quarantine(
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
        work = Work(self.office, self.unit, now, self._batch)
        work.note(None, Event.MESSAGE_QUARANTINED, code=code, topic=one.topic, number=number)
        await work.finish()


def _verified(how: Opened) -> Message:
    if how.message is None:
        raise how.error or DefectError("MESSAGE_MISSING", "缺少消息", "no message was opened")
    return how.message
