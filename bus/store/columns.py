"""Column types: how instants, ids and headers lie in a database."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Text, TypeDecorator

from bus.ports.instants import from_milliseconds, to_milliseconds

# SQLite gives numbers by itself only to a column that is called INTEGER.
RowNumber = BigInteger().with_variant(Integer(), "sqlite")


class Instant(TypeDecorator[datetime]):
    """An instant as whole milliseconds since 1970-01-01T00:00:00Z."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the milliseconds to store."""
        return None if value is None else to_milliseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the instant that was stored, in UTC."""
        return None if value is None else from_milliseconds(value)


class UuidBytes(TypeDecorator[UUID]):
    """A UUID as its 16 bytes, so that UUIDv7 sort by their time."""

    impl = LargeBinary(16)
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the bytes to store."""
        return None if value is None else value.bytes

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> UUID | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the UUID that was stored."""
        return None if value is None else UUID(bytes=value)


class Headers(TypeDecorator[tuple[tuple[str, bytes], ...]]):
    """Record headers, in order, as JSON: [[name, hex of the value], …]."""

    impl = Text
    cache_ok = True

    def process_bind_param(
        self,
        value: tuple[tuple[str, bytes], ...] | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> str | None:
        """Return the JSON text to store."""
        if value is None:
            return None
        return json.dumps([[name, content.hex()] for name, content in value], ensure_ascii=False)

    def process_result_value(
        self,
        value: str | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> tuple[tuple[str, bytes], ...] | None:
        """Return the headers that were stored."""
        if value is None:
            return None
        return tuple((name, bytes.fromhex(content)) for name, content in json.loads(value))
