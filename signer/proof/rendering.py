"""An account for people, Chinese first with English beside, and as data for JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from rich.console import Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from schemas.codes import cancellation_reasons
from schemas.resources import resources
from signer.proof.account import (
    Account,
    Answered,
    Basis,
    Certificate,
    CertificateStanding,
    Decided,
    Fragment,
    Ordered,
    Party,
    RowOutcome,
    Told,
    TrustedTime,
)

_BEIJING = timezone(timedelta(hours=8))

_STATES = {
    "REFUSED": "已拒绝 refused",
    "ACCEPTED": "已受理 accepted",
    "STARTED": "已启动 started",
    "PARTLY_ANSWERED": "部分反馈 partly answered",
    "ANSWERED": "已全部反馈 answered",
    "DELIVERED": "已签收 delivered",
    "CANCELLING": "撤销中 being withdrawn",
    "CANCELLED": "已撤销 withdrawn",
    "EXPIRED": "已过期 run out",
}
_OUTCOMES = {
    "ANSWERED": "已反馈 answered",
    "DISPATCHED": "已转交 dispatched",
    "OPEN": "未反馈 open",
    "STOPPED": "已停办 stopped",
    "EXPIRED": "已过期 run out",
}
_STANDINGS = {
    CertificateStanding.EXPIRED_SINCE: "使用后已过期 expired since",
    CertificateStanding.REVOKED_SINCE: "使用后已吊销 revoked since, on",
}
_BY_POLICY = "policy"
_KINDS = {
    "Application": "查询申请",
    "Roster": "待查询数据",
    "Consent": "授权",
    "Decision": "决定",
    "Dispatch": "分发清单",
    "Answer": "反馈",
    "Receipt": "签收",
    "Cancellation": "撤销",
    "CancellationReply": "撤销回执",
}
_FOUND = {"FOUND": "查到 found", "NOT_FOUND": "未查到 not found", "NOT_ANSWERABLE": "无法查询 n/a"}


def to_plain(value: Any) -> Any:
    """Return an account, or a part of it, as data for JSON.

    Dataclasses become objects, instants RFC 3339 in UTC with milliseconds, dates ISO 8601, bytes
    hexadecimal, decimals text.
    """
    match value:
        case tuple():
            return [to_plain(item) for item in value]
        case Mapping():
            return {name: to_plain(item) for name, item in value.items()}
        case _ if is_dataclass(value):
            return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
        case _:
            return _plain_value(value)


def _plain_value(value: Any) -> Any:
    match value:
        case datetime():
            text = value.astimezone(UTC).isoformat(timespec="milliseconds")
            return text.replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case UUID() | Decimal():
            return str(value)
        case _:
            return value


def render(account: Account) -> Group:
    """Return the account for a terminal: the facts, then the tree of orders and answers."""
    parts: list[Table | Tree | Text] = []
    if account.opened:
        parts.append(
            _text(
                "本证明公开了反馈内容，含个人信息，须按规定保管 / This proof discloses its answers:"
                " it holds personal data. Their contents: --json"
            )
        )
    parts.append(_facts(account))
    if account.orders:
        parts.append(_orders(account))
    parts += [
        _text(
            f"无可查询机构 nobody to ask: {_resource(x.resource)}，"
            f"分册 part {x.part}，{_name(x.by)}，{x.code}"
        )
        for x in account.not_served
    ]
    parts.append(_times(account))
    parts += [_certificate(c) for c in account.certificates if c.standing in _STANDINGS]
    parts += [_unproven(told) for told in account.messages if told.unproven]
    later = account.later
    sources = [] if later is None else [(later.issued, "目录 directory v", later.version)]
    sources += [(crl.issued, "吊销列表 list no. ", crl.number) for crl in account.crls]
    parts += [
        _text(f"吊销情况查至 revocations known until {_time(issued)}：{what}{number}")
        for issued, what, number in sources
    ]
    parts.append(
        _text(
            "时间为北京时间；封签、批转时间由各签章人自述，可信时间见上表 / Times are UTC+8."
            " Those of seals are each signer's word; what can be trusted stands in the table."
        )
    )
    return Group(*parts)


def _times(account: Account) -> Table:
    """For every message the time it can be trusted to have been there by, and who says so."""
    table = Table("消息 message", "时间 time: 自述 own word，可信 trusted")
    for told in account.messages:
        table.add_row(
            _text(f"{told.number} {_KINDS.get(told.kind, '')} {told.kind}\n{told.source.id}"),
            _text(f"{_time(told.signed_at)} 自述 own word\n{_trusted(told.time)}"),
        )
    for stamp in account.timestamps:
        known = "" if stamp.known else "\n机构未知，不予采信 unknown authority, not relied on"
        table.add_row(
            _text(f"审计首页 audit head {stamp.head}\n{account.requester.id}"),
            _text(f"{_time(stamp.at)} 时间戳 timestamp: {stamp.authority}{known}"),
        )
    return table


def _trusted(time: TrustedTime) -> str:
    if time.at is None:
        return "可信时间：无，仅其自述 trusted: none but its own word"
    what = "时间戳 timestamp" if time.basis is Basis.TIMESTAMP else "他方签章 endorsed"
    return f"{_time(time.at)} {what}: {time.by}"


def _certificate(found: Certificate) -> Text:
    when = "" if found.revoked is None else f" {_time(found.revoked)}"
    return _text(
        f"签名证书 signing certificate: {_name(found.owner)}，{_STANDINGS[found.standing]}{when}，"
        f"{found.key_id.hex()[:16]}"
    )


def _unproven(told: Told) -> Text:
    return _text(
        f"不予采信 not relied on: {told.number} {told.kind}，签名证书已吊销且无他方时间证据"
        " / its certificate was revoked, and nobody else says that it is older"
    )


def _facts(account: Account) -> Table:
    asked = account.application
    table = Table(show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    _fact(table, "查询 query", str(account.query))
    _fact(table, "状态 state", _STATES[account.state])
    _fact(table, "申请方 asked by", f"{_name(account.requester)}\n{_time(asked.signed_at)}")
    size = f"{asked.persons} 人 persons，{asked.parts} 册 parts"
    _fact(table, "查询申请 application", f"{asked.digest.hex()}\n{size}")
    if account.assent is not None:
        given = account.assent
        by = "自动同意 by policy" if given.decided_by == _BY_POLICY else given.decided_by
        said = f"{_name(given.by)}\n{by}，{_time(given.decided_at)}"
        _fact(table, "上级同意 assented by", said)
    if account.decision is not None:
        _fact(table, "审批方 decided by", _ruling(account.decision))
    _ending(table, account)
    for receipt in account.receipts:
        _fact(table, "签收 receipt to", f"{_name(receipt.to)}\n{_time(receipt.signed_at)}")
    made = f"{_time(account.made_at)}，目录 directory v{account.directory_version}"
    _fact(table, "证明 proof made", made)
    return table


def _ending(table: Table, account: Account) -> None:
    """What was said where the query ended before its time."""
    if account.withdrawal is not None:
        said = account.withdrawal
        _fact(table, "撤销 withdrawn", f"{_reason(said.reason)}\n{_time(said.at)}")
    for stated in account.statements:
        counts = (
            f"未开始 not started {stated.not_started}，已停办 stopped {stated.stopped}，"
            f"已反馈 answered {stated.answered}"
        )
        _fact(table, "停办回执 stopped", f"{_name(stated.by)}\n{_time(stated.at)}\n{counts}")


def _ruling(decided: Decided) -> str:
    verdict = "受理 accepted" if decided.accepted else "拒绝 refused"
    who = "自动审查 by policy" if decided.decided_by == _BY_POLICY else decided.decided_by
    reasons = [f"{r.code}：{r.zh} / {r.en}" for r in decided.reasons]
    return "\n".join(
        [_name(decided.by), f"{verdict}，{who}，{_time(decided.decided_at)}", *reasons]
    )


def _reason(code: str) -> str:
    known = cancellation_reasons().get(code)
    return code if known is None else f"{known.zh} {code}"


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
        lines += _counts(fragment)
    if answer is not None:
        lines += ["逾期 late"] if answer.late else []
        lines += [] if answer.whole else ["反馈不完整 incomplete"]
    return "\n".join(lines)


def _counts(fragment: Fragment) -> list[str]:
    if fragment.outcomes is None:
        return []
    counts = Counter(outcome.outcome for outcome in fragment.outcomes)
    return [f"{_FOUND[name]}: {counts[name]}" for name in _FOUND if counts[name]]


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
