"""Checks an adapter from its file: configuration, mapping, source, then every case of the kit.

No broker is reached. A connector that keeps what it was given in the adapter's own store gets that
store opened; every other is checked before keys and store exist.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from adapters.contract import Connector, Lookup, Setup
from adapters.host.desk import open_desk
from adapters.host.run import mapped
from adapters.host.setup import connector_of, setup_of
from adapters.kit.ground import Case
from adapters.kit.people import Known, read_people, strangers
from adapters.kit.report import Line, Report
from adapters.kit.run import CASE_SECONDS, run_kit
from bus.config.models import Config
from bus.errors import ConfigError
from schemas.resources import Resource

Begin = Callable[[Case, str], None]
Tell = Callable[[Line], None]

_NOBODY = "adapter check"
"""Who opens the store: the check reads it in memory and leaves nothing in the audit chain."""


async def check_adapter(
    config: Config,
    path: Path,
    *,
    case_seconds: float = CASE_SECONDS,
    begin: Begin = lambda _case, _resource: None,
    tell: Tell = lambda _line: None,
) -> Report:
    """Check an adapter, and run the kit on its connector.

    Args:
        config: Its configuration.
        path: The configuration's file, for errors and relative paths.
        case_seconds: What one case may take.
        begin: Told each case as it begins.
        tell: Told each line as it is done.

    Raises:
        ConfigError: Every fault of mapping and source, named; then no case is run.
        UnavailableError: The source cannot be reached.
        KeyFileError: The file of known people, or a key, is missing or readable by others.
    """
    file = config.adapter.check_people
    people = () if file is None else read_people(file)

    setup = setup_of(config, path, None)
    async with AsyncExitStack() as stack:
        connector = await _checked(setup, people, file)
        named = {name: setup.resources[name] for name in mapped(setup)}
        if await _asks_for_store(connector, next(iter(named.values()))):
            await connector.close()
            desk = await stack.enter_async_context(open_desk(config, path, _NOBODY))
            connector = await _checked(desk.setup, people, file)
        return await run_kit(
            connector,
            named,
            people,
            datetime.now(UTC),
            checked=True,
            case_seconds=case_seconds,
            begin=begin,
            tell=tell,
        )


async def _checked(setup: Setup, people: Sequence[Known], file: Path | None) -> Connector:
    """Return a connector whose mapping fits source and people."""
    connector = connector_of(setup)
    try:
        _hold_to_mapping(people, mapped(setup), file)
        await connector.check()
    except BaseException:
        await connector.close()
        raise
    return connector


async def _asks_for_store(connector: Connector, resource: Resource) -> bool:
    """Whether a connector cannot look anybody up without the adapter's own store."""
    lookup = Lookup(
        resource.name, (resource.items[0].name,), None, None, tuple(strangers(1, None, ()))
    )
    try:
        await connector.lookup(lookup, datetime.now(UTC))
    except ConfigError as error:
        return error.code == "STORE_NEEDED"
    except Exception:  # noqa: BLE001 - the cases say what is wrong with it
        return False
    return False


def _hold_to_mapping(people: Sequence[Known], named: Collection[str], file: Path | None) -> None:
    """Refuse people of a resource that is not mapped."""
    if any(one.resource not in {None, *named} for one in people):
        raise ConfigError(
            "PEOPLE_INVALID",
            "已知人员文件的 resource 列含未映射的信息资源",
            "the file of known people names a resource that is not mapped",
            remedy_zh=f"可填：{'、'.join(named)}，或留空",
            remedy_en=f"Use one of {', '.join(named)}, or leave it blank",
            where=str(file),
        )
