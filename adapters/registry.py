"""Finds the connector that `[source] kind` names: ours, and those of others, by entry point.

A package that brings a connector names it in its own metadata:

    [project.entry-points."hedui.adapters"]
    dbase = "their_package.dbase:open_connector"
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from adapters.contract import Connector, OpenConnector, Setup
from bus.errors import ConfigError, HeduiError

GROUP = "hedui.adapters"
DEFAULT = "sql"


def kind_of(setup: Setup) -> str:
    """Return the name of the connector that a mapping asks for.

    Raises:
        ConfigError: `CONNECTOR_UNKNOWN`: it is no text.
    """
    source = setup.document.get("source")
    kind = source.get("kind", DEFAULT) if isinstance(source, dict) else DEFAULT
    if not isinstance(kind, str):
        raise _unknown(setup, sorted(_installed()))
    return kind


def open_connector(setup: Setup) -> Connector:
    """Make the connector that the mapping asks for.

    Raises:
        ConfigError: `CONNECTOR_UNKNOWN`, naming those that are installed; `CONNECTOR_BROKEN` where
            one cannot be loaded; else as the connector says of the mapping.
    """
    installed = _installed()
    found = installed.get(kind_of(setup))
    if found is None:
        raise _unknown(setup, sorted(installed))
    return _loaded(found, setup)(setup)


def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint, setup: Setup) -> OpenConnector:
    try:
        opened = point.load()
    except HeduiError:
        raise
    except Exception as error:
        # Somebody else's package: whatever its import raises.
        raise _broken(setup, type(error).__name__) from error
    if not callable(opened):
        raise _broken(setup, type(opened).__name__)
    found: OpenConnector = opened
    return found


def _unknown(setup: Setup, names: list[str]) -> ConfigError:
    return ConfigError(
        "CONNECTOR_UNKNOWN",
        "没有安装此名称的连接器",
        "no connector of that name is installed",
        remedy_zh=f"请从已安装的连接器中选择：{'、'.join(names)}；或先安装其软件包",
        remedy_en=f"Choose one of {', '.join(names)}, or install its package",
        where=f"{setup.where}: source.kind",
    )


def _broken(setup: Setup, what: str) -> ConfigError:
    return ConfigError(
        "CONNECTOR_BROKEN",
        f"连接器无法加载（{what}）",
        f"the connector cannot be loaded ({what})",
        remedy_zh="请重新安装其软件包，或联系其提供者",
        remedy_en="Install its package anew, or ask whoever made it",
        where=f"{setup.where}: source.kind",
    )
