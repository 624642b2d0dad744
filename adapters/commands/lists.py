"""What the commands of lists share: their options, and how they tell what was done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from adapters.host.desk import Desk, open_desk
from adapters.returns.hand_out import HandOut, hand_out
from adapters.returns.overview import Waiting, waiting
from adapters.returns.take_back import Imported, take_back
from bus.cli.files import read_file
from bus.cli.output import local, print_json, show, table
from bus.config.load import load_config

T = TypeVar("T")

AdapterFile = Annotated[
    Path, typer.Option("--config", "-c", help="前置的配置文件 / The adapter's TOML file")
]
OutFolder = Annotated[Path, typer.Option("--out", help="存放文件的文件夹 / Folder for the files")]
Again = Annotated[
    bool,
    typer.Option("--again", help="已发出而未回收的也再发一次 / Those that are out, too"),
]
Filled = Annotated[Path, typer.Argument(metavar="FILE", help="收回的文件 / The file to take back")]


def list_tasks(kind: str, config: Path, operator: str, *, as_json: bool) -> None:
    """Print the tasks that wait."""
    found = _at_desk(config, operator, lambda desk: waiting(desk, kind))
    if as_json:
        print_json([_waiting(one) for one in found])
        return
    made = table(
        "查询 query",
        "分册/行 part/line",
        "信息资源 resource",
        "人数 persons",
        "期限 due",
        "状态 state",
    )
    for one in found:
        made.add_row(
            str(one.query),
            f"{one.part}/{one.line or '-'}",
            one.resource,
            str(one.persons),
            local(one.due),
            one.state,
        )
    show(made, "没有等待的任务 / No task waits")


def export_lists(
    kind: str, config: Path, out: Path, operator: str, *, again: bool, as_json: bool
) -> None:
    """Hand lists out, and print what went out."""
    done = _at_desk(config, operator, lambda desk: hand_out(desk, kind, out, again=again))
    if as_json:
        print_json(_exported(done))
        return
    if done.fingerprint is not None:
        typer.echo(f"机构公钥指纹，请与机构电话核对 / Agency's fingerprint: {done.fingerprint}")
    made = table("文件 file", "信息资源 resource", "人数 persons", "期限 due")
    for one in done.exported:
        made.add_row(str(one.file), one.resource, str(one.persons), local(one.due))
    show(made, "没有新的清单 / No new list")
    for row in done.blocked:
        typer.echo(f"未发出 not exported: {row.query} {row.resource} {row.code}", err=True)


def import_list(kind: str, config: Path, file: Path, operator: str, *, as_json: bool) -> None:
    """Take a filled list back, and print its counts."""
    data = read_file(file)
    done = _at_desk(config, operator, lambda desk: take_back(desk, kind, data))
    if as_json:
        print_json(_imported(done))
        return
    late = "，逾期 late" if done.late else ""
    corrected = "，更正了先前的文件 corrects an earlier file" if done.corrects else ""
    typer.echo(
        f"已回收 taken back: {done.query} {done.resource}：查得 {done.found}，"
        f"未查得 {done.not_found}，无法答复 {done.not_answerable}{late}{corrected}"
    )
    typer.echo("前置运行时即自动反馈 / The adapter sends the answer while it runs")


def _at_desk(config: Path, operator: str, act: Callable[[Desk], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        async with open_desk(load_config(config), config, operator) as desk:
            return await act(desk)

    return asyncio.run(run())


def _waiting(one: Waiting) -> dict[str, Any]:
    return {
        "query": str(one.query),
        "part": one.part,
        "line": one.line,
        "resource": one.resource,
        "persons": one.persons,
        "due": None if one.due is None else one.due.isoformat(),
        "state": one.state,
        "handed_out": None if one.handed_out is None else one.handed_out.isoformat(),
    }


def _exported(done: HandOut) -> dict[str, Any]:
    return {
        "agency": done.fingerprint,
        "exported": [
            {
                "file": str(one.file),
                "query": str(one.query),
                "part": one.part,
                "line": one.line,
                "resource": one.resource,
                "persons": one.persons,
                "due": one.due.isoformat(),
                "list": str(one.list_id),
            }
            for one in done.exported
        ],
        "blocked": [
            {"query": str(b.query), "part": b.part, "resource": b.resource, "code": b.code}
            for b in done.blocked
        ],
    }


def _imported(done: Imported) -> dict[str, Any]:
    return {
        "query": str(done.query),
        "part": done.part,
        "line": done.line,
        "resource": done.resource,
        "found": done.found,
        "not_found": done.not_found,
        "not_answerable": done.not_answerable,
        "as_of": done.as_of.isoformat(),
        "late": done.late,
        "corrects": done.corrects,
        "file": done.file,
    }
