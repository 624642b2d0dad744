"""`hedui ca revoke`, `crl`, `authorities`, `rotate-…`, `retire-…`, `refresh`.

`register` puts them into `hedui ca`.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rich.console import Console
from rich.table import Table

from signer.ca.authorities import ISSUING, authorities
from signer.ca.crl import RevocationReason
from signer.ca.issue import ROOT_YEARS
from signer.ca.revoking import LIFETIME, make_lists, revoke
from signer.ca.rotation import refresh, retire_issuing, retire_root, rotate_issuing, rotate_root
from signer.certificates import key_id
from signer.commands.options import (
    CaDirectory,
    CaPassphrase,
    RootDirectory,
    RootPassphrase,
    passphrase_or_none,
)
from signer.secretfiles import read_passphrase, replace_file

KeyId = Annotated[
    str, typer.Argument(metavar="KEY_ID", help="密钥标识的前几位 / First digits of its key id")
]


def register(app: typer.Typer) -> None:
    """Add the commands to `hedui ca`."""
    app.command("revoke")(revoke_command)
    app.command("crl")(crl_command)
    app.command("authorities")(authorities_command)
    app.command("rotate-issuing")(rotate_issuing_command)
    app.command("rotate-root")(rotate_root_command)
    app.command("retire-issuing")(retire_issuing_command)
    app.command("retire-root")(retire_root_command)
    app.command("refresh")(refresh_command)


def revoke_command(
    name: Annotated[
        str,
        typer.Argument(metavar="ID", help="参与方标识或服务名称 / Participant id or service name"),
    ],
    directory: CaDirectory,
    generation: Annotated[
        int, typer.Option("--generation", min=1, help="密钥代次 / Key generation")
    ],
    reason: Annotated[
        RevocationReason, typer.Option("--reason", help="原因 / Why")
    ] = RevocationReason.UNSPECIFIED,
) -> None:
    """吊销一代证书 / Revoke the certificates of a key generation."""
    found = revoke(directory, name, generation, reason, datetime.now(UTC))
    typer.echo(
        f"已吊销 {name} 第 {generation} 代 / revoked generation {generation}: "
        f"{found.at:%Y-%m-%d %H:%M:%S} UTC, {found.reason}"
    )


def crl_command(
    directory: CaDirectory,
    passphrase_file: CaPassphrase,
    out: Annotated[Path, typer.Option("--out", help="吊销列表，PEM / Lists to write, PEM")],
    days: Annotated[
        int, typer.Option("--days", min=1, max=90, help="几天后更新 / Days until the next")
    ] = LIFETIME.days,
) -> None:
    """签发吊销列表（RFC 5280）/ Make the revocation lists."""
    lists = make_lists(
        directory, read_passphrase(passphrase_file), datetime.now(UTC), timedelta(days=days)
    )
    pems = [x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) for der in lists]
    replace_file(out, b"".join(pems))
    typer.echo(f"已写出 / Written: {out}")


def authorities_command(directory: CaDirectory) -> None:
    """列出受认可的根与签发机构 / List the accepted roots and issuing authorities."""
    made = Table("机构 authority", "密钥标识 key id", "有效至 valid until", "指纹 SHA-256")
    for column in made.columns:
        column.overflow = "fold"
    for name, title in (("root", "根 root"), (ISSUING, "签发 issuing")):
        for der in authorities(directory, name):
            end = x509.load_der_x509_certificate(der).not_valid_after_utc
            fingerprint = hashlib.sha256(der).hexdigest()
            made.add_row(title, key_id(der).hex()[:16], f"{end:%Y-%m-%d} UTC", fingerprint)
    Console().print(made)


def rotate_issuing_command(
    directory: CaDirectory,
    passphrase_file: CaPassphrase,
    root_directory: RootDirectory = None,
    root_passphrase_file: RootPassphrase = None,
) -> None:
    """更换签发机构，原机构继续有效 / Make a new issuing authority; the old one stays accepted."""
    made = rotate_issuing(
        directory,
        read_passphrase(passphrase_file),
        datetime.now(UTC),
        root_directory=root_directory,
        root_passphrase=passphrase_or_none(root_passphrase_file),
    )
    typer.echo(f"新签发机构 / New issuing authority: {key_id(made).hex()[:16]}")


def rotate_root_command(
    directory: CaDirectory,
    passphrase_file: CaPassphrase,
    root_directory: RootDirectory = None,
    root_passphrase_file: RootPassphrase = None,
    years: Annotated[
        int, typer.Option("--years", help="根证书有效年数 / Years the root is valid")
    ] = ROOT_YEARS,
) -> None:
    """更换根，原根继续有效并为新根作保 / Make a new root; the old one vouches for it."""
    made = rotate_root(
        directory,
        read_passphrase(passphrase_file),
        datetime.now(UTC),
        years,
        root_directory=root_directory,
        root_passphrase=passphrase_or_none(root_passphrase_file),
    )
    typer.echo(f"新根指纹 / New root, SHA-256: {hashlib.sha256(made).hexdigest()}")


def retire_issuing_command(
    key: KeyId,
    directory: CaDirectory,
    compromised: Annotated[
        bool,
        typer.Option("--compromised", help="密钥已泄露，立即停用 / Its key is stolen: at once"),
    ] = False,
) -> None:
    """停用原签发机构，其证书不再被接受 / Accept an earlier authority's leaves no longer."""
    retire_issuing(directory, key, datetime.now(UTC), compromised=compromised)
    typer.echo("已停用 / Retired")


def retire_root_command(
    key: KeyId, directory: CaDirectory, root_directory: RootDirectory = None
) -> None:
    """停用原根 / Accept an earlier root no longer."""
    retire_root(directory, key, root_directory=root_directory)
    typer.echo("已停用 / Retired")


def refresh_command(
    keys: Annotated[
        list[Path], typer.Argument(metavar="KEYS...", help="密钥目录 / Key directories")
    ],
    directory: CaDirectory,
) -> None:
    """把受认可的根与签发机构写入密钥目录 / Write what is accepted into key directories."""
    for place in keys:
        refresh(directory, place)
        typer.echo(f"已更新 / Refreshed: {place}")
