"""Which of our errors a foreign one becomes. No foreign exception leaves this room.

What a code of SQLite or PostgreSQL means stands in faults_sqlite.py and faults_postgresql.py. The
texts name the code and the database, never a statement's values.
"""

from __future__ import annotations

from sqlalchemy.exc import StatementError

from bus.errors import ConfigError, HeduiError
from bus.ports.store_errors import StoreCorrupt, StoreUnavailable
from bus.store.database import Database


def own_error(error: Exception) -> HeduiError | None:
    """Return the error of ours that was raised, or that SQLAlchemy wrapped; None for a foreign one.

    Column types raise ours before a statement reaches the database.
    """
    cause = error.orig if isinstance(error, StatementError) else error
    return cause if isinstance(cause, HeduiError) else None


def translated(error: Exception, database: Database) -> HeduiError:
    """Return the error of ours that stands for a foreign one raised inside this room.

    Args:
        error: What was raised: SQLAlchemy's, the driver's, or Python's own when a stored value is
            not of its type.
        database: What it was raised about.
    """
    cause = error.orig if isinstance(error, StatementError) else error
    found = database.fault(cause)
    if found is not None:
        return found
    if isinstance(cause, ValueError | TypeError):
        return corrupt(type(cause).__name__, database.where)
    return statement_failed(type(cause).__name__, database.where)


def full(name: str, where: str) -> StoreUnavailable:
    """Return the error of a disk or quota without space; `name` is the foreign error's name."""
    return StoreUnavailable(
        "STORE_FULL",
        f"数据库没有可用空间（{name}）",
        f"the database has no space left ({name})",
        remedy_zh="请释放磁盘空间，程序会自动重试",
        remedy_en="free some disk space; it is tried again by itself",
        where=where,
    )


def corrupt(name: str, where: str) -> StoreCorrupt:
    """Return the error of a database that cannot be read back."""
    return StoreCorrupt(
        "STORE_CORRUPT",
        f"数据库内容已损坏或不是数据库文件（{name}）",
        f"the database is damaged, or no database at all ({name})",
        remedy_zh="请停止程序，保留原数据库，并从备份恢复",
        remedy_en="stop, set the database aside and restore it from a backup",
        where=where,
    )


def statement_failed(name: str, where: str) -> StoreCorrupt:
    """Return the error of a statement of ours that the database does not take."""
    return StoreCorrupt(
        "STORE_STATEMENT_FAILED",
        f"数据库拒绝执行语句（{name}）",
        f"the database refused a statement ({name})",
        remedy_zh="请保留数据库并报告此问题",
        remedy_en="keep the database and report this",
        where=where,
    )


def in_use(where: str) -> ConfigError:
    """Return the error of a database that a daemon has open."""
    return ConfigError(
        "STORE_IN_USE",
        "数据库正在被守护进程使用",
        "a daemon has the database open",
        remedy_zh="请先停止使用该数据库的所有实例，再执行此命令",
        remedy_en="stop every instance that uses it, then run this again",
        where=where,
    )
