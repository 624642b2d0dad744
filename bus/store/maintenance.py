"""An operator's way to another version of the tables, forwards and back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from bus.errors import InputError
from bus.store.faults import in_use, own_error, translated
from bus.store.location import Access, database_of
from bus.store.migrations.runner import taken_back, versions
from bus.store.schema import EMPTY, move, newest, version_of
from bus.store.unbroken import to_the_end

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shape:
    """Which version a database is of, and which this program works with; 0: no tables yet."""

    where: str
    version: int
    newest: int


class Maintenance:
    """Looks at a database's version and changes it.

    Args:
        url: The database, see `database_of`.
        access: What a connection to PostgreSQL needs beside it.

    Raises:
        ConfigError: As `database_of`.
    """

    def __init__(self, url: str, access: Access) -> None:
        self._database = database_of(url, access)

    async def status(self) -> Shape:
        """Return the version; changes nothing.

        Raises:
            StoreUnavailable, StoreCorrupt: As `SqlStore.open`.
            ConfigError: `STORE_VERSION_UNKNOWN`.
        """
        where = self._database.where
        version = EMPTY
        if self._database.exists():
            version = await self._run(lambda connection: version_of(connection, where), alone=False)
        return Shape(where, version, newest())

    async def upgrade(self) -> Shape:
        """Make the tables or bring them forward, as a daemon does by itself; returns the old shape.

        Raises:
            StoreUnavailable, StoreCorrupt, ConfigError: As `SqlStore.open`.
        """
        where = self._database.where
        self._database.prepare()
        old = await self._run(lambda connection: move(connection, where, newest()), alone=False)
        return Shape(where, old, newest())

    async def downgrade(self, target: int) -> Shape:
        """Take the tables back to an earlier version; returns the old shape.

        Args:
            target: The version, at least 1.

        Raises:
            InputError: `STORE_TARGET_INVALID`: no earlier version than the database's own.
            ConfigError: `STORE_IN_USE`: a daemon has it open. `STORE_VERSION_NEWER`,
                `STORE_VERSION_UNKNOWN`.
            StoreUnavailable, StoreCorrupt: As `SqlStore.open`.
        """
        where = self._database.where

        def back(connection: Connection) -> int:
            if self._database.in_use(connection):
                raise in_use(where)
            version = version_of(connection, where)
            if target not in versions() or target >= version:
                raise _target_invalid(target, version)
            return move(connection, where, target)

        if not self._database.exists():
            raise _target_invalid(target, EMPTY)
        return Shape(where, await self._run(back, alone=True), newest())

    async def _run(self, work: Callable[[Connection], T], *, alone: bool) -> T:
        engine = self._database.engine(alone=alone)
        try:
            return await to_the_end(_in_transaction(engine.begin(), work))
        except Exception as error:  # noqa: BLE001 - whatever it is, it leaves as one of ours
            # `from None`: a foreign text may quote values.
            raise own_error(error) or translated(error, self._database) from None
        finally:
            await to_the_end(self._database.let_go(engine))


def goes(version: int, target: int) -> tuple[tuple[str, str], ...]:
    """Return what each step back from `version` to `target` takes away, Chinese and English."""
    return tuple(taken_back(step) for step in reversed(versions()) if target < step <= version)


def _target_invalid(target: int, version: int) -> InputError:
    return InputError(
        "STORE_TARGET_INVALID",
        f"不能从版本 {version} 回退到版本 {target}",
        f"there is no way back from version {version} to version {target}",
        remedy_zh="请用 hedui store status 查看数据库版本，并给出更早的版本（最早为 1）",
        remedy_en="see the database's version with `hedui store status`, and name an earlier one,"
        " 1 at the earliest",
        where="--to",
    )


async def _in_transaction(
    begun: AbstractAsyncContextManager[AsyncConnection], work: Callable[[Connection], T]
) -> T:
    async with begun as connection:
        return await connection.run_sync(work)
