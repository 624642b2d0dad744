"""Each image's entry point, run where nothing is but what its Dockerfile copies.

Another user, who may write to `/data` and `/run/hedui` alone, no variable but the image's own, and
a broker that does not answer: it starts, lives, says that it is not ready and why, and stops.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from image_recipe import DOCKER, KINDS, Builder, Recipe, base_python

pytestmark = pytest.mark.slow

USER = 65532
PATIENCE = 30
IDS = {"hub": "hub", "node": "370000", "adapter": "hub.marriage"}
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
OTHER_USER = os.geteuid() == 0 and base_python() is not None
"""Whether we may become the image's user, and there is a Python it may run."""


@dataclass
class Contained:
    """A process of an image, and where it listens."""

    recipe: Recipe
    root: Path
    process: subprocess.Popen
    url: str

    def healthy(self):
        """What the image's HEALTHCHECK says."""
        port = self.url.rpartition(":")[2]
        command = [word.replace("9464", port) for word in self.recipe.health]
        return run(command, self.recipe, self.root).wait(PATIENCE) == 0


def run(command, recipe, root, **options):
    """Start a command of an image as the image's user, with the image's variables alone."""
    place = Builder(root, root).place
    variables = {}
    for value in recipe.values("ENV"):
        for pair in value.split():
            name, _, text = pair.partition("=")
            variables[name] = place(text.strip('"')).replace("$PATH", SYSTEM_PATH)
    found = shutil.which(command[0], path=variables["PATH"])
    assert found is not None
    user = {"user": USER, "group": USER, "extra_groups": []} if OTHER_USER else {}
    return subprocess.Popen(  # noqa: S603 - the image's own command
        [found, *map(place, command[1:])], cwd=root / "data", env=variables, **user, **options
    )


@pytest.fixture
def prepared(request, image_root, site):
    """Puts keys, configuration and sample tables where a kind of image expects them."""

    def prepare(kind):
        name = IDS[kind]
        config, data = image_root / "config", image_root / "data"
        for place in (config, data, image_root / "run" / "hedui"):
            for entry in place.glob("*"):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        shutil.rmtree(config, ignore_errors=True)
        shutil.copytree(site / f"keys-{name}", config)
        source = DOCKER / "compose" / "config"
        (config / "config.toml").write_text(placed(source / f"{name}.toml", image_root), "utf-8")
        listed = placed(source / "participants.toml", image_root)
        (config / "participants.toml").write_text(
            listed.replace('"/certificates', f'"{site}/certificates'), "utf-8"
        )
        tables = site / f"data-{name}"
        if tables.exists():
            shutil.copytree(tables, data, dirs_exist_ok=True)
        if OTHER_USER:
            for place in (config, data):
                for path in (place, *place.rglob("*")):
                    os.chown(path, USER, USER)
        return Recipe.of(kind)

    return prepare


def placed(file, root):
    """A file of the site as it stands here, on SQLite and on a broker that is not there."""
    store = f'[store]\nurl = "sqlite+aiosqlite:///{root}/data/store.db"\n\n'
    text = re.sub(r"(?ms)^\[store\].*?(?=^\[)", store, file.read_text("utf-8"))
    for there, here in (
        ('"/keys/', f'"{root}/config/'),
        ('"/config/', f'"{root}/config/'),
        ('"/run/', f'"{root}/run/'),
        ('"/data/', f'"{root}/data/'),
        ("////data/", f"///{root}/data/"),
        ("10.66.0.10:9093", f"127.0.0.1:{closed_port()}"),
        ("0.0.0.0:9464", "127.0.0.1:0"),
    ):
        text = text.replace(there, here)
    return text


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextmanager
def started(recipe, root):
    process = run(recipe.entry, recipe, root, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    # Whatever it waits for, it ends, and with it the reading of what it says.
    limit = threading.Timer(PATIENCE, process.kill)
    limit.start()
    said = []
    try:
        for line in process.stderr:
            said.append(line)
            entry = json.loads(line)
            if entry["event"] == "http.listening":
                yield Contained(recipe, root, process, entry["url"])
                break
        else:
            pytest.fail("".join(said))
    finally:
        limit.cancel()
        process.kill()
        process.communicate()


def refused_for(http, code):
    """Whether `/readyz` comes to give this reason, which takes a first try of the broker."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        ready = http.get("/readyz")
        assert ready.status_code == 503
        if ready.json()["code"] == code:
            return True
    return False


def footprint(root):
    """Everything of the image but the two places it may write to."""
    return {
        (path.relative_to(root), path.lstat().st_mtime_ns)
        for top in ("opt", "config")
        for path in (root / top).rglob("*")
    }


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_starts_waits_for_the_broker_and_stops(kind, image_root, prepared):
    recipe = prepared(kind)
    before = footprint(image_root)

    with (
        started(recipe, image_root) as contained,
        httpx.Client(base_url=contained.url, trust_env=False) as http,
    ):
        assert http.get("/healthz").json() == {"alive": True}
        assert contained.healthy()
        assert refused_for(http, "BROKER_UNAVAILABLE")
        missed = 'hedui_loop_errors_total{code="BROKER_UNAVAILABLE",loop="broker"}'
        assert missed in http.get("/metrics").text
        contained.process.send_signal(signal.SIGTERM)
        assert contained.process.wait(PATIENCE) == 0
        assert not contained.healthy()

    assert footprint(image_root) == before
    assert (image_root / "data" / "store.db").exists()


def test_the_adapters_check_runs_from_its_image(image_root, prepared):
    recipe = prepared("adapter")
    before = footprint(image_root)
    command = ["hedui", "adapter", "check", "-c", "/config/config.toml", "--json"]
    checking = run(command, recipe, image_root, stdout=subprocess.PIPE, text=True)
    told, _ = checking.communicate(timeout=PATIENCE)
    assert checking.returncode == 0, told
    assert {line["verdict"] for line in json.loads(told)} == {"PASSED", "NOT_APPLICABLE"}
    assert footprint(image_root) == before


def test_the_image_brings_what_each_connector_needs(image_root):
    modules = "aiosqlite, asyncmy, asyncpg, httpx, openpyxl"
    found = "; ".join(
        [
            f"import {modules}",
            "from importlib.metadata import entry_points",
            "print(*sorted(p.name for p in entry_points(group='hedui.adapters')))",
        ]
    )
    python = image_root / "opt" / "hedui" / "bin" / "python"
    done = subprocess.run(  # noqa: S603 - the image's own Python
        [python, "-I", "-c", found], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["medium", "rest", "sql", "template", "upload"]


def test_the_images_hold_no_installer_and_nothing_of_the_checkout(image_root):
    bin_folder = image_root / "opt" / "hedui" / "bin"
    assert {"hedui", "python"} <= {path.name for path in bin_folder.iterdir()}
    assert not list(bin_folder.glob("pip*"))
    [site_packages] = (image_root / "opt" / "hedui" / "lib").glob("python*/site-packages")
    installed = {path.name for path in site_packages.iterdir()}
    assert {"schemas", "signer", "bus", "adapters"} <= installed
    assert installed.isdisjoint({"pip", "hatchling", "pytest", "tests", "docker"})
    assert {path.name for path in image_root.iterdir()} <= {"opt", "data", "run", "config"}
