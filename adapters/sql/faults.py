"""Turns whatever a database or its driver raises into one coded error, without its text.

Drivers put parameters and values, that is persons, into their texts; only the kind is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from adapters.contract import SourceUnavailableError
from adapters.sql.dialects import met_time_limit


class StatementRefusedError(SourceUnavailableError):
    """The source is there and answers, but not this statement."""


@contextmanager
def source_faults(where: str) -> Iterator[None]:
    """Turn whatever is raised into one of our errors.

    Args:
        where: The table, for the error.

    Raises:
        StatementRefusedError: `SOURCE_FAILED`: the connection is well, the statement was not.
        SourceUnavailableError: `SOURCE_TIMEOUT` or `SOURCE_FAILED`.
    """
    try:
        yield
    except SourceUnavailableError:
        raise
    except (TimeoutError, NoConnectionError):
        raise _slow(where) from None
    except DBAPIError as error:
        if met_time_limit(error):
            raise _slow(where) from None
        # The driver's own kind says more than the family it belongs to.
        kind = type(error.orig or error).__name__
        raise _failed(where, kind, lost=error.connection_invalidated) from None
    except (ValueError, OverflowError) as error:
        # A driver could not read a value: bytes that are no text, a number beyond its type.
        raise _failed(where, type(error).__name__, lost=False) from None
    except Exception as error:  # noqa: BLE001 - each driver has error classes of its own
        raise _failed(where, type(error).__name__, lost=True) from None


def _slow(where: str) -> SourceUnavailableError:
    return SourceUnavailableError(
        "SOURCE_TIMEOUT",
        "数据源超时",
        "the source took too long",
        remedy_zh="请查看数据源负载，或为证件号码列建索引",
        remedy_en="Look at the source's load, or index the ID number",
        where=where,
    )


def _failed(where: str, kind: str, *, lost: bool) -> SourceUnavailableError:
    error = SourceUnavailableError if lost else StatementRefusedError
    return error(
        "SOURCE_FAILED",
        f"数据源出错（{kind}）",
        f"the source failed ({kind})",
        remedy_zh="请查看数据源的日志",
        remedy_en="Look at the source's own log",
        where=where,
    )
