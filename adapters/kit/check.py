"""Checks an adapter from its file: configuration, mapping, source, then every case of the kit.

No broker is reached. A connector that keeps what it was given in the adapter's own store gets that
store opened; every other is checked before keys and store exist.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from adapters.contract import Setup
from adapters.host.desk import open_desk
from adapters.host.run import mapped
from adapters.host.setup import connector_of, setup_of
from adapters.kit.ground import Case
from adapters.kit.people import Known, read_people
from adapters.kit.report import Line, Report
from adapters.kit.run import CASE_SECONDS, run_kit
from bus.config.models import Config
from bus.errors import ConfigError

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

    async def run(setup: Setup) -> Report:
        connector = connector_of(setup)
        names = mapped(setup)
        try:
            known = _fitting(people, names, file)
            await connector.check()
        except BaseException:
            await connector.close()
            raise
        return await run_kit(
            connector,
            {name: setup.resources[name] for name in names},
            known,
            datetime.now(UTC),
            checked=True,
            case_seconds=case_seconds,
            begin=begin,
            tell=tell,
        )

    try:
        return await run(setup_of(config, path, None))
    except ConfigError as error:
        if error.code != "STORE_NEEDED":
            raise
    async with open_desk(config, path, _NOBODY) as desk:
        return await run(desk.setup)


def _fitting(people: Sequence[Known], named: Collection[str], file: Path | None) -> Sequence[Known]:
    """Return the people, none of whom is of a resource that is not mapped."""
    if any(one.resource not in {None, *named} for one in people):
        raise ConfigError(
            "PEOPLE_INVALID",
            "已知人员文件的 resource 列含未映射的信息资源",
            "the file of known people names a resource that is not mapped",
            remedy_zh=f"可填：{'、'.join(named)}，或留空",
            remedy_en=f"Use one of {', '.join(named)}, or leave it blank",
            where=str(file),
        )
    return people
