"""Tables of evidence, for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bus.api.evidence import CallBody, CallDetail, DocumentBody, ItemBody
from bus.cli.output import local, table
from bus.model.evidence import ITEM_STATE_ZH
from schemas.codes import Code, CodeTable, document_kinds, evidence_faults, evidence_reasons

_MATCHES = {True: "与登记一致 same", False: "与登记不同 OTHER", None: "-"}


def calls_table(calls: Sequence[CallBody]) -> Table:
    """Return calls in one line each."""
    made = table(
        "调阅 call",
        "查询 query",
        "申请方 requester",
        "原因 reason",
        "各项 items",
        "期限 due",
        "状态 state",
    )
    for call in calls:
        made.add_row(
            str(call.call),
            str(call.query),
            call.requester,
            named(evidence_reasons(), call.reason),
            str(len(call.items)),
            local(call.due),
            _state(call),
        )
    return made


def show_call(console: Console, detail: CallDetail) -> None:
    """Print a call: its items and its documents, with what is missing of them."""
    console.print(calls_table([detail.summary]))
    console.print()
    console.print(_items_table(detail.summary.items))
    if detail.documents:
        console.print()
        console.print(documents_table(detail.documents))


def documents_table(documents: Sequence[DocumentBody]) -> Table:
    """Return documents by person, with what is missing of those on their way."""
    made = table(
        "材料 document",
        "人员 person",
        "种类 kind",
        "类型 type",
        "字节 size",
        "存档 archived",
        "分块 chunks",
        "登记 registered",
        "SHA-256",
    )
    for one in documents:
        missing = f"缺 missing {_ranges(one.missing)}" if one.missing else "齐 all"
        made.add_row(
            str(one.document),
            str(one.person),
            named(document_kinds(), one.kind),
            one.media_type,
            str(one.size),
            local(one.archived),
            f"{one.chunks} {missing}",
            _MATCHES[one.matches],
            one.sha256[:16],
        )
    return made


def named(codes: CodeTable[Code], code: str) -> str:
    """Return a code with its Chinese name."""
    row = codes.get(code)
    return code if row is None else f"{row.zh} {code}"


def _items_table(items: Sequence[ItemBody]) -> Table:
    made = table("人员 person", "种类 kind", "状态 state", "退回原因 reason")
    for item in items:
        made.add_row(
            str(item.person),
            named(document_kinds(), item.kind),
            f"{ITEM_STATE_ZH[item.state]} {item.state}",
            "-" if item.code is None else named(evidence_faults(), item.code),
        )
    return made


def _state(call: CallBody) -> str:
    if call.closed is not None:
        return f"办结 closed {local(call.closed)}"
    if call.overdue is not None:
        return f"逾期 overdue {local(call.overdue)}"
    return "未办结 open"


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers with runs drawn together: `2-4,7`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)
