"""`hedui application`: the empty workbook, the hub's review, a province's assent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from bus.api.application import ApplicationDetail, ApplicationSummary
from bus.api.catalogue import CatalogueBody
from bus.cli.catalog_terms import offer_of
from bus.cli.files import check_suffix, check_writable, write_file
from bus.cli.options import (
    AnyOperator,
    AsJson,
    ConfigFile,
    Force,
    OperatorName,
    OutFile,
    QueryId,
    SocketPath,
)
from bus.cli.output import console, local, plain, print_json, show
from bus.cli.remote import Remote, connect, require_operator
from bus.cli.review_tables import applications_table, show_application, waiting_table
from bus.workbook.template import Offer, template
from schemas.codes import categories
from schemas.resources import resources

app = typer.Typer(
    help="查询申请：空白工作簿、部中心审查与省级同意 / Applications: workbook, review, assent",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Reason = Annotated[str, typer.Option("--reason", help="理由代码（R027）/ Code of the reason")]


@app.command("template")
def template_(
    out: OutFile,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """写出空白申请工作簿；给出节点则附现行资源目录 / Write the empty workbook.

    With a node given it lists the catalogue in force, else the resources that ship.
    """
    check_suffix(out, ".xlsx", "--out")
    check_writable(out, force=force)
    write_file(out, template(*_catalogue(socket, config)), force=force)
    if as_json:
        print_json({"file": str(out)})
    else:
        typer.echo(f"已写出空白申请工作簿 / workbook written: {out}")


@app.command("list")
def list_(
    state: Annotated[
        list[str] | None, typer.Option("--state", help="只看此状态，可重复 / Only this state")
    ] = None,
    waiting: Annotated[
        bool,
        typer.Option("--waiting", help="只看待办，最紧的在前 / Only what waits, urgent first"),
    ] = False,
    socket: SocketPath = None,
    config: ConfigFile = None,
    _operator: AnyOperator = "",
    as_json: AsJson = False,
) -> None:
    """列出部中心收到的、或省级收到的下级申请 / List what came to the hub, or to a province."""
    # A province has no such queue; there it is what is under review.
    asked = {"waiting": "true", "state": ["UNDER_REVIEW"]} if waiting else {"state": state or []}
    with connect(socket, config) as remote:
        found = remote.get("applications", tuple[ApplicationSummary, ...], **asked)
    if as_json:
        print_json(plain(found))
    else:
        made = waiting_table(found) if waiting else applications_table(found)
        show(made, "没有申请 / no applications")


@app.command("show")
def show_(
    application: QueryId,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """查看申请表、名单与审查意见（记入审计）/ Show form, list and findings (audited)."""
    with connect(socket, config, require_operator(operator)) as remote:
        found = remote.get(f"applications/{_id(remote, application)}", ApplicationDetail)
    if as_json:
        print_json(plain(found))
    else:
        show_application(console(), found)


@app.command("accept")
def accept(
    application: QueryId,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """受理审查中的申请 / Accept an application under review."""
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"applications/{_id(remote, application)}/accept"
        found = remote.send("POST", path, ApplicationSummary)
    _decided(found, as_json=as_json)


@app.command("assent")
def assent(
    application: QueryId,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """省级同意市县的申请上报 / At a province: let a city's application go up to the hub."""
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"applications/{_id(remote, application)}/assent"
        found = remote.send("POST", path, ApplicationSummary)
    _decided(found, as_json=as_json)


@app.command("refuse")
def refuse(
    application: QueryId,
    reason: Reason,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """以代码化理由拒绝，省级则为不同意上报 / Refuse an application with a coded reason."""
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"applications/{_id(remote, application)}/refuse"
        found = remote.send("POST", path, ApplicationSummary, json={"reason": reason})
    _decided(found, as_json=as_json)


@app.command("return")
def give_back(
    application: QueryId,
    reason: Reason,
    household: Annotated[
        list[str] | None,
        typer.Option("--household", help="户编号，可重复 / A household, by its label"),
    ] = None,
    person: Annotated[
        list[int] | None,
        typer.Option("--person", help="人员序号，指其全户，可重复 / A person, for its household"),
    ] = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """退回申请，由申请方撤下所列家庭后重新提出 / Return it, to come again without households."""
    body = {"reason": reason, "households": household or [], "persons": person or []}
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"applications/{_id(remote, application)}/return"
        found = remote.send("POST", path, ApplicationSummary, json=body)
    _decided(found, as_json=as_json)


def _id(remote: Remote, given: str) -> UUID:
    return remote.query_id(given, "applications", tuple[ApplicationSummary, ...])


def _decided(found: ApplicationSummary, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(found))
    else:
        typer.echo(f"{found.query} {found.state}")


def _catalogue(socket: Path | None, config: Path | None) -> tuple[tuple[Offer, ...], str]:
    """Return the resources to list, and which version of the catalogue they are of (R049)."""
    if socket is None and config is None:
        return _shipped(), ""
    with connect(socket, config) as remote:
        catalogue = remote.get("catalogue", CatalogueBody)
    version = f"第 {catalogue.version} 版，自 {local(catalogue.since)}"
    return tuple(offer_of(entry) for entry in catalogue.entries), version


def _shipped() -> tuple[Offer, ...]:
    names = categories()
    return tuple(
        Offer(
            names[resource.category].zh if resource.category in names else resource.category,
            resource.zh,
            tuple(item.zh for item in resource.items),
        )
        for resource in resources().values()
    )
