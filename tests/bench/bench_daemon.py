"""Runs one daemon of the product for the benchmark: its stages counted, its sealing replaced.

`bench_daemon.py --run FOLDER --variant sealed|plain hub run -c FILE`. It refuses
to run unless the process that started it is the benchmark that made FOLDER, and unless the
configuration, and with it the keys, are of that folder: no real key is ever used without sealing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bench_plain
from bench_stages import Stages

import adapters.host.answering
import adapters.host.authority
import adapters.host.row_answer
import adapters.host.run
import adapters.host.source
import bus.cli.run
import bus.daemon.assemble
import bus.daemon.opening
import bus.daemon.requester
import bus.daemon.views
import bus.daemon.work
import bus.flow.review
import bus.http.queries
import bus.store.cases
import bus.store.statements
import bus.store.store
from adapters.host.router import AgencyRouter
from adapters.sql.connector import SqlConnector
from bus.broker.kafka import KafkaBroker
from bus.broker.subscription import KafkaSubscription
from bus.cli.main import main
from bus.daemon.outbox import OutboxRelay
from bus.daemon.router import CentreRouter
from bus.daemon.service import Service
from bus.daemon.step import Step
from bus.metrics.catalogue import Metrics
from bus.store.store import SqlStore

MARK = "bench.pid"
SEALED, PLAIN = "sealed", "plain"
REFUSED = 3
STATEMENTS, TRANSACTIONS = "store: statements", "store: begin, commit, give back"
"""Stages whose calls are counted in the report."""


def _unseal() -> None:
    """Replace sealing by plain Avro, in this process."""
    bus.daemon.assemble.Sealer = bench_plain.PlainSealer
    bus.daemon.assemble.Opener = bench_plain.PlainOpener
    bus.daemon.work.reread = bus.daemon.views.reread = bench_plain.plain_reread
    bus.daemon.work.read_body = bench_plain.plain_body
    # What an agency verifies anew before it looks up: there is nothing to verify.
    adapters.host.authority._verified = bench_plain.plain_verified


def _count(stages: Stages) -> None:
    """Put the product's functions into stages, in this process."""
    for where, name, stage in (
        (bus.daemon.opening, "_open", "open"),
        (bus.daemon.work, "open_stored", "open again from the store"),
        (adapters.host.row_answer, "open_stored", "open again from the store"),
        (adapters.host.row_answer, "authorise", "verify authority again"),
        (bus.daemon.work, "_content", "seal"),
        (bus.daemon.assemble.Sealer, "prepare", "seal"),
        (bus.daemon.assemble.Sealer, "prepare_endorsement", "endorse"),
        (bus.daemon.assemble.Sealer, "sign", "sign"),
        (bus.daemon.requester, "split", "submit"),
        (bus.daemon.requester, "check_answer", "check answers"),
        (bus.flow.review, "judge", "review"),
        (bus.http.queries, "read_draft", "read and check the draft"),
        (bus.store.cases, "encode_case", "case to and from JSON"),
        (bus.store.cases, "decode_case", "case to and from JSON"),
        (adapters.host.source, "disclose", "check and encode records"),
        (adapters.host.row_answer, "_answers", "split answers"),
        (adapters.host.answering.Answering, "answer_open_rows", "answering"),
        (SqlConnector, "lookup", "lookup"),
        (CentreRouter, "handle", "flow"),
        (AgencyRouter, "handle", "flow"),
        (Step, "run", "step"),
        (Service, "submit", "submit"),
        (OutboxRelay, "drain", "publish"),
        (KafkaBroker, "publish", "publish"),
        (KafkaSubscription, "poll", "poll"),
        (KafkaSubscription, "commit", "poll"),
    ):
        setattr(where, name, stages.timed(stage, getattr(where, name)))
    for module, stage in (
        (bus.store.store, TRANSACTIONS),
        (bus.store.statements, STATEMENTS),
    ):
        module.to_the_end = _in_stage(stages, stage, module.to_the_end)
    SqlStore.open = _telling_drivers(stages, SqlStore.open)
    for module in (bus.cli.run, adapters.host.run):
        module.run = _with_tasks(stages, module.run)
    bus.daemon.assemble.Metrics = lambda me: _scraped(stages, Metrics(me))


def _in_stage(stages: Stages, stage: str, to_the_end: Callable[..., Any]) -> Callable[..., Any]:
    # A statement runs in a task of its own, so its coroutine carries the stage with it.
    async def run(work: Any) -> Any:
        return await to_the_end(stages.drive(stage, work))

    return run


def _telling_drivers(stages: Stages, open_store: Callable[..., Any]) -> Callable[..., Any]:
    async def opened(store: SqlStore) -> None:
        stages.note_threads()  # those of the agency's source, which is asked first
        stages.driver = "store: SQLite"
        await open_store(store)
        stages.note_threads()
        stages.driver = "lookup: SQLite"

    return opened


def _with_tasks(stages: Stages, run: Callable[..., Any]) -> Callable[..., Any]:
    async def running(*args: Any, **kwargs: Any) -> None:
        asyncio.get_running_loop().set_task_factory(stages.task_factory)
        await run(*args, **kwargs)

    return running


def _scraped(stages: Stages, metrics: Metrics) -> Metrics:
    metrics.registry.register(stages)
    return metrics


def _of_this_run(folder: Path, command: list[str]) -> bool:
    """Whether the benchmark itself starts us, on a configuration that it made."""
    mark = folder / MARK
    config = Path(command[command.index("-c") + 1]) if "-c" in command[:-1] else Path("/")
    return (
        mark.is_file()
        and mark.read_text("ascii") == str(os.getppid())
        and config.resolve().is_relative_to(folder.resolve())
    )


def _main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--run", type=Path, required=True)
    options.add_argument("--variant", choices=(SEALED, PLAIN), required=True)
    options.add_argument("command", nargs=argparse.REMAINDER)
    given = options.parse_args()
    if not _of_this_run(given.run, given.command):
        sys.stderr.write("only the benchmark runs this, on keys of its own making\n")
        sys.exit(REFUSED)
    if given.variant == PLAIN:
        _unseal()
    _count(Stages())
    main(given.command)


if __name__ == "__main__":
    _main()
