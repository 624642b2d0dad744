"""Whom is the service asked about, and together with whom?"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from adapters.contract import Lookup, SourceUnavailableError, Subject
from adapters.numbers import id_key, plain_number
from adapters.rest.asking import Asking
from adapters.rest.client import Service
from adapters.rest.mapping import OF_REQUEST, RestMapping, RestResource
from adapters.rest.paths import ValuePath, column_path
from adapters.rest.request import id_type_sent
from adapters.rest.response import AnswerReader
from adapters.rows import Found
from bus.model.messages import Finding


class RestRows:
    """The records of one service: a `RowSource`.

    Args:
        mapping: How the service maps to resources.
        service: The service.
    """

    def __init__(self, mapping: RestMapping, service: Service) -> None:
        self._service = service
        self._readers = {entry.name: AnswerReader(entry) for entry in mapping.resources}
        self._paths = {entry.name: _paths(entry) for entry in mapping.resources}

    async def mismatches(self) -> Sequence[Finding]:
        """Find out that the service is there; what it answers shows only when it is asked.

        Raises:
            SourceUnavailableError: It cannot be reached now, or does not let us in.
        """
        await self._service.reach()
        return ()

    async def fetch(self, entry: RestResource, lookup: Lookup, columns: Sequence[str]) -> Found:
        """Return the rows of the persons asked about.

        Raises:
            SourceUnavailableError: The service is down, too slow, or does not let us in.
        """
        paths = {name: self._paths[entry.name][name] for name in columns}
        asking = Asking(entry, lookup, paths, self._readers[entry.name], self._service)
        for persons in _rounds(entry, lookup.persons, asking.found):
            size = entry.batch
            batches = [persons[at : at + size] for at in range(0, len(persons), size)]
            await _all(asking, batches)
        return asking.found

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        await self._service.close()


async def _all(asking: Asking, batches: Sequence[Sequence[Subject]]) -> None:
    """Ask all batches; the service's own limits say how many at once."""
    try:
        async with asyncio.TaskGroup() as group:
            for batch in batches:
                group.create_task(asking.ask(batch))
    except BaseExceptionGroup as errors:
        down = errors.subgroup(SourceUnavailableError)
        raise _first(down or errors) from None


def _first(errors: BaseException) -> BaseException:
    while isinstance(errors, BaseExceptionGroup):
        errors = errors.exceptions[0]
    return errors


def _rounds(entry: RestResource, persons: Sequence[Subject], found: Found) -> list[list[Subject]]:
    """Return whom to ask about, so that no number stands twice in a round.

    A person is asked about once, unless the service is told names or ID types: then once for each.
    Whom its ID type or a blank number keeps from being matched is not asked about at all.
    """
    told = entry.asked_of_one
    rounds: list[list[Subject]] = []
    asked: defaultdict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for person in persons:
        number = id_key(person.id_number)
        if not number or (entry.only_id_type or person.id_type) != person.id_type:
            continue
        if "id_type" in told and id_type_sent(entry, person.id_type) is None:
            found.failed[number] = "ID_TYPE_NOT_HELD"
            continue
        kind = (
            number,
            person.id_type if "id_type" in told else "",
            person.name if "name" in told else "",
        )
        known = asked[plain_number(number)]
        if kind in known:
            continue
        place = len(known)
        known.add(kind)
        if place == len(rounds):
            rounds.append([])
        rounds[place].append(person)
    return rounds


def _paths(entry: RestResource) -> dict[str, ValuePath | None]:
    """Return every column's path; None for the one that is the number asked about."""
    named = (entry.id_number, entry.id_type, entry.person_name, entry.time_column)
    columns = {name for name in (*named, *entry.columns.values()) if name}
    return {name: None if name == OF_REQUEST else column_path(name) for name in columns}
