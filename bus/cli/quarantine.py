"""`hedui quarantine`: records that were refused, and trying them again."""

from __future__ import annotations

from typing import Annotated

import typer

from bus.api.office import QuarantinedBody, ReplayBody
from bus.cli.options import After, AnyOperator, AsJson, ConfigFile, Limit, OperatorName, SocketPath
from bus.cli.output import local, plain, print_json, show, table
from bus.cli.remote import connect, require_operator

app = typer.Typer(
    help="隔离的消息 / Messages that were refused", no_args_is_help=True, rich_markup_mode=None
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
    """列出隔离的消息及原因代码 / List refused records with the code why."""
    with connect(socket, config) as remote:
        found = remote.get("quarantine", tuple[QuarantinedBody, ...], after=after, limit=limit)
    if as_json:
        print_json(plain(found))
        return
    made = table(
        "编号 number", "时间 at", "代码 code", "主题 topic", "字节 bytes", "已重试 replayed"
    )
    for kept in found:
        made.add_row(
            str(kept.number),
            local(kept.at),
            f"{kept.code} {kept.detail}".strip(),
            kept.topic,
            str(kept.bytes),
            local(kept.replayed),
        )
    show(made, "没有隔离的消息 / nothing in quarantine")


@app.command("replay")
def replay(
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="隔离编号 / Its number")],
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """将隔离的消息重新处理一次 / Handle a refused record as if it had just arrived."""
    with connect(socket, config, require_operator(operator)) as remote:
        done = remote.send("POST", f"quarantine/{number}/replay", ReplayBody)
    if as_json:
        print_json(plain(done))
    elif done.refused is None:
        typer.echo(f"已处理 / handled: {number}")
    else:
        typer.echo(f"再次被拒收 / refused again: {number} {done.refused}")
    if done.refused is not None:
        raise typer.Exit(1)
