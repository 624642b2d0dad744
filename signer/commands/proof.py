"""`hedui proof verify`: check a proof offline and say what it proves.

Exit status: 0 the proof is valid, 1 it is not, 2 the file or the root cannot be used.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from schemas.errors import HeduiError, InputError
from signer.ca.crl import MAX_SIZE
from signer.certificates import PathValidator
from signer.errors import CertificateError
from signer.keydirectory import read_certificates
from signer.proof.account import Account
from signer.proof.failures import CHECKS, ProofError
from signer.proof.format import MAX_PROOF
from signer.proof.later import MAX_FILE, read_directory_file
from signer.proof.rendering import render, to_plain
from signer.proof.verify import verify

INVALID = 1
UNUSABLE = 2

app = typer.Typer(
    help="查询证明 / Proofs of queries",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class ProofFileError(InputError):
    """A file that was named cannot be read."""


@app.callback()
def proof() -> None:
    """查询证明 / Proofs of queries."""


@app.command("verify")
def verify_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="证明文件 / The proof file")],
    root: Annotated[Path, typer.Option("--root", help="根证书（PEM）/ Root certificates, PEM")],
    tsa_root: Annotated[
        list[Path] | None,
        typer.Option(
            "--tsa-root", help="所信任的时间戳机构根证书（PEM）/ Its root, PEM; repeatable"
        ),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option("--directory", help="较新的目录副本，查其后的吊销 / A later directory"),
    ] = None,
    crl: Annotated[
        list[Path] | None,
        typer.Option("--crl", help="吊销列表，查其后的吊销 / A revocation list; repeatable"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")] = False,
) -> None:
    """离线核验查询证明：谁申请、谁批准、谁反馈、何时 / Verify a proof offline."""
    try:
        data, validator = _read(file, MAX_PROOF), _validator(root)
        authorities = [der for path in tsa_root or () for der in read_certificates(path)]
        later = None
        if directory is not None:
            later = read_directory_file(_read(directory, MAX_FILE), validator)
        crls = [_read(path, MAX_SIZE) for path in crl or ()]
        # Shown on a terminal only: thousands of signatures take seconds.
        with Console(stderr=True).status("正在核验 / verifying"):
            account = verify(data, validator, authorities=authorities, later=later, crls=crls)
    except ProofError as error:
        _report(error, as_json=as_json)
        raise typer.Exit(INVALID) from None
    except HeduiError as error:
        _report(error, as_json=as_json)
        raise typer.Exit(UNUSABLE) from None
    _tell(account, as_json=as_json)


def _read(file: Path, limit: int) -> bytes:
    try:
        with file.open("rb") as opened:
            # One byte more than allowed, so that its reader sees a file that is too large.
            return opened.read(limit + 1)
    except OSError as error:
        raise ProofFileError(
            "PROOF_FILE_UNREADABLE",
            "文件无法读取",
            f"the file cannot be read ({error.strerror})",
            remedy_zh="请检查路径和读取权限",
            remedy_en="Check the path and the right to read it",
            where=str(file),
        ) from None


def _validator(root: Path) -> PathValidator:
    certificates = read_certificates(root)
    try:
        return PathValidator(certificates[0], certificates[1:])
    except CertificateError as error:
        raise CertificateError(
            error.code,
            error.zh,
            error.en,
            remedy_zh="请使用签发机构给出的 root.pem",
            remedy_en="Use the root.pem of the certificate authority",
            where=str(root),
        ) from None


def _tell(account: Account, *, as_json: bool) -> None:
    if as_json:
        _print_json({"valid": True, "account": to_plain(account)})
        return
    count = len(CHECKS)
    typer.echo(f"证明有效，{count} 项检查全部通过 / The proof is valid: all {count} checks passed")
    Console(highlight=False).print(render(account))


def _report(error: HeduiError, *, as_json: bool) -> None:
    check = error.check if isinstance(error, ProofError) else None
    if as_json:
        _print_json(
            {
                # Null: nothing was judged, because the file or the root cannot be used.
                "valid": None if check is None else False,
                "check": None
                if check is None
                else {n: getattr(check, n) for n in ("number", "name", "zh", "en")},
                "code": error.code,
                "zh": error.zh,
                "en": error.en,
                "remedy_zh": error.remedy_zh,
                "remedy_en": error.remedy_en,
                "where": error.where,
            }
        )
        return
    if check is not None:
        typer.echo(
            f"证明无效：检查 {check.number}（{check.zh}）未通过 / "
            f"The proof is NOT valid: check {check.number} ({check.en}) failed",
            err=True,
        )
    typer.echo(str(error), err=True)


def _print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
