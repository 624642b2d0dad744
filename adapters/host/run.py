"""Puts an agency's host together and runs it: step, answering, health and metrics."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from adapters.contract import Books, Setup
from adapters.host.answering import Answering
from adapters.host.router import AgencyRouter
from adapters.host.setup import connector_of, setup_of
from bus.config.models import Config
from bus.daemon.admission.renewing import LOOK_EVERY, renewing_of
from bus.daemon.assemble import assemble
from bus.daemon.retention import LOOK_EVERY as PURGE_EVERY
from bus.daemon.retention import retention_of
from bus.daemon.run import Regular, deadlines, run
from bus.http.server import health_face

ANSWER_EVERY = timedelta(seconds=1)


async def run_adapter(config: Config, path: Path, *, dev: bool) -> bool:
    """Run an adapter until a signal, or until it has renewed its keys; returns whether it has.

    Args:
        config: Its configuration, mapping included.
        path: The configuration's file, for errors and relative paths.
        dev: Whether a plaintext broker is allowed.

    Raises:
        ConfigError: Configuration, keys or mapping are unfit, or the source does not fit them.
        UnavailableError: The source cannot be reached at start.
    """
    participant = assemble(config, AgencyRouter(), dev=dev)
    office = participant.office
    books = Books(office.me, participant.store, lambda: office.store_key)
    setup = setup_of(config, path, books)
    connector = connector_of(setup)
    await connector.check()
    answering = Answering(
        office,
        participant.store,
        connector,
        frozenset(mapped(setup)),
        participant.metrics,
        participant.log,
        participant.instance,
    )

    renewing = renewing_of(participant)
    stepped = asyncio.Event()

    async def answer() -> None:
        if await answering.answer_open_rows():
            participant.loops.outbox.wake.set()

    # Lookups run in a loop of their own, so that a slow source never holds up the consumer.
    participant.loops.after_step = stepped.set
    try:
        await run(
            participant,
            [health_face(participant)],
            [
                Regular("answering", ANSWER_EVERY, answer, stepped, answering.hand_over),
                Regular("renewal", LOOK_EVERY, renewing.look),
                Regular("retention", PURGE_EVERY, retention_of(participant).purge),
                deadlines(participant),
            ],
        )
    finally:
        await connector.close()
    return renewing.renewed


def mapped(setup: Setup) -> tuple[str, ...]:
    """Return the names of the resources that a well-formed mapping offers."""
    return tuple(entry["name"] for entry in setup.document["resource"])
