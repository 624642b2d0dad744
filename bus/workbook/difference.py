"""The difference of a re-check (复核差异) as tables, a workbook and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bus.model.difference import Change, PersonDifference, RecordChange, ResultDifference
from bus.model.messages import OutcomeKind
from bus.workbook.result import ROWS_A_SHEET, write_table
from bus.workbook.result_json import person_json, value_json
from bus.workbook.result_tables import OUTCOME_ZH, shown, zh_of
from bus.workbook.save import new_workbook, to_bytes
from schemas import codes

CHANGE_ZH = {Change.ADDED: "新增", Change.GONE: "消失", Change.CHANGED: "变动"}


def difference_workbook(found: ResultDifference, rows_a_sheet: int = ROWS_A_SHEET) -> bytes:
    """Return the difference as an .xlsx file; the same difference yields the same bytes.

    Sheets: 概况 (the two queries), 结果差异 (each person, line and provider that differ) and
    记录差异 (each item of the records behind it).

    Args:
        found: The difference.
        rows_a_sheet: Most rows of one sheet.
    """
    workbook = new_workbook(write_only=True)
    for title, rows in (
        ("概况", overview_rows(found)),
        ("结果差异", outcome_rows(found)),
        ("记录差异", record_rows(found)),
    ):
        write_table(workbook, title, rows, rows_a_sheet)
    return to_bytes(workbook)


def overview_rows(found: ResultDifference) -> Iterator[list[str]]:
    """项目, 内容: which queries were compared, and how much of them differs."""
    yield ["项目", "内容"]
    yield ["复核查询编号", str(found.query)]
    yield ["原查询编号", str(found.rechecks)]
    yield ["复核理由", f"{zh_of(codes.recheck_reasons(), found.reason)} {found.reason}"]
    yield ["复核人数", str(found.persons)]
    yield ["比较结果数", str(found.compared)]
    yield ["有差异数", str(len(found.differences))]


def outcome_rows(found: ResultDifference) -> Iterator[list[str]]:
    """One row for each person, line and provider that differ."""
    yield [
        *("人员序号", "姓名", "证件类型", "证件号码", "附表序号", "信息资源", "信息提供方"),
        *("原结果", "原因代码", "复核结果", "原因代码", *CHANGE_ZH.values()),
    ]
    for one in found.differences:
        changed = [record.change for record in one.records]
        yield [
            *_whose(one),
            *(said(one.before), one.before_code or "", said(one.after), one.after_code or ""),
            *(str(changed.count(change)) for change in CHANGE_ZH),
        ]


def record_rows(found: ResultDifference) -> Iterator[list[str]]:
    """One row for each item of a record that was added, is gone, or says something else."""
    yield [
        *("人员序号", "姓名", "证件类型", "证件号码", "附表序号", "信息资源", "信息提供方"),
        *("变化", "记录序号", "内容项", "原值", "复核值"),
    ]
    for one in found.differences:
        for record in one.records:
            for item in record.items:
                yield [
                    *_whose(one),
                    *(CHANGE_ZH[record.change], str(record.number), item.item.zh),
                    *(shown(item.item, item.before), shown(item.item, item.after)),
                ]


def difference_json(found: ResultDifference) -> dict[str, Any]:
    """Return the difference in plain JSON types, as `result_json` does a result.

    Args:
        found: The difference.
    """
    return {
        "query": str(found.query),
        "rechecks": str(found.rechecks),
        "reason": found.reason,
        "persons": found.persons,
        "compared": found.compared,
        "differences": [_one(one) for one in found.differences],
    }


def said(outcome: OutcomeKind | None) -> str:
    """Return an outcome in Chinese; what has no answer has none."""
    return "未反馈" if outcome is None else OUTCOME_ZH[outcome]


def _whose(one: PersonDifference) -> list[str]:
    person = one.person
    return [
        *(str(person.reference), person.name, zh_of(codes.id_types(), person.id_type)),
        *(person.id_number, str(one.row), one.title, one.provider_title),
    ]


def _one(one: PersonDifference) -> dict[str, Any]:
    return {
        "person": person_json(one.person),
        "row": one.row,
        "resource": one.resource,
        "title": one.title,
        "provider": one.provider,
        "provider_title": one.provider_title,
        "before": {"outcome": one.before and one.before.value, "code": one.before_code},
        "after": {"outcome": one.after and one.after.value, "code": one.after_code},
        "records": [_record(record) for record in one.records],
    }


def _record(record: RecordChange) -> dict[str, Any]:
    return {
        "change": record.change.value,
        "number": record.number,
        "items": [
            {
                "name": change.item.name,
                "zh": change.item.zh,
                "before": value_json(change.before),
                "after": value_json(change.after),
            }
            for change in record.items
        ],
    }
