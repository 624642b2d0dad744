"""`hedui query show|owed|delay|delays|agree|decline|deadlines`: what is due, what comes later."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from bus.api.delay import AgreementAsked, DeadlineBody, NoticeAsked, OwedBody, RowsBody
from bus.api.query import QueryDetail, QuerySummary
from bus.cli.options import AnyOperator, AsJson, ConfigFile, OperatorName, QueryId, SocketPath
from bus.cli.output import console, local, plain, print_json, show, table
from bus.cli.remote import Remote, connect, require_operator
from bus.cli.tables import delay_text, show_query
from bus.model.deadline import KIND_ZH

Resource = Annotated[
    str | None, typer.Option("--resource", help="只指该信息资源 / Only of this resource")
]
Part = Annotated[int | None, typer.Option("--part", min=1, help="只指该分册 / Only of this part")]
Holder = Annotated[str | None, typer.Option("--holder", help="只指该应答方 / Only of this holder")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to those of `hedui query`."""
    app.command("show")(show_)
    app.command("owed")(owed)
    app.command("delay")(delay)
    app.command("delays")(delays)
    app.command("agree")(agree)
    app.command("decline")(decline)
    app.command("deadlines")(deadlines)


def show_(
    query: QueryId,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """查询的状态、用时、各项与各期限 / State, turnaround, rows and every deadline."""
    with connect(socket, config) as remote:
        given = _own(remote, query)
        detail = remote.get(f"queries/{given}", QueryDetail)
        due = remote.get(f"deadlines/{given}", tuple[DeadlineBody, ...])
    if as_json:
        print_json(plain(detail) | {"deadlines": plain(due)})
        return
    show_query(console(), detail)
    if due:
        console().print()
        console().print(deadlines_table(due))


def owed(
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """本级所辖机构的待反馈项 / What agencies below this centre owe."""
    with connect(socket, config) as remote:
        found = remote.get("owed", tuple[OwedBody, ...])
    _show_rows(found, "没有待反馈项 / nothing is owed", as_json=as_json)


def delay(
    query: QueryId,
    resource: Annotated[str, typer.Option("--resource", help="信息资源 / Resource")],
    cause: Annotated[
        str, typer.Option("--cause", help="原因代码，见代码表 delay-causes / Cause, by code")
    ],
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="拟定的新期限 / New last day"),
    ] = None,
    part: Part = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """通知申请方：某项延期（R030）/ Give notice to the requester that rows are late."""
    asked = NoticeAsked(
        resource=resource, part=part, cause=cause, until=None if until is None else until.date()
    )
    with connect(socket, config, require_operator(operator)) as remote:
        given = remote.query_id(query, "owed", tuple[OwedBody, ...])
        path = f"owed/{given}/delays"
        found = remote.send("POST", path, RowsBody, json=asked.model_dump(mode="json"))
    _done(found, "已通知延期", "notice given", as_json=as_json)


def delays(
    query: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="只看此查询 / Of this query only")
    ] = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """本节点各查询的延期项及拟定的新期限 / Delays of this node's queries."""
    with connect(socket, config) as remote:
        chosen = {} if query is None else {"query": str(_own(remote, query))}
        found = remote.get("delays", tuple[OwedBody, ...], **chosen)
    _show_rows(found, "没有延期项 / no delays", as_json=as_json)


def agree(
    query: QueryId,
    resource: Resource = None,
    part: Part = None,
    holder: Holder = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """同意拟定的新期限（R030）/ Agree to the new dates that were proposed."""
    asked = AgreementAsked(agreed=True, resource=resource, part=part, holder=holder)
    with connect(socket, config, require_operator(operator)) as remote:
        found = _answered(remote, query, asked)
    _done(found, "已同意新期限", "agreed", as_json=as_json)


def decline(
    query: QueryId,
    resource: Resource = None,
    part: Part = None,
    holder: Holder = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """不同意拟定的新期限，原期限不变（R030）/ Decline; the old dates stay."""
    asked = AgreementAsked(agreed=False, resource=resource, part=part, holder=holder)
    with connect(socket, config, require_operator(operator)) as remote:
        found = _answered(remote, query, asked)
    _done(found, "未同意新期限，原期限不变", "declined, the old dates stay", as_json=as_json)


def deadlines(
    query: QueryId,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """查询各项期限及其计算依据 / By when what is open is due, and how it was counted."""
    with connect(socket, config) as remote:
        found = remote.get(f"deadlines/{_own(remote, query)}", tuple[DeadlineBody, ...])
    if as_json:
        print_json(plain(found))
    else:
        show(deadlines_table(found), "没有未办结的期限 / no open deadline")


def deadlines_table(deadlines: tuple[DeadlineBody, ...]) -> Table:
    """Return deadlines with what they were counted from."""
    made = table(
        "期限 kind",
        "应办方 owing",
        "事项 subject",
        "收到 received",
        "工作日 days",
        "截止 due",
        "提醒 warned",
        "逾期 passed",
    )
    for one in deadlines:
        made.add_row(
            f"{KIND_ZH[one.kind]} {one.kind}",
            f"{one.owing_title} {one.owing}",
            one.subject or "-",
            local(one.received),
            "-" if one.days is None else str(one.days),
            f"{local(one.due)} 暂定 provisional" if one.provisional else local(one.due),
            local(one.warned),
            local(one.breached),
        )
    return made


def _show_rows(found: tuple[OwedBody, ...], empty: str, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(found))
        return
    made = table(
        "查询 query",
        "申请方 requester",
        "应答方 holder",
        "信息资源 resource",
        "分册 part",
        "期限 due",
        "延期 delay",
    )
    for row in found:
        made.add_row(
            str(row.query),
            f"{row.requester_title} {row.requester}",
            f"{row.holder_title} {row.holder}",
            f"{row.resource_title} {row.resource}",
            str(row.part),
            f"{local(row.deadline)} 逾期 late" if row.late else local(row.deadline),
            delay_text(row.delay),
        )
    show(made, empty)


def _answered(remote: Remote, query: str, asked: AgreementAsked) -> RowsBody:
    path = f"delays/{_own(remote, query)}"
    return remote.send("POST", path, RowsBody, json=asked.model_dump(mode="json"))


def _own(remote: Remote, given: str) -> UUID:
    return remote.query_id(given, "queries", tuple[QuerySummary, ...])


def _done(found: RowsBody, zh: str, en: str, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(found))
    else:
        typer.echo(f"{zh} / {en}: {found.query}（{found.rows} 项 rows）")
