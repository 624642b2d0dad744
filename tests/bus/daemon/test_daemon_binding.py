"""A store and its key: made together once, held together ever after, on every kind of store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bus.daemon.binding import StoreKeyFile
from bus.errors import ConfigError
from bus.model.audit import Event
from bus.ports.audit_chain import verify
from bus.ports.clock import MovedClock
from bus.ports.memory_store import MemoryStore
from bus.ports.store import AuditEvent, Store
from bus.store.store import SqlStore
from signer.errors import KeyFileError

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
CLOCK = MovedClock(NOW)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(request) -> AsyncIterator[Store]:
    match request.param:
        case "memory":
            made = MemoryStore()
        case "sqlite":
            made = SqlStore(f"sqlite+aiosqlite:///{request.getfixturevalue('tmp_path')}/bus.db")
        case _:
            made = SqlStore(await request.getfixturevalue("postgres").database())
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.key"


async def bind(store, path):
    return await StoreKeyFile.read(path, b"passphrase").bind(store, "370000", CLOCK)


@pytest.mark.requirement("R076")
async def test_the_key_is_made_at_the_very_first_start_only(store, path):
    key = await bind(store, path)
    made = path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    again = await bind(store, path)
    assert path.read_bytes() == made
    assert again.unwrap(key.wrap(b"secret", b"context"), b"context") == b"secret"
    async with store.transaction() as unit:
        (first,) = await unit.audit(0, 10)
    verify([first])
    assert first.event.event == Event.STORE_KEY_BOUND
    assert first.event.detail == {"key": key.fingerprint()}


async def test_a_store_without_its_key_is_an_error_and_no_new_key_is_made(store, path):
    await bind(store, path)
    path.unlink()
    with pytest.raises(KeyFileError) as caught:
        await bind(store, path)
    assert (caught.value.code, caught.value.where) == ("KEY_FILE_MISSING", str(path))
    assert not path.exists()


async def test_a_second_instance_with_a_key_of_its_own_is_refused(store, path, tmp_path):
    await bind(store, path)
    other = tmp_path / "other.key"
    with pytest.raises(KeyFileError, match="KEY_FILE_MISSING"):
        await bind(store, other)
    StoreKeyFile.read(other, b"passphrase").key.save(other, b"passphrase")
    with pytest.raises(ConfigError) as caught:
        await bind(store, other)
    assert (caught.value.code, caught.value.where) == ("STORE_KEY_DIFFERS", str(other))


async def test_two_instances_started_for_the_first_time_have_one_key(store, path):
    first, second = (StoreKeyFile.read(path, b"passphrase") for _ in range(2))
    keys = [await file.bind(store, "370000", CLOCK) for file in (first, second)]
    assert keys[1].unwrap(keys[0].wrap(b"secret", b"context"), b"context") == b"secret"


async def test_a_key_whose_store_was_never_written_is_taken_again(store, path):
    StoreKeyFile.read(path, b"passphrase").key.save(path, b"passphrase")
    made = path.read_bytes()
    await bind(store, path)
    assert path.read_bytes() == made


async def test_a_key_that_cannot_be_written_leaves_the_store_empty(store, path):
    with pytest.raises(KeyFileError, match="KEY_FILE_UNWRITABLE"):
        await bind(store, path.parent / "missing" / "store.key")
    async with store.transaction() as unit:
        assert await unit.audit(0, 10) == []
    await bind(store, path)


async def test_a_store_from_before_keys_were_named_is_taken_as_it_is(store, path):
    StoreKeyFile.read(path, b"passphrase").key.save(path, b"passphrase")
    event = AuditEvent(NOW, Event.DIRECTORY_ADOPTED, "370000", None, {"version": 1})
    async with store.transaction() as unit:
        await unit.append_audit(event)
    await bind(store, path)
    async with store.transaction() as unit:
        assert len(await unit.audit(0, 10)) == 1
