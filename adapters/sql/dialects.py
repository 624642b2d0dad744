"""What each kind of database is told, in its own words: only read, one state, no longer than this.

| database | on each connection | at the start of each reading |
|---|---|---|
| PostgreSQL | `REPEATABLE READ, READ ONLY`; plans for the values asked | `statement_timeout` |
| MySQL, MariaDB | the same; utf8mb4 | a time limit, `START TRANSACTION WITH CONSISTENT SNAPSHOT` |
| SQLite | `query_only` | `BEGIN`; a deadline for each statement |

So all statements of one reading see one state of the data, a statement that nobody waits for ends
in the server too, and no write gets through even where the account could. Another database is told
nothing: there the account's rights and the connector's own patience are all there is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

POSTGRESQL, MYSQL, MARIADB, SQLITE = "postgresql", "mysql", "mariadb", "sqlite"

NETWORKED = frozenset({POSTGRESQL, MYSQL, MARIADB})
"""The databases of a network that this file knows."""

_SAVEPOINT = "hedui"

_MYSQL_SESSION = ("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",)

_SESSION: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        POSTGRESQL: (
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        ),
        MYSQL: _MYSQL_SESSION,
        MARIADB: _MYSQL_SESSION,
        SQLITE: ("PRAGMA query_only = ON",),
    }
)
"""By dialect, what a new session is told."""

_POSTGRES_WISHES: Mapping[str, str] = MappingProxyType(
    {
        # A plan for any list of numbers would search a list of thousands for every row.
        "plan_cache_mode": "force_custom_plan",
        # Ends a statement whose client has gone (PostgreSQL 14, Linux).
        "client_connection_check_interval": "1s",
    }
)
"""Settings of PostgreSQL that help where the server has them."""

_SQLITE_STEPS = 10_000
"""How many steps of its machine SQLite takes between two looks at the clock."""

_SQLITE_INTERRUPTED = 9
_POSTGRES_CANCELLED = "57014"
_MYSQL_TIME_LIMITS = frozenset({1969, 3024})
"""Numbers of the error that a statement met its time limit: MariaDB's, MySQL's."""

_POSTGRES_DAY_ZERO = date(2000, 1, 1).toordinal()
_POSTGRES_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - `timestamp` has no zone
_POSTGRES_EPOCH_UTC = _POSTGRES_EPOCH.replace(tzinfo=UTC)
_BEYOND = "beyond any calendar"


@dataclass(frozen=True, slots=True)
class Habits:
    """How statements are best put to one kind of database.

    Attributes:
        chunk: ID numbers in one statement; each in up to three forms stays below what it takes.
        takes_list: Whether the numbers go as one value, a list, so that one statement fits all.
    """

    chunk: int
    takes_list: bool


_OTHERS = Habits(300, takes_list=False)
_HABITS: Mapping[str, Habits] = MappingProxyType(
    {
        POSTGRESQL: Habits(2000, takes_list=True),
        MYSQL: Habits(1000, takes_list=False),
        MARIADB: Habits(1000, takes_list=False),
    }
)


def habits_of(connection: AsyncConnection) -> Habits:
    """Return how statements are best put to this database."""
    return _HABITS.get(connection.dialect.name, _OTHERS)


def prepare(dialect: str, connection: Any) -> None:
    """Tell a new session what holds for all of it.

    Args:
        dialect: SQLAlchemy's name of the database.
        connection: The connection in SQLAlchemy's synchronous dress.
    """
    if dialect == SQLITE:
        # Bytes that are no UTF-8 would fail the whole statement, for one person's value; as
        # surrogates they reach the value check and fail that person alone.
        connection.driver_connection.text_factory = _lenient_text
    if dialect == POSTGRESQL and hasattr(connection.driver_connection, "set_type_codec"):
        connection.run_async(_prepare_asyncpg)
    statements = _SESSION.get(dialect, ())
    for statement in statements:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
    if statements:
        # A session setting made in a transaction ends with it unless it is committed.
        connection.commit()


async def begin(connection: AsyncConnection, seconds: float) -> None:
    """Begin a reading: one state of the data, and no statement longer than this.

    Args:
        connection: A connection on which nothing was done since it was taken.
        seconds: The limit, which the server enforces.
    """
    milliseconds = max(1, round(seconds * 1000))
    match connection.dialect.name:
        case "postgresql":
            await connection.exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds}")
            await connection.exec_driver_sql(f"SAVEPOINT {_SAVEPOINT}")
        case "mysql" | "mariadb":
            limit = (
                f"max_statement_time = {milliseconds / 1000}"
                if getattr(connection.dialect, "is_mariadb", False)
                else f"max_execution_time = {milliseconds}"
            )
            await connection.exec_driver_sql(f"SET SESSION {limit}")
            await connection.exec_driver_sql(
                "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
            )
        case "sqlite":
            await connection.exec_driver_sql("BEGIN")


async def execute(connection: AsyncConnection, statement: Executable, seconds: float) -> list[Any]:
    """Return all rows of a statement of a reading, as the driver makes them.

    Given up by its caller, a statement of SQLite is ended and waited for: closed under way, its
    connection would keep the file locked. What servers run they end themselves (`begin`).

    Args:
        connection: A connection on which a reading has begun.
        statement: A SELECT.
        seconds: How long it may take; for SQLite, which has no limit of its own.
    """
    if connection.dialect.name != SQLITE:
        return _rows_of(await connection.execute(statement))
    driver: Any = (await connection.get_raw_connection()).driver_connection
    limit = _Limit(time.monotonic() + seconds)
    await driver.set_progress_handler(limit, _SQLITE_STEPS)
    running = asyncio.ensure_future(connection.execute(statement))
    try:
        return _rows_of(await asyncio.shield(running))
    except asyncio.CancelledError:
        # Not by an interrupt: one that comes before the statement runs is lost.
        limit.given_up = True
        await asyncio.wait([running])
        limit.given_up = False
        # Taken, so that nobody misses it.
        running.exception()
        raise


def _rows_of(result: CursorResult[Any]) -> list[Any]:
    """Return the driver's own rows, which are all there: SQLAlchemy would make each another."""
    cursor: Any = result.cursor
    rows: list[Any] = cursor.fetchall()
    result.close()
    return rows


async def go_on(connection: AsyncConnection) -> None:
    """Make a reading usable again after one of its statements was refused.

    PostgreSQL takes no further statement in a transaction of which one has failed; others do.
    """
    if connection.dialect.name == POSTGRESQL:
        await connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")


def met_time_limit(error: DBAPIError) -> bool:
    """Return whether the database itself ended the statement at the limit of `begin`."""
    original = error.orig
    number = next(iter(getattr(original, "args", ())), None)
    return (
        getattr(original, "sqlstate", None) == _POSTGRES_CANCELLED
        or getattr(original, "sqlite_errorcode", None) == _SQLITE_INTERRUPTED
        or (isinstance(number, int) and number in _MYSQL_TIME_LIMITS)
    )


def _lenient_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@dataclass(slots=True)
class _Limit:
    """What SQLite asks every so many steps: whether the statement is to end."""

    end: float
    given_up: bool = False

    def __call__(self) -> bool:
        return self.given_up or time.monotonic() > self.end


async def _prepare_asyncpg(connection: Any) -> None:
    """Give asyncpg readers of days and instants that fail a value, not the statement.

    Its own raise beyond the years 1 to 9999, for everybody in the statement, and take `infinity`
    for the last day of 9999.
    """
    for name, read in (("date", _day), ("timestamp", _clock), ("timestamptz", _instant)):
        await connection.set_type_codec(
            name, schema="pg_catalog", format="tuple", encoder=tuple, decoder=read
        )
    known = await connection.fetch(
        "SELECT name FROM pg_settings WHERE name = ANY ($1)", list(_POSTGRES_WISHES)
    )
    for (name,) in known:
        await _wish(connection, name, _POSTGRES_WISHES[name])


async def _wish(connection: Any, name: str, value: str) -> None:
    import asyncpg  # noqa: PLC0415 - here it is installed: this is its connection

    try:
        await connection.fetch("SELECT set_config($1, $2, false)", name, value)
    except asyncpg.PostgresError:
        # Not on this system: the server goes without.
        return


@lru_cache(maxsize=1 << 16)
def _day(raw: tuple[int]) -> date | str:
    try:
        return date.fromordinal(raw[0] + _POSTGRES_DAY_ZERO)
    except (ValueError, OverflowError):
        return _BEYOND


def _clock(raw: tuple[int]) -> datetime | str:
    try:
        return _POSTGRES_EPOCH + timedelta(microseconds=raw[0])
    except OverflowError:
        return _BEYOND


def _instant(raw: tuple[int]) -> datetime | str:
    try:
        return _POSTGRES_EPOCH_UTC + timedelta(microseconds=raw[0])
    except OverflowError:
        return _BEYOND
