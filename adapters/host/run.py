"""Puts an agency's host together and runs it: step, answering, health and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from adapters.host.answering import Answering
from adapters.host.router import AgencyRouter
from adapters.mapping import MappingError, SourceMapping
from adapters.sql.check import catalogue_faults_of_document
from adapters.sql.connector import SqlConnector
from bus.config.models import Config
from bus.config.resources import known_resources
from bus.daemon.admission.renewing import LOOK_EVERY, renewing_of
from bus.daemon.assemble import assemble
from bus.daemon.retention import LOOK_EVERY as PURGE_EVERY
from bus.daemon.retention import retention_of
from bus.daemon.run import Regular, deadlines, run
from bus.errors import ConfigError
from bus.http.server import health_face
from schemas.resources import Resource
from signer.identity import Role, role_of

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
    known = known_resources(config.adapter.resources)
    mapping = _mapping(config, path, known)
    participant = assemble(config, AgencyRouter(), dev=dev)
    connector = SqlConnector(mapping, known)
    await connector.check()
    answering = Answering(
        participant.office,
        participant.store,
        connector,
        frozenset(entry.name for entry in mapping.resources),
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


async def check_adapter(config: Config, path: Path) -> tuple[str, ...]:
    """Check mapping and source; returns the resources that are mapped.

    Raises:
        ConfigError: Every fault of mapping and source, named.
        UnavailableError: The source cannot be reached.
    """
    known = known_resources(config.adapter.resources)
    mapping = _mapping(config, path, known)
    connector = SqlConnector(mapping, known)
    try:
        await connector.check()
    finally:
        await connector.close()
    return tuple(entry.name for entry in mapping.resources)


def _mapping(config: Config, path: Path, known: Mapping[str, Resource]) -> SourceMapping:
    if role_of(config.participant.id) is not Role.ADAPTER:
        raise ConfigError(
            "ROLE_DIFFERS",
            f"{config.participant.id} 不是机构前置",
            f"{config.participant.id} is not an adapter",
            remedy_zh="[participant] id 应为“节点.机构”",
            remedy_en="[participant] id must be <centre>.<agency>",
            where=str(path),
        )
    document = {"source": config.source, "resource": config.resource}
    given = {key: value for key, value in document.items() if value}
    try:
        return SourceMapping.from_toml(given, str(path), path.resolve().parent)
    except MappingError as error:
        # Both at once: mending one key must not bring a second list of faults to light.
        catalogue = catalogue_faults_of_document(given, known)
        findings = [*error.findings, *catalogue]
    raise MappingError("MAPPING_INVALID", findings, where=str(path))
