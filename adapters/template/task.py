"""What one list asks: a line of a request, under one order, about the persons of one part."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Self
from uuid import UUID

from bus.model.request import Person
from bus.model.returns import TaskKey

_TOKEN = re.compile(
    r"HT1-(?P<order>[0-9a-f]{64})-(?P<part>[1-9][0-9]{0,8})-(?P<line>[1-9][0-9]{0,8})"
    r"-(?P<list>[0-9a-f]{32})"
)


@dataclass(frozen=True, slots=True)
class Token:
    """What a workbook is known again by: its task and the list it was made as.

    It stands in a cell; it is no secret and proves nothing: what comes back is held against the
    order itself.
    """

    key: TaskKey
    list_id: UUID

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the token of a cell's text, or None when it is none."""
        found = _TOKEN.fullmatch(text.strip())
        if found is None:
            return None
        key = TaskKey(bytes.fromhex(found["order"]), int(found["part"]), int(found["line"]))
        return cls(key, UUID(hex=found["list"]))

    def __str__(self) -> str:
        """Return the cell's text."""
        key = self.key
        return f"HT1-{key.order.hex()}-{key.part}-{key.line}-{self.list_id.hex}"


@dataclass(frozen=True, slots=True)
class ListTask:
    """A list as it goes out: what R070 says a request carries, and under whose authority.

    `requester` and `provider` are participant ids, the titles their Chinese names. `items` are the
    approved ones, and no other is ever on the list (R052). Both dates null: the latest data (R053).
    `due` is the end of the term (R029), `issued` when the list was made, both UTC.
    """

    token: Token
    query: UUID
    requester: str
    requester_title: str
    provider: str
    provider_title: str
    business: str
    purpose: str = field(repr=False)
    resource: str
    items: tuple[str, ...]
    time_from: date | None
    time_to: date | None
    due: datetime
    issued: datetime
    persons: tuple[Person, ...] = field(repr=False)

    @property
    def file_stem(self) -> str:
        """Name of its file without the ending; no personal data."""
        key = self.token.key
        return f"{str(self.query)[:13]}-{key.part}-{key.line}-{self.token.list_id.hex[-12:]}"
