"""How a finding names its place: sheet, row or person, field. Never a value found there.

The three sheets are those of the official form: 申请 (the form), 附表 (the attached table of
request lines) and 名单 (the list of persons), whose electronic parts are called 册.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_MANY = 20
_PERSONS = re.compile(r"名单 第 ([0-9]+(?:、[0-9]+)*)等? 人(?: .*)?")


def form(field: str) -> str:
    """Return a field of the form, e.g. `申请 联系人`."""
    return f"申请 {field}"


def row(number: int, field: str = "") -> str:
    """Return a row of the attached table, e.g. `附表 第 3 行 信息提供方`."""
    return f"附表 第 {number} 行 {field}".rstrip()


def person(reference: int, field: str = "") -> str:
    """Return a person by the number that counts from 1 over the query, e.g. `名单 第 7 人`."""
    return f"名单 第 {reference} 人 {field}".rstrip()


def persons(references: Iterable[int]) -> str:
    """Return several persons, e.g. `名单 第 3、4 人`; a long list is cut and ends in 等."""
    numbers = sorted(references)
    shown = "、".join(str(number) for number in numbers[:_MANY])
    return f"名单 第 {shown}{'等' if len(numbers) > _MANY else ''} 人"


def part(number: int, field: str = "") -> str:
    """Return a part of the list, e.g. `名单 第 2 册`."""
    return f"名单 第 {number} 册 {field}".rstrip()


def references(where: str) -> tuple[int, ...]:
    """Return the persons that a place of `person` or `persons` names; none for other places."""
    found = _PERSONS.fullmatch(where)
    return () if found is None else tuple(int(number) for number in found[1].split("、"))
