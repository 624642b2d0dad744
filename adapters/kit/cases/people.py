"""Are the people found whom the source has, and nobody else?"""

from __future__ import annotations

from dataclasses import replace

from adapters.kit.ground import NOBODY_KNOWN, Ground, codes, of_kind
from adapters.kit.report import Result, failed, passed
from bus.model.messages import OutcomeKind

_STRANGERS = 50

_HOSTILE = (
    "' OR '1'='1",
    "'; DROP TABLE people; --",
    '" OR ""="',
    "%",
    "_" * 18,
    "*",
    "?a=b&c=d#e",
    "../../etc/passwd",
    "$..*",
    "{{7*7}}",
    "=1+1",
    "\\",
    "１' ＯＲ '１",
)
"""What a source that puts names and numbers into its question as they are would obey."""


async def known_are_found(ground: Ground) -> Result:
    """Nobody whom the source has is answered as not found.

    Whom the agency named must be found; whoever stands in a row of the source may have a doubtful
    record, but not all of them.
    """
    if not ground.people:
        return NOBODY_KNOWN
    persons = [one.subject(number) for number, one in enumerate(ground.people, 1)]
    outcomes = await ground.outcomes(persons)
    if missed := of_kind(outcomes, OutcomeKind.NOT_FOUND):
        return failed(
            "KNOWN_NOT_FOUND",
            f"{len(persons)} 名已知人员中 {len(missed)} 名未查得",
            f"{len(missed)} of {len(persons)} known people were not found",
        )
    doubted = of_kind(outcomes, OutcomeKind.NOT_ANSWERABLE)
    stated = any(one.stated for one in ground.people)
    if doubted and (stated or len(doubted) == len(persons)):
        return failed(
            "KNOWN_NOT_ANSWERABLE",
            f"{len(persons)} 名已知人员中 {len(doubted)} 名无法答复（{codes(doubted)}）",
            f"{len(doubted)} of {len(persons)} known people cannot be answered",
        )
    if doubted:
        return passed(
            f"{len(persons)} 人，其中 {len(doubted)} 人无法答复（{codes(doubted)}）",
            f"{len(persons)} people, {len(doubted)} of whom cannot be answered",
        )
    return passed(f"{len(persons)} 人", f"{len(persons)} people")


async def strangers_are_not_found(ground: Ground) -> Result:
    """Whom the source has not is answered as not found, and not evaded."""
    outcomes = await ground.outcomes(ground.strangers(_STRANGERS))
    others = [one for one in outcomes if one.kind is not OutcomeKind.NOT_FOUND]
    if others:
        return failed(
            "STRANGER_ANSWERED",
            f"{_STRANGERS} 名虚构人员中 {len(others)} 名不是未查得（{codes(others)}）",
            f"{len(others)} of {_STRANGERS} people whom nobody has were not answered as not found",
        )
    return passed(f"{_STRANGERS} 人", f"{_STRANGERS} people")


async def hostile_text_is_only_text(ground: Ground) -> Result:
    """Names and numbers made to be obeyed find nobody, and break nothing for the others."""
    [stranger] = ground.strangers(1)
    as_numbers = [replace(stranger, id_number=text) for text in _HOSTILE]
    as_names = [replace(stranger, name=text) for text in _HOSTILE]
    persons = [replace(one, reference=n) for n, one in enumerate([*as_numbers, *as_names], 1)]
    found = of_kind(await ground.outcomes(persons), OutcomeKind.FOUND)
    if found:
        return failed(
            "TEXT_OBEYED",
            f"{len(found)} 个不是证件号码的文本查得了记录",
            f"{len(found)} texts that are no ID numbers found records",
        )
    return passed(f"{len(persons)} 个文本", f"{len(persons)} texts")
