"""The mapping of an SQL source: which table and columns make which resource.

What every mapping has stands in `adapters.mapping.resource`; these keys are added:

    [source]
    kind = "sql"                         # the default
    url = "postgresql+asyncpg://hedui@db.example/fund"
    password_file = "db.password"        # beside the mapping, or absolute
    ca_file = "db-ca.pem"                # TLS: the authority of the database's certificate
    certificate_file = "adapter.pem"     # where the database asks for ours, with key_file
    key_file = "adapter.key"
    statement_timeout_seconds = 60
    connections = 2

    [[resource]]
    table = "gjj_withdrawal"             # a table or a view; `schema = "..."` where it needs one
    id_number_exact = true               # stored trimmed, upper-case, half-width: uses an index
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from adapters.mapping.document import SourceMapping, SourceSection
from adapters.mapping.faults import wrong
from adapters.mapping.resource import ResourceMapping

_NAME = re.compile(r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_$#\u4e00-\u9fff]*")
_SCHEMA = re.compile(rf"{_NAME.pattern}(\.{_NAME.pattern})*")


def _identifier(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise wrong(
            "名称只能含字母、数字、下划线和汉字，且不以数字开头",
            "a name holds letters, digits, underscores and Chinese characters and does not "
            "begin with a digit",
        )
    return name


def _schema_name(name: str) -> str:
    if not _SCHEMA.fullmatch(name):
        raise wrong("模式名不合规", "not the name of a database schema")
    return name


def _url(url: str) -> str:
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        # A port that is no number is a plain ValueError, and its text repeats the port.
        raise wrong(
            "不是 SQLAlchemy 连接地址", "not an SQLAlchemy URL such as sqlite+aiosqlite:///fund.db"
        ) from None
    if parts.password is not None or "password" in parts.query:
        raise wrong(
            "连接地址不得含口令，请改用 password_file",
            "the URL must not hold a password; use password_file",
        )
    return url


Identifier = Annotated[str, AfterValidator(_identifier)]


class SqlSource(SourceSection):
    """`[source]`: where the database is and how gently to use it."""

    url: Annotated[str, AfterValidator(_url)]
    password_file: Path | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    statement_timeout_seconds: float = Field(default=60.0, gt=0, le=3600)
    connections: int = Field(default=2, ge=1, le=32)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise wrong(
                "certificate_file 与 key_file 须一并给出", "give certificate_file and key_file both"
            )
        if self.certificate_file and self.ca_file is None:
            raise wrong("有 certificate_file 时须有 ca_file", "certificate_file needs ca_file")
        return self


class SqlResource(ResourceMapping):
    """`[[resource]]`: one table or view as one resource of the catalogue."""

    table: Identifier
    db_schema: Annotated[str, AfterValidator(_schema_name)] | None = Field(
        default=None, alias="schema"
    )
    id_number: Identifier
    id_number_exact: bool = False
    id_type: Identifier | None = None
    person_name: Identifier | None = None
    time_column: Identifier | None = None
    as_of_column: Identifier | None = None
    columns: dict[str, Identifier] = Field(min_length=1)

    @property
    def place(self) -> str:
        """The table for error texts, with its schema."""
        return f"{self.db_schema}.{self.table}" if self.db_schema else self.table


class SqlMapping(SourceMapping[SqlSource, SqlResource]):
    """The whole mapping of an SQL source."""
