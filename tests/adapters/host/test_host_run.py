"""An adapter's start: a source that is down is waited for, one that does not fit ends it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from host_desk import ACCOUNT, AGENCY

from adapters.contract import SourceUnavailableError
from adapters.host import run as room
from adapters.host.run import limits_of, mapped_of, run_adapter
from adapters.host.setup import setup_of
from bus.config.load import load_config
from bus.errors import ConfigError
from signer.ca.files import init_ca, issue

CONFIG = """
[participant]
id = "320000.housing-fund"
[keys]
directory = "keys"
passphrase_file = "passphrase"
store_key = "storekey"
[broker]
bootstrap = "127.0.0.1:{port}"
profile = "embedded"
[store]
url = "sqlite+aiosqlite:///adapter.db"
[http]
listen = "127.0.0.1:0"
[adapter]
lookups_at_once = 4
persons_at_once = 250
lookup_timeout_seconds = 90
[source]
url = "sqlite+aiosqlite:///fund.db"
[[resource]]
name = "housing-fund-account"
table = "gjj"
id_number = "zjhm"
person_name = "xm"
name_mismatch = "answer"
not_held = ["id_type", "account", "opened_on", "monthly_deposit"]
[resource.columns]
name = "xm"
id_number = "zjhm"
status = "zt"
balance = "ye"
"""


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    home, now = tmp_path_factory.mktemp("home"), datetime.now(UTC) - timedelta(hours=1)
    init_ca(home / "ca", b"ca passphrase", now, 20)
    issue(home / "ca", b"ca passphrase", AGENCY, home / "keys", b"passphrase", now=now)
    return home / "keys"


@pytest.fixture
def file(tmp_path, keys):
    (tmp_path / "keys").symlink_to(keys)
    (tmp_path / "passphrase").write_text("passphrase\n")
    (tmp_path / "passphrase").chmod(0o600)
    made = tmp_path / "adapter.toml"
    made.write_text(CONFIG.format(port=closed_port()), encoding="utf-8")
    return made


class Down:
    """A source that is down; once it was checked, and the process serves, somebody stops it."""

    def __init__(self):
        self.checks, self.closed = 0, False

    async def check(self):
        self.checks += 1
        raise SourceUnavailableError("SOURCE_FAILED", "来源不可用", "down", where=ACCOUNT)

    async def close(self):
        self.closed = True


async def test_an_adapter_starts_while_its_source_is_down(file, monkeypatch, capsys):
    down, asked = Down(), []
    monkeypatch.setattr(room, "connector_of", lambda _setup: down)
    serve = room.health_face

    def watched(participant, also, facts):
        face = serve(participant, also, facts)

        async def served(stopping):
            task = asyncio.create_task(face(stopping))
            while (url := listening(capsys)) is None:
                await asyncio.wait({task}, timeout=0.05)
            async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
                asked.extend([await http.get(path) for path in ("/healthz", "/readyz")])
            asked.append(also())
            os.kill(os.getpid(), signal.SIGTERM)
            await task

        return served

    monkeypatch.setattr(room, "health_face", watched)
    assert await run_adapter(load_config(file), file, dev=True) is False
    health, ready, missing = asked
    assert (health.status_code, ready.status_code) == (200, 503)
    # What every participant needs is told first.
    assert ready.json()["code"] in {"BROKER_UNAVAILABLE", "DIRECTORY_NOT_READ"}
    assert (missing.code, missing.where) == ("SOURCE_FAILED", ACCOUNT)
    assert (down.checks, down.closed) == (1, True)


def listening(capsys):
    for line in capsys.readouterr().err.splitlines():
        told = json.loads(line)
        if told["event"] == "http.listening":
            return told["url"]
    return None


@pytest.mark.parametrize("table", [None, "CREATE TABLE gjj (zjhm TEXT, xm TEXT, zt TEXT)"])
async def test_a_source_that_does_not_fit_ends_the_start_and_leaves_nothing_open(
    file, tmp_path, table
):
    with closing(sqlite3.connect(tmp_path / "fund.db")) as database:
        database.execute(table or "CREATE TABLE other (zjhm TEXT)")
    with pytest.raises(ConfigError) as caught:
        await run_adapter(load_config(file), file, dev=True)
    assert caught.value.code == "SOURCE_MISMATCH"


def test_what_the_host_must_know_of_the_file_is_read_from_it(file):
    config = load_config(file)
    limits = limits_of(config)
    assert (limits.lookups_at_once, limits.persons_at_once) == (4, 250)
    assert limits.lookup_timeout == timedelta(seconds=90)
    mapped = mapped_of(setup_of(config, file, None))
    assert (mapped.names, mapped.kind) == ({ACCOUNT: "answer"}, "sql")
    assert mapped.places >= {"gjj", "zjhm", ACCOUNT, "balance", "opened_on"}
    assert not any("sqlite" in place for place in mapped.places)
