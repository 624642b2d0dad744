"""A report as text for people and as plain data for programs; neither holds a value of the file."""

from __future__ import annotations

from typing import Any

from adapters.upload.report import Report, Weight
from bus.errors import InputError
from bus.model.upload import UploadVersion

WEIGHTS = {
    Weight.FATAL: ("致命", "fatal"),
    Weight.ERROR: ("错误", "error"),
    Weight.WARNING: ("提醒", "warning"),
}


def report_json(report: Report) -> dict[str, Any]:
    """Return a report in plain JSON types."""
    return {
        "resource": report.resource,
        "rows": report.rows,
        "good": report.good,
        "refused": report.refused,
        "clean": report.clean,
        "loadable": report.loadable,
        "counts": [
            {"weight": str(weight), "code": code, "column": column, "count": count}
            for (weight, code, column), count in report.counts.items()
        ],
        "faults": [
            {
                "weight": str(one.weight),
                "code": one.fault.code,
                "row": one.fault.row,
                "column": one.fault.column,
                "zh": one.fault.zh,
                "en": one.fault.en,
                "allowed": one.fault.allowed,
            }
            for one in report.listed
        ],
    }


def version_json(version: UploadVersion) -> dict[str, Any]:
    """Return a version in plain JSON types."""
    return {
        "version": str(version.id),
        "resource": version.resource,
        "state": str(version.state),
        "period": version.period,
        "as_of": version.as_of.isoformat(),
        "received": version.received.isoformat(),
        "rows": version.rows,
        "refused": version.refused,
        "operator": version.operator,
        "leader": version.leader,
        "handler": version.handler,
        "digest": version.digest.hex(),
        "reason": version.reason,
        "destroyed": None if version.destroyed is None else version.destroyed.isoformat(),
    }


def totals(report: Report) -> str:
    """Return the counts of a report in one line."""
    return (
        f"{report.rows} 行，合格 {report.good} 行；致命 {report.count(Weight.FATAL)}、"
        f"错误 {report.count(Weight.ERROR)}、提醒 {report.count(Weight.WARNING)} / "
        f"{report.rows} row(s), {report.good} good; {report.count(Weight.FATAL)} fatal, "
        f"{report.count(Weight.ERROR)} error(s), {report.count(Weight.WARNING)} warning(s)"
    )


def report_text(report: Report) -> str:
    """Return a report as lines: the counts, then each place."""
    lines = [f"{report.resource}: {totals(report)}"]
    for one in report.listed:
        zh, en = WEIGHTS[one.weight]
        place = f"{one.fault.column or ''}{'' if one.fault.row is None else one.fault.row}"
        allowed = f"（允许：{one.fault.allowed}）" if one.fault.allowed else ""
        lines.append(
            f"{place or '-'}\t{zh} {en}\t{one.fault.code}\t{one.fault.zh}{allowed} / {one.fault.en}"
        )
    return "\n".join(lines) + "\n"


def loaded_text(version: UploadVersion, report: Report) -> str:
    """Return what is left beside a file that was loaded."""
    return (
        f"已载入 loaded\n版本 version: {version.id}\n时段 period: {version.period}\n"
        f"截至 as of: {version.as_of}\nSHA-256: {version.digest.hex()}\n{report_text(report)}"
    )


def refused_text(error: InputError, report: Report | None) -> str:
    """Return what is left beside a file that was refused."""
    remedy = " / ".join(text for text in (error.remedy_zh, error.remedy_en) if text)
    told = f"未载入 refused\n{error.code}: {error.zh} / {error.en}\n"
    if remedy:
        told += f"处理 remedy: {remedy}\n"
    return told + ("" if report is None else report_text(report))
