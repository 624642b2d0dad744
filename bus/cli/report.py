"""`hedui report`: how timely and how right queries were answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from bus.api.turnaround import HoursBody, TurnaroundBody
from bus.cli.options import AnyOperator, AsJson, ConfigFile, SocketPath
from bus.cli.output import plain, print_json, show, table
from bus.cli.remote import connect

app = typer.Typer(help="统计报表 / Reports", no_args_is_help=True, rich_markup_mode=None)

_DAY = ["%Y-%m-%d"]


@app.callback()
def _group() -> None:
    """统计报表 / Reports."""


@app.command("turnaround")
def turnaround(
    first: Annotated[
        datetime, typer.Option("--from", formats=_DAY, help="起始日（含）/ First day")
    ],
    last: Annotated[datetime, typer.Option("--to", formats=_DAY, help="截止日（含）/ Last day")],
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """查询与各省反馈的用时、逾期与差错 / Turnaround, lateness and errors by province."""
    period = {"first": first.date().isoformat(), "last": last.date().isoformat()}
    with connect(socket, config) as remote:
        found = remote.get("turnaround", TurnaroundBody, **period)
    if as_json:
        print_json(plain(found))
        return
    typer.echo(
        f"{found.first} 至 to {found.last}：{found.queries} 项查询 queries，"
        f"已签收 delivered {found.delivered}，进行中 running {found.running}，"
        f"拒绝 refused {found.refused}，撤销或过期 ended {found.ended}"
    )
    typer.echo(f"收到到签收 receipt to delivery：{_hours(found.hours)}")
    show(provinces_table(found), "没有应反馈事项 / nothing was asked")


def provinces_table(found: TurnaroundBody) -> Table:
    """Return what each province was asked, and how it answered."""
    made = table(
        "省份 province",
        "应反馈 asked",
        "已反馈 answered",
        "待反馈 due",
        "拒绝 refused",
        "逾期 late",
        "延期 delayed",
        "差错 faulty",
        "用时 hours",
    )
    for one in found.provinces:
        counts = (one.asked, one.answered, one.due, one.refused, one.late, one.delayed, one.faulty)
        made.add_row(
            f"{one.title} {one.province}" if one.province else "无人可询 nobody",
            *(str(count) for count in counts),
            _hours(one.hours),
        )
    return made


def _hours(hours: HoursBody) -> str:
    if not hours.count:
        return "-"
    spans = f"平均 mean {hours.mean}，中位 median {hours.median}，最长 longest {hours.longest}"
    return f"{spans} 工作小时 h"
