"""What one transaction and one statement of the store cost by themselves, in CPU time.

The same statement is then run without the asynchronous driver, in the thread at hand: the
difference is what it costs to carry a statement to the driver's thread and its rows back.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import create_engine

from bus.model.case import CaseRole
from bus.store.cases import FIND_CASE
from bus.store.store import SqlStore

_TIMES = 300
_STATEMENTS = 10
_MICROSECONDS = 1e6


async def store_alone() -> dict[str, float]:
    """Return CPU microseconds of a transaction and of a statement, on an empty SQLite store."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        store = SqlStore(f"sqlite+aiosqlite:///{file}")
        await store.open()
        query = uuid4()

        async def read(statements: int) -> None:
            async with store.transaction() as unit:
                for _ in range(statements):
                    await unit.case(query, CaseRole.REVIEWER)

        empty = await _cost(lambda: read(0))
        full = await _cost(lambda: read(_STATEMENTS))
        await store.close()
        return {
            "empty transaction": empty,
            "one more statement": round((full - empty) / _STATEMENTS, 1),
            "the same statement in one thread": _in_one_thread(file, query),
        }


async def _cost(work: Callable[[], Awaitable[None]]) -> float:
    await work()
    began = time.process_time()
    for _ in range(_TIMES):
        await work()
    return _each(began)


def _in_one_thread(file: Path, query: UUID) -> float:
    engine = create_engine(f"sqlite:///{file}", isolation_level="AUTOCOMMIT")
    with closing(engine.connect()) as connection:
        values = {"query": query, "role": CaseRole.REVIEWER.value}
        connection.execute(FIND_CASE, values).mappings().one_or_none()
        began = time.process_time()
        for _ in range(_TIMES):
            connection.execute(FIND_CASE, values).mappings().one_or_none()
        cost = _each(began)
    engine.dispose()
    return cost


def _each(began: float) -> float:
    return round((time.process_time() - began) / _TIMES * _MICROSECONDS, 1)
