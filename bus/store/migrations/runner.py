"""Runs migrations with Alembic on a connection that is in a transaction already.

All steps happen in that one transaction, or none: PostgreSQL can take table definitions back, and
SQLite too, since our transactions begin by themselves (engine_sqlite.py). Alembic finds itself in
a transaction it did not begin, and commits nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

VERSION_TABLE = "hedui_version"
"""Of our own name, so that another product's Alembic table is not taken for ours."""

_HERE = Path(__file__).parent


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_HERE), version_locations=[str(_HERE / "versions")])


@cache
def versions() -> tuple[int, ...]:
    """Return the numbers of all versions, rising."""
    return tuple(sorted(int(script.revision) for script in _scripts().walk_revisions()))


def taken_back(version: int) -> tuple[str, str]:
    """Return what going back from a version takes away, in Chinese and in English."""
    zh, en = _scripts().get_revision(_revision(version)).module.TAKEN_BACK
    return zh, en


def heads(connection: Connection) -> tuple[str, ...]:
    """Return the revisions a database says it has."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_heads()


def adopt(connection: Connection, version: int) -> None:
    """Note the version of tables that were made before there were migrations."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    context.stamp(_scripts(), _revision(version))


def migrate(connection: Connection, target: int) -> None:
    """Bring the tables to a version, forwards or back.

    Args:
        connection: In a transaction, which the caller commits.
        target: One of `versions()`.
    """
    current = heads(connection)
    forwards = not current or int(current[0]) < target
    scripts = _scripts()

    def steps(revision: Any, _context: MigrationContext) -> Any:
        move: Callable[[str, Any], Any] = (
            scripts._upgrade_revs if forwards else scripts._downgrade_revs  # noqa: SLF001 - what Alembic's own environments call
        )
        return move(_revision(target), revision)

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(
            connection=connection, version_table=VERSION_TABLE, transactional_ddl=True
        )
        environment.run_migrations()


def _revision(version: int) -> str:
    return f"{version:04d}"
