"""Any byte of a proof altered, the digest at the end made to fit again."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
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
    tree, _, data = delivered
    body = bytearray(data[:-32])
    position = choice.draw(st.integers(4, len(body) - 1))
    bit = choice.draw(st.integers(0, 7))
    body[position] ^= 1 << bit
    failure = failure_of(bytes(body) + file_digest(bytes(body)), tree)
    assert failure.check.number >= 3


def places(data: bytes, proof) -> dict[str, tuple[int, ...]]:
    """One byte of each class of field, the number of the check that must notice, and which bit.

    The lowest bit of an Avro integer is its sign.
    """
    found = {
        "query": (4, 6),
        "requester": (4 + 16 + 1 + 5, 6),
        "made_at": (4 + 16 + 1 + 6, 6, 2),
        "opened": (4 + 16 + 1 + 6 + 6, 9),
        "directory record": (data.index(proof.directory["320000"]) + 100, 4),
        "directory head": (data.index(proof.directory["head"]) + 100, 4),
        "number of messages": (data.index(proof.messages[0].envelope) - 3, 3),
    }
    for number, message in enumerate(proof.messages, start=1):
        opened, start = reread(message.envelope), data.index(message.envelope)
        name = f"{number} {opened.header.kind}"
        sent = opened.header.source == proof.requester
        parts = {
            "header": opened.envelope.protected[30:60],
            "body": opened.envelope.ciphertext,
            "statement": opened.envelope.seals[0].statement[-40:],
            "signature": opened.envelope.seals[-1].signature.value,
        }
        for part, content in parts.items():
            found[f"{name} {part}"] = (start + message.envelope.index(content) + 10, 5)
        if message.secret is not None:
            found[f"{name} secret"] = (data.index(message.secret) + 5, 9)
        found[f"{name} received"] = (start + len(message.envelope), 8 if sent else 6, 2)
    for number, record in enumerate(proof.audit, start=1):
        entry = data.index(record.entry)
        found[f"audit {number} entry"] = (entry + 20, 6)
        found[f"audit {number} prev"] = (entry + len(record.entry) + 5, 6)
        if record.inclusion is not None:
            after = entry + len(record.entry) + 32
            found[f"audit {number} head"] = (after + 1, 6)
            found[f"audit {number} path"] = (data.index(record.inclusion.path[0], after) + 3, 6)
    return found


def test_a_byte_of_each_field_of_each_message_fails_in_its_check(delivered):
    tree, proof, data = delivered
    noticed = {}
    for name, (position, number, *mask) in places(data, proof).items():
        body = bytearray(data[:-32])
        body[position] ^= mask[0] if mask else 1
        failure = failure_of(bytes(body) + file_digest(bytes(body)), tree)
        if failure.check.number != number:
            noticed[name] = (failure.check.number, failure.code, failure.where)
    assert noticed == {}
