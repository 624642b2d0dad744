"""Reading an audit chain beside a daemon, or from a copy, without changing a byte."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import sha256

import pytest
from store_samples import event, opened, url_of

from bus.cli import main
from bus.errors import ConfigError
from bus.ports.audit_walk import AuditWalk
from bus.ports.store_errors import StoreCorrupt, StoreUnavailable
from bus.store import reader as reader_module
from bus.store.location import Access
from bus.store.migrations.runner import VERSION_TABLE
from bus.store.reader import ChainReader
from bus.store.store import SqlStore


async def read(url):
    return [entry async for page in ChainReader(url, Access()).pages() for entry in page]


@pytest.fixture(name="path")
async def path_fixture(tmp_path):
    """A database with five entries, closed."""
    path = tmp_path / "bus 库.db"
    async with opened(url_of(path)) as store, store.transaction() as unit:
        for number in range(1, 6):
            await unit.append_audit(event(number))
    return path


async def test_the_chain_is_read_page_by_page(path, monkeypatch):
    monkeypatch.setattr(reader_module, "PAGE", 2)
    entries = await read(url_of(path))
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
    AuditWalk(None, None).take(entries)


async def test_reading_leaves_the_file_as_it_was(path):
    before = sha256(path.read_bytes()).digest()
    await read(url_of(path))
    assert sha256(path.read_bytes()).digest() == before


async def test_a_daemon_at_work_is_neither_needed_nor_held_up(path):
    store = SqlStore(url_of(path))
    await store.open()
    async with store.transaction() as unit:
        await unit.append_audit(event(6))
        # Its transaction holds the write lock; what it has not committed is not there yet.
        assert len(await read(url_of(path))) == 5
    assert len(await read(url_of(path))) == 6
    await store.close()


async def test_a_file_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(StoreUnavailable):
        await read(url_of(tmp_path / "none.db"))
    assert list(tmp_path.iterdir()) == []


async def test_a_newer_database_is_not_read(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608
    with pytest.raises(ConfigError) as caught:
        await read(url_of(path))
    assert caught.value.code == "STORE_VERSION_NEWER"


async def test_an_altered_entry_is_named(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE audit SET actor = 'operator:x' WHERE number = 4")
    with pytest.raises(StoreCorrupt) as caught:
        AuditWalk(None, None).take(await read(url_of(path)))
    assert (caught.value.code, caught.value.where) == ("AUDIT_CHAIN_BROKEN", "audit 4")


def test_the_command_walks_a_copy_without_a_daemon(path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["audit", "verify", "--store", url_of(path)])
    said = capsys.readouterr()
    assert (ended.value.code or 0, said.err) == (0, "")
    assert "审计链完整，共 5 条" in said.out


def test_the_command_names_the_entry_that_does_not_hold(path, capsys):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM audit WHERE number = 3")
    with pytest.raises(SystemExit) as ended:
        main(["audit", "verify", "--store", url_of(path)])
    assert ended.value.code == 2
    assert "audit 3" in capsys.readouterr().err
