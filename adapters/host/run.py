"""Puts an agency's host together and runs it: step, answering, health and metrics."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from adapters.contract import Books, Connector, Setup, Tended
from adapters.host.answering import Answering
from adapters.host.codes import places_of
from adapters.host.readiness import facts, source_missing
from adapters.host.router import AgencyRouter
from adapters.host.setup import connector_of, setup_of
from adapters.host.source import Limits, Mapped
from adapters.registry import kind_of
from bus.config.models import Config
from bus.daemon.admission.renewing import LOOK_EVERY, renewing_of
from bus.daemon.assemble import Participant, assemble
from bus.daemon.retention import LOOK_EVERY as PURGE_EVERY
from bus.daemon.retention import retention_of
from bus.daemon.run import Regular, deadlines, run
from bus.http.server import health_face
from schemas.resources import Item

ANSWER_EVERY = timedelta(seconds=1)
TEND_EVERY = timedelta(minutes=1)


async def run_adapter(config: Config, path: Path, *, dev: bool) -> bool:
    """Run an adapter until a signal, or until it has renewed its keys; returns whether it has.

    Args:
        config: Its configuration, mapping included.
        path: The configuration's file, for errors and relative paths.
        dev: Whether a plaintext broker is allowed.

    Raises:
        ConfigError: Configuration, keys or mapping are unfit, or the source does not fit them. One
            that is down does not end the start: orders are taken, and it is checked before the
            first lookup.
    """
    participant = assemble(config, AgencyRouter(), dev=dev)
    office = participant.office
    books = Books(office.me, participant.store, lambda: office.store_key)
    setup = setup_of(config, path, books)
    connector = connector_of(setup)
    answering = Answering(
        office,
        participant.store,
        connector,
        mapped_of(setup),
        participant.metrics,
        participant.log,
        participant.instance,
        limits_of(config),
        participant.loops.stopping.is_set,
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
            [health_face(participant, lambda: source_missing(answering), lambda: facts(answering))],
            [
                Regular("answering", ANSWER_EVERY, answer, stepped, answering.hand_over),
                Regular("renewal", LOOK_EVERY, renewing.look),
                Regular("retention", PURGE_EVERY, retention_of(participant).purge),
                deadlines(participant),
                *tending(participant, connector),
            ],
            # Not before: a connector may keep what it was given in the adapter's own store.
            prepare=answering.source.first_check,
        )
    finally:
        await connector.close()
    return renewing.renewed


def tending(participant: Participant, connector: Connector) -> list[Regular]:
    """Return the timer of a connector that has something to do without being asked, if it has."""
    if not isinstance(connector, Tended):
        return []
    office = participant.office

    async def tend() -> None:
        await connector.tend(office.clock.now(), participant.metrics, participant.log)

    return [Regular("tending", TEND_EVERY, tend)]


def limits_of(config: Config) -> Limits:
    """Return how hard the source may be pressed."""
    section = config.adapter
    patience = timedelta(seconds=section.lookup_timeout_seconds)
    return Limits(section.lookups_at_once, section.persons_at_once, patience)


def mapped_of(setup: Setup) -> Mapped:
    """Return what a well-formed mapping says that the host must know."""
    entries = setup.document["resource"]
    names = {entry["name"]: str(entry.get("name_mismatch", "")) for entry in entries}
    items = {item.name for name in names for item in _items(setup, name)}
    return Mapped(names, places_of(entries) | items, kind_of(setup))


def _items(setup: Setup, name: str) -> tuple[Item, ...]:
    resource = setup.resources.get(name)
    return () if resource is None else resource.items


def mapped(setup: Setup) -> tuple[str, ...]:
    """Return the names of the resources that a well-formed mapping offers."""
    return tuple(entry["name"] for entry in setup.document["resource"])
