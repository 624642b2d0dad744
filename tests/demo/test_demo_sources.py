"""How the demo's agencies hold their data: who has which source, and what each leaves behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from adapters.demo import postgres_service
from adapters.demo.agencies import load_agencies, shipped_data
from adapters.demo.sources import choice
from adapters.demo.sources.choice import sources_of
from adapters.demo.sources.medium import MediumSource
from adapters.demo.sources.postgres import PostgresSource
from adapters.demo.sources.rest import RestSource
from adapters.demo.sources.source import Source
from adapters.demo.sources.upload import UploadSource
from adapters.demo.state import State

TABLES = shipped_data() / "tables" / "320000.housing-fund"
PATIENCE = 60


@pytest.fixture
def state(tmp_path):
    return State(tmp_path, load_agencies(shipped_data() / "tables"))


def kinds(state, **how):
    return {source.agency.id: type(source) for source in sources_of(state, **how)}


def test_each_of_the_four_has_a_connector_of_its_own(state, monkeypatch):
    monkeypatch.setattr(choice, "installed", lambda: Path("/usr/lib/postgresql/15/bin"))
    assert kinds(state) == {
        "320000.housing-fund": PostgresSource,
        "500000.housing-fund": RestSource,
        "hub.marriage": UploadSource,
        "320000.housing-bureau": MediumSource,
    }


def test_without_postgresql_and_for_agencies_of_ones_own_it_is_sqlite(state, monkeypatch):
    monkeypatch.setattr(choice, "installed", lambda: None)
    own = replace(state.agencies[0], id="370000.fund")
    found = kinds(replace(state, agencies=(*state.agencies, own)))
    assert (found["320000.housing-fund"], found["370000.fund"]) == (Source, Source)


def test_plain_is_sqlite_for_all(state):
    assert set(kinds(state, plain=True).values()) == {Source}


def test_a_table_that_does_not_say_who_it_is_about_cannot_be_uploaded(state):
    bureau = next(one for one in state.agencies if one.id == "320000.housing-bureau")
    marriage = replace(bureau, id="hub.marriage")  # its table has no column of ID types
    assert kinds(replace(state, agencies=(marriage,))) == {"hub.marriage": Source}


@pytest.fixture
def server(tmp_path):
    """A PostgreSQL server as the demo starts it; gives its process and its URL."""
    if postgres_service.installed() is None:
        text = "PostgreSQL NOT TESTED: no server is installed (apt-get install postgresql)"
        if os.environ.get("HEDUI_CI") == "1":
            pytest.fail(text)
        pytest.skip(text)
    ready = tmp_path / "ready"
    command = ["-m", "adapters.demo.postgres_service", "--tables", TABLES, "--ready-file", ready]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, *command], stdout=log, stderr=log)  # noqa: S603 - our own
    try:
        until(lambda: ready.exists() or process.poll() is not None)
        assert ready.exists(), (tmp_path / "log").read_text()
        yield process, ready.read_text()
    finally:
        process.kill()
        process.wait()


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end


def folder_of(url):
    return Path(url.partition("?host=")[2])


async def test_the_adapters_account_reads_the_tables_and_can_do_nothing_else(server):
    process, url = server
    folder = folder_of(url)
    connection = await asyncpg.connect(
        host=str(folder), user="hedui", database="postgres", ssl=False
    )
    try:
        assert await connection.fetchval("SELECT count(*) FROM housing_fund_withdrawal") == 6
        for statement in ("DELETE FROM housing_fund_account", "CREATE TABLE mine (a int)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
    assert folder.stat().st_mode & 0o777 == 0o700

    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert not folder.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child")
def test_the_server_does_not_outlive_whoever_started_it(server):
    process, url = server
    started = int((folder_of(url) / "data" / "postmaster.pid").read_text().splitlines()[0])

    process.kill()
    process.wait()

    until(lambda: not Path(f"/proc/{started}").exists() or zombie(started))
    shutil.rmtree(folder_of(url))  # what a kill leaves behind


def zombie(number):
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_tables_that_cannot_be_used_are_said_and_nothing_is_started(tmp_path, capfd):
    command = ["-m", "adapters.demo.postgres_service", "--tables", tmp_path]
    command += ["--ready-file", tmp_path / "ready"]
    status = subprocess.run([sys.executable, *command], check=False).returncode  # noqa: S603 - our own
    if postgres_service.installed() is not None:
        assert "DATA_FAULTS" in capfd.readouterr().err
    assert status == 2
    assert not (tmp_path / "ready").exists()
