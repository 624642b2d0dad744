"""Which source each agency of a run has."""

from __future__ import annotations

from types import MappingProxyType

from adapters.demo.agencies import Agency
from adapters.demo.postgres_service import installed
from adapters.demo.sources.medium import MediumSource
from adapters.demo.sources.postgres import PostgresSource
from adapters.demo.sources.rest import RestSource
from adapters.demo.sources.source import Source
from adapters.demo.sources.upload import UploadSource
from adapters.demo.state import State

_KINDS = MappingProxyType(
    {
        "320000.housing-fund": PostgresSource,
        "500000.housing-fund": RestSource,
        "hub.marriage": UploadSource,
        "320000.housing-bureau": MediumSource,
    }
)


def sources_of(state: State, *, plain: bool = False) -> tuple[Source, ...]:
    """Return the source of each agency, as the package's table says; if plain SQLite for all."""
    kinds = ((agency, Source if plain else _kind(agency)) for agency in state.agencies)
    return tuple(kind(state, agency) for agency, kind in kinds)


def _kind(agency: Agency) -> type[Source]:
    kind = _KINDS.get(agency.id, Source)
    if kind is PostgresSource and installed() is None:
        return Source
    if kind is UploadSource and not UploadSource.suits(agency):
        return Source
    return kind
