"""`hedui adapter run`: the agency's process from one TOML file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from adapters.commands.case_lines import Lines
from adapters.host.run import run_adapter
from adapters.init.asking import AnswersFile, Terminal
from adapters.init.run import write_adapter
from adapters.kit.check import check_adapter
from adapters.kit.run import CASE_SECONDS
from bus.cli.options import AsJson
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
Strict = Annotated[
    bool, typer.Option("--strict", help="未能验证的项也算未通过 / What was not shown fails too.")
]
CaseSeconds = Annotated[
    float, typer.Option("--case-seconds", min=1, help="每项时限，秒 / What a case may take, s.")
]
Out = Annotated[Path, typer.Option("--out", help="写入的文件 / File to write.")]
Answers = Annotated[
    Path | None,
    typer.Option(
        "--answers", help="答案文件（TOML），不再提问 / A file of answers: nothing is asked."
    ),
]


@app.command()
def run(config: ConfigFile, dev: Dev = False) -> None:
    """运行机构前置 / Run the adapter."""
    if uvloop.run(run_adapter(load_config(config), config, dev=dev)):
        raise typer.Exit(RENEWED_EXIT)


@app.command()
def check(
    config: ConfigFile,
    strict: Strict = False,
    case_seconds: CaseSeconds = CASE_SECONDS,
    as_json: AsJson = False,
) -> None:
    """检查配置、映射、数据源和连接器（K01 至 K19），不连接代理 / Check mapping, source, connector.

    退出码 / Exit code: 0 通过 passed, 1 有未通过的项 a case failed, 2 出错 an error.
    """
    lines = Lines(shown=not as_json)
    report = asyncio.run(
        check_adapter(
            load_config(config),
            config,
            case_seconds=case_seconds,
            begin=lines.begin,
            tell=lines.tell,
        )
    )
    lines.end(report)
    if not report.passes(strict=strict):
        raise typer.Exit(1)


@app.command()
def init(out: Out = Path("adapter.toml"), answers: Answers = None) -> None:
    """问答生成配置文件，测试数据源，显示已遮盖的样本行 / Ask, test the source, write the file.

    已有的文件不会被覆盖；口令写入单独的文件 / Overwrites nothing; the password gets its own file.
    """
    write_adapter(AnswersFile(answers) if answers else Terminal(), out, typer.echo)
    typer.echo(f"已写入 {out}，下一步 / written; next: hedui adapter check -c {out}")
