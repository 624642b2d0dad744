"""What a case stands on: an opened connector, one resource of it, the people whom it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from adapters.contract import Connector, Lookup, LookupResult, Subject, SubjectOutcome
from adapters.judge import Row, time_column
from adapters.kit.people import Known, strangers
from adapters.kit.report import Result, not_shown
from adapters.mapping.resource import ResourceMapping
from bus.model.messages import OutcomeKind
from schemas.resources import Resource


@dataclass(frozen=True)
class Ground:
    """What a case stands on.

    Attributes:
        connector: The connector, open.
        resource: The resource asked about.
        entry: How the source maps to it; None for a connector whose mapping is of its own making.
        people: Whom the source has.
        rows: Some of its rows; None where it cannot show any.
        now: The present instant, UTC.
        patience: Seconds that a source which does not answer is waited for.
    """

    connector: Connector
    resource: Resource
    entry: ResourceMapping | None
    people: tuple[Known, ...]
    rows: Sequence[Row] | None
    now: datetime
    patience: float

    @property
    def items(self) -> tuple[str, ...]:
        """The names of all items of the resource."""
        return tuple(item.name for item in self.resource.items)

    @property
    def dated(self) -> bool:
        """Whether a time range applies (R053)."""
        if self.entry is None:
            return self.resource.time_item is not None
        return time_column(self.entry, self.resource) is not None

    @property
    def id_type(self) -> str | None:
        """The ID type by which the source registers, where it is one."""
        if self.entry is not None:
            return self.entry.only_id_type
        return self.people[0].id_type if self.people else None

    def strangers(self, count: int) -> list[Subject]:
        """Return people whom nobody has."""
        return list(strangers(count, self.id_type, self.people))

    async def result(
        self,
        persons: Iterable[Subject],
        *,
        items: Sequence[str] = (),
        days: tuple[date, date] | None = None,
    ) -> LookupResult:
        """Ask the connector; all items unless some are named, the latest data unless days are."""
        start, end = days or (None, None)
        asked = tuple(items) or self.items
        lookup = Lookup(self.resource.name, asked, start, end, tuple(persons))
        return await self.connector.lookup(lookup, self.now)

    async def outcomes(
        self,
        persons: Sequence[Subject],
        *,
        items: Sequence[str] = (),
        days: tuple[date, date] | None = None,
    ) -> list[SubjectOutcome]:
        """Ask, and return what became of each person, in their order."""
        result = await self.result(persons, items=items, days=days)
        found = {one.reference: one for one in result.outcomes}
        return [found.get(person.reference, _silent(person)) for person in persons]

    async def answered(self) -> list[tuple[Known, SubjectOutcome]]:
        """Return the known people who are found under their own name, with what was found."""
        persons = [one.subject(number) for number, one in enumerate(self.people, 1)]
        if not persons:
            return []
        pairs = zip(self.people, await self.outcomes(persons), strict=True)
        return [(known, one) for known, one in pairs if one.kind is OutcomeKind.FOUND]


@dataclass(frozen=True, slots=True)
class Case:
    """One numbered case. `whole`: it is about the connector, and runs once, not by resource."""

    number: str
    zh: str
    en: str
    run: Callable[[Ground], Awaitable[Result]]
    whole: bool = False


NOBODY_KNOWN = not_shown(
    "没有可查得的人员：请在 [adapter] check_people 指定已知人员",
    "nobody who can be found is known: name some people in [adapter] check_people",
)


def codes(outcomes: Iterable[SubjectOutcome]) -> str:
    """Write which codes stand how often: `NAME_MISMATCH×2, VALUE_INVALID×1`."""
    counted = Counter(one.code or one.kind.value for one in outcomes)
    return ", ".join(f"{code}×{count}" for code, count in sorted(counted.items()))


def of_kind(outcomes: Iterable[SubjectOutcome], kind: OutcomeKind) -> list[SubjectOutcome]:
    """Return the outcomes of a kind."""
    return [one for one in outcomes if one.kind is kind]


def _silent(person: Subject) -> SubjectOutcome:
    return SubjectOutcome(person.reference, OutcomeKind.NOT_ANSWERABLE, "OUTCOME_MISSING")
