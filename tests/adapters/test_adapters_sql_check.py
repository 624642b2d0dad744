"""Start-up: what does not fit is named, all of it at once, before anybody is answered."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest
from sqlalchemy.engine import make_url

from adapters.contract import SourceUnavailableError
from adapters.mapping.faults import MappingError
from adapters.sql.connector import SqlConnector
from adapters.sql.engine import _with_password
from bus.errors import ConfigError
from schemas.loader import load, parse
from schemas.resources import resource_from, resources


async def mismatches(connector: SqlConnector) -> dict[str, str]:
    with pytest.raises(MappingError) as caught:
        await connector.check()
    assert caught.value.code == "SOURCE_MISMATCH"
    return {finding.where: finding.code for finding in caught.value.findings}


async def test_a_mapping_that_fits_passes(connector):
    await connector().check()


async def test_a_view_without_declared_types_passes(connector, database):
    database("CREATE VIEW v AS SELECT *, upper(xm) AS gs FROM gjj_tq")
    await connector(table="v", person_name="gs").check()


async def test_a_missing_table_is_named(connector):
    assert await mismatches(connector(table="gjj_qt")) == {
        "gjj_qt (housing-fund-withdrawal)": "TABLE_MISSING"
    }


async def test_missing_columns_are_all_named_with_those_that_exist(connector):
    columns = {"amount": "jine", "account": "ZH", "name": "xm"}
    held = ["paid_to", "id_type", "id_number", "withdrawn_on", "reason"]
    faulty = connector(
        columns=columns, not_held=held, id_number="sfzh", time_column="t", as_of_column="b"
    )
    assert await mismatches(faulty) == {
        "gjj_tq.sfzh (id_number)": "COLUMN_MISSING",
        "gjj_tq.t (time_column)": "COLUMN_MISSING",
        "gjj_tq.b (as_of_column)": "COLUMN_MISSING",
        "gjj_tq.jine (amount)": "COLUMN_MISSING",
        "gjj_tq.ZH (account)": "COLUMN_MISSING",
    }
    with pytest.raises(MappingError, match="the columns are zjhm, zjlx, xm"):
        await faulty.check()


async def test_wrong_types_are_all_named_with_the_expected_ones(connector, database):
    database(
        "CREATE TABLE bad (zjhm INTEGER, zjlx REAL, xm BLOB, zh DATE, je DATE, rq REAL, yy TEXT)"
    )
    faulty = connector(table="bad")
    assert await mismatches(faulty) == {
        "bad.zjhm (id_number)": "COLUMN_TYPE",
        "bad.zjlx (id_type)": "COLUMN_TYPE",
        "bad.xm (person_name)": "COLUMN_TYPE",
        "bad.xm (name)": "COLUMN_TYPE",
        "bad.zh (account)": "COLUMN_TYPE",
        "bad.je (amount)": "COLUMN_TYPE",
        "bad.rq (withdrawn_on)": "COLUMN_TYPE",
    }
    with pytest.raises(MappingError, match="expected a column of Numeric/Float/Integer/String"):
        await faulty.check()


@pytest.mark.parametrize("declared", ["NUMERIC(18,2)", "DECIMAL", "REAL", "INTEGER", "TEXT"])
async def test_money_is_read_from_any_of_these(connector, database, declared):
    database(f"CREATE TABLE m (zjhm TEXT, zjlx TEXT, xm TEXT, zh TEXT, je {declared},"
             " rq TEXT, yy TEXT)")  # fmt: skip
    await connector(table="m").check()


async def test_a_translated_code_is_stored_as_text_or_number_not_as_a_day(connector, database):
    database("CREATE TABLE k (zjhm TEXT, zjlx TEXT, xm TEXT, zh TEXT, je TEXT, rq TEXT, yy DATE)")
    assert await mismatches(connector(table="k", codes={"reason": {"1": "购房"}})) == {
        "k.yy (reason)": "COLUMN_TYPE"
    }


@pytest.mark.requirement("R072")
async def test_an_item_is_mapped_or_said_not_to_be_held(connector):
    assert await mismatches(connector(not_held=[])) == {
        "housing-fund-withdrawal.columns.paid_to": "ITEM_UNMAPPED"
    }


@pytest.mark.requirement("R020")
async def test_what_the_catalogue_has_not_is_named_along_with_the_source(connector):
    unknown_item = connector(not_held=["paid_to", "salary"], id_number="nope")
    assert await mismatches(unknown_item) == {
        "housing-fund-withdrawal.columns.salary": "ITEM_UNKNOWN",
        "gjj_tq.nope (id_number)": "COLUMN_MISSING",
    }
    assert await mismatches(connector(name="ferry-licence")) == {
        "ferry-licence": "RESOURCE_UNKNOWN"
    }


@pytest.mark.requirement("R005")
async def test_a_resource_of_the_directory_needs_no_code(database, mapping):
    source = json.loads(json.dumps(load("resource/housing-fund-withdrawal.v1").source))
    source["hedui"]["resource"] = "ferry-licence"
    new = resource_from(parse("resource/ferry-licence.v1", json.dumps(source).encode()))
    catalogue = MappingProxyType({**resources(), "ferry-licence": new})
    connector = SqlConnector(mapping(name="ferry-licence"), catalogue)
    await connector.check()
    await connector.close()


async def test_id_numbers_said_to_be_exact_are_held_to_it(connector, withdrawal, number_with_x):
    withdrawal(1)
    await connector(id_number_exact=True).check()
    withdrawal(2, zjhm=number_with_x.lower())
    withdrawal(3, zjhm=f" {number_with_x}")
    exact = connector(id_number_exact=True)
    assert await mismatches(exact) == {"gjj_tq.zjhm": "ID_NUMBER_NOT_EXACT"}
    with pytest.raises(MappingError) as caught:
        await exact.check()
    assert number_with_x.lower() not in str(caught.value).lower()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///fund.db",
        "nosuch+driver://db.example/fund",
        "postgresql+asyncnothing://db.example/fund",
    ],
)
def test_a_url_without_an_asynchronous_driver_is_refused(connector, url):
    with pytest.raises(ConfigError, match="SOURCE_DRIVER"):
        connector(source={"url": url})


def test_a_database_file_that_is_not_there_is_not_made(connector, tmp_path):
    with pytest.raises(ConfigError, match="SOURCE_FILE_MISSING"):
        connector(source={"url": "sqlite+aiosqlite:///other.db"})
    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize(
    ("code", "content", "mode"),
    [
        ("PASSWORD_FILE_MISSING", None, 0),
        ("PASSWORD_FILE_READABLE", "sesame", 0o644),
        ("PASSWORD_FILE_EMPTY", "\n", 0o600),
    ],
)
def test_a_password_file_must_be_there_and_private(connector, tmp_path, code, content, mode):
    if content is not None:
        (tmp_path / "secret").write_text(content)
        (tmp_path / "secret").chmod(mode)
    with pytest.raises(ConfigError, match=code) as caught:
        connector(source={"password_file": "secret"})
    assert "sesame" not in str(caught.value)


def test_a_password_reaches_the_url_and_no_text(mapping, tmp_path):
    (tmp_path / "secret").write_text("sesame\n")
    (tmp_path / "secret").chmod(0o600)
    url = "postgresql+asyncpg://hedui@db.example/fund"
    complete = _with_password(
        mapping(source={"url": url, "password_file": "secret"}), make_url(url)
    )
    assert complete.password == "sesame"
    assert "sesame" not in repr(complete) + str(complete)


def test_a_password_for_a_database_that_has_none_is_refused(connector, tmp_path):
    (tmp_path / "secret").write_text("sesame")
    (tmp_path / "secret").chmod(0o600)
    with pytest.raises(ConfigError, match="SOURCE_URL") as caught:
        connector(source={"password_file": "secret"})
    assert "sesame" not in str(caught.value)


async def test_a_source_that_is_no_database_is_unavailable_in_our_words(connector, tmp_path):
    (tmp_path / "junk.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED") as caught:
        await connector(source={"url": "sqlite+aiosqlite:///junk.db"}).check()
    assert caught.value.__suppress_context__


async def test_the_connection_refuses_writes(connector):
    reading = connector()
    with pytest.raises(Exception, match="readonly database"):
        async with reading.source._engine.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM gjj_tq")
