"""Who is somebody else? A number and its ID type say who a person is; a name never does.

S3's search by name alone (R113) stands against R070 and S0 2.2; ★ a name can only raise doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from adapters.contract import SubjectOutcome
from adapters.kit.ground import NOBODY_KNOWN, Ground, codes, of_kind
from adapters.kit.report import Result, failed, not_applicable, passed
from bus.model.messages import OutcomeKind

_ANOTHER_NAME = "核对异名"

_PASSPORT, _MILITARY = "414", "114"

_LED_TO: Mapping[str, tuple[OutcomeKind, str | None]] = MappingProxyType(
    {
        "answer": (OutcomeKind.FOUND, None),
        "not_found": (OutcomeKind.NOT_FOUND, None),
        "not_answerable": (OutcomeKind.NOT_ANSWERABLE, "NAME_MISMATCH"),
    }
)
"""What a differing name leads to, by the mapping's `name_mismatch`."""


async def another_name_follows_the_policy(ground: Ground) -> Result:
    """The right number with another name is answered as the mapping says."""
    if ground.entry is None:
        return not_applicable(
            "该连接器的映射不说明姓名不符时如何处理",
            "this connector's mapping does not say what a differing name leads to",
        )
    answered = await ground.answered()
    if not answered:
        return NOBODY_KNOWN
    # Without a column of names nothing can be compared: the number decides.
    policy = ground.entry.name_mismatch if ground.entry.compared_name else "answer"
    persons = [
        replace(known.subject(number), name=_ANOTHER_NAME)
        for number, (known, _) in enumerate(answered, 1)
    ]
    outcomes = await ground.outcomes(persons)
    others = [one for one in outcomes if (one.kind, one.code) != _LED_TO[policy]]
    if others:
        return failed(
            "NAME_POLICY",
            f"应按 {policy} 处理，{len(persons)} 人中 {len(others)} 人不符（{codes(others)}）",
            f"{policy} is the rule, and {len(others)} of {len(persons)} people differ from it",
        )
    return passed(f"{len(persons)} 人，{policy}", f"{len(persons)} people, {policy}")


async def a_name_finds_nobody(ground: Ground) -> Result:
    """A known name with a number that nobody has finds nothing (R070)."""
    named = [known for known in ground.people if known.name.strip()]
    if not named:
        return NOBODY_KNOWN
    persons = [
        replace(stranger, name=known.name, id_type=known.id_type)
        for known, stranger in zip(named, ground.strangers(len(named)), strict=True)
    ]
    found = of_kind(await ground.outcomes(persons), OutcomeKind.FOUND)
    if found:
        return failed(
            "NAME_MATCHED",
            f"{len(found)} 人仅凭姓名查得了他人记录",
            f"{len(found)} people were given somebody else's records, by their name",
        )
    return passed(f"{len(persons)} 人", f"{len(persons)} people")


async def another_id_type_is_somebody_else(ground: Ground) -> Result:
    """A known number under another ID type finds nobody.

    A source without a column of ID types knows nothing of other documents' holders, and must not
    say that they are not there.
    """
    answered = await ground.answered()
    if not answered:
        return NOBODY_KNOWN
    persons = [
        replace(
            known.subject(number),
            id_type=_MILITARY if known.id_type == _PASSPORT else _PASSPORT,
        )
        for number, (known, _) in enumerate(answered, 1)
    ]
    outcomes = await ground.outcomes(persons)
    pairs = zip(outcomes, answered, strict=True)
    wrong = [one for one, (_, own) in pairs if _wrong(ground, one, own)]
    if wrong:
        return failed(
            "ID_TYPE_IGNORED",
            f"{len(persons)} 人换用其他证件类型后，{len(wrong)} 人的结果有误（{codes(wrong)}）",
            f"under another ID type {len(wrong)} of {len(persons)} people are answered wrongly",
        )
    return passed(f"{len(persons)} 人", f"{len(persons)} people")


def _wrong(ground: Ground, one: SubjectOutcome, own: SubjectOutcome) -> bool:
    if one.kind is OutcomeKind.NOT_FOUND:
        return ground.entry is not None and ground.entry.id_type is None
    # Two people may share a number under two types: what counts is whose records come.
    return any(record in own.records for record in one.records)
