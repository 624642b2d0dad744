"""Check 7: by when each signature was there, and whether its key stood then (proof.md §5).

A signature's own time is its signer's word, and whoever stole the key can write any. So what counts
is a timestamp over it, else the time that another party states in something it signed itself. Where
there is neither, a key that was not revoked is believed, and one that was is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from signer.directory.view import Directory, Key
from signer.envelope.kinds import Kind
from signer.proof.account import Basis, TrustedTime
from signer.proof.books import Booked, Books, SignedHead
from signer.proof.conversation import Proven
from signer.proof.failures import ProofError

WITHOUT_TIME = frozenset({Kind.ROSTER, Kind.CONSENT, Kind.DISPATCH, Kind.RECEIPT})
"""Kinds of the requester's own that nobody need have answered, so that a time may be missing."""


@dataclass(frozen=True, slots=True)
class Times:
    """The trusted time of each message, in the order of the messages.

    `unproven` holds the numbers of messages of the requester whose key was revoked since and whose
    time nobody else states: they are told apart, and nothing is built on them.
    """

    messages: tuple[TrustedTime, ...]
    unproven: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Finding:
    """How a signature stands; `code` says why it does not."""

    time: TrustedTime
    code: str | None = None


_OWN_WORD = TrustedTime(Basis.NONE, None, None)


@dataclass
class _Judge:
    """Judges the signatures of one proof.

    Attributes:
        directory: With every revocation that is known.
        requester: Who made the proof.
    """

    messages: Sequence[Proven]
    books: Books
    directory: Directory
    requester: str
    _seals: dict[tuple[int, int], _Finding] = field(default_factory=dict)
    _stamps: dict[int, TrustedTime | None] = field(default_factory=dict)
    """The earliest timestamp over each head, its own or that of a head above it."""
    _vouched: dict[int, bool] = field(default_factory=dict)
    """Whether a head, or one above it, stands."""
    _naming: dict[bytes, list[int]] = field(default_factory=dict)
    """The places of messages of others by the digest of the message they are about."""

    def __post_init__(self) -> None:
        for number, signed in sorted(self.books.heads.items(), reverse=True):
            self._judge_head(number, signed)
        for place, message in enumerate(self.messages):
            about = message.header.in_reply_to
            if about is not None and message.header.source != self.requester:
                self._naming.setdefault(about, []).append(place)

    def _judge_head(self, number: int, signed: SignedHead) -> None:
        # The heads above have been judged: they are later in the chain. Nobody but an authority can
        # vouch for one: the requester's other heads are its own word.
        own = self.books.stamps.get(number)
        found = [] if signed.over is None else [self._stamps[signed.over]]
        if own is not None and own.known:
            stamp = own.stamp
            found.append(TrustedTime(Basis.TIMESTAMP, stamp.time, stamp.authority))
        known = [time for time in found if time is not None]
        best = min(known, key=_rank, default=None)
        self._stamps[number] = best
        stands = _judged(self._key(signed.head.signer), known).code is None
        above = signed.over is not None and self._vouched[signed.over]
        self._vouched[number] = stands or above

    def seal(self, place: int, number: int) -> _Finding:
        """How seal `number` of the message at `place` stands."""
        found = self._seals.get((place, number))
        if found is None:
            key = self._key(self.messages[place].opened.statements[number].signer)
            found = _judged(key, self._of_seal(place, number))
            self._seals[place, number] = found
        return found

    def directory_head(self, signer: bytes, hub: str) -> _Finding:
        """How the signature of the directory the proof is judged by stands."""
        booked = self.books.directory
        evidence = () if booked is None else self._booked(booked, hub)
        return _judged(self._key(signer), evidence)

    def _of_seal(self, place: int, number: int) -> Iterator[TrustedTime]:
        message = self.messages[place]
        statements = message.opened.statements
        signer = statements[number].sender
        for later in range(number + 1, len(statements)):
            relay = statements[later]
            if relay.sender != signer and self.seal(place, later).code is None:
                yield TrustedTime(Basis.ENDORSEMENT, relay.received, relay.sender)
        if message.header.source == self.requester:
            for other in self._naming.get(message.digest, ()):
                if self.seal(other, 0).code is None:
                    naming = self.messages[other]
                    source = naming.header.source
                    yield TrustedTime(Basis.ENDORSEMENT, naming.signed_at, source)
        yield from self._booked(self.books.messages[place], signer)

    def _booked(self, booked: Booked, signer: str) -> Iterator[TrustedTime]:
        stamp = self._stamps[booked.over]
        if stamp is not None:
            yield stamp
        # The requester's entry says nothing of what the requester signed itself.
        if signer != self.requester and self._vouched[booked.over]:
            yield TrustedTime(Basis.ENDORSEMENT, booked.at, self.requester)

    def _key(self, key: bytes) -> Key:
        listed = self.directory.key(key)
        if listed is None:  # check 5 found it there
            raise ProofError("PROOF_ENVELOPE")
        return listed[1]


def _judged(key: Key, evidence: Iterable[TrustedTime]) -> _Finding:
    found = sorted(evidence, key=_rank)
    for time in found:
        if not _ended(key, time.at):
            return _Finding(time)
    if key.revoked is None and not found:
        return _Finding(_OWN_WORD)
    if not found:
        return _Finding(_OWN_WORD, "PROOF_TIME_UNPROVEN")
    revoked = key.revoked is not None
    return _Finding(found[0], "PROOF_KEY_REVOKED" if revoked else "PROOF_KEY_EXPIRED")


def _rank(time: TrustedTime) -> tuple[bool, datetime | None]:
    return time.basis is not Basis.TIMESTAMP, time.at


def _ended(key: Key, at: datetime | None) -> bool:
    return at is None or at > key.not_after or (key.revoked is not None and at >= key.revoked)


def check_times(
    messages: Sequence[Proven],
    books: Books,
    directory: Directory,
    requester: str,
    directory_signer: bytes,
) -> Times:
    """7. Return the trusted time of every message.

    Args:
        messages: The messages, verified in clear.
        books: What the audit entries state of them.
        directory: The directory with every revocation that is known.
        requester: Who made the proof.
        directory_signer: Id of the key that signed the directory's head.

    Raises:
        ProofError: `PROOF_KEY_REVOKED`, `PROOF_KEY_EXPIRED`, `PROOF_TIME_UNPROVEN`.
    """
    judge = _Judge(messages, books, directory, requester)
    code = judge.directory_head(directory_signer, directory.hub.id).code
    if code is not None:
        raise ProofError(code, "directory head")
    unproven: set[int] = set()
    for place, message in enumerate(messages):
        for number, statement in enumerate(message.opened.statements):
            code = judge.seal(place, number).code
            own = statement.sender == requester == message.header.source
            if code == "PROOF_TIME_UNPROVEN" and own and message.header.kind in WITHOUT_TIME:
                unproven.add(message.number)
            elif code is not None:
                raise ProofError(code, f"{message.where} seal {number} {statement.sender}")
    times = tuple(judge.seal(place, 0).time for place in range(len(messages)))
    return Times(times, frozenset(unproven))
