"""One signature for many messages: each opens alone, and a remembered head proves nothing else."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from envelope_forge import NOW, H, fixed
from envelope_payloads import PAYLOADS

from schemas.loader import load, shipped
from signer.envelope import labels, merkle
from signer.envelope.caches import PerSource, VerifiedHeads
from signer.envelope.chain import Arrival, verify
from signer.envelope.format import MAX_AT_ORIGIN, envelope_bytes, read_envelope, read_statement
from signer.envelope.open import Opener
from signer.envelope.seal import Content, EnvelopeTooLargeError, Sealer
from signer.envelope.signing import SIGNATURE_ROOM, sign_batch
from signer.envelope.verdict import Accept, Refuse
from signer.errors import KeyRingError
from signer.suites.p256_aes256gcm import NAME as SUITE
from signer.uuid7 import uuid7

pytestmark = pytest.mark.requirement("R011")

CONVERSATION = uuid7(NOW, bytes)
PROBLEM = Content("Problem", "hub", CONVERSATION, load("message/problem.v1"), PAYLOADS["Problem"])


class Counted:
    """A key ring that keeps what it signs."""

    def __init__(self, ring):
        self._ring = ring
        self.signed = []

    def __getattr__(self, name):
        return getattr(self._ring, name)

    def sign(self, data, suite=None):
        self.signed.append(data)
        return self._ring.sign(data, suite)


@pytest.fixture
def ring(world):
    return Counted(world.rings["370000"])


@pytest.fixture
def sealer(ring):
    return Sealer("370000", ring, SUITE, random.Random(5).randbytes)  # noqa: S311 - a repeatable test


@pytest.fixture
def prepare(world, sealer):
    hub = world.directory.get("hub").encryption_key(NOW)

    def prepare(content=PROBLEM):
        return sealer.prepare(content, "hub", [hub], NOW, world.directory.version)

    return prepare


@pytest.fixture
def opener(world):
    return Opener(world.rings["hub"], shipped().get)


@pytest.fixture
def open_at_hub(world, opener):
    def open_at_hub(data, now=NOW, directory=world.directory):
        arrival = Arrival("hub", "370000", CONVERSATION.bytes, ())
        return opener.open(data, directory, now, arrival)

    return open_at_hub


@pytest.fixture
def verified(monkeypatch):
    """The signatures that were verified by arithmetic."""
    found, verify_one = [], type(H).verify

    def counting(self, public_key, signature, data):
        found.append(signature)
        verify_one(self, public_key, signature, data)

    monkeypatch.setattr(type(H), "verify", counting)
    return found


def signature_of(sealed):
    return read_envelope(sealed.data).seals[-1].signature


def altered(sealed, **changes):
    """The bytes of a message whose last signature is another."""
    envelope = read_envelope(sealed.data)
    *earlier, last = envelope.seals
    last = replace(last, signature=replace(last.signature, **changes))
    return envelope_bytes(replace(envelope, seals=(*earlier, last)))


@pytest.mark.parametrize("size", [2, 3, 7, 64, 70])
def test_messages_signed_together_open_one_by_one(size, ring, sealer, prepare, open_at_hub):
    prepared = [prepare() for _ in range(size)]
    sealed = sealer.sign(prepared)
    assert len(ring.signed) == 1
    assert [s.digest for s in sealed] == [p.digest for p in prepared]
    for one in random.Random(size).sample(sealed, min(size, 9)):  # noqa: S311 - a repeatable test
        verdict = open_at_hub(one.data)
        assert isinstance(verdict, Accept), verdict
        assert (verdict.opened.digest, verdict.opened.chain) == (one.digest, one.chain)
        assert verdict.secret == one.secret


def test_signing_changes_no_digest(sealer, prepare, open_at_hub):
    prepared = prepare()
    [alone] = sealer.sign([prepared])
    together = sealer.sign([prepare(), prepared])[1]
    assert alone.data != together.data
    opened = [open_at_hub(one.data).opened for one in (alone, together)]
    assert opened[0].digest == opened[1].digest == prepared.digest
    assert opened[0].chain == opened[1].chain == prepared.chain


def test_a_message_alone_has_no_proof(sealer, prepare):
    assert signature_of(sealer.sign([prepare()])[0]).proof is None
    assert sealer.sign([]) == []


@pytest.mark.parametrize(
    ("count", "sizes"), [(4096, [4096]), (4097, [4096, 1]), (8200, [4096, 4096, 8])]
)
def test_a_tree_holds_at_most_4096_statements(ring, prepare, count, sizes):
    one = prepare()
    messages = [replace(one, statement=fixed(f"statement {i}")) for i in range(count)]
    sealed = sign_batch(ring, messages)
    start = 0
    for size, head in zip(sizes, ring.signed, strict=True):
        batch = messages[start : start + size]
        root, _ = merkle.tree(H, [labels.leaf(H, message.statement) for message in batch])
        assert head == labels.head(SUITE, one.signer, size, root)
        last = signature_of(sealed[start + size - 1])
        assert last.proof == (None if size == 1 else replace(last.proof, index=size - 1, size=size))
        start += size


def test_a_key_that_was_replaced_does_not_sign_what_was_prepared_for_it(world, prepare):
    with pytest.raises(KeyRingError, match="SIGNING_KEY_CHANGED"):
        sign_batch(world.rings["320000"], [prepare()])


def test_whether_a_message_is_too_large_does_not_depend_on_its_batch(ring, prepare):
    def of(size):
        return prepare(replace(PROBLEM, payload={**PAYLOADS["Problem"], "en": "x" * size}))

    largest = of(770_000)
    others = [
        replace(largest, ciphertext=b"", statement=fixed(f"statement {i}")) for i in range(4095)
    ]
    [alone], together = sign_batch(ring, [largest]), sign_batch(ring, [*others, largest])[-1]
    assert len(signature_of(together).proof.path) == 12
    assert len(alone.data) < len(together.data) <= MAX_AT_ORIGIN
    assert len(together.data) - len(alone.data) < SIGNATURE_ROOM
    with pytest.raises(EnvelopeTooLargeError, match="ENVELOPE_TOO_LARGE"):
        of(771_000)


# What a receiver remembers


def test_the_signature_of_a_batch_is_verified_once(sealer, prepare, open_at_hub, verified):
    sealed = sealer.sign([prepare() for _ in range(20)])
    assert all(isinstance(open_at_hub(one.data), Accept) for one in sealed)
    assert len(verified) == 1


def test_messages_alone_are_each_verified_and_not_remembered(
    sealer, prepare, open_at_hub, verified
):
    sealed = [sealer.sign([prepare()])[0] for _ in range(3)]
    for one in (*sealed, *sealed):
        assert isinstance(open_at_hub(one.data), Accept)
    assert len(verified) == 6


def test_a_known_head_under_other_signature_bytes_is_refused(
    sealer, prepare, open_at_hub, verified
):
    sealed = sealer.sign([prepare() for _ in range(3)])
    assert isinstance(open_at_hub(sealed[0].data), Accept)
    value = signature_of(sealed[1]).value
    other = value[:-1] + bytes([value[-1] ^ 1])
    assert open_at_hub(altered(sealed[1], value=other)) == Refuse("SIGNATURE_INVALID")
    assert open_at_hub(altered(sealed[1], value=b"")) == Refuse("SIGNATURE_FORM")
    assert isinstance(open_at_hub(sealed[1].data), Accept)


def test_a_known_head_vouches_for_no_statement_outside_its_tree(sealer, prepare, open_at_hub):
    sealed = sealer.sign([prepare() for _ in range(3)])
    assert isinstance(open_at_hub(sealed[0].data), Accept)
    signature = signature_of(sealed[0])
    [stranger] = sealer.sign([prepare()])
    foreign = altered(stranger, value=signature.value, proof=signature.proof)
    assert open_at_hub(foreign) == Refuse("SIGNATURE_INVALID")
    proof = replace(signature.proof, index=1)
    assert open_at_hub(altered(sealed[0], proof=proof)) == Refuse("SIGNATURE_INVALID")


def test_a_known_head_does_not_outlive_its_key(world, sealer, prepare, open_at_hub):
    sealed = sealer.sign([prepare() for _ in range(3)])
    assert isinstance(open_at_hub(sealed[0].data), Accept)
    everybody = dict(world.directory.participants)
    owner = everybody["370000"]
    signer = read_statement(read_envelope(sealed[0].data).seals[0].statement).signer
    for changes, code in (
        ({"revoked": NOW}, "KEY_REVOKED"),
        ({"not_after": NOW - timedelta(seconds=1)}, "KEY_EXPIRED"),
        ({"suite": "other-suite/1"}, "SUITE_MISMATCH"),
    ):
        keys = tuple(replace(k, **changes) if k.id == signer else k for k in owner.keys)
        listed = everybody | {"370000": replace(owner, keys=keys)}
        directory = replace(world.directory, participants=listed)
        assert open_at_hub(sealed[1].data, directory=directory) == Refuse(code)


def test_what_does_not_verify_is_not_remembered(sealer, prepare, open_at_hub, verified):
    sealed = sealer.sign([prepare() for _ in range(3)])
    value = bytes(31) + b"\1" + bytes(31) + b"\1"
    for _ in range(2):
        assert open_at_hub(altered(sealed[0], value=value)) == Refuse("SIGNATURE_INVALID")
    assert len(verified) == 2


def test_without_a_memory_each_message_of_a_batch_is_verified(world, sealer, prepare, verified):
    for one in sealer.sign([prepare() for _ in range(3)]):
        verify(one.data, world.directory, NOW, None)
    assert len(verified) == 3


def test_one_signer_cannot_crowd_another_out():
    heads = VerifiedHeads(per_signer=2)
    heads.remember("320000", b"head", b"value")
    for number in range(3):
        heads.remember("370000", bytes([number]), b"value")
    assert not heads.known("370000", b"\0", b"value")
    assert heads.known("370000", b"\1", b"value")
    assert heads.known("370000", b"\2", b"value")
    assert heads.known("320000", b"head", b"value")
    assert not heads.known("320000", b"head", b"other")
    assert not heads.known("hub", b"head", b"value")


def test_many_threads_may_use_one_memory():
    memory = PerSource(2)

    def use(number):
        source, name = str(number % 3), number % 5
        memory.put(source, name, name)
        return memory.get(source, name) in {name, None}

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(use, range(2000)))
    for source in range(3):
        kept = [name for name in range(5) if memory.get(str(source), name) is not None]
        assert len(kept) == 2
