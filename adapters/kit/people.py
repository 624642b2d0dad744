"""Where the people come from whom the kit asks about, and people whom nobody can know.

Known people are either named in a file of the agency's own or taken from rows that the source
shows. Either way they stay in memory, and no text of the kit names one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from adapters.contract import PersonFaultError, Subject
from adapters.judge import Row, time_column, type_of
from adapters.mapping.resource import RESIDENT_CARD, ResourceMapping
from adapters.numbers import id_key
from adapters.values import day_of
from bus.errors import ConfigError
from bus.rules.id_number import check_digit
from schemas.codes import id_types
from schemas.resources import Resource
from signer.secretfiles import read_secret

ENOUGH = 20
"""Known people asked about for each resource: more would make a slow source's check long."""

_NEEDED = ("id_type", "id_number", "name")
_OPTIONAL = ("resource", "day")

_AREA = "990000"
"""The area code of no area (GB/T 2260): nobody's number begins with it."""

_FIRST_BIRTHDAY = date(1901, 1, 1)

_STRANGERS_NAME = "查无此人"


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom the source has; `day` is the day of one of their records, where it is known.

    `stated`: whether the agency said so, rather than a row of its data.
    """

    name: str = field(repr=False)
    id_type: str = field(repr=False)
    id_number: str = field(repr=False)
    resource: str | None = None
    day: date | None = field(default=None, repr=False)
    stated: bool = True

    def subject(self, reference: int) -> Subject:
        """Return them as asked about."""
        return Subject(reference, self.name, self.id_type, self.id_number)


def read_people(path: Path) -> tuple[Known, ...]:
    """Read the known people of a CSV file, UTF-8, that only its owner can touch.

    Its columns are id_type (a code of an ID type, or its Chinese name), id_number and name, and
    optionally resource (blank: of all) and day (YYYY-MM-DD, of one of the person's records).

    Raises:
        ConfigError: `PEOPLE_INVALID` with line and column, never the value.
        KeyFileError: The file is missing or readable by others.
    """
    try:
        text = read_secret(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _invalid(path, "须为 UTF-8 编码", "it is not UTF-8") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        named = set(reader.fieldnames or ())
        if not named >= set(_NEEDED) or named - {*_NEEDED, *_OPTIONAL}:
            columns = ",".join((*_NEEDED, *_OPTIONAL))
            raise _invalid(f"{path}:1", f"表头应为 {columns}", f"the header is {columns}")
        people = tuple(_known(row, f"{path}:{reader.line_num}") for row in reader)
    except csv.Error:
        place = f"{path}:{reader.reader.line_num}"
        raise _invalid(place, "不是 CSV 格式", "it is not CSV") from None
    if not people:
        raise _invalid(path, "没有人员", "it names nobody")
    return people


def people_of_rows(
    entry: ResourceMapping, resource: Resource, rows: Iterable[Row]
) -> tuple[Known, ...]:
    """Return up to `ENOUGH` people that rows of the source are about, each once.

    Rows without a number or with an unknown ID type are about nobody that can be asked about.
    """
    found: dict[tuple[str, str], Known] = {}
    for row in rows:
        one = _of_row(entry, resource, row)
        if one is not None and (one.id_type, one.id_number) not in found:
            found[one.id_type, one.id_number] = one
        if len(found) == ENOUGH:
            break
    return tuple(found.values())


def strangers(count: int, id_type: str | None, known: Iterable[Known]) -> Iterator[Subject]:
    """Yield people whom nobody has: synthetic numbers with valid check digits, counted from 1.

    Args:
        count: How many.
        id_type: Their ID type; a resident's card unless given.
        known: Whom the source has: should one of them have such a number, it is passed over.
    """
    taken = {id_key(one.id_number) for one in known}
    reference, serial = 0, 0
    while reference < count:
        body = f"{_AREA}{_FIRST_BIRTHDAY + timedelta(days=serial):%Y%m%d}999"
        serial += 1
        number = body + check_digit(body)
        if number not in taken:
            reference += 1
            yield Subject(reference, _STRANGERS_NAME, id_type or RESIDENT_CARD, number)


def of_resource(people: Sequence[Known], resource: str) -> tuple[Known, ...]:
    """Return the stated people of a resource, `ENOUGH` at most."""
    return tuple(one for one in people if one.resource in {None, resource})[:ENOUGH]


def _known(row: Mapping[str | None, str | None], place: str) -> Known:
    values = {key: (row.get(key) or "").strip() for key in (*_NEEDED, *_OPTIONAL)}
    if None in row:
        raise _invalid(place, "列数多于表头", "more values than the header has")
    for key in _NEEDED:
        if not values[key]:
            raise _invalid(f"{place}: {key}", "缺少值", "a value is missing")
    id_type = id_types().find(values["id_type"])
    if id_type is None:
        raise _invalid(f"{place}: id_type", "不是证件类型代码", "not a code of an ID type")
    try:
        day = day_of(values["day"]) if values["day"] else None
    except ValueError:
        raise _invalid(f"{place}: day", "不是日期", "not a day") from None
    resource = values["resource"] or None
    return Known(values["name"], id_type.code, values["id_number"], resource, day)


def _of_row(entry: ResourceMapping, resource: Resource, row: Row) -> Known | None:
    number = id_key(row.get(entry.id_number))
    try:
        id_type = entry.only_id_type or type_of(entry, row.get(entry.id_type or ""))
    except PersonFaultError:
        return None
    if not number:
        return None
    column = time_column(entry, resource)
    try:
        day = day_of(row.get(column)) if column else None
    except ValueError:
        day = None
    written = row.get(entry.person_name or entry.columns.get("name", ""))
    name = written if isinstance(written, str) else ""
    return Known(name, id_type, number, resource.name, day, stated=False)


def _invalid(where: object, zh: str, en: str) -> ConfigError:
    return ConfigError(
        "PEOPLE_INVALID",
        f"已知人员文件有误：{zh}",
        f"the file of known people is invalid: {en}",
        where=str(where),
    )
