"""Is a source that is down, or does not answer, told from one that has nobody?"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.contract import Aimed, SourcePendingError, SourceUnavailableError
from adapters.kit.ground import Ground
from adapters.kit.report import Result, failed, not_applicable, passed
from bus.errors import ConfigError

_HOST = "127.0.0.1"


async def a_source_that_is_down_raises(ground: Ground) -> Result:
    """A closed port is `SourceUnavailableError`, never anybody's NOT_FOUND."""
    with socket.socket() as taken:
        # Bound and not listening: nobody else can open it meanwhile, every connection is refused.
        taken.bind((_HOST, 0))
        return await _rehearsed(ground, taken.getsockname()[1])


async def a_silent_source_raises(ground: Ground) -> Result:
    """A source that takes the connection and never says a word, likewise, in its time."""
    async with _listener() as port:
        return await _rehearsed(ground, port)


async def _rehearsed(ground: Ground, port: int) -> Result:
    if not isinstance(ground.connector, Aimed):
        return not_applicable(
            "该连接器不能改指他处演练（aimed_at）",
            "this connector cannot be aimed elsewhere to rehearse it (aimed_at)",
        )
    try:
        aimed = ground.connector.aimed_at(_HOST, port, ground.patience)
    except ConfigError as error:
        if error.code != "SOURCE_LOCAL":
            raise
        return not_applicable("数据源在本机文件中", "the source is a file on this machine")
    try:
        [stranger] = ground.strangers(1)
        there = Ground(aimed, ground.resource, ground.entry, (), None, ground.now, ground.patience)
        result = await there.result([stranger])
    except SourcePendingError:
        raise
    except SourceUnavailableError as error:
        return passed(error.code, error.en)
    finally:
        await aimed.close()
    return failed(
        "OUTAGE_ANSWERED",
        f"数据源不通，却答复了 {len(result.outcomes)} 人",
        f"the source is not there, and {len(result.outcomes)} people were answered",
    )


@asynccontextmanager
async def _listener() -> AsyncIterator[int]:
    """A server that takes connections and never answers, on a free port of this machine."""
    open_ones: set[asyncio.StreamWriter] = set()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(writer)

    server = await asyncio.start_server(silent, _HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_ones:
            writer.transport.abort()
        await server.wait_closed()
