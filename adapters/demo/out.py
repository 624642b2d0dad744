"""The files a run leaves behind: result, proof, root certificate, logs."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from adapters.demo.journey import Delivered
from bus.cli.files import write_file
from bus.errors import InputError

_RESULTS = ("result.xlsx", "result.json", "proof.hedui", "root.pem")


@dataclass(frozen=True, slots=True)
class Out:
    """The folder of what is handed over."""

    folder: Path

    @property
    def logs(self) -> Path:
        """The folder of the processes' logs."""
        return self.folder / "logs"

    @property
    def proof(self) -> Path:
        """The proof file."""
        return self.folder / "proof.hedui"

    @property
    def root(self) -> Path:
        """The root certificates the proof is verified by, one for each suite."""
        return self.folder / "root.pem"

    @property
    def verify_command(self) -> str:
        """The command that verifies the proof, as it can be typed here."""
        program = "hedui" if shutil.which("hedui") else sys.argv[0]
        files = (str(self.proof), "--root", str(self.root))
        return shlex.join((program, "proof", "verify", *files))

    def prepare(self) -> None:
        """Make the folders, and take away what an earlier run left: it must not pass for new.

        Raises:
            InputError: `OUT_UNWRITABLE`.
        """
        try:
            self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
            for file in (*(self.folder / name for name in _RESULTS), *self.logs.glob("*.log")):
                file.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(
                "OUT_UNWRITABLE",
                "输出目录无法写入",
                "the output folder cannot be written",
                remedy_zh="请用 --out 指定另一目录",
                remedy_en="Name another with --out",
                where=os.fspath(self.folder),
            ) from error

    def write(self, delivered: Delivered, root: bytes) -> None:
        """Write result, proof and root certificate, readable by their owner only.

        Raises:
            InputError: `FILE_UNWRITABLE`.
        """
        result = json.dumps(delivered.result, ensure_ascii=False, indent=2) + "\n"
        contents = (delivered.workbook, result.encode(), delivered.proof, root)
        for name, data in zip(_RESULTS, contents, strict=True):
            write_file(self.folder / name, data, force=True)
