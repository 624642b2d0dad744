"""The tables' versions: made, adopted, brought forward and back, refused; on both databases."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from postgres import name_of
from sqlalchemy import inspect, text
from store_samples import (
    LATER,
    MESSAGE,
    NOW,
    QUERY,
    digest,
    event,
    full_case,
    message,
    new_place,
    opened,
    url_of,
)

from bus.errors import ConfigError, HeduiError, InputError
from bus.model.case import CaseRole
from bus.ports.audit_chain import verify
from bus.ports.store_errors import StoreUnavailable
from bus.store.location import Access, database_of
from bus.store.maintenance import Maintenance, Shape, goes
from bus.store.migrations import runner, versions
from bus.store.migrations.runner import VERSION_TABLE
from bus.store.schema import newest
from bus.store.tables import metadata

FIRST = Path(__file__).parent / "data" / "store_version_1.sql"
OF_THE_FIRST = set(re.findall(r'CREATE TABLE "?(\w+)', FIRST.read_text(encoding="utf-8")))
OURS = {*metadata.tables, VERSION_TABLE}
NEWEST = newest()
NEXT = f"{NEWEST + 1:04}"

BROKEN = """
from alembic import op
from sqlalchemy import Column, Integer
revision, down_revision = "NEXT", "NEWEST"
TAKEN_BACK = ("-", "-")
def upgrade():
    op.create_table("half", Column("id", Integer(), primary_key=True))
    op.execute("DELETE FROM audit")
    op.execute("INSERT INTO nowhere VALUES (1)")
def downgrade():
    op.drop_table("leases")
    op.execute("DELETE FROM audit")
    op.execute("INSERT INTO nowhere VALUES (1)")
""".replace("NEXT", NEXT).replace("NEWEST", f"{NEWEST:04}")


class Place:
    """A database, and what a test does to it behind the store's back."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = database_of(url, Access())

    async def run(self, *statements: str) -> None:
        await self.ask(lambda connection: [connection.execute(text(s)) for s in statements])

    async def tables(self) -> set[str]:
        return await self.ask(lambda connection: set(inspect(connection).get_table_names()))

    async def ask(self, work):
        engine = self.database.engine()
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(work)
        finally:
            await self.database.let_go(engine)

    async def version(self) -> int:
        return (await Maintenance(self.url, Access()).status()).version

    async def fault(self) -> HeduiError:
        with pytest.raises(HeduiError) as caught:
            async with opened(self.url):
                pass
        return caught.value


@pytest.fixture(params=["sqlite", "postgresql"])
async def place(request) -> Place:
    return Place(await new_place(request.param, request))


AHEAD = "UPDATE hedui_version SET version_num = 'NEXT'".replace("NEXT", NEXT)


@pytest.fixture
def broken_next(tmp_path, monkeypatch) -> None:
    """A version after ours, whose steps fail when half of them is done."""
    folder = tmp_path / "versions"
    folder.mkdir()
    (folder / f"v{NEXT}_broken.py").write_text(BROKEN)
    shipped = Path(versions.__file__).parent
    scripts = ScriptDirectory(str(shipped.parent), version_locations=[str(shipped), str(folder)])
    monkeypatch.setattr(runner, "_scripts", lambda: scripts)
    runner.versions.cache_clear()
    yield
    runner.versions.cache_clear()


async def write_something(url: str) -> None:
    async with opened(url) as store, store.transaction() as unit:
        await unit.append_audit(event(1))
        await unit.put_message(message(1))


async def something_is_there(url: str) -> bool:
    async with opened(url) as store, store.transaction() as unit:
        verify(await unit.audit(0, 10))
        return len(await unit.audit(0, 10)) == 1 and await unit.message(digest(1)) == message(1)


async def test_the_migrations_make_exactly_the_tables_the_program_works_with(place):
    async with opened(place.url):
        pass

    def differences(connection):
        options = {"version_table": VERSION_TABLE, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    assert await place.ask(differences) == []
    assert await place.tables() == OURS


async def test_an_empty_database_is_told_and_made(place):
    assert await place.version() == 0
    before = await Maintenance(place.url, Access()).upgrade()
    assert before == Shape(place.database.where, 0, newest())
    assert await place.version() == NEWEST


async def test_back_to_the_first_version_and_forward_again_keeps_everything(place):
    await write_something(place.url)
    before = await Maintenance(place.url, Access()).downgrade(1)
    assert (before.version, await place.version()) == (NEWEST, 1)
    # What a program of the first version looks for.
    assert await place.tables() >= OF_THE_FIRST
    found = await place.ask(lambda c: c.execute(text("SELECT version FROM schema_version")).all())
    assert found == [(1,)]
    assert await something_is_there(place.url)
    assert await place.version() == NEWEST
    assert await place.tables() == OURS


async def test_a_store_from_before_there_were_migrations_is_adopted(tmp_path):
    path = tmp_path / "bus.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST.read_text(encoding="utf-8"))
    async with opened(url_of(path)) as store, store.transaction() as unit:
        assert await unit.case(QUERY, CaseRole.REQUESTER) == full_case()
        assert await unit.message(digest(1)) == message(1)
        assert await unit.seen("370000", MESSAGE) == digest(1)
        assert await unit.offsets("t") == {0: 7}
        assert (await unit.append_audit(event(3))).number == 3
        verify(await unit.audit(0, 10))
        assert await unit.lease("outbox", "hub/1", NOW, LATER)
        # Numbers go on above the old ones.
        assert await unit.quarantine("t", 0, 3, None, None, (), "FORMAT", "", NOW) == 2
    place = Place(url_of(path))
    assert await place.tables() == OURS
    await Maintenance(place.url, Access()).downgrade(1)
    assert await place.tables() >= OF_THE_FIRST


async def test_a_step_forwards_that_fails_leaves_everything_as_it_was(place, broken_next):
    runner.versions.cache_clear()
    await write_something_at_ours(place)
    assert (await place.fault()).code == "STORE_STATEMENT_FAILED"
    assert await place.version() == NEWEST
    assert await place.tables() == OURS
    assert await place.ask(audited) == 1


async def test_a_step_back_that_fails_leaves_everything_as_it_was(place, broken_next):
    await write_something_at_ours(place)
    await place.run(AHEAD)
    with pytest.raises(HeduiError) as caught:
        await Maintenance(place.url, Access()).downgrade(1)
    assert caught.value.code == "STORE_STATEMENT_FAILED"
    assert await place.version() == NEWEST + 1
    assert await place.tables() == OURS
    assert await place.ask(audited) == 1


async def test_tables_are_made_all_or_none(place, broken_next):
    assert (await place.fault()).code == "STORE_STATEMENT_FAILED"
    assert await place.tables() == set()


def audited(connection) -> int:
    return connection.execute(text("SELECT count(*) FROM audit")).scalar_one()


async def write_something_at_ours(place) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bus.store.schema.newest", lambda: NEWEST)
        await write_something(place.url)


@pytest.mark.parametrize(
    ("statements", "code"),
    [
        ((AHEAD,), "STORE_VERSION_NEWER"),
        (("UPDATE hedui_version SET version_num = '0000'",), "STORE_VERSION_UNKNOWN"),
        (("UPDATE hedui_version SET version_num = 'ae1027'",), "STORE_VERSION_UNKNOWN"),
        (("DELETE FROM hedui_version",), "STORE_VERSION_UNKNOWN"),
        (("INSERT INTO hedui_version VALUES ('9999')",), "STORE_VERSION_UNKNOWN"),
        ((f"DROP TABLE {VERSION_TABLE}",), "STORE_VERSION_UNKNOWN"),
        (
            (
                f"DROP TABLE {VERSION_TABLE}",
                "CREATE TABLE schema_version (version INTEGER)",
                "INSERT INTO schema_version VALUES (2)",
            ),
            "STORE_VERSION_UNKNOWN",
        ),
    ],
)
async def test_a_database_of_another_version_is_refused(place, statements, code):
    async with opened(place.url):
        pass
    await place.run(*statements)
    error = await place.fault()
    assert isinstance(error, ConfigError)
    assert (error.code, error.where) == (code, place.database.where)
    with pytest.raises(ConfigError) as caught:
        await Maintenance(place.url, Access()).downgrade(1)
    assert caught.value.code == code


async def test_a_database_of_somebody_else_is_refused_untouched(place):
    await place.run("CREATE TABLE theirs (id INTEGER)")
    assert (await place.fault()).code == "STORE_VERSION_UNKNOWN"
    assert await place.tables() == {"theirs"}


@pytest.mark.parametrize("target", [0, NEWEST, NEWEST + 1, -1])
async def test_there_is_a_way_back_to_earlier_versions_only(place, target):
    async with opened(place.url):
        pass
    with pytest.raises(InputError) as caught:
        await Maintenance(place.url, Access()).downgrade(target)
    assert caught.value.code == "STORE_TARGET_INVALID"
    assert await place.version() == NEWEST


async def test_a_missing_file_has_no_way_back_and_is_not_made(tmp_path):
    path = tmp_path / "bus.db"
    maintenance = Maintenance(url_of(path), Access())
    assert (await maintenance.status()).version == 0
    with pytest.raises(InputError, match="STORE_TARGET_INVALID"):
        await maintenance.downgrade(1)
    assert not path.exists()


async def test_no_table_is_taken_from_a_running_daemon(place):
    async with opened(place.url) as store:
        # Its connection is at rest in the pool, as a daemon's between two steps.
        async with store.transaction() as unit:
            await unit.append_audit(event(1))
        with pytest.raises(HeduiError) as caught:
            await Maintenance(place.url, Access()).downgrade(1)
        assert caught.value.code == "STORE_IN_USE"
        async with store.transaction() as unit:
            assert await unit.lease("outbox", "hub/1", NOW, LATER)
    await Maintenance(place.url, Access()).downgrade(1)
    assert await place.version() == 1


def test_what_a_way_back_takes_away_is_told_step_by_step():
    ((zh, en),) = goes(2, 1)
    assert "leases" in zh
    assert "leases" in en
    assert goes(2, 2) == ()


async def test_two_instances_that_open_an_empty_database_at_once_do_not_collide(postgres):
    url = await postgres.database()

    async def instance(number: int) -> None:
        async with opened(url) as store, store.transaction() as unit:
            await unit.append_audit(event(number))

    await asyncio.gather(*(instance(number) for number in range(1, 6)))
    async with opened(url) as store, store.transaction() as unit:
        entries = await unit.audit(0, 10)
    verify(entries)
    assert len(entries) == 5
    assert await Place(url).version() == NEWEST


async def test_an_instance_goes_on_while_another_changes_the_tables(postgres):
    url = await postgres.database()
    async with opened(url) as store:

        async def step(number: int) -> None:
            async with store.transaction() as unit:
                await unit.append_audit(event(number))

        await step(1)
        await step(2)
        # What the driver has prepared is of no use any more: the step is done again.
        await postgres.execute(name_of(url), "ALTER TABLE audit ALTER COLUMN event TYPE varchar")
        with pytest.raises(StoreUnavailable) as caught:
            await step(3)
        assert caught.value.code == "STORE_UNAVAILABLE"
        await step(3)
        async with store.transaction() as unit:
            verify(await unit.audit(0, 10))
            assert len(await unit.audit(0, 10)) == 3
