"""The Dockerfiles: a linter's rules and ours; what each image holds, and how it runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from image_recipe import KINDS, ROOT, Recipe, copies

HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.fixture(params=KINDS)
def recipe(request):
    return Recipe.of(request.param)


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint has no build for this machine")
@pytest.mark.parametrize("kind", KINDS)
def test_the_linter_has_nothing_to_say(kind):
    done = subprocess.run(  # noqa: S603 - the linter of the environment
        [HADOLINT, "--no-color", ROOT / "docker" / f"{kind}.Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_every_base_is_one_release_and_the_same(recipe):
    bases = {value.split()[0] for stage in range(2) for value in recipe.values("FROM", stage)}
    [base] = bases
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-[a-z]+", base)
    assert len(recipe.stages) == 2


def test_the_first_stage_is_the_same_in_every_image():
    first = {tuple(Recipe.of(kind).stages[0]) for kind in KINDS}
    assert len(first) == 1


def test_nothing_is_fetched_or_built_but_from_hashes(recipe):
    commands = " && ".join(recipe.values("RUN", 0))
    installs = [each for each in commands.split("&&") if re.search("pip.* (install|wheel) ", each)]
    assert len(installs) == 4
    assert all("--require-hashes" in each or "--no-deps" in each for each in installs)
    assert "--no-build-isolation" in commands
    for stage in recipe.stages:
        assert {each.name for each in stage}.isdisjoint({"ADD", "ONBUILD", "SHELL", "MAINTAINER"})


def test_what_runs_has_a_number_and_no_installer(recipe):
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", recipe.value("USER"))
    user = recipe.value("USER").partition(":")[0]
    [command] = recipe.values("RUN")
    assert "pip uninstall" in command
    assert f"install -d -o {user} -g {user} -m 0700 /data /run/hedui" in command
    assert "--without-pip /opt/hedui" in " ".join(recipe.values("RUN", 0))
    assert recipe.values("COPY") == ["--from=build /opt/hedui /opt/hedui"]


def test_how_it_starts_stops_and_says_it_lives(recipe):
    assert recipe.entry == ["hedui", recipe.kind, "run", "-c", "/config/config.toml"]
    assert recipe.value("STOPSIGNAL") == "SIGTERM"
    assert recipe.value("EXPOSE") == "9464"
    assert "/healthz" in recipe.health[-1]
    assert recipe.value("VOLUME") == '["/data"]'
    assert recipe.values("CMD") == []


def test_what_is_copied_is_there_and_goes_to_the_builder(recipe):
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignored
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    sources = {source for value in recipe.values("COPY", 0) for source in copies(value)[0]}
    assert sources == allowed
    for source in sources:
        assert (ROOT / source).exists()
    git = shutil.which("git")
    assert git is not None
    listed = subprocess.run(  # noqa: S603 - git, of this checkout
        [git, "ls-files", "--error-unmatch", *sources],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert listed.returncode == 0, listed.stderr
