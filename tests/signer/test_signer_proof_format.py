"""The proof file: its bytes, checks 1 to 3, and that every single byte of it counts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st
from proof_world import delivered_world, refused_world

from schemas.loader import load
from signer.proof.failures import CHECKS, FAILURES, ProofError
from signer.proof.format import Proof, ProvenMessage, file_digest, proof_bytes, read_proof
from signer.proof.verify import verify

SPEC = Path(__file__).parents[2] / "docs/spec/proof.md"
MADE = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
QUERY = UUID("019cac46-1500-7e18-98f3-234ff1c01c88")
SMALL = Proof(
    QUERY,
    "370000",
    MADE,
    {"370000": b"entry", "head": b"head"},
    (ProvenMessage(b"one", MADE, None), ProvenMessage(b"two", MADE, bytes(32))),
)


def sealed_again(body: bytes) -> bytes:
    return body + file_digest(body)


def failure_of(data: bytes) -> ProofError:
    with pytest.raises(ProofError) as caught:
        read_proof(data)
    return caught.value


_instants = st.datetimes(datetime(2000, 1, 1), datetime(8999, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - hypothesis wants naive bounds
    lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)
)


@given(
    made_at=_instants,
    directory=st.dictionaries(st.text(max_size=8), st.binary(max_size=8), max_size=4),
    messages=st.lists(
        st.tuples(
            st.binary(max_size=8),
            st.integers(0, 10**9),
            st.none() | st.binary(min_size=32, max_size=32),
        ),
        max_size=4,
    ),
)
def test_what_is_written_is_read(made_at, directory, messages):
    earliest = datetime(2000, 1, 1, tzinfo=UTC)
    proven = tuple(
        ProvenMessage(envelope, max(earliest, made_at - timedelta(milliseconds=ago)), secret)
        for envelope, ago, secret in messages
    )
    proof = Proof(QUERY, "370000", made_at, directory, proven)
    data = proof_bytes(proof)
    assert read_proof(data) == proof
    assert proof_bytes(read_proof(data)) == data


def test_flipping_any_single_byte_fails_with_a_named_check(tree):
    data = refused_world(tree).file()
    verify(data, tree.validator)
    altered = bytearray(data)
    for position in range(len(data)):
        altered[position] ^= 1 << position % 8
        failure = failure_of(bytes(altered))
        altered[position] = data[position]
        assert failure.check.number == (1 if position < 4 else 2)
    assert altered == data


def test_every_byte_of_a_delivered_proof_is_under_the_digest(tree):
    data = delivered_world(tree).file()
    for position in range(4, len(data), 61):
        altered = data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]
        assert failure_of(altered).code == "PROOF_DIGEST"


@pytest.mark.parametrize("length", [0, 3, 35])
def test_what_is_too_short_for_a_proof_fails_check_1(length):
    assert failure_of(proof_bytes(SMALL)[:length]).code == "PROOF_SIZE"


def test_what_is_cut_or_lengthened_fails_check_2():
    data = proof_bytes(SMALL)
    for altered in (data[:-1], data + b"\0", data[:40] + data[41:]):
        assert failure_of(altered).code == "PROOF_DIGEST"


def test_another_format_fails_check_1():
    assert failure_of(b"PK\x03\x04" + bytes(64)).code == "PROOF_MAGIC"


def other_encodings() -> dict[str, bytes]:
    body = proof_bytes(SMALL)[:-32]
    name = body.index(b"\x0c370000")
    first, second = b"\x0c370000\x0aentry", b"\x08head\x08head"
    array = b"\x04" + first + second + b"\0"
    blocks = b"\x02" + first + b"\x02" + second + b"\0"
    sized = b"\x03" + bytes([2 * len(first + second)]) + first + second + b"\0"
    return {
        "something after the end": body + b"\0",
        "an overlong length": body[:name] + b"\x8c\x00" + body[name + 1 :],
        "an array in two blocks": body.replace(array, blocks),
        "an array with a byte size": body.replace(array, sized),
    }


@pytest.mark.parametrize("name", other_encodings())
def test_another_encoding_of_the_content_fails_check_3(name):
    body = other_encodings()[name]
    schema = load("proof/proof.v1").parsed
    same = fastavro.schemaless_reader(BytesIO(body), schema, None)
    assert same == fastavro.schemaless_reader(BytesIO(proof_bytes(SMALL)), schema, None)
    assert failure_of(sealed_again(body)).code == "PROOF_ENCODING"


def test_content_that_ends_too_soon_fails_check_3():
    assert failure_of(sealed_again(proof_bytes(SMALL)[:-35])).code == "PROOF_ENCODING"


FIELDS = {
    "query": {"query": uuid4()},
    "requester": {"requester": "370000.housing-fund"},
    "made_at": {"made_at": datetime(1999, 12, 31, tzinfo=UTC), "messages": ()},
    "messages 1 received": {"made_at": MADE - timedelta(milliseconds=1)},
}


@pytest.mark.parametrize("where", FIELDS)
def test_a_field_that_makes_no_sense_fails_check_3(where):
    failure = failure_of(proof_bytes(replace(SMALL, **FIELDS[where])))
    assert (failure.code, failure.where) == ("PROOF_FIELD", where)


def test_a_requester_of_no_known_form_fails_check_3():
    failure = failure_of(proof_bytes(replace(SMALL, requester="nobody")))
    assert (failure.code, failure.where) == ("PROOF_FIELD", "requester")


def test_times_at_the_end_of_the_calendar_fail_check_3():
    late = datetime(9999, 12, 31, tzinfo=UTC)
    assert failure_of(proof_bytes(replace(SMALL, made_at=late))).where == "made_at"


@pytest.mark.parametrize("second", [b"AA", b"aa"])
def test_directory_keys_out_of_order_or_twice_fail_check_3(second):
    body = proof_bytes(replace(SMALL, directory={"aa": b"1", "bb": b"2"}))[:-32]
    failure = failure_of(sealed_again(body.replace(b"\x04bb", b"\x04" + second)))
    assert (failure.code, failure.where) == ("PROOF_FIELD", "directory")


def test_the_specification_lists_every_code_under_its_check():
    text = SPEC.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| .* \| (`PROOF_.*) \|$", text, re.MULTILINE)
    listed = {code: int(no) for no, codes in rows for code in re.findall(r"PROOF_\w+", codes)}
    assert listed == {code: number for code, (number, _, _) in FAILURES.items()}
    assert [check.number for check in CHECKS] == list(range(1, len(CHECKS) + 1))
