"""Evidence in the year: the hub calls an authorisation up, its requester produces it or is late."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from simulate_diary import OPERATOR, REVIEWER, Called, Diary
from simulate_plan import Plan

from bus.model.case import CaseRole
from bus.model.evidence import ItemState
from signer.identity import HUB

_KIND = "authorisation"

TAKES = (1, 2, 3, 9)
"""Days until it is produced; nine are more than five working days."""

JUDGED_AFTER = timedelta(days=2)


@dataclass(frozen=True)
class Evidence:
    """The calls for evidence of a year."""

    diary: Diary

    async def call_up(self, plan: Plan, query: UUID) -> None:
        """The hub's reviewer calls up the authorisation of the first person."""
        known = await self.diary.case(HUB, query, CaseRole.REVIEWER)
        if known is None or self.diary.paused(plan.node):
            self.diary.tomorrow(lambda: self.call_up(plan, query))
            return
        hub = self.diary.country[HUB].evidence
        call = await hub.request(query, (1,), (_KIND,), "SAMPLE", REVIEWER)
        await self.diary.country.settle(HUB)
        self.diary.called.append(Called(call.id, plan.node, self.diary.now))
        takes = timedelta(days=self.diary.dice.choice(TAKES))
        self.diary.after(takes, lambda: self.produce(plan, query, call.id))

    async def produce(self, plan: Plan, query: UUID, call: UUID) -> None:
        """The requester archives a scan and has it sent."""
        if self.diary.paused(plan.node):
            self.diary.tomorrow(lambda: self.produce(plan, query, call))
            return

        async def scan() -> AsyncIterator[bytes]:
            yield b"%PDF-1.7\n" + self.diary.dice.randbytes(2000)

        node = self.diary.country[plan.node].evidence
        await node.add(query, 1, _KIND, "scan.pdf", scan(), OPERATOR)
        await node.send(call, OPERATOR, again=False)
        self.diary.after(JUDGED_AFTER, lambda: self.judge(call))

    async def judge(self, call: UUID) -> None:
        """The hub's reviewer accepts it, once all of it has come."""
        hub = self.diary.country[HUB]
        async with hub.store.transaction() as unit:
            known = await unit.call(call)
        if known is None or any(item.state is not ItemState.RECEIVED for item in known.items):
            self.diary.tomorrow(lambda: self.judge(call))
            return
        await hub.evidence.judge(call, REVIEWER, None, ())
        await self.diary.country.settle(HUB)
