"""From a file of answers: what is written loads, passes the check, and shows nobody's data."""

from __future__ import annotations

import asyncio
import re

import pytest
from init_answers import ANSWERS

from adapters.host.setup import connector_of, setup_of
from adapters.init.skeletons import SKELETONS
from bus.config.load import load_config


def answered(place, text):
    (place / "answers.toml").write_text(text, encoding="utf-8")


def test_the_file_that_is_written_passes_the_check(place, run):
    done = run("init", "--answers", "answers.toml", "--out", "fund.toml")
    assert done.exit_code == 0, done.output
    assert "hedui adapter check -c fund.toml" in done.stdout
    config = load_config(place / "fund.toml")
    assert config.participant.id == "320000.housing-fund"
    assert config.keys.directory == place / "keys" / "320000.housing-fund"
    [entry] = config.resource
    assert entry == {
        "name": "housing-fund-withdrawal",
        "table": "gjj_tq",
        "id_number": "zjhm",
        "id_type": "zjlx",
        "id_types": {"1": "111", "2": "414"},
        "person_name": "xm",
        "name_mismatch": "not_answerable",
        "not_held": ["paid_to"],
        "columns": {
            "name": "xm",
            "id_type": "zjlx",
            "id_number": "zjhm",
            "account": "zh",
            "amount": "je",
            "withdrawn_on": "rq",
            "reason": "yy",
        },
    }
    checked = run("check", "-c", "fund.toml")
    assert checked.exit_code == 0, checked.output
    assert (place / "fund.toml").stat().st_mode & 0o077 == 0


def test_three_rows_are_shown_and_nothing_of_anybody(place, run, number):
    told = run("init", "--answers", "answers.toml").stdout
    rows = [line for line in told.splitlines() if line.startswith("  ")]
    assert len(rows) == 3
    assert rows[0] == (
        "  1. 姓名 测**，证件类型 （1 字 characters），证件号码 990000************，"
        "个人账号 （3 字 characters），提取金额 （4 位 digits），提取日期 2024-**-**，"
        "提取原因 （2 字 characters）"
    )
    hidden = ["测试", "1200", "001", "购房", "06-15", *(number(n)[6:] for n in range(1, 31))]
    assert not [text for text in hidden if text in told]


def test_nothing_is_overwritten(place, run):
    (place / "adapter.toml").write_text("mine")
    done = run("init", "--answers", "answers.toml")
    assert done.exception.code == "FILE_EXISTS"
    assert (place / "adapter.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (('"320000.housing-fund"', '"320000"'), "participant"),
        (('"kafka1.example:9093"', '"kafka"'), "bootstrap"),
        (('kind = "sql"', 'kind = "dbase"'), "kind"),
        (('"housing-fund-withdrawal"', '"salary"'), "resource"),
        (('"sqlite+aiosqlite:///fund.db"', '"postgresql+asyncpg://a:sesame@b/c"'), "url"),
        (('"sqlite+aiosqlite:///fund.db"', "7"), "url"),
        (('account = "zh"', 'account = "zh2"'), "columns.account"),
        (('account = "zh"', 'id_number = "-"'), "columns.id_number"),
        (('"kafka1.example:9093"', '"k\\u0007:1"'), "bootstrap"),
    ],
)
def test_an_answer_that_does_not_do_is_named_by_its_key(place, run, change, key):
    answered(place, ANSWERS.replace(*change))
    error = run("init", "--answers", "answers.toml").exception
    assert error.code == "ANSWER_INVALID"
    assert error.where == f"answers.toml: {key}"
    assert "sesame" not in str(error)
    assert not (place / "adapter.toml").exists()


def test_an_answer_that_nobody_asked_for_was_meant_for_something(place, run):
    answered(place, ANSWERS + 'amuont = "je"\n[id_types]\n"1" = "111"\n"2" = "414"\n')
    error = run("init", "--answers", "answers.toml").exception
    assert error.code == "ANSWER_UNKNOWN"
    assert "columns.amuont" in error.en
    assert not (place / "adapter.toml").exists()


@pytest.mark.parametrize("text", [None, "a = ", b"\xb9\xab"])
def test_answers_that_cannot_be_read_are_refused(place, run, text):
    file = place / "answers.toml"
    file.unlink()
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert run("init", "--answers", "answers.toml").exception.code == "ANSWERS_UNREADABLE"


def test_a_source_that_does_not_fit_is_not_written(place, run, database):
    database("UPDATE gjj_tq SET zjhm = substr(zjhm, 1, 6) || ' ' || substr(zjhm, 7)")
    assert run("init", "--answers", "answers.toml").exception.code == "SOURCE_MISMATCH"
    answered(place, ANSWERS.replace('"gjj_tq"', '"gjj_xx"'))
    error = run("init", "--answers", "answers.toml").exception
    assert (error.code, error.where) == ("ANSWER_INVALID", "table")
    answered(place, ANSWERS.replace("fund.db", "other.db"))
    assert run("init", "--answers", "answers.toml").exception.code == "SOURCE_FILE_MISSING"
    assert not (place / "adapter.toml").exists()


def test_a_column_that_holds_no_id_types_is_not_read_aloud(place, run):
    answered(place, ANSWERS + 'id_type = "xm"\n')
    done = run("init", "--answers", "answers.toml")
    assert (done.exception.code, done.exception.where) == ("ANSWER_INVALID", "columns.id_type")
    assert "测试" not in done.output + str(done.exception)


def test_a_source_without_id_types_has_one(place, run):
    answered(place, ANSWERS.replace("paid_to", 'id_type = "-"\npaid_to'))
    assert run("init", "--answers", "answers.toml").exit_code == 0
    [entry] = load_config(place / "adapter.toml").resource
    assert (entry["id_type_value"], entry["not_held"]) == ("111", ["id_type", "paid_to"])
    assert run("check", "-c", "adapter.toml").exit_code == 0


def test_names_need_not_be_held(place, run):
    answered(place, ANSWERS.replace("paid_to", 'id_type = "-"\nname = "-"\npaid_to'))
    assert run("init", "--answers", "answers.toml").exit_code == 0
    [entry] = load_config(place / "adapter.toml").resource
    assert "person_name" not in entry
    assert "name_mismatch" not in entry


def test_a_password_stands_in_its_own_file_or_nowhere(place, run):
    secret = '\npassword_file = "db.password"\n'
    answered(place, ANSWERS.replace('\ntable = "gjj_tq"\n', secret + 'table = "gjj_tq"\n'))
    assert run("init", "--answers", "answers.toml").exception.code == "ANSWER_INVALID"
    assert not (place / "db.password").exists()


async def test_it_is_written_for_a_table_of_another_schema_with_comments(
    place, run, postgres, number
):
    url = postgres.over_tcp(await postgres.database())
    await postgres.execute(
        url.rpartition("/")[2],
        "DROP SCHEMA IF EXISTS dept CASCADE",
        "CREATE SCHEMA dept",
        "CREATE TABLE dept.t1 (c1 text, c2 text, c3 text, c4 numeric(18,2), c5 date)",
        "COMMENT ON COLUMN dept.t1.c1 IS '姓名'",
        "COMMENT ON COLUMN dept.t1.c2 IS '证件号码'",
        "COMMENT ON COLUMN dept.t1.c4 IS '提取金额'",
        "COMMENT ON COLUMN dept.t1.c5 IS '提取日期'",
        *(
            f"INSERT INTO dept.t1 VALUES ('测试{n}', '{number(n)}', 'x', 1.50, '2024-06-15')"  # noqa: S608 - our own
            for n in range(1, 6)
        ),
    )
    text = f"""
participant = "320000.housing-fund"
resource = "housing-fund-withdrawal"
url = "{url}"
password_file = "-"
table = "dept.t1"
"""
    answered(place, text)
    done = await asyncio.to_thread(run, "init", "--answers", "answers.toml")
    assert done.exit_code == 0, (done.output, done.exception)
    [entry] = load_config(place / "adapter.toml").resource
    assert (entry["schema"], entry["table"]) == ("dept", "t1")
    assert entry["columns"] == {
        "name": "c1", "id_number": "c2", "amount": "c4", "withdrawn_on": "c5",
    }  # fmt: skip
    checked = await asyncio.to_thread(run, "check", "-c", "adapter.toml", "--strict")
    assert checked.exit_code == 0, checked.output
    assert re.search("K18 .*SOURCE_TIMEOUT", checked.output)


@pytest.mark.parametrize("kind", SKELETONS)
def test_other_kinds_get_a_skeleton_that_loads(place, run, kind):
    answered(place, f'participant = "320000.tax"\nkind = "{kind}"\nresource = "bank-deposit"\n')
    done = run("init", "--answers", "answers.toml")
    assert done.exit_code == 0, done.output
    config = load_config(place / "adapter.toml")
    assert config.source["kind"] == kind
    assert [entry["name"] for entry in config.resource] == ["bank-deposit"]


@pytest.mark.parametrize("kind", SKELETONS)
async def test_its_connector_takes_the_skeleton_as_it_is(place, run, kind):
    answered(place, f'participant = "320000.tax"\nkind = "{kind}"\nresource = "bank-deposit"\n')
    assert run("init", "--answers", "answers.toml").exit_code == 0
    file = place / "adapter.toml"
    await connector_of(setup_of(load_config(file), file, None)).close()
