"""Fixtures of the envelope tests; the makers they share stand in envelope_*.py beside this file."""

from __future__ import annotations

from typing import Any

import pytest
from envelope_cases import Vector
from envelope_files import VECTORS, content, scenario_files
from envelope_forge import Forge
from envelope_world import World


@pytest.fixture(scope="session")
def participants() -> dict[str, Any]:
    """Content of participants.json."""
    return content(VECTORS / "participants.json")


@pytest.fixture(scope="session")
def world(participants) -> World:
    """The synthetic participants, as participants.json describes them."""
    return World.read(participants)


@pytest.fixture(scope="session")
def forge(world) -> Forge:
    """Makes messages with any part of them wrong."""
    return Forge(world)


@pytest.fixture(scope="session")
def vectors() -> dict[str, Vector]:
    """Every scenario by name."""
    return {path.stem: Vector.read(content(path)) for path in scenario_files()}
