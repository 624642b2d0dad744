"""Whether everybody's books are whole: nothing refused or parked, the audit chain unbroken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from adapters.country.country import Country
from adapters.country.desk import Desk
from bus.ports.audit_walk import Walked
from bus.ports.store import Tally
from bus.ports.store_errors import StoreCorrupt

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Books:
    """What one participant's books say.

    Attributes:
        tally: How much lies where.
        walked: What a walk over its audit chain found whole; None where it does not verify.
        broken: Why it does not, by code; empty where it does.
        events: How often each event stands in the chain about the queries asked for.
    """

    participant: str
    tally: Tally
    walked: Walked | None
    broken: str
    events: Mapping[str, int]

    @property
    def whole(self) -> bool:
        """Whether the chain verifies and is signed, under certificates that trace to the root."""
        walked = self.walked
        signed = walked is not None and (walked.heads > 0 or walked.entries == 0)
        return signed and walked is not None and walked.traced

    @property
    def clear(self) -> bool:
        """Whether nothing lies refused, parked or unsent."""
        return not (self.tally.quarantined or self.tally.held or self.tally.unsent)


async def audited(country: Country, *queries: UUID) -> tuple[Books, ...]:
    """Sign every chain to its last entry, walk it, and return what the books say.

    Args:
        country: The country.
        queries: Whose events are counted.
    """
    return tuple([await _of(name, desk, queries) for name, desk in country.desks.items()])


async def _of(name: str, desk: Desk, queries: tuple[UUID, ...]) -> Books:
    await desk.heads.sign()
    broken, walked = "", None
    try:
        walked = await desk.service.verify_audit()
    except StoreCorrupt as error:
        broken = error.code
    events: Counter[str] = Counter()
    after = 0
    async with desk.store.transaction() as unit:
        tally = await unit.tally()
        while queries and (page := await unit.audit(after, _PAGE)):
            events.update(e.event.event for e in page if e.event.query in queries)
            after = page[-1].number
    return Books(name, tally, walked, broken, events)
