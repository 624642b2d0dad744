"""Every vector through `Opener.open`, and what the collection as a whole must hold."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest
from envelope_cases import Vector, outcome, payload_sha256
from envelope_files import VECTORS, content, scenario_files
from envelope_payloads import PAYLOADS

from schemas.loader import shipped
from signer.envelope.chain import verify
from signer.envelope.open import Opener
from signer.envelope.verdict import CODES, Accept, RefusedEnvelope, number


@pytest.mark.requirement("R011")
@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.stem)
def test_vector_ends_as_it_says(path, world):
    source = content(path)
    vector = Vector.read(source)
    opener = Opener(world.rings[vector.arrival.me], shipped().get)
    verdict = opener.open(vector.data, world.directory, vector.now, vector.arrival)
    assert outcome(verdict) == (vector.expect, vector.code)
    if isinstance(verdict, Accept):
        assert payload_sha256(verdict) == vector.payload_sha256
    else:
        assert vector.payload_sha256 is None
    assert vector.check == (None if vector.code is None else number(vector.code))


def test_there_are_enough_vectors_of_each_ending(vectors):
    counts = Counter(vector.expect for vector in vectors.values())
    assert counts["ACCEPT"] + counts["RELAY"] >= 24
    assert counts["HOLD"] >= 3
    assert counts["REFUSE"] >= 90


def test_every_code_is_reached_by_a_vector(vectors):
    reached = {vector.code for vector in vectors.values() if vector.code}
    assert reached == set(CODES)


def test_every_kind_is_accepted_by_a_vector(vectors, world):
    accepted = [v for v in vectors.values() if v.expect == "ACCEPT"]
    kinds = {verify(v.data, world.directory, v.now, v.arrival).header.kind for v in accepted}
    assert kinds == set(PAYLOADS)


def test_a_check_that_passed_stays_passed_when_an_archive_asks_again(vectors, world):
    # Without the topic at hand, checks 1 to 10 give the same digests for whatever was taken.
    taken = [v for v in vectors.values() if v.expect in {"ACCEPT", "RELAY"}]
    for vector in taken:
        live = verify(vector.data, world.directory, vector.now, vector.arrival)
        assert verify(vector.data, world.directory, vector.now, None) == live


def test_an_archive_refuses_what_it_can_see(vectors, world):
    needs_the_topic = {"WRONG_PEER", "WRONG_HOP", "KEY_MISMATCH", "CE_HEADER_MISMATCH"}
    needs_the_topic |= {"PEER_NOT_CONNECTED", "PEER_SUSPENDED"}
    # The hub's own order is compared with the request inside the body (check 16).
    needs_the_body = "first-order-"
    clear = [
        v
        for name, v in vectors.items()
        if v.expect == "REFUSE"
        and v.check <= 10
        and v.code not in needs_the_topic
        and needs_the_body not in name
    ]
    for vector in clear:
        with pytest.raises(RefusedEnvelope) as caught:
            verify(vector.data, world.directory, vector.now, None)
        assert caught.value.code == vector.code


def test_no_message_secret_is_used_twice(vectors, world):
    digests = Counter()
    for vector in (v for v in vectors.values() if v.expect == "ACCEPT"):
        opened = verify(vector.data, world.directory, vector.now, vector.arrival)
        digests[opened.header.commitment] += 1
    assert set(digests.values()) == {1}


def test_the_codes_are_listed_in_the_order_of_the_checks():
    numbers = [number for number, _, _ in CODES.values()]
    assert all(earlier <= later for earlier, later in pairwise(numbers))


def test_the_generator_would_write_the_same_files():
    command = [sys.executable, str(VECTORS.parent / "generate_envelope.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    assert done.returncode == 0, done.stderr
