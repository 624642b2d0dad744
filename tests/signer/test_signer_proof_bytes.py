"""Any byte of a proof altered, the digest at the end made to fit again."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from proof_world import delivered_world

from signer.envelope.parse import reread
from signer.proof.failures import ProofError
from signer.proof.format import file_digest, proof_bytes
from signer.proof.verify import verify


def failure_of(data: bytes, tree) -> ProofError:
    with pytest.raises(ProofError) as caught:
        verify(data, tree.validator)
    return caught.value


def unsigned_places(data: bytes, proof) -> set[int]:
    """Where the requester's own statement stands: made_at, and receipt of others' messages."""
    made = 4 + 16 + 1 + len(proof.requester)
    places = set(range(made, made + 6))
    for message in proof.messages:
        if reread(message.envelope).header.source != proof.requester:
            after = data.index(message.envelope) + len(message.envelope)
            places |= set(range(after, after + 6))
    return places


@pytest.fixture(name="delivered")
def delivered_fixture(tree):
    world = delivered_world(tree)
    proof = world.proof()
    return tree, proof, proof_bytes(proof)


# One file serves all examples: each alters a copy.
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(choice=st.data())
def test_any_byte_flipped_under_a_fitting_digest_still_fails(delivered, choice):
    tree, proof, data = delivered
    body = bytearray(data[:-32])
    position = choice.draw(st.integers(4, len(body) - 1))
    bit = choice.draw(st.integers(0, 7))
    body[position] ^= 1 << bit
    assume(position not in unsigned_places(data, proof))
    failure = failure_of(bytes(body) + file_digest(bytes(body)), tree)
    assert failure.check.number >= 3


def places(data: bytes, proof) -> dict[str, tuple[int, int]]:
    """One byte of each class of field, and the number of the check that must notice it."""
    found = {
        "query": (4, 6),
        "requester": (4 + 16 + 1 + 5, 6),
        "directory record": (data.index(proof.directory["320000"]) + 100, 4),
        "directory head": (data.index(proof.directory["head"]) + 100, 4),
        "number of messages": (data.index(proof.messages[0].envelope) - 3, 3),
    }
    for number, message in enumerate(proof.messages, start=1):
        opened, start = reread(message.envelope), data.index(message.envelope)
        name = f"{number} {opened.header.kind}"
        parts = {
            "header": opened.envelope.protected[30:60],
            "body": opened.envelope.ciphertext,
            "statement": opened.envelope.seals[0].statement[-40:],
            "signature": opened.envelope.seals[-1].signature.value,
        }
        for part, content in parts.items():
            found[f"{name} {part}"] = (start + message.envelope.index(content) + 10, 5)
        if message.secret is not None:
            found[f"{name} secret"] = (data.index(message.secret) + 5, 7)
    return found


def test_a_byte_of_each_field_of_each_message_fails_in_its_check(delivered):
    tree, proof, data = delivered
    noticed = {}
    for name, (position, number) in places(data, proof).items():
        body = bytearray(data[:-32])
        body[position] ^= 1
        failure = failure_of(bytes(body) + file_digest(bytes(body)), tree)
        if failure.check.number != number:
            noticed[name] = (failure.check.number, failure.code, failure.where)
    assert noticed == {}
