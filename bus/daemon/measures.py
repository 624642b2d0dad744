"""What is measured of a case that was saved: how long an answer and a query took (★ R001)."""

from __future__ import annotations

from bus.daemon.office import Office
from bus.daemon.open_rows import province_of
from bus.flow.deadlines import answers_for, changed_rows
from bus.flow.turnaround import answer_hours, query_hours
from bus.metrics.catalogue import Metrics
from bus.model.case import Case, CaseRole, RowState
from signer.identity import HUB

_MEASURED = frozenset({CaseRole.REVIEWER, CaseRole.REQUESTER})


def observe(metrics: Metrics, office: Office, before: Case | None, after: Case) -> None:
    """Measure what came of a case between two forms of it; others than these are not measured.

    Raises:
        CalendarError: `CALENDAR_YEAR`.
    """
    if before is None or after.role not in _MEASURED:
        return
    directory, calendar = office.directory, office.calendar
    gone, come = changed_rows(before, after)
    known = {(row.part, row.resource, row.holder, row.order): row for row in gone}
    for row in come:
        was = known.get((row.part, row.resource, row.holder, row.order))
        if was is None or row.state is not RowState.ANSWERED:
            continue
        if after.role is CaseRole.REVIEWER and answers_for(after, row, directory) != HUB:
            continue  # it never passed the hub, which hears of it by the receipt alone
        province = province_of(directory, row.holder)
        if was.state is not RowState.ANSWERED:
            hours = answer_hours(after, row, calendar)
            metrics.answer_hours.labels(province=province).observe(hours)
        if row.code is not None and was.code is None:
            metrics.answer_faults.labels(province=province).inc()
    took = query_hours(after, calendar)
    if took is not None and before.delivered is None:
        province = province_of(directory, after.requester)
        metrics.query_hours.labels(province=province).observe(took)
