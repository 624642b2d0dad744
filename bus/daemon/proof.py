"""Exports the proof of a query from the requester's store (docs/spec/proof.md).

What leaves the store is sealed as it was; only Assents, Decisions and Dispatches come with their
content secrets, and the answers where their owner asked for it. The caller has noted
`PROOF_EXPORTED` with the operator in the same transaction (R035), before: so the head that the
proof ends with covers it.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from bus.daemon.audit_heads import append_head, head_in
from bus.daemon.office import Office
from bus.errors import InputError, UnavailableError
from bus.flow.cut_off import was_cut_off
from bus.model.audit import Event
from bus.model.case import Case, CaseRole, QueryState
from bus.ports.audit_chain import canonical_bytes
from bus.ports.store import AuditEntry, StoredMessage, Unit
from signer.audit.heads import inclusion
from signer.directory.records import GRACE, HEAD_KEY
from signer.directory.signed import RecordKind, parse_record
from signer.envelope.kinds import Kind
from signer.envelope.parse import reread
from signer.identity import HUB
from signer.proof.books import ENVELOPE, MESSAGE, envelope_digest, names_in
from signer.proof.conversation import DISCLOSED, RECEIVED, SENT
from signer.proof.format import AuditRecord, HeadTimestamp, Proof, ProvenMessage, proof_bytes

_PAGE = 1000


async def export(
    office: Office, unit: Unit, query: UUID, now: datetime, *, opened: bool = False
) -> bytes:
    """Return the proof file of a query this node asked; signs a head over the audit chain.

    Args:
        office: The requester.
        unit: An open transaction on its store.
        query: The query's id.
        now: The present instant, whole milliseconds.
        opened: Whether to disclose the answers; the file then holds personal data.

    Raises:
        InputError: `QUERY_UNKNOWN`: this node never asked it; `PROOF_TOO_EARLY`: the hub has not
            decided yet.
        UnavailableError: `DIRECTORY_NOT_READ`, `DIRECTORY_LAPSED`: there is no directory in force
            that the proof could be judged by.
    """
    case = await _check(office, unit, query, now)
    kept = await unit.messages(query)
    stored = [m for m in kept if m.kind in _kinds(m) and _belongs(m, case, office.me)]
    records = await unit.directory()
    await append_head(office, unit, now)
    books = _Books(unit)
    await books.gather(query, stored, records[HEAD_KEY])

    def made() -> bytes:
        proof = Proof(
            query=query,
            requester=office.me,
            made_at=now,
            directory=records,
            messages=tuple(_proven(office, m, opened=opened) for m in stored),
            audit=tuple(books.records()),
            timestamps=tuple(_timestamp(entry) for _, entry in sorted(books.stamps.items())),
            opened=opened,
        )
        return proof_bytes(proof)

    return await asyncio.to_thread(made)


async def _check(office: Office, unit: Unit, query: UUID, now: datetime) -> Case:
    case = await unit.case(query, CaseRole.REQUESTER)
    if case is None:
        raise InputError(
            "QUERY_UNKNOWN",
            "本节点没有提出过该查询",
            "this node never submitted that query",
            where=str(query),
        )
    if case.decision is None and case.state is not QueryState.CANCELLED:
        raise InputError(
            "PROOF_TOO_EARLY",
            "部中心尚未作出决定，还没有可证明的内容",
            "the hub has not decided yet, so there is nothing to prove",
            remedy_zh="请在受理或拒绝之后再导出",
            remedy_en="Export it after the decision",
            where=str(query),
        )
    if HEAD_KEY not in await unit.directory():
        raise UnavailableError(
            "DIRECTORY_NOT_READ",
            "存储中没有参与方目录，证明无从核验",
            "the store holds no directory that a proof could be judged by",
            remedy_zh="请待目录同步后重试",
            remedy_en="Try again once the directory has been read",
        )
    if now > office.directory.expires + GRACE:
        raise UnavailableError(
            "DIRECTORY_LAPSED",
            "参与方目录已过期且超出宽限期",
            "the directory has expired beyond its grace",
            remedy_zh="请检查与部中心之间的网络和部中心的运行状况",
            remedy_en="Check the network to the hub, and the hub itself",
        )
    return case


def _kinds(stored: StoredMessage) -> frozenset[str]:
    return frozenset(SENT if stored.sent else RECEIVED)


def _belongs(stored: StoredMessage, case: Case, me: str) -> bool:
    """Whether a message is part of the query as it ended.

    What we only passed on is none of it, nor an application that was returned and came again
    (R067), with its parts and what was decided on it. A receipt to the hub says that nothing is
    open; where a row was closed by a suspension, no message of a proof shows why, so that receipt
    stays out and the row is listed as open.
    """
    header = reread(stored.envelope).header
    if stored.kind in (Kind.APPLICATION, Kind.ROSTER, Kind.CONSENT):
        listed = {case.application, *(part.digest for part in case.parts)}
        return stored.digest in listed
    if stored.kind in (Kind.DECISION, Kind.ASSENT):
        if header.kind == Kind.DECISION and case.state is QueryState.CANCELLED:
            # One that returned what was withdrawn meanwhile decided nothing (R031, R067).
            return stored.digest == case.decision
        return header.in_reply_to == case.application
    if stored.kind == Kind.RECEIPT and header.destination == HUB:
        return not any(row.order and was_cut_off(row) for row in case.rows)
    return stored.sent or header.destination == me


def _proven(office: Office, stored: StoredMessage, *, opened: bool) -> ProvenMessage:
    secret = None
    disclosed = stored.kind in DISCLOSED or (opened and stored.kind == Kind.ANSWER)
    if disclosed and stored.secret is not None:
        secret = office.store_key.unwrap(stored.secret, stored.digest)
    return ProvenMessage(stored.envelope, stored.at, secret)


def _name(stored: StoredMessage) -> tuple[str, bytes]:
    """What the audit entry names a message by."""
    if stored.sent:
        return MESSAGE, stored.digest
    return ENVELOPE, envelope_digest(stored.envelope)


def _timestamp(entry: AuditEntry) -> HeadTimestamp:
    detail = entry.event.detail
    certificates = str(detail["certificates"]).split(" ")
    return HeadTimestamp(
        head=int(str(detail["head"])),
        response=b64decode(str(detail["response"])),
        certificates=tuple(b64decode(one) for one in certificates),
    )


@dataclass
class _Books:
    """The audit entries of one proof: those that name its messages, and the heads above them.

    Attributes:
        unit: The open transaction.
        stamps: Entries of timestamps by the number of the head they are over.
    """

    unit: Unit
    stamps: dict[int, AuditEntry] = field(default_factory=dict)
    _entries: dict[int, AuditEntry] = field(default_factory=dict)
    _over: dict[int, AuditEntry] = field(default_factory=dict)
    _trees: dict[int, list[bytes]] = field(default_factory=dict)

    async def gather(
        self, query: UUID, stored: Sequence[StoredMessage], directory_head: bytes
    ) -> None:
        """Read the entries, and for each the heads up to the next that is stamped, if one is."""
        wanted = {_name(m) for m in stored}
        named: list[AuditEntry] = []
        async for entry in self._about(query):
            found = wanted & names_in(entry.event.detail)
            if found and not entry.event.actor.startswith("operator:"):
                wanted -= found
                named.append(entry)
        adopted = await self._adopted(directory_head)
        named += [] if adopted is None else [adopted]
        last = await self.unit.last_audit(Event.AUDIT_HEAD)
        if last is not None:
            self._entries[last.number] = last
        for entry in named:
            await self._climb(entry)

    def records(self) -> Iterator[AuditRecord]:
        """Return the entries in their order, each with its place in the tree above it."""
        for number, entry in sorted(self._entries.items()):
            over = self._over.get(number)
            place = None
            if over is not None:
                index = number - head_in(over).after - 1
                place = inclusion(over.number, self._trees[over.number], index)
            yield AuditRecord(canonical_bytes(number, entry.event), entry.prev, place)

    async def _about(self, query: UUID) -> AsyncIterator[AuditEntry]:
        after = 0
        while page := await self.unit.audit(after, _PAGE, query=query):
            for entry in page:
                yield entry
            after = page[-1].number

    async def _adopted(self, directory_head: bytes) -> AuditEntry | None:
        """Return the entry that names the head of the directory: the last, or the one before it."""
        digest = parse_record(directory_head, RecordKind.HEAD, HEAD_KEY).digest.hex()
        last = await self.unit.last_audit(Event.DIRECTORY_ADOPTED)
        return last if last is not None and last.event.detail.get("head") == digest else None

    async def _climb(self, entry: AuditEntry) -> None:
        """Take an entry and the heads above it, up to the first that a timestamp covers."""
        self._entries[entry.number] = entry
        over = await self._head_over(entry)
        stamp = await self._stamp_from(over.number)
        upto = over.number if stamp is None else int(str(stamp.event.detail["head"]))
        if stamp is not None:
            self.stamps[upto] = stamp
        self._entries[over.number] = over
        # A head stands alone where it signs the entry right before it.
        while over.number < upto or head_in(over).number != over.number - 1:
            over = await self._head_over(over)
            self._entries[over.number] = over

    async def _head_over(self, entry: AuditEntry) -> AuditEntry:
        """Return the head whose tree holds an entry, its tree having been read."""
        if entry.number not in self._over:
            after = entry.number
            while True:
                (over,) = await self.unit.audit(after, 1, event=Event.AUDIT_HEAD)
                head, after = head_in(over), over.number
                if head.number >= entry.number:
                    break
            if over.number not in self._trees:
                entries = await self.unit.audit(head.after, head.number - head.after)
                self._trees[over.number] = [one.hash for one in entries]
            self._over[entry.number] = over
        return self._over[entry.number]

    async def _stamp_from(self, head: int) -> AuditEntry | None:
        """Return the first timestamp over a head or a later one."""
        after = head
        while page := await self.unit.audit(after, 1, event=Event.AUDIT_TIMESTAMPED):
            (stamp,) = page
            if int(str(stamp.event.detail["head"])) >= head:
                return stamp
            after = stamp.number
        return None
