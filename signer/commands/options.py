"""Options that several commands over the certificate authority share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signer.secretfiles import read_passphrase
from signer.suites.keys import NAMES

CaDirectory = Annotated[Path, typer.Option("--dir", help="签发机构目录 / CA directory")]
CaPassphrase = Annotated[
    Path,
    typer.Option("--passphrase-file", help="签发机构口令文件（0600）/ File with its passphrase"),
]
KeyPassphrase = Annotated[
    Path,
    typer.Option(
        "--key-passphrase-file", help="私钥口令文件（0600）/ File with the keys' passphrase"
    ),
]
Suites = Annotated[
    list[str] | None,
    typer.Option(
        "--suite",
        help=f"密码套件，可重复：{'、'.join(NAMES)} / Suite of the message keys, repeatable",
    ),
]
Hosts = Annotated[
    list[str] | None, typer.Option("--host", help="主机地址，可重复 / Host address, repeatable")
]
RootDirectory = Annotated[
    Path | None,
    typer.Option("--root-dir", help="根密钥另存的目录 / Directory of the root's key, if another"),
]
RootPassphrase = Annotated[
    Path | None,
    typer.Option("--root-passphrase-file", help="根密钥口令文件（0600）/ Its passphrase"),
]


def passphrase_or_none(file: Path | None) -> bytes | None:
    """Return the passphrase in a file, None where none is named; errors as `read_passphrase`."""
    return None if file is None else read_passphrase(file)
