"""The connector of an agency without a network: as for a list, but it travels sealed (R066).

[source]
kind = "medium"
agency_keys = "agency-medium.pub"    # of `hedui medium keys` there; compare the fingerprint
"""

from __future__ import annotations

from pathlib import Path

from adapters.contract import Setup
from adapters.mapping.document import SourceSection
from adapters.template.connector import ListConnector
from adapters.template.mapping import ListMapping
from signer.medium.agency import AgencyKeys


class MediumSource(SourceSection):
    """`[source]`: the agency's public keys, pinned."""

    agency_keys: Path


class MediumConnector(ListConnector):
    """A `Connector` on what came back on a medium."""

    async def check(self) -> None:
        """Check the mapping against the catalogue, and that the agency's keys can be read.

        Raises:
            MappingError: `SOURCE_MISMATCH`.
            KeyFileError: As `AgencyKeys.read`.
        """
        await super().check()
        agency_keys(self.mapping)


def medium_mapping(setup: Setup) -> ListMapping[MediumSource]:
    """Read the mapping of a setup.

    Raises:
        ConfigError: `MAPPING_INVALID`.
    """
    return ListMapping[MediumSource].from_toml(setup.document, setup.where, setup.folder)


def agency_keys(mapping: ListMapping[MediumSource]) -> AgencyKeys:
    """Read the agency's pinned keys.

    Raises:
        KeyFileError: As `AgencyKeys.read`.
    """
    return AgencyKeys.read(mapping.folder / mapping.source.agency_keys)


def open_connector(setup: Setup) -> MediumConnector:
    """Make the connector (`[source] kind = "medium"`).

    Raises:
        ConfigError: `MAPPING_INVALID`.
    """
    return MediumConnector(medium_mapping(setup), setup.resources, setup.books)
