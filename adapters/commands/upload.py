"""`hedui upload`: a department's table by template into the adapter's store (R112-R125)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from adapters.host.desk import Desk, open_desk
from adapters.host.setup import setup_of
from adapters.registry import kind_of
from adapters.upload.load import Order, UploadRefusedError, check_file, load
from adapters.upload.mapping import UploadMapping, UploadResource, upload_mapping
from adapters.upload.render import WEIGHTS, report_json, totals, version_json
from adapters.upload.report import Report
from adapters.upload.schedule import Period, day_in_china, read_period
from adapters.upload.stand import Stand, stand_of
from adapters.upload.template import template
from adapters.upload.validate import Expected
from adapters.upload.versions import withdraw
from bus.cli.output import console, local, print_json, show, table
from bus.config.load import load_config
from bus.errors import ConfigError, InputError
from bus.model.upload import UploadVersion
from schemas.resources import Resource, resources
from signer.secretfiles import replace_file

app = typer.Typer(no_args_is_help=True, help="部门定期上传 / A department's periodic upload.")

T = TypeVar("T")

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="机构前置的配置文件 / The adapter's TOML file.")
]
MaybeConfig = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="配置文件，用其中的 not_held / Its TOML file, for not_held."
    ),
]
ResourceName = Annotated[
    str, typer.Option("--resource", "-r", help="信息资源代码 / Name of the resource.")
]
TableFile = Annotated[Path, typer.Argument(metavar="FILE", help="CSV 或 xlsx / CSV or xlsx.")]
AsOf = Annotated[
    str, typer.Option("--as-of", help="数据截至日期 YYYY-MM-DD / Day it is true as of.")
]
MaybeAsOf = Annotated[
    str, typer.Option("--as-of", help="数据截至日期，默认今天 / As-of day; today if not given.")
]
PeriodName = Annotated[
    str,
    typer.Option("--period", help="所属时段，如 2026-10、2026-Q3、2026-H1、2026 / Its period."),
]
Operator = Annotated[str, typer.Option("--operator", help="操作员姓名或工号 / Who does it.")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON.")]

_READS = "-"
"""Where nothing is changed and nobody's data is read, nobody is named in the audit chain either."""


@app.command("template")
def template_command(
    resource: ResourceName,
    out: Annotated[Path, typer.Option("--out", help="要写出的 .xlsx / The .xlsx to write.")],
    config: MaybeConfig = None,
) -> None:
    """生成上传模板 / Write the template that a department fills in."""
    found, not_held = _resource(config, resource)
    replace_file(out, template(found, not_held))
    typer.echo(f"已写出 / Written: {out}")


@app.command()
def check(
    file: TableFile,
    resource: ResourceName,
    config: MaybeConfig = None,
    as_of: MaybeAsOf = "",
    as_json: AsJson = False,
) -> None:
    """只检查文件并给出报告，不载入 / Report on a file; nothing is loaded."""
    found, not_held = _resource(config, resource)
    today = day_in_china(datetime.now(UTC))
    day = _day(as_of) if as_of else today
    report = check_file(file, Expected(found, not_held, day, None, today))
    _print_report(report, as_json=as_json)
    if not report.clean:
        raise typer.Exit(1)


@app.command("load")
def load_command(
    config: ConfigFile,
    file: TableFile,
    resource: ResourceName,
    as_of: AsOf,
    operator: Operator,
    period: PeriodName = "",
    skip_faulty: Annotated[
        bool,
        typer.Option(
            "--skip-faulty", help="只载入合格的行 / Load the good rows where others are faulty."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """载入文件，成为正在使用的版本 / Load a file as the version in use."""
    day = _day(as_of)

    async def act(desk: Desk) -> tuple[UploadVersion, Report]:
        mapping = _mapping(desk)
        entry = _entry(mapping, resource)
        order = Order(
            path=file,
            entry=entry,
            resource=desk.setup.resources[entry.name],
            as_of=day,
            period=_period(entry, period),
            actor=f"operator:{desk.operator}",
            skip_faulty=skip_faulty,
        )
        return await load(desk.books, order, desk.now)

    try:
        version, report = _at_desk(config, operator, act)
    except UploadRefusedError as refused:
        _print_report(refused.report, as_json=as_json)
        raise
    if as_json:
        print_json(version_json(version) | {"report": report_json(report)})
    else:
        _print_report(report, as_json=False)
        typer.echo(f"已载入 / Loaded: {version.id}，{version.period}，{version.as_of}")


@app.command("list")
def list_command(config: ConfigFile, as_json: AsJson = False) -> None:
    """列出上传版本 / List the versions."""

    async def act(desk: Desk) -> list[UploadVersion]:
        _mapping(desk)
        async with desk.books.store.transaction() as unit:
            return list(await unit.uploads())

    versions = _at_desk(config, _READS, act)
    if as_json:
        print_json([version_json(version) for version in versions])
        return
    made = table(
        *("版本 version", "信息资源 resource", "状态 state", "时段 period", "截至 as of"),
        *("载入 loaded", "行数 rows", "拒收 refused", "操作员 operator"),
    )
    for one in versions:
        gone = " (已销毁 destroyed)" if one.destroyed else ""
        made.add_row(
            *(str(one.id), one.resource, f"{one.state}{gone}", one.period, str(one.as_of)),
            *(local(one.received), str(one.rows), str(one.refused), one.operator),
        )
    show(made, "没有上传 / Nothing was uploaded.")


@app.command("withdraw")
def withdraw_command(
    config: ConfigFile,
    version: Annotated[UUID, typer.Argument(metavar="VERSION", help="版本 / The version.")],
    reason: Annotated[
        str,
        typer.Option("--reason", help="原因，不得含个人信息 / Why; no personal data."),
    ],
    operator: Operator,
    as_json: AsJson = False,
) -> None:
    """撤回正在使用的版本，恢复前一版本 / Take the version in use back."""

    async def act(desk: Desk) -> tuple[UploadVersion, UploadVersion | None]:
        _mapping(desk)
        actor = f"operator:{desk.operator}"
        return await withdraw(desk.books.store, version, reason, actor, desk.now())

    gone, back = _at_desk(config, operator, act)
    if as_json:
        current = None if back is None else version_json(back)
        print_json({"withdrawn": version_json(gone), "current": current})
        return
    typer.echo(f"已撤回 / Withdrawn: {gone.id}")
    typer.echo(
        "没有可恢复的版本，查询将等待下一次上传 / No version is left; queries wait"
        if back is None
        else f"恢复使用 / In use again: {back.id}，{back.as_of}"
    )


@app.command()
def due(config: ConfigFile, as_json: AsJson = False) -> None:
    """列出应报时段与期限 / List what is owed, by when, and by whom."""

    async def act(desk: Desk) -> list[tuple[UploadResource, Stand]]:
        mapping = _mapping(desk)
        async with desk.books.store.transaction() as unit:
            return [(entry, await stand_of(unit, entry, desk.now())) for entry in mapping.resources]

    found = _at_desk(config, _READS, act)
    if as_json:
        print_json([_stand_json(entry, stand) for entry, stand in found])
        return
    made = table(
        *("信息资源 resource", "应报时段 owed", "期限 due", "逾期天数 days late"),
        *("现用截至 as of", "部门 department", "负责人 leader", "经办人 handler"),
    )
    for entry, stand in found:
        as_of = "-" if stand.current is None else str(stand.current.as_of)
        made.add_row(
            *(entry.name, stand.owed.period.label, str(stand.owed.due)),
            *(str(stand.owed.late_days), as_of),
            *(entry.department, entry.leader, entry.handler),
        )
    show(made, "-")


def _stand_json(entry: UploadResource, stand: Stand) -> dict[str, Any]:
    return {
        "resource": entry.name,
        "period": stand.owed.period.label,
        "due": stand.owed.due.isoformat(),
        "late_days": stand.owed.late_days,
        "as_of": None if stand.current is None else stand.current.as_of.isoformat(),
        "department": entry.department,
        "leader": entry.leader,
        "handler": entry.handler,
    }


def _at_desk(config: Path, operator: str, act: Callable[[Desk], Awaitable[T]]) -> T:
    """Open the adapter's store, act, and close it."""

    async def run() -> T:
        async with open_desk(load_config(config), config, operator) as desk:
            return await act(desk)

    return asyncio.run(run())


def _mapping(desk: Desk) -> UploadMapping:
    if kind_of(desk.setup) != "upload":
        raise ConfigError(
            "KIND_DIFFERS",
            "此机构不以上传方式提供数据",
            "this agency does not upload",
            remedy_zh='[source] kind 应为 "upload"',
            remedy_en='[source] kind should be "upload"',
            where=desk.setup.where,
        )
    return upload_mapping(desk.setup)


def _entry(mapping: UploadMapping, name: str) -> UploadResource:
    entry = mapping.resource(name)
    if entry is None:
        raise _unknown(name, [one.name for one in mapping.resources])
    return entry


def _resource(config: Path | None, name: str) -> tuple[Resource, tuple[str, ...]]:
    """Return a resource and what of it is not held; without a configuration all of it is."""
    if config is None:
        known = resources()
        if name not in known:
            raise _unknown(name, list(known))
        return known[name], ()
    setup = setup_of(load_config(config), config, None)
    entry = _entry(upload_mapping(setup), name)
    return setup.resources[entry.name], entry.not_held


def _unknown(name: str, names: list[str]) -> InputError:
    return InputError(
        "RESOURCE_UNKNOWN",
        "没有此信息资源",
        "there is no such resource",
        remedy_zh=f"请从以下选择：{'、'.join(names)}",
        remedy_en=f"Choose one of {', '.join(names)}",
        where=name,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(
            "DATE_INVALID",
            "不是日期，应为 YYYY-MM-DD",
            "not a date: YYYY-MM-DD is needed",
            where="--as-of",
        ) from None


def _period(entry: UploadResource, label: str) -> Period | None:
    if not label:
        return None
    period = read_period(entry.schedule, label)
    if period is None:
        raise InputError(
            "PERIOD_INVALID",
            f"不是 {entry.schedule} 的时段",
            f"not a period of the schedule {entry.schedule}",
            remedy_zh="如 2026-10（月）、2026-Q3（季）、2026-H1（半年）、2026（年）",
            remedy_en="Such as 2026-10, 2026-Q3, 2026-H1, 2026",
            where="--period",
        )
    return period


def _print_report(report: Report, *, as_json: bool) -> None:
    if as_json:
        print_json(report_json(report))
        return
    typer.echo(f"{report.resource}: {totals(report)}")
    if not report.listed:
        return
    made = table(
        *("行 row", "列 column", "轻重 weight", "错误 fault", "允许 allowed", "代码 code"),
    )
    for one in report.listed:
        fault = one.fault
        made.add_row(
            "-" if fault.row is None else str(fault.row),
            fault.column or "-",
            " ".join(WEIGHTS[one.weight]),
            f"{fault.zh}\n{fault.en}",
            fault.allowed,
            fault.code,
        )
    console().print(made)
