"""`apply` and `import`, which `hedui node` and `hedui adapter` take up: joining by files.

`register` puts both commands into a Typer application; the rooms above call it, so that no arrow
runs up from here.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from signer.admission.answers import EXAMPLE, read_answers
from signer.admission.application import ENDING as APPLICATION
from signer.admission.apply import apply
from signer.admission.grant import MAX_SIZE, read_grant
from signer.admission.importing import import_grant
from signer.errors import AdmissionError
from signer.keydirectory import ROOT, read_certificates
from signer.keystore import KeyStore, TokenSettings, open_token
from signer.secretfiles import read_passphrase, read_public, write_new

Pending = Annotated[
    Path, typer.Option("--pending", help="待批密钥目录 / Directory of the pending keys")
]
Passphrase = Annotated[
    Path,
    typer.Option("--passphrase-file", help="私钥口令文件（0600）/ File with the keys' passphrase"),
]

Module = Annotated[
    Path | None,
    typer.Option("--pkcs11-module", help="密码设备的 PKCS#11 库 / PKCS#11 library of a module"),
]
TokenLabel = Annotated[
    str | None, typer.Option("--pkcs11-token", help="令牌标签 / Label of its token")
]
PinFile = Annotated[
    Path | None, typer.Option("--pkcs11-pin-file", help="PIN 文件（0600）/ File with its PIN")
]


def register(app: typer.Typer) -> None:
    """Add `apply` and `import` to an application."""
    app.command("apply")(apply_command)
    app.command("import")(import_command)


def apply_command(
    answers: Annotated[
        Path, typer.Argument(metavar="APPLY.TOML", help="申请内容 / The file of answers")
    ],
    pending: Annotated[
        Path | None,
        typer.Option("--pending", help="新密钥目录，默认 <标识>.pending / For the new keys"),
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option("--passphrase-file", help="私钥口令文件（0600）/ The keys' passphrase"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="申请文件，默认 <标识>.hedui-apply / Application to write"),
    ] = None,
    generation: Annotated[
        int, typer.Option("--generation", min=1, help="密钥代次 / Key generation")
    ] = 1,
    pkcs11_module: Module = None,
    pkcs11_token: TokenLabel = None,
    pkcs11_pin_file: PinFile = None,
    init: Annotated[
        bool, typer.Option("--init", help="写出带注释的样例 / Write a commented example")
    ] = False,
) -> None:
    """生成密钥与入网书面申请 / Make the keys and the written application."""
    if init:
        write_new(answers, EXAMPLE.encode())
        typer.echo(f"请填写 / Fill it in: {answers}")
        return
    if passphrase_file is None:
        raise AdmissionError(
            "PASSPHRASE_NEEDED",
            "须指明私钥口令文件",
            "the keys need a passphrase",
            remedy_zh="请用 --passphrase-file",
            remedy_en="Give --passphrase-file",
        )
    stated = read_answers(answers)
    pending = pending or Path(f"{stated.participant}.pending")
    made = apply(
        stated,
        pending,
        out or Path(f"{stated.participant}{APPLICATION}"),
        read_passphrase(passphrase_file),
        generation=generation,
        now=datetime.now(UTC),
        store=_store(pkcs11_module, pkcs11_token, pkcs11_pin_file),
    )
    keys = "沿用待批密钥 / pending keys kept" if made.keys_kept else "密钥已生成 / keys made"
    typer.echo(f"{keys}: {pending}")
    typer.echo(f"申请已写出 / Application written: {made.file}")
    typer.echo(f"摘要，请另行告知部中心 / Digest, tell the hub: {made.application.digest.hex()}")


def import_command(
    file: Annotated[
        Path, typer.Argument(metavar="GRANT", help="签发结果 .hedui-grant / What the hub issued")
    ],
    pending: Pending,
    out: Annotated[Path, typer.Option("--out", help="密钥目录 / Key directory to make or renew")],
    passphrase_file: Passphrase,
    root: Annotated[
        Path | None, typer.Option("--root", help="所信任的根证书 / Root certificate you trust")
    ] = None,
    fingerprint: Annotated[
        str | None,
        typer.Option("--root-fingerprint", help="电话核对的根证书 SHA-256 / Its SHA-256"),
    ] = None,
    pkcs11_module: Module = None,
    pkcs11_token: TokenLabel = None,
    pkcs11_pin_file: PinFile = None,
) -> None:
    """导入签发的证书，成为密钥目录 / Import what was issued into a key directory."""
    data = read_public(file)
    made = import_grant(
        pending,
        out,
        data,
        read_passphrase(passphrase_file),
        roots=_roots(data, out, root, fingerprint),
        now=datetime.now(UTC),
        store=_store(pkcs11_module, pkcs11_token, pkcs11_pin_file),
    )
    typer.echo(
        f"已导入 {made.participant} 第 {made.generation} 代密钥 / "
        f"imported generation {made.generation}: {made.directory}"
    )
    for der in made.new_roots:
        typer.echo(f"信任新根证书 / New root trusted: {hashlib.sha256(der).hexdigest()}")


def _store(module: Path | None, token: str | None, pin_file: Path | None) -> KeyStore | None:
    """The token, where one is named; all three options name it, or none."""
    if module and token and pin_file:
        return open_token(TokenSettings(module, token, pin_file))
    if module or token or pin_file:
        raise AdmissionError(
            "PKCS11_OPTIONS",
            "--pkcs11-module、--pkcs11-token、--pkcs11-pin-file 须一并给出",
            "--pkcs11-module, --pkcs11-token and --pkcs11-pin-file go together",
            remedy_zh="请补齐，或全部省略",
            remedy_en="Give all three, or none",
        )
    return None


def _roots(data: bytes, out: Path, root: Path | None, fingerprint: str | None) -> tuple[bytes, ...]:
    """The roots to trust: those given, or those of the key directory that is renewed."""
    if root is not None:
        return read_certificates(root)
    if fingerprint is not None:
        wanted = fingerprint.rpartition("=")[2].replace(":", "").strip().lower()
        offered = read_grant(data[: MAX_SIZE + 1]).roots
        return tuple(der for der in offered if hashlib.sha256(der).hexdigest() == wanted)
    if (out / ROOT).is_file():
        return read_certificates(out / ROOT)
    raise AdmissionError(
        "ROOT_NEEDED",
        "首次导入须指明所信任的根证书",
        "the first import needs the root you trust",
        remedy_zh="请用 --root，或用 --root-fingerprint 写明与部中心电话核对的指纹",
        remedy_en="Give --root, or --root-fingerprint as compared with the hub by telephone",
    )
