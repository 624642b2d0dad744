"""`hedui ca renew`: issue for a participant's renewal that waits at the hub, by files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from signer.admission.grant import ENDING, write_grant
from signer.admission.renewal import MAX_SIZE, read_renewal
from signer.ca.certify_requests import certify_requests
from signer.commands.options import CaDirectory, CaPassphrase, Hosts
from signer.secretfiles import read_passphrase, read_public, write_new


def renew_command(
    file: Annotated[
        Path,
        typer.Argument(metavar="RENEWAL", help="换证请求 / From `hedui hub admission renewal`"),
    ],
    participant: Annotated[
        str, typer.Option("--participant", help="参与方标识 / Whose it is, as the hub verified")
    ],
    directory: CaDirectory,
    passphrase_file: CaPassphrase,
    host: Hosts = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="签发结果，默认 <标识>.g<代次>.hedui-grant / Grant to write"),
    ] = None,
) -> None:
    """为换证请求签发证书 / Issue for a renewal: the hub has verified who asks."""
    asked = read_renewal(read_public(file)[: MAX_SIZE + 1], participant)
    grant = certify_requests(
        directory,
        read_passphrase(passphrase_file),
        asked,
        hosts=tuple(host or ()),
        now=datetime.now(UTC),
    )
    place = out or Path(f"{grant.participant}.g{grant.generation}{ENDING}")
    write_new(place, write_grant(grant))
    typer.echo(f"已签发第 {grant.generation} 代 / Issued generation {grant.generation}: {place}")
