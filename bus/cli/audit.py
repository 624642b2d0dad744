"""`hedui audit`: the chain of what happened."""

from __future__ import annotations

import typer

from bus.api.office import AuditBody, ChainBody
from bus.cli.options import After, AnyOperator, AsJson, ConfigFile, Limit, SocketPath
from bus.cli.output import local, plain, print_json, show, table
from bus.cli.remote import connect

app = typer.Typer(help="审计记录 / The audit chain", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """审计记录 / The audit chain."""


@app.command("verify")
def verify(
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """从头核验审计链，断裂处以错误报出 / Walk the whole chain; a break is an error."""
    with connect(socket, config) as remote:
        chain = remote.get("audit/verify", ChainBody)
    if as_json:
        print_json(plain(chain))
    else:
        typer.echo(f"审计链完整，共 {chain.entries} 条 / the chain holds: {chain.entries} entries")


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
