"""The vectors of suite sm2-sm4gcm/1; where the suite is missing, each names an unknown suite."""

from __future__ import annotations

from collections import Counter

import pytest
from envelope_cases import Vector, outcome, payload_sha256
from envelope_files import GM_VECTORS, content, needs_gm, scenario_files
from envelope_world import World

from schemas.loader import shipped
from signer.envelope.open import Opener
from signer.envelope.parse import reread
from signer.envelope.verdict import Accept, Refuse, number
from signer.suites import SUITES
from signer.suites.keys import SM2

needs_gm()


@pytest.fixture(scope="module")
def gm_world():
    return World.read(content(GM_VECTORS / "participants.json"))


@pytest.fixture(scope="module")
def gm_vectors():
    return {path.stem: Vector.read(content(path)) for path in scenario_files(GM_VECTORS)}


def opened(vector, world):
    opener = Opener(world.rings[vector.arrival.me], shipped().get)
    return opener.open(vector.data, world.directory, vector.now, vector.arrival)


@pytest.mark.parametrize("path", scenario_files(GM_VECTORS), ids=lambda path: path.stem)
def test_vector_ends_as_it_says(path, gm_world, gm_vectors):
    vector = gm_vectors[path.stem]
    verdict = opened(vector, gm_world)
    assert outcome(verdict) == (vector.expect, vector.code)
    if isinstance(verdict, Accept):
        assert payload_sha256(verdict) == vector.payload_sha256
    assert vector.check == (None if vector.code is None else number(vector.code))


def test_there_are_enough_vectors_of_each_ending(gm_vectors):
    counts = Counter(vector.expect for vector in gm_vectors.values())
    assert counts["ACCEPT"] >= 10
    assert counts["RELAY"] >= 1
    assert counts["REFUSE"] >= 25


def test_bodies_of_both_suites_are_among_them(gm_vectors):
    taken = [v for v in gm_vectors.values() if v.expect == "ACCEPT"]
    assert {reread(v.data).header.suite for v in taken} == set(SUITES)


def test_where_the_suite_is_missing_every_vector_names_an_unknown_one(
    gm_world, gm_vectors, monkeypatch
):
    monkeypatch.delitem(SUITES, SM2)
    for name, vector in gm_vectors.items():
        assert opened(vector, gm_world) == Refuse("SUITE_UNKNOWN"), name
