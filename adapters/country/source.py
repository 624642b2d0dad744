"""The source of an agency of the country: rows by resource and ID number, held in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from adapters.contract import Lookup, LookupResult, SubjectOutcome, complete
from adapters.records import to_records
from bus.model.messages import OutcomeKind
from schemas.resources import resources

SourceRow = Mapping[str, object]
"""One row of a source: raw values by item."""


class TableConnector:
    """Answers from rows by ID number, as an agency's table would.

    Attributes:
        rows: The rows, by resource and ID number.
        asked: What was looked up, in order.
        fault: Raised at every lookup while it is set: the source is down.
    """

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[SourceRow]] = {}
        self.asked: list[Lookup] = []
        self.fault: Exception | None = None

    async def check(self) -> None:
        """Say nothing: the rows are of the product's own making."""

    async def lookup(self, lookup: Lookup, now: datetime) -> LookupResult:
        """Return what the rows hold of each person.

        Raises:
            Exception: `fault`, while it is set.
        """
        self.asked.append(lookup)
        if self.fault is not None:
            raise self.fault
        found = []
        for person in lookup.persons:
            rows = self.rows.get((lookup.resource, person.id_number), [])
            records = to_records(resources()[lookup.resource], lookup.items, rows)
            kind = OutcomeKind.FOUND if records else OutcomeKind.NOT_FOUND
            found.append(SubjectOutcome(person.reference, kind, None, records))
        return LookupResult(now, complete(lookup, found))

    async def close(self) -> None:
        """Let go of nothing: there is no connection."""
