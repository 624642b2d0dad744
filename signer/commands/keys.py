"""`hedui keys`: key directories on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from signer.admission.importing import KeyPlace
from signer.commands.options import KeyPassphrase
from signer.keydirectory import read_certificates
from signer.pkcs12 import import_p12
from signer.secretfiles import read_passphrase

app = typer.Typer(
    help="本机的密钥 / The keys on this machine", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def keys() -> None:
    """本机的密钥 / The keys on this machine."""


@app.command("import-p12")
def import_p12_command(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE.P12...", help="PKCS#12 文件，每种用途一份 / One for each use"),
    ],
    passphrase_file: Annotated[
        Path, typer.Option("--passphrase-file", help="PKCS#12 口令文件（0600）/ Their passphrase")
    ],
    out: Annotated[Path, typer.Option("--out", help="密钥目录 / Key directory to make or renew")],
    key_passphrase_file: KeyPassphrase,
    root: Annotated[
        Path, typer.Option("--root", help="所信任的根证书 / Root certificate you trust")
    ],
    title: Annotated[str, typer.Option("--title", help="单位中文名称 / Name of the unit")] = "",
    host: Annotated[
        list[str] | None, typer.Option("--host", help="备案地址，可重复 / Registered address")
    ] = None,
) -> None:
    """由 PKCS#12 文件建立密钥目录 / Make a key directory from PKCS#12 files."""
    made = import_p12(
        files,
        read_passphrase(passphrase_file),
        KeyPlace(out, title, tuple(host or ()), read_passphrase(key_passphrase_file)),
        roots=read_certificates(root),
        now=datetime.now(UTC),
    )
    typer.echo(
        f"已导入 {made.participant} 第 {made.generation} 代密钥 / "
        f"imported generation {made.generation}: {out}"
    )
