"""UUIDv7 and the Kafka headers of an envelope."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from envelope_forge import fixed
from envelope_routes import application
from hypothesis import given
from hypothesis import strategies as st

from signer.envelope import cloudevents
from signer.uuid7 import is_uuid7, uuid7

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(0, 250_000_000_000_000), st.binary(min_size=10, max_size=10))
def test_a_uuid7_holds_its_time_version_and_variant(milliseconds, random):
    value = uuid7(EPOCH + timedelta(milliseconds=milliseconds), lambda _: random)
    assert value.int >> 80 == milliseconds
    assert value.version == 7
    assert value.variant == "specified in RFC 4122"
    assert is_uuid7(value)


def test_the_example_of_the_rfc():
    # RFC 9562 appendix A.6.
    moment = EPOCH + timedelta(milliseconds=0x017F22E279B0)
    bits = (0xCC3 << 64 | 0x18C4DC0C0C07398F).to_bytes(10)
    assert uuid7(moment, lambda _: bits) == UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")


@pytest.mark.parametrize(
    "text",
    [
        "00000000-0000-0000-0000-000000000000",
        "12345678-1234-4234-9234-123456789abc",
        "01234567-89ab-7def-0123-456789abcdef",
        "01234567-89ab-7def-c123-456789abcdef",
        "01234567-89ab-8def-8123-456789abcdef",
    ],
)
def test_another_version_or_variant_is_no_uuid7(text):
    assert not is_uuid7(UUID(text))


def test_headers_are_those_of_the_page(forge):
    made = application(forge, "application")
    assert dict(cloudevents.headers(made.header)) == {
        "ce_specversion": b"1.0",
        "ce_id": str(made.header.message_id).encode(),
        "ce_source": b"urn:hedui:node:370000",
        "ce_type": b"hedui.Application.v1",
        "ce_time": b"2026-03-02T01:00:00.000Z",
        "content-type": b"application/vnd.hedui.envelope.v1+avro",
    }


@pytest.mark.parametrize("year", [1, 970, 1969, 9999])
def test_the_time_has_four_digits_of_year_whatever_is_claimed(forge, year):
    header = replace(
        application(forge, "application").header, created=datetime(year, 1, 1, tzinfo=UTC)
    )
    assert (
        dict(cloudevents.headers(header))["ce_time"] == f"{year:04d}-01-01T00:00:00.000Z".encode()
    )


@given(st.permutations(range(6)), st.integers(0, 6))
def test_any_part_of_the_right_headers_agrees(forge, order, size):
    header = application(forge, "application").header
    right = cloudevents.headers(header)
    given_headers = [right[i] for i in order[:size]]
    assert cloudevents.agree(header, [*given_headers, ("traceparent", fixed("x"))])


@given(st.integers(0, 5), st.binary(max_size=40))
def test_any_other_value_disagrees(forge, which, value):
    header = application(forge, "application").header
    name, right = cloudevents.headers(header)[which]
    assert cloudevents.agree(header, [(name, value)]) == (value == right)
