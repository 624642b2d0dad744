"""One run of the demo, from the files given to the files handed over."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.text import Text

from adapters.demo import report
from adapters.demo.agencies import Agency, load_agencies
from adapters.demo.brokers import BrokerHost
from adapters.demo.journey import Delivered, fetch, follow, submit
from adapters.demo.network import Network
from adapters.demo.out import Out
from adapters.demo.processes import Processes
from adapters.demo.screen import Screen
from adapters.demo.sources.choice import sources_of
from adapters.demo.state import State, make_folder
from adapters.demo.timeline import render
from adapters.demo.watch import StoppedError, Watch
from bus.cli.files import read_file
from bus.cli.remote import RemoteError
from bus.errors import InputError
from bus.rules.working_days import local_date
from bus.workbook.parse import parse
from signer.certificates import PathValidator
from signer.keydirectory import read_certificates
from signer.proof.failures import CHECKS
from signer.proof.verify import verify
from signer.suites.keys import require_suite

_TEND_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for: `application` and `data` are paths, `limit` is in seconds.

    `plain`: every agency has SQLite.
    """

    application: Path
    data: Path
    out: Path
    limit: float
    stay: bool
    keep: bool
    host: BrokerHost
    suite: str
    plain: bool


def run(options: Options, console: Console, tell: Callable[[dict[str, Any]], None]) -> None:
    """Run the demo: everything it started has ended when this returns or raises.

    Args:
        options: What was asked for.
        console: Where people read.
        tell: Gets the outcome once the query is delivered and its proof verified.

    Raises:
        InputError: Workbook, tables or output folder cannot be used; nothing was started.
        ConfigError: Broker or suite asked for cannot run here; nothing was started.
        HeduiError: The query was not delivered, or its proof does not verify.
    """
    out = Out(options.out)
    watch = Watch(options.limit, str(out.logs))
    with watch.signals():
        agencies, workbook = _inputs(options)
        options.host.check()
        require_suite(options.suite, "--suite")
        out.prepare()
        with _folder(options, console) as folder, Screen(console, watch) as screen:
            state = State(folder, agencies, suite=options.suite)
            parts = (state, Processes(out.logs), watch, screen, options.host)
            with Network(*parts, sources_of(state, plain=options.plain)) as network:
                delivered, stages = _deliver(network, workbook, out)
                outcome = report.to_json(delivered, stages, network.sources)
                if options.stay:
                    outcome["stay"] = report.stay_json(network)
                    screen.show(report.stay_table(outcome["stay"]))
                    screen.step("保持运行，按 Ctrl-C 结束", "staying up until Ctrl-C")
                screen.settle()
                tell(outcome)
                if options.stay:
                    _stay(network)


def _inputs(options: Options) -> tuple[tuple[Agency, ...], bytes]:
    """Read what was given, so that nothing is started for files that cannot be used."""
    workbook = read_file(options.application)
    draft = parse(workbook, local_date(datetime.now(UTC)))
    limit = options.host.persons
    if len(draft.persons) > limit:
        raise InputError(
            "DEMO_PERSONS",
            f"在此代理上演示的名单不得超过 {limit} 人",
            f"on this broker the demo takes {limit} persons at most",
            remedy_zh="请减少名单人数，或用 --broker kafka",
            remedy_en="List fewer, or use --broker kafka",
            where=str(options.application),
        )
    return load_agencies(options.data), workbook


@contextmanager
def _folder(options: Options, console: Console) -> Iterator[Path]:
    """Make the run's private folder; remove it at the end unless it is to be kept."""
    folder = make_folder()
    try:
        yield folder
    finally:
        if options.keep:
            console.print(f"运行目录已保留 / kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _stay(network: Network) -> None:
    """Stay up until a signal comes; people at the agencies go on with their work."""
    network.watch.no_limit()
    with suppress(StoppedError):
        while True:
            network.tend()
            network.watch.pause(_TEND_SECONDS)


def _deliver(network: Network, workbook: bytes, out: Out) -> tuple[Delivered, dict[str, int]]:
    screen, watch = network.screen, network.watch
    style = "" if network.host.real else "yellow"
    screen.show(*(Text(line, style=style) for line in network.host.remark))
    screen.status("签发密钥，启动消息代理", "issuing keys, starting the broker")
    began = watch.seconds
    network.prepare()
    count = len(network.state.participants)
    screen.step(
        f"{count} 个参与方的密钥、数据库与配置就绪，消息代理已启动", "keys and broker ready"
    )
    prepared = watch.seconds
    network.start()
    ready = watch.seconds
    screen.step(f"{count} 个参与方全部就绪，各为一个进程", "every participant is up")
    screen.show(report.sources_table(network.sources))
    network.fill()
    query = _submit(network, workbook)
    delivered = fetch(network, query, follow(network, query))
    out.write(delivered, network.state.roots())
    roots = read_certificates(out.root)
    verify(delivered.proof, PathValidator(roots[0], roots[1:]))
    stages = report.stages(delivered, prepared - began, ready - prepared, watch.seconds)
    _show(network, delivered, out)
    return delivered, stages


def _submit(network: Network, workbook: bytes) -> UUID:
    """Submit; where the workbook asks for what no table holds, say what the tables do offer."""
    try:
        return submit(network, workbook)
    except RemoteError as error:
        codes = {fault.code for fault in error.body.faults}
        codes |= {finding.code for finding in error.body.findings}
        if "CATEGORY_UNKNOWN" in codes:
            network.screen.show(*report.offers(network.state.agencies))
        raise


def _show(network: Network, delivered: Delivered, out: Out) -> None:
    names = network.state.titles
    sources = {source.agency.id: source.title.short for source in network.sources}
    began = delivered.detail.summary.opened
    screen = network.screen
    screen.show(
        render(delivered.timeline, began, names, sources),
        report.summary_table(delivered.result),
        Text(),
    )
    screen.step(
        f"证明已验证，{len(CHECKS)} 项检查全部通过", f"proof verified: all {len(CHECKS)} checks"
    )
    screen.show(
        Text(f"查询 query: {delivered.detail.summary.query}"),
        Text(f"结果、证明与日志 result, proof and logs: {out.folder}/"),
        Text(f"离线验证证明 verify the proof offline: {out.verify_command}"),
    )
