"""A software PKCS#11 token of SoftHSM2 (Debian package `softhsm2`), in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

PIN, LABEL = "123456", "hedui-test"
_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


def missing() -> str:
    """What these tests lack, empty when nothing."""
    if shutil.which("softhsm2-util") is None or module() is None:
        return "SoftHSM2 is not installed (apt-get install softhsm2)"
    return ""


def module() -> Path | None:
    """The library of SoftHSM2."""
    return next((Path(place) for place in _MODULES if Path(place).exists()), None)


def make_token(folder: Path) -> None:
    """Make a token below a folder, and point this process' SoftHSM2 at it.

    The library reads its configuration when it is first loaded, so a process has one folder.
    """
    tokens = folder / "tokens"
    tokens.mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    subprocess.run(  # noqa: S603 - our own arguments
        [
            *("softhsm2-util", "--init-token", "--free", "--label", LABEL),
            *("--so-pin", "654321", "--pin", PIN),
        ],
        check=True,
        capture_output=True,
    )
