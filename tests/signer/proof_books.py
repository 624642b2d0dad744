"""The requester's audit chain for the proofs of tests: entries, signed heads, timestamps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from signer.audit.chain import GENESIS, Entry, canonical_bytes, entry_hash
from signer.audit.heads import HEAD, Head, head_detail, inclusion, sign_head, stamped_bytes
from signer.directory.records import HEAD_KEY
from signer.directory.signed import RecordKind, parse_record
from signer.envelope.labels import milliseconds
from signer.envelope.parse import reread
from signer.proof.books import envelope_digest
from signer.proof.format import AuditRecord, HeadTimestamp


@dataclass
class Chain:
    """An audit chain of a participant."""

    participant: str
    ring: object
    entries: list[Entry] = field(default_factory=list)
    prevs: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    heads: list[tuple[int, Head]] = field(default_factory=list)

    def append(
        self, event: str, at: datetime, *, query: UUID | None = None, actor: str = "", **detail
    ) -> int:
        number = len(self.entries) + 1
        entry = Entry(number, at, event, actor or self.participant, query, detail)
        self.prevs.append(self.hashes[-1] if self.hashes else GENESIS)
        self.entries.append(entry)
        self.hashes.append(entry_hash(self.prevs[-1], canonical_bytes(entry)))
        return number

    def head(self, at: datetime) -> int:
        after = self.heads[-1][1].number if self.heads else 0
        head = sign_head(self.ring, self.participant, at, after, self.hashes[after:])
        number = self.append(HEAD, at, **head_detail(head))
        self.heads.append((number, head))
        return number

    def record(self, number: int) -> AuditRecord:
        """The entry as a proof holds it, under the first head that reaches it."""
        entry, prev = canonical_bytes(self.entries[number - 1]), self.prevs[number - 1]
        over = next(((n, h) for n, h in self.heads if h.after < number <= h.number), None)
        if over is None:
            return AuditRecord(entry, prev, None)
        name, head = over
        hashes = self.hashes[head.after : head.number]
        return AuditRecord(entry, prev, inclusion(name, hashes, number - head.after - 1))

    def stamped(self, number: int) -> bytes:
        """What a timestamp over the head that is entry `number` covers."""
        return stamped_bytes(dict(self.heads)[number])


def books_of(world, messages, made_at, directory):
    """The audit entries and timestamps of a proof over some messages."""
    chain = Chain(world.requester, world.tree.rings[world.requester])
    chain.append("store.bound", world.tree.now, key="00")
    named = []
    if HEAD_KEY in directory:
        head = parse_record(directory[HEAD_KEY], RecordKind.HEAD, HEAD_KEY)
        event = {"version": 1, "head": head.digest.hex()}
        named.append(chain.append("directory.adopted", world.tree.now, **event))
    # As the archive keeps it once: a file that holds a message twice finds it named once.
    for message in dict.fromkeys(messages):
        opened = reread(message.envelope)
        header = opened.header
        digest = envelope_digest(message.envelope).hex()
        if header.source == world.requester:
            detail = {"messages": f"{bytes(32).hex()} {opened.digest.hex()}"}
        else:
            detail = {"envelope": digest, "received": milliseconds(message.received)}
        event = f"{header.kind.lower()}.kept"
        named.append(chain.append(event, message.received, query=world.query, **detail))
        chain.append("other.query", message.received, query=UUID(int=1), actor="operator:测试员")
    timestamps = []
    if world.stamp is not None:
        number = chain.head(world.now)
        named.append(number)
        response, certificates = world.stamp(chain.stamped(number))
        timestamps.append(HeadTimestamp(number, response, tuple(certificates)))
        chain.append("audit.timestamped", world.now, head=number)
    named.append(chain.head(made_at))
    return tuple(chain.record(number) for number in named), tuple(timestamps)
