"""What was sealed on the day version 1 was frozen opens for ever, whatever else has changed."""

from __future__ import annotations

import hashlib

import pytest
from envelope_cases import Vector, outcome, payload_sha256
from envelope_files import VECTORS, content, loud_skip, scenario_files
from envelope_world import World

from schemas import loader
from signer.envelope.open import Opener
from signer.envelope.verdict import Accept
from signer.suites.sm2 import installed

FROZEN = VECTORS.with_name("envelope-v1")
SUITES = ("p256", "gm")
SCENARIOS = [path for suite in SUITES for path in scenario_files(FROZEN / suite)]


@pytest.fixture(scope="module")
def schemas():
    """The payload schemas of that day, by their digests."""
    parsed = [
        loader.parse(f"message/{path.stem}", path.read_bytes())
        for path in (FROZEN / "schemas").glob("*.avsc")
    ]
    return {schema.digest: schema for schema in parsed}


@pytest.fixture(scope="module")
def worlds():
    return {suite: World.read(content(FROZEN / suite / "participants.json")) for suite in SUITES}


@pytest.mark.requirement("R011")
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_it_opens(path, worlds, schemas):
    if path.parent.name == "gm" and not installed():
        loud_skip("the extra gm is not installed: no envelope of the 国密 suite")
    world, vector = worlds[path.parent.name], Vector.read(content(path))
    opener = Opener(world.rings[vector.arrival.me], schemas.get)

    verdict = opener.open(vector.data, world.directory, vector.now, vector.arrival)

    assert outcome(verdict) == (vector.expect, vector.code)
    if isinstance(verdict, Accept):
        assert payload_sha256(verdict) == vector.payload_sha256


def test_nothing_of_that_day_was_changed():
    lines = (FROZEN / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    listed = {name.removeprefix("./"): digest for digest, name in map(str.split, lines)}
    files = {path for path in FROZEN.rglob("*") if path.suffix in {".json", ".avsc"}}

    assert {path.relative_to(FROZEN).as_posix() for path in files} == set(listed)
    for path in files:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert digest == listed[path.relative_to(FROZEN).as_posix()], path.name


@pytest.mark.parametrize("name", ["envelope.v1", "header.v1", "statement.v1"])
def test_the_product_ships_the_format_of_that_day(name):
    kept = loader.parse(name, (FROZEN / "format" / f"{name}.avsc").read_bytes())

    assert loader.load(f"envelope/{name}").digest == kept.digest
