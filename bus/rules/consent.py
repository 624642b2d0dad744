"""Whether every person was authorised before being asked about (R022, R046, R067, R068).

Each member of a household gives written authorisation, for a minor a guardian (监护人) does, and
one missing refuses the whole household (R067). ★ Dates have no hour, so an authorisation of the day
of the application counts as before it. ★ A person is a minor until the 18th birthday (民法典
article 17), told by the birth date in the number; whose number holds none is taken for an adult.
★ Scope and last day are judged where the requester registered them; where it did not, the form's
declaration (R046) stands for them.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bus.model.messages import Finding
from bus.rules import places
from bus.rules.form import DECLARED_SCOPE
from bus.rules.id_number import birth_date
from bus.rules.members import Member

_ADULT = 18


@dataclass(frozen=True, slots=True)
class ConsentReview:
    """What the consents of a query come to.

    `refused` holds the references of all members of the households that are refused.
    """

    findings: tuple[Finding, ...]
    refused: frozenset[int]


def review_consents(members: Sequence[Member], applied_on: date, today: date) -> ConsentReview:
    """Return what is wrong with the consents, and who is refused for it.

    Args:
        members: Everybody on the list.
        applied_on: The date of the application.
        today: The day of the check, in Asia/Shanghai.
    """
    findings: list[Finding] = []
    refused: set[int] = set()
    for household in households(members).values():
        faults = [f for member in household for f in check_consent(member, applied_on, today)]
        if faults:
            references = {member.reference for member in household}
            findings += [*faults, _household_refused(references)]
            refused |= references
    return ConsentReview(tuple(findings), frozenset(refused))


def households(members: Sequence[Member]) -> dict[str, list[Member]]:
    """Return the members of each household, in the order of the list.

    A label tells households apart but for blanks and full-width characters: whoever writes one
    household in two ways does not split it.
    """
    found: defaultdict[str, list[Member]] = defaultdict(list)
    for member in members:
        label = "".join(unicodedata.normalize("NFKC", member.household).split())
        found[label].append(member)
    return dict(found)


def check_consent(member: Member, applied_on: date, today: date) -> tuple[Finding, ...]:
    """Return what is wrong with one person's consent; nothing when it is in order."""
    found = (
        _missing(member),
        _late(member, applied_on),
        _guardian(member),
        _scope(member),
        _expired(member, max(applied_on, today)),
    )
    return tuple(finding for finding in found if finding is not None)


def is_minor(id_type: str, id_number: str, on: date) -> bool:
    """Whether the birth date in a number makes its holder younger than 18 on a day."""
    born = birth_date(id_type, id_number)
    if born is None:
        return False
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return years < _ADULT


def _missing(member: Member) -> Finding | None:
    # R022
    if member.document.strip():
        return None
    return Finding(
        "CONSENT_MISSING",
        "没有本人或监护人的书面授权",
        "there is no written authorisation by the person or a guardian",
        places.person(member.reference, "授权书"),
    )


def _late(member: Member, applied_on: date) -> Finding | None:
    # R022, R068
    if member.authorised_on <= applied_on:
        return None
    return Finding(
        "CONSENT_LATE",
        "授权日期晚于申请日期：未经授权不得提出查询",
        "the authorisation is later than the application: none may be made before it",
        places.person(member.reference, "授权日期"),
    )


def _guardian(member: Member) -> Finding | None:
    # R022
    if not is_minor(member.id_type, member.id_number, member.authorised_on):
        return None
    guardian = (member.guardian or "").strip()
    if guardian and guardian != member.name.strip():
        return None
    return Finding(
        "GUARDIAN_MISSING",
        "未成年人须由监护人授权：请填写监护人",
        "a minor's authorisation is a guardian's: name the guardian",
        places.person(member.reference, "监护人"),
    )


def _scope(member: Member) -> Finding | None:
    # R022, R046
    scope = "".join(unicodedata.normalize("NFKC", member.scope).split())
    if scope in ("", DECLARED_SCOPE):
        return None
    return Finding(
        "CONSENT_SCOPE",
        f"授权范围须为{DECLARED_SCOPE}",
        "the scope of the authorisation is not every checking agency of the country",
        places.person(member.reference, "授权范围"),
    )


def _expired(member: Member, on: date) -> Finding | None:
    # R022: an authorisation that has run out is none.
    if member.valid_until is None or member.valid_until >= max(on, member.authorised_on):
        return None
    return Finding(
        "CONSENT_EXPIRED",
        "授权已过有效期，或有效期早于授权日期",
        "the authorisation has run out, or ended before it began",
        places.person(member.reference, "授权有效期"),
    )


def _household_refused(references: set[int]) -> Finding:
    # R067. The household's own label may hold a name, so its members are named by number.
    return Finding(
        "HOUSEHOLD_REFUSED",
        "家庭成员的授权不齐全，该家庭全部成员不予查询",
        "not every member's authorisation is in order, so the household is refused",
        places.persons(references),
    )
