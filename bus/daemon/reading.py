"""Reading what a query brought: for its purpose, by those entitled, in the books before it opens.

Every reading of results passes here (R033-R035): the reader states a purpose, and whether it may is
judged and noted in one transaction; the refusals too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bus.daemon.work import Work
from bus.errors import InputError
from bus.model.audit import Event
from bus.model.case import Case
from bus.rules.use import check_purpose, check_unit
from bus.rules.working_days import local_date


class UseError(InputError):
    """What was asked for may not be read so; nothing was opened."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads, what for, and of which unit (empty: the centre's own staff)."""

    operator: str
    purpose: str
    unit: str = ""


def note_reading(
    work: Work, case: Case, reading: Reading, event: Event, **detail: str | int | None
) -> UseError | None:
    """Note a reading of a query's result, or that it was refused; returns why it was.

    The caller finishes the work, and then raises what it got, so that the refusal stands too.

    Args:
        work: The transaction's work.
        case: The requester's case.
        reading: Who reads, and what for.
        event: What is noted where it may be read.
        detail: What stands in the entry beside the purpose.
    """
    refusal = _refusal(case, reading)
    actor = f"operator:{reading.operator}"
    if refusal is None:
        work.note(case.query, event, actor, purpose=reading.purpose, **detail)
    else:
        # R035. What was stated is not repeated: it may be anything.
        work.note(case.query, Event.ACCESS_REFUSED, actor, code=refusal.code, act=event)
    return refusal


def purged_error(purged: datetime) -> UseError:
    """Return the error of a result whose retention date has passed."""
    day = local_date(purged)
    return UseError(
        "RESULT_PURGED",
        f"结果已于 {day} 按保存期限清除，不能再打开",
        f"the result was destroyed on {day}, when its retention ended",
        remedy_zh="办理经过、证明与审计记录仍在；如需数据请重新申请查询",
        remedy_en="State, proof and audit remain; for the data a new query is needed",
    )


def _withdrawn_error() -> UseError:
    # ★ Who withdraws a query gives up its purpose, and with it what has come (R031, R033).
    return UseError(
        "RESULT_WITHDRAWN",
        "该查询已撤销，已到的反馈封存，不得查阅",
        "the query was withdrawn; what had been answered is kept sealed and not read",
        remedy_zh="如仍需要，请重新提出查询申请",
        remedy_en="If it is needed after all, submit a new application",
    )


def _refusal(case: Case, reading: Reading) -> UseError | None:
    if case.request is None:
        return UseError(
            "RESULT_NOT_HERE", "没有该查询的申请", "no application of that query is here"
        )
    unit = check_unit(case.authority, reading.unit)
    purpose = check_purpose(case.request, reading.purpose)
    for finding in (*unit, *purpose):
        remedy_zh, remedy_en = _REMEDIES[finding.code]
        return UseError(
            finding.code,
            finding.zh,
            finding.en,
            remedy_zh=remedy_zh,
            remedy_en=remedy_en,
            where=finding.where,
        )
    if case.withdrawal is not None:
        return _withdrawn_error()
    return None if case.purged is None else purged_error(case.purged)


_REMEDIES = {
    "PURPOSE_DIFFERS": (
        "请如实写明申请时的用途：业务类别的代码或名称，或申请表“用途”一栏的原文；其他用途须另行申请",
        "State the purpose applied for, by business or in the form's words; else apply anew",
    ),
    "UNIT_NOT_ENTITLED": (
        "请由申请所载委托单位或本中心人员查阅",
        "Let the unit that the application names, or the centre's own staff, read it",
    ),
}
