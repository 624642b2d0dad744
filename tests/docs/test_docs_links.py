"""The documents hold to the code: links resolve, commands parse, TOML blocks are accepted."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.contract import Setup
from adapters.mapping.catalogue import catalogue_faults
from adapters.medium.connector import MediumSource
from adapters.rest.mapping import RestMapping
from adapters.sql.mapping import SqlMapping
from adapters.template.mapping import ListMapping
from adapters.upload.mapping import upload_mapping
from bus.cli import main
from bus.config.load import load_config
from bus.config.participants import load_participants
from bus.config.provision import load_provision_config
from bus.metrics.catalogue import Metrics
from bus.rules.year_table import read_year_table
from schemas.resources import resources
from signer.ca.files import init_ca, issue
from signer.directory.tree import check_keys, check_tree

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OPERATE = sorted((ROOT / "docs" / "operate").glob("*.md"))

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]\n]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (?P<text>.+)$", re.MULTILINE)
_METRIC = re.compile(r"`(hedui_[a-z_]+)")
_MAPPINGS = {"sql": SqlMapping, "rest": RestMapping, "medium": ListMapping[MediumSource]}

_QUOTED = re.compile(r'"([A-Z][A-Z0-9_]+)"')
_CODE = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`")
_NO_CODES = frozenset({"HEDUI_BROKER__BOOTSTRAP", "HEDUI_SOCKET", "HEDUI_OPERATOR"})
_ENDS = frozenset({"|", ">", "<", "&&", "&", ";"})


@dataclass(frozen=True)
class Block:
    """One fenced block: its page, first line, info string and text."""

    page: Path
    line: int
    info: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(pages: list[Path], language: str) -> list[Block]:
    found = []
    for page in pages:
        content = page.read_text(encoding="utf-8")
        for match in _FENCE.finditer(content):
            info = match["info"].strip()
            if info.split(" ")[0] == language:
                line = content.count("\n", 0, match.start()) + 2
                found.append(Block(page, line, info, match["text"]))
    return found


def slug(heading: str) -> str:
    """The anchor that code hosts give a heading."""
    plain = re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading).strip().lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain))


def lines_of(block: Block) -> Iterator[str]:
    yield from block.text.replace("\\\n", " ").splitlines()


def commands() -> list[str]:
    """Each `hedui` command line of a shell block, once, without what the shell does with it."""
    found: dict[str, None] = {}
    for block in blocks([*ROOT.glob("README*.md"), *OPERATE], "sh"):
        for line in lines_of(block):
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            words = list(lexer)
            program = next((n for n, w in enumerate(words) if Path(w).name == "hedui"), None)
            if program is None or "pip" in words[0]:
                continue
            own = words[program + 1 :]
            end = next((n for n, word in enumerate(own) if word in _ENDS), len(own))
            found[shlex.join(own[:end])] = None
    return list(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_resolve(page):
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for match in _LINK.finditer(text):
        target, _, anchor = match["target"].partition("#")
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{match['target']} is not there"
        assert file.is_relative_to(ROOT), f"{match['target']} leaves the repository"
        if anchor:
            headings = _HEADING.findall(_FENCE.sub("", file.read_text(encoding="utf-8")))
            assert anchor in {slug(h) for h in headings}, f"no heading {anchor} in {file.name}"


def test_commands_are_found_in_the_documents():
    assert {words.split(" ")[0] for words in commands()} >= {
        "ca",
        "hub",
        "node",
        "adapter",
        "query",
    }


@pytest.mark.parametrize("command", commands())
def test_command_parses(command, monkeypatch, capsys):
    # The eager --help ends a run after its words and options were parsed, and before it does
    # anything: an option that does not exist fails here.
    monkeypatch.setattr(sys, "argv", ["hedui", *shlex.split(command), "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in {0, None}, capsys.readouterr().err


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        word
        for block in blocks(PAGES, "sh")
        for word in re.findall(r"^make ([a-z]+)", block.text, re.MULTILINE)
    }
    assert {"demo", "test", "check"} <= named <= targets


def test_every_toml_block_says_what_it_is():
    allowed = {"toml config", "toml participants", "toml calendar", "toml provision"}
    assert {block.info for block in blocks(OPERATE, "toml")} == allowed


@pytest.mark.parametrize("block", blocks(OPERATE, "toml"), ids=str)
def test_toml_block_is_accepted(block, tmp_path):
    kind = block.info.split(" ")[1]
    if kind == "calendar":
        assert read_year_table(block.text).year
    elif kind == "participants":
        _check_participants(block, tmp_path)
    elif kind == "provision":
        file = tmp_path / "provision.toml"
        file.write_text(block.text, encoding="utf-8")
        assert load_provision_config(file).broker.bootstrap
    else:
        _check_config(block, tmp_path)


def _check_config(block: Block, folder: Path) -> None:
    file = folder / "daemon.toml"
    file.write_text(block.text, encoding="utf-8")
    config = load_config(file)
    if config.source is None:
        return
    document, kind = tomllib.loads(block.text), config.source.get("kind", "sql")
    if kind == "upload":
        mapping = upload_mapping(Setup(document, str(file), folder, resources(), None))
    else:
        mapping = _MAPPINGS[kind].from_toml(document, str(file), folder)
    if isinstance(mapping, ListMapping):
        assert list(mapping.mismatches(resources())) == []
    else:
        assert list(catalogue_faults(mapping.resources, resources())) == []


def _check_participants(block: Block, folder: Path) -> None:
    # The certificates come from the CA as the page says, so this holds the page to both.
    now = datetime(2026, 3, 2, tzinfo=UTC)
    init_ca(folder / "ca", b"ca", now, 20)
    for entry in tomllib.loads(block.text)["participant"]:
        issue(folder / "ca", b"ca", entry["id"], folder / "keys" / entry["id"], b"key", now=now)
    file = folder / "participants.toml"
    file.write_text(block.text, encoding="utf-8")
    listed = {participant.id: participant for participant in load_participants(file)}
    assert all(len(participant.keys) == 3 for participant in listed.values())
    check_tree(listed)
    check_keys(listed)


def test_every_error_code_in_the_documents_exists():
    sources = [
        file.read_text(encoding="utf-8")
        for room in ("schemas", "signer", "bus", "adapters")
        for pattern in ("*.py", "*.toml")
        for file in (ROOT / room).rglob(pattern)
    ]
    known = {code for text in sources for code in _QUOTED.findall(text)}
    for page in PAGES:
        named = set(_CODE.findall(page.read_text(encoding="utf-8")))
        assert named - known - _NO_CODES == set(), page.name


def test_every_direct_dependency_has_its_line_of_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wanted += [name for extra in extras for name in extra]
    page = (ROOT / "docs" / "decisions" / "0009-dependencies.md").read_text(encoding="utf-8")
    reasons = re.findall(r"^\| ([^|]+) \|", page.partition("## Refused")[0], re.MULTILINE)
    named = {name for cell in reasons for name in cell.split(", ")}
    assert {re.split(r"[<>=]", name)[0] for name in wanted} == named - {"package", "---"}


def test_every_metric_is_documented_and_no_other():
    registry = Metrics("hub").registry
    real = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in registry.collect()
    }
    text = (ROOT / "docs" / "operate" / "README.md").read_text(encoding="utf-8")
    table = text.partition("## What to watch")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(hedui_[a-z_]+)`", table, re.MULTILINE)) == real
    named = {name for page in OPERATE for name in _METRIC.findall(page.read_text("utf-8"))}
    assert named <= real
