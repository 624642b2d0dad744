"""Timestamps after RFC 3161, as OpenSSL's authority makes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from timestamp_authority import TimestampAuthority, needs_openssl

from signer.timestamps import MAX_RESPONSE, TimestampError, request_bytes, verify_timestamp

VECTOR = Path(__file__).parents[1] / "vectors/timestamp"
DATA = b"what was there"

pytestmark = needs_openssl


@pytest.fixture(name="authority", scope="module")
def authority_fixture(tmp_path_factory):
    return TimestampAuthority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(name="answer", scope="module")
def answer_fixture(authority):
    return authority.stamp(DATA)[0]


def failure_of(response, certificates, data=DATA) -> str:
    with pytest.raises(TimestampError) as caught:
        verify_timestamp(response, data, certificates)
    return caught.value.code


def test_a_timestamp_says_when_and_by_whom(authority):
    before = datetime.now(UTC)
    answer, certificates = authority.stamp(DATA)
    found = verify_timestamp(answer, DATA, certificates)
    # The token's second, and the half second by which it may be wrong.
    assert before - timedelta(seconds=1) < found.time < datetime.now(UTC) + timedelta(seconds=1)
    assert found.time.microsecond == 500_000
    assert (found.authority, found.anchor) == ("CN=Test TSA", authority.root)


def test_a_path_through_an_authority_between_ends_in_the_root(tmp_path):
    authority = TimestampAuthority(tmp_path, between=True)
    answer, (root, between) = authority.stamp(DATA)
    assert verify_timestamp(answer, DATA, [between, root]).anchor == root
    assert failure_of(answer, [root]) == "TIMESTAMP_UNTRUSTED"
    assert failure_of(answer, [between]) == "TIMESTAMP_UNTRUSTED"


def test_the_same_bytes_make_the_same_request():
    assert request_bytes(DATA) == request_bytes(DATA) != request_bytes(DATA + b".")


def test_a_timestamp_over_something_else_is_none_of_this(answer, authority):
    assert failure_of(answer, [authority.root], DATA + b".") == "TIMESTAMP_IMPRINT"


def test_another_authority_s_root_does_not_do(answer, tmp_path, authority):
    other = TimestampAuthority(tmp_path)
    assert failure_of(answer, [other.root]) == "TIMESTAMP_UNTRUSTED"
    assert failure_of(answer, []) == "TIMESTAMP_UNTRUSTED"
    assert verify_timestamp(answer, DATA, [other.root, authority.root]).anchor == authority.root


def test_a_leaf_that_is_given_as_root_is_no_anchor(tmp_path):
    authority = TimestampAuthority(tmp_path)
    answer, _ = authority.stamp(DATA)
    leaf = x509.load_pem_x509_certificate((authority.folder / "tsa.pem").read_bytes())
    assert failure_of(answer, [leaf.public_bytes(Encoding.DER)]) == "TIMESTAMP_UNTRUSTED"


@pytest.mark.parametrize(
    ("start", "end"), [(-timedelta(days=2), -timedelta(days=1)), (timedelta(days=1),) * 2]
)
def test_certificates_that_were_not_valid_at_the_stated_time_do_not_do(tmp_path, start, end):
    authority = TimestampAuthority(tmp_path, start=start, end=end + timedelta(seconds=1))
    answer, certificates = authority.stamp(DATA)
    assert failure_of(answer, certificates) == "TIMESTAMP_UNTRUSTED"


def test_years_later_a_timestamp_still_verifies():
    """Its certificates were valid for two minutes around the time it was made."""
    root = x509.load_pem_x509_certificate((VECTOR / "root.pem").read_bytes())
    assert root.not_valid_after_utc < datetime.now(UTC)
    response = (VECTOR / "response.tsr").read_bytes()
    found = verify_timestamp(response, b"hedui", [root.public_bytes(Encoding.DER)])
    assert found.time < root.not_valid_after_utc


@pytest.mark.parametrize("response", [b"", b"\x30\x00", b"nothing", bytes(MAX_RESPONSE + 1)])
def test_what_is_no_response_is_malformed(response, authority):
    assert failure_of(response, [authority.root]) == "TIMESTAMP_MALFORMED"


def test_a_certificate_that_is_none_is_named(answer):
    assert failure_of(answer, [b"nothing"]) == "TIMESTAMP_CERTIFICATE"


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(position=st.integers(0), bit=st.integers(0, 7), cut=st.booleans())
def test_no_altered_answer_states_another_time(answer, authority, position, bit, cut):
    """Nothing but our own errors comes out, and what still verifies says the same."""
    honest = verify_timestamp(answer, DATA, [authority.root])
    altered = bytearray(answer)
    altered[position % len(answer)] ^= 1 << bit
    if cut:
        del altered[position % len(answer)]
    try:
        found = verify_timestamp(bytes(altered), DATA, [authority.root])
    except TimestampError:
        return
    assert found == honest
