"""`hedui demo`: the main job on one machine, in one command; `--story`: what else may happen.

Exit codes: 0 delivered and the proof verified (a story: every check of it passed), 2 the files or
options given cannot be used, 1 anything else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.demo.agencies import shipped_data
from adapters.demo.brokers import BrokerChoice, BrokerHost
from adapters.demo.faults import DataFaultsError
from adapters.demo.run import Options, run
from adapters.demo.stories.play import StoryChoice, chosen, play
from adapters.demo.stories.telling import render, to_json
from bus.api.errors import error_body
from bus.broker.local.__main__ import NODES
from bus.cli.output import console, faults_table, print_error, print_json
from bus.cli.remote import RemoteError
from bus.errors import HeduiError, InputError
from signer.suites.keys import NAMES, P256

FAILED = 1
UNUSABLE = 2
TIME_LIMIT = 120.0

_NOT_IN_STORIES = {
    "application": "--application",
    "data": "--data",
    "out": "--out",
    "timeout": "--timeout",
    "broker": "--broker",
    "nodes": "--nodes",
    "stay": "--stay",
    "keep": "--keep",
    "plain": "--plain",
}
"""Options that say how processes are run, or with whose data."""

app = typer.Typer(
    help="在本机演示一次完整的跨省联网查询 / A whole cross-province query on this machine",
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    application: Annotated[
        Path | None,
        typer.Option("--application", help="申请工作簿，默认用自带样例 / Application workbook"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="机构数据：目录/机构编号/信息资源.csv / Agencies' tables"),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="输出目录 / Output folder")] = Path("demo-out"),
    as_json: Annotated[
        bool, typer.Option("--json", help="最后输出一行 JSON，进度写到标准错误 / End with JSON")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, help="时限（秒）/ Time limit, seconds")
    ] = TIME_LIMIT,
    broker: Annotated[
        BrokerChoice, typer.Option("--broker", help="内嵌代理或本机 Kafka / Which broker")
    ] = BrokerChoice.EMBEDDED,
    nodes: Annotated[
        int, typer.Option("--nodes", help="Kafka 节点数：1 或 3 / Nodes of a real Kafka: 1 or 3")
    ] = 1,
    suite: Annotated[
        str, typer.Option("--suite", help=f"密码套件：{'、'.join(NAMES)} / Suite of the messages")
    ] = P256,
    stay: Annotated[
        bool, typer.Option("--stay", help="送达后保持运行，直到 Ctrl-C / Stay up until Ctrl-C")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="保留密钥、数据库等运行目录 / Keep keys and stores")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="机构一律用 SQLite，较快 / SQLite for all, quicker")
    ] = False,
    story: Annotated[
        StoryChoice | None,
        typer.Option("--story", help="在单进程中演示一种情形，时钟可推移 / Play a story"),
    ] = None,
) -> None:
    """启动全部参与方，提交申请，等待送达并验证证明 / Start all, submit, deliver, verify."""
    if story is not None:
        _check_story_options(context)
        _tell(story, suite, as_json=as_json)
        return
    if nodes not in NODES:
        raise typer.BadParameter("1 或 3 / 1 or 3", param_hint="--nodes")
    options = Options(
        application=application or shipped_data() / "application.xlsx",
        data=data or shipped_data() / "tables",
        out=out,
        limit=timeout,
        stay=stay,
        keep=keep,
        host=BrokerHost(broker, nodes),
        suite=suite,
        plain=plain,
    )

    def tell(outcome: dict[str, Any]) -> None:
        if as_json:
            print_json(outcome)

    try:
        run(options, console(stderr=as_json), tell)
    except HeduiError as error:
        if isinstance(error, DataFaultsError) and not as_json:
            _print_data_faults(error)
        else:
            print_error(error, as_json=as_json)
        raise typer.Exit(UNUSABLE if _of_input(error) else FAILED) from None


def _check_story_options(context: typer.Context) -> None:
    """Refuse options of the run with processes: a story has its own people and no broker."""
    sources = {name: context.get_parameter_source(name) for name in _NOT_IN_STORIES}
    given = [
        _NOT_IN_STORIES[name]
        for name, source in sources.items()
        if source is not None and source.name != "DEFAULT"
    ]
    if given:
        raise typer.BadParameter(
            f"{'、'.join(given)} 不能与 --story 同用：情形演示自带人员和数据，不启动代理 / "
            "not with --story, which has people and data of its own and starts no broker",
            param_hint="--story",
        )


def _tell(choice: StoryChoice, suite: str, *, as_json: bool) -> None:
    """Play stories one after the other; each is told as soon as it has ended."""
    failed = False
    for one in chosen(choice):
        try:
            account = play(one, suite)
        except HeduiError as error:
            print_error(error, as_json=as_json)
            raise typer.Exit(FAILED) from None
        if as_json:
            print_json(to_json(account))
        else:
            console().print(render(account))
        failed |= not account.passed
    if failed:
        raise typer.Exit(FAILED)


def _print_data_faults(error: DataFaultsError) -> None:
    """Print the faults of tables: what stands in a workbook's sheet stands in a file here."""
    head = InputError(
        error.code,
        error.zh,
        error.en,
        remedy_zh=error.remedy_zh,
        remedy_en=error.remedy_en,
        where=error.where,
    )
    print_error(head, as_json=False)
    listed = faults_table(error_body(error).faults)
    listed.columns[0].header = "文件 file"
    console(stderr=True).print(listed)


def _of_input(error: HeduiError) -> bool:
    """Whether the files given are at fault; a workbook may also be refused by the node."""
    if isinstance(error, RemoteError):
        return bool(error.body.faults or error.body.findings)
    return isinstance(error, InputError)
