"""How a value is named in a JSON document: by JSONPath (RFC 9535), or a member by its bare name.

A path that can name one value at most is walked here, which is ten times faster than the library
and all that records, counts and codes need; only columns may use the rest of the language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from jsonpath import JSONPath, JSONPathEnvironment
from jsonpath.exceptions import JSONPathError
from jsonpath.selectors import IndexSelector, NameSelector

from adapters.mapping.faults import wrong

_STANDARD = JSONPathEnvironment(strict=True)
"""RFC 9535 alone, without the library's own syntax."""

_BARE = re.compile(r"[^$@.\[\]*'\"{}\s][^.\[\]*'\"{}]*")


class Absent:
    """What a path finds where the document has nothing there; JSON's null is a value."""


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class ValuePath:
    """A path, ready for use: `steps` where it can name one value at most, else `query`."""

    steps: tuple[str | int, ...] | None
    query: JSONPath | None = field(default=None, repr=False)

    def find(self, document: object) -> object:
        """Return the value there, or `ABSENT`; a list of them where there are several.

        A list is no value of any item: whoever reads it refuses it, so that nothing is guessed.
        """
        if self.steps is not None:
            return _walk(document, self.steps)
        if self.query is None or not isinstance(document, dict | list):
            return ABSENT
        found = self.query.findall(document)
        if not found:
            return ABSENT
        return found[0] if len(found) == 1 else found


def column_path(text: str) -> ValuePath:
    """Return the path of a column: a bare member's name, or a JSONPath from the record on.

    Raises:
        PydanticCustomError: It is neither.
    """
    if text.startswith("$"):
        return _compiled(text)
    if not _BARE.fullmatch(text):
        raise wrong(
            "须为成员名，或以 $ 开头的 JSONPath（如 $.account.balance）",
            "a member's name or a JSONPath is needed, such as $.account.balance",
        )
    return ValuePath((text,))


def place_path(text: str) -> ValuePath:
    """Return the path of one place in the whole answer.

    Raises:
        PydanticCustomError: It is no JSONPath, or could name several places.
    """
    path = _compiled(text)
    if path.steps is None:
        raise wrong(
            "须为只指向一处的 JSONPath（如 $.data.total）",
            "a JSONPath that names one place is needed, such as $.data.total",
        )
    return path


def list_path(text: str) -> ValuePath:
    """Return the path of the list of records, which may be written with `[*]` at its end.

    Raises:
        PydanticCustomError: As `place_path`. A filter is refused as well: what it leaves out would
            be answered as not found.
    """
    return place_path(text.removesuffix("[*]"))


def _compiled(text: str) -> ValuePath:
    try:
        query = _STANDARD.compile(text)
    except JSONPathError:
        raise wrong("不是 JSONPath（RFC 9535）", "not a JSONPath (RFC 9535)") from None
    if not isinstance(query, JSONPath):
        raise wrong("不是 JSONPath（RFC 9535）", "not a JSONPath (RFC 9535)")
    steps = _steps(query)
    return ValuePath(steps, query if steps is None else None)


def _steps(query: JSONPath) -> tuple[str | int, ...] | None:
    if not query.singular_query():
        return None
    steps: list[str | int] = []
    for segment in query.segments:
        for selector in segment.selectors:
            if isinstance(selector, NameSelector):
                steps.append(selector.name)
            elif isinstance(selector, IndexSelector):
                steps.append(selector.index)
    return tuple(steps)


def _walk(document: object, steps: tuple[str | int, ...]) -> object:
    value = document
    for step in steps:
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return ABSENT
            value = value[step]
        else:
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return ABSENT
            value = value[step]
    return value
