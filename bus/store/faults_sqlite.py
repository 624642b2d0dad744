"""Which of our errors one of SQLite's becomes, by its result code.

The texts name the code (https://www.sqlite.org/rescode.html) and the file, never a value.
"""

from __future__ import annotations

import sqlite3

from bus.errors import HeduiError
from bus.ports.store_errors import StoreUnavailable
from bus.store.faults import corrupt, full, statement_failed

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


def of_sqlite(error: BaseException | None, where: str) -> HeduiError | None:
    """Return the error of ours for one of SQLite's, None for any other."""
    if not isinstance(error, sqlite3.Error):
        return None
    # Errors of the module itself (a wrong number of parameters, a closed connection) have no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    primary = code & 0xFF
    if primary in _FULL:
        return full(name, where)
    if primary in _UNWRITABLE:
        return unwritable(name, where)
    if primary in _UNAVAILABLE:
        return _unavailable(name, where)
    if primary in _CORRUPT:
        return corrupt(name, where)
    return statement_failed(name, where)


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


def _unavailable(name: str, where: str) -> StoreUnavailable:
    return StoreUnavailable(
        "STORE_UNAVAILABLE",
        f"数据库暂时不可用（{name}）",
        f"the database cannot be used right now ({name})",
        remedy_zh="请检查是否有其他进程占用该数据库，以及存储设备是否正常；程序会自动重试",
        remedy_en="check for another process using it and for a failing disk; it is tried again"
        " by itself",
        where=where,
    )
