"""A fund centre with every hazard that real tables have, in a file, and connectors on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import pytest
from kit_broken import Shown

from adapters.kit.people import Known
from adapters.kit.report import Report, Verdict
from adapters.kit.run import run_kit
from adapters.sql.connector import SqlConnector
from schemas.resources import resources

NAME = "housing-fund-withdrawal"
OFFERED = {NAME: resources()[NAME]}
GOOD = range(1, 31)


def wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


@pytest.fixture
def population(withdrawal, number) -> None:
    """Thirty people with good rows, and among them what goes wrong in life."""
    for serial in GOOD:
        withdrawal(serial, rq=f"2024-06-{serial:02d}")
    withdrawal(1, rq="2024-06-02")  # a second row, on the day after the first
    withdrawal(2, zjhm=number(2), zjlx="414", xm="同号异证")
    withdrawal(3, zjhm=f" {number(3)} ", rq="2024-07-01 23:59:59")
    withdrawal(4, zjhm=wide(number(4)))
    withdrawal(31, zjhm=number(5), xm="同号异名", zjlx="114")
    withdrawal(32, je="1.234")
    withdrawal(33, rq=None)


@pytest.fixture
def known(number) -> Callable[..., list[Known]]:
    def people(*serials: int) -> list[Known]:
        chosen = serials or (1, *range(6, 12))
        return [
            Known(f"测试{one}", "111", number(one), None, date(2024, 6, min(one, 15)))
            for one in chosen
        ]

    return people


@pytest.fixture
async def opened(population, mapping) -> AsyncIterator[Callable[..., SqlConnector]]:
    """Open a kind of connector on the population's table, with changes of the mapping."""
    made: list[SqlConnector] = []

    def make(kind: type[SqlConnector] = Shown, **changes: Any) -> SqlConnector:
        made.append(kind(mapping(**changes), resources()))
        return made[-1]

    yield make
    for one in made:
        await SqlConnector.close(one)


@pytest.fixture
def run(now) -> Callable[..., Any]:
    async def kit(connector: Any, people: Any = (), **how: Any) -> Report:
        return await run_kit(connector, OFFERED, people, now, **how)

    return kit


@pytest.fixture
def ended() -> Callable[[Report, Verdict], dict[str, str]]:
    """The numbers of the cases that ended so, with their codes."""

    def of(report: Report, verdict: Verdict) -> dict[str, str]:
        found = [line for line in report.lines if line.result.verdict is verdict]
        return {line.number: line.result.code for line in found}

    return of
