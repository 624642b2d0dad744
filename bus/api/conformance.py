"""What an operator sees of test runs (检测与巡检, R014-R016)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from bus.api.body import Answered
from bus.model.probe import PURPOSE_ZH, STATE_ZH, Run, RunPurpose, RunResult, RunState

TestTitle = Callable[[int], tuple[str, str]]
"""The name and the Chinese name of a test, by its number."""


class FigureBody(Answered):
    """A measured figure (数据)."""

    name: str
    value: int
    unit: str


class ResultBody(Answered):
    """How one test ended (检测项结果)."""

    test: int
    name: str
    title: str
    passed: bool
    code: str | None
    details: tuple[str, ...]
    figures: tuple[FigureBody, ...]

    @classmethod
    def of(cls, result: RunResult, titles: TestTitle) -> ResultBody:
        """Return the body of a result."""
        name, title = titles(result.test)
        return cls(
            test=result.test,
            name=name,
            title=title,
            passed=result.passed,
            code=result.code,
            details=result.details,
            figures=tuple(
                FigureBody(name=f.name, value=f.value, unit=f.unit) for f in result.figures
            ),
        )


class RunBody(Answered):
    """A test run (检测)."""

    run: UUID
    participant: str
    purpose: RunPurpose
    purpose_title: str
    state: RunState
    state_title: str
    opened: datetime
    ended: datetime | None
    expires: datetime | None
    ordered_by: str | None
    product: str
    tests: Annotated[int, Field(description="检测项数 / How many tests the run has")]
    current: Annotated[str | None, Field(description="正在进行的检测项 / The test under way")]
    results: tuple[ResultBody, ...]

    @classmethod
    def of(cls, run: Run, titles: TestTitle) -> RunBody:
        """Return the body of a run."""
        running = run.state is RunState.RUNNING and run.current
        return cls(
            run=run.id,
            participant=run.participant,
            purpose=run.purpose,
            purpose_title=PURPOSE_ZH[run.purpose],
            state=run.state,
            state_title=STATE_ZH[run.state],
            opened=run.opened,
            ended=run.ended,
            expires=run.expires,
            ordered_by=run.ordered_by,
            product=run.product,
            tests=len(run.tests),
            current=titles(run.current)[1] if running else None,
            results=tuple(ResultBody.of(result, titles) for result in run.results),
        )
