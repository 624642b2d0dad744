"""The database file: durable, private, ours, and of a version this program knows."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from store_samples import MESSAGE, NOW, digest, event, full_case, message, opened, url_of

from bus.errors import ConfigError, HeduiError
from bus.model.case import CaseRole
from bus.ports.audit_chain import verify
from bus.ports.store_errors import StoreCorrupt, StoreUnavailable
from bus.store.store import SqlStore

NOBODY = 65534

CRASH = """
import asyncio, os, signal, sys
sys.path.insert(0, sys.argv[1])
from store_samples import NOW, event, message, url_of
from bus.store.store import SqlStore

async def main():
    store = SqlStore(url_of(sys.argv[2]))
    await store.open()
    async with store.transaction() as unit:
        await unit.put_message(message(1))
        await unit.store_offset("t", 0, 1)
        await unit.append_audit(event(1))
    async with store.transaction() as unit:
        await unit.put_message(message(2))
        await unit.store_offset("t", 0, 2)
        await unit.append_audit(event(2))
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "bus.db"


def run_sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


async def code_of_opening(path: Path) -> HeduiError:
    store = SqlStore(url_of(path))
    with pytest.raises(HeduiError) as caught:
        await store.open()
    return caught.value


@pytest.mark.requirement("R075")
async def test_a_reopened_database_holds_everything(tmp_path):
    async with opened(url_of(tmp_path / "bus.db")) as store, store.transaction() as unit:
        await unit.save_case(full_case())
        await unit.put_message(message(1))
        await unit.enqueue("t", b"k", b"v", (("h", b"\xff"),), NOW)
        await unit.mark_seen("370000", MESSAGE, digest(1), NOW)
        await unit.append_audit(event(1))
        rows = await unit.unsent(10)
    async with opened(url_of(tmp_path / "bus.db")) as store, store.transaction() as unit:
        assert await unit.case(full_case().query, CaseRole.REQUESTER) == full_case()
        assert await unit.message(digest(1)) == message(1)
        assert await unit.unsent(10) == rows
        assert await unit.seen("370000", MESSAGE) == digest(1)
        assert (await unit.append_audit(event(2))).number == 2
        verify(await unit.audit(0, 10))


@pytest.mark.requirement("R075")
async def test_a_process_killed_inside_a_transaction_leaves_nothing_half_done(tmp_path, path):
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", CRASH, here, str(path)]
    ended = subprocess.run(command, check=False, capture_output=True)  # noqa: ASYNC221, S603 - nothing else runs on this loop; the command is ours
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    async with opened(url_of(tmp_path / "bus.db")) as store, store.transaction() as unit:
        assert await unit.message(digest(1)) == message(1)
        assert await unit.message(digest(2)) is None
        assert await unit.offsets("t") == {0: 1}
        entries = await unit.audit(0, 10)
    assert [entry.number for entry in entries] == [1]
    verify(entries)


@pytest.mark.requirement("R075")
async def test_a_commit_is_on_the_disk_and_a_transaction_takes_the_write_lock(tmp_path, path):
    async with opened(url_of(tmp_path / "bus.db")) as store, store.transaction() as unit:
        pragmas = {}
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout"):
            found = await unit._connection.execute(text(f"PRAGMA {name}"))
            pragmas[name] = found.scalar_one()
        assert pragmas == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 5_000,
        }
        with (
            closing(sqlite3.connect(path, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")


async def test_the_files_are_the_owners_alone_whatever_the_umask(tmp_path, path):
    before = os.umask(0)
    try:
        async with opened(url_of(tmp_path / "bus.db")) as store:
            async with store.transaction() as unit:
                await unit.store_offset("t", 0, 1)
            modes = {
                file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("bus.db*")
            }
    finally:
        os.umask(before)
    assert modes == {"bus.db": 0o600, "bus.db-wal": 0o600, "bus.db-shm": 0o600}


async def test_a_missing_directory_is_named(tmp_path):
    missing = tmp_path / "missing" / "bus.db"
    error = await code_of_opening(missing)
    assert isinstance(error, StoreUnavailable)
    assert (error.code, error.where) == ("STORE_UNWRITABLE", str(missing))


async def test_a_directory_in_place_of_the_file_cannot_be_opened(path):
    path.mkdir()
    assert (await code_of_opening(path)).code == "STORE_UNWRITABLE"


@contextmanager
def unprivileged() -> Iterator[Path]:
    """Give a directory all may enter, and take root's freedom to write anywhere."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    user = os.geteuid()
    try:
        yield directory
    finally:
        os.seteuid(user)
        shutil.rmtree(directory)


async def test_a_file_that_may_only_be_read_is_refused():
    with unprivileged() as directory:
        path = directory / "bus.db"
        store = SqlStore(url_of(path))
        await store.open()
        await store.close()
        path.chmod(0o444)
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
        error = await code_of_opening(path)
    assert isinstance(error, StoreUnavailable)
    assert (error.code, error.where) == ("STORE_UNWRITABLE", str(path))


async def test_a_file_that_is_no_database_is_corrupt_and_stays_as_it_is(path):
    content = b"not a database, but long enough to be looked at" * 40
    path.write_bytes(content)
    error = await code_of_opening(path)
    assert isinstance(error, StoreCorrupt)
    assert error.code == "STORE_CORRUPT"
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite:///bus.db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        "sqlite+aiosqlite:///file:bus.db?uri=true",
        "mysql+asyncmy://user@host/hidden-word",
    ],
)
def test_a_url_that_names_no_file_is_refused_without_quoting_it(url):
    with pytest.raises(ConfigError) as caught:
        SqlStore(url)
    assert caught.value.code == "STORE_URL_INVALID"
    assert caught.value.where == "[store] url"
    assert "hidden-word" not in str(caught.value)
