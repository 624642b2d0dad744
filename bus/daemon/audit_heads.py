"""Signs heads over the audit chain, so that entries can be shown and their end is known.

A head is an entry itself (docs/spec/audit.md). One is made every few minutes while something
happens, soon after a query was delivered, and with every proof.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bus.daemon.office import Office
from bus.errors import UnavailableError
from bus.model.audit import Event
from bus.ports.store import AuditEntry, AuditEvent, Store, Unit
from signer.audit.chain import Entry
from signer.audit.heads import MAX_LEAVES, Head, head_detail, head_of, sign_head
from signer.directory.records import HEAD_KEY
from signer.directory.signed import RecordKind, parse_record

HEADS_EVERY = timedelta(minutes=5)

_OWN = frozenset({Event.AUDIT_HEAD, Event.AUDIT_SIGNER, Event.AUDIT_TIMESTAMPED})
"""Entries that are about the chain: alone, they need no head."""


@dataclass
class AuditHeads:
    """Signs the audit chain of one participant, while its certificate stands in the directory.

    Attributes:
        made: Set when a head was made.
    """

    office: Office
    store: Store
    made: asyncio.Event

    async def sign(self) -> bool:
        """Sign what happened since the last head; returns whether anything had.

        Raises:
            HeduiError: Trouble with the store or the signing key.
        """
        now = self.office.clock.now()
        if not self._may_sign(now):
            return False
        async with self.store.transaction() as unit:
            covered = await _reach(unit)
            fresh = await unit.audit(covered, MAX_LEAVES)
            if all(entry.event.event in _OWN for entry in fresh):
                return False
            await append_head(self.office, unit, now)
        self.made.set()
        return True

    def _may_sign(self, now: datetime) -> bool:
        """Whether others would take our signature; why not is said by those who need to send."""
        office = self.office
        listed = office.directory.key(office.ring.signing_key) if office.ready else None
        return listed is not None and listed[0].id == office.me and listed[1].valid_at(now)


async def append_head(office: Office, unit: Unit, now: datetime) -> AuditEntry:
    """Append a head that reaches to the last entry; more than one, where there is a lot.

    Args:
        office: Whose chain it is.
        unit: An open transaction on its store; its chain has an entry.
        now: The present instant, whole milliseconds.

    Raises:
        KeyRingError: The key cannot sign.
        UnavailableError: `DIRECTORY_NOT_READ`, `SIGNING_KEY_NOT_LISTED`.
    """
    last = await unit.last_audit(Event.AUDIT_HEAD)
    if last is None or head_in(last).signer != office.ring.signing_key:
        await _name_signer(office, unit, now)
    covered = 0 if last is None else head_in(last).number
    while True:
        entries = await unit.audit(covered, MAX_LEAVES)
        head = await _sign(office, now, covered, entries)
        event = AuditEvent(now, Event.AUDIT_HEAD, office.me, None, head_detail(head))
        appended = await unit.append_audit(event)
        covered = head.number
        if covered == appended.number - 1:
            return appended


def head_in(entry: AuditEntry) -> Head:
    """Return the head that an entry of the event `audit.head` is.

    Raises:
        AuditEntryError: `AUDIT_HEAD_MALFORMED`.
    """
    event = entry.event
    return head_of(
        Entry(entry.number, event.at, event.event, event.actor, event.query, event.detail)
    )


async def _reach(unit: Unit) -> int:
    """Return the entry that the last head reaches to, 0 where there is none."""
    last = await unit.last_audit(Event.AUDIT_HEAD)
    return 0 if last is None else head_in(last).number


async def _sign(office: Office, now: datetime, after: int, entries: Sequence[AuditEntry]) -> Head:
    hashes = [entry.hash for entry in entries]
    # In a thread: a key in hardware takes its time.
    async with office.sealing:
        return await asyncio.to_thread(sign_head, office.ring, office.me, now, after, hashes)


async def _name_signer(office: Office, unit: Unit, now: datetime) -> None:
    """Write the certificate that heads are signed with from here on into the chain.

    So the chain can be checked to the root by itself, years later.
    """
    key = office.ring.signing_key
    listed = office.directory.key(key)
    records = await unit.directory()
    if listed is None or HEAD_KEY not in records:
        raise UnavailableError(
            "SIGNING_KEY_NOT_LISTED",
            "现行目录中没有本方当前的签名证书",
            "the directory in force does not list our signing certificate",
            remedy_zh="请将新证书交部中心登记；目录更新后自动继续",
            remedy_en="Have the hub list the new certificate; we go on once it does",
            where=office.me,
        )
    issuers = parse_record(records[HEAD_KEY], RecordKind.HEAD, HEAD_KEY).content["issuers"]
    detail = {
        "key": key.hex(),
        "certificate": b64encode(listed[1].certificate).decode(),
        "issuers": " ".join(b64encode(issuer).decode() for issuer in issuers),
    }
    await unit.append_audit(AuditEvent(now, Event.AUDIT_SIGNER, office.me, None, detail))
