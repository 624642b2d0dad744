"""`hedui catalog`: the catalogue (资源目录), its versions, and what provinces report to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bus.api.catalogue import (
    CatalogueBody,
    CatalogueChangeBody,
    CatalogueReportBody,
    CatalogueReportingBody,
    CatalogueVersionBody,
)
from bus.cli.catalog_terms import area_text, code_text, range_text
from bus.cli.files import check_writable, read_file, write_file
from bus.cli.options import (
    AnyOperator,
    AsJson,
    ConfigFile,
    Force,
    OperatorName,
    OutFile,
    SocketPath,
)
from bus.cli.output import local, plain, print_json, show, table
from bus.cli.remote import connect, require_operator, upload
from bus.errors import InputError
from bus.model.catalogue_report import REPORT_ZH
from schemas.codes import levels, modes, updates

app = typer.Typer(
    help="资源目录：查阅、版本、上报 / The catalogue: entries, versions, reports",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Version = Annotated[
    int | None, typer.Option("--version", min=1, help="目录版本，省略为现行 / The version")
]

_CHANGES = {"ADDED": "新增 added", "WITHDRAWN": "撤回 withdrawn", "CHANGED": "变更 changed"}
_FIELDS = {
    "items": "内容项",
    "term_working_days": "反馈期限",
    "title": "机构名称",
    "area": "所属",
    "level": "层级",
    "range": "时间范围",
    "back_months": "可追溯月数",
    "updates": "更新周期",
    "mode": "反馈方式",
}
SIGNED = ".hedui-directory"
"""Ending of the signed form: the directory as proof tools verify it."""

WORKBOOK = ".xlsx"


@app.command("show")
def show_(
    category: Annotated[
        str | None, typer.Option("--category", help="只看此内容类别 / Only this category")
    ] = None,
    version: Version = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """列出资源目录（R036）/ Show the catalogue in force, or an earlier version."""
    asked = {"category": category, "version": version}
    with connect(socket, config) as remote:
        found = remote.get("catalogue", CatalogueBody, **_given(asked))
    if as_json:
        print_json(plain(found))
        return
    typer.echo(f"资源目录第 {found.version} 版，自 {local(found.since)} / version {found.version}")
    show(_entries(found), "资源目录为空 / the catalogue is empty")


@app.command("export")
def export(
    out: OutFile,
    version: Version = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """导出：.xlsx 供阅读；.hedui-directory 为签名目录，可脱机核验 / Export it.

    A workbook of any version for people; or the signed directory in force, which
    `hedui proof verify --directory` takes.
    """
    if out.suffix not in {WORKBOOK, SIGNED}:
        raise InputError(
            "FILE_SUFFIX",
            f"--out 的文件名须以 {WORKBOOK} 或 {SIGNED} 结尾",
            f"the name of the file of --out must end in {WORKBOOK} or {SIGNED}",
            where=str(out),
        )
    if out.suffix == SIGNED and version is not None:
        raise InputError(
            "SIGNED_VERSION",
            "签名目录只有现行一份，不能指定版本",
            "only the directory in force is there with its signatures",
            remedy_zh=f"请去掉 --version，或导出为 {WORKBOOK}",
            remedy_en=f"Leave --version out, or export to {WORKBOOK}",
            where="--version",
        )
    check_writable(out, force=force)
    with connect(socket, config) as remote:
        if out.suffix == SIGNED:
            data = remote.content("GET", "directory/copy")
        else:
            asked = _given({"version": version})
            data = remote.content("GET", "catalogue/workbook", **asked)
    write_file(out, data, force=force)
    if as_json:
        print_json({"file": str(out)})
    else:
        typer.echo(f"已导出资源目录 / catalogue written: {out}")


@app.command("versions")
def versions(
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """列出本处保存的目录版本 / List the versions kept here."""
    with connect(socket, config) as remote:
        found = remote.get("catalogue/versions", tuple[CatalogueVersionBody, ...])
    if as_json:
        print_json(plain(found))
        return
    made = table("版本 version", "自 since")
    for one in found:
        made.add_row(str(one.version), local(one.since))
    show(made, "没有版本 / no versions")


@app.command("diff")
def diff(
    old: Annotated[int, typer.Argument(metavar="A", min=1, help="较早的版本 / The earlier one")],
    new: Annotated[int, typer.Argument(metavar="B", min=1, help="较晚的版本 / The later one")],
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """比较两个目录版本 / Say what differs between two versions."""
    with connect(socket, config) as remote:
        found = remote.get(
            "catalogue/difference", tuple[CatalogueChangeBody, ...], old=old, new=new
        )
    if as_json:
        print_json(plain(found))
        return
    made = table("变化 change", "信息资源 resource", "机构 agency", "项目 fields")
    for one in found:
        fields = "、".join(f"{_FIELDS.get(name, name)} {name}" for name in one.fields)
        made.add_row(_CHANGES.get(one.what, one.what), one.resource, one.agency, fields)
    show(made, "两个版本内容相同 / they do not differ")


@app.command("template")
def template(
    out: OutFile,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """写出按现行目录填好的上报文件（TOML）/ Write a report filled from the directory."""
    check_writable(out, force=force)
    with connect(socket, config) as remote:
        data = remote.content("GET", "catalogue/reports/template")
    write_file(out, data, force=force)
    if as_json:
        print_json({"file": str(out)})
    else:
        typer.echo(f"已写出上报文件，请核实后上报 / written, confirm and report it: {out}")


@app.command("report")
def report(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="上报文件（TOML）/ The report")],
    number: Annotated[
        int | None,
        typer.Option("--number", min=1, help="上报序号，通常省略 / Its number; usually left out"),
    ] = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """上报本省及各级机构的信息资源（R037、R038）/ Report the resources of a province."""
    name = require_operator(operator)
    data = read_file(file)
    with connect(socket, config, name) as remote:
        found = remote.send(
            "POST",
            "catalogue/reports",
            CatalogueReportBody,
            params=_given({"number": number}),
            **upload(data, "application/toml"),
        )
    if as_json:
        print_json(plain(found))
    else:
        typer.echo(
            f"第 {found.number} 号上报{REPORT_ZH[found.state]}：{found.agencies} 家机构、"
            f"{found.resources} 项资源 / report {found.number} {found.state}"
        )


@app.command("reports")
def reports(
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """部中心：各省上报情况；节点：历次上报 / Who has reported, and who is overdue (R038)."""
    with connect(socket, config) as remote:
        found = remote.get("catalogue/reports", tuple[CatalogueReportingBody, ...])
    if as_json:
        print_json(plain(found))
    else:
        show(_reports(found), "没有上报 / no reports")


def _given(query: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def _entries(found: CatalogueBody) -> Table:
    made = table(
        "类别 category",
        "信息资源 resource",
        "提供方 area",
        "机构 agency",
        "层级 level",
        "期限 term",
        "时间范围 range",
        "更新 updates",
        "方式 mode",
        "内容项 items",
    )
    for entry in found.entries:
        for offer in entry.offers:
            made.add_row(
                entry.category_title,
                f"{entry.title} {entry.resource}",
                area_text(offer.area),
                f"{offer.provider_title} {offer.provider}".strip(),
                code_text(levels(), offer.level),
                f"{offer.term_working_days} 个工作日",
                range_text(offer),
                code_text(updates(), offer.updates),
                code_text(modes(), offer.mode),
                "、".join(offer.items),
            )
    return made


def _reports(found: Sequence[CatalogueReportingBody]) -> Table:
    made = table(
        "上报方 reporter",
        "序号 number",
        "时间 at",
        "状态 state",
        "机构 agencies",
        "资源 resources",
        "目录已列 listed",
        "逾期 overdue",
        "原因 reason",
    )
    for one in found:
        sent = one.report
        overdue = "逾期 overdue" if one.overdue else "-"
        who = f"{one.title} {one.reporter}"
        if sent is None:
            made.add_row(who, "-", "-", "未上报 none", "-", "-", "-", overdue, "-")
            continue
        made.add_row(
            who,
            str(sent.number),
            local(sent.at),
            f"{REPORT_ZH[sent.state]} {sent.state}",
            str(sent.agencies),
            str(sent.resources),
            "是 yes" if one.listed else "否 no",
            overdue,
            "-" if sent.code is None else f"{sent.code} {sent.zh}",
        )
    return made
