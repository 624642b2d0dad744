"""What libraries log becomes one of our lines: library and place, never the library's text.

A library's text may quote an address, a query or a value; its place says enough to look it up. The
same place is written once a minute at most: a broker that is down would fill the disk otherwise.
"""

from __future__ import annotations

import logging

from bus.logs.setup import Logger

REPEAT_SECONDS = 60


class _Places(logging.Handler):
    def __init__(self, log: Logger) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._written: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        where = f"{record.name}:{record.module}:{record.lineno}"
        last = self._written.get(where)
        if last is not None and record.created < last + REPEAT_SECONDS:
            return
        self._written[where] = record.created
        self._log.warning("library.warning", where=where)


def route_foreign(log: Logger) -> None:
    """Send what libraries log at warning or above to our log, and everything else nowhere."""
    root = logging.getLogger()
    root.handlers[:] = [_Places(log)]
    root.setLevel(logging.WARNING)
