"""`hedui conformance`: the pre-connection test (入网前检测), and the reports of test runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from bus.api.conformance import RunBody
from bus.cli.exam import follow, runs_table, show_run
from bus.cli.files import check_writable, write_file
from bus.cli.options import (
    AnyOperator,
    AsJson,
    ConfigFile,
    Force,
    OperatorName,
    OutFile,
    SocketPath,
)
from bus.cli.output import console, plain, print_json, show
from bus.cli.remote import Remote, connect, require_operator
from bus.errors import InputError
from bus.model.probe import RunState

app = typer.Typer(
    help="入网前检测与检测报告 / The pre-connection test, and the reports of test runs",
    no_args_is_help=True,
    rich_markup_mode=None,
)

RunId = Annotated[UUID, typer.Argument(metavar="RUN", help="检测编号 / Id of the run")]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="报告文件：.md 供阅读，.hedui 为签名原件 / Its report"),
]
Minutes = Annotated[
    int, typer.Option("--timeout", min=1, max=1440, help="等待的分钟数 / Minutes to wait")
]
Interval = Annotated[
    float, typer.Option("--interval", min=0.05, help="查看间隔，秒 / Seconds between two looks")
]

DOCUMENT = ".md"
SIGNED = ".hedui"


@app.command("run")
def run(
    out: Out = None,
    timeout: Minutes = 60,
    interval: Interval = 1.0,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """向部中心申请入网前检测并等待结果；不合格退出码为 1 / Be tested by the hub; 1 if failed."""
    name = require_operator(operator)
    if out is not None:
        check_report_file(out, force=force)
    with connect(socket, config, name) as remote:
        begun = remote.send("POST", "conformance/runs", RunBody)
        ended = follow(remote, begun.run, timeout * 60, interval, quiet=as_json)
        if out is not None:
            write_report(remote, ended.run, out, force=force)
    finish(ended, as_json=as_json)


@app.command("list")
def list_(
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """列出近 400 天的检测与巡检 / List the runs of the last 400 days."""
    with connect(socket, config) as remote:
        found = remote.get("conformance/runs", tuple[RunBody, ...])
    if as_json:
        print_json(plain(found))
    else:
        show(runs_table(found), "没有检测 / no runs")


@app.command("show")
def show_(
    run: RunId,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """查看一次检测的各项结果 / Show how the tests of a run ended."""
    with connect(socket, config) as remote:
        found = remote.get(f"conformance/runs/{run}", RunBody)
    if as_json:
        print_json(plain(found))
    else:
        show_run(console(), found)


@app.command("report")
def report(
    run: RunId,
    out: OutFile,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """写出检测报告：.md 供阅读，.hedui 为部中心签名的原件 / Write a run's report to a file."""
    check_report_file(out, force=force)
    with connect(socket, config) as remote:
        write_report(remote, run, out, force=force)
    if as_json:
        print_json({"file": str(out)})
    else:
        typer.echo(f"已写出检测报告 / report written: {out}")


def finish(ended: RunBody, *, as_json: bool) -> None:
    """Show how a run ended; exits with 1 where it failed."""
    if as_json:
        print_json(plain(ended))
    else:
        show_run(console(), ended)
    if ended.state is not RunState.PASSED:
        raise typer.Exit(1)


def check_report_file(out: Path, *, force: bool) -> None:
    """Refuse a file for a report before anything is begun.

    Raises:
        InputError: `FILE_SUFFIX`, `FILE_EXISTS`, `FILE_UNWRITABLE`.
    """
    if out.suffix.lower() not in {DOCUMENT, SIGNED}:
        raise InputError(
            "FILE_SUFFIX",
            f"--out 的文件名须以 {DOCUMENT} 或 {SIGNED} 结尾",
            f"the name of the file of --out must end in {DOCUMENT} or {SIGNED}",
            remedy_zh=f"{DOCUMENT} 供阅读，{SIGNED} 为部中心签名的原件",
            remedy_en=f"{DOCUMENT} is to read, {SIGNED} the original with the hub's signature",
            where=str(out),
        )
    check_writable(out, force=force)


def write_report(remote: Remote, run: UUID, out: Path, *, force: bool) -> None:
    """Write the report of a run, to read or signed, as the file's name says."""
    what = "document" if out.suffix.lower() == DOCUMENT else "report"
    write_file(out, remote.content("GET", f"conformance/runs/{run}/{what}"), force=force)
