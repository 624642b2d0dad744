"""The specification is enough: two readers that share nothing with the product."""

from __future__ import annotations

import ast
import hashlib
import shutil
import subprocess
from pathlib import Path

import independent_reader
import pytest
from envelope_files import GM_VECTORS, VECTORS, content, loud_skip, scenario_files

ACCEPTED = [path for path in scenario_files() if path.name.startswith("accept-")]
NODE_SCRIPT = Path(__file__).with_name("open_first_vector.mjs")


def test_the_independent_reader_imports_nothing_of_the_product():
    tree = ast.parse(Path(independent_reader.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    named = [alias.name for node in imports for alias in node.names]
    named += [node.module for node in froms]
    rooms = {name.partition(".")[0] for name in named}
    assert rooms.isdisjoint({"schemas", "signer", "bus", "adapters"})
    assert not any(room.startswith("envelope_") for room in rooms)


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_the_independent_reader_opens_every_accepted_vector(path, participants):
    vector = content(path)
    payload = independent_reader.open_vector(vector, participants)
    assert hashlib.sha256(payload).hexdigest() == vector["payload_sha256"]


@pytest.mark.parametrize(
    "path",
    [path for path in scenario_files(GM_VECTORS) if path.name.startswith("accept-")],
    ids=lambda path: path.stem,
)
def test_the_independent_reader_opens_every_accepted_vector_of_sm2(path):
    vector = content(path)
    payload = independent_reader.open_vector(vector, content(GM_VECTORS / "participants.json"))
    assert hashlib.sha256(payload).hexdigest() == vector["payload_sha256"]


def test_node_opens_every_accepted_vector():
    node = shutil.which("node")
    if node is None:
        loud_skip("node is not installed, so no other language opened a vector")
    files = [VECTORS / "participants.json", *ACCEPTED]
    command = [node, str(NODE_SCRIPT), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    assert done.returncode == 0, done.stderr
    found = [line.split(maxsplit=1)[0] for line in done.stdout.splitlines()]
    assert found == [content(path)["payload_sha256"] for path in ACCEPTED]


def test_a_skip_is_loud_and_where_everything_must_run_a_failure(monkeypatch):
    monkeypatch.delenv("HEDUI_CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="NOT PROVED: no node"):
        loud_skip("no node")
    monkeypatch.setenv("HEDUI_CI", "1")
    with pytest.raises(pytest.fail.Exception, match="must not be skipped"):
        loud_skip("no node")
