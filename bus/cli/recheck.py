"""`hedui query recheck` and `hedui query difference`: a disputed result is checked again (R032)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from bus.api.query import QuerySummary
from bus.api.recheck import RecheckedBody
from bus.cli.files import check_suffix, check_writable, write_file
from bus.cli.options import AsJson, ConfigFile, Force, OperatorName, QueryId, SocketPath
from bus.cli.output import console, plain, print_json, table
from bus.cli.remote import Remote, connect, require_operator
from bus.errors import InputError
from bus.model.difference import Change
from bus.model.messages import OutcomeKind
from bus.workbook.difference import CHANGE_ZH, said


def register(app: typer.Typer) -> None:
    """Add the commands to `hedui query`."""
    app.command("recheck")(recheck)
    app.command("difference")(difference)


def recheck(
    query: QueryId,
    reason: Annotated[
        str, typer.Option("--reason", help="复核理由代码（R032）/ Code of the reason")
    ],
    lines: Annotated[
        str, typer.Option("--lines", help="查询内容序号，如 1,3-5 / Lines; all unless given")
    ] = "",
    persons: Annotated[
        str, typer.Option("--persons", help="人员序号，如 1,3-5 / Persons; all unless given")
    ] = "",
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """对结果有异议，以新查询复核 / Have a disputed result checked again, as a new query."""
    body = {
        "reason": reason,
        "lines": numbers(lines, "--lines"),
        "persons": numbers(persons, "--persons"),
    }
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"queries/{_id(remote, query)}/recheck"
        found = remote.send("POST", path, RecheckedBody, json=body)
    if as_json:
        print_json(plain(found))
        return
    typer.echo(
        f"已提交复核 / re-check submitted: {found.summary.query} "
        f"（{found.summary.persons} 人 persons，原查询 of {found.rechecks}）"
    )


def difference(
    query: QueryId,
    purpose: Annotated[
        str, typer.Option("--purpose", help="查阅用途，记入审计（R035）/ What it is read for")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="写入差异工作簿 / Write the workbook here")
    ] = None,
    json_out: Annotated[
        Path | None, typer.Option("--json-out", help="写入 JSON 差异 / Write the JSON here")
    ] = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """复核结果与原结果的差异（含个人信息，记入审计）/ What a re-check says otherwise; audited."""
    _check_targets(out, json_out, force=force)
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"queries/{_id(remote, query)}/difference"
        if out is not None:
            write_file(out, remote.content("GET", f"{path}.xlsx", purpose=purpose), force=force)
            typer.echo(f"已写出 / written: {out}", err=as_json)
        if out is not None and json_out is None and not as_json:
            return
        found = remote.get(path, dict[str, Any], purpose=purpose)
    if json_out is not None:
        text = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
        write_file(json_out, text.encode(), force=force)
        typer.echo(f"已写出 / written: {json_out}", err=as_json)
    if as_json:
        print_json(found)
    elif json_out is None:
        _show(found)


def _check_targets(out: Path | None, json_out: Path | None, *, force: bool) -> None:
    """Refuse what cannot be written before the results are asked for, which is audited."""
    for file, suffix, option in ((out, ".xlsx", "--out"), (json_out, ".json", "--json-out")):
        if file is not None:
            check_suffix(file, suffix, option)
            check_writable(file, force=force)


def numbers(text: str, option: str) -> list[int]:
    """Return the numbers in a text such as `1,3-5`.

    Raises:
        InputError: `NUMBERS_INVALID`.
    """
    found: list[int] = []
    for piece in filter(None, text.replace("，", ",").split(",")):
        first, dash, last = piece.strip().partition("-")
        ends = (first, last if dash else first)
        if not all(end.isascii() and end.isdigit() for end in ends):
            raise _not_numbers(option)
        low, high = map(int, ends)
        if not 1 <= low <= high <= _MOST:
            raise _not_numbers(option)
        found += range(low, high + 1)
    return found


_MOST = 100_000


def _not_numbers(option: str) -> InputError:
    return InputError(
        "NUMBERS_INVALID",
        "不是序号",
        "these are no numbers",
        remedy_zh="请写作 1,3-5",
        remedy_en="Write them as 1,3-5",
        where=option,
    )


def _show(found: dict[str, Any]) -> None:
    out = console()
    out.print(
        f"复核 re-check {found['query']}，原查询 of {found['rechecks']}："
        f"比较 compared {found['compared']}，有差异 differ {len(found['differences'])}"
    )
    if not found["differences"]:
        return
    out.print(_outcomes(found["differences"]))
    items = _items(found["differences"])
    if items.row_count:
        out.print()
        out.print(items)


def _outcomes(differences: list[dict[str, Any]]) -> Table:
    made = table(
        *("序号 no.", "姓名 name", "信息资源 resource", "提供方 provider"),
        *("原结果 before", "复核结果 after", "记录 records"),
    )
    for one in differences:
        changed = [record["change"] for record in one["records"]]
        counts = [f"{CHANGE_ZH[c]} {changed.count(c)}" for c in Change if c in changed]
        made.add_row(
            str(one["person"]["reference"]),
            one["person"]["name"],
            one["title"],
            one["provider_title"],
            _said(one["before"]),
            _said(one["after"]),
            "，".join(counts) or "-",
        )
    return made


def _said(side: dict[str, Any]) -> str:
    outcome = side["outcome"]
    text = said(None if outcome is None else OutcomeKind(outcome))
    return f"{text} {side['code']}" if side["code"] else text


def _items(differences: list[dict[str, Any]]) -> Table:
    made = table(
        *("序号 no.", "信息资源 resource", "变化 change", "记录 record"),
        *("内容项 item", "原值 before", "复核值 after"),
    )
    for one in differences:
        for record in one["records"]:
            for item in record["items"]:
                made.add_row(
                    str(one["person"]["reference"]),
                    one["title"],
                    CHANGE_ZH[Change(record["change"])],
                    str(record["number"]),
                    item["zh"],
                    _value(item["before"]),
                    _value(item["after"]),
                )
    return made


def _value(value: object) -> str:
    return "-" if value is None else str(value)


def _id(remote: Remote, given: str) -> UUID:
    return remote.query_id(given, "queries", tuple[QuerySummary, ...])
