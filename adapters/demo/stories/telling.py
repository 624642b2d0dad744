"""A story's account: for people, Chinese first, English beside; for programs, the same as data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from adapters.demo.stories.account import Account, Holding
from adapters.demo.stories.articles import cited
from bus.model.audit import Event
from bus.model.case import STATE_ZH, CaseRole, QueryState, RowState
from bus.rules.working_days import SHANGHAI

_WEEKDAYS = "一二三四五六日"

_ROLES: Mapping[CaseRole, str] = {
    CaseRole.REQUESTER: "申请方 requester",
    CaseRole.SUPERIOR: "省级同意 superior",
    CaseRole.REVIEWER: "审查方 reviewer",
    CaseRole.PROVIDER: "承办节点 node",
    CaseRole.AGENCY: "提供机构 agency",
}
_ROWS: Mapping[str, str] = {
    RowState.OPEN: "待反馈 open",
    RowState.ANSWERED: "已反馈 answered",
    RowState.DISPATCHED: "已分发 dispatched",
    RowState.UNSERVED: "未能查询 unserved",
}
_EVENTS: Mapping[str, str] = {
    Event.QUERY_SUBMITTED: "提交",
    Event.QUERY_SENT: "发出",
    Event.APPLICATION_RECEIVED: "收到申请",
    Event.REVIEW_OPENED: "开始审查",
    Event.APPLICATION_READ: "查阅申请",
    Event.APPLICATION_ASSENTED: "省级同意决定",
    Event.ASSENT_RECEIVED: "收到同意决定",
    Event.APPLICATION_DECIDED: "决定",
    Event.DECISION_RECEIVED: "收到决定",
    Event.ORDER_SENT: "下达指令",
    Event.ORDER_RECEIVED: "收到指令",
    Event.DISPATCH_RECEIVED: "收到分发清单",
    Event.ANSWER_SENT: "反馈",
    Event.ANSWER_PASSED: "批转反馈",
    Event.ANSWER_RECEIVED: "收到反馈",
    Event.QUERY_DELIVERED: "签收",
    Event.QUERY_WITHDRAWN: "撤销",
    Event.CANCELLATION_SENT: "发出撤销",
    Event.QUERY_STOPPED: "停办",
    Event.CANCELLATION_REPLIED: "收到撤销回执",
    Event.QUERY_ENDED: "提前终结",
    Event.DEADLINE_NEAR: "期满前提醒",
    Event.DEADLINE_PASSED: "期限届满",
    Event.DELAY_NOTICED: "延期通知",
    Event.DELAY_ANSWERED: "延期答复",
    Event.EVIDENCE_ARCHIVED: "证明归档",
    Event.EVIDENCE_CALLED: "调阅",
    Event.EVIDENCE_PRODUCED: "报送",
    Event.EVIDENCE_LISTED: "收到清单",
    Event.EVIDENCE_RECEIVED: "收齐文件",
    Event.EVIDENCE_JUDGED: "审核材料",
    Event.EVIDENCE_NOTICE: "收到调阅通知",
    Event.EVIDENCE_WARNED: "期满前提醒",
    Event.EVIDENCE_OVERDUE: "逾期未报",
    Event.RESULT_READ: "查阅结果",
    Event.PROOF_EXPORTED: "导出证明",
    Event.APPLICATION_RETURNED: "退回补正",
    Event.QUERY_REISSUED: "补正重报",
    Event.ANSWER_FAULTY: "反馈不合用",
    Event.DEADLINES_MOVED: "期限顺延",
    Event.ROW_CLOSED: "关闭事项",
    Event.PROBLEM_SENT: "发出问题通知",
    Event.PROBLEM_RECEIVED: "收到问题通知",
    Event.EVIDENCE_SHOWN: "查看材料清单",
    Event.EVIDENCE_READ: "查阅材料",
    Event.RESULT_PURGED: "清除结果",
    Event.ACCESS_REFUSED: "拒绝查阅",
    Event.LOOKUP_BEGUN: "开始查询数据源",
    Event.LOOKUP_DONE: "查询数据源完毕",
}


def to_json(account: Account) -> dict[str, Any]:
    """Return an account in plain JSON types."""
    return {
        "story": account.story,
        "passed": account.passed,
        "queries": [{"query": str(q), "name": name} for q, name in account.queries.items()],
        "course": [
            {
                "at": entry.at.isoformat(),
                "who": entry.who,
                "zh": entry.zh,
                "en": entry.en,
                "requirements": list(entry.requirements),
            }
            for entry in account.course
        ],
        "holdings": [
            {
                "query": str(holding.query),
                "participant": holding.participant,
                "role": holding.role,
                "state": holding.state,
                "rows": dict(holding.rows),
                "codes": list(holding.codes),
            }
            for holding in account.holdings
        ],
        "audit": [
            {
                "participant": chain.participant,
                "entries": chain.entries,
                "heads": chain.heads,
                "whole": chain.whole,
                "events": dict(chain.events),
            }
            for chain in account.chains
        ],
        "checks": [
            {
                "zh": check.zh,
                "en": check.en,
                "passed": check.passed,
                "detail": list(check.detail),
            }
            for check in account.checks
        ],
        "facts": dict(account.facts),
    }


def render(account: Account) -> Group:
    """Return an account for people."""
    return Group(
        Text(account.zh, style="bold"),
        Text(account.en, style="dim"),
        *_titled("经过 Course of events", _course(account)),
        *_titled("结局 What everybody holds at the end", _holdings(account)),
        *_titled("审计 What the audit says of it", _chains(account)),
        *_titled("核对 Checks", _checks(account)),
        Text(),
    )


def _titled(title: str, body: RenderableType) -> tuple[RenderableType, ...]:
    return Text(), Text(title, style="bold"), body


def _table(*titles: str) -> Table:
    made = Table(*titles, pad_edge=False, show_edge=False)
    for column in made.columns:
        column.overflow = "fold"
    return made


def _course(account: Account) -> Table:
    made = _table("时间 time", "谁 who", "事项 what", "依据 under")
    for entry in account.course:
        what = Text.assemble(entry.zh, "\n", (entry.en, "dim"))
        made.add_row(_when(entry.at), entry.who, what, cited(entry.requirements))
    return made


def _when(instant: datetime) -> str:
    local = instant.astimezone(SHANGHAI)
    return f"{local:%Y-%m-%d} 星期{_WEEKDAYS[local.weekday()]} {local:%H:%M}"


def _holdings(account: Account) -> Table:
    made = _table(
        "查询 query", "参与方 participant", "身份 as", "状态 state", "事项 rows", "代码 codes"
    )
    for holding in account.holdings:
        rows = [f"{_ROWS.get(state, state)} {count}" for state, count in holding.rows.items()]
        made.add_row(
            account.queries[holding.query],
            holding.title,
            _ROLES.get(holding.role, holding.role),
            _state(holding),
            "，".join(rows) or "无 none",
            " ".join(holding.codes),
        )
    return made


def _state(holding: Holding) -> str:
    assented = holding.role is CaseRole.SUPERIOR and holding.state is QueryState.ACCEPTED
    return f"{'已同意' if assented else STATE_ZH[holding.state]} {holding.state}"


def _chains(account: Account) -> Table:
    made = _table(
        "参与方 participant", "完整 whole", "条目 entries", "签名 heads", "涉及本事 about it"
    )
    for chain in account.chains:
        events = [f"{_EVENTS.get(e, e)} {count}" for e, count in chain.events.items()]
        whole = "是 yes" if chain.whole else "否 no"
        told = "，".join(events) or "无 nothing"
        made.add_row(chain.title, whole, str(chain.entries), str(chain.heads), told)
    return made


def _checks(account: Account) -> Table:
    made = _table("结果", "核对 check")
    for check in account.checks:
        mark = Text("✓ 通过", "green") if check.passed else Text("✗ 不符", "bold red")
        lines = "" if check.passed else "".join(f"\n  {line}" for line in check.detail)
        made.add_row(mark, Text.assemble(check.zh, "\n", (check.en, "dim"), lines))
    return made
