"""A Dockerfile read as data, and its stages carried out in a folder that stands for the image."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
KINDS = ("hub", "node", "adapter")
_PLACES = re.compile(r"(?<![\w./:])/(?=(?:opt|src|data|config|run|root)(?:/|\b))")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its name and its value, comments and line ends gone."""

    name: str
    value: str

    @property
    def words(self):
        """The value of one in exec form."""
        return json.loads(self.value)


@dataclass
class Recipe:
    """A Dockerfile: the instructions of its stages, in order."""

    kind: str
    stages: list[list[Instruction]] = field(default_factory=list)

    @classmethod
    def of(cls, kind):
        parser = DockerfileParser(str(DOCKER / f"{kind}.Dockerfile"), cache_content=True)
        recipe = cls(kind)
        for entry in parser.structure:
            if entry["instruction"] == "COMMENT":
                continue
            if entry["instruction"] == "FROM":
                recipe.stages.append([])
            recipe.stages[-1].append(Instruction(entry["instruction"], entry["value"]))
        return recipe

    def values(self, name, stage=-1):
        return [each.value for each in self.stages[stage] if each.name == name]

    def value(self, name):
        [found] = self.values(name)
        return found

    @property
    def entry(self):
        return json.loads(self.value("ENTRYPOINT"))

    @property
    def health(self):
        return json.loads(self.value("HEALTHCHECK").partition("CMD ")[2])


def copies(value):
    """The sources of a COPY, its destination, and the stage it copies from."""
    words = shlex.split(value)
    stage = [word.partition("=")[2] for word in words if word.startswith("--from=")]
    plain = [word for word in words if not word.startswith("--")]
    return plain[:-1], plain[-1], stage[0] if stage else None


def base_python():
    """A Python of this machine that another user may run as well, or None.

    The one the tests run on may lie in somebody's home.
    """
    names = (sys._base_executable, "/usr/local/bin/python3", "/usr/bin/python3")
    for path in (Path(name).resolve() for name in names):
        if path.exists() and all(parent.stat().st_mode & 0o001 for parent in path.parents):
            check = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"
            done = subprocess.run([path, "-c", check], check=False, capture_output=True)  # noqa: S603
            if done.returncode == 0:
                return path
    return None


class Builder:
    """Carries a stage out below a folder. Absolute paths of an image are paths below it.

    Args:
        root: Stands for `/`.
        base: Folder of the base image's Python, `bin/python`.
    """

    def __init__(self, root, base):
        self.root = root
        self._base = base
        self._folder = root

    def place(self, text):
        """The text of a command with the image's paths as they are here."""
        return _PLACES.sub(f"{self.root}/", text)

    def build(self, stage, *, as_root):
        for each in stage:
            if each.name == "WORKDIR":
                self._folder = self.root / each.value.lstrip("/")
                self._folder.mkdir(parents=True, exist_ok=True)
            elif each.name == "COPY":
                self._copy(each.value)
            elif each.name == "RUN":
                self._run(each.value, as_root=as_root)

    def _copy(self, value):
        sources, destination, stage = copies(value)
        if stage is not None:
            # Built below the same root, where the environment's scripts expect it.
            assert self.place(destination) == self.place(sources[0])
            return
        for source in sources:
            found = ROOT / source
            if found.is_dir():
                shutil.copytree(found, self._folder / destination, ignore=_LEFT_OUT)
            else:
                shutil.copy(found, self._folder / destination)

    def _run(self, value, *, as_root):
        command = re.sub(r"--mount=\S+ ", "", value)
        if not as_root:
            command = command.replace("-o 65532 -g 65532 ", "")
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("HEDUI_", "PYTHON", "VIRTUAL"))
        }
        subprocess.run(  # noqa: S603 - our own Dockerfile
            ["/bin/sh", "-euc", self.place(command)],
            cwd=self._folder,
            env=kept | {"PATH": f"{self._base}/bin:{os.environ['PATH']}"},
            check=True,
            capture_output=True,
        )
