"""Letters in the air and desks that take them: the pure path as the daemons walk it, without keys.

A letter is what a participant would read from a topic: verified, opened where it is sealed to the
reader, named by a digest. Everything a desk does with it happens whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace

from flow_samples import FUND, ITEMS, NOW, QUERY, request

from bus.flow.cut_off import was_cut_off
from bus.flow.routing import plan
from bus.model.case import RowState
from bus.rules.working_days import Calendar
from bus.wire.message import Message
from signer.directory.view import Directory, Offer, Participant, Standing
from signer.envelope.kinds import Kind
from signer.identity import role_of

CALENDAR = Calendar()
REQUEST = request()

TREE = {
    "hub": None,
    "370000": "hub",
    "320000": "hub",
    "321200": "320000",
    "500000": "hub",
    "hub.fund": "hub",
    "370000.fund": "370000",
    "320000.fund": "320000",
    "321200.fund": "321200",
    "500000.fund": "500000",
}
AGENCIES = tuple(name for name in TREE if "." in name)


@cache
def directory(suspended: str | None = None) -> Directory:
    """Return the country, one of whom may be suspended."""
    participants = {
        name: Participant(
            id=name,
            role=role_of(name),
            parent=parent,
            title=name,
            keys=(),
            offers=(Offer(FUND, ITEMS, 5),) if "." in name else (),
            standing=Standing.SUSPENDED if name == suspended else Standing.CONNECTED,
        )
        for name, parent in TREE.items()
    }
    return Directory(1, NOW, NOW + timedelta(minutes=30), participants)


@cache
def planned(me: str, granted, suspended: str | None):
    """Return whom a centre asks; it does not depend on the part."""
    application = b"\x0a" * 32
    return plan(me, application, REQUEST.lines, granted, directory(suspended), CALENDAR, NOW)


def digest(*parts) -> bytes:
    """Return 32 bytes that name what they are made of."""
    return hashlib.sha256(repr(parts).encode()).digest()


@dataclass(frozen=True)
class Letter:
    """A message on one edge of the tree: `sender` hands it to `to`.

    `granted` is the order addressed to `to`; `readers` who can open it.
    """

    to: str
    sender: str
    kind: str
    source: str
    destination: str
    body: object
    readers: frozenset[str]
    digest: bytes
    chain: bytes
    granted: object = None
    order: bytes | None = None
    resource: str | None = None
    part: int | None = None
    fragment: int = 0
    last: bool = True

    @property
    def name(self) -> tuple[bytes, bool]:
        """What a duplicate is known by: a Roster passes a centre on its way up, and comes again."""
        up = self.kind == Kind.ROSTER and self.granted is None and self.destination != self.to
        return self.digest, up

    def message(self, now: datetime) -> Message:
        """Return it as the path gets it."""
        header = SimpleNamespace(
            conversation=QUERY,
            kind=self.kind,
            source=self.source,
            destination=self.destination,
            order=self.order,
            resource=self.resource,
            roster_part=self.part,
            fragment=self.fragment,
            last=self.last,
            subject_count=1,
        )
        statement = SimpleNamespace(order=self.granted)
        opened = SimpleNamespace(
            header=header, digest=self.digest, chain=self.chain, statements=(statement,)
        )
        body = self.body if self.to in self.readers else None
        return Message(opened, body, None, now)

    def onwards(self, to: str, granted=None, *, add_reader: bool = False) -> Letter:
        """Return it as its reader passes it on, perhaps under an order."""
        return replace(
            self,
            to=to,
            sender=self.to,
            chain=digest(self.chain, self.to, to, granted),
            granted=granted,
            readers=self.readers | {to} if add_reader else self.readers,
        )


@dataclass
class Books:
    """How often each row of each case was closed and opened again, and which cases moved."""

    closed: Counter = field(default_factory=Counter)
    opened: Counter = field(default_factory=Counter)
    changed: list = field(default_factory=list)
    moved: set = field(default_factory=set)

    def follow(self, name, before, after) -> None:
        """Compare the rows of a case before and after."""
        if before is not None and before.state is not after.state:
            self.moved.add((after.role, before.state, after.state))
        was = {_key(row): row for row in before.rows} if before else {}
        for row in after.rows:
            key = (name, after.role, *_key(row))
            old = was.get(_key(row))
            open_before = old is None or old.state is RowState.OPEN
            if open_before and row.state is not RowState.OPEN:
                self.closed[key] += 1
            elif not open_before and row.state is RowState.OPEN:
                self.opened[key] += 1
            elif old is not None and was_cut_off(old) and row.state is RowState.ANSWERED:
                # What the hub had taken before it closed the row counts after all.
                self.opened[key] += 1
                self.closed[key] += 1
            elif old is not None and not open_before and _end(old) != _end(row):
                self.changed.append(key)


def _key(row):
    return row.part, row.resource, row.holder, row.order


def _end(row):
    return row.state, row.code, row.fragments
