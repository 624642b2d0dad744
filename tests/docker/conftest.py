"""The images' environment, built once from exactly what the Dockerfiles copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from image_recipe import DOCKER, Builder, Recipe, base_python


@pytest.fixture(scope="session")
def image_root() -> Iterator[Path]:
    """A folder that stands for `/` of the three images: all that goes into the last stage.

    One for all of them: that their stages differ in labels and commands only has a test.
    """
    as_root = os.geteuid() == 0
    python = base_python() or sys.executable
    with tempfile.TemporaryDirectory(prefix="hedui-image-") as folder:
        # What runs in it is another user, who must be able to enter.
        Path(folder).chmod(0o755)
        root, recipe = Path(folder) / "root", Recipe.of("hub")
        root.mkdir()
        base = Path(folder) / "base"
        subprocess.run([python, "-m", "venv", base], check=True)  # noqa: S603 - this machine's Python
        Builder(root, base).build(recipe.stages[0], as_root=as_root)
        for entry in root.iterdir():
            if entry.name != "opt":
                shutil.rmtree(entry)
        Builder(root, base).build(recipe.stages[1], as_root=as_root)
        yield root


@pytest.fixture(scope="session")
def site(image_root: Path) -> Path:
    """What `init` of docker/compose.yaml makes, made with the image's own Python."""
    out = image_root.parent / "site"
    out.mkdir(mode=0o755)
    subprocess.run(  # noqa: S603 - our own script
        [
            *(image_root / "opt/hedui/bin/python", DOCKER / "compose" / "init.py"),
            *("--keep-owner", "--out", out, "--config", DOCKER / "compose" / "config"),
            *("--broker-host", "127.0.0.1", "--store-host", "127.0.0.1"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
    )
    return out
