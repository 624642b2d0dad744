"""Options that many commands share, each defined once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SocketPath = Annotated[
    Path | None,
    typer.Option("--socket", help="守护进程的套接字（或环境变量 HEDUI_SOCKET）/ Its Unix socket"),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="守护进程的配置文件，从中取套接字 / Its TOML file"),
]
OperatorName = Annotated[
    str,
    typer.Option(
        "--operator", envvar="HEDUI_OPERATOR", help="操作员姓名或工号，记入审计 / Who you are"
    ),
]
AnyOperator = Annotated[
    str,
    typer.Option(
        "--operator", envvar="HEDUI_OPERATOR", help="此处不需要，可不填 / Taken, not needed here"
    ),
]
"""For calls that need no operator, so that every command takes the option."""
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")]
QueryId = Annotated[
    str,
    typer.Argument(metavar="ID", help="查询编号，或其开头至少 8 位 / Query id or ≥ 8 digits of it"),
]
OutFile = Annotated[Path, typer.Option("--out", help="写入的文件 / File to write")]
Force = Annotated[bool, typer.Option("--force", help="覆盖已有文件 / Replace an existing file")]
After = Annotated[int, typer.Option("--after", min=0, help="只看此编号之后 / Above this number")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="条数上限 / At most so many")]
