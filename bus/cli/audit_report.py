"""`hedui audit report` and `hedui audit inspect`: who saw this, and what for (R077, R078)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import BaseModel

from bus.api.audit import ActBody, InspectionBody, ReportBody, WatchedBody
from bus.cli.files import check_writable, write_file
from bus.cli.options import AsJson, ConfigFile, Force, OperatorName, SocketPath
from bus.cli.output import local, plain, print_json, show, table
from bus.cli.remote import connect, require_operator
from bus.errors import InputError
from bus.model.operator import ROLE_ZH, OperatorRole
from bus.workbook.audit import tables_workbook
from signer.secretfiles import read_secret

RESIDENT = "111"
"""居民身份证."""

Since = Annotated[
    datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="起始日（含）/ First day")
]
Until = Annotated[
    datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="截止日（含）/ Last day")
]
Target = Annotated[
    Path | None, typer.Option("--out", help="写入 .xlsx 或 .json / Write a workbook or JSON here")
]

_ACTS = (
    "编号 number",
    "时间 at",
    "操作员 operator",
    "角色 roles",
    "操作 event",
    "查询 query",
    "用途 purpose",
    "拒绝 refused",
)
_WATCHED = (
    "操作员 operator",
    "角色 roles",
    "状态 standing",
    "操作 acts",
    "查阅 reads",
    "非工作时间 outside hours",
    "被拒绝 refused",
    "最近操作 last",
)


def report(
    since: Since,
    until: Until,
    person_number_file: Annotated[
        Path | None,
        typer.Option(
            "--person-number-file", help="内有证件号码一行的文件（0600）/ File with the ID number"
        ),
    ] = None,
    id_type: Annotated[str, typer.Option("--id-type", help="证件类型代码 / Its type")] = RESIDENT,
    query: Annotated[
        UUID | None, typer.Option("--query", help="只看此查询 / About this query")
    ] = None,
    of: Annotated[
        str | None, typer.Option("--of", help="只看此操作员 / Acts of this operator")
    ] = None,
    out: Target = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """谁、为何、何时查阅了此人或此查询（记入审计）/ Who saw this person's data, and what for."""
    _check(out, force=force)
    asked: dict[str, Any] = _period(since, until) | {"operator": of}
    if query is not None:
        asked["query"] = str(query)
    if person_number_file is not None:
        # The number stands in no argument, no log, and in no answer.
        number = read_secret(person_number_file).decode("utf-8", "replace").strip()
        asked["person"] = {"id_type": id_type, "id_number": number}
    with connect(socket, config, require_operator(operator)) as remote:
        found = remote.send("POST", "audit/report", ReportBody, json=asked)
    rows = [[*_ACTS], *(_act(act) for act in found.acts)]
    facts = {
        "参与方 participant": found.participant,
        "期间 period": f"{found.since} — {found.until}",
        "对象 subject": found.subject,
        "查询 queries": "、".join(str(one.query) for one in found.queries) or "-",
        "出具 made": f"{found.made_by} {local(found.made)}",
    }
    _tell(found, out, facts, ("操作 acts", rows), force=force, as_json=as_json)


def inspect(
    since: Since,
    until: Until,
    out: Target = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """定期检查查询与使用情况（R077，记入审计）/ The periodic inspection of query and use."""
    _check(out, force=force)
    with connect(socket, config, require_operator(operator)) as remote:
        asked = _period(since, until)
        found = remote.send("POST", "audit/inspections", InspectionBody, json=asked)
    rows = [[*_WATCHED], *(_watched(one) for one in found.operators)]
    head = found.head
    facts = {
        "参与方 participant": found.participant,
        "期间 period": f"{found.since} — {found.until}",
        "审计链 chain": f"完整 holds，{found.entries} 条 entries",
        "签名首页 signed head": "-"
        if head is None
        else f"第 {head.entry} 条，签至第 {head.signed_to} 条，{local(head.at)}",
        "拒绝 refusals": _counts(found.refusals),
        "清除后查阅 reads after retention": str(found.late_reads),
        "受限地址 addresses made to wait": str(found.blocked),
        "检查 made": f"{found.made_by} {local(found.made)}",
    }
    _tell(found, out, facts, ("操作员 operators", rows), force=force, as_json=as_json)


def _period(since: datetime, until: datetime) -> dict[str, Any]:
    return {"since": f"{since:%Y-%m-%d}", "until": f"{until:%Y-%m-%d}"}


def _act(act: ActBody) -> list[str]:
    return [
        str(act.number),
        local(act.at),
        act.operator,
        _roles(act.roles),
        act.event,
        "-" if act.query is None else str(act.query),
        act.purpose or "-",
        act.code or "-",
    ]


def _watched(one: WatchedBody) -> list[str]:
    standing = {None: "未登记 unregistered", True: "在用 enabled", False: "停用 disabled"}
    return [
        one.operator,
        _roles(one.roles),
        standing[one.registered],
        _counts(one.acts),
        str(one.reads),
        str(one.outside),
        str(one.refused),
        "无 none" if one.last is None else local(one.last),
    ]


def _roles(roles: Sequence[str]) -> str:
    return "、".join(ROLE_ZH[OperatorRole(role)] for role in roles) or "-"


def _counts(counts: Any) -> str:
    return "，".join(f"{name} {count}" for name, count in counts.items()) or "-"


def _check(out: Path | None, *, force: bool) -> None:
    if out is None:
        return
    if out.suffix.lower() not in {".xlsx", ".json"}:
        raise InputError(
            "FILE_SUFFIX",
            "--out 的文件名须以 .xlsx 或 .json 结尾",
            "the name of the file of --out must end in .xlsx or .json",
            where=str(out),
        )
    check_writable(out, force=force)


def _tell(
    found: BaseModel,
    out: Path | None,
    facts: dict[str, str],
    sheet: tuple[str, list[list[str]]],
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write what was found to the file that was named, or show it."""
    if out is not None:
        data = json.dumps(plain(found), ensure_ascii=False, indent=2).encode() + b"\n"
        if out.suffix.lower() == ".xlsx":
            data = tables_workbook(facts, sheet)
        write_file(out, data, force=force)
    if as_json:
        print_json(plain(found))
        return
    if out is not None:
        typer.echo(f"已写出 / written: {out}")
        return
    for name, value in facts.items():
        typer.echo(f"{name}：{value}")
    header, *rows = sheet[1]
    made = table(*header)
    for row in rows:
        made.add_row(*row)
    show(made, "没有记录 / nothing is on record")
