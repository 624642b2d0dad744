"""A database that dies, hangs up, or is slow: nobody is answered, nothing is left behind."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest
from sql_sites import MARIADB, POSTGRESQL, SQLITE, SqliteSite, until_quiet

from adapters.contract import SourceUnavailableError
from adapters.sql.engine import APPLICATION
from bus.errors import ConfigError
from bus.model.messages import OutcomeKind

TABLE = """CREATE TABLE gjj_tq (zjhm CHAR(20), zjlx VARCHAR(3), xm VARCHAR(40), zh VARCHAR(20),
           je NUMERIC(18,2), rq DATE, yy VARCHAR(100))"""

SLOW = {
    SQLITE: "CREATE VIEW slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
    " WHERE i < (SELECT seconds * 1e9 FROM gate))"
    " SELECT gjj_tq.* FROM gjj_tq, (SELECT max(i) FROM n) AS never",
    POSTGRESQL: "CREATE VIEW slow AS SELECT gjj_tq.* FROM gjj_tq,"
    " (SELECT pg_sleep(seconds) FROM gate) AS late",
    MARIADB: "CREATE VIEW slow AS SELECT * FROM gjj_tq WHERE SLEEP((SELECT seconds FROM gate)) = 0",
}
"""Views whose reading takes ten minutes, until the gate is opened."""

SHUT, OPEN = "UPDATE gate SET seconds = 600", "UPDATE gate SET seconds = 0"

PATIENCE = 0.5
AGES = 60
"""Seconds that a connector would wait which is not cut short; no test takes as long."""


@pytest.fixture
def filled(person):
    async def fill(site) -> None:
        gate = "CREATE TABLE gate (seconds INTEGER)"
        await site.execute(TABLE, gate, "INSERT INTO gate VALUES (600)", SLOW[site.name])
        one = person(1)
        amount = "5" if site.name == SQLITE else Decimal(5)
        await site.insert("gjj_tq", (one.id_number, "111", one.name, "00", amount, None, "购房"))

    return fill


async def found(connector, question, now) -> bool:
    result = await connector.lookup(question, now)
    return result.outcomes[0].kind is OutcomeKind.FOUND


async def test_a_server_that_is_killed_and_comes_back(
    server_site, filled, reading, person, ask, now
):
    await filled(server_site)
    connector = reading(server_site)
    assert await found(connector, ask(person(1)), now)
    server_site.kill()
    for _ in range(2):
        with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
            await connector.lookup(ask(person(1)), now)
    server_site.start()
    assert await found(connector, ask(person(1)), now)


async def test_a_server_that_is_killed_in_the_middle(
    server_site, filled, reading, person, ask, now
):
    await filled(server_site)
    connector = reading(server_site, table="slow", source={"statement_timeout_seconds": AGES})
    asked = asyncio.create_task(connector.lookup(ask(person(1)), now))
    await until_running(server_site, "slow")
    server_site.kill()
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await asked
    server_site.start()
    assert await found(reading(server_site), ask(person(1)), now)


async def test_connections_that_died_overnight_fail_no_lookup(
    server_site, filled, reading, person, ask, now
):
    await filled(server_site)
    connector = reading(server_site)
    assert await found(connector, ask(person(1)), now)
    await server_site.end_sessions()
    assert await found(connector, ask(person(1)), now)


async def test_a_slow_source_is_given_up_by_both_sides(site, filled, reading, person, ask, now):
    await filled(site)
    slow = reading(
        site, table="slow", source={"statement_timeout_seconds": PATIENCE, "connections": 1}
    )
    for _ in range(2):
        with pytest.raises(SourceUnavailableError, match="SOURCE_TIMEOUT"):
            await slow.lookup(ask(person(1)), now)
    if site.name != SQLITE:
        await until_quiet(site, "slow", seconds=AGES / 2)
    await site.execute(OPEN)
    assert await found(slow, ask(person(1)), now)


async def test_the_server_ends_a_statement_that_the_connector_does_not(
    site, filled, reading, person, ask, now, monkeypatch
):
    await filled(site)
    slow = reading(site, table="slow", source={"statement_timeout_seconds": PATIENCE})
    real = asyncio.timeout
    # The connector's own patience is switched off: only the database's limit is left.
    monkeypatch.setattr(asyncio, "timeout", lambda _seconds: real(None))
    async with real(AGES):
        with pytest.raises(SourceUnavailableError, match="SOURCE_TIMEOUT"):
            await slow.lookup(ask(person(1)), now)


async def test_a_cancelled_lookup_leaves_nothing_behind(
    server_site, filled, reading, person, ask, now
):
    await filled(server_site)
    limits = {"statement_timeout_seconds": 2, "connections": 1}
    connector = reading(server_site, table="slow", source=limits)
    for _ in range(2):
        asked = asyncio.create_task(connector.lookup(ask(person(1)), now))
        await until_running(server_site, "slow")
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    await server_site.execute(OPEN)
    assert await found(connector, ask(person(1)), now)
    await until_quiet(server_site, "slow", seconds=AGES / 2)


async def test_a_file_is_not_left_locked(filled, reading, person, ask, now, tmp_path):
    site = SqliteSite(tmp_path / "source.db")
    await filled(site)
    connector = reading(site, table="slow", source={"statement_timeout_seconds": AGES})
    for _ in range(3):
        asked = asyncio.create_task(connector.lookup(ask(person(1)), now))
        async with asyncio.timeout(AGES):
            # Shut means that a statement runs: it holds the file, and nobody can write.
            while not await asyncio.to_thread(locked, site):
                pass
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert not locked(site)
    await site.execute(OPEN)
    assert await found(connector, ask(person(1)), now)


def locked(site: SqliteSite) -> bool:
    with closing(sqlite3.connect(site.file, timeout=0)) as connection:
        try:
            with connection:
                connection.execute("UPDATE gate SET seconds = seconds")
        except sqlite3.OperationalError:
            return True
    return False


async def test_the_administrator_sees_whose_session_it_is(
    postgres_site, filled, reading, person, ask, now
):
    await filled(postgres_site)
    connector = reading(postgres_site)
    await connector.lookup(ask(person(1)), now)
    shown = await postgres_site.value(
        "SELECT application_name FROM pg_stat_activity WHERE datname = $1", postgres_site.database
    )
    assert shown == APPLICATION


async def test_the_check_may_take_longer_and_a_lookup_after_it_may_not(
    server_site, filled, reading, person, ask, now, monkeypatch
):
    await filled(server_site)
    await server_site.execute("UPDATE gate SET seconds = 2")
    # Less than a statement of the check takes here, enough for a busy machine to look at columns.
    limits = {"statement_timeout_seconds": 3 * PATIENCE, "connections": 1}
    connector = reading(server_site, table="slow", source=limits)
    await connector.check()
    await server_site.execute(SHUT)
    real = asyncio.timeout
    monkeypatch.setattr(asyncio, "timeout", lambda _seconds: real(None))
    async with real(AGES):
        with pytest.raises(SourceUnavailableError, match="SOURCE_TIMEOUT"):
            await connector.lookup(ask(person(1)), now)


async def test_a_rehearsal_finds_the_source_down_or_silent(
    server_site, filled, reading, person, ask, now
):
    await filled(server_site)
    connector = reading(server_site)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        aimed = connector.aimed_at("127.0.0.1", silent.getsockname()[1], PATIENCE)
        with pytest.raises(SourceUnavailableError, match="SOURCE_TIMEOUT"):
            await aimed.lookup(ask(person(1)), now)
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await aimed.lookup(ask(person(1)), now)
    await aimed.close()
    back = connector.aimed_at("127.0.0.1", server_site.port, AGES)
    assert await found(back, ask(person(1)), now)
    await back.close()


def test_a_file_has_no_outage_to_rehearse(connector):
    with pytest.raises(ConfigError, match="SOURCE_LOCAL"):
        connector().aimed_at("127.0.0.1", 1, 1)


async def until_running(site, text: str) -> None:
    async with asyncio.timeout(AGES):
        while not await site.sessions(text):
            pass
