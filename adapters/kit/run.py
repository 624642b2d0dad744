"""Runs every case on a connector: the test kit that any adapter must pass.

An agency runs it by `hedui adapter check`; whoever writes a connector runs it in tests of their
own:

    report = await run_kit(connector, resources(), people, datetime.now(UTC))
    assert report.passes(), report.plain()
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from adapters.contract import Connector, SourcePendingError
from adapters.judge import Row
from adapters.kit.cases import CASES, CLOSES, FITS
from adapters.kit.ground import Case, Ground
from adapters.kit.people import Known, of_resource, people_of_rows
from adapters.kit.report import Line, Report, Result, failed, not_applicable, passed
from adapters.mapping.resource import ResourceMapping
from adapters.rows import RowsConnector
from bus.errors import HeduiError
from schemas.resources import Resource

SAMPLE = 200
"""Rows taken from a source that can show some."""

CASE_SECONDS = 120.0
"""What a case may take, unless told otherwise: a source that needs longer answers nobody."""

SILENCE_SECONDS = 1.0
"""How long a rehearsed source that does not answer is waited for."""


async def run_kit(
    connector: Connector,
    resources: Mapping[str, Resource],
    people: Sequence[Known],
    now: datetime,
    *,
    checked: bool = False,
    case_seconds: float = CASE_SECONDS,
    begin: Callable[[Case, str], None] = lambda _case, _resource: None,
    tell: Callable[[Line], None] = lambda _line: None,
) -> Report:
    """Run every case, and close the connector.

    Where nobody is stated of a resource, people are taken from rows that the source shows
    (`RowsConnector.sample`), in memory only.

    Args:
        connector: The connector, freshly opened.
        resources: The resources that it offers, by name.
        people: Known people, as `adapters.kit.people.read_people` reads them; may be empty.
        now: The present instant, UTC.
        checked: Whether the connector's `check`, which may read whole tables, has just passed.
        case_seconds: What one case may take.
        begin: Told each case as it begins, with its resource, or an empty text.
        tell: Told each line as it is done.
    """
    lines: list[Line] = []

    async def show(case: Case, ground: Ground) -> Result:
        resource = "" if case.whole else ground.resource.name
        begin(case, resource)
        began = time.perf_counter()
        done = passed() if checked and case is FITS else None
        result = done or await _result(case, ground, case_seconds)
        line = Line(case.number, case.zh, case.en, resource, result, time.perf_counter() - began)
        lines.append(line)
        tell(line)
        return result

    bare = [_ground(connector, one, (), None, now) for one in resources.values()]
    try:
        fits = await show(FITS, bare[0])
        if not fits.code:
            for ground in bare:
                whole = await _peopled(ground, people)
                for case in _by_resource():
                    await show(case, whole)
            for case in CASES:
                if case.whole:
                    await show(case, bare[0])
    finally:
        await show(CLOSES, bare[0])
    return Report(tuple(lines))


def _by_resource() -> Iterator[Case]:
    return (case for case in CASES if not case.whole)


async def _result(case: Case, ground: Ground, seconds: float) -> Result:
    try:
        async with asyncio.timeout(seconds):
            return await case.run(ground)
    except SourcePendingError as pending:
        return not_applicable(
            f"由人员办理，不即时答复（{pending.code}）",
            "people answer, in their time",
        )
    except TimeoutError:
        return failed("CASE_TOO_SLOW", f"超过 {seconds:g} 秒", f"more than {seconds:g} s")
    except HeduiError as error:
        place = f" [{error.where}]" if error.where else ""
        return failed(error.code, f"{error.zh}{place}", f"{error.en}{place}")
    except Exception as error:  # noqa: BLE001 - a connector is somebody else's: its text may quote
        kind = type(error).__name__
        return failed(
            "FOREIGN_ERROR",
            f"连接器抛出了未编码的异常（{kind}）",
            f"the connector raised an error that is not coded ({kind})",
        )


async def _peopled(ground: Ground, people: Sequence[Known]) -> Ground:
    """Return the ground with the people known of its resource, and rows where there are any."""
    rows = await _rows(ground)
    known = of_resource(people, ground.resource.name)
    if not known and rows and ground.entry is not None:
        known = people_of_rows(ground.entry, ground.resource, rows)
    return _ground(ground.connector, ground.resource, known, rows, ground.now)


async def _rows(ground: Ground) -> Sequence[Row] | None:
    if not isinstance(ground.connector, RowsConnector):
        return None
    try:
        return await ground.connector.sample(ground.resource.name, SAMPLE)
    except HeduiError:
        # What ails the source is said by the cases that ask it.
        return None


def _ground(
    connector: Connector,
    resource: Resource,
    people: tuple[Known, ...],
    rows: Sequence[Row] | None,
    now: datetime,
) -> Ground:
    entry: ResourceMapping | None = None
    if isinstance(connector, RowsConnector):
        entry = connector.mapping.resource(resource.name)
    return Ground(connector, resource, entry, people, rows, now, SILENCE_SECONDS)
