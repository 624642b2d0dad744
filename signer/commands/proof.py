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
from signer.certificates import PathValidator
from signer.errors import CertificateError
from signer.keydirectory import read_certificates
from signer.proof.account import Account
from signer.proof.failures import CHECKS, ProofError
from signer.proof.format import MAX_PROOF
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
    """The proof file cannot be read."""


@app.callback()
def proof() -> None:
    """查询证明 / Proofs of queries."""


@app.command("verify")
def verify_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="证明文件 / The proof file")],
    root: Annotated[Path, typer.Option("--root", help="根证书（PEM）/ Root certificates, PEM")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")] = False,
) -> None:
    """离线核验查询证明：谁申请、谁批准、谁反馈、何时 / Verify a proof offline."""
    try:
        data, validator = _read(file), _validator(root)
        # Shown on a terminal only: thousands of signatures take seconds.
        with Console(stderr=True).status("正在核验 / verifying"):
            account = verify(data, validator)
    except ProofError as error:
        _report(error, as_json=as_json)
        raise typer.Exit(INVALID) from None
    except HeduiError as error:
        _report(error, as_json=as_json)
        raise typer.Exit(UNUSABLE) from None
    _tell(account, as_json=as_json)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            # One byte more than allowed, so that check 1 sees a file that is too large.
            return opened.read(MAX_PROOF + 1)
    except OSError as error:
        raise ProofFileError(
            "PROOF_FILE_UNREADABLE",
            "证明文件无法读取",
            f"the proof file cannot be read ({error.strerror})",
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
