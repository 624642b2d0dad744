"""An account for people, Chinese first with English beside, and as data for JSON."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from rich.console import Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from schemas.resources import resources
from signer.proof.account import (
    Account,
    Answered,
    CertificateStanding,
    Ordered,
    Party,
    RowOutcome,
)

_BEIJING = timezone(timedelta(hours=8))

_STATES = {
    "REFUSED": "已拒绝 refused",
    "ACCEPTED": "已受理 accepted",
    "STARTED": "已启动 started",
    "PARTLY_ANSWERED": "部分反馈 partly answered",
    "ANSWERED": "已全部反馈 answered",
    "DELIVERED": "已签收 delivered",
}
_OUTCOMES = {
    "ANSWERED": "已反馈 answered",
    "DISPATCHED": "已转交 dispatched",
    "OPEN": "未反馈 open",
}
_STANDINGS = {
    CertificateStanding.EXPIRED_SINCE: "使用后已过期 expired since",
    CertificateStanding.REVOKED_SINCE: "使用后已吊销 revoked since",
}
_BY_POLICY = "policy"


def to_plain(value: Any) -> Any:
    """Return an account, or a part of it, as data for JSON.

    Dataclasses become objects, instants RFC 3339 in UTC with milliseconds, bytes hexadecimal.
    """
    match value:
        case datetime():
            text = value.astimezone(UTC).isoformat(timespec="milliseconds")
            return text.replace("+00:00", "Z")
        case bytes():
            return value.hex()
        case UUID():
            return str(value)
        case tuple():
            return [to_plain(item) for item in value]
        case _ if is_dataclass(value):
            return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
        case _:
            return value


def render(account: Account) -> Group:
    """Return the account for a terminal: the facts, then the tree of orders and answers."""
    parts: list[Table | Tree | Text] = [_facts(account)]
    if account.orders:
        parts.append(_orders(account))
    parts += [
        _text(
            f"无可查询机构 nobody to ask: {_resource(x.resource)}，"
            f"分册 part {x.part}，{_name(x.by)}，{x.code}"
        )
        for x in account.not_served
    ]
    parts += [
        _text(
            f"签名证书 signing certificate: {_name(c.owner)}，{_STANDINGS[c.standing]}，"
            f"{c.key_id.hex()[:16]}"
        )
        for c in account.certificates
        if c.standing in _STANDINGS
    ]
    parts.append(
        _text(
            "时间为北京时间；签章时间由各签章人自述，收到时间由申请方自述 / Times are UTC+8: those"
            " of seals by each signer's word, those of receipt by the requester's."
        )
    )
    return Group(*parts)


def _facts(account: Account) -> Table:
    asked, decided = account.application, account.decision
    verdict = "受理 accepted" if decided.accepted else "拒绝 refused"
    who = "自动审查 by policy" if decided.decided_by == _BY_POLICY else decided.decided_by
    reasons = [f"{r.code}：{r.zh} / {r.en}" for r in decided.reasons]
    table = Table(show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    _fact(table, "查询 query", str(account.query))
    _fact(table, "状态 state", _STATES[account.state])
    _fact(table, "申请方 asked by", f"{_name(account.requester)}\n{_time(asked.signed_at)}")
    size = f"{asked.persons} 人 persons，{asked.parts} 册 parts"
    _fact(table, "查询申请 application", f"{asked.digest.hex()}\n{size}")
    ruling = f"{verdict}，{who}，{_time(decided.decided_at)}"
    _fact(table, "审批方 decided by", "\n".join([_name(decided.by), ruling, *reasons]))
    for receipt in account.receipts:
        _fact(table, "签收 receipt to", f"{_name(receipt.to)}\n{_time(receipt.signed_at)}")
    made = f"{_time(account.made_at)}，目录 directory v{account.directory_version}"
    _fact(table, "证明 proof made", made)
    return table


def _fact(table: Table, name: str, value: str) -> None:
    table.add_row(_text(name), _text(value))


def _orders(account: Account) -> Tree:
    """The rows as they hang together: what one order tells one participant is one branch."""
    branches: dict[bytes, list[Ordered]] = {}
    for order in account.orders:
        branches.setdefault(order.order, []).append(order)
    answers = {(answer.order, answer.resource): answer for answer in account.answers}
    tree = Tree(_text("查询指令与反馈 Orders and answers"))
    # A Dispatch stands below the order it answers, so a branch's trunk is there before it.
    trunks: dict[tuple[str, int], Tree] = {}
    for rows in branches.values():
        first = rows[0]
        trunk = trunks.get((first.by.id, first.part), tree)
        branch = trunk.add(
            _text(
                f"{first.by.id} → {_name(first.to)}\n"
                f"{_time(first.ordered_at)} 下达 ordered，分册 part {first.part}"
            )
        )
        trunks[first.to.id, first.part] = branch
        for row in rows:
            branch.add(_text(_row(row, answers.get((row.order, row.resource)))))
    return tree


def _row(row: Ordered, answer: Answered | None) -> str:
    lines = [f"{_resource(row.resource)}: {_OUTCOMES[row.outcome]}"]
    if row.outcome is not RowOutcome.DISPATCHED:
        lines.append(f"{_time(row.due)} 期限 due")
    for fragment in () if answer is None else answer.fragments:
        lines.append(f"{_time(fragment.sealed_at)} 封签 sealed")
        lines += [f"{_time(e.forwarded)} {e.by.id} 批转 endorsed" for e in fragment.endorsed]
        lines.append(f"{_time(fragment.received)} 收到 received")
    if answer is not None:
        lines += ["逾期 late"] if answer.late else []
        lines += [] if answer.whole else ["反馈不完整 incomplete"]
    return "\n".join(lines)


def _text(value: str) -> Text:
    """Text without markup or control characters, whatever a participant wrote into it."""
    return Text("".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in value))


def _name(party: Party) -> str:
    return f"{party.title} ({party.id})" if party.title else party.id


def _resource(name: str) -> str:
    known = resources().get(name)
    return name if known is None else f"{known.zh} {name}"


def _time(instant: datetime) -> str:
    return instant.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S")
