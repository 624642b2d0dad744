"""Structured logs: one JSON object a line, keys from a fixed list, no personal data.

A key that is not on the list is dropped rather than written: a log line can hold codes, ids,
counts and places, never a value from a workbook, a message or a table.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO

import structlog

Logger = structlog.typing.FilteringBoundLogger

KEYS = frozenset(
    {
        "timestamp",
        "level",
        "event",
        "participant",
        "loop",
        "code",
        "where",
        "query",
        "kind",
        "topic",
        "version",
        "count",
        "url",
        "socket",
        "role",
        "signal",
        "resource",
        "text",
        "part",
    }
)


class _Lines:
    """Writes lines to a stream; a stream that is gone ends the log, never the exchange."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, message: str) -> None:
        """Write one line."""
        with suppress(OSError, ValueError):
            self._stream.write(message + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = msg


def make_logger(participant: str, stream: TextIO | None = None) -> Logger:
    """Return the logger of one process, writing to `stream` or standard error."""
    logger: Logger = structlog.wrap_logger(
        _Lines(stream or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_listed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        participant=participant,
    )
    return logger


def _only_listed(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if key in KEYS}
