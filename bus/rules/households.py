"""Whether a household may be incomplete (R058): what an operator should look at again.

A query is about all co-living members of a household, and no list can show that somebody is not on
it. ★ What a list does show makes a warning, never a fault: nothing is refused and nothing waits for
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bus.model.messages import Finding
from bus.rules import places
from bus.rules.consent import households, is_minor
from bus.rules.members import Member

_APPLICANT_OR_HEAD = frozenset({"01", "02"})


def household_warnings(members: Sequence[Member], today: date) -> tuple[Finding, ...]:
    """Return the households that may lack a member.

    Args:
        members: Everybody on the list.
        today: The day of the check, in Asia/Shanghai.
    """
    found: list[Finding] = []
    for household in households(members).values():
        where = places.persons(member.reference for member in household)
        if not any(member.relation in _APPLICANT_OR_HEAD for member in household):
            found.append(
                Finding(
                    "HOUSEHOLD_NO_APPLICANT",
                    "家庭成员中没有申请人或户主，请核对共同生活的成员是否列全",
                    "no member is the applicant or the head: is everybody listed?",
                    where,
                )
            )
        if all(is_minor(member.id_type, member.id_number, today) for member in household):
            found.append(
                Finding(
                    "HOUSEHOLD_MINORS_ONLY",
                    "家庭成员均为未成年人，请核对共同生活的成员是否列全",
                    "every member is a minor: is everybody listed?",
                    where,
                )
            )
    return tuple(found)
