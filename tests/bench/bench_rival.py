"""Starts Confluent's client in an environment of its own, and measures it round by round."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schemas.loader import Schema

REQUIREMENT = "confluent-kafka[avro,rules]>=2.15,<2.16"
"""Its extra `rules` holds the encryption; the product uses a later client, without that extra."""

SCRIPT = Path(__file__).with_name("bench_confluent.py")


class RivalError(Exception):
    """Confluent's client did not give back what it was given, or left its text readable."""


class Rival:
    """A running process of that environment."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.version = ""

    @classmethod
    @contextmanager
    def start(cls, out: Path, schema: Schema, messages: int) -> Iterator[Rival]:
        """Make the environment where there is none, and start the process.

        Args:
            out: Folder of the benchmark.
            schema: Schema of the payloads.
            messages: How many a round serialises and deserialises.
        """
        python = _environment(out / "confluent")
        process = subprocess.Popen(  # noqa: S603 - the interpreter just made
            [python, "-W", "ignore", SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        rival = cls(process)
        try:
            rival.version = str(rival._ask([json.dumps(schema.source), messages]))
            yield rival
        finally:
            process.communicate()

    def round(self, datum: dict[str, Any]) -> tuple[float, float]:
        """Return microseconds a message, to serialise with encryption and to deserialise."""
        spent = self._ask(datum)
        if spent is None:
            raise RivalError
        return float(spent[0]), float(spent[1])

    def _ask(self, what: object) -> Any:
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise RivalError
        asked.write(f"{json.dumps(what)}\n")
        asked.flush()
        return json.loads(answers.readline())


def _environment(folder: Path) -> Path:
    python = folder.absolute() / "bin" / "python"
    if not python.exists():
        sys.stderr.write(f"installing {REQUIREMENT} into {folder}\n")
        venv.create(folder, with_pip=True)
    subprocess.run(  # noqa: S603 - pip of that environment
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", REQUIREMENT],
        check=True,
    )
    return python
