"""Reports on the catalogue (资源目录上报, R037, R038): taken or refused at the hub.

A report is taken whole or refused whole. What was taken is listed with the next directory, which
the hub makes when its books have changed; what was refused comes back as a signed Problem.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bus.daemon.work import Work
from bus.errors import RefusedError
from bus.model.audit import Event
from bus.model.catalogue_report import CatalogReport, FiledReport, ReportState
from bus.model.messages import Finding, Problem
from bus.rules.catalogue_report import check_report
from bus.wire.message import Message
from signer.identity import HUB

LONGEST_TEXT = 500
"""Characters kept of a refusal's text: it is another's."""


async def take(work: Work, message: Message, report: CatalogReport) -> None:
    """File a province's report at the hub.

    Raises:
        RefusedError: `REPORT_NOT_NEWER`, or the code of the first of `check_report`'s findings,
            with the entry at fault and what would be right in its text.
    """
    source, office = message.header.source, work.office
    filed = await work.unit.catalogue_reports_of(source)
    if filed and report.number <= filed[0].number:
        last = filed[0].number
        raise RefusedError(
            "REPORT_NOT_NEWER",
            f"上报序号 {report.number} 不大于已收录的 {last}，请以更大的序号重新上报",
            f"number {report.number} is not above {last}, which is filed: report with a higher one",
            where=source,
        )
    found = await asyncio.to_thread(
        check_report, report, source, office.directory, office.resources
    )
    if found:
        raise refusal(found)
    entered = FiledReport(
        source, report.number, work.now, ReportState.FILED, message.digest, report
    )
    work.write(lambda: work.unit.save_catalogue_report(entered))
    work.note(
        None,
        Event.CATALOGUE_REPORTED,
        source,
        number=report.number,
        agencies=len(report.agencies),
        resources=report.resources,
        report=message.digest.hex(),
    )


async def note_refusal(work: Work, source: str, problem: Problem) -> None:
    """Note at a province that the hub has refused a report of ours, if that is what it is about."""
    if source != HUB or problem.about is None:
        return
    sent = await work.unit.catalogue_report_of(problem.about)
    if sent is None or sent.state is not ReportState.SENT:
        return
    refused = replace(
        sent,
        state=ReportState.REFUSED,
        code=problem.code,
        zh=_plain(problem.zh),
        en=_plain(problem.en),
    )
    work.write(lambda: work.unit.save_catalogue_report(refused))


def refusal(found: tuple[Finding, ...]) -> RefusedError:
    """Return the refusal of a report: the first finding, its entry, and how many there are."""
    first, more = found[0], len(found) - 1
    zh = f"{first.where}：{first.zh}" + (f"（另有 {more} 处）" if more else "")
    en = f"{first.where}: {first.en}" + (f" ({more} more)" if more else "")
    return RefusedError(first.code, zh, en, where=first.where)


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:LONGEST_TEXT])
