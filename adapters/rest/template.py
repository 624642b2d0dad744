"""What of a question goes where in a request: placeholders, each a whole text of its own.

| placeholder | replaced by |
|---|---|
| `{id_number}`, `{id_type}`, `{name}` | of the person; the ID type in the service's own code |
| `{persons}` | the list of persons, each made by `person` |
| `{time_from}`, `{time_to}` | the range, both inclusive; null where none is asked |
| `{query}`, `{order}`, `{requester}`, `{business}`, `{purpose}` | what the question is asked for |
| `{page}` | the number of the page |

A placeholder inside a longer text is refused: names and numbers never become part of a syntax.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from adapters.mapping.faults import wrong

PERSONAL = frozenset({"id_number", "id_type", "name"})
"""Of one person."""

PERSONS = "persons"
PAGE = "page"
KNOWN = PERSONAL | {
    PERSONS,
    "time_from",
    "time_to",
    "query",
    "order",
    "requester",
    "business",
    "purpose",
    PAGE,
}

NOT_IN_URL = frozenset({"id_number", "name", "purpose"})
"""What servers on the way would write into their logs."""

_WHOLE = re.compile(r"\{([a-z_]+)\}")


def placeholder(value: object) -> str | None:
    """Return the placeholder that a value of a template is, without its braces, else None."""
    found = _WHOLE.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def placeholders(template: object) -> frozenset[str]:
    """Return the placeholders of a template, at any depth."""
    return frozenset(name for leaf in _leaves(template) if (name := placeholder(leaf)))


def checked_template(template: object) -> object:
    """Return a template that can be sent.

    Raises:
        PydanticCustomError: It has an unknown placeholder, one inside a longer text, or a value
            that JSON has not.
    """
    for leaf in _leaves(template):
        finite = not isinstance(leaf, float) or math.isfinite(leaf)
        if not isinstance(leaf, str | int | float) or not finite:
            raise wrong(
                "只能含文本、数值、true 和 false（日期请加引号）",
                "it holds texts, numbers, true and false only (quote a date)",
            )
        if not isinstance(leaf, str):
            continue
        name = placeholder(leaf)
        unknown = name not in KNOWN if name else _WHOLE.search(leaf) is not None
        if unknown:
            listed = "、".join(f"{{{one}}}" for one in sorted(KNOWN))
            raise wrong(
                f"占位符须为整个文本，且为 {listed} 之一",
                f"a placeholder is a whole text and one of {listed.replace('、', ', ')}",
            )
    return template


def filled(template: object, values: Mapping[str, object]) -> object:
    """Return a template with its placeholders replaced.

    Args:
        template: A checked template.
        values: For each placeholder in it what takes its place.
    """
    if isinstance(template, dict):
        return {key: filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    name = placeholder(template)
    return template if name is None else values[name]


def _leaves(template: object) -> Iterator[object]:
    if isinstance(template, Mapping):
        for value in template.values():
            yield from _leaves(value)
    elif isinstance(template, list | tuple):
        for value in template:
            yield from _leaves(value)
    else:
        yield template
