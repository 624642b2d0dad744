"""`hedui`: runs one command; what goes wrong is said with code, place, two languages and remedy.

Exit codes: 0 done, 1 a watched query was refused, 2 an error (nothing was done unless it says so),
130 interrupted.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_group

from bus.cli.commands import CommandGroup
from bus.cli.door import TOKEN_VARIABLE, URL_VARIABLE, Remotely, note_before
from bus.cli.output import print_error
from bus.errors import DefectError, HeduiError

ERROR = 2

app = typer.Typer(
    cls=CommandGroup,
    help="核对总线：部省联网查询的签名加密交换 / Hedui Bus: signed, encrypted exchange of queries",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(version("hedui-bus"))
        raise typer.Exit


@app.callback()
def _root(
    url: Annotated[
        str,
        typer.Option(
            "--url", envvar=URL_VARIABLE, help="远程操作：https://主机:端口 / A daemon over TLS"
        ),
    ] = "",
    ca: Annotated[
        Path | None,
        typer.Option("--ca", envvar="HEDUI_CA", help="与 --url 同用：根证书（PEM）/ Its root, PEM"),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file", envvar=TOKEN_VARIABLE, help="本人的令牌文件（权限 0600）/ Your token"
        ),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="版本 / Version"),
    ] = False,
) -> None:
    note_before(Remotely(url, ca, token_file))


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; the process's own by default.

    Raises:
        SystemExit: Always, with the exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        get_group(app).main(args=arguments, prog_name="hedui")
    except Exception as error:  # noqa: BLE001 - a foreign text may hold personal data; see _coded
        for coded in _coded(error):
            print_error(coded, as_json="--json" in arguments)
        sys.exit(ERROR)


def _coded(error: Exception) -> Iterator[HeduiError]:
    """Yield the coded errors in an error; of any other only its type and place are told."""
    if isinstance(error, HeduiError):
        yield error
    elif isinstance(error, ExceptionGroup):
        for member in error.exceptions:
            yield from _coded(member)
    else:
        frames = traceback.extract_tb(error.__traceback__)
        yield DefectError(
            "INTERNAL",
            f"内部错误（{type(error).__name__}）",
            f"an internal error ({type(error).__name__})",
            remedy_zh="请将此行报告给开发方",
            remedy_en="Report this line",
            where=f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "",
        )
