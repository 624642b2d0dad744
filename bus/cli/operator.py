"""`hedui operator`: who may do what at a centre, and the tokens they show (R076, R078)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from bus.api.staff import NewTokenBody, OperatorBody, TokenBody
from bus.cli.files import check_writable, write_file
from bus.cli.options import AsJson, ConfigFile, Force, OperatorName, SocketPath
from bus.cli.output import local, plain, print_json, show, table
from bus.cli.remote import connect, require_operator
from bus.errors import InputError
from bus.model.operator import ROLE_ZH, OperatorRole

app = typer.Typer(
    help="操作员、角色与令牌 / Operators, roles, tokens",
    no_args_is_help=True,
    rich_markup_mode=None,
)
tokens = typer.Typer(help="令牌 / Tokens", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(tokens, name="token")

Name = Annotated[str, typer.Argument(metavar="NAME", help="操作员姓名或工号 / The operator")]
RoleList = Annotated[
    list[OperatorRole],
    typer.Option(
        "--role",
        help="可重复：viewer 查看员、submitter 提交员、reviewer 审查员、administrator 管理员、"
        "auditor 审计员 / A role; may be given again",
    ),
]
UnitName = Annotated[
    str, typer.Option("--unit", help="委托单位，本中心人员不填 / Entrusting unit, if of one")
]


@app.command("add")
def add(
    name: Name,
    roles: RoleList,
    group: UnitName = "",
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """登记操作员；首先登记的须为管理员 / Register an operator; the first is an administrator."""
    given = {"name": name, "roles": roles, "unit": group}
    with connect(socket, config, require_operator(operator)) as remote:
        made = remote.send("POST", "operators", OperatorBody, json=given)
    _told(made, as_json=as_json)


@app.command("list")
def list_(
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """列出操作员、角色与令牌（不含密文）/ List operators, roles, tokens."""
    with connect(socket, config, require_operator(operator)) as remote:
        found = remote.get("operators", tuple[OperatorBody, ...])
    if as_json:
        print_json(plain(found))
        return
    made = table(
        "操作员 operator",
        "角色 roles",
        "单位 unit",
        "状态 standing",
        "令牌 token",
        "到期 expires",
        "收回 revoked",
        "最近使用 used",
    )
    for one in found:
        standing = "在用 enabled" if one.enabled else "停用 disabled"
        first = (one.name, _roles(one.roles), one.unit or "本中心 own", standing)
        if not one.tokens:
            made.add_row(*first, "-", "-", "-", "-")
        for token in one.tokens:
            made.add_row(*first, token.id, *map(local, _times(token)))
    show(made, "没有登记操作员 / no operators are registered")


@app.command("roles")
def roles_(
    name: Name,
    roles: RoleList,
    group: UnitName = "",
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """更改操作员的角色与单位 / Give an operator other roles, another unit."""
    given = {"roles": roles, "unit": group}
    with connect(socket, config, require_operator(operator)) as remote:
        made = remote.send("POST", f"operators/{_path(name)}/roles", OperatorBody, json=given)
    _told(made, as_json=as_json)


@app.command("disable")
def disable(
    name: Name,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """停用操作员，其令牌即刻失效 / Disable an operator; its tokens serve no more."""
    with connect(socket, config, require_operator(operator)) as remote:
        made = remote.send("POST", f"operators/{_path(name)}/disable", OperatorBody)
    _told(made, as_json=as_json)


@app.command("enable")
def enable(
    name: Name,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """恢复已停用的操作员 / Enable an operator again."""
    with connect(socket, config, require_operator(operator)) as remote:
        made = remote.send("POST", f"operators/{_path(name)}/enable", OperatorBody)
    _told(made, as_json=as_json)


@tokens.command("new")
def new(
    name: Name,
    days: Annotated[int, typer.Option("--days", help="有效天数 / Days it serves")] = 90,
    out: Annotated[
        Path | None, typer.Option("--out", help="写入文件（0600），不显示 / Write it, show nothing")
    ] = None,
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """签发令牌，只显示一次；本人亦可为自己换发 / Make a token; it is told once."""
    if out is not None:
        check_writable(out, force=force)
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"operators/{_path(name)}/tokens"
        made = remote.send("POST", path, NewTokenBody, json={"days": days})
    if out is not None:
        write_file(out, f"{made.text}\n".encode(), force=force)
    if as_json:
        print_json(plain(made.token) if out is not None else plain(made))
        return
    until = local(made.token.expires)
    typer.echo(f"令牌 {made.token.id}，有效至 {until} / token {made.token.id}, serves until then")
    if out is not None:
        typer.echo(f"已写出 / written: {out}")
    else:
        typer.echo(made.text)


@tokens.command("revoke")
def revoke(
    name: Name,
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="令牌编号 / Its id")],
    socket: SocketPath = None,
    config: ConfigFile = None,
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """收回令牌 / Take a token back."""
    if len(token) > 16:  # noqa: PLR2004 - longer than an id: the token itself, which stays here
        raise InputError(
            "TOKEN_ID",
            "应为 16 位令牌编号，不是令牌本身",
            "give the id of 16 digits, never the token itself",
            remedy_zh="编号见 hedui operator list；该令牌已写入命令历史，请即收回",
            remedy_en="The shell's history holds it now: take it back (hedui operator list)",
            where="TOKEN",
        )
    with connect(socket, config, require_operator(operator)) as remote:
        path = f"operators/{_path(name)}/tokens/{_path(token)}"
        made = remote.send("DELETE", path, TokenBody)
    if as_json:
        print_json(plain(made))
    else:
        typer.echo(f"已收回 / taken back: {made.id}（{made.operator}）")


def _told(made: OperatorBody, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(made))
        return
    standing = "" if made.enabled else "，已停用 disabled"
    typer.echo(f"{made.name}：{_roles(made.roles)}{standing}")


def _roles(roles: tuple[OperatorRole, ...]) -> str:
    return "、".join(f"{ROLE_ZH[role]} {role}" for role in roles)


def _times(token: TokenBody) -> tuple[datetime, datetime | None, datetime | None]:
    return token.expires, token.revoked, token.used


def _path(text: str) -> str:
    return quote(text, safe="")
