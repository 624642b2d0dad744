"""Where the vectors are, and what to do when something a test needs is absent."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "envelope"


def loud_skip(reason: str) -> NoReturn:
    """Skip with one loud line; where everything must run (HEDUI_CI=1), fail instead."""
    if os.environ.get("HEDUI_CI") == "1":
        pytest.fail(f"must not be skipped here: {reason}")
    pytest.skip(f"SKIPPED, NOT PROVED: {reason}")


def scenario_files() -> list[Path]:
    """Return the files of all scenarios."""
    return sorted(p for p in VECTORS.glob("*.json") if p.name != "participants.json")


def content(path: Path) -> dict[str, Any]:
    """Return the JSON content of a vector's file."""
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read
