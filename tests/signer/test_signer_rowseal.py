"""Rows at rest: they open in their own place, under their own key, and nowhere else."""

from __future__ import annotations

from uuid import UUID

import pytest

from signer.errors import KeyRingError
from signer.storekey import StoreKey

VERSION = UUID("019cac0f-2680-77d8-8904-86ef2cb84955")
OTHER = UUID("019cac0f-2680-77d8-8904-86ef2cb84956")
PERSON, SOMEBODY = bytes([1]) * 32, bytes([2]) * 32
RECORD = b"\x02\x08" + "张三".encode()


@pytest.fixture(scope="module")
def key() -> StoreKey:
    return StoreKey.ephemeral()


def test_a_row_opens_where_it_was_sealed(key):
    sealed = key.row_seal(VERSION).seal(RECORD, PERSON, 7)

    assert key.row_seal(VERSION).open(sealed, PERSON, 7) == RECORD
    assert RECORD not in sealed


def test_equal_rows_do_not_look_equal(key):
    seal = key.row_seal(VERSION)

    assert seal.seal(RECORD, PERSON, 7) != seal.seal(RECORD, PERSON, 7)


@pytest.mark.parametrize(
    ("version", "person", "ordinal"),
    [(OTHER, PERSON, 7), (VERSION, SOMEBODY, 7), (VERSION, PERSON, 8)],
    ids=["another version", "another person", "another place"],
)
def test_a_row_that_was_moved_does_not_open(key, version, person, ordinal):
    sealed = key.row_seal(VERSION).seal(RECORD, PERSON, 7)

    with pytest.raises(KeyRingError) as refused:
        key.row_seal(version).open(sealed, person, ordinal)
    assert refused.value.code == "ROW_SEAL_INVALID"


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:20], lambda _: b""])
def test_a_damaged_row_does_not_open(key, damage):
    sealed = key.row_seal(VERSION).seal(RECORD, PERSON, 7)

    with pytest.raises(KeyRingError) as refused:
        key.row_seal(VERSION).open(damage(sealed), PERSON, 7)
    assert refused.value.code == "ROW_SEAL_INVALID"


def test_another_store_key_opens_nothing(key):
    sealed = key.row_seal(VERSION).seal(RECORD, PERSON, 7)

    with pytest.raises(KeyRingError):
        StoreKey.ephemeral().row_seal(VERSION).open(sealed, PERSON, 7)
