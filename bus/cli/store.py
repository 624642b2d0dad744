"""`hedui store`: the version of a participant's database, forwards and back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bus.cli.options import AsJson
from bus.cli.output import print_json
from bus.config.load import load_config
from bus.errors import InputError
from bus.store.location import Access
from bus.store.maintenance import Maintenance, Shape, goes

app = typer.Typer(help="数据库版本 / Version of the store", no_args_is_help=True)

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="配置文件 / Its TOML file.")]
Target = Annotated[
    int, typer.Option("--to", min=1, help="回到哪个版本 / The version to go back to")
]
Yes = Annotated[bool, typer.Option("--yes", help="已知将删除什么，执行 / Do it")]

_SESSION = "hedui-store"
"""What this command's sessions are called at a PostgreSQL server, unlike a daemon's."""


@app.callback()
def _group() -> None:
    """数据库版本 / Version of the store."""


@app.command("status")
def status(config: ConfigFile, as_json: AsJson = False) -> None:
    """查看数据库的版本，不作改动 / Show the version; changes nothing."""
    shape = asyncio.run(_maintenance(config).status())
    if as_json:
        print_json(_plain(shape, shape.version))
        return
    typer.echo(
        f"{shape.where}：版本 {shape.version}，本程序使用版本 {shape.newest}"
        f" / version {shape.version}, this program works with {shape.newest}"
    )


@app.command("upgrade")
def upgrade(config: ConfigFile, as_json: AsJson = False) -> None:
    """升级到本程序的版本，守护进程启动时也会自行升级 / Bring forward, as a daemon does itself."""
    old = asyncio.run(_maintenance(config).upgrade())
    _done(old, old.newest, as_json=as_json)


@app.command("downgrade")
def downgrade(config: ConfigFile, to: Target, yes: Yes = False, as_json: AsJson = False) -> None:
    """回退到早先的版本，须先停止所有实例并备份 / Go back; stop all instances and back up first."""
    maintenance = _maintenance(config)
    if not yes:
        raise _unconfirmed(goes(asyncio.run(maintenance.status()).version, to))
    _done(asyncio.run(maintenance.downgrade(to)), to, as_json=as_json)


def _maintenance(config: Path) -> Maintenance:
    section = load_config(config).store
    access = Access(section.password_file, section.ca_file, _SESSION)
    return Maintenance(section.url, access)


def _done(old: Shape, version: int, *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(old, version) | {"from": old.version})
        return
    typer.echo(
        f"{old.where}：版本 {old.version} → {version} / from version {old.version} to {version}"
    )


def _unconfirmed(taken: Sequence[tuple[str, str]]) -> InputError:
    zh = "；".join(zh for zh, _ in taken) or "无"
    en = "; ".join(en for _, en in taken) or "nothing"
    return InputError(
        "DOWNGRADE_UNCONFIRMED",
        f"未作改动。回退将删除：{zh}",
        f"nothing was changed; going back takes away: {en}",
        remedy_zh="停止所有实例并备份后，加上 --yes 再执行",
        remedy_en="stop all instances, make a backup, then run it again with --yes",
        where="--yes",
    )


def _plain(shape: Shape, version: int) -> dict[str, str | int]:
    return {"where": shape.where, "version": version, "newest": shape.newest}
