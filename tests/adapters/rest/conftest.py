"""A fund centre's service on a real HTTP server, and connectors on it."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fund_service import WITHDRAWALS, Fund, Waits

from adapters.rest.connector import RestConnector
from adapters.rest.mapping import RestMapping
from schemas.resources import resources


@pytest.fixture
def fund(rest_service) -> Fund:
    return Fund(rest_service)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def document(tmp_path) -> Callable[..., dict[str, Any]]:
    """Return the parsed adapter's file with some keys changed; None removes a key."""

    def make(url: str, source: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        entry = {**copy.deepcopy(WITHDRAWALS), **changes}
        entry = {key: value for key, value in entry.items() if value is not None}
        return {
            "source": {"kind": "rest", "url": url, "requests_per_second": 1000, **(source or {})},
            "resource": [entry],
        }

    return make


@pytest.fixture
def rest_mapping(document, tmp_path) -> Callable[..., RestMapping]:
    def make(url: str, source: dict[str, Any] | None = None, **changes: Any) -> RestMapping:
        return RestMapping.from_toml(document(url, source, **changes), "adapter.toml", tmp_path)

    return make


@pytest.fixture
async def rest(rest_mapping, rest_service, waits) -> AsyncIterator[Callable[..., RestConnector]]:
    """Make connectors on the service, closed at the end of the test."""
    made: list[RestConnector] = []

    def make(
        source: dict[str, Any] | None = None, *, url: str | None = None, **changes: Any
    ) -> RestConnector:
        mapping = rest_mapping(url or f"{rest_service.url}/api/", source, **changes)
        made.append(RestConnector(mapping, resources(), waits.clock, waits.sleep))
        return made[-1]

    yield make
    for one in made:
        await one.close()
