"""Invented households and what is asked about them.

Every number is of area 990000, which nobody has.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from bus.model.request import Contact, Declaration, Draft, DraftLine, DraftPerson
from bus.rules.form import ADDRESSEE, DECLARED_SCOPE, LEGAL_BASIS
from bus.rules.id_number import check_digit

AREA = "990000"
RESIDENT = "111"
HEAD, SPOUSE, CHILD = "01", "10", "20"

_SURNAMES = "周许韩沈陆秦何孟邓吴梁宋唐冯董程"
_GIVEN = "安宁晨卓兰恒月川石青梅桐溪禾舟岚"
_FIRST_BORN = date(1950, 1, 1)
_ADULT_BIRTHDAYS = 365 * 45
_CHILD_BORN = date(2012, 1, 1)
_CHILD_BIRTHDAYS = 365 * 10


def id_number(born: date, serial: int) -> str:
    """Return a resident's number that nobody has, with its check digit.

    Args:
        born: Birth date.
        serial: The order of registration, 0 to 999.
    """
    body = f"{AREA}{born:%Y%m%d}{serial:03d}"
    return body + check_digit(body)


def household(number: int, size: int, authorised_on: date) -> tuple[DraftPerson, ...]:
    """Return an invented household: a head, then a spouse, then children.

    Args:
        number: The household's; another number is other people.
        size: How many live in it, 1 to 4.
        authorised_on: When all of them signed, the guardian for a child.
    """
    surname = _SURNAMES[number % len(_SURNAMES)]
    first_given = number // len(_SURNAMES)
    head = f"{surname}样{_GIVEN[first_given % len(_GIVEN)]}"
    people = []
    for place in range(size):
        serial = number * 4 + place
        child = place > 1
        first, days = (_CHILD_BORN, _CHILD_BIRTHDAYS) if child else (_FIRST_BORN, _ADULT_BIRTHDAYS)
        born = first + timedelta(days=serial * 131 % days)
        given = _GIVEN[(first_given + place * 5) % len(_GIVEN)]
        people.append(
            DraftPerson(
                household=f"H{number:04d}",
                relation=(HEAD, SPOUSE, CHILD, CHILD)[place],
                name=f"{surname}样{given}",
                id_type=RESIDENT,
                id_number=id_number(born, serial % 1000),
                reason="申请最低生活保障",
                document=f"授〔{authorised_on.year}〕第{number:04d}-{place + 1}号",
                authorised_on=authorised_on,
                guardian=head if child else None,
            )
        )
    return tuple(people)


def application(
    persons: Sequence[DraftPerson], lines: Sequence[DraftLine], on: date, authority: str
) -> Draft:
    """Return a complete application about persons.

    Args:
        persons: Whom it is about; the first is the first-named.
        lines: What is asked of whom (附表).
        on: The day it is made and its list handed over.
        authority: The authority that entrusted the check (委托审批机关).
    """
    return Draft(
        addressee=ADDRESSEE,
        legal_basis=LEGAL_BASIS,
        authority=authority,
        business="subsistence-allowance",
        business_text="城乡低保",
        purpose="最低生活保障对象认定",
        first_named=persons[0].name,
        person_count=len(persons),
        query_text="明细见附表",
        declaration=Declaration(authorised=True, scope=DECLARED_SCOPE),
        list_submitted_on=on,
        contact=Contact("吴样联", "0531-99000123"),
        applied_on=on,
        lines=tuple(lines),
        persons=tuple(persons),
    )
