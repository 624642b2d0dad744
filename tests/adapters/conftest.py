"""Synthetic people, a fund centre's database in a file, and questions about both."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sql_sites import (
    MARIADB,
    NAMES,
    POSTGRESQL,
    SERVERS,
    MariaDbSite,
    PostgresSite,
    SqliteSite,
    SqlSite,
)

from adapters.contract import Lookup, Subject
from adapters.mapping.faults import MappingError
from adapters.sql.connector import SqlConnector
from adapters.sql.mapping import SqlMapping
from schemas.resources import resources

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

WITHDRAWALS = {
    "name": "housing-fund-withdrawal",
    "table": "gjj_tq",
    "id_number": "zjhm",
    "id_type": "zjlx",
    "person_name": "xm",
    "columns": {
        "name": "xm",
        "id_type": "zjlx",
        "id_number": "zjhm",
        "account": "zh",
        "amount": "je",
        "withdrawn_on": "rq",
        "reason": "yy",
    },
    "not_held": ["paid_to"],
}

TABLE = """
CREATE TABLE gjj_tq (zjhm CHAR(20), zjlx VARCHAR(3), xm VARCHAR(40), zh VARCHAR(20),
                     je NUMERIC(18,2), rq DATE, yy VARCHAR(100), 批次 DATETIME)
"""


def id_number(serial: int) -> str:
    """Return an ID number nobody has: area 990000, a valid check digit."""
    body = f"99000019{60 + serial // 1000 % 40:02d}0101{serial % 1000:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def number() -> Callable[[int], str]:
    return id_number


@pytest.fixture
def number_with_x() -> str:
    return next(found for serial in range(999) if (found := id_number(serial)).endswith("X"))


@pytest.fixture
def person() -> Callable[..., Subject]:
    def make(serial: int, **changes: Any) -> Subject:
        subject = Subject(serial, f"测试{serial}", "111", id_number(serial))
        return replace(subject, **changes)

    return make


@pytest.fixture
def ask() -> Callable[..., Lookup]:
    def make(
        *persons: Subject,
        items: tuple[str, ...] = ("amount", "withdrawn_on"),
        days: tuple[date, date] | None = None,
        resource: str = "housing-fund-withdrawal",
    ) -> Lookup:
        start, end = days or (None, None)
        return Lookup(resource, items, start, end, persons)

    return make


@pytest.fixture
def database(tmp_path: Path) -> Callable[..., Path]:
    """Run SQL in the source, with parameters; makes the standard table first."""
    file = tmp_path / "fund.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(TABLE)

    def run(sql: str, *rows: tuple[object, ...]) -> Path:
        with closing(sqlite3.connect(file)) as connection, connection:
            if rows:
                connection.executemany(sql, rows)
            else:
                connection.executescript(sql)
        return file

    return run


@pytest.fixture
def withdrawal(database) -> Callable[..., None]:
    """Insert one row of the standard table; a person's serial fills what is not given."""

    def insert(serial: int, **values: object) -> None:
        row = {
            "zjhm": id_number(serial),
            "zjlx": "111",
            "xm": f"测试{serial}",
            "zh": f"00{serial}",
            "je": "1200.50",
            "rq": "2024-06-15",
            "yy": "购房",
            "批次": "2026-03-01 08:00:00",
            **values,
        }
        database("INSERT INTO gjj_tq VALUES (?, ?, ?, ?, ?, ?, ?, ?)", tuple(row.values()))

    return insert


@pytest.fixture
def mapping(tmp_path: Path) -> Callable[..., SqlMapping]:
    """Make a mapping of the standard table with some keys changed; None removes a key."""

    def make(source: dict[str, Any] | None = None, **changes: Any) -> SqlMapping:
        entry = {k: v for k, v in {**WITHDRAWALS, **changes}.items() if v is not None}
        document = {
            "source": {"url": "sqlite+aiosqlite:///fund.db", **(source or {})},
            "resource": [entry],
        }
        return SqlMapping.from_toml(document, "adapter.toml", tmp_path)

    return make


@pytest.fixture
async def connector(database, mapping) -> AsyncIterator[Callable[..., SqlConnector]]:
    """Make connectors on the standard table, closed at the end of the test."""
    made: list[SqlConnector] = []

    def make(source: dict[str, Any] | None = None, **changes: Any) -> SqlConnector:
        made.append(SqlConnector(mapping(source, **changes), resources()))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def _site(name: str, request: pytest.FixtureRequest, folder: Path) -> SqlSite:
    if name == POSTGRESQL:
        return await PostgresSite.make(request.getfixturevalue("postgres"))
    if name == MARIADB:
        return await MariaDbSite.make(request.getfixturevalue("mariadb_server"))
    return SqliteSite(folder / "source.db")


@pytest.fixture(params=NAMES)
async def site(request, tmp_path) -> SqlSite:
    """An empty database of each kind in turn."""
    return await _site(request.param, request, tmp_path)


@pytest.fixture(params=SERVERS)
async def server_site(request, tmp_path) -> SqlSite:
    """An empty database of each kind that has a server."""
    return await _site(request.param, request, tmp_path)


@pytest.fixture
async def postgres_site(request, tmp_path) -> SqlSite:
    return await _site(POSTGRESQL, request, tmp_path)


@pytest.fixture
async def mariadb_site(request, tmp_path) -> SqlSite:
    return await _site(MARIADB, request, tmp_path)


@pytest.fixture
async def reading(mapping) -> AsyncIterator[Callable[..., SqlConnector]]:
    """Make connectors on a table of a site, closed at the end of the test."""
    made: list[SqlConnector] = []

    def make(site: SqlSite, source: dict[str, Any] | None = None, **changes: Any) -> SqlConnector:
        whole = {"url": site.url, **(source or {})}
        made.append(SqlConnector(mapping(whole, **changes), resources()))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture
def mismatches_of() -> Callable[..., Awaitable[dict[str, str]]]:
    """Return a source's mismatches by their place."""

    async def of(connector: SqlConnector) -> dict[str, str]:
        with pytest.raises(MappingError) as caught:
            await connector.check()
        assert caught.value.code == "SOURCE_MISMATCH"
        return {finding.where: finding.code for finding in caught.value.findings}

    return of
