"""`hedui audit`: the chain of what happened."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bus.api.office import AuditBody, ChainBody
from bus.cli.audit_report import inspect, report
from bus.cli.options import After, AnyOperator, AsJson, ConfigFile, Limit, SocketPath
from bus.cli.output import local, plain, print_json, show, table
from bus.cli.remote import connect
from bus.errors import InputError
from bus.ports.audit_walk import AuditWalk, Walked
from bus.store.location import Access
from bus.store.reader import ChainReader
from signer.certificates import PathValidator
from signer.keydirectory import read_certificates

_SESSION = "hedui-audit"
"""What this command's sessions are called at a PostgreSQL server, unlike a daemon's."""

app = typer.Typer(help="审计记录 / The audit chain", no_args_is_help=True, rich_markup_mode=None)


app.command("report")(report)
app.command("inspect")(inspect)


@app.callback()
def _group() -> None:
    """审计记录 / The audit chain."""


@app.command("verify")
def verify(
    socket: SocketPath = None,
    config: ConfigFile = None,
    store: Annotated[
        str,
        typer.Option(
            "--store", help="直接核验此数据库，只读，不经守护进程 / Read this store itself"
        ),
    ] = "",
    root: Annotated[
        Path | None,
        typer.Option("--root", help="与 --store 同用：根证书（PEM）/ With --store: the root, PEM"),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="数据库口令文件 / PostgreSQL's password")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option("--ca-file", help="数据库根证书 / PostgreSQL's CA")
    ] = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """从头核验审计链、签名首页与时间戳，断裂处以错误报出 / Walk the chain; a break is an error."""
    if store:
        access = Access(password_file, ca_file, _SESSION)
        chain = ChainBody.of(asyncio.run(_walk(ChainReader(store, access), root)))
    else:
        _refuse_unused({"--root": root, "--password-file": password_file, "--ca-file": ca_file})
        with connect(socket, config) as remote:
            chain = remote.get("audit/verify", ChainBody)
    if as_json:
        print_json(plain(chain))
    else:
        _tell(chain)


async def _walk(reader: ChainReader, root: Path | None) -> Walked:
    validator = None
    if root is not None:
        trusted = read_certificates(root)
        validator = PathValidator(trusted[0], trusted[1:])
    walk = AuditWalk(None, validator)
    async for entries in reader.pages():
        walk.take(entries)
    return walk.walked


def _refuse_unused(given: dict[str, Path | None]) -> None:
    for option, value in given.items():
        if value is not None:
            raise InputError(
                "OPTION_UNUSED",
                f"{option} 只与 --store 同用",
                f"{option} stands with --store only",
                where=option,
            )


def _tell(chain: ChainBody) -> None:
    typer.echo(f"审计链完整，共 {chain.entries} 条 / the chain holds: {chain.entries} entries")
    if chain.signed_at is not None:
        traced = "" if chain.traced else "（证书未追溯至根证书 certificates not traced to a root）"
        typer.echo(
            f"签名首页 {chain.heads} 个，签至第 {chain.signed_to} 条，{local(chain.signed_at)}"
            f"{traced} / {chain.heads} signed heads, up to entry {chain.signed_to}"
        )
    if chain.stamped_at is not None:
        typer.echo(
            f"时间戳 {chain.timestamps} 个，覆盖至第 {chain.stamped_to} 条，"
            f"{local(chain.stamped_at)}"
            f" / {chain.timestamps} timestamps, up to entry {chain.stamped_to}"
        )


@app.command("list")
def list_(
    after: After = 0,
    limit: Limit = 100,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """按编号列出审计记录 / List audit entries in order."""
    with connect(socket, config) as remote:
        found = remote.get("audit", tuple[AuditBody, ...], after=after, limit=limit)
    if as_json:
        print_json(plain(found))
        return
    made = table("编号 number", "时间 at", "事件 event", "由 actor", "查询 query", "内容 detail")
    for entry in found:
        made.add_row(
            str(entry.number),
            local(entry.at),
            entry.event,
            entry.actor,
            "-" if entry.query is None else str(entry.query),
            " ".join(f"{key}={value}" for key, value in entry.detail.items()),
        )
    show(made, "没有审计记录 / no entries")
