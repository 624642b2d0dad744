"""Connectors are found by name, ours and others'; what cannot be found or loaded is said."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from adapters import registry
from adapters.contract import Setup
from adapters.sql.connector import SqlConnector
from bus.errors import ConfigError
from schemas.resources import resources


@pytest.fixture
def setup_for(tmp_path, database, mapping):
    entry = mapping().resources[0].model_dump(by_alias=True, exclude_unset=True)

    def make(**source: object) -> Setup:
        document = {
            "source": {"url": "sqlite+aiosqlite:///fund.db", **source},
            "resource": [entry],
        }
        return Setup(document, "adapter.toml", tmp_path, resources(), None)

    return make


@pytest.fixture
def installed(monkeypatch):
    def install(name: str, value: str) -> None:
        points = EntryPoints([EntryPoint(name, value, registry.GROUP)])
        monkeypatch.setattr(registry, "entry_points", lambda **_: points)

    return install


async def test_sql_is_the_connector_where_none_is_named(setup_for):
    for setup in (setup_for(), setup_for(kind="sql")):
        connector = registry.open_connector(setup)
        assert isinstance(connector, SqlConnector)
        await connector.close()


def test_another_package_brings_its_own_by_entry_point(setup_for, installed):
    installed("dbase", f"{__name__}:opened")
    assert registry.open_connector(setup_for(kind="dbase")) == ("opened", "dbase")


def opened(setup: Setup) -> object:
    return "opened", setup.document["source"]["kind"]


@pytest.mark.parametrize("kind", ["dbase", 7])
def test_an_unknown_connector_is_answered_with_those_that_are_there(setup_for, kind):
    with pytest.raises(ConfigError) as caught:
        registry.open_connector(setup_for(kind=kind))
    assert caught.value.code == "CONNECTOR_UNKNOWN"
    assert caught.value.where == "adapter.toml: source.kind"
    assert "sql" in caught.value.remedy_en


@pytest.mark.parametrize("value", ["no.such.module:opened", f"{__name__}:missing", f"{__name__}"])
def test_a_connector_that_cannot_be_loaded_is_named(setup_for, installed, value):
    installed("dbase", value)
    with pytest.raises(ConfigError) as caught:
        registry.open_connector(setup_for(kind="dbase"))
    assert caught.value.code == "CONNECTOR_BROKEN"
