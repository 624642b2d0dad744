"""`hedui ca`: make a certificate authority, issue participants' keys, show what was issued.

What reviews an application is `certify`, what revokes and rotates is `authorities`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from signer.ca.authorities import has_suite
from signer.ca.files import IssuedCertificate, add_suite, init_ca, issue, issued
from signer.ca.issue import ROOT_YEARS
from signer.ca.services import issue_service_keys
from signer.commands import authorities
from signer.commands.certify import certify_command
from signer.commands.options import (
    CaDirectory,
    CaPassphrase,
    Hosts,
    KeyPassphrase,
    RootDirectory,
    RootPassphrase,
    Suites,
    passphrase_or_none,
)
from signer.commands.renew import renew_command
from signer.directory.view import KeyUse
from signer.secretfiles import read_passphrase
from signer.suites.keys import P256, require_suite

app = typer.Typer(
    help="证书签发机构 / The certificate authority",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_USES = {
    KeyUse.TLS: "连接 TLS",
    KeyUse.SIGNING: "签名 signing",
    KeyUse.ENCRYPTION: "加密 encryption",
}

app.command("certify")(certify_command)
app.command("renew")(renew_command)
authorities.register(app)


@app.command("init")
def init(
    directory: CaDirectory,
    passphrase_file: CaPassphrase,
    years: Annotated[
        int, typer.Option("--years", help="根证书有效年数 / Years the root is valid")
    ] = ROOT_YEARS,
    root_directory: RootDirectory = None,
    root_passphrase_file: RootPassphrase = None,
    suite: Suites = None,
) -> None:
    """建立根与签发机构；--suite 另建一套 / Make a root and an issuing authority, per suite."""
    passphrase, now = read_passphrase(passphrase_file), datetime.now(UTC)
    root_passphrase = passphrase_or_none(root_passphrase_file)
    further = [name for name in map(require_suite, dict.fromkeys(suite or ())) if name != P256]
    # A further suite may join a CA that exists: it then makes only what that suite needs.
    if not (further and has_suite(directory, P256)):
        init_ca(
            directory,
            passphrase,
            now,
            years,
            root_directory=root_directory,
            root_passphrase=root_passphrase,
        )
    for name in further:
        add_suite(
            directory,
            passphrase,
            name,
            now,
            years,
            root_directory=root_directory,
            root_passphrase=root_passphrase,
        )
    made = "、".join(further or [P256])
    typer.echo(f"已建立签发机构 / CA made: {directory} ({made})")


@app.command("issue")
def issue_command(
    participant: Annotated[
        str,
        typer.Argument(metavar="ID", help="参与方标识，如 370000 / Participant id, e.g. 370000"),
    ],
    directory: CaDirectory,
    passphrase_file: CaPassphrase,
    out: Annotated[Path, typer.Option("--out", help="密钥目录 / Key directory to write")],
    key_passphrase_file: KeyPassphrase,
    title: Annotated[str, typer.Option("--title", help="单位中文名称 / Name of the unit")] = "",
    host: Hosts = None,
    generation: Annotated[
        int | None,
        typer.Option("--generation", help="密钥代次，默认下一代 / Generation, by default the next"),
    ] = None,
    suite: Suites = None,
) -> None:
    """签发参与方的证书及私钥，TLS 与各套件的签名、加密 / Issue a participant's keys."""
    leaves = issue(
        directory,
        read_passphrase(passphrase_file),
        participant,
        out,
        read_passphrase(key_passphrase_file),
        now=datetime.now(UTC),
        title=title,
        hosts=tuple(host or ()),
        generation=generation,
        suites=tuple(suite or (P256,)),
    )
    typer.echo(
        f"已签发 {participant} 第 {leaves.generation} 代密钥 / "
        f"issued generation {leaves.generation}: {out}"
    )


@app.command("issue-service")
def issue_service_command(
    service: Annotated[
        str,
        typer.Argument(metavar="NAME", help="broker-1、hub-admin 等 / A broker, or hub-admin"),
    ],
    directory: CaDirectory,
    passphrase_file: CaPassphrase,
    out: Annotated[Path, typer.Option("--out", help="密钥目录 / Key directory to write")],
    key_passphrase_file: KeyPassphrase,
    host: Hosts = None,
) -> None:
    """签发集群服务的 TLS 证书及私钥 / Issue the TLS key of a broker or of hub-admin."""
    generation = issue_service_keys(
        directory,
        read_passphrase(passphrase_file),
        service,
        out,
        read_passphrase(key_passphrase_file),
        now=datetime.now(UTC),
        hosts=tuple(host or ()),
    )
    typer.echo(f"已签发 {service} 第 {generation} 代密钥 / issued generation {generation}: {out}")


@app.command("show")
def show(
    directory: CaDirectory,
    participant: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="只看此参与方 / Only this participant")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")] = False,
) -> None:
    """列出已签发的证书 / List what was issued."""
    found = issued(directory, participant)
    if as_json:
        typer.echo(json.dumps([_plain(item) for item in found], ensure_ascii=False))
    else:
        Console().print(_table(found))


def _plain(item: IssuedCertificate) -> dict[str, str | int | None]:
    return {
        "participant": item.participant,
        "use": str(item.key.use),
        "suite": item.key.suite,
        "generation": item.key.generation,
        "key_id": item.key.id.hex(),
        "not_before": item.key.not_before.isoformat(),
        "not_after": item.key.not_after.isoformat(),
        "revoked": item.key.revoked.isoformat() if item.key.revoked else None,
    }


def _table(found: Sequence[IssuedCertificate]) -> Table:
    table = Table(
        "参与方 participant",
        "用途 use",
        "套件 suite",
        "代次 generation",
        "密钥标识 key id",
        "有效至 valid until",
        "吊销 revoked",
    )
    for item in found:
        table.add_row(
            item.participant,
            _USES[item.key.use],
            item.key.suite,
            str(item.key.generation),
            item.key.id.hex()[:16],
            f"{item.key.not_after:%Y-%m-%d %H:%M} UTC",
            f"{item.key.revoked:%Y-%m-%d %H:%M} UTC" if item.key.revoked else "-",
        )
    return table
