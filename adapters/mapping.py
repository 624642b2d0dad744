"""The adapter's mapping: which table and columns of an agency's source make which resource.

It is the `[source]` and `[[resource]]` sections of the adapter's TOML file; the host parses the
file and its own sections. A mapping is frozen once read, refuses keys it does not know, and reports
every fault at once with the file, the key and the remedy. Values of the file are never repeated in
an error: a connection URL may hold a secret.

    [source]
    url = "postgresql+asyncpg://hedui@db.example/fund"
    password_file = "db.password"        # beside the mapping, or absolute
    statement_timeout_seconds = 60
    connections = 2

    [[resource]]
    name = "housing-fund-withdrawal"     # of the catalogue
    table = "gjj_withdrawal"             # a table or a view; `schema = "..."` where it needs one
    id_number = "zjhm"
    id_number_exact = true               # stored trimmed, upper-case, half-width: uses an index
    id_type = "zjlx"                     # or `id_type_value = "111"`, the default
    id_types = { "1" = "111" }           # source's code -> ours, where the column has its own
    person_name = "xm"                   # compared with the name asked about
    name_mismatch = "not_answerable"     # or "not_found", "answer"
    time_column = "tqrq"                 # default: the column of the resource's time item
    as_of_column = "batch_date"          # or `as_of = 2026-01-31`; default: time of the lookup
    not_held = ["paid_to"]               # items this source does not keep
    [resource.columns]                   # item -> column; every item is here or in not_held
    name = "xm"
    id_type = "zjlx"
    id_number = "zjhm"
    account = "grzh"
    amount = "tqje"
    withdrawn_on = "tqrq"
    reason = "tqyy"
    [resource.codes.reason]              # source's code -> text, where an item needs it
    "01" = "购买住房"
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    InstanceOf,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bus.errors import ConfigError
from bus.model.messages import Finding
from schemas.codes import id_types

RESIDENT_CARD = "111"
"""ID type of a source that has no column for it and names none: resident identity cards."""

_NAME = re.compile(r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_$#\u4e00-\u9fff]*")
_SCHEMA = re.compile(rf"{_NAME.pattern}(\.{_NAME.pattern})*")

_WRONG = "取值不合要求"

_TEXTS: Mapping[str, tuple[str, str]] = {
    "missing": ("缺少此键，请补充", "this key is missing; add it"),
    "extra_forbidden": ("不认识此键，请更正或删除", "no such key; correct or remove it"),
    "string_type": ("须为带引号的文本", "a quoted text is needed"),
    "bool_type": ("须为 true 或 false", "true or false is needed"),
    "bool_parsing": ("须为 true 或 false", "true or false is needed"),
    "dict_type": ("须为表（键 = 值）", "a table (key = value) is needed"),
    "model_type": ("须为表（键 = 值）", "a table (key = value) is needed"),
    "tuple_type": ("须为列表", "a list is needed"),
    "is_instance_of": (
        "须为日期或时间（不加引号）",
        "a date or a date and time, unquoted, is needed",
    ),
    "too_short": ("不得为空", "it must not be empty"),
    "list_type": ("须为列表", "a list is needed"),
    "int_type": ("须为整数", "a whole number is needed"),
    "int_parsing": ("须为整数", "a whole number is needed"),
    "int_from_float": ("须为整数", "a whole number is needed"),
    "float_type": ("须为数值", "a number is needed"),
    "float_parsing": ("须为数值", "a number is needed"),
    "path_type": ("须为带引号的文件路径", "a quoted path of a file is needed"),
    "literal_error": ("须为下列之一：{expected}", "one of these is needed: {expected}"),
    "greater_than": ("须大于 {gt}", "it must be greater than {gt}"),
    "greater_than_equal": ("不得小于 {ge}", "it must be at least {ge}"),
    "less_than_equal": ("不得大于 {le}", "it must be at most {le}"),
}
"""What our operators read for pydantic's error types; its own texts can repeat values."""


class MappingError(ConfigError):
    """The mapping is not well formed, or does not fit the catalogue or the source.

    `findings` lists every fault; their `where` names a key, or a table and column.
    """

    def __init__(self, code: str, findings: Sequence[Finding], *, where: str) -> None:
        listed_zh = "；".join(f"[{one.where}] {one.zh}" for one in findings)
        listed_en = "; ".join(f"[{one.where}] {one.en}" for one in findings)
        super().__init__(
            code,
            f"映射有 {len(findings)} 处错误：{listed_zh}",
            f"the mapping has {len(findings)} fault(s): {listed_en}",
            where=where,
        )
        self.findings = tuple(findings)


def _wrong(zh: str, en: str) -> PydanticCustomError:
    return PydanticCustomError("mapping", "{en}", {"zh": zh, "en": en})


def _identifier(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise _wrong(
            "名称只能含字母、数字、下划线和汉字，且不以数字开头",
            "a name holds letters, digits, underscores and Chinese characters and does not "
            "begin with a digit",
        )
    return name


def _schema_name(name: str) -> str:
    if not _SCHEMA.fullmatch(name):
        raise _wrong("模式名不合规", "not the name of a database schema")
    return name


def _id_type(code: str) -> str:
    if code not in id_types():
        raise _wrong("不是证件类型代码（如 111）", "not a code of an ID type, such as 111")
    return code


def _url(url: str) -> str:
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        # A port that is no number is a plain ValueError, and its text repeats the port.
        raise _wrong(
            "不是 SQLAlchemy 连接地址", "not an SQLAlchemy URL such as sqlite+aiosqlite:///fund.db"
        ) from None
    if parts.password is not None or "password" in parts.query:
        raise _wrong(
            "连接地址不得含口令，请改用 password_file",
            "the URL must not hold a password; use password_file",
        )
    return url


Identifier = Annotated[str, AfterValidator(_identifier)]
IdTypeCode = Annotated[str, AfterValidator(_id_type)]


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=False, hide_input_in_errors=True
    )


class Source(_Section):
    """`[source]`: where the database is and how gently to use it."""

    url: Annotated[str, AfterValidator(_url)]
    password_file: Path | None = None
    statement_timeout_seconds: float = Field(default=60.0, gt=0, le=3600)
    connections: int = Field(default=2, ge=1, le=32)


class ResourceMapping(_Section):
    """`[[resource]]`: one table or view as one resource of the catalogue."""

    name: str
    table: Identifier
    db_schema: Annotated[str, AfterValidator(_schema_name)] | None = Field(
        default=None, alias="schema"
    )
    id_number: Identifier
    id_number_exact: bool = False
    id_type: Identifier | None = None
    id_type_value: IdTypeCode | None = None
    id_types: dict[str, IdTypeCode] = Field(default_factory=dict)
    person_name: Identifier | None = None
    name_mismatch: Literal["not_answerable", "not_found", "answer"] = "not_answerable"
    time_column: Identifier | None = None
    as_of_column: Identifier | None = None
    as_of: InstanceOf[date] | None = None
    not_held: tuple[str, ...] = ()
    columns: dict[str, Identifier] = Field(min_length=1)
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.id_type and self.id_type_value:
            raise _wrong(
                "id_type 与 id_type_value 只能有一个", "give id_type or id_type_value, not both"
            )
        if self.id_types and not self.id_type:
            raise _wrong("有 id_types 时须有 id_type 列", "id_types needs the column id_type")
        if self.as_of and self.as_of_column:
            raise _wrong("as_of 与 as_of_column 只能有一个", "give as_of or as_of_column, not both")
        if "name_mismatch" in self.model_fields_set and not self.person_name:
            raise _wrong(
                "有 name_mismatch 时须有 person_name 列", "name_mismatch needs person_name"
            )
        if set(self.not_held) & set(self.columns):
            raise _wrong(
                "not_held 与 columns 不得列同一内容项", "an item is both in not_held and columns"
            )
        if set(self.codes) - set(self.columns):
            raise _wrong(
                "codes 只能用于 columns 中的内容项", "codes names an item that is not in columns"
            )
        return self

    @property
    def only_id_type(self) -> str | None:
        """The one ID type of a source without a column for it, else None."""
        return None if self.id_type else self.id_type_value or RESIDENT_CARD

    @property
    def place(self) -> str:
        """The table for error texts, with its schema."""
        return f"{self.db_schema}.{self.table}" if self.db_schema else self.table


class SourceMapping(_Section):
    """The whole mapping. `where` names its file; relative paths start at `folder`."""

    source: Source
    resources: tuple[ResourceMapping, ...] = Field(alias="resource")
    where: str
    folder: Path

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [one.name for one in self.resources]
        if not names:
            raise _wrong("至少映射一项信息资源", "map at least one resource")
        if len(set(names)) != len(names):
            raise _wrong("同一信息资源映射了两次", "a resource is mapped twice")
        return self

    @classmethod
    def from_toml(
        cls, document: Mapping[str, Any], where: str, folder: Path | None = None
    ) -> SourceMapping:
        """Read the mapping from a parsed TOML document; other sections are left alone.

        Args:
            document: The document.
            where: Its file, for errors.
            folder: Where relative paths start; default the working directory.

        Raises:
            MappingError: `MAPPING_INVALID`, listing every fault with its key.
        """
        ours: dict[str, Any] = {
            key: document[key] for key in ("source", "resource") if key in document
        }
        try:
            return cls.model_validate({**ours, "where": where, "folder": folder or Path()})
        except ValidationError as error:
            findings = [_finding(fault) for fault in error.errors(include_input=False)]
        raise MappingError("MAPPING_INVALID", findings, where=where)

    def resource(self, name: str) -> ResourceMapping | None:
        """Return the mapping of a resource, or None when this source does not offer it."""
        return next((one for one in self.resources if one.name == name), None)


def _finding(fault: ErrorDetails) -> Finding:
    if fault["type"] == "mapping":
        zh, en = fault["ctx"]["zh"], fault["ctx"]["en"]
    else:
        known = _TEXTS.get(fault["type"], (_WRONG, "it is not an accepted value"))
        zh, en = (text.format_map(fault.get("ctx", {})) for text in known)
    return Finding("MAPPING_INVALID", zh, en, _key(fault["loc"]) or "resource")


def _key(path: Sequence[str | int]) -> str:
    """Write a key's path as an operator would look for it: `resource[2].columns.balance`."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")
