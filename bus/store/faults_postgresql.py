"""Which of our errors one of PostgreSQL's, of its driver or of the network becomes.

By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), the whole code or its
class. The texts name the code and the server, never a value.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from types import MappingProxyType

from asyncpg.exceptions import InterfaceError

from bus.errors import HeduiError
from bus.ports.store_errors import StoreUnavailable
from bus.store.faults import corrupt, full, statement_failed


def of_postgresql(error: BaseException | None, where: str) -> HeduiError | None:
    """Return the error of ours for one of the server's, the driver's or the network's, or None.

    Args:
        error: The driver's own, or SQLAlchemy's form of it, which carries the same SQLSTATE.
        where: The server, as an operator knows it.
    """
    if error is None:
        return None
    kind = type(error)
    state = getattr(error, "sqlstate", None)
    if state is not None:
        name = f"{state} {type(error.__cause__ or error).__name__}"
        return _MEANT.get(state, _MEANT.get(state[:2], statement_failed))(name, where)
    # Python's plain ConnectionError is the driver's word for a server without TLS.
    if isinstance(error, ssl.SSLError) or kind is ConnectionError:
        return _tls_failed(kind.__name__, where)
    if isinstance(error, OSError | TimeoutError):
        return unavailable(kind.__name__, where)
    # Another instance has migrated the tables: the statement is prepared anew next time.
    if kind.__name__ == "InvalidCachedStatementError" or _connection_lost(error):
        return unavailable(kind.__name__, where)
    return None


def unavailable(name: str, where: str) -> StoreUnavailable:
    """Return the error of a server that cannot be reached, or did not answer in time."""
    return StoreUnavailable(
        "STORE_UNAVAILABLE",
        f"数据库服务暂时不可用（{name}）",
        f"the database server cannot be used right now ({name})",
        remedy_zh="请检查数据库服务是否在运行、网络是否可达，以及是否有其他会话长时间占用；"
        "程序会自动重试",
        remedy_en="check that the server runs and can be reached, and for a session that holds"
        " everybody up; it is tried again by itself",
        where=where,
    )


def _connection_lost(error: BaseException) -> bool:
    cause = error.__cause__ or error
    if isinstance(cause, InterfaceError):
        # The driver refuses to use a connection that the server or the network has closed. What a
        # value of ours could make it say (DataError) is also a ValueError.
        return not isinstance(cause, ValueError)
    return isinstance(cause, OSError | TimeoutError)


def _denied(name: str, where: str) -> StoreUnavailable:
    return StoreUnavailable(
        "STORE_DENIED",
        f"数据库服务拒绝了本程序（{name}）",
        f"the database server does not let us in ({name})",
        remedy_zh="请核对 [store] url 中的用户名与数据库名、password_file 中的口令、服务器的"
        " pg_hba.conf，以及该用户在数据库中建表的权限",
        remedy_en="check user and database in [store] url, the password in password_file,"
        " pg_hba.conf on the server, and that the user may create tables in the database",
        where=where,
    )


def _read_only(name: str, where: str) -> StoreUnavailable:
    return StoreUnavailable(
        "STORE_UNWRITABLE",
        f"数据库服务只允许读取（{name}）",
        f"the database server lets nobody write ({name})",
        remedy_zh="请让 [store] url 指向主库，而不是备库",
        remedy_en="let [store] url name the primary, not a standby",
        where=where,
    )


def _tls_failed(name: str, where: str) -> StoreUnavailable:
    return StoreUnavailable(
        "STORE_TLS",
        f"与数据库服务的 TLS 连接失败（{name}）",
        f"the TLS connection to the database server failed ({name})",
        remedy_zh="请核对 [store] ca_file 是否签发了服务器证书，证书是否在有效期内、含有 url 中的"
        "主机名，以及服务器是否开启了 ssl",
        remedy_en="check that [store] ca_file issued the server's certificate, that it is valid and"
        " names the host in url, and that the server has ssl = on",
        where=where,
    )


_MEANT: Mapping[str, Callable[[str, str], HeduiError]] = MappingProxyType(
    {
        "08": unavailable,  # connection exception
        "25006": _read_only,  # a standby, or default_transaction_read_only
        "25P03": unavailable,  # idle in a transaction for too long
        "25P04": unavailable,  # transaction_timeout
        "28": _denied,  # no such user, wrong password, not in pg_hba.conf
        "3D000": _denied,  # no such database
        "3F000": _denied,  # no such schema
        "40": unavailable,  # rolled back by the server: deadlock, serialisation
        "42501": _denied,  # a right is missing
        "53": unavailable,  # too many connections, out of memory
        "53100": full,
        "55P03": unavailable,  # lock_timeout
        "57": unavailable,  # shut down, starting up, statement_timeout
        "58": unavailable,  # I/O error
        "XX001": corrupt,
        "XX002": corrupt,
    }
)
