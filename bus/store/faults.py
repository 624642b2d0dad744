"""Which of our errors a foreign one becomes. No foreign exception leaves this room.

The texts name SQLite's result code (https://www.sqlite.org/rescode.html) and the database file,
never a statement's values.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, StatementError

from bus.errors import HeduiError
from bus.ports.store_errors import StoreCorrupt, StoreUnavailable

_FULL = {sqlite3.SQLITE_FULL}
_UNWRITABLE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
}
_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_PROTOCOL,
}
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def own_error(error: Exception) -> HeduiError | None:
    """Return the error of ours that was raised, or that SQLAlchemy wrapped; None for a foreign one.

    Column types raise ours before a statement reaches the database.
    """
    cause = error.orig if isinstance(error, StatementError) else error
    return cause if isinstance(cause, HeduiError) else None


def translated(error: Exception, where: str) -> HeduiError:
    """Return the error of ours that stands for a foreign one raised inside this room.

    Args:
        error: What was raised: SQLAlchemy's, the driver's, or Python's own when a stored value is
            not of its type.
        where: The database, as an operator knows it.
    """
    cause = error.orig if isinstance(error, StatementError) else error
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause, where)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return unavailable("connection lost", where)
    if isinstance(cause, ValueError | TypeError):
        return corrupt(type(cause).__name__, where)
    return _statement_failed(type(cause).__name__, where)


def _of_sqlite(error: sqlite3.Error, where: str) -> HeduiError:
    # Errors of the module itself (a wrong number of parameters, a closed connection) have no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    primary = code & 0xFF
    if primary in _FULL:
        return full(name, where)
    if primary in _UNWRITABLE:
        return unwritable(name, where)
    if primary in _UNAVAILABLE:
        return unavailable(name, where)
    if primary in _CORRUPT:
        return corrupt(name, where)
    return _statement_failed(name, where)


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


def unwritable(name: str, where: str) -> StoreUnavailable:
    """Return the error of a file that cannot be opened, made or written."""
    return StoreUnavailable(
        "STORE_UNWRITABLE",
        f"数据库文件无法打开、创建或写入（{name}）",
        f"the database file cannot be opened, made or written ({name})",
        remedy_zh="请检查目录是否存在，以及目录与文件的所有者和权限",
        remedy_en="check that the directory exists, and who owns it and the file",
        where=where,
    )


def unavailable(name: str, where: str) -> StoreUnavailable:
    """Return the error of a database that cannot be used right now."""
    return StoreUnavailable(
        "STORE_UNAVAILABLE",
        f"数据库暂时不可用（{name}）",
        f"the database cannot be used right now ({name})",
        remedy_zh="请检查是否有其他进程占用该数据库，以及存储设备是否正常；程序会自动重试",
        remedy_en="check for another process using it and for a failing disk; it is tried again"
        " by itself",
        where=where,
    )


def corrupt(name: str, where: str) -> StoreCorrupt:
    """Return the error of a database that cannot be read back."""
    return StoreCorrupt(
        "STORE_CORRUPT",
        f"数据库内容已损坏或不是数据库文件（{name}）",
        f"the database is damaged, or no database at all ({name})",
        remedy_zh="请停止程序，保留该文件，并从备份恢复",
        remedy_en="stop, set the file aside and restore it from a backup",
        where=where,
    )


def _statement_failed(name: str, where: str) -> StoreCorrupt:
    return StoreCorrupt(
        "STORE_STATEMENT_FAILED",
        f"数据库拒绝执行语句（{name}）",
        f"the database refused a statement ({name})",
        remedy_zh="请保留数据库文件并报告此问题",
        remedy_en="keep the database file and report this",
        where=where,
    )
