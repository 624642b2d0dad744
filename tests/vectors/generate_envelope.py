"""Writes the envelope's vectors anew; with --check, says whether they would change.

`envelope/` holds those of the default suite, `envelope-gm/` those of sm2-sm4gcm/1, which are made
only where the extra `gm` is installed.

Keys, randomness and time are fixed, so two runs write the same bytes. Which scenarios there are
stands in tests/signer/envelope/envelope_*.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "signer" / "envelope"))

from envelope_cases import Case  # noqa: E402 - the path must be set first
from envelope_gm import gm_scenarios  # noqa: E402 - as above
from envelope_scenarios import scenarios  # noqa: E402 - as above
from envelope_world import participants_json  # noqa: E402 - as above

from signer.suites.sm2 import installed  # noqa: E402 - as above


def expected() -> dict[Path, dict[str, str]]:
    """Return folder → the content of every file by its name."""
    made = {_HERE / "envelope": _files(participants_json(), scenarios())}
    if installed():
        made[_HERE / "envelope-gm"] = _files(participants_json(gm=True), gm_scenarios())
    return made


def _files(participants: dict[str, Any], cases: list[Case]) -> dict[str, str]:
    files = {"participants.json": _text(participants)}
    for case in cases:
        name = f"{case.name}.json"
        if name in files:
            sys.exit(f"two scenarios are named {case.name}")
        files[name] = _text(case.to_json())
    return files


def differences(folder: Path, files: dict[str, str]) -> list[str]:
    """Return the names of the files that are missing, stale or no longer made."""
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(n for n in files.keys() | present.keys() if files.get(n) != present.get(n))


def write(folder: Path, files: dict[str, str]) -> None:
    """Make the folder hold exactly these files."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


def main() -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if files would")
    checking = parser.parse_args().check
    made = expected()
    changed = [name for folder, files in made.items() for name in differences(folder, files)]
    if checking and changed:
        print(f"{len(changed)} vectors would change: {', '.join(changed[:10])}", file=sys.stderr)  # noqa: T201 - a command's output
        return 1
    if not checking:
        for folder, files in made.items():
            write(folder, files)
    return 0


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
