"""The command itself: help that loads nothing, plug-ins that break only themselves, errors."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint, version

import pytest

from bus.cli import commands
from bus.cli.main import _coded
from bus.errors import InputError, UnavailableError


def test_help_lists_every_command_with_its_own_help_and_imports_none():
    code = (
        "import sys\n"
        "from bus.cli import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "finally:\n"
        "    print(sorted(m for m in sys.modules if m.partition('.')[0] in"
        " {'adapters', 'signer', 'aiokafka', 'fastapi', 'sqlalchemy', 'openpyxl'}))\n"
    )

    ended = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )

    assert ended.returncode == 0, ended.stderr
    listing, _, loaded = ended.stdout.rstrip().rpartition("\n")
    for line in ("query        提交与跟踪查询", "ca           证书签发机构", "hub          部中心"):
        assert line in listing
    # Packages on the way to a plug-in's source are empty; nothing of a plug-in itself is loaded.
    assert not {"adapters.commands.adapter", "signer.commands.ca", "aiokafka", "fastapi"} & set(
        json.loads(loaded.replace("'", '"'))
    )


def test_the_version(hedui):
    ended = hedui("--version")
    assert (ended.code, ended.out.strip()) == (0, version("hedui-bus"))


def test_no_argument_shows_help(hedui):
    ended = hedui()
    assert "application" in ended.out + ended.err
    assert ended.code == 2


def test_an_unknown_command_is_a_usage_error(hedui):
    ended = hedui("nothing")
    assert ended.code == 2
    assert "nothing" in ended.err


@pytest.mark.parametrize("group", ["application", "query", "quarantine", "audit", "calendar"])
def test_every_group_of_ours_has_help_in_both_languages(hedui, group):
    ended = hedui(group, "--help")
    assert ended.code == 0
    commands_part = ended.out.partition("Commands:")[2]
    assert commands_part.strip()
    assert " / " in ended.out


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Puts a plug-in module on the path and its entry point among the installed ones."""

    def make(source, name="extra"):
        (tmp_path / "hedui_sample_plugin.py").write_text(source, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "hedui_sample_plugin", raising=False)
        entry = EntryPoint(name, "hedui_sample_plugin:app", commands.GROUP)
        monkeypatch.setattr(commands, "entry_points", lambda **_given: [entry])

    return make


SOUND = """
import typer
app = typer.Typer(help="额外 / Extra")
@app.command()
def go():
    typer.echo("gone")
"""


def test_a_plugin_is_mounted_with_its_help(hedui, plugin):
    plugin(SOUND)
    assert "extra        额外 / Extra" in hedui("--help").out
    assert hedui("extra", "go").out == "gone\n"


@pytest.mark.parametrize(
    "source",
    ["raise RuntimeError('测试甲')", "import no_such_module_anywhere", "app = 1", "app = (", ""],
)
def test_a_broken_plugin_breaks_itself_only(hedui, plugin, source):
    plugin(source)

    listed = hedui("--help")
    asked = hedui("extra", "go")
    other = hedui("query", "--help")

    assert listed.code == other.code == 0
    assert "extra" in listed.out
    assert asked.code == 2
    assert "COMMAND_BROKEN [hedui_sample_plugin:app]" in asked.err
    assert "测试甲" not in asked.err


def test_no_plugin_takes_the_name_of_a_command_of_ours(hedui, plugin):
    plugin(SOUND, name="query")
    assert "submit" in hedui("query", "--help").out


RAISING = """
import typer
from bus.errors import ConfigError
app = typer.Typer()
@app.command()
def coded():
    remedies = {"remedy_zh": "补", "remedy_en": "mend"}
    raise ConfigError("SOME_CODE", "中文", "english", **remedies, where="x.toml")
@app.command()
def foreign(as_json: bool = typer.Option(False, "--json")):
    raise ValueError("测试甲")
"""


def test_a_coded_error_says_code_place_both_languages_and_remedy(hedui, plugin):
    plugin(RAISING)

    ended = hedui("extra", "coded")

    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.splitlines() == [
        "错误 SOME_CODE [x.toml]",
        "  中文",
        "  english",
        "  处理 remedy: 补 / mend",
    ]


def test_a_foreign_error_says_its_type_and_place_only(hedui, plugin):
    plugin(RAISING)

    ended = hedui("extra", "foreign", "--json")

    assert ended.code == 2
    said = json.loads(ended.err)
    assert said["code"] == "INTERNAL"
    assert said["where"].endswith("hedui_sample_plugin.py:11")
    assert "测试甲" not in ended.err


def test_every_coded_error_of_a_group_is_said():
    group = ExceptionGroup(
        "several",
        [InputError("A", "", ""), ExceptionGroup("inner", [UnavailableError("B", "", "")])],
    )
    assert [error.code for error in _coded(group)] == ["A", "B"]
