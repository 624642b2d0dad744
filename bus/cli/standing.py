"""`hedui standing`: how a daemon stands."""

from __future__ import annotations

import typer

from bus.api.office import StandingBody
from bus.cli.options import AnyOperator, AsJson, ConfigFile, SocketPath
from bus.cli.output import console, local, plain, print_json, table
from bus.cli.remote import connect

app = typer.Typer(help="守护进程的运行状况 / How a daemon stands", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def standing(
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """守护进程的运行状况 / How a daemon stands."""
    with connect(socket, config) as remote:
        found = remote.get("standing", StandingBody)
    if as_json:
        print_json(plain(found))
        return
    made = table("参与方 participant", found.participant)
    made.add_row("就绪 ready", "是 yes" if found.ready else "否 no")
    made.add_row("目录版本 directory", str(found.directory_version or "-"))
    made.add_row("目录有效至 expires", local(found.directory_expires))
    made.add_row("待发送 outbox", str(found.outbox))
    made.add_row("暂存 held", str(found.held))
    made.add_row("隔离 quarantined", str(found.quarantined))
    console().print(made)
