"""复核结果的差异: what a re-check says otherwise than the result it disputes (R032).

★ A re-check numbers persons anew, so they are told by identity document; lines by what they ask.
Of two records that differ those are taken for the same one that agree in most items, and in half of
them at least: records have no key of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from uuid import UUID

from bus.model.difference import (
    Change,
    ItemChange,
    PersonDifference,
    RecordChange,
    ResultDifference,
)
from bus.model.result import (
    ResultItem,
    ResultLine,
    ResultOutcome,
    ResultPerson,
    ResultView,
    Value,
)
from schemas.resources import IDENTITY_ITEMS

Document = tuple[str, str]
"""Type and number of an identity document."""

Asked = tuple[int, str, str, date | None, date | None]
"""What a line asks: row, provider as asked, resource, time range."""

Place = tuple[Document, Asked, str]
"""Whose answer under which line by which provider."""

Records = Sequence[tuple[Value, ...]]


def difference(old: ResultView, new: ResultView, rechecks: UUID, reason: str) -> ResultDifference:
    """Return what differs, of the persons and lines that the re-check asked about.

    Args:
        old: The disputed result.
        new: The re-check's result.
        rechecks: The disputed query.
        reason: Why it was disputed, by code.
    """
    persons = {_document(person): person for person in new.persons}
    lines = {_asked(line): line for line in new.lines}
    before, after = _outcomes(old), _outcomes(new)
    titles = {a.provider: a.provider_title for a in (*old.answers, *new.answers)}
    places = [p for p in {**after, **before} if p[0] in persons and p[1] in lines]
    places.sort(key=lambda p: (persons[p[0]].reference, lines[p[1]].line, p[2]))
    found = []
    for place in places:
        line = lines[place[1]]
        one = _differing(
            persons[place[0]],
            line,
            (place[2], titles[place[2]]),
            _merged(before.get(place, ()), _items(old, place[1]), line.items),
            _merged(after.get(place, ()), line.items, line.items),
        )
        if one is not None:
            found.append(one)
    return ResultDifference(new.query, rechecks, reason, len(persons), len(places), tuple(found))


def _document(person: ResultPerson) -> Document:
    return person.id_type, person.id_number


def _asked(line: ResultLine) -> Asked:
    return line.row, line.provider, line.resource, line.time_from, line.time_to


def _items(view: ResultView, asked: Asked) -> tuple[ResultItem, ...]:
    return next((line.items for line in view.lines if _asked(line) == asked), ())


def _outcomes(view: ResultView) -> Mapping[Place, tuple[ResultOutcome, ...]]:
    """Return what was answered; fragments name a person once, so there is one of each as a rule."""
    persons = {person.reference: _document(person) for person in view.persons}
    lines = {line.line: _asked(line) for line in view.lines}
    found: dict[Place, tuple[ResultOutcome, ...]] = {}
    for answer in view.answers:
        for outcome in answer.outcomes:
            if outcome.reference in persons and outcome.line in lines:
                place = (persons[outcome.reference], lines[outcome.line], answer.provider)
                found[place] = (*found.get(place, ()), outcome)
    return found


def _merged(
    outcomes: Sequence[ResultOutcome],
    given: Sequence[ResultItem],
    wanted: Sequence[ResultItem],
) -> tuple[ResultOutcome | None, Records]:
    """Return an outcome and its records, each in the items of the re-check's line."""
    if not outcomes:
        return None, ()
    order = {item.name: at for at, item in enumerate(given)}
    records = [
        tuple(record[order[item.name]] if item.name in order else None for item in wanted)
        for outcome in outcomes
        for record in outcome.records
    ]
    return outcomes[-1], records


def _differing(
    person: ResultPerson,
    line: ResultLine,
    provider: tuple[str, str],
    before: tuple[ResultOutcome | None, Records],
    after: tuple[ResultOutcome | None, Records],
) -> PersonDifference | None:
    (was, old), (now, new) = before, after
    records = tuple(changes(old, new, line.items))
    said = None if was is None else (was.outcome, was.code)
    says = None if now is None else (now.outcome, now.code)
    if said == says and not records:
        return None
    return PersonDifference(
        person=person,
        row=line.row,
        resource=line.resource,
        title=line.title,
        provider=provider[0],
        provider_title=provider[1],
        before=None if was is None else was.outcome,
        before_code=None if was is None else was.code,
        after=None if now is None else now.outcome,
        after_code=None if now is None else now.code,
        records=records,
    )


def changes(old: Records, new: Records, items: Sequence[ResultItem]) -> Iterator[RecordChange]:
    """Yield what became of the records of one person, whatever their order.

    Args:
        old: The records of the disputed result.
        new: Those of the re-check.
        items: What each value is.
    """
    same = Counter(old) & Counter(new)
    left, right = _without(old, same), _without(new, same)
    for (number, now), was in _paired(left, right, items):
        differing = tuple(
            ItemChange(item, a, b) for item, a, b in zip(items, was, now, strict=True) if a != b
        )
        yield RecordChange(Change.CHANGED, number, differing)
    for number, record in left:
        values = zip(items, record, strict=True)
        yield RecordChange(
            Change.GONE, number, tuple(ItemChange(item, value, None) for item, value in values)
        )
    for number, record in right:
        values = zip(items, record, strict=True)
        yield RecordChange(
            Change.ADDED, number, tuple(ItemChange(item, None, value) for item, value in values)
        )


Numbered = list[tuple[int, tuple[Value, ...]]]


def _without(records: Records, same: Counter[tuple[Value, ...]]) -> Numbered:
    left, rest = [], Counter(same)
    for number, record in enumerate(records, 1):
        if rest[record]:
            rest[record] -= 1
        else:
            left.append((number, record))
    return left


def _paired(
    left: Numbered, right: Numbered, items: Sequence[ResultItem]
) -> list[tuple[tuple[int, tuple[Value, ...]], tuple[Value, ...]]]:
    """Take the pairs that are most alike out of both lists, the most alike first."""
    telling = [at for at, item in enumerate(items) if item.name not in IDENTITY_ITEMS]
    alike = sorted(
        ((_agreeing(one[1], other[1], telling), one, other) for one in left for other in right),
        key=lambda found: (-found[0], found[1][0], found[2][0]),
    )
    pairs = []
    for agreeing, one, other in alike:
        if 2 * agreeing >= len(telling) > 0 and one in left and other in right:
            left.remove(one)
            right.remove(other)
            pairs.append((other, one[1]))
    return sorted(pairs, key=lambda pair: pair[0][0])


def _agreeing(one: tuple[Value, ...], other: tuple[Value, ...], telling: Iterable[int]) -> int:
    return sum(one[at] == other[at] for at in telling)
