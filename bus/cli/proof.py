"""`hedui proof`: export a query's proof from a node, and verify one anywhere, offline."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from bus.api.query import QuerySummary
from bus.cli.files import check_writable, write_file
from bus.cli.options import (
    AnyOperator,
    AsJson,
    ConfigFile,
    Force,
    OperatorName,
    OutFile,
    QueryId,
    SocketPath,
)
from bus.cli.output import print_json
from bus.cli.remote import connect, require_operator
from bus.errors import InputError
from signer.commands.proof import verify_command

app = typer.Typer(
    help="查询证明：导出与离线核验 / Proofs of queries: export, verify offline",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("verify")(verify_command)


@app.command("export")
def export(
    query: QueryId,
    out: OutFile,
    opened: Annotated[
        bool,
        typer.Option(
            "--open", help="公开反馈内容（含个人信息）/ Disclose the answers: personal data"
        ),
    ] = False,
    purpose: Annotated[
        str,
        typer.Option("--purpose", help="公开的用途，记入审计（R035）/ What they are disclosed for"),
    ] = "",
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """导出证明文件（记入审计）/ Export the proof file (audited)."""
    check_writable(out, force=force)
    wanted = _purpose(purpose, opened=opened)
    with connect(socket, config, require_operator(operator)) as remote:
        found: UUID = remote.query_id(query, "queries", tuple[QuerySummary, ...])
        path = f"queries/{found}/proof"
        data = remote.content("GET", f"{path}/opened" if opened else path, **wanted)
    write_file(out, data, force=force)
    if as_json:
        print_json({"file": str(out), "bytes": len(data), "opened": opened})
        return
    typer.echo(f"已写出 / written: {out}（hedui proof verify {out} --root root.pem）")
    if opened:
        typer.echo("含个人信息，须按规定保管 / It holds personal data: keep it as the rules say")


@app.command("directory")
def directory(
    out: OutFile,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """导出现行目录副本，供核验时查其后的吊销 / Copy of the directory, for later revocations."""
    check_writable(out, force=force)
    with connect(socket, config) as remote:
        data = remote.content("GET", "directory/copy")
    write_file(out, data, force=force)
    if as_json:
        print_json({"file": str(out), "bytes": len(data)})
    else:
        typer.echo(f"已写出 / written: {out}（hedui proof verify … --directory {out}）")


def _purpose(purpose: str, *, opened: bool) -> dict[str, Any]:
    """Return the purpose as the daemon takes it; it stands with `--open`, and only there."""
    if opened == bool(purpose.strip()):
        return {"purpose": purpose} if opened else {}
    if opened:
        raise InputError(
            "PURPOSE_MISSING",
            "公开反馈内容须说明用途",
            "it is not said what the answers are disclosed for",
            remedy_zh="请用 --purpose 说明用途，导出将记入审计",
            remedy_en="State it with --purpose; the export is audited",
            where="--purpose",
        )
    raise InputError(
        "PURPOSE_UNUSED",
        "未公开反馈内容的证明不需要用途",
        "a proof that leaves the answers sealed has no purpose to state",
        remedy_zh="如需公开反馈内容，请加 --open；否则去掉 --purpose",
        remedy_en="Add --open to disclose the answers, or leave --purpose out",
        where="--purpose",
    )
