"""The store key: its file, its seals, its tokens."""

from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.errors import KeyFileError, KeyRingError
from signer.storekey import StoreKey

KEY = StoreKey.ephemeral()


def refusal(run, *arguments) -> str:
    with pytest.raises((KeyFileError, KeyRingError)) as caught:
        run(*arguments)
    return caught.value.code


def test_a_created_key_loads_again(tmp_path):
    path = tmp_path / "store.key"
    key = StoreKey.create(path, b"secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = StoreKey.load(path, b"secret")
    assert again.unwrap(key.wrap(b"content secret", b"digest"), b"digest") == b"content secret"
    assert again.person_token("111", "x") == key.person_token("111", "x")
    assert [p.name for p in tmp_path.iterdir()] == ["store.key"]


def test_a_key_is_never_overwritten(tmp_path):
    path = tmp_path / "store.key"
    StoreKey.create(path, b"secret")
    before = path.read_bytes()
    assert refusal(StoreKey.create, path, b"secret") == "KEY_FILE_EXISTS"
    assert path.read_bytes() == before
    assert refusal(StoreKey.create, tmp_path / "no" / "key", b"secret") == "KEY_FILE_UNWRITABLE"


def test_a_key_file_is_refused_with_its_reason(tmp_path):
    path = tmp_path / "store.key"
    assert refusal(StoreKey.load, path, b"secret") == "KEY_FILE_MISSING"
    StoreKey.create(path, b"secret")
    data = path.read_bytes()
    assert refusal(StoreKey.load, path, b"Secret") == "KEY_PASSPHRASE"
    path.chmod(0o640)
    assert refusal(StoreKey.load, path, b"secret") == "KEY_FILE_READABLE"
    path.chmod(0o600)
    for broken in (b"", data[:-1], data + b"\n", b"X" + data[1:]):
        path.write_bytes(broken)
        assert refusal(StoreKey.load, path, b"secret") == "KEY_FILE_MALFORMED"


@pytest.mark.parametrize("position", [5, 21, 33, 80])
def test_a_damaged_key_file_does_not_open(tmp_path, position):
    path = tmp_path / "store.key"
    StoreKey.create(path, b"secret")
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    assert refusal(StoreKey.load, path, b"secret") == "KEY_PASSPHRASE"


def test_the_file_does_not_hold_the_key_in_clear(tmp_path, monkeypatch):
    monkeypatch.setattr("signer.storekey.token_bytes", lambda size: b"k" * size)
    StoreKey.create(tmp_path / "store.key", b"secret")
    assert b"k" * 32 not in (tmp_path / "store.key").read_bytes()


@given(st.binary(max_size=200), st.binary(max_size=64))
def test_what_is_wrapped_unwraps(secret, context):
    wrapped = KEY.wrap(secret, context)
    assert KEY.unwrap(wrapped, context) == secret
    assert len(wrapped) == len(secret) + 28
    assert KEY.wrap(secret, context) != wrapped


@given(st.integers(0, 41), st.integers(1, 255))
def test_nothing_altered_unwraps(position, flip):
    wrapped = bytearray(KEY.wrap(b"content secret", b"context"))
    wrapped[position] ^= flip
    assert refusal(KEY.unwrap, bytes(wrapped), b"context") == "STORE_SECRET_INVALID"


def test_context_and_key_are_bound():
    wrapped = KEY.wrap(b"content secret", b"context")
    attempts = [
        (KEY.unwrap, wrapped, b"another"),
        (StoreKey.ephemeral().unwrap, wrapped, b"context"),
        (KEY.unwrap, wrapped[:27], b"context"),
        (KEY.unwrap, b"", b"context"),
    ]
    assert {refusal(*attempt) for attempt in attempts} == {"STORE_SECRET_INVALID"}


def test_person_tokens_tell_persons_apart_and_stores_too():
    token = KEY.person_token("111", "990000199001010017")
    assert len(token) == 32
    assert token == KEY.person_token("111", "990000199001010017")
    others = [
        KEY.person_token("113", "990000199001010017"),
        KEY.person_token("111", "990000199001010025"),
        KEY.person_token("1119", "90000199001010017"),
        StoreKey.ephemeral().person_token("111", "990000199001010017"),
    ]
    assert token not in others
