"""One record's (or one operator's) work inside a transaction.

Everything a handler does is collected here and written at the end, so that a handler that refuses
half-way leaves nothing half-done while the other records of the batch go on. What it sends is
signed last, with all else that its transaction sends (signing.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from bus.daemon.office import Office
from bus.daemon.signing import Outgoing, SigningBatch
from bus.errors import DefectError, UnavailableError
from bus.flow.deadlines import follow
from bus.flow.outcome import Forward, Send
from bus.model.audit import Event
from bus.model.case import Case, CaseRole, QueryState
from bus.model.request import Roster
from bus.ports.store import AuditEvent, StoredMessage, Unit
from bus.wire.bodies import Body, from_avro, schema_of, to_avro
from bus.wire.message import Message, dedupe_id
from signer.directory.view import Directory, Key, Standing
from signer.envelope.choice import choose_suite, endorsing_suite, parties
from signer.envelope.format import envelope_bytes
from signer.envelope.open import read_body
from signer.envelope.parse import reread
from signer.envelope.seal import Content
from signer.envelope.signing import Unsigned
from signer.envelope.verdict import RefusedEnvelope

Write = Callable[[], Awaitable[object]]

Checkpoint = tuple[
    list[Write], dict[bytes, StoredMessage], dict[tuple[UUID, CaseRole], Case], list[Outgoing]
]
"""What a work had collected at one moment."""


@dataclass
class Work:
    """Collects the effects of handling one record.

    Attributes:
        office: The participant at work.
        unit: The open transaction.
        now: The present instant, one for the whole work.
        batch: What the transaction sends, where it holds more than this work; whoever made it
            signs it. None where this work is all of the transaction.
    """

    office: Office
    unit: Unit
    now: datetime
    batch: SigningBatch | None = None
    _writes: list[Write] = field(default_factory=list)
    _messages: dict[bytes, StoredMessage] = field(default_factory=dict)
    _cases: dict[tuple[UUID, CaseRole], Case] = field(default_factory=dict)
    _loaded: dict[tuple[UUID, CaseRole], Case | None] = field(default_factory=dict)
    _outgoing: list[Outgoing] = field(default_factory=list)
    _seen: set[bytes] = field(default_factory=set)

    async def case(self, query: UUID, role: CaseRole) -> Case | None:
        """Return a case as this work sees it."""
        found = self._cases.get((query, role))
        return found if found is not None else await self._before(query, role)

    async def _before(self, query: UUID, role: CaseRole) -> Case | None:
        """Return a case as the store has it."""
        if (query, role) not in self._loaded:
            self._loaded[query, role] = await self.unit.case(query, role)
        return self._loaded[query, role]

    def save(self, case: Case) -> None:
        """Save a case at the end."""
        self._cases[case.query, case.role] = case

    def delivered(self) -> list[timedelta]:
        """Return how long each of our own queries took that this work has delivered."""
        return [
            self.now - case.opened
            for case in self._cases.values()
            if case.role is CaseRole.REQUESTER
            and case.state is QueryState.DELIVERED
            and case.delivered == self.now
        ]

    def changes(self) -> list[tuple[Case | None, Case]]:
        """Return the cases that were saved, each as it was before and as it is now."""
        return [(self._loaded.get(key), case) for key, case in self._cases.items()]

    def note(
        self,
        query: UUID | None,
        event: Event,
        actor: str | None = None,
        **detail: str | int | None,
    ) -> None:
        """Append to the audit chain at the end; the actor is we ourselves unless named."""
        entry = AuditEvent(self.now, event, actor or self.office.me, query, detail)
        self._writes.append(lambda: self.unit.append_audit(entry))

    def write(self, write: Write) -> None:
        """Do something else to the store at the end."""
        self._writes.append(write)

    def keep(self, message: Message) -> None:
        """Keep a received message at rest, its content secret under the store key."""
        header = message.header
        if message.digest in self._messages or message.digest in self._seen:
            return
        if isinstance(message.body, Roster):
            self._note_persons(header.conversation, message.body)
        secret, wrap = message.secret, self.office.store_key.wrap
        self._messages[message.digest] = StoredMessage(
            digest=message.digest,
            query=header.conversation,
            kind=header.kind,
            source=header.source,
            message_id=header.message_id,
            part=header.roster_part,
            envelope=envelope_bytes(message.opened.envelope),
            secret=None if secret is None else wrap(secret, message.digest),
            sent=False,
            at=message.received,
        )
        self._writes.append(
            lambda: self.unit.mark_seen(
                header.source, dedupe_id(message.opened), message.digest, message.received
            )
        )

    def see(self, message: Message) -> None:
        """Record a received message for deduplication, and keep nothing else of it."""
        header = message.header
        if message.digest in self._seen or message.digest in self._messages:
            return
        self._seen.add(message.digest)
        self._writes.append(
            lambda: self.unit.mark_seen(
                header.source, header.message_id, message.digest, message.received
            )
        )

    async def send(self, query: UUID, send: Send, *, keep: bool = True) -> Unsigned:
        """Seal a new message; it is signed and put in the outbox at the end.

        Args:
            query: The conversation.
            send: What to send.
            keep: Whether we keep it at rest.

        Raises:
            UnavailableError: `NO_ROUTE`, `READER_WITHOUT_KEY`: the directory does not lead there;
                `DIRECTORY_LAPSED`, `PARTICIPANT_SUSPENDED`, `PARTICIPANT_NOT_CONNECTED`.
        """
        directory = self.office.in_force(self.now)
        self.office.check_standing(send.kind)
        to = directory.next_hop(self.office.me, send.destination)
        if to is None or _has_left(directory, to):
            raise _no_route(send.destination)
        suite = self._suite(send, directory)
        readers = self._readers(send, suite)

        def prepare() -> Unsigned:
            content = _content(query, send)
            return self.office.sealer.prepare(
                content, to, readers, self.now, directory.version, suite
            )

        async with self.office.sealing:
            message = await asyncio.to_thread(prepare)
        if isinstance(send.body, Roster):
            self._note_persons(query, send.body)
        self._outgoing.append(Outgoing(message, self.office.topic_towards(to), self.now, kept=keep))
        return message

    async def forward(self, message: Message, forward: Forward) -> Unsigned:
        """Endorse a received message to a neighbour; it is signed and sent at the end.

        Raises:
            UnavailableError: `READER_WITHOUT_KEY`, `NO_ROUTE`: it has left; `DIRECTORY_LAPSED`.
        """
        directory = self.office.in_force(self.now)
        if _has_left(directory, forward.to):
            raise _no_route(forward.to)
        suite = endorsing_suite(directory, self.office.ring, message.header.suite, self.now)
        reader = self._key(forward.to, suite) if forward.add_reader else None
        # What a city asked its province can read already: it is an ancestor (spec §10, check 10).
        if reader is not None and reader.id in _readers_of(message):
            reader = None
        # A clock that was set back must not make us pass on what we have not received yet.
        now = max(self.now, message.received)
        async with self.office.sealing:
            endorsed = await asyncio.to_thread(
                self.office.sealer.prepare_endorsement,
                message.opened,
                forward.to,
                message.received,
                now,
                directory.version,
                forward.order,
                reader,
                message.secret,
                suite,
            )
        topic = self.office.topic_towards(forward.to)
        self._outgoing.append(Outgoing(endorsed, topic, self.now, kept=False))
        return endorsed

    async def relay(self, message: Message) -> Unsigned:
        """Endorse a message to the next hop on its way to its destination."""
        destination = message.header.destination
        to = self.office.directory.next_hop(self.office.me, destination)
        if to is None:
            raise _no_route(destination)
        return await self.forward(message, Forward(to))

    async def stored(self, query: UUID, kind: str) -> Sequence[StoredMessage]:
        """Return the query's messages of a kind, those that this work received included."""
        kept = await self.unit.messages(query, kind)
        known = {message.digest for message in kept}
        fresh = [
            m
            for m in self._messages.values()
            if m.query == query and m.kind == kind and m.digest not in known
        ]
        return [*kept, *fresh]

    async def kept(self, digest: bytes) -> StoredMessage | None:
        """Return a kept message by digest, those that this work received included."""
        return self._messages.get(digest) or await self.unit.message(digest)

    def message(self, stored: StoredMessage) -> Message:
        """Return a stored message, opened with its kept content secret where we have it."""
        return open_stored(self.office, stored)

    def checkpoint(self) -> Checkpoint:
        """Return how far this work has come, for `go_back`."""
        return list(self._writes), dict(self._messages), dict(self._cases), list(self._outgoing)

    def go_back(self, to: Checkpoint) -> None:
        """Forget what was collected since."""
        writes, messages, cases, outgoing = to
        self._writes, self._messages, self._cases = list(writes), dict(messages), dict(cases)
        self._outgoing = list(outgoing)

    async def finish(self) -> None:
        """Write everything that was collected; what is sent, as soon as it is signed.

        Raises:
            KeyRingError: The signing key cannot be used.
        CalendarError: A deadline reaches a year that no source knows.
        """
        for stored in self._messages.values():
            await self.unit.put_message(stored)
        for case in self._cases.values():
            await self._save(case)
        for write in self._writes:
            await write()
        batch = self.batch or SigningBatch(self.office, self.unit)
        batch.add(self._outgoing)
        if batch is not self.batch:
            await batch.post()

    async def _save(self, case: Case) -> None:
        """Save a case, and its deadlines in step with it."""
        before = await self._before(case.query, case.role)
        change = follow(before, case, self.office.deadline_rules)
        if change.drop:
            await self.unit.drop_deadlines(change.drop)
        if change.put:
            await self.unit.put_deadlines(change.put)
        await self.unit.save_case(case)

    def _note_persons(self, query: UUID, roster: Roster) -> None:
        """Make the persons of a roster findable by number (R077), without a number being kept."""
        token = self.office.store_key.person_token
        found = {p.reference: token(p.id_type, p.id_number) for p in roster.persons}
        self._writes.append(lambda: self.unit.put_persons(query, found))

    def _suite(self, send: Send, directory: Directory) -> str:
        """The suite of a new message: of the readers that a request named, or the preferred one."""
        office = self.office
        named = [found[1].suite for found in map(directory.key, send.reader_keys) if found]
        preferred = named[0] if named else office.suite
        asked = send.body.request.lines if isinstance(send.body, Roster) else ()
        resources = {line.resource for line in asked}
        concerned = parties(directory, office.me, send.destination, send.readers, resources)
        return choose_suite(directory, office.ring, concerned, self.now, preferred)

    def _readers(self, send: Send, suite: str) -> list[Key]:
        directory = self.office.directory
        keys = [self._key(reader, suite) for reader in send.readers]
        for key_id in send.reader_keys:
            listed = directory.key(key_id)
            if listed is None:
                raise _no_key(send.destination)
            keys.append(listed[1])
        return keys

    def _key(self, reader: str, suite: str) -> Key:
        """The key to seal to a participant with: of the message's suite, or of any it has."""
        found = self.office.directory.get(reader)
        if found is not None:
            key = found.encryption_key(self.now, suite) or found.encryption_key(self.now)
            if key is not None:
                return key
        raise _no_key(reader)


def _content(query: UUID, send: Send) -> Content:
    return Content(
        kind=send.kind,
        destination=send.destination,
        conversation=query,
        schema=schema_of(send.kind),
        payload=to_avro(send.body),
        subject_count=send.subject_count,
        in_reply_to=send.in_reply_to,
        order=send.order,
        resource=send.resource,
        roster_part=send.part,
        fragment=send.fragment,
        last=send.last,
    )


def open_stored(office: Office, stored: StoredMessage) -> Message:
    """Return a stored message, opened with its kept content secret where we have it.

    Raises:
        DefectError: `ARCHIVE_DAMAGED` when it no longer opens.
    """
    try:
        opened = reread(stored.envelope)
        if stored.secret is None:
            return Message(opened, None, None, stored.at)
        secret = office.store_key.unwrap(stored.secret, stored.digest)
        payload = read_body(opened, secret, office.schemas)
    except RefusedEnvelope as error:
        raise DefectError(
            "ARCHIVE_DAMAGED",
            "存档的消息已无法打开",
            "an archived message no longer opens",
            where=error.code,
        ) from None
    body: Body = from_avro(stored.kind, payload)
    return Message(opened, body, secret, stored.at)


def _readers_of(message: Message) -> set[bytes]:
    statements = message.opened.statements
    return {recipient.key for statement in statements for recipient in statement.recipients}


def _has_left(directory: Directory, neighbour: str) -> bool:
    found = directory.get(neighbour)
    return found is not None and found.standing is Standing.WITHDRAWN


def _no_route(destination: str) -> UnavailableError:
    return UnavailableError(
        "NO_ROUTE",
        "目录中没有通往该参与方的路径",
        "the directory has no path to that participant",
        where=destination,
    )


def _no_key(participant: str) -> UnavailableError:
    return UnavailableError(
        "READER_WITHOUT_KEY",
        "该参与方没有有效的加密证书",
        "that participant has no valid encryption certificate",
        remedy_zh="请联系部中心为其换发证书",
        remedy_en="Ask the hub to renew its certificate",
        where=participant,
    )
