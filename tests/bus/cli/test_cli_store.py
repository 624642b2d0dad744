"""`hedui store`: the version told, brought forward and back, on both databases."""

from __future__ import annotations

import asyncio
import json

import pytest

from bus.store.location import Access, daemon_name
from bus.store.schema import newest
from bus.store.store import SqlStore

CONFIG = """
[participant]
id = "370000"
[keys]
directory = "keys"
passphrase_file = "pass"
store_key = "store.key"
[broker]
bootstrap = "127.0.0.1:9093"
[store]
url = "{url}"
"""

NOW = newest()
"""The version that this product makes."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request) -> str:
    if request.param == "sqlite":
        return "sqlite+aiosqlite:///bus.db"
    return asyncio.run(request.getfixturevalue("postgres").database())


@pytest.fixture
def config(tmp_path, url):
    path = tmp_path / "node.toml"
    path.write_text(CONFIG.format(url=url))
    return path


@pytest.fixture
def store(tmp_path, url) -> SqlStore:
    place = url.replace("///bus.db", f"///{tmp_path}/bus.db")
    return SqlStore(place, Access(application=daemon_name("370000/1")))


def shape(hedui, config):
    ended = hedui("store", "status", "-c", config, "--json")
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    return found["version"], found["newest"]


def test_a_database_goes_forward_and_back(hedui, config):
    assert shape(hedui, config) == (0, NOW)
    ended = hedui("store", "upgrade", "-c", config)
    assert (ended.code, f"0 → {NOW}" in ended.out) == (0, True)
    assert shape(hedui, config) == (NOW, NOW)
    ended = hedui("store", "downgrade", "-c", config, "--to", 1, "--yes", "--json")
    assert ended.code == 0
    assert (json.loads(ended.out)["from"], json.loads(ended.out)["version"]) == (NOW, 1)
    assert shape(hedui, config) == (1, NOW)
    assert "1" in hedui("store", "status", "-c", config).out


def test_unconfirmed_it_says_what_goes_and_does_nothing(hedui, config):
    hedui("store", "upgrade", "-c", config)
    ended = hedui("store", "downgrade", "-c", config, "--to", 1)
    assert ended.code == 2
    assert "DOWNGRADE_UNCONFIRMED" in ended.err
    assert "leases" in ended.err
    assert shape(hedui, config) == (NOW, NOW)


def test_a_running_daemon_keeps_its_tables(hedui, config, store):
    async def daemon() -> None:
        await store.open()
        try:
            ended = await asyncio.to_thread(
                hedui, "store", "downgrade", "-c", config, "--to", 1, "--yes"
            )
            # Looking does no harm.
            looked = await asyncio.to_thread(shape, hedui, config)
        finally:
            await store.close()
        assert (ended.code, "STORE_IN_USE" in ended.err) == (2, True)
        assert looked == (NOW, NOW)

    asyncio.run(daemon())


def test_a_version_that_is_not_earlier_is_refused(hedui, config):
    hedui("store", "upgrade", "-c", config)
    ended = hedui("store", "downgrade", "-c", config, "--to", NOW, "--yes")
    assert (ended.code, "STORE_TARGET_INVALID" in ended.err) == (2, True)
