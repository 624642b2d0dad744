"""What PostgreSQL and MariaDB have of their own: types, encodings, days that are none, TLS."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from sql_sites import MARIADB, PostgresSite
from sqlalchemy import event

from adapters.contract import Remark, SourceUnavailableError
from adapters.sql.connector import SqlConnector
from bus.errors import ConfigError
from bus.model.messages import OutcomeKind
from schemas.loader import load, parse
from schemas.resources import resource_from, resources

FOUND, NOT_FOUND = OutcomeKind.FOUND, OutcomeKind.NOT_FOUND
NOT_ANSWERABLE = OutcomeKind.NOT_ANSWERABLE

BASE = "zjhm VARCHAR(20), zjlx VARCHAR(3), xm VARCHAR(40), zh VARCHAR(20)"
REASON = ("reason",)


def codes(result) -> list[str | None]:
    return [one.code or str(one.kind) for one in result.outcomes]


@pytest.fixture
def typed(person, reading, ask, now):
    """Make a table whose amount, day and reason are of these types, a person for each row."""

    async def make(site, je: str, rq: str, yy: str, *rows: str, days=None):
        await site.execute(f"CREATE TABLE t ({BASE}, je {je}, rq {rq}, yy {yy})")
        for serial, values in enumerate(rows, start=1):
            one = person(serial)
            await site.execute(
                f"INSERT INTO t VALUES ('{one.id_number}', '111', '{one.name}', '0', {values})"  # noqa: S608 - our own
            )
        connector = reading(site, table="t")
        await connector.check()
        people = [person(serial) for serial in range(1, len(rows) + 1)]
        items = ("amount", "withdrawn_on", "reason")
        return await connector.lookup(ask(*people, items=items, days=days), now)

    return make


async def test_postgres_numbers_and_days_that_are_none_fail_their_persons_alone(
    postgres_site, typed
):
    wide = (date(1900, 1, 1), date(2999, 1, 1))
    result = await typed(
        postgres_site, "NUMERIC", "DATE", "TEXT",
        "1.5, '2024-01-01', 'a'",
        "'NaN', '2024-01-01', 'a'",
        "'Infinity', '2024-01-01', 'a'",
        "1, 'infinity', 'a'",
        "1, '-infinity', 'a'",
        "1, '0044-03-15 BC', 'a'",
        "1, '10000-01-01', 'a'",
        "1, '9999-12-31', 'a'",
        days=wide,
    )  # fmt: skip
    assert codes(result) == ["FOUND", *["VALUE_INVALID"] * 6, "NOT_FOUND"]


@pytest.mark.parametrize("kind", ["TIMESTAMP", "TIMESTAMPTZ"])
async def test_postgres_instants_name_the_day_in_china(postgres_site, typed, kind):
    result = await typed(
        postgres_site, "DOUBLE PRECISION", kind, "CHAR(10)",
        "1.1, '2024-01-01 23:30:00+08', 'a'",
        "0.30000000000000004, '2024-01-01', 'a'",
        "1, 'infinity', 'a'",
        "1, '-infinity', 'a'",
    )  # fmt: skip
    assert codes(result) == ["FOUND", *["VALUE_INVALID"] * 3]
    (record,) = result.outcomes[0].records
    assert record == {"amount": Decimal("1.10"), "withdrawn_on": date(2024, 1, 1), "reason": "a"}


async def test_postgres_bytes_are_no_text(postgres_site, reading, person, ask, now, mismatches_of):
    one = person(1)
    await postgres_site.execute(
        f"CREATE TABLE t ({BASE}, je BYTEA, rq DATE, yy BYTEA)",
        "CREATE VIEW v AS SELECT zjhm, zjlx, xm, zh, 1 AS je, rq, yy FROM t",
        f"INSERT INTO t VALUES ('{one.id_number}', '111', '{one.name}', '0', '1', NULL, '\\x00')",  # noqa: S608 - our own
    )
    assert await mismatches_of(reading(postgres_site, table="t")) == {
        "t.je (amount)": "COLUMN_TYPE",
        "t.yy (reason)": "COLUMN_TYPE",
    }
    result = await reading(postgres_site, table="v").lookup(ask(one, items=REASON), now)
    assert codes(result) == ["VALUE_INVALID"]


async def test_postgres_citext_and_domains_are_text(
    postgres_site, typed, reading, person, ask, now
):
    await postgres_site.execute("CREATE EXTENSION citext", "CREATE DOMAIN yuan AS NUMERIC(18,2)")
    result = await typed(postgres_site, "yuan", "DATE", "CITEXT", "7, '2024-01-01', 'Ab'")
    assert result.outcomes[0].records[0]["reason"] == "Ab"
    await postgres_site.execute(
        "ALTER TABLE t ALTER zjhm TYPE CITEXT", "UPDATE t SET zjhm = '990x'"
    )
    exact = reading(postgres_site, table="t", id_number_exact=True)
    asked = ask(person(1, id_number="990X"), items=REASON)
    assert codes(await exact.lookup(asked, now)) == ["FOUND"]


@pytest.mark.parametrize(
    ("exact", "index"),
    [(True, "(zjhm)"), (False, "(upper(trim(zjhm)))")],
    ids=["plain", "function"],
)
async def test_postgres_uses_the_index_that_the_documentation_names(
    postgres_site, reading, person, ask, now, exact, index
):
    await postgres_site.execute(
        "CREATE TABLE t (zjhm CHAR(18), zjlx TEXT, xm TEXT, zh TEXT, je TEXT, rq DATE, yy TEXT)",
        "INSERT INTO t SELECT lpad(n::text, 18, '0'), '111' FROM generate_series(1, 5000) n",
        f"CREATE INDEX ON t {index}",
        "ANALYZE t",
    )
    connector = reading(postgres_site, table="t", id_number_exact=exact)
    people = [person(serial, id_number=f"{serial:018d}") for serial in range(1, 4)]
    asked = []

    @event.listens_for(connector.source._engine.sync_engine, "before_cursor_execute")
    def keep(_connection, _cursor, statement, parameters, *_rest):
        asked.append((statement, parameters))

    await connector.lookup(ask(*people, items=REASON), now)
    ((statement, parameters),) = [one for one in asked if " FROM t " in " ".join(one[0].split())]
    connection = await postgres_site.cluster.connect(postgres_site.database)
    try:
        lines = await connection.fetch(f"EXPLAIN {statement}", *parameters)
    finally:
        await connection.close()
    plan = "\n".join(row[0] for row in lines)
    assert " using " in plan or "Bitmap Index Scan" in plan
    assert "Seq Scan" not in plan


async def test_postgres_text_in_another_encoding_fails_its_person_alone(
    postgres, postgres_site, reading, person, ask, now
):
    name = f"gbk_{postgres_site.database}"
    await postgres.execute(
        "postgres",
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'",
    )
    site = PostgresSite(postgres, postgres_site.url.replace(postgres_site.database, name))
    await site.execute(f"CREATE TABLE t ({BASE}, je NUMERIC, rq DATE, yy TEXT)")
    for serial, reason in ((1, "'购房'"), (2, r"E'\xc2\xf2\xb7\xbf'"), (3, "'a'")):
        await site.execute(
            f"INSERT INTO t VALUES ('{person(serial).id_number}', '111', '测试{serial}', '0',"  # noqa: S608 - our own
            f" 1, NULL, {reason})"
        )
    connector = reading(site, table="t")
    people = [person(serial) for serial in range(1, 5)]
    result = await connector.lookup(ask(*people, items=REASON), now)
    await connector.close()
    assert codes(result) == ["FOUND", "SOURCE_ROW_FAILED", "FOUND", "NOT_FOUND"]
    await postgres.execute("postgres", f"DROP DATABASE {name}")


async def test_mariadb_finds_padded_numbers_by_the_column_that_the_documentation_names(
    mariadb_site, reading, person, ask, now, number_with_x
):
    await mariadb_site.execute(
        f"CREATE TABLE raw ({BASE}, je DECIMAL(18,2), rq DATE, yy VARCHAR(40))",
        "ALTER TABLE raw ADD COLUMN zjhm_exact varchar(40) AS (upper(trim(zjhm))) PERSISTENT,"
        " ADD INDEX (zjhm_exact)",
        "CREATE VIEW t AS SELECT zjhm_exact AS zjhm, zjlx, xm, zh, je, rq, yy FROM raw",
    )
    one = person(1, id_number=number_with_x)
    columns = "raw (zjhm, zjlx, xm, zh, je, rq, yy)"
    held = f" {number_with_x.lower()}"
    await mariadb_site.insert(columns, (held, "111", one.name, "0", 1, None, "a"))
    connector = reading(mariadb_site, table="t", id_number_exact=True)
    await connector.check()
    assert codes(await connector.lookup(ask(one, items=REASON), now)) == ["FOUND"]


@pytest.mark.parametrize("kind", ["DATE", "DATETIME", "TIMESTAMP NULL"])
async def test_mariadb_zero_days_fail_their_persons_alone(mariadb_site, typed, kind):
    await mariadb_site.server.execute("mysql", "SET GLOBAL sql_mode = ''")
    try:
        result = await typed(
            mariadb_site, "DECIMAL(18,2)", kind, "VARCHAR(20)",
            "1, '0000-00-00', 'a'", "1, '2024-01-01', 'a'", "1, NULL, 'a'",
        )  # fmt: skip
    finally:
        await mariadb_site.server.execute("mysql", "SET GLOBAL sql_mode = DEFAULT")
    assert codes(result) == ["VALUE_INVALID", "FOUND", "FOUND"]
    assert result.remarks[0] == Remark("VALUE_INVALID", "housing-fund-withdrawal.withdrawn_on", 1)


async def test_a_gbk_table_comes_out_right_and_holds_no_tibetan_number(
    mariadb_site, reading, person, ask, now
):
    await mariadb_site.execute(
        f"CREATE TABLE t ({BASE}, je DECIMAL(18,2), rq DATE, yy VARCHAR(40), KEY (zjhm))"
        " CHARACTER SET gbk"
    )
    one = person(1)
    await mariadb_site.insert(
        "t", (one.id_number, "111", one.name, "0", 1, None, "购买住房，￥１０")
    )
    # What GBK cannot write, MariaDB cannot compare with its column: one number fails a whole list.
    people = [one, person(2, id_number="99༄0001"), person(3, id_number="😀"), person(4)]
    for exact in (True, False):
        connector = reading(mariadb_site, table="t", id_number_exact=exact)
        await connector.check()
        result = await connector.lookup(ask(*people, items=REASON), now)
        assert codes(result) == ["FOUND", "SOURCE_ROW_FAILED", "SOURCE_ROW_FAILED", "NOT_FOUND"]
        assert result.outcomes[0].records == ({"reason": "购买住房，￥１０"},)


async def test_a_url_cannot_ask_for_another_encoding(mariadb_site, reading, person, ask, now):
    await mariadb_site.execute(f"CREATE TABLE t ({BASE}, je INT, rq DATE, yy VARCHAR(40))")
    one = person(1)
    await mariadb_site.insert("t", (one.id_number, "111", one.name, "0", 1, None, "购房"))
    source = {"url": f"{mariadb_site.url}?charset=latin1&stmt_cache_size=100"}
    connector = reading(mariadb_site, source, table="t")
    result = await connector.lookup(ask(one, items=REASON), now)
    assert result.outcomes[0].records == ({"reason": "购房"},)


async def test_a_generous_collation_finds_nobody_else(mariadb_site, reading, person, ask, now):
    await mariadb_site.execute(
        f"CREATE TABLE t ({BASE}, je INT, rq DATE, yy VARCHAR(40)) COLLATE utf8mb4_unicode_ci"
    )
    one = person(1, id_number="E99X")
    for number, reason in (("e99x ", "own"), ("É99X", "other's"), ("Ｅ９９Ｘ", "wide")):
        await mariadb_site.insert("t", (number, "111", one.name, "0", 1, None, reason))
    for exact in (True, False):
        connector = reading(mariadb_site, table="t", id_number_exact=exact)
        result = await connector.lookup(ask(one, items=REASON), now)
        assert {record["reason"] for record in result.outcomes[0].records} == {"own", "wide"}
        assert result.remarks == (Remark("ROWS_UNASKED", "t", 1),)


BOOLEANS = {
    "flag": ("boolean", "TINYINT(1)"),
    "bit": ("boolean", "BIT(1)"),
    "year": ("long", "YEAR"),
    "small": ("long", "MEDIUMINT UNSIGNED"),
}


async def test_mariadb_booleans_bits_and_years(mariadb_site, mapping, person, ask, now):
    source = json.loads(json.dumps(load("resource/housing-fund-withdrawal.v1").source))
    source["hedui"]["resource"] = "odd"
    source["hedui"]["time_item"] = None
    kept = [one for one in source["fields"] if one["name"] in {"name", "id_type", "id_number"}]
    added = [
        {"name": name, "type": ["null", kind], "default": None, "doc": name, "zh": name}
        for name, (kind, _) in BOOLEANS.items()
    ]
    shape = {
        key: value for key, value in source["fields"][-1].items() if key not in {"type", "name"}
    }
    source["fields"] = kept + [{**shape, **one} for one in added]
    odd = resource_from(parse("resource/odd.v1", json.dumps(source).encode()))
    columns = ", ".join(f"{name} {declared}" for name, (_, declared) in BOOLEANS.items())
    await mariadb_site.execute(f"CREATE TABLE t ({BASE}, {columns})")
    one, two = person(1), person(2)
    await mariadb_site.insert(
        "t", (one.id_number, "111", one.name, "0", 1, b"\x01", 2024, 7),
        (two.id_number, "111", two.name, "0", 2, b"\x00", 1999, 8),
    )  # fmt: skip
    own = {
        "name": "xm",
        "id_type": "zjlx",
        "id_number": "zjhm",
        **{name: name for name in BOOLEANS},
    }
    connector = SqlConnector(
        mapping({"url": mariadb_site.url}, name="odd", table="t", not_held=None, columns=own),
        {**resources(), "odd": odd},
    )
    await connector.check()
    result = await connector.lookup(ask(one, two, items=tuple(BOOLEANS), resource="odd"), now)
    assert codes(result) == ["FOUND", "VALUE_INVALID"]
    assert result.outcomes[0].records == ({"flag": True, "bit": True, "year": 2024, "small": 7},)
    await connector.close()


async def test_tls_with_a_certificate_of_each_side(
    mariadb_site, reading, person, ask, now, tmp_path
):
    tls = mariadb_site.server.tls
    await mariadb_site.execute(
        f"CREATE TABLE t ({BASE}, je INT, rq DATE, yy VARCHAR(40))",
        "CREATE OR REPLACE USER 'tls'@'127.0.0.1' REQUIRE X509",
        f"GRANT SELECT ON {mariadb_site.database}.* TO 'tls'@'127.0.0.1'",
    )
    url = mariadb_site.url.replace("hedui@", "tls@")
    files = {
        "ca_file": str(tls.authority),
        "certificate_file": str(tls.client_certificate),
        "key_file": str(tls.client_key),
    }
    connector = reading(mariadb_site, {"url": url, **files}, table="t")
    assert codes(await connector.lookup(ask(person(1)), now)) == ["NOT_FOUND"]
    without = reading(mariadb_site, {"url": url, "ca_file": str(tls.authority)}, table="t")
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await without.lookup(ask(person(1)), now)
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(tls.client_certificate.read_bytes())
    distrusting = reading(mariadb_site, {"ca_file": str(stranger)}, table="t")
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await distrusting.lookup(ask(person(1)), now)


async def test_a_server_without_tls_is_not_spoken_to_in_the_clear(
    postgres_site, mariadb_site, reading, person, ask, now
):
    connector = reading(postgres_site, {"ca_file": str(mariadb_site.server.tls.authority)})
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await connector.lookup(ask(person(1)), now)


def test_files_of_tls_are_read_at_once(connector, tmp_path, mapping):
    (tmp_path / "junk.pem").write_text("junk")
    url = {"url": f"{MARIADB}+asyncmy://hedui@db.example/fund"}
    for name in ("junk.pem", "none.pem"):
        with pytest.raises(ConfigError, match="TLS_FILE_INVALID"):
            connector(source={**url, "ca_file": name})
    with pytest.raises(ConfigError, match="TLS_NOT_KNOWN"):
        connector(source={"ca_file": "junk.pem"})
    for wrong in ({"key_file": "k"}, {"certificate_file": "c", "key_file": "k"}):
        with pytest.raises(ConfigError, match="MAPPING_INVALID"):
            mapping({**url, **wrong})
