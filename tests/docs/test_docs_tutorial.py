"""The tutorial's connector is the tested file: taken from the page, installed, shown by the kit."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.commands.adapter import app
from adapters.contract import Lookup, Setup, SourceUnavailableError, Subject
from adapters.registry import open_connector
from bus.model.messages import OutcomeKind
from bus.rules.id_number import check_digit
from schemas.resources import resources

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial-connector.md"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = _FENCE.findall(PAGE.read_text(encoding="utf-8"))
CODE = next(text for language, text in BLOCKS if language == "python")
PROJECT, MAPPING = (text for language, text in BLOCKS if language == "toml")
WIDTHS = {"zjlx": 1, "zjhm": 18, "xm": 20, "zh": 20, "ye": 15, "khrq": 8}
NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)

DAEMON = """
[participant]
id = "320000.bank"
[keys]
directory = "keys"
passphrase_file = "passphrase"
store_key = "storekey"
[broker]
bootstrap = "kafka.example:9093"
[store]
url = "sqlite+aiosqlite:///adapter.db"
"""


def number(serial):
    body = f"99000019{60 + serial:02d}0101{serial:03d}"
    return body + check_digit(body)


def line(serial, **values):
    fields = {
        "zjlx": "0", "zjhm": number(serial), "xm": f"测试{serial}", "zh": f"62{serial:06d}",
        "ye": "1200.50", "khrq": "20240615", **values,
    }  # fmt: skip
    parts = [
        value if isinstance(value, bytes) else value.encode("gbk") for value in fields.values()
    ]
    return b"".join(part.ljust(width) for part, width in zip(parts, WIDTHS.values(), strict=True))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The package, installed as an installer leaves it: a module, and metadata that names it."""
    site = tmp_path / "site"
    info = site / "nightly_file-1.0.0.dist-info"
    info.mkdir(parents=True)
    (site / "nightly.py").write_text(CODE, encoding="utf-8")
    project = tomllib.loads(PROJECT)["project"]
    [(group, points)] = project["entry-points"].items()
    listed = "\n".join(f"{name} = {value}" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[{group}]\n{listed}\n")
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    yield
    sys.modules.pop("nightly", None)


@pytest.fixture
def place(tmp_path, package):
    (tmp_path / "adapter.toml").write_text(DAEMON + MAPPING, encoding="utf-8")
    write(tmp_path, *(line(serial) for serial in range(1, 31)))
    return tmp_path


def write(place, *lines):
    (place / "ckye.txt").write_bytes(b"\n".join(lines) + b"\n")
    at = (NOW - timedelta(hours=5)).timestamp()
    os.utime(place / "ckye.txt", (at, at))


@pytest.fixture
async def connector(place):
    document = tomllib.loads(MAPPING)
    opened = open_connector(Setup(document, "adapter.toml", place, resources(), None))
    yield opened
    await opened.close()


async def asked(connector, *serials):
    persons = tuple(Subject(n, f"测试{n}", "111", number(n)) for n in serials)
    return await connector.lookup(
        Lookup("bank-deposit", ("balance", "opened_on"), None, None, persons), NOW
    )


def test_it_has_fewer_than_sixty_lines():
    assert len(CODE.splitlines()) < 60
    assert max(map(len, CODE.splitlines())) <= 100


def test_the_kit_has_nothing_to_say(place):
    done = CliRunner().invoke(app, ["check", "-c", str(place / "adapter.toml"), "--json"])
    assert done.exit_code == 0, (done.output, done.exception)
    verdicts = {one["case"]: one["verdict"] for one in json.loads(done.stdout)}
    # A deposit has no time item, a file on this machine no address to be aimed away from.
    apart = {number for number, verdict in verdicts.items() if verdict != "PASSED"}
    assert apart == {"K05", "K06", "K17", "K18"}
    assert {verdicts[number] for number in apart} == {"NOT_APPLICABLE"}


async def test_it_answers_from_the_line_as_of_the_files_time(connector):
    result = await asked(connector, 1, 31)
    assert result.as_of == NOW - timedelta(hours=5)
    found, other = result.outcomes
    assert [str(value) for value in found.records[0].values()] == ["1200.50", "2024-06-15"]
    assert found.records[0]["opened_on"] == date(2024, 6, 15)
    assert other.kind is OutcomeKind.NOT_FOUND


async def test_bytes_that_are_no_gbk_are_a_doubt_about_one_person(place, connector):
    write(place, line(1, ye=b"12\xff"), line(2))
    one, other = (await asked(connector, 1, 2)).outcomes
    assert (one.kind, one.code) == (OutcomeKind.NOT_ANSWERABLE, "VALUE_INVALID")
    assert other.kind is OutcomeKind.FOUND


@pytest.mark.parametrize("code", ["FILE_MISSING", "FILE_CUT"])
async def test_a_file_that_is_not_whole_answers_nobody(place, connector, code):
    if code == "FILE_MISSING":
        (place / "ckye.txt").unlink()
    else:
        write(place, line(1), line(2)[:40])
    with pytest.raises(SourceUnavailableError) as caught:
        await asked(connector, 1)
    assert caught.value.code == code


def test_a_column_that_the_line_has_not_is_named(place):
    text = (place / "adapter.toml").read_text(encoding="utf-8").replace('"ye"', '"yue"')
    (place / "adapter.toml").write_text(text, encoding="utf-8")
    error = CliRunner().invoke(app, ["check", "-c", str(place / "adapter.toml")]).exception
    assert [(one.code, one.where) for one in error.findings] == [
        ("COLUMN_MISSING", "bank-deposit.yue")
    ]
