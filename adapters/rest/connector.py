"""The REST connector: a service's records judged like every other source's rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import httpx

from adapters.contract import Setup
from adapters.rest.client import Service
from adapters.rest.mapping import RestMapping, RestResource, RestSource
from adapters.rest.rows import RestRows
from adapters.rows import RowsConnector
from schemas.resources import Resource


class RestConnector(RowsConnector[RestSource, RestResource]):
    """A `Connector` on one service.

    Args:
        mapping: How its answers make resources.
        resources: The catalogue's resources by name, shipped or of the directory (R005).
        clock: Seconds, monotonic: for tokens and the pace.
        sleep: Waits so many seconds.

    Raises:
        ConfigError: As `adapters.rest.client.Service`.
    """

    def __init__(
        self,
        mapping: RestMapping,
        resources: Mapping[str, Resource],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(mapping, resources, RestRows(mapping, Service(mapping, clock, sleep)))
        self._own = mapping
        self._clock = clock
        self._sleep = sleep

    def aimed_at(self, host: str, port: int, patience_seconds: float) -> RestConnector:
        """Return another connector of the same mapping that seeks its service elsewhere.

        The authority that gives tokens is sought there as well, and nothing is tried again.
        """
        source = self._own.source
        changes: dict[str, object] = {
            "url": _moved(source.url, host, port),
            "timeout_seconds": patience_seconds,
            "retries": 0,
        }
        if source.oauth2:
            token_url = _moved(source.oauth2.token_url, host, port)
            changes["oauth2"] = source.oauth2.model_copy(update={"token_url": token_url})
        moved = source.model_copy(update=changes)
        mapping = self._own.model_copy(update={"source": moved})
        return RestConnector(mapping, self._resources, self._clock, self._sleep)


def open_connector(setup: Setup) -> RestConnector:
    """Make the connector (`[source] kind = "rest"`).

    Raises:
        ConfigError: `MAPPING_INVALID`, or as `RestConnector`.
    """
    mapping = RestMapping.from_toml(setup.document, setup.where, setup.folder)
    return RestConnector(mapping, setup.resources)


def _moved(url: str, host: str, port: int) -> str:
    return str(httpx.URL(url).copy_with(host=host, port=port))
