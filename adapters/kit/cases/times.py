"""Does a time range hold at both edges (R053)?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from adapters.contract import Subject, SubjectOutcome
from adapters.kit.ground import NOBODY_KNOWN, Ground, codes, of_kind
from adapters.kit.report import Result, failed, not_applicable, not_shown, passed
from adapters.values import day_of
from bus.model.messages import OutcomeKind

_PEOPLE = 5
"""Each has a day of their own, so that each is a question of its own."""

_DAY = timedelta(days=1)

_UNDATED = not_applicable(
    "该信息资源或映射没有时间内容项", "the resource or its mapping has no time item"
)
_DAY_UNKNOWN = not_shown(
    "没有已知人员的记录日期：请在已知人员文件的 day 列填写",
    "no day of a known person's record is known: fill in the column day of the people's file",
)


async def own_day_is_inside(ground: Ground) -> Result:
    """A record's own day, as first and last day of the range, finds it (R053)."""
    if not ground.dated:
        return _UNDATED
    asked = list(_dated(ground))
    if not asked:
        return _DAY_UNKNOWN if ground.people else NOBODY_KNOWN
    outcomes: list[SubjectOutcome] = []
    for person, day in asked:
        outcomes += await ground.outcomes([person], days=(day, day))
    if missed := of_kind(outcomes, OutcomeKind.NOT_FOUND):
        return failed(
            "DAY_LEFT_OUT",
            f"{len(outcomes)} 人中 {len(missed)} 人的记录在其当日未查得",
            f"the records of {len(missed)} of {len(outcomes)} people are not found on their day",
        )
    doubted = of_kind(outcomes, OutcomeKind.NOT_ANSWERABLE)
    if len(doubted) == len(outcomes):
        return failed(
            "DAY_NOT_ANSWERABLE",
            f"限定日期后 {len(outcomes)} 人均无法答复（{codes(doubted)}）",
            f"with a time range none of {len(outcomes)} people can be answered",
        )
    return passed(f"{len(outcomes)} 人", f"{len(outcomes)} people")


async def other_days_are_outside(ground: Ground) -> Result:
    """The day before and the day after find what is of those days, and not the record.

    A person may have records on neighbouring days, so they are counted: those of the three days
    asked one by one are those of the three days asked at once, and none is of another day.
    """
    if not ground.dated:
        return _UNDATED
    asked = list(_dated(ground))
    if not asked:
        return _DAY_UNKNOWN if ground.people else NOBODY_KNOWN
    leaking = shown = 0
    for person, day in asked:
        parts = [await _records(ground, person, one, one) for one in _around(day)]
        together = await _records(ground, person, day - _DAY, day + _DAY)
        if together is None or None in parts:
            continue
        shown += 1
        leaking += sum(part or 0 for part in parts) != together or together < 0
    if leaking:
        return failed(
            "RANGE_EDGES_WRONG",
            f"{shown} 人中 {leaking} 人逐日查得的记录与三日一并查得的不符，或有范围以外的记录",
            f"{leaking} of {shown} people have other records by the day than in one range",
        )
    if not shown:
        return not_shown(
            "限定日期后无人可答复，见上一项",
            "with a time range nobody can be answered: see the case above",
        )
    return passed(f"{shown} 人", f"{shown} people")


async def _records(ground: Ground, person: Subject, first: date, last: date) -> int | None:
    """Return how many records there are; None where they cannot be told, -1 for a wrong one."""
    [outcome] = await ground.outcomes([person], days=(first, last))
    if outcome.kind is OutcomeKind.NOT_ANSWERABLE:
        return None
    item = ground.resource.time_item or ""
    days = [record[item] for record in outcome.records if record.get(item) is not None]
    if not all(_within(value, first, last) for value in days):
        return -1
    return len(outcome.records)


def _within(value: object, first: date, last: date) -> bool:
    try:
        return first <= day_of(value) <= last
    except ValueError:
        # Not this question's fault: the case of values names it.
        return True


def _dated(ground: Ground) -> Iterator[tuple[Subject, date]]:
    edges = (date.min, date.max)
    dated = [one for one in ground.people if one.day is not None and one.day not in edges]
    for number, one in enumerate(dated[:_PEOPLE], 1):
        if one.day is not None:
            yield one.subject(number), one.day


def _around(day: date) -> Sequence[date]:
    return (day - _DAY, day, day + _DAY)
