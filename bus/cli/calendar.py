"""`hedui calendar`: the working-day tables after the yearly notice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bus.api.office import YearBody
from bus.cli.files import read_file
from bus.cli.options import AsJson, ConfigFile, OperatorName, SocketPath
from bus.cli.output import plain, print_json
from bus.cli.remote import connect, require_operator, upload

app = typer.Typer(help="工作日年度表 / Working days", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """工作日年度表 / Working days."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="年度表（TOML）/ The year table")],
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """导入一年的放假调休安排 / Import the holidays and make-up days of a year."""
    name = require_operator(operator)
    data = read_file(file)
    with connect(socket, config, name) as remote:
        found = remote.send("PUT", "calendar", YearBody, **upload(data, "application/toml"))
    if as_json:
        print_json(plain(found))
    else:
        typer.echo(f"已导入 {found.year} 年度表 / imported the table of {found.year}")
