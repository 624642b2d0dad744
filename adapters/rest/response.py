"""Does an answer say what the mapping expects? Only then may its silence be a NOT_FOUND.

An answer passes when its status is 200 or 201, it is strict JSON, the service's own code says that
all is well, the list of records is there, and each record is an object. A status or code that says
"nothing held" counts only where the mapping names it, for one person at a time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.contract import PersonFaultError
from adapters.rest.faults import BatchFaultError, failed, invalid, refused
from adapters.rest.mapping import RestResource
from adapters.rest.paths import ABSENT, list_path, place_path
from adapters.rest.reply import Reply
from adapters.rest.strictjson import read_json

_GOOD = frozenset({200, 201})
_REFUSED = range(400, 500)

_DIGITS = re.compile(r"[0-9]{1,9}")

_PERHAPS_ONE = frozenset({400, 413, 422})
"""Statuses that one person of many, or their number, can be the reason of."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, or one page of it.

    `count` is how many records there are by the service's own word, None where the mapping names
    no such place; `as_of` is raw.
    """

    records: Sequence[Mapping[str, object]] = field(repr=False)
    count: int | None
    as_of: object = field(default=None, repr=False)


class AnswerReader:
    """Reads the answers about one resource.

    Args:
        entry: How the service maps to the resource.
    """

    def __init__(self, entry: RestResource) -> None:
        self._entry = entry
        self._records_at = list_path(entry.records)
        self._count_at = place_path(entry.count) if entry.count else None
        self._as_of_at = place_path(entry.as_of_column) if entry.as_of_column else None
        self._code_at = place_path(entry.ok.path) if entry.ok else None

    def read(self, reply: Reply) -> Answer:
        """Return what an answer holds.

        Raises:
            PersonFaultError: `SOURCE_REFUSED` for a 4xx or the service's own code,
                `SOURCE_ANSWER_INVALID` for anything else that was not expected.
            BatchFaultError: `SOURCE_REFUSED`, where one person of several may be why.
            SourceUnavailableError: `SOURCE_FAILED`: the service's own code says to ask again.
        """
        place = self._entry.place
        silent = reply.status in self._entry.not_found_status
        if reply.status in _REFUSED and not silent:
            fault = refused(reply.status, place)
            if reply.status in _PERHAPS_ONE:
                raise BatchFaultError(fault.code, fault.zh, fault.en, where=fault.where)
            raise fault
        if reply.status not in _GOOD and not silent:
            raise invalid(place)
        try:
            document = read_json(reply.content, reply.charset)
        except ValueError:
            raise invalid(place) from None
        well = self._says_well(document)
        if well is False or (silent and well is None):
            return Answer((), None, self._as_of(document) or None)
        if silent:
            # The status says that nothing is held, the service's own code that all is well.
            raise invalid(f"{place}.ok")
        return Answer(self._records(document), self._count(document), self._as_of(document))

    def _says_well(self, document: object) -> bool | None:
        """Whether the service's own code says that all is well; False for nothing held."""
        ok = self._entry.ok
        if ok is None or self._code_at is None:
            return None
        told = self._code_at.find(document)
        if _among(told, ok.equals):
            return True
        if _among(told, ok.not_found):
            return False
        if _among(told, ok.again):
            raise failed("ok.again", self._entry.place)
        raise PersonFaultError(
            "SOURCE_REFUSED",
            "数据源的返回码不是成功",
            "the source's own code does not say that all is well",
            where=f"{self._entry.place}.ok",
        )

    def _records(self, document: object) -> Sequence[Mapping[str, object]]:
        found = self._records_at.find(document)
        records = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        if not isinstance(found, list) or len(records) != len(found):
            raise invalid(f"{self._entry.place}.records")
        return records

    def _count(self, document: object) -> int | None:
        if self._count_at is None:
            return None
        told = self._count_at.find(document)
        if isinstance(told, str) and _DIGITS.fullmatch(told):
            return int(told)
        if isinstance(told, int) and not isinstance(told, bool):
            return told
        raise invalid(f"{self._entry.place}.count")

    def _as_of(self, document: object) -> object:
        if self._as_of_at is None:
            return None
        told = self._as_of_at.find(document)
        # A time that should be there and is not must not become the present.
        return "" if told is ABSENT or told is None else told


def _among(told: object, expected: Sequence[object]) -> bool:
    # 1 is no true here, and 0 no false: JSON tells them apart.
    return any(told == one and isinstance(told, bool) == isinstance(one, bool) for one in expected)
