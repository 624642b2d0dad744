"""The auditor's routes: who saw this and what for; the periodic inspection."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter

from bus.api.audit import InspectionBody, PeriodAsked, ReportAskedBody, ReportBody
from bus.daemon.audit_inspection import AuditInspections
from bus.daemon.audit_report import AuditReports, PersonAsked, ReportAsked
from bus.daemon.service import Service
from bus.errors import InputError
from bus.http.answers import DOCUMENTED
from bus.http.caller import Operator
from bus.model.audit_report import Period
from bus.rules.working_days import SHANGHAI

_MIDNIGHT = datetime.min.time()


def audit_routes(service: Service) -> APIRouter:
    """Return the routes of reports and inspections, the same at hub and nodes.

    Args:
        service: The centre's operations.
    """
    routes = APIRouter(prefix="/audit", tags=["审计 Audit"], responses=DOCUMENTED)
    reports = AuditReports(service.office, service.store)
    inspections = AuditInspections(reports, service.validator)

    @routes.post("/report", summary="审计报告 / Report")
    async def report(operator: Operator, given: ReportAskedBody) -> ReportBody:
        """谁、为何、何时查阅（R077、R078）；证件号码不留存。 Who saw what, and what for."""
        person = None
        if given.person is not None:
            person = PersonAsked(given.person.id_type, given.person.id_number)
        asked = ReportAsked(_period(given), person, given.query, given.operator)
        return ReportBody.of(await reports.report(asked, operator))

    @routes.post("/inspections", summary="定期检查 / Inspect")
    async def inspect(operator: Operator, given: PeriodAsked) -> InspectionBody:
        """定期检查查询与使用情况（R077），记入审计。 The periodic inspection; audited."""
        return InspectionBody.of(await inspections.inspect(_period(given), operator))

    return routes


def _period(asked: PeriodAsked) -> Period:
    """Return the days asked for, with their instants.

    Raises:
        InputError: `PERIOD_BACKWARDS`.
    """
    if asked.until < asked.since:
        raise InputError(
            "PERIOD_BACKWARDS",
            "截止日早于起始日",
            "the last day is before the first",
            where="until",
        )
    start = datetime.combine(asked.since, _MIDNIGHT, SHANGHAI)
    end = datetime.combine(asked.until, _MIDNIGHT, SHANGHAI) + timedelta(days=1)
    return Period(asked.since, asked.until, start, end)
