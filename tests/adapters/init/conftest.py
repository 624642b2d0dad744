"""A department's table with column names of its own, and `hedui adapter init` on it."""

from __future__ import annotations

import pytest
from init_answers import ANSWERS
from typer.testing import CliRunner

from adapters.commands.adapter import app


@pytest.fixture
def place(tmp_path, monkeypatch, database, withdrawal):
    """The adapter's folder, with a source of thirty rows whose ID types have its own codes."""
    monkeypatch.chdir(tmp_path)
    for serial in range(1, 31):
        withdrawal(serial, zjlx="1" if serial % 2 else "2")
    (tmp_path / "answers.toml").write_text(
        ANSWERS + '[id_types]\n"1" = "111"\n"2" = "414"\n', encoding="utf-8"
    )
    return tmp_path


@pytest.fixture
def run():
    def command(*arguments, **how):
        return CliRunner().invoke(app, list(arguments), **how)

    return command
