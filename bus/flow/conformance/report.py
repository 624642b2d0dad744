"""What the hub signs at the end of a run (R014), and which of its reports admits a participant."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bus.errors import DefectError, RefusedError
from bus.flow.conformance.checks import BY_NUMBER
from bus.model.probe import Figure, Run, RunPurpose, RunResult, RunState
from signer.conformance import Report, ReportFigure, ReportTest


def report_of(run: Run, hub_product: str, directory_version: int) -> Report:
    """Return the report on a run that has ended.

    Args:
        run: The run.
        hub_product: Our own product and version.
        directory_version: The directory in force, and with it the catalogue.
    """
    if run.ended is None or run.expires is None:
        raise DefectError("RUN_OPEN", "检测尚未结束", "the run has not ended", where=str(run.id))
    return Report(
        run=run.id,
        participant=run.participant,
        purpose=run.purpose,
        product=run.product,
        specs=run.specs,
        hub_product=hub_product,
        directory_version=directory_version,
        tests=tuple(
            ReportTest(
                result.test,
                BY_NUMBER[result.test].name,
                BY_NUMBER[result.test].zh,
                result.passed,
                result.code,
                result.details,
                tuple(ReportFigure(f.name, f.value, f.unit) for f in result.figures),
            )
            for result in run.results
        ),
        passed=run.state is RunState.PASSED,
        opened=run.opened,
        made=run.ended,
        expires=run.expires,
    )


def run_of(report: Report, data: bytes) -> Run:
    """Return the run that a verified report is about, ended, as its participant keeps it.

    Args:
        report: The report.
        data: Its signed bytes.

    Raises:
        RefusedError: `REPORT_MALFORMED`: a purpose that this product does not know.
    """
    if report.purpose not in list(RunPurpose):
        raise RefusedError(
            "REPORT_MALFORMED",
            "不识别的检测种类",
            "a purpose that is not known here",
            where=str(report.run),
        )
    return Run(
        id=report.run,
        participant=report.participant,
        purpose=RunPurpose(report.purpose),
        state=RunState.PASSED if report.passed else RunState.FAILED,
        opened=report.opened,
        due=report.made,
        tests=tuple(test.test for test in report.tests),
        results=tuple(
            RunResult(
                test.test,
                test.passed,
                test.code,
                test.details,
                tuple(Figure(f.name, f.value, f.unit) for f in test.figures),
            )
            for test in report.tests
        ),
        product=report.product,
        specs=report.specs,
        ended=report.made,
        expires=report.expires,
        report=data,
    )


def admitting(runs: Iterable[Run], now: datetime) -> Run | None:
    """Return the newest passed pre-connection run whose report is valid now, or None (R014).

    Inspections make a subset of the tests, so theirs never admits; and one that failed takes
    nothing away: what follows from it an operator decides (R016).
    """
    valid = [
        run
        for run in runs
        if run.purpose is RunPurpose.ADMISSION
        and run.state is RunState.PASSED
        and run.report is not None
        and run.expires is not None
        and now < run.expires
    ]
    return max(valid, key=lambda run: run.opened, default=None)
