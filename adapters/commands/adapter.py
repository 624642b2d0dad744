"""`hedui adapter run`: the agency's process from one TOML file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from adapters.host.run import check_adapter, run_adapter
from bus.config.load import load_config
from bus.daemon.admission.renewing import RENEWED_EXIT
from signer.commands import admission

app = typer.Typer(no_args_is_help=True, help="机构前置 / An agency's adapter.")
admission.register(app)

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="配置文件 / Its TOML file.")]
Dev = Annotated[
    bool,
    typer.Option("--dev", help="允许无 TLS 的内嵌代理，仅供试用 / Allow the plaintext broker."),
]


@app.command()
def run(config: ConfigFile, dev: Dev = False) -> None:
    """运行机构前置 / Run the adapter."""
    if uvloop.run(run_adapter(load_config(config), config, dev=dev)):
        raise typer.Exit(RENEWED_EXIT)


@app.command()
def check(config: ConfigFile) -> None:
    """检查配置、映射与数据源，不连接代理 / Check configuration, mapping and source only."""
    resources = asyncio.run(check_adapter(load_config(config), config))
    for name in resources:
        typer.echo(f"✓ {name}")
