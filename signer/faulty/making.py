"""How each case is made: small makers, named after what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from schemas.loader import MAX_ITEMS, encode, load
from signer.directory.view import Key, KeyUse
from signer.envelope import padding
from signer.envelope.format import (
    Header,
    Order,
    OrderLine,
    envelope_bytes,
    read_envelope,
    read_header,
    read_statement,
)
from signer.faulty.workshop import PAYLOAD, Made, Workshop, with_seal
from signer.suites import SUITES
from signer.suites.suite import HASH_SIZE, SECRET_SIZE

NOBODY = "990000"
"""An area code that no participant has."""


@dataclass(frozen=True, slots=True)
class Given:
    """An envelope to judge, and how it is to be taken to have arrived."""

    data: bytes
    me: str
    peer: str
    key: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    pad_to: int | None = None


Maker = Callable[[Workshop], Given | None]
"""Makes a case; None where it needs a probe of the run, a key or a suite that is not there."""


def given(w: Workshop, made: Made) -> Given:
    """Return an envelope as it arrives at the hub's child on the way."""
    return Given(envelope_bytes(made.envelope), w.hop, w.me, made.header.conversation.bytes)


def right(w: Workshop) -> Given:
    """Nothing is wrong."""
    return given(w, w.make())


def in_batch(w: Workshop) -> Given:
    """Nothing is wrong; signed as one of a batch of two."""
    made = w.make()
    statement = read_statement(made.envelope.seals[0].statement)
    return given(w, with_seal(made, w.sign(statement, in_batch=True)))


def header(**changes: Any) -> Maker:
    """Header fields differ; the rest is made over them."""
    return lambda w: given(w, w.make(header=changes))


def times(ahead: timedelta) -> Maker:
    """The message was made so far from now, and signed at that time."""

    def make(w: Workshop) -> Given:
        at = w.now + ahead
        stated = {"received": at, "forwarded": at}
        lives = {"created": at, "expires": at + timedelta(hours=1)}
        return given(w, w.make(header=lives, statement=stated))

    return make


def lifetime(life: timedelta) -> Maker:
    """It lives for another time than its kind may."""
    return lambda w: given(w, w.make(header={"expires": w.now + life}))


def statement(**changes: Any) -> Maker:
    """Fields of the signed statement differ."""
    return lambda w: given(w, w.make(statement=changes))


def recipient(**changes: Any) -> Maker:
    """Fields of the reader differ."""
    return lambda w: given(w, w.make(recipient=changes))


def arrival(**changes: Any) -> Maker:
    """The envelope is right, and arrives in another way than it says."""
    return lambda w: replace(right(w), **changes)


def flipped(value: bytes) -> bytes:
    """Flip the last bit."""
    return value[:-1] + bytes([value[-1] ^ 1])


def through_nobody(w: Workshop) -> Given:
    """It came through a participant that the directory does not list."""
    made = w.make(statement={"to": NOBODY})
    made = _endorsed(w, made, sender=NOBODY)
    return replace(given(w, made), peer=NOBODY)


def up_after_down(w: Workshop) -> Given:
    """It went down the tree and up again."""
    made = _endorsed(w, w.make(), sender=w.hop, to=w.me)
    return replace(given(w, made), me=w.me, peer=w.hop)


def signed_with(use: KeyUse, *, own: bool) -> Maker:
    """The statement names a key of that use: the hub's own, or the tested participant's."""
    return lambda w: _named(w, w.me if own else w.tested, lambda key: key.use is use)


def ended_key(w: Workshop) -> Given | None:
    """The statement names a signing key of the hub's whose certificate has ended."""
    return _named(w, w.me, lambda key: _signs(w, key) and key.not_after < w.now)


def revoked_key(w: Workshop) -> Given | None:
    """The statement names a signing key of the hub's that is revoked."""
    return _named(w, w.me, lambda key: _signs(w, key, revoked=True))


def other_suite(w: Workshop) -> Given | None:
    """The signature names a suite that its key is not listed for."""
    other = next((name for name in SUITES if name != w.suite), None)
    if other is None:
        return None
    made = w.make()
    (seal,) = made.envelope.seals
    named = replace(seal, signature=replace(seal.signature, suite=other))
    return given(w, with_seal(made, named))


def ordered(w: Workshop) -> Given:
    """An order stands on a kind that has none."""
    lines = (OrderLine(1, "housing-fund-account", ("balance",), w.now),)
    return given(w, w.make(statement={"order": Order(bytes(HASH_SIZE), lines)}))


def reader_twice(w: Workshop) -> Given:
    """The same key stands twice among the readers."""
    made = w.make()
    old = read_statement(made.envelope.seals[0].statement)
    twice = replace(old, recipients=old.recipients * 2)
    return given(w, with_seal(made, w.sign(twice)))


def returned(w: Workshop) -> Given | None:
    """The participant's own message, handed back down: verified, and for nobody there to open."""
    return _handed_back(w, adds_reader=False)


def returned_with_reader(w: Workshop) -> Given | None:
    """The participant's own message, to which the hub, a relay, added a reader."""
    return _handed_back(w, adds_reader=True)


def spoiled_recipient(field: str) -> Maker:
    """A bit of the sealed epoch secret, or of the wrapped content secret, is flipped and signed."""

    def make(w: Workshop) -> Given:
        made = w.make()
        old = read_statement(made.envelope.seals[0].statement)
        (reader,) = old.recipients
        change: dict[str, Any] = {field: flipped(getattr(reader, field))}
        spoiled = replace(reader, **change)
        return given(w, with_seal(made, w.sign(replace(old, recipients=(spoiled,)))))

    return make


def other_body_key(w: Workshop) -> Given:
    """The body is encrypted under another key than the one that is wrapped."""
    return given(w, w.make(body_secret=w.entropy(SECRET_SIZE)))


def bad_padding(w: Workshop) -> Given:
    """A byte of the padding is set."""
    right_one = padding.pad(w.payload + bytes(5), 0)
    framed = len(w.payload).to_bytes(4) + right_one[4:]
    return given(w, w.make(plaintext=framed[:-1] + b"\1"))


def trailing_payload(w: Workshop) -> Given:
    """A byte stands after the payload."""
    return given(w, w.make(plaintext=padding.pad(w.payload + b"\0", 0)))


def too_many_items(w: Workshop) -> Given:
    """The payload has one item more than a payload may have."""
    many = encode(load("message/probe.v1"), PAYLOAD | {"specs": [""] * (MAX_ITEMS + 1)})
    return given(w, w.make(plaintext=padding.pad(many, 0)))


def other_schema(w: Workshop) -> Given:
    """The payload schema is that of another kind."""
    return given(w, w.make(header={"payload_schema": load("message/problem.v1").digest}))


def replayed(w: Workshop) -> Given | None:
    """A message of this run that it has taken already."""
    if w.earlier is None:
        return None
    return Given(w.earlier, w.hop, w.me, _header_of(w.earlier).conversation.bytes)


def equivocal(w: Workshop) -> Given | None:
    """Another message under the id of one that it has taken already."""
    if w.earlier is None:
        return None
    message_id = _header_of(w.earlier).message_id
    return given(w, w.make(header={"message_id": message_id}))


def _named(w: Workshop, owner: str, wanted: Callable[[Key], bool]) -> Given | None:
    """The statement names a key of somebody's as its signer's; None where there is no such key."""
    listed = w.directory.get(owner)
    found = (key for key in (listed.keys if listed else ()) if wanted(key))
    key = next(found, None)
    return None if key is None else given(w, w.make(statement={"signer": key.id}))


def _signs(w: Workshop, key: Key, *, revoked: bool = False) -> bool:
    """Whether a key signs in the suite that is used, and is revoked or not."""
    signs = key.use is KeyUse.SIGNING and key.suite == w.suite
    return signs and revoked is (key.revoked is not None and key.revoked <= w.now)


def _header_of(data: bytes) -> Header:
    return read_header(read_envelope(data).protected)


def _handed_back(w: Workshop, *, adds_reader: bool) -> Given | None:
    if w.returned is None:
        return None
    envelope = w.returned.envelope
    relay = replace(w.statement(w.returned.chain), role="relay")
    if adds_reader:
        reader = w.recipient(relay, envelope.protected, w.entropy(SECRET_SIZE))
        relay = replace(relay, recipients=(reader,))
    sealed = replace(envelope, seals=(*envelope.seals, w.sign(relay)))
    return given(w, Made(sealed, w.returned.header))


def _endorsed(w: Workshop, made: Made, **changes: Any) -> Made:
    """Add a statement of the hub's key in somebody's name; only the steps between are looked at."""
    # Check 5 ends it before any digest is compared, so that `prev` may be anything.
    relay = replace(w.statement(bytes(HASH_SIZE)), role="relay", **changes)
    return replace(
        made, envelope=replace(made.envelope, seals=(*made.envelope.seals, w.sign(relay)))
    )
