"""The code tables (`schemas/codes/*.toml`): typed, frozen, read once.

A table is data: a row added to its file is known everywhere, without a change of code. What travels
is the code; what an operator writes or reads is one of its names.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Generic, NoReturn, TypeVar

from schemas.loader import SchemaError


@dataclass(frozen=True, slots=True)
class Code:
    """One row: its code, its Chinese and English name, and other names it goes by."""

    code: str
    zh: str
    en: str
    aliases: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Everything by which `CodeTable.find` knows the row."""
        return (self.code, self.zh, *self.aliases)


@dataclass(frozen=True, slots=True)
class Region(Code):
    """A province or its like; `zh` is the full name, `short` the one the form writes (山东)."""

    short: str

    @property
    def names(self) -> tuple[str, ...]:
        """Everything by which `CodeTable.find` knows the region."""
        return (self.code, self.zh, self.short, *self.aliases)


@dataclass(frozen=True, slots=True)
class Category(Code):
    """A content category; `level` is where the rules have its data organised (R054, R055)."""

    level: str | None


@dataclass(frozen=True, slots=True)
class IdType(Code):
    """A type of identity document.

    `pattern` is a regular expression that the whole number must match, or None; `check_digit` says
    that the number ends in a check digit after GB 11643.
    """

    pattern: str | None
    check_digit: bool


@dataclass(frozen=True, slots=True)
class DelayCause(Code):
    """A cause of a delay.

    `objective` says that it is force majeure or an objective cause (R030); `automatic` that no
    operator may choose it.
    """

    objective: bool
    automatic: bool


Row = TypeVar("Row", bound=Code)
Row_co = TypeVar("Row_co", bound=Code, covariant=True)


class CodeTable(Mapping[str, Row_co], Generic[Row_co]):
    """The rows of one table by code, in the order of the file.

    Args:
        table: The table's name, for errors.
        rows: Its rows.

    Raises:
        SchemaError: `CODES_MALFORMED` when two rows share a code or a name.
    """

    def __init__(self, table: str, rows: tuple[Row_co, ...]) -> None:
        by_name: dict[str, Row_co] = {}
        for row in rows:
            for name in dict.fromkeys(row.names):
                if name in by_name:
                    _malformed(f"{table}: {row.code}", f"“{name}”重复", f"{name!r} stands twice")
                by_name[name] = row
        self._by_code = MappingProxyType({row.code: row for row in rows})
        self._by_name = MappingProxyType(by_name)

    def __getitem__(self, code: str) -> Row_co:
        return self._by_code[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def __len__(self) -> int:
        return len(self._by_code)

    def find(self, name: str) -> Row_co | None:
        """Return the row of that code, full name, short name or alias, else None."""
        return self._by_name.get(name)


class RowReader:
    """Takes one row of a file apart, and names the place of whatever is wrong with it."""

    def __init__(self, where: str, raw: Any) -> None:
        if not isinstance(raw, dict):
            _malformed(where, "行不是表", "a row is not a table")
        self._where = where
        self._raw: dict[str, Any] = dict(raw)

    def text(self, key: str) -> str:
        """Take a text that must be there."""
        value = self._raw.pop(key, None)
        if not isinstance(value, str) or not value or value != value.strip():
            _malformed(f"{self._where}: {key}", "须为非空文本", "a text is needed")
        return value

    def optional(self, key: str) -> str | None:
        """Take a text that may be left out."""
        return self.text(key) if key in self._raw else None

    def pattern(self, key: str) -> str | None:
        """Take a regular expression that may be left out."""
        value = self.optional(key)
        try:
            re.compile(value or "")
        except re.error:
            _malformed(f"{self._where}: {key}", "正则表达式有误", "not a regular expression")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of texts that may be left out."""
        values = self._raw.pop(key, [])
        if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
            _malformed(f"{self._where}: {key}", "须为文本列表", "a list of texts is needed")
        return tuple(values)

    def flag(self, key: str) -> bool:
        """Take a boolean that may be left out: false."""
        value = self._raw.pop(key, False)
        if not isinstance(value, bool):
            _malformed(f"{self._where}: {key}", "须为 true 或 false", "true or false is needed")
        return value

    def end(self) -> None:
        """Refuse what nobody took: a misspelt key must not pass unseen."""
        for key in self._raw:
            _malformed(f"{self._where}: {key}", "未知的键", "no such key")


def _malformed(where: str, zh: str, en: str) -> NoReturn:
    raise SchemaError("CODES_MALFORMED", f"代码表有误：{zh}", f"code table: {en}", where=where)


def _code(row: RowReader) -> Code:
    return Code(row.text("code"), row.text("zh"), row.text("en"), row.texts("aliases"))


def _region(row: RowReader) -> Region:
    base = _code(row)
    return Region(base.code, base.zh, base.en, base.aliases, row.text("short"))


def _category(row: RowReader) -> Category:
    base = _code(row)
    return Category(base.code, base.zh, base.en, base.aliases, row.optional("level"))


def _id_type(row: RowReader) -> IdType:
    base = _code(row)
    pattern, check = row.pattern("pattern"), row.flag("check_digit")
    return IdType(base.code, base.zh, base.en, base.aliases, pattern, check)


def _delay_cause(row: RowReader) -> DelayCause:
    base = _code(row)
    objective, automatic = row.flag("objective"), row.flag("automatic")
    return DelayCause(base.code, base.zh, base.en, base.aliases, objective, automatic)


def read_table(name: str, content: bytes, read: Callable[[RowReader], Row]) -> CodeTable[Row]:
    """Read a table from the bytes of its TOML file.

    Args:
        name: The table's name, for errors.
        content: The file's bytes: `rows`, a list of tables.
        read: Makes one row from its reader.

    Raises:
        SchemaError: `CODES_MALFORMED`, with the row and key at fault.
    """
    try:
        data = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SchemaError(
            "CODES_MALFORMED", "代码表不是有效的 TOML", "a code table is not TOML", where=name
        ) from error
    raw = data.pop("rows", None)
    if not isinstance(raw, list) or not raw or data:
        _malformed(name, "须有且只有 rows 列表", "one list named rows is needed")
    rows: list[Row] = []
    for number, item in enumerate(raw, start=1):
        reader = RowReader(f"{name}: {number}", item)
        rows.append(read(reader))
        reader.end()
    return CodeTable(name, tuple(rows))


def _shipped(name: str, read: Callable[[RowReader], Row]) -> CodeTable[Row]:
    file = resources.files("schemas").joinpath("codes", f"{name}.toml")
    return read_table(name, file.read_bytes(), read)


@cache
def regions() -> CodeTable[Region]:
    """Provinces (GB/T 2260) and the Xinjiang corps, by six-digit code."""
    return _shipped("regions", _region)


@cache
def id_types() -> CodeTable[IdType]:
    """Types of identity document (证件类型), by code after GA/T 517."""
    return _shipped("id-types", _id_type)


def business() -> CodeTable[Code]:
    """Business categories (业务类别, R021)."""
    return table("business")


def relations() -> CodeTable[Code]:
    """Family relations to the applicant or head of household, by code after GB/T 4761."""
    return table("relations")


@cache
def categories() -> CodeTable[Category]:
    """Content categories (内容类别, R004-R005, R052); open."""
    return _shipped("categories", _category)


def levels() -> CodeTable[Code]:
    """Levels at which data are organised (R038, R054, R055), from the lowest up."""
    return table("levels")


def time_ranges() -> CodeTable[Code]:
    """Which time ranges a resource can be asked for (R053), from the least to the most."""
    return table("time-ranges")


def updates() -> CodeTable[Code]:
    """Update schedules of resources (R036-R038)."""
    return table("updates")


def modes() -> CodeTable[Code]:
    """How a resource is answered (R056, R066)."""
    return table("modes")


def refusal_reasons() -> CodeTable[Code]:
    """Reasons an operator may give for refusing an application (R027)."""
    return table("refusal-reasons")


def cancellation_reasons() -> CodeTable[Code]:
    """Reasons a requester may give for withdrawing a query (R031)."""
    return table("cancellation-reasons")


def document_kinds() -> CodeTable[Code]:
    """Kinds of evidence document (R022, R026)."""
    return table("document-kinds")


def evidence_reasons() -> CodeTable[Code]:
    """Why evidence is called up (R024, R026)."""
    return table("evidence-reasons")


def evidence_faults() -> CodeTable[Code]:
    """Why evidence is sent back (R024, R026)."""
    return table("evidence-faults")


@cache
def delay_causes() -> CodeTable[DelayCause]:
    """Causes of a delay (R030)."""
    return _shipped("delay-causes", _delay_cause)


def recheck_reasons() -> CodeTable[Code]:
    """What is disputed in a result that is to be checked again (R032)."""
    return table("recheck-reasons")


_TYPED: Mapping[str, Callable[[], CodeTable[Code]]] = MappingProxyType(
    {
        "regions": regions,
        "id-types": id_types,
        "categories": categories,
        "delay-causes": delay_causes,
    }
)
"""Tables whose rows say more than a name; every other file is a table of plain rows."""


@cache
def tables() -> frozenset[str]:
    """Return the names of all shipped tables."""
    files = resources.files("schemas").joinpath("codes").iterdir()
    names = (file.name for file in files)
    return frozenset(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


@cache
def table(name: str) -> CodeTable[Code]:
    """Return a shipped table by its name, such as `sale-roles`: a new file needs no code.

    Raises:
        SchemaError: `CODES_UNKNOWN` when the product ships no such table.
    """
    if name not in tables():
        raise SchemaError("CODES_UNKNOWN", "没有此代码表", "no such code table", where=name)
    typed = _TYPED.get(name)
    return typed() if typed else _shipped(name, _code)


def known_table(name: str | None) -> CodeTable[Code] | None:
    """Return the table that an item's `codes` names; None where it names none, or none of ours.

    A resource may come with the directory and name a table that this version does not ship (R005).
    Its values are then taken and shown as they are: the words that the agency holds.
    """
    return table(name) if name is not None and name in tables() else None
