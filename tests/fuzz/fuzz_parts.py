"""What the tables of parsers share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Parser:
    """One parser: `takes` says whether it took bytes, `samples` are such that it does."""

    takes: Callable[[bytes], bool]
    samples: Callable[[], list[bytes]]


class WrittenOtherwiseError(Exception):
    """A parser took bytes that its writer does not write."""


def same(data: bytes, written: bytes) -> bool:
    """Return True, for bytes that were taken and are written again as they were."""
    if written != data:
        raise WrittenOtherwiseError
    return True
