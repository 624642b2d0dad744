"""`hedui query`: submit an application workbook, follow it, get its result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from bus.api.query import HopBody, QueryDetail, QuerySummary
from bus.cli import recheck
from bus.cli.delay import add_to
from bus.cli.evidence_files import found_files, hand_in
from bus.cli.files import check_suffix, check_writable, read_file, write_file
from bus.cli.options import (
    AnyOperator,
    AsJson,
    ConfigFile,
    Force,
    OperatorName,
    QueryId,
    SocketPath,
)
from bus.cli.output import console, plain, print_json, show
from bus.cli.remote import Remote, connect, require_operator, upload
from bus.cli.tables import hops_table, queries_table, show_query, state_text
from bus.cli.watch import follow
from bus.errors import InputError

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

app = typer.Typer(
    help="提交与跟踪查询，取结果 / Submit and follow queries, get results",
    no_args_is_help=True,
    rich_markup_mode=None,
)
recheck.register(app)


add_to(app)


@app.command("submit")
def submit(
    workbook: Annotated[
        Path, typer.Argument(metavar="FILE", help="填好的申请工作簿（.xlsx）/ Filled workbook")
    ],
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", help="授权书文件所在目录，随申请交存 / Folder of its files"),
    ] = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """提交申请工作簿；有错误则全部列出且不提交 / Submit a workbook, or list all its faults.

    名单的“授权书文件”列所列文件从 --evidence 目录取，存入节点档案并登记其 SHA-256。
    The files that 授权书文件 names are archived at the node, their SHA-256 registered.
    """
    name = require_operator(operator)
    data = read_file(workbook)
    files = {} if evidence is None else found_files(data, evidence)
    with connect(socket, config, name) as remote:
        batch = {} if evidence is None else hand_in(remote, files, quiet=as_json)
        body = upload(data, XLSX)
        found = remote.send("POST", "queries", QuerySummary, params=batch, **body)
    if as_json:
        print_json(plain(found))
        return
    typer.echo(
        f"已提交 / submitted: {found.query} "
        f"（{found.persons} 人 persons，{found.parts} 分册 parts，{found.state}）"
    )


@app.command("list")
def list_(
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """列出本节点的查询 / List this node's queries."""
    with connect(socket, config) as remote:
        found = remote.get("queries", tuple[QuerySummary, ...])
    if as_json:
        print_json(plain(found))
    else:
        show(queries_table(found), "没有查询 / no queries")


@app.command("status")
def status(
    query: QueryId,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """查询的状态、决定与各应答项 / State, decision and everything owed."""
    with connect(socket, config) as remote:
        found = remote.get(f"queries/{_id(remote, query)}", QueryDetail)
    if as_json:
        print_json(plain(found))
    else:
        show_query(console(), found)


@app.command("timeline")
def timeline(
    query: QueryId,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """查询的每一次签名传递 / Every signed hop of a query."""
    with connect(socket, config) as remote:
        found = remote.get(f"queries/{_id(remote, query)}/timeline", tuple[HopBody, ...])
    if as_json:
        print_json(plain(found))
    else:
        show(hops_table(found), "尚无传递 / no hops yet")


@app.command("watch")
def watch(
    query: QueryId,
    interval: Annotated[
        float, typer.Option("--interval", min=0, max=3600, help="刷新间隔（秒）/ Seconds between")
    ] = 1.0,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """跟踪查询直到送达（退出码 0）；被拒绝、撤销或过期为 1 / Follow until delivered (0).

    1: refused, withdrawn or run out.
    """
    with connect(socket, config) as remote:
        delivered = follow(remote, _id(remote, query), interval, as_json=as_json)
    if not delivered:
        raise typer.Exit(1)


@app.command("cancel")
def cancel(
    query: QueryId,
    reason: Annotated[
        str, typer.Option("--reason", help="撤销理由代码（R031）/ Code of the reason")
    ],
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """撤销查询，各方停办；已到的反馈不再可读 / Withdraw a query; its answers are read no more."""
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"queries/{_id(remote, query)}/cancellation"
        found = remote.send("POST", path, QuerySummary, json={"reason": reason})
    if as_json:
        print_json(plain(found))
    else:
        typer.echo(f"{found.query} {state_text(found.state)}")


@app.command("result")
def result(
    query: QueryId,
    purpose: Annotated[
        str, typer.Option("--purpose", help="查阅用途，记入审计（R035）/ What it is read for")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="写入结果工作簿 / Write the workbook here")
    ] = None,
    json_out: Annotated[
        Path | None, typer.Option("--json-out", help="写入 JSON 结果 / Write the JSON here")
    ] = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """取查询结果（含个人信息，每次查阅记入审计）/ Get the result; every reading is audited.

    --json 将结果打印到标准输出。 --json prints the result itself.
    """
    _check_targets(out, json_out, force=force, as_json=as_json)
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"queries/{_id(remote, query)}/result"
        if out is not None:
            write_file(out, remote.content("GET", f"{path}.xlsx", purpose=purpose), force=force)
        found = None
        if json_out is not None or as_json:
            found = remote.get(path, dict[str, Any], purpose=purpose)
    if json_out is not None:
        text = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
        write_file(json_out, text.encode(), force=force)
    if as_json:
        print_json(found)
        return
    for file in (out, json_out):
        if file is not None:
            typer.echo(f"已写出 / written: {file}")


def _check_targets(out: Path | None, json_out: Path | None, *, force: bool, as_json: bool) -> None:
    """Refuse what cannot be written before the result is asked for, which is audited."""
    if out is None and json_out is None and not as_json:
        raise InputError(
            "OUT_MISSING",
            "没有说明结果写到哪里",
            "it is not said where the result goes",
            remedy_zh="请加 --out 工作簿、--json-out 文件 或 --json",
            remedy_en="Add --out FILE, --json-out FILE or --json",
            where="--out",
        )
    if out is not None:
        check_suffix(out, ".xlsx", "--out")
    if json_out is not None:
        check_suffix(json_out, ".json", "--json-out")
    for file in (out, json_out):
        if file is not None:
            check_writable(file, force=force)


def _id(remote: Remote, given: str) -> UUID:
    return remote.query_id(given, "queries", tuple[QuerySummary, ...])
