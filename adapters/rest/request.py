"""What is sent for some persons: the mapping's template, filled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from adapters.contract import Lookup, Subject
from adapters.numbers import id_key
from adapters.rest.mapping import RestResource
from adapters.rest.template import PAGE, PERSONS, filled


@dataclass(frozen=True, slots=True)
class Call:
    """One request: method, path below the service's URL, parameters of the URL, JSON body."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


def call_of(
    entry: RestResource, lookup: Lookup, persons: Sequence[Subject], page: int | None
) -> Call:
    """Return the request for some persons.

    Args:
        entry: How the service maps to the resource.
        lookup: The question.
        persons: At most as many as the mapping puts into one request.
        page: The number of the page, None where there are none.
    """
    values = _values(entry, lookup, page)
    values[PERSONS] = [filled(entry.person, _of_person(entry, one)) for one in persons]
    if len(persons) == 1:
        values |= _of_person(entry, persons[0])
    query = {name: filled(value, values) for name, value in entry.query.items()}
    body = None if entry.body is None else json.dumps(filled(entry.body, values)).encode()
    given = {name: str(value) for name, value in query.items() if value is not None}
    return Call(entry.method, entry.path, given, body)


def id_type_sent(entry: RestResource, id_type: str) -> str | None:
    """Return how the service writes an ID type; None where it has no code for it."""
    if not entry.id_types:
        return id_type
    return next((own for own, ours in entry.id_types.items() if ours == id_type), None)


def _values(entry: RestResource, lookup: Lookup, page: int | None) -> dict[str, object]:
    task = lookup.task
    return {
        "time_from": _day(entry, lookup.time_from),
        "time_to": _day(entry, lookup.time_to),
        "query": str(task.query) if task else None,
        "order": task.order.hex() if task else None,
        "requester": task.requester if task else None,
        "business": task.business if task else None,
        "purpose": task.purpose if task else None,
        PAGE: page,
    }


def _of_person(entry: RestResource, person: Subject) -> dict[str, object]:
    return {
        "id_number": id_key(person.id_number),
        "id_type": id_type_sent(entry, person.id_type),
        "name": person.name,
    }


def _day(entry: RestResource, day: date | None) -> str | None:
    return None if day is None else day.strftime(entry.date_format)
