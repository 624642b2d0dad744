"""How `hedui adapter check` tells its cases: a line for each, Chinese first, as it is done."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

import typer

from adapters.kit.ground import Case
from adapters.kit.report import Line, Report, Verdict
from bus.cli.output import print_json, printable

_MARKS: Mapping[Verdict, tuple[str, str, str]] = MappingProxyType(
    {
        Verdict.PASSED: ("✓", "通过", "passed"),
        Verdict.FAILED: ("✗", "未通过", "failed"),
        Verdict.NOT_SHOWN: ("?", "未验证", "not shown"),
        Verdict.NOT_APPLICABLE: ("-", "不适用", "not applicable"),
    }
)

_CLEAR = "\r\x1b[K"


class Lines:
    """Writes them on standard output; on a terminal says meanwhile which case is running.

    Args:
        shown: Whether for people; else everything is written as JSON at the end.
    """

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._live = shown and sys.stderr.isatty()

    def begin(self, case: Case, resource: str) -> None:
        """Say that a case is running: with a slow source it may take its time."""
        if self._live:
            typer.echo(f"{_CLEAR}… {case.number} {resource} {case.zh}", nl=False, err=True)

    def tell(self, line: Line) -> None:
        """Write what became of a case."""
        if self._live:
            typer.echo(_CLEAR, nl=False, err=True)
        if not self._shown:
            return
        result = line.result
        mark, _, _ = _MARKS[result.verdict]
        head = " ".join(part for part in (mark, line.number, line.resource) if part)
        code = f" [{result.code}]" if result.code else ""
        why = " / ".join(part for part in (result.zh, result.en) if part)
        told = f"{head} {line.zh} / {line.en}{code}{f'：{why}' if why else ''}"
        typer.echo(printable(told))

    def end(self, report: Report) -> None:
        """Write the sums, or all of it as JSON."""
        if not self._shown:
            print_json(report.plain())
            return
        counts = [(*_MARKS[verdict][1:], report.count(verdict)) for verdict in Verdict]
        zh = "，".join(f"{name} {count}" for name, _, count in counts)
        en = ", ".join(f"{count} {name}" for _, name, count in counts)
        typer.echo(f"{zh} / {en}")
