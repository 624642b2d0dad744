"""How commands speak: tables for people, JSON for programs, coded errors on standard error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bus.api.errors import ErrorBody, FaultBody, FindingBody, error_body
from bus.cli.remote import RemoteError
from bus.errors import HeduiError

SHANGHAI = timezone(timedelta(hours=8))
"""Where the users of the product are; machines often run on UTC."""

# Control characters but tab and line feed, and those that turn the direction of writing.
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_PLAIN_WIDTH = 200
"""Columns of a table that goes into a file or a pipe, where nothing need be folded."""


class _Screen(Console):
    """A console on which a value is only ever text: no markup, no control characters."""

    def render_str(self, text: str, *args: Any, **kwargs: Any) -> Text:
        """Turn a value into text, as Rich asks for every string."""
        return super().render_str(printable(text), *args, **kwargs)


def printable(text: str) -> str:
    """Return text that a terminal shows and does not obey.

    Reasons, titles and names come from other participants. An escape sequence in one could rewrite
    the screen, and a character that turns the direction of writing could hide what it says.
    """
    return _NOT_TEXT.sub("\ufffd", text)


def console(*, stderr: bool = False) -> Console:
    """Return a console; it colours nothing by itself and never reads markup in values."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PLAIN_WIDTH
    return _Screen(file=stream, width=width, highlight=False, markup=False, emoji=False)


def plain(value: BaseModel | Sequence[BaseModel]) -> Any:
    """Return models in plain JSON types."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return [item.model_dump(mode="json") for item in value]


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def table(*titles: str) -> Table:
    """Return an empty table; titles are Chinese and English."""
    made = Table(*titles, pad_edge=False, show_edge=False)
    for column in made.columns:
        column.overflow = "fold"
    return made


def show(made: Table, empty: str) -> None:
    """Print a table, or a line that says it is empty."""
    if made.row_count:
        console().print(made)
    else:
        typer.echo(empty)


def local(instant: datetime | None) -> str:
    """Return an instant in Asia/Shanghai, to the second; a dash for none."""
    if instant is None:
        return "-"
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def print_error(error: HeduiError, *, as_json: bool) -> None:
    """Print an error, its findings and all its faults on standard error.

    Args:
        error: The error.
        as_json: As one line of JSON, else for people.
    """
    body = error.body if isinstance(error, RemoteError) else error_body(error)
    if as_json:
        typer.echo(json.dumps(plain(body), ensure_ascii=False), err=True)
        return
    out = console(stderr=True)
    for line in _lines(body):
        out.print(line)
    if body.faults:
        out.print(faults_table(body.faults))
    if body.findings:
        out.print(findings_table(body.findings))


def faults_table(faults: Sequence[FaultBody]) -> Table:
    """Return the faults of a workbook or draft: where, what is wrong, what is allowed."""
    made = table("工作表 sheet", "行 row", "列 column", "错误 fault", "允许 allowed", "代码 code")
    for fault in faults:
        made.add_row(
            fault.sheet or "-",
            "-" if fault.row is None else str(fault.row),
            fault.column or "-",
            f"{fault.zh}\n{fault.en}",
            fault.allowed,
            fault.code,
        )
    return made


def findings_table(findings: Sequence[FindingBody]) -> Table:
    """Return the findings of a review or a check."""
    made = table("位置 where", "意见 finding", "代码 code")
    for finding in findings:
        made.add_row(finding.where or "-", f"{finding.zh}\n{finding.en}", finding.code)
    return made


def _lines(body: ErrorBody) -> list[Text]:
    place = f" [{body.where}]" if body.where else ""
    lines = [Text(printable(f"错误 {body.code}{place}"), style="bold red")]
    lines += [Text(f"  {printable(text)}") for text in (body.zh, body.en) if text]
    remedy = " / ".join(text for text in (body.remedy_zh, body.remedy_en) if text)
    if remedy:
        lines.append(Text(f"  处理 remedy: {printable(remedy)}"))
    return lines
