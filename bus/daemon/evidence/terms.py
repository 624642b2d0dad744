"""Watches the terms of calls: warns, notes what is overdue, and does what follows (R024).

★ What follows, by configuration: applications of who owes overdue evidence wait for an operator
(calling.py); at a number of overdue calls the hub suspends it, else an operator is told. It acts
once upon each overdue call: whom an operator has resumed stays resumed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from bus.daemon.evidence.keeping import keep
from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.errors import HeduiError, InputError, UnavailableError
from bus.flow import evidence as flow
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.model.evidence import EvidenceCall
from bus.ports.store import Store

LOOK_EVERY = timedelta(minutes=1)
LEASE = "evidence-terms"
LEASE_FOR = timedelta(minutes=3)

Suspend = Callable[[str, str], Awaitable[object]]
"""Suspends a participant, with a reason."""


@dataclass
class Terms:
    """Watches the calls of a hub.

    Attributes:
        holder: This instance, as holder of the lease.
        wake: Called after what may have filled the outbox.
        suspend: Suspends a participant.
    """

    office: Office
    store: Store
    metrics: Metrics
    log: Logger
    holder: str
    wake: Callable[[], None]
    suspend: Suspend

    async def look(self) -> None:
        """Do what has come due.

        Raises:
            HeduiError: Trouble with the store or the signing key.
        """
        if not self.office.ready:
            return
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            if not await unit.lease(LEASE, self.holder, now, now + LEASE_FOR):
                return
            calls = await unit.calls(open_only=True)
        for call in calls:
            await self._remind(call)
        async with self.store.transaction() as unit:
            calls = await unit.calls(open_only=True)
        overdue = [call for call in calls if call.overdue and call.owed]
        await self._consequences(overdue)

    async def hand_over(self) -> None:
        """Let another instance go on."""
        async with self.store.transaction() as unit:
            await unit.end_lease(LEASE, self.holder)

    async def _remind(self, seen: EvidenceCall) -> None:
        office, now = self.office, self.office.clock.now()
        if flow.remind(seen, office.calendar, office.evidence, now) == (seen, None):
            return
        try:
            async with self.store.transaction() as unit:
                # It may have moved meanwhile.
                call = await unit.call(seen.id) or seen
                before = call
                call, send = flow.remind(call, office.calendar, office.evidence, now)
                work = Work(office, unit, now)
                if send is not None:
                    await work.send(call.query, send)
                    event = Event.EVIDENCE_OVERDUE if call.overdue else Event.EVIDENCE_WARNED
                    work.note(call.query, event, participant=call.requester, call=str(call.id))
                keep(work, before, call)
                await work.finish()
        except UnavailableError as error:
            # It has left, or has no key; what it owes stays on the list.
            self._tell("evidence.notice", error, seen.requester)
            return
        if call.overdue == now:
            self.log.warning("evidence.overdue", where=call.requester, query=str(call.query))
        self.wake()

    async def _consequences(self, overdue: list[EvidenceCall]) -> None:
        """Suspend who has too many overdue calls, if one of them was not acted upon before."""
        limit = self.office.evidence.suspend_after
        for requester in sorted({call.requester for call in overdue if call.acted is None}):
            own = [call for call in overdue if call.requester == requester]
            if not limit or len(own) < limit:
                continue
            try:
                await self.suspend(requester, f"逾期未提交证明材料 {len(own)} 起（R024）")
            except InputError as error:
                # Listed in a file, suspended already: an operator looks after it.
                self._tell("evidence.not_suspended", error, requester)
            now = self.office.clock.now()
            async with self.store.transaction() as unit:
                for call in own:
                    present = await unit.call(call.id) or call
                    await unit.save_call(replace(present, acted=now))

    def _tell(self, event: str, error: HeduiError, requester: str) -> None:
        self.metrics.loop_errors.labels(loop="evidence-terms", code=error.code).inc()
        self.log.warning(event, code=error.code, where=requester)
