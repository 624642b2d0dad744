"""What came back over HTTP, read whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

_AGAIN = frozenset({408, 425, 429})
_SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its status, its bytes, its charset where it names one.

    `retry_after` is how many seconds the service asks to be left alone; None where it does not say.
    """

    status: int
    content: bytes = field(repr=False)
    charset: str | None = None
    retry_after: float | None = None

    @property
    def again(self) -> bool:
        """Whether the status says that asking later may help."""
        return self.status in _AGAIN or self.status >= _SERVER_ERRORS


def retry_after(headers: httpx.Headers) -> float | None:
    """Return how many seconds a service asks to be left alone (RFC 9110, 10.2.3).

    A date is counted from the service's own clock, so that ours does not matter.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    until, present = _date(text), _date(headers.get("date", ""))
    if until is None or present is None:
        return None
    return max(0.0, (until - present).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
