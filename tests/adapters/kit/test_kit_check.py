"""`hedui adapter check`: every case on an adapter's own file, and what its operator reads."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint, EntryPoints
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from adapters import registry
from adapters.commands.adapter import app
from adapters.commands.case_lines import Lines
from adapters.host.setup import setup_of
from adapters.kit.cases import FITS
from adapters.kit.report import Line, passed
from adapters.sql.connector import SqlConnector
from adapters.sql.mapping import SqlMapping
from schemas.resources import resources

FUND = """
[participant]
id = "320000.housing-fund"
[keys]
directory = "keys"
passphrase_file = "passphrase"
store_key = "storekey"
[broker]
bootstrap = "kafka.example:9093"
[store]
url = "sqlite+aiosqlite:///adapter.db"
[adapter]
check_people = "people.csv"
[source]
url = "sqlite+aiosqlite:///fund.db"
[[resource]]
name = "housing-fund-withdrawal"
table = "gjj_tq"
id_number = "zjhm"
id_type = "zjlx"
person_name = "xm"
not_held = ["paid_to"]
[resource.columns]
name = "xm"
id_type = "zjlx"
id_number = "zjhm"
account = "zh"
amount = "je"
withdrawn_on = "rq"
reason = "yy"
"""


@pytest.fixture
def fund(tmp_path, withdrawal, people):
    """The adapter's file, on a table of two people, both of them named as known."""
    for serial in (1, 2):
        withdrawal(serial)
    people("测试1", "测试2")
    file = tmp_path / "adapter.toml"
    file.write_text(FUND, encoding="utf-8")
    return file


@pytest.fixture
def people(tmp_path, number):
    def write(*names):
        rows = [f"居民身份证,{number(n)},{name},,2024-06-15" for n, name in enumerate(names, 1)]
        file = tmp_path / "people.csv"
        text = "\ufeffid_type,id_number,name,resource,day\r\n" + "\r\n".join(rows)
        file.write_text(text, encoding="utf-8", newline="")
        file.chmod(0o600)
        return file

    return write


def run(*arguments):
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def test_the_command_tells_a_line_for_each_case_and_the_sums(fund):
    done = run("-c", fund)
    assert done.exit_code == 0, done.output
    *lines, sums = done.stdout.splitlines()
    assert [line.split(" ")[1] for line in lines] == [f"K{n:02d}" for n in (*range(1, 20),)]
    assert lines[0] == "✓ K01 数据源与映射相符 / the source fits the mapping"
    assert lines[1].startswith(
        "✓ K02 housing-fund-withdrawal 已知人员查得 / known people are found"
    )
    assert sums.startswith("通过 ")
    assert "未通过 0" in sums


def test_a_failed_case_makes_the_exit_code_1_and_names_nobody(fund, people, number):
    people("测试1", "测试二")
    done = run("-c", fund)
    assert done.exit_code == 1
    assert "✗ K02 housing-fund-withdrawal" in done.stdout
    assert "[KNOWN_NOT_ANSWERABLE]" in done.stdout
    assert "NAME_MISMATCH×1" in done.stdout
    assert not [word for word in ("测试1", "测试二", number(1), number(2)) if word in done.output]


def test_json_is_the_same_as_data(fund):
    done = run("-c", fund, "--json")
    lines = json.loads(done.stdout)
    assert lines[1] == {
        "case": "K02",
        "zh": "已知人员查得",
        "en": "known people are found",
        "resource": "housing-fund-withdrawal",
        "verdict": "PASSED",
        "code": None,
        "detail_zh": "2 人",
        "detail_en": "2 people",
        "seconds": lines[1]["seconds"],
    }
    assert len(lines) == 19


def test_what_was_not_shown_fails_where_it_is_asked_to(fund, database):
    fund.write_text(FUND.replace('check_people = "people.csv"', ""), encoding="utf-8")
    database("DELETE FROM gjj_tq")
    assert run("-c", fund).exit_code == 0
    assert run("-c", fund, "--strict").exit_code == 1


def test_faults_are_told_before_any_case(fund):
    fund.write_text(FUND.replace('"gjj_tq"', '"gjj_xx"'), encoding="utf-8")
    done = run("-c", fund)
    assert done.stdout == ""
    assert done.exception.code == "SOURCE_MISMATCH"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("id_type,id_number\n111,1", "people.csv:1"),
        ("id_type,id_number,name,age\n111,1,a,3", "people.csv:1"),
        ("id_type,id_number,name\n111,,测试", "people.csv:2: id_number"),
        ("id_type,id_number,name\n999,1,测试", "people.csv:2: id_type"),
        ("id_type,id_number,name,day\n111,1,测试,soon", "people.csv:2: day"),
        ("id_type,id_number,name\n111,1,测试,3", "people.csv:2"),
        ('id_type,id_number,name\n111,1,"测试', "people.csv:2"),
        ("id_type,id_number,name\n", "people.csv"),
        ("id_type,id_number,name,resource\n111,1,测试,salary", "people.csv"),
    ],
)
def test_a_faulty_file_of_people_is_named_by_its_line_and_never_quoted(fund, tmp_path, text, place):
    (tmp_path / "people.csv").write_text(text, encoding="utf-8")
    error = run("-c", fund).exception
    assert error.code == "PEOPLE_INVALID"
    assert error.where.endswith(place)
    assert not [word for word in ("测试", "soon", "salary") if word in str(error)]


def test_a_file_of_people_is_nobody_elses_business(fund, tmp_path):
    (tmp_path / "people.csv").chmod(0o644)
    assert run("-c", fund).exception.code == "KEY_FILE_READABLE"
    (tmp_path / "people.csv").chmod(0o600)
    (tmp_path / "people.csv").write_bytes("测试".encode("gbk"))
    assert run("-c", fund).exception.code == "PEOPLE_INVALID"


def test_a_terminal_is_told_what_is_running(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    lines = Lines(shown=True)
    lines.begin(FITS, "")
    lines.tell(Line(FITS.number, FITS.zh, FITS.en, "", passed(), 0.1))
    told = capsys.readouterr()
    assert told.err == "\r\x1b[K… K01  数据源与映射相符\r\x1b[K"
    assert told.out == "✓ K01 数据源与映射相符 / the source fits the mapping\n"


class Kept(SqlConnector):
    """Looks up in the adapter's own store."""

    needed = property(lambda self: self.setup.books_needed)

    async def lookup(self, lookup, now):
        assert self.needed == "books"
        return await super().lookup(lookup, now)


def open_kept(setup):
    connector = Kept(SqlMapping.from_toml(setup.document, setup.where, setup.folder), resources())
    connector.setup = setup
    return connector


def test_a_connector_that_keeps_what_it_was_given_gets_the_store(fund, monkeypatch):
    opened = []

    @asynccontextmanager
    async def desk(config, path, operator):
        opened.append((path, operator))
        yield SimpleNamespace(setup=setup_of(config, path, "books"))
        opened.append("closed")

    points = EntryPoints([EntryPoint("kept", f"{__name__}:open_kept", registry.GROUP)])
    monkeypatch.setattr(registry, "entry_points", lambda **_: points)
    monkeypatch.setattr("adapters.kit.check.open_desk", desk)
    fund.write_text(FUND.replace("[source]", '[source]\nkind = "kept"'), encoding="utf-8")
    done = run("-c", fund)
    assert done.exit_code == 0, done.output
    assert opened == [(fund, "adapter check"), "closed"]
