"""Asks which database, table and columns; tries each answer on the database at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.init.asking import NONE, Asking, Question, invalid, one_of
from adapters.init.beginning import Beginning
from adapters.init.guess import proposed
from adapters.init.id_types import ask_id_types, ask_only_id_type
from adapters.init.page import about, inline, listed, quoted
from adapters.judge import Row
from adapters.mapping.faults import MappingError
from adapters.sql.connector import SqlConnector
from adapters.sql.look import Column, columns_of, tables_of
from adapters.sql.mapping import SqlMapping
from bus.errors import HeduiError
from schemas.resources import Item, Resource
from signer.secretfiles import write_new

_PROBE = {"table": "probe", "id_number": "probe", "columns": {"id_number": "probe"}}
"""Stands for the resources while only the source is known."""

_POLICIES = ("not_answerable", "not_found", "answer")
_ROWS_SEEN = 200
_TEXTS = (
    "schema",
    "table",
    "id_number",
    "id_type",
    "id_type_value",
    "person_name",
    "name_mismatch",
)
"""Keys of the mapping that hold a text, in the order in which they stand in the file."""


@dataclass
class Database:
    """What has been answered of one database.

    Attributes:
        asking: Where answers come from.
        beginning: Who it is for.
        resources: The catalogue's resources by name.
        folder: The file's folder.
        say: Told what is being waited for.
        secret: The password file that was written meanwhile; None where there was one, or none.
    """

    asking: Asking
    beginning: Beginning
    resources: Mapping[str, Resource]
    folder: Path
    say: Callable[[str], None]
    secret: Path | None = None
    _source: dict[str, Any] = field(default_factory=dict)
    _entry: dict[str, Any] = field(default_factory=dict)

    def ask(self) -> None:
        """Ask everything, until source and mapping fit.

        Raises:
            HeduiError: What does not fit, where answers come from a file.
        """
        tables = self._reached()
        while True:
            try:
                self._map(tables)
                self.say("正在检查，大表可能需要几分钟 / checking; a large table may take minutes")
                asyncio.run(self._check())
            except HeduiError as error:
                self.asking.again(error)
            else:
                return

    def sample(self, count: int) -> Sequence[Row]:
        """Return some rows of the mapped table."""
        return asyncio.run(self._rows(count)) or ()

    @property
    def columns(self) -> Mapping[str, str]:
        """Columns by item."""
        found: Mapping[str, str] = self._entry["columns"]
        return found

    def sections(self) -> str:
        """Return `[source]` and `[[resource]]` as they stand in the file."""
        source, entry = self._source, self._entry
        resource = self.beginning.resource
        lines = ["[source]", 'kind = "sql"', f"url = {quoted(source['url'])}"]
        if "password_file" in source:
            lines.append(f"password_file = {quoted(source['password_file'])}  # 0600")
        lines += ["statement_timeout_seconds = 60", "connections = 2", "", "[[resource]]"]
        lines.append(f"name = {quoted(resource.name)}  # {resource.zh} {resource.en}")
        lines += [f"{key} = {quoted(entry[key])}" for key in _TEXTS if key in entry]
        if "id_types" in entry:
            lines.append(f"id_types = {inline(entry['id_types'])}  # 来源代码 = 证件类型代码")
        lines.append(f"not_held = {listed(entry['not_held'])}  # 来源没有 not kept by this source")
        lines += ["", "[resource.columns]  # 内容项 item = 列 column"]
        for item in resource.items:
            if item.name in entry["columns"]:
                column = quoted(entry["columns"][item.name])
                lines.append(f"{item.name} = {column}  {about(item)}")
        lines += ["", "# [resource.codes.status]  # 来源代码 = 文本 the source's code = text"]
        lines += ['# "01" = "正常"', ""]
        return "\n".join(lines)

    def _reached(self) -> list[str]:
        """Ask where the database is, until it is reached; returns its tables."""
        while True:
            try:
                self._source = {"kind": "sql", "url": self._url()}
                self._ask_password()
                self.say("正在连接 / connecting")
                return asyncio.run(tables_of(self._mapping(_PROBE)))
            except HeduiError as error:
                self.forget_secret()
                self.asking.again(error)

    def _url(self) -> str:
        return self.asking.ask(
            Question(
                "url",
                "数据库连接地址，不含口令",
                "the database's URL, without a password",
                f"postgresql+asyncpg://hedui@db.example/{self.beginning.agency}",
                "如 postgresql+asyncpg://用户@主机/库，mysql+asyncmy://用户@主机/库，"
                "sqlite+aiosqlite:///文件.db",
                "of an account that may only select",
                self._checked_url,
            )
        )

    def _checked_url(self, answer: str) -> str:
        try:
            self._mapping(_PROBE, {"kind": "sql", "url": answer})
        except MappingError as error:
            first = error.findings[0]
            raise invalid(first.zh, first.en) from None
        return answer

    def _ask_password(self) -> None:
        local = self._source["url"].startswith("sqlite")
        file = self.asking.ask(
            Question(
                "password_file",
                "口令文件",
                "password file",
                NONE if local else f"{self.beginning.agency}.source-password",
                f"不存在则问口令并写入，权限 0600；没有口令填 {NONE}",
                f"where there is none, the password is asked for and written; {NONE}: no password",
            )
        )
        if file == NONE:
            return
        self._source["password_file"] = file
        path = self.folder / file
        if not path.exists():
            password = self.asking.secret("数据库口令", "the database's password")
            write_new(path, password.encode())
            self.secret = path

    def forget_secret(self) -> None:
        """Take the password file away again that was written here."""
        if self.secret is not None:
            self.secret.unlink(missing_ok=True)
            self.secret = None

    def _map(self, tables: Sequence[str]) -> None:
        self._entry = {}
        resource = self.beginning.resource
        schema, table, columns = self._table(tables)
        names = [one.name for one in columns]
        held: dict[str, str] = {}
        for item in resource.items:
            column = self.asking.ask(self._column_question(item, columns, names))
            if column != NONE:
                held[item.name] = column
        self._entry = {
            "name": resource.name,
            "table": table,
            **({"schema": schema} if schema else {}),
            "id_number": held["id_number"],
            "columns": held,
            "not_held": [item.name for item in resource.items if item.name not in held],
        }
        self._ask_policy(held)
        self._ask_id_types(held)

    def _table(self, tables: Sequence[str]) -> tuple[str, str, list[Column]]:
        named = self.beginning.resource.name.replace("-", "_")
        likely = next((one for one in tables if named in one.casefold()), None)
        shown = "、".join(tables[:40]) or NONE
        answer = self.asking.ask(
            Question(
                "table",
                "表或视图",
                "table or view",
                likely or (tables[0] if tables else named),
                f"库中有：{shown}",
                "one of these; schema.table for another schema",
            )
        )
        schema, _, table = answer.rpartition(".")
        entry = {**_PROBE, "table": table, **({"schema": schema} if schema else {})}
        columns = asyncio.run(columns_of(self._mapping(entry), table, schema or None))
        if not columns:
            raise invalid("数据源中没有此表或视图", "the source has no such table or view", "table")
        return schema, table, columns

    def _column_question(
        self, item: Item, columns: Sequence[Column], names: Sequence[str]
    ) -> Question:
        needed = item.name == "id_number"
        told = "、".join(f"{one.name} {one.comment}".strip() for one in columns)
        return Question(
            f"columns.{item.name}",
            f"“{item.zh}”的列",
            f"column of {item.en}",
            proposed(item, columns) or (names[0] if needed else NONE),
            f"{item.kind.value}；该表的列：{told}" + ("" if needed else f"；没有则填 {NONE}"),
            "a column of the table" + ("" if needed else f"; {NONE}: not held"),
            one_of(names if needed else [*names, NONE]),
        )

    def _ask_policy(self, held: Mapping[str, str]) -> None:
        if "name" not in held:
            return
        self._entry["person_name"] = held["name"]
        self._entry["name_mismatch"] = self.asking.ask(
            Question(
                "name_mismatch",
                "证件号码相同而姓名不同时",
                "where the number agrees and the name differs",
                _POLICIES[0],
                "not_answerable 无法答复，not_found 不计该行，answer 照常答复",
                "cannot be answered, leave the row out, answer all the same",
                one_of(_POLICIES),
            )
        )

    def _ask_id_types(self, held: Mapping[str, str]) -> None:
        if "id_type" not in held:
            self._entry["id_type_value"] = ask_only_id_type(self.asking)
            return
        self._entry["id_type"] = held["id_type"]
        rows = asyncio.run(self._rows(_ROWS_SEEN)) or ()
        if own := ask_id_types(self.asking, [row[held["id_type"]] for row in rows]):
            self._entry["id_types"] = own

    def _mapping(
        self, entry: Mapping[str, Any], source: Mapping[str, Any] | None = None
    ) -> SqlMapping:
        named = {"name": self.beginning.resource.name, **entry}
        document = {"source": dict(source or self._source), "resource": [named]}
        return SqlMapping.from_toml(document, "hedui adapter init", self.folder)

    async def _check(self) -> None:
        connector = SqlConnector(self._mapping(self._entry), self.resources)
        try:
            await connector.check()
        finally:
            await connector.close()

    async def _rows(self, count: int) -> Sequence[Row] | None:
        connector = SqlConnector(self._mapping(self._entry), self.resources)
        try:
            return await connector.sample(self.beginning.resource.name, count)
        finally:
            await connector.close()
