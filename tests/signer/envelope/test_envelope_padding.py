"""Padding: Padmé sizes, and that one plaintext only is accepted for a body."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.envelope.padding import pad, padded_size, padme, unpad


@pytest.mark.parametrize(
    ("size", "padded"),
    [
        (0, 0),
        (1, 1),
        (2, 2),
        (8, 8),
        (9, 10),
        (15, 16),
        (17, 18),
        (33, 36),
        (100, 104),
        (255, 256),
        (256, 256),
        (257, 272),
        (1000, 1024),
        (1025, 1088),
        (65_536, 65_536),
        (65_537, 67_584),
        (1_000_000, 1_015_808),
    ],
)
def test_padme_sizes(size, padded):
    assert padme(size) == padded


@given(st.integers(2, 10**7))
def test_padme_is_the_formula_of_the_page(size):
    exponent = math.floor(math.log2(size))
    step = 2 ** (exponent - (math.floor(math.log2(exponent)) + 1))
    assert padme(size) == math.ceil(size / step) * step


@given(st.integers(1, 10**7))
def test_padme_adds_at_most_twelve_percent_and_stands_still(size):
    padded = padme(size)
    assert size <= padded <= size * 1.12 + 1
    assert padme(padded) == padded


@given(st.binary(max_size=5000), st.sampled_from([0, 4096]))
def test_what_is_padded_comes_back(data, minimum):
    plaintext = pad(data, minimum)
    assert len(plaintext) >= minimum
    assert unpad(plaintext, minimum) == data


@given(st.binary(max_size=300), st.sampled_from([0, 4096]), st.integers(0, 6000))
def test_every_other_length_is_refused(data, minimum, length):
    plaintext = pad(data, minimum)
    other = plaintext[:length].ljust(length, b"\0")
    assert (unpad(other, minimum) is None) == (length != len(plaintext))


@given(st.binary(max_size=300), st.data())
def test_every_byte_in_the_padding_must_be_zero(data, draw):
    plaintext = bytearray(pad(data, 4096))
    at = draw.draw(st.integers(4 + len(data), len(plaintext) - 1))
    plaintext[at] = draw.draw(st.integers(1, 255))
    assert unpad(bytes(plaintext), 4096) is None


@given(st.binary(max_size=64))
def test_any_bytes_are_refused_or_are_the_one_padding_of_their_data(plaintext):
    data = unpad(plaintext, 0)
    assert data is None or pad(data, 0) == plaintext


def test_found_and_not_found_look_alike():
    assert {padded_size(size, 4096) for size in range(4093)} == {4096}
