"""Where the vectors are, and what to do when something a test needs is absent."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest

from signer.suites.sm2 import installed

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "envelope"
GM_VECTORS = VECTORS.with_name("envelope-gm")


def loud_skip(reason: str, *, module: bool = False) -> NoReturn:
    """Skip with one loud line; where everything must run (HEDUI_CI=1), fail instead.

    With `module`, a whole file, while it is imported.
    """
    if os.environ.get("HEDUI_CI") == "1":
        pytest.fail(f"must not be skipped here: {reason}")
    pytest.skip(f"SKIPPED, NOT PROVED: {reason}", allow_module_level=module)


def needs_gm() -> None:
    """Skip a file loudly where the extra `gm` is not installed; call it when it is imported."""
    if not installed():
        loud_skip("the extra gm is not installed: no vector of the 国密 suite", module=True)


def scenario_files(folder: Path = VECTORS) -> list[Path]:
    """Return the files of all scenarios of a folder."""
    return sorted(p for p in folder.glob("*.json") if p.name != "participants.json")


def content(path: Path) -> dict[str, Any]:
    """Return the JSON content of a vector's file."""
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read
