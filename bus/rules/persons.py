"""Whether the persons on the list are properly named and each stands there once (R058, R070)."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from bus.model.messages import Finding
from bus.rules import places
from bus.rules.id_number import area_warnings, check_number
from bus.rules.members import Member
from schemas.codes import relations

_MAX_NAME = 60
_MAX_TEXT = 200
# Digits, control and format characters, line separators, stray halves of characters. Symbols,
# 〇 and private-use characters stay allowed: registers hold such names.
_NOT_IN_NAMES = frozenset({"Nd", "Cc", "Cf", "Zl", "Zp", "Cs"})
# 01 the applicant, 02 the head of the household: a household has at most one of each.
_ONCE_A_HOUSEHOLD = ("01", "02")


def check_persons(members: Sequence[Member], today: date) -> tuple[Finding, ...]:
    """Return everything wrong with the persons of a list, in the order of the list.

    Args:
        members: Everybody on the list.
        today: The day of the check, in Asia/Shanghai.
    """
    single = [finding for member in members for finding in _check_person(member, today)]
    return (*single, *_duplicates(members), *_roles(members))


def person_warnings(members: Sequence[Member]) -> tuple[Finding, ...]:
    """Return what an operator should look at again, though nothing is refused for it."""
    return tuple(
        warning
        for member in members
        for warning in area_warnings(
            member.id_type, member.id_number, places.person(member.reference, "证件号码")
        )
    )


def plausible_name(name: str) -> bool:
    """Whether a text can be a name: not empty, of bounded length, no digits or controls."""
    if not name.strip() or len(name) > _MAX_NAME:
        return False
    return all(unicodedata.category(character) not in _NOT_IN_NAMES for character in name)


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for blanks and full-width characters."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


def _check_person(member: Member, today: date) -> list[Finding]:
    at = member.reference
    findings = []
    if not plausible_name(member.name):
        findings.append(
            Finding(
                "PERSON_NAME",
                "没有填写姓名，或姓名中有数字、控制字符，或过长",
                "the name is missing, too long, or holds digits or control characters",
                places.person(at, "姓名"),
            )
        )
    number_place = places.person(at, "证件号码")
    findings += check_number(member.id_type, member.id_number, today, number_place)
    if not 0 < len(member.reason.strip()) <= _MAX_TEXT:
        # R070
        findings.append(
            Finding(
                "PERSON_REASON",
                f"没有填写申请原因，或超过 {_MAX_TEXT} 字",
                f"the reason is missing or longer than {_MAX_TEXT} characters",
                places.person(at, "申请原因"),
            )
        )
    if not 0 < len(member.household.strip()) <= _MAX_TEXT:
        # R058
        findings.append(
            Finding(
                "HOUSEHOLD_MISSING",
                f"没有填写家庭编号，或超过 {_MAX_TEXT} 字",
                f"the household is missing or longer than {_MAX_TEXT} characters",
                places.person(at, "家庭编号"),
            )
        )
    if member.relation not in relations():
        findings.append(
            Finding(
                "RELATION_UNKNOWN",
                "没有填写与申请人关系，或没有此关系",
                "the relation is missing or not known",
                places.person(at, "与申请人关系"),
            )
        )
    return findings


def _duplicates(members: Sequence[Member]) -> list[Finding]:
    same: defaultdict[tuple[str, str], list[Member]] = defaultdict(list)
    for member in members:
        if member.id_number:
            same[member.id_type, member.id_number].append(member)
    findings = []
    for group in same.values():
        if len(group) == 1:
            continue
        where = places.persons(member.reference for member in group)
        if len({member.household for member in group}) == 1:
            findings.append(
                Finding(
                    "PERSON_TWICE",
                    "同一证件号码在同一家庭中重复，每人只列一次",
                    "one number stands twice in a household: each person is listed once",
                    where,
                )
            )
        else:
            # R058: a person lives together with one household.
            findings.append(
                Finding(
                    "PERSON_TWO_HOUSEHOLDS",
                    "同一证件号码出现在不同家庭，一人只属于一个家庭",
                    "one number stands in two households: a person belongs to one",
                    where,
                )
            )
    return findings


def _roles(members: Sequence[Member]) -> list[Finding]:
    holders: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for member in members:
        if member.relation in _ONCE_A_HOUSEHOLD:
            holders[member.household, member.relation].append(member.reference)
    return [
        Finding(
            "RELATION_TWICE",
            f"一个家庭有多名“{relations()[relation].zh}”",
            "a household has more than one applicant or head",
            places.persons(references),
        )
        for (_, relation), references in holders.items()
        if len(references) > 1
    ]
