"""Is a batch answered whole, in order, whatever its size?"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import replace
from datetime import timedelta

from adapters.contract import LookupResult, SubjectOutcome
from adapters.kit.ground import NOBODY_KNOWN, Ground, codes
from adapters.kit.report import Result, failed, passed
from bus.model.messages import OutcomeKind

BATCH = 1_000
"""Persons of a full roster part."""


async def twice_asked_is_answered_alike(ground: Ground) -> Result:
    """A person who stands twice in a batch gets two outcomes that say the same."""
    if not ground.people:
        return NOBODY_KNOWN
    known = ground.people
    [stranger] = ground.strangers(1)
    first = [one.subject(number) for number, one in enumerate(known, 1)]
    second = [replace(one, reference=one.reference + len(known) + 1) for one in first]
    outcomes = await ground.outcomes([*first, replace(stranger, reference=len(known) + 1), *second])
    pairs = zip(outcomes[: len(known)], outcomes[len(known) + 1 :], strict=True)
    differing = sum(not _alike(one, other) for one, other in pairs)
    if differing:
        return failed(
            "TWICE_DIFFERS",
            f"{len(known)} 人在同一批次中出现两次，{differing} 人的两个结果不同",
            f"of {len(known)} people asked about twice, {differing} have two different outcomes",
        )
    return passed(f"{len(known)} 人", f"{len(known)} people")


async def outcomes_are_whole_and_in_order(ground: Ground) -> Result:
    """Each person has exactly one outcome, in the order asked, and each agrees with itself."""
    mixed = [one.subject(0) for one in ground.people[:5]]
    persons = ground.strangers(6)
    for number, one in enumerate(mixed):
        persons.insert(2 * number, one)
    # References that neither begin at 1 nor rise: a connector counts on nothing but the order.
    asked = [
        replace(one, reference=40 + 7 * (len(persons) - number))
        for number, one in enumerate(persons)
    ]
    result = await ground.result(asked)
    got = [one.reference for one in result.outcomes]
    if got != [one.reference for one in asked]:
        return failed(
            "OUTCOMES_NOT_WHOLE",
            f"查询 {len(asked)} 人，得到 {len(got)} 个结果，人员或次序不符",
            f"of {len(asked)} people asked, {len(got)} outcomes came, not theirs or not in order",
        )
    return _form(ground, result) or passed(f"{len(asked)} 人", f"{len(asked)} people")


async def a_thousand_at_once(ground: Ground) -> Result:
    """A full part is answered as its people are one by one: known among strangers."""
    known = [one.subject(0) for one in ground.people]
    expected = await ground.outcomes([replace(one, reference=n) for n, one in enumerate(known, 1)])
    persons = ground.strangers(BATCH - len(known))
    step = BATCH // (len(known) + 1)
    for number, one in enumerate(known):
        persons.insert(number * step, one)
    asked = [replace(one, reference=number) for number, one in enumerate(persons, 1)]
    places = [number * step for number in range(len(known))]
    before, began = _peak_mib(), time.perf_counter()
    outcomes = await ground.outcomes(asked)
    seconds, memory = time.perf_counter() - began, _peak_mib() - before
    same = all(
        _alike(outcomes[place], alone) for place, alone in zip(places, expected, strict=True)
    )
    others = [one for place, one in enumerate(outcomes) if place not in set(places)]
    strange = [one for one in others if one.kind is not OutcomeKind.NOT_FOUND]
    figures = f"{seconds:.1f} s, +{memory:.0f} MiB"
    if not same or strange:
        return failed(
            "BATCH_DIFFERS",
            f"{BATCH} 人一批时，已知人员结果{'相同' if same else '不同'}，"
            f"虚构人员 {len(strange)} 名不是未查得（{codes(strange)}）；{figures}",
            f"in a batch of {BATCH} people are answered otherwise than one by one; {figures}",
        )
    return passed(f"{BATCH} 人，其中已知 {len(known)} 人：{figures}", f"{BATCH} people: {figures}")


def _form(ground: Ground, result: LookupResult) -> Result | None:
    for one in result.outcomes:
        found = one.kind is OutcomeKind.FOUND
        doubted = one.kind is OutcomeKind.NOT_ANSWERABLE
        if bool(one.records) != found or bool(one.code) != doubted:
            return failed(
                "OUTCOME_MALFORMED",
                f"结果自相矛盾（{one.kind.value}）",
                f"an outcome's kind, code and records disagree ({one.kind.value})",
            )
    if result.as_of.utcoffset() != timedelta(0) or result.as_of > ground.now:
        return failed(
            "AS_OF_INVALID",
            "数据截至时间不是 UTC，或晚于当前时间",
            "the as-of time is not UTC, or later than now",
        )
    return None


def _alike(one: SubjectOutcome, other: SubjectOutcome) -> bool:
    return (one.kind, one.code, list(one.records)) == (other.kind, other.code, list(other.records))


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
