"""What an adapter's connector is made from, out of its configuration."""

from __future__ import annotations

from pathlib import Path

from adapters.contract import Books, Connector, Setup
from adapters.mapping.catalogue import catalogue_faults_of_document
from adapters.mapping.faults import MappingError
from adapters.registry import open_connector
from bus.config.models import Config
from bus.config.resources import known_resources
from bus.errors import ConfigError
from signer.identity import Role, role_of


def setup_of(config: Config, path: Path, books: Books | None) -> Setup:
    """Return the setup that a configuration asks for.

    Args:
        config: The configuration.
        path: Its file, for errors and relative paths.
        books: The participant's store; None where the mapping is only looked at.

    Raises:
        ConfigError: `ROLE_DIFFERS`: it is a centre's. `RESOURCES_INVALID`.
    """
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
    known = known_resources(config.adapter.resources)
    return Setup(given, str(path), path.resolve().parent, known, books)


def connector_of(setup: Setup) -> Connector:
    """Make the connector of a setup.

    Raises:
        ConfigError: `MAPPING_INVALID` with every fault, those against the catalogue too;
            else as `adapters.registry.open_connector`.
    """
    try:
        return open_connector(setup)
    except MappingError as error:
        # Both at once: mending one key must not bring a second list of faults to light.
        catalogue = catalogue_faults_of_document(setup.document, setup.resources)
        findings = [*error.findings, *catalogue]
    raise MappingError("MAPPING_INVALID", findings, where=setup.where)
