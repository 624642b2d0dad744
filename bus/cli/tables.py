"""Tables of queries and applications, for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bus.api.application import ApplicationDetail, ApplicationSummary, ReviewBody
from bus.api.query import AssentBody, HopBody, ProblemBody, QueryDetail, QuerySummary, RowBody
from bus.api.row_delay import DelayBody
from bus.cli.form import form_table, lines_table, members_table
from bus.cli.output import findings_table, local, table
from bus.model.case import STATE_ZH, QueryState, RowState
from bus.model.review import Waits

_ROW_STATES = {
    RowState.OPEN: "待反馈",
    RowState.ANSWERED: "已反馈",
    RowState.DISPATCHED: "已分发",
    RowState.UNSERVED: "无法查询",
}


_WAITS = {
    Waits.BLOCKING: "不得受理",
    Waits.DOUBTFUL: "存疑",
    Waits.MANUAL: "人工审查",
    Waits.SAMPLED: "抽中",
    Waits.TOO_LARGE: "指令过大",
}


def state_text(state: QueryState) -> str:
    """Return a query's state in Chinese and as its code."""
    return f"{STATE_ZH[state]} {state}"


def progress_text(summary: QuerySummary) -> str:
    """Return how many of the answers have come, are due still, or will not come."""
    account = summary.counts.account
    return f"{account.zh} / {account.en}"


def delay_text(delay: DelayBody | None) -> str:
    """Return a delay in a line: the cause, the new date, and what the requester said."""
    if delay is None:
        return "-"
    said = {None: "待答复 open", True: "已同意 agreed", False: "未同意 declined"}[delay.agreed]
    new = "" if delay.until is None else f" → {local(delay.until)} {said}"
    return f"{delay.cause_title} {delay.cause}{new}"


def queries_table(queries: Sequence[QuerySummary]) -> Table:
    """Return the queries of a node."""
    made = table(
        "查询 query",
        "状态 state",
        "人数 persons",
        "反馈 answers",
        "操作员 operator",
        "提交 submitted",
        "更新 updated",
    )
    for query in queries:
        made.add_row(
            str(query.query),
            state_text(query.state),
            str(query.persons),
            progress_text(query),
            query.operator or "-",
            local(query.opened),
            local(query.updated),
        )
    return made


def rows_table(rows: Sequence[RowBody]) -> Table:
    """Return everything owed, with holder, due date and lateness."""
    made = table(
        "应答方 holder",
        "信息资源 resource",
        "分册 part",
        "状态 state",
        "期限 due",
        "完成 closed",
        "延期 delay",
    )
    for row in rows:
        state = f"{_ROW_STATES[row.state]} {row.state}"
        made.add_row(
            f"{row.holder_title} {row.holder}",
            row.resource_title,
            str(row.part),
            f"{state} {row.code}" if row.code else state,
            local(row.deadline),
            f"{local(row.closed)} 逾期 late" if row.late else local(row.closed),
            delay_text(row.delay),
        )
    return made


def hop_line(hop: HopBody) -> str:
    """Return one hop as a line: when, from whom to whom, what, and whose message it is."""
    part = "" if hop.part is None else f" #{hop.part}"
    source = "" if hop.source == hop.sender else f" ← {hop.source}"
    return (
        f"{local(hop.forwarded)}  {hop.sender_title} {hop.sender} → {hop.to_title} {hop.to}  "
        f"{_what(hop)}{part}{source} ({hop.role})"
    )


def hops_table(hops: Sequence[HopBody]) -> Table:
    """Return the hops of a query in the order of time."""
    made = table(
        "发出 forwarded",
        "到达 arrived",
        "自 from",
        "至 to",
        "消息 message",
        "来自 source",
        "分册 part",
        "角色 role",
    )
    for hop in hops:
        made.add_row(
            local(hop.forwarded),
            local(hop.arrived),
            f"{hop.sender_title} {hop.sender}",
            f"{hop.to_title} {hop.to}",
            _what(hop),
            hop.source,
            "-" if hop.part is None else str(hop.part),
            hop.role,
        )
    return made


def _what(hop: HopBody) -> str:
    return hop.kind if hop.resource is None else f"{hop.kind} {hop.resource}"


def show_query(console: Console, detail: QueryDetail) -> None:
    """Print a query: state, decision, findings, everything owed, problems."""
    summary = detail.summary
    made = table("查询 query", str(summary.query))
    made.add_row("状态 state", state_text(summary.state))
    made.add_row("申请方 requester", f"{summary.requester_title} {summary.requester}")
    made.add_row("人数 persons", str(summary.persons))
    made.add_row("分册 parts", str(summary.parts))
    made.add_row("反馈 answers", progress_text(summary))
    if detail.hours is not None:
        made.add_row("用时 turnaround", f"{detail.hours} 工作小时 working hours")
    made.add_row("操作员 operator", summary.operator or "-")
    made.add_row("提交 submitted", local(summary.opened))
    made.add_row("送达 delivered", local(summary.delivered))
    if summary.purged is not None:
        made.add_row("结果 result", f"已清除 purged {local(summary.purged)}")
    if detail.assent is not None:
        made.add_row("上级同意 assent", assent_text(detail.assent))
    if detail.decision is not None:
        word = "受理 accepted" if detail.decision.accepted else "拒绝 refused"
        made.add_row("决定 decision", f"{word} {detail.decision.by} {local(detail.decision.at)}")
    console.print(made)
    if detail.findings:
        console.print()
        console.print(findings_table(detail.findings))
    if detail.rows:
        console.print()
        console.print(rows_table(detail.rows))
    if detail.problems:
        console.print()
        console.print(_problems_table(detail.problems))


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
        "启动期限 start by",
        "剩余工时 hours",
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
            local(application.start_by),
            _hours(application.working_hours_left),
            local(application.received),
            "-" if application.decision is None else application.decision.by,
        )
    return made


def assent_text(assent: AssentBody) -> str:
    """Return who assented to a city's application, in one line."""
    return f"{assent.province_title} {assent.province} {assent.by} {local(assent.at)}"


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
        console.print(_review_table(detail.review))
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


def _review_table(review: ReviewBody) -> Table:
    """Return under which rule it was reviewed, and why it waits."""
    rule = f"第 {review.rule} 条规则 rule {review.rule}" if review.rule else "默认 default"
    made = table("审查 review", f"{rule}，{review.mode}")
    if review.draw is not None:
        drawn = f"{review.draw} {'<' if review.draw < (review.rate or 0) else '≥'} {review.rate}"
        made.add_row("抽签 draw", f"{drawn}（百万分之 of a million）")
    waits = f"{review.waits_zh} {review.waits}" if review.waits else "无须等待 does not wait"
    made.add_row("待办原因 waits", waits)
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


def _problems_table(problems: Sequence[ProblemBody]) -> Table:
    made = table("时间 at", "问题通知 problem", "来自 source")
    for problem in problems:
        made.add_row(local(problem.at), problem.code, problem.source)
    return made
