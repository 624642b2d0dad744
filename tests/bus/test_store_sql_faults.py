"""What goes wrong in the database comes out as our errors, with no value in their texts."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql import ClauseElement
from store_samples import MESSAGE, NOW, QUERY, case, digest, event, message, opened, url_of

from bus.model.case import CaseRole
from bus.ports.audit_chain import verify
from bus.ports.store_errors import StoreCorrupt, StoreUnavailable
from bus.store import (
    audit,
    cases,
    engine_sqlite,
    messages,
    outbox,
    parked,
    progress,
    records,
    schema,
)
from bus.store.conflicts import insert_or_keep, insert_or_replace
from bus.store.store import SqlStore
from bus.store.tables import metadata

MARK = "must-not-be-quoted"


@pytest.fixture
async def store(tmp_path, monkeypatch) -> AsyncIterator[SqlStore]:
    impatient = ("PRAGMA busy_timeout = 0", *engine_sqlite._ON_CONNECT[1:])
    monkeypatch.setattr(engine_sqlite, "_ON_CONNECT", impatient)
    async with opened(url_of(tmp_path / "bus.db")) as store:
        yield store


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "bus.db"


def run_sql(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(statement).rowcount != 0


async def test_a_lock_held_by_another_process_means_try_again(store, path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable) as caught:
            async with store.transaction():
                pass
        assert caught.value.code == "STORE_UNAVAILABLE"
        assert caught.value.where == str(path)
        other.rollback()
    async with store.transaction() as unit:
        await unit.store_offset("t", 0, 1)
    async with store.transaction() as unit:
        assert await unit.offsets("t") == {0: 1}


async def fill_the_disk(unit) -> None:
    """Let the database grow no further, and write until it would have to."""
    pages = (await unit._connection.execute(text("PRAGMA page_count"))).scalar_one()
    await unit._connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    for _ in range(1000):
        await unit.enqueue("t", b"k", bytes(4096), (), NOW)


@pytest.mark.requirement("R075")
async def test_a_full_disk_takes_the_whole_transaction_back(store):
    async def step() -> None:
        async with store.transaction() as unit:
            await unit.store_offset("t", 0, 1)
            await fill_the_disk(unit)

    with pytest.raises(StoreUnavailable) as caught:
        await step()
    assert caught.value.code == "STORE_FULL"
    async with store.transaction() as unit:
        assert await unit.offsets("t") == {}
        assert await unit.unsent(1) == []


@pytest.mark.requirement("R075")
async def test_a_step_that_swallows_the_failure_can_neither_go_on_nor_commit(store):
    async def step() -> None:
        async with store.transaction() as unit:
            await unit.store_offset("t", 0, 1)
            for attempt in (fill_the_disk(unit), unit.store_offset("t", 0, 2)):
                with pytest.raises(StoreUnavailable):
                    await attempt

    with pytest.raises(StoreUnavailable) as caught:
        await step()
    assert caught.value.code == "STORE_FULL"
    async with store.transaction() as unit:
        assert await unit.offsets("t") == {}


async def test_a_statement_the_database_refuses_is_a_defect_without_values(store, path):
    run_sql(path, "DROP TABLE directory")

    async def step() -> None:
        async with store.transaction() as unit:
            await unit.put_directory(MARK, MARK.encode())

    with pytest.raises(StoreCorrupt) as caught:
        await step()
    assert caught.value.code == "STORE_STATEMENT_FAILED"
    assert MARK not in str(caught.value)
    assert caught.value.__suppress_context__
    assert MARK not in str(caught.value.__context__)


@pytest.mark.requirement("R075")
async def test_a_commit_that_fails_takes_everything_back(store):
    async def step() -> None:
        async with store.transaction() as unit:
            await unit.store_offset("t", 0, 1)
            for statement in (
                "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
                "CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
                "INSERT INTO child VALUES (1)",
            ):
                await unit._connection.execute(text(statement))

    with pytest.raises(StoreCorrupt) as caught:
        await step()
    assert caught.value.code == "STORE_STATEMENT_FAILED"
    async with store.transaction() as unit:
        assert await unit.offsets("t") == {}


async def test_a_value_too_large_for_a_column_is_one_of_our_errors(store):
    async def step() -> None:
        async with store.transaction() as unit:
            await unit.store_offset("t", 0, 2**63)

    with pytest.raises(StoreCorrupt):
        await step()


async def test_a_stored_id_of_the_wrong_length_is_corrupt(store, path):
    async with store.transaction() as unit:
        await unit.put_message(message(1))
    run_sql(path, "UPDATE messages SET message_id = x'00'")

    async def step() -> None:
        async with store.transaction() as unit:
            await unit.message(digest(1))

    with pytest.raises(StoreCorrupt) as caught:
        await step()
    assert caught.value.code == "STORE_CORRUPT"


async def test_a_damaged_case_is_named_by_its_field_only(store, path):
    async with store.transaction() as unit:
        await unit.save_case(case())
    run_sql(path, f"UPDATE cases SET body = replace(body, 'SUBMITTED', '{MARK}')")  # noqa: S608 - a constant
    async with store.transaction() as unit:
        with pytest.raises(StoreCorrupt) as caught:
            await unit.case(QUERY, CaseRole.REQUESTER)
    assert caught.value.code == "CASE_UNREADABLE"
    assert caught.value.where == "0.state"
    assert MARK not in str(caught.value)


@pytest.mark.requirement("R076")
@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET actor = 'operator:other' WHERE number = 2", 2),
        ("UPDATE audit SET at = at + 1 WHERE number = 1", 1),
        ("UPDATE audit SET event = 'x' WHERE number = 4", 4),
        ("UPDATE audit SET query = NULL WHERE number = 3", 3),
        ("""UPDATE audit SET detail = '{"part":9}' WHERE number = 2""", 2),
        ("UPDATE audit SET hash = zeroblob(32) WHERE number = 3", 3),
        ("UPDATE audit SET prev = zeroblob(32) WHERE number = 3", 3),
        ("DELETE FROM audit WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("UPDATE audit SET number = 9 WHERE number = 4", 4),
    ],
)
async def test_an_audit_entry_altered_behind_our_back_is_named(store, path, statement, broken):
    async with store.transaction() as unit:
        for number in range(1, 5):
            await unit.append_audit(event(number))
        verify(await unit.audit(0, 10))
    run_sql(path, statement)
    async with store.transaction() as unit:
        entries = await unit.audit(0, 10)
    with pytest.raises(StoreCorrupt) as caught:
        verify(entries)
    assert caught.value.code == "AUDIT_CHAIN_BROKEN"
    assert caught.value.where == f"audit {broken}"


async def test_no_stored_value_reaches_the_log(store, caplog):
    caplog.set_level(logging.DEBUG)
    async with store.transaction() as unit:
        await unit.put_directory(MARK, MARK.encode())
        await unit.mark_seen(MARK, MESSAGE, digest(1), NOW)
        assert MARK in await unit.directory()
    assert MARK not in caplog.text


def test_every_statement_and_table_has_a_form_in_postgresql():
    dialect = postgresql.dialect()
    rooms = (audit, cases, messages, outbox, parked, progress, records, schema)
    named = [
        value
        for room in rooms
        for name, value in vars(room).items()
        if name.isupper() and isinstance(value, ClauseElement)
    ]
    assert len(named) >= 18
    tables = metadata.sorted_tables
    upserts = [insert_or_keep(t, "postgresql") for t in tables if t.name != "schema_version"]
    # Where every column is of the key there is nothing to replace.
    upserts += [
        insert_or_replace(table, "postgresql")
        for table in tables
        if table.name != "schema_version" and len(table.columns) > len(table.primary_key)
    ]
    definitions = [CreateTable(table) for table in tables]
    indexes = [CreateIndex(index) for table in tables for index in table.indexes]
    for statement in (*named, *upserts, *definitions, *indexes):
        assert str(statement.compile(dialect=dialect))
