"""Tables of applications under review, for the hub's operators."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bus.api.application import ApplicationDetail, ApplicationSummary, ReviewBody
from bus.cli.form import form_table, lines_table, members_table
from bus.cli.output import findings_table, local, table
from bus.cli.tables import assent_text, rows_table, state_text
from bus.model.case import QueryState
from bus.model.review import Waits

_WAITS = {
    Waits.BLOCKING: "不得受理",
    Waits.DOUBTFUL: "存疑",
    Waits.MANUAL: "人工审查",
    Waits.SAMPLED: "抽中",
    Waits.TOO_LARGE: "指令过大",
}


def applications_table(applications: Sequence[ApplicationSummary]) -> Table:
    """Return the applications at the hub."""
    made = table(
        "申请 application",
        "申请方 requester",
        "状态 state",
        "人数 persons",
        "分册 parts",
        "意见 findings",
        "待办 waits",
        "收到 received",
        "决定 decided by",
    )
    for application in applications:
        made.add_row(
            str(application.query),
            f"{application.requester_title} {application.requester}",
            state_text(application.state),
            str(application.persons),
            f"{application.parts_received}/{application.parts_listed}",
            _found(application),
            _waits(application),
            local(application.received),
            "-" if application.decision is None else application.decision.by,
        )
    return made


def waiting_table(applications: Sequence[ApplicationSummary]) -> Table:
    """Return what waits for an operator: why, and by when it has to start."""
    made = table(
        "申请 application",
        "申请方 requester",
        "人数 persons",
        "意见 findings",
        "待办 waits",
        "启动期限 start by",
        "剩余工时 hours left",
    )
    for application in applications:
        made.add_row(
            str(application.query),
            f"{application.requester_title} {application.requester}",
            str(application.persons),
            _found(application),
            _waits(application),
            local(application.start_by),
            _hours(application.working_hours_left),
        )
    return made


def show_application(console: Console, detail: ApplicationDetail) -> None:
    """Print an application: the form, the list, the findings, everything owed."""
    console.print(applications_table([detail.summary]))
    if detail.summary.assent is not None:
        console.print(f"上级同意 assent: {assent_text(detail.summary.assent)}")
    if detail.form is not None:
        console.print()
        console.print(form_table(detail.form))
        console.print()
        console.print(lines_table(detail.form.lines))
    if detail.persons:
        console.print()
        console.print(members_table(detail.persons))
    if detail.review is not None:
        console.print()
        console.print(_review_table(detail.review, detail.summary))
    if detail.summary.state is QueryState.UNDER_REVIEW and detail.review is not None:
        _print_weighed(console, detail.review)
    elif detail.findings:
        console.print()
        console.print(findings_table(detail.findings))
    if detail.rows:
        console.print()
        console.print(rows_table(detail.rows))


def _found(application: ApplicationSummary) -> str:
    """Say how many findings there are, and how many warnings beside them."""
    beside = f" + {application.warnings} 提示" if application.warnings else ""
    return f"{application.findings}{beside}"


def _waits(application: ApplicationSummary) -> str:
    why = application.waits
    return "-" if why is None else f"{_WAITS[why]} {why}"


def _hours(left: float | None) -> str:
    if left is None:
        return "-"
    return f"{left:.1f}" if left >= 0 else f"逾期 late {-left:.1f}"


def _review_table(review: ReviewBody, summary: ApplicationSummary) -> Table:
    """Return under which rule it was reviewed, why it waits, and by when it has to start."""
    rule = f"第 {review.rule} 条规则 rule {review.rule}" if review.rule else "默认 default"
    made = table("审查 review", f"{rule}，{review.mode}")
    if review.draw is not None:
        drawn = f"{review.draw} {'<' if review.draw < (review.rate or 0) else '≥'} {review.rate}"
        made.add_row("抽签 draw", f"{drawn}（百万分之 of a million）")
    waits = f"{review.waits_zh} {review.waits}" if review.waits else "无须等待 does not wait"
    made.add_row("待办原因 waits", waits)
    if summary.start_by is not None:
        left = _hours(summary.working_hours_left)
        made.add_row("启动期限 start by", f"{local(summary.start_by)}，剩余工时 hours left {left}")
    return made


def _print_weighed(console: Console, review: ReviewBody) -> None:
    """Print the findings by what they mean for the operator."""
    for title, findings in (
        ("不得受理 blocking", review.blocking),
        ("存疑，由审查员判断 doubtful", review.doubtful),
        ("提示，不影响受理 warnings", review.warnings),
    ):
        if findings:
            console.print()
            console.print(title)
            console.print(findings_table(findings))
