"""`hedui hub inspect` and `hedui hub circular`: inspections on order, and what came of all."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

import typer

from bus.api.conformance import RunBody
from bus.cli.conformance import DOCUMENT, Interval, Minutes, finish
from bus.cli.exam import follow
from bus.cli.files import check_suffix, check_writable, write_file
from bus.cli.options import AsJson, ConfigFile, Force, OperatorName, OutFile, SocketPath
from bus.cli.output import plain, print_json
from bus.cli.remote import connect, require_operator

Participant = Annotated[str, typer.Argument(metavar="ID", help="参与方标识 / The participant's id")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="不等待结果 / Do not wait for the result")]
_DAY = "%Y-%m-%d"


def inspect(
    participant: Participant,
    no_wait: NoWait = False,
    timeout: Minutes = 60,
    interval: Interval = 1.0,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """巡检一个参与方并等待结果；不合格退出码为 1 / Inspect a participant; 1 if it failed."""
    with connect(socket, config, require_operator(operator)) as remote:
        begun = remote.send(
            "POST", f"conformance/inspections/{quote(participant, safe='')}", RunBody
        )
        if not no_wait:
            ended = follow(remote, begun.run, timeout * 60, interval, quiet=as_json)
            finish(ended, as_json=as_json)
        elif as_json:
            print_json(plain(begun))
        else:
            typer.echo(f"巡检已开始 / inspection begun: {begun.run}")


def circular(
    since: Annotated[
        datetime, typer.Option("--from", formats=[_DAY], help="起始日 / First day, e.g. 2026-03-01")
    ],
    until: Annotated[
        datetime, typer.Option("--to", formats=[_DAY], help="截止日 / Last day, e.g. 2026-03-31")
    ],
    out: OutFile,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """写出期间的检测与巡检情况通报（Markdown）/ Write the circular over a period."""
    check_suffix(out, DOCUMENT, "--out")
    check_writable(out, force=force)
    with connect(socket, config, require_operator(operator)) as remote:
        text = remote.content(
            "GET", "conformance/circular", since=f"{since:{_DAY}}", until=f"{until:{_DAY}}"
        )
    write_file(out, text, force=force)
    if as_json:
        print_json({"file": str(out)})
    else:
        typer.echo(f"已写出通报 / circular written: {out}")
