"""Tables of queries and applications, for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bus.api.query import AssentBody, HopBody, ProblemBody, QueryDetail, QuerySummary, RowBody
from bus.api.row_delay import DelayBody
from bus.cli.output import findings_table, local, table
from bus.model.case import STATE_ZH, QueryState, RowState
from schemas.codes import cancellation_reasons

_ROW_STATES = {
    RowState.OPEN: "待反馈",
    RowState.ANSWERED: "已反馈",
    RowState.DISPATCHED: "已分发",
    RowState.UNSERVED: "无法查询",
}


_MOST_NUMBERS = 20


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


def _add_linked(made: Table, detail: QueryDetail) -> None:
    """Add who was taken out of a query, and which one it checks again."""
    if detail.withdrawn:
        numbers = "、".join(map(str, detail.withdrawn[:_MOST_NUMBERS]))
        more = "等" if len(detail.withdrawn) > _MOST_NUMBERS else ""
        told = f"{len(detail.withdrawn)} 人（授权不齐全）：第 {numbers}{more} 人"
        made.add_row("退回撤下 taken out", told)
    if detail.rechecks is not None:
        made.add_row("复核 re-check of", str(detail.rechecks))


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
    _add_linked(made, detail)
    made.add_row("操作员 operator", summary.operator or "-")
    made.add_row("提交 submitted", local(summary.opened))
    made.add_row("送达 delivered", local(summary.delivered))
    if summary.purged is not None:
        made.add_row("结果 result", f"已清除 purged {local(summary.purged)}")
    if detail.assent is not None:
        made.add_row("上级同意 assent", assent_text(detail.assent))
    if detail.withdrawal is not None:
        said = detail.withdrawal
        made.add_row("撤销 withdrawn", f"{reason_text(said.reason)} {local(said.asked)}")
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


def reason_text(code: str) -> str:
    """Return a reason to withdraw as operators read it."""
    row = cancellation_reasons().get(code)
    return code if row is None else f"{row.zh} {code}"


def assent_text(assent: AssentBody) -> str:
    """Return who assented to a city's application, in one line."""
    return f"{assent.province_title} {assent.province} {assent.by} {local(assent.at)}"


def _problems_table(problems: Sequence[ProblemBody]) -> Table:
    made = table("时间 at", "问题通知 problem", "来自 source")
    for problem in problems:
        made.add_row(local(problem.at), problem.code, problem.source)
    return made
