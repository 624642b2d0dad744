"""On a terminal: every question has help and a default, a wrong answer is asked again."""

from __future__ import annotations

import pytest

from adapters.init.database import Database
from bus.config.load import load_config

QUESTIONS = 18
"""All of them, on the table of the tests: eight for the items, two for its ID types."""


def typed(*lines):
    return "\n".join([*lines, ""])


def test_return_takes_every_default_that_there_is(place, run):
    (place / "keys" / "320000.housing-fund").mkdir(parents=True)
    lines = ["", "", "", "housing-fund-withdrawal", "sqlite+aiosqlite:///fund.db"]
    done = run("init", input=typed(*lines, *[""] * (QUESTIONS - len(lines))))
    assert done.exit_code == 0, done.output
    config = load_config(place / "adapter.toml")
    assert config.participant.id == "320000.housing-fund"
    [entry] = config.resource
    assert entry["table"] == "gjj_tq"
    assert entry["columns"]["id_number"] == "zjhm"
    assert entry["id_types"] == {"1": "111", "2": "111"}


def test_a_wrong_answer_is_asked_again_with_the_reason(place, run):
    lines = [
        "320000", "320000.housing-fund", "", "dbase", "sql", "housing-fund-withdrawal",
        "sqlite+aiosqlite:///other.db", "-", "sqlite+aiosqlite:///fund.db", "-", "gjj_xx", "gjj_tq",
        "xm", "zjlx", "-", "zjhm", "zh", "-", "je", "rq", "yy", "maybe", "answer", "111", "414",
    ]  # fmt: skip
    done = run("init", input=typed(*lines))
    assert done.exit_code == 0, done.output
    assert "320000.housing-fund" in done.stderr
    assert "SOURCE_FILE_MISSING" in done.stderr
    assert "ANSWER_INVALID [table]" in done.stderr
    [entry] = load_config(place / "adapter.toml").resource
    assert (entry["name_mismatch"], entry["id_types"]) == ("answer", {"1": "111", "2": "414"})


BEGINNING = ["320000.housing-fund", "", "", "housing-fund-withdrawal"]


def test_a_password_is_typed_unseen_and_kept_with_the_file(place, run, monkeypatch):
    seen = []

    async def reached(mapping):
        seen.append((mapping.folder / mapping.source.password_file).read_text())
        return []

    monkeypatch.setattr("adapters.init.database.tables_of", reached)
    monkeypatch.setattr(Database, "_map", lambda self, _: self._entry.update(ENTRY))
    monkeypatch.setattr(Database, "_check", nothing)
    monkeypatch.setattr(Database, "_rows", nothing)
    done = run("init", input=typed(*BEGINNING, "", "", "sesame"))
    assert done.exit_code == 0, (done.output, done.exception)
    assert seen == ["sesame"]
    secret = place / "housing-fund.source-password"
    assert secret.read_text() == "sesame"
    assert secret.stat().st_mode & 0o077 == 0
    assert load_config(place / "adapter.toml").source["password_file"] == secret.name
    assert "sesame" not in done.output + (place / "adapter.toml").read_text()


ENTRY = {"table": "t", "id_number": "a", "not_held": [], "columns": {"id_number": "a"}}


async def nothing(*_):
    return None


@pytest.mark.parametrize("given", range(1, QUESTIONS + 1))
def test_breaking_off_leaves_nothing_behind(place, run, given):
    """Input ends at each question in turn, which is what Ctrl-C does to a prompt."""
    before = sorted(place.iterdir())
    lines = [*BEGINNING, "sqlite+aiosqlite:///fund.db", "-", *[""] * QUESTIONS]
    done = run("init", input="\n".join(lines[: given - 1]) + ("\n" if given > 1 else ""))
    assert done.exit_code == 1
    assert sorted(place.iterdir()) == before


def test_breaking_off_after_the_password_takes_it_away(place, run, monkeypatch):
    async def reached(mapping):
        return ["gjj_tq"]

    monkeypatch.setattr("adapters.init.database.tables_of", reached)
    before = sorted(place.iterdir())
    done = run("init", input=typed(*BEGINNING, "", "", "sesame"))
    assert done.exit_code == 1
    assert sorted(place.iterdir()) == before
