"""Whether the official form is properly filled in (R021, R040-R048).

The same checks read a draft before it is submitted and an application at the hub: each is one small
function that returns its finding or None, and `_CHECKS` is the order in which they are reported.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from bus.model.messages import Finding
from bus.model.request import Application, Draft
from bus.rules import places
from bus.rules.persons import same_name
from schemas.codes import business

ADDRESSEE = "民政部低收入家庭认定指导中心"
LEGAL_BASIS = "《社会救助暂行办法》（国务院令第649号）"
DECLARED_SCOPE = "全国各核对机构"
IN_FORCE = date(2018, 12, 18)

_DECREE = "国务院令第649号"
_MAX_TEXT = 1000
_PHONE = re.compile(r"[+(]?[0-9][0-9()-]{5,22}[0-9](?:(?:转|x|ext)[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Filled:
    """A form and what it is held against.

    Draft and application share the fields of the printed form. `listed` is the number of persons
    on the list, `first_listed` the first one's name where the list is at hand, `today` the day of
    the check in Asia/Shanghai.
    """

    form: Draft | Application
    business: str
    purpose: str
    listed: int
    first_listed: str | None
    today: date


def check_draft(draft: Draft, today: date) -> tuple[Finding, ...]:
    """Return everything wrong with the form of a draft, which has its list with it."""
    first = draft.persons[0].name if draft.persons else None
    return _check(Filled(draft, draft.business, draft.purpose, len(draft.persons), first, today))


def check_application(application: Application, today: date) -> tuple[Finding, ...]:
    """Return everything wrong with the form of an application.

    The list is elsewhere: its length is that of the parts it names, and who stands first on it is
    for `bus.rules.consistency`.
    """
    listed = sum(part.count for part in application.parts if part.kind == "Roster")
    request = application.request
    return _check(Filled(application, request.business, request.purpose, listed, None, today))


def _check(filled: Filled) -> tuple[Finding, ...]:
    found = (check(filled) for check in _CHECKS)
    return tuple(finding for finding in found if finding is not None)


def _addressee(filled: Filled) -> Finding | None:
    # R041. The printed form ends the line with a colon.
    if _plain(filled.form.addressee).rstrip(":") == ADDRESSEE:
        return None
    return _at("受文单位", "FORM_ADDRESSEE", f"受文单位须为{ADDRESSEE}", "not the addressee")


def _legal_basis(filled: Filled) -> Finding | None:
    # R041
    if _DECREE in _plain(filled.form.legal_basis):
        return None
    return _at(
        "法律依据", "FORM_LEGAL_BASIS", f"法律依据须写明{_DECREE}", "Decree 649 is not named"
    )


def _authority(filled: Filled) -> Finding | None:
    # R042
    return _text(filled.form.authority, "审批机关", "FORM_AUTHORITY", "the approving authority")


def _business_text(filled: Filled) -> Finding | None:
    # R043
    return _text(filled.form.business_text, "业务", "FORM_BUSINESS", "the business")


def _business_code(filled: Filled) -> Finding | None:
    # R021
    if filled.business in business():
        return None
    return _at("业务类别", "FORM_BUSINESS_UNKNOWN", "没有此业务类别", "no such business category")


def _business_agrees(filled: Filled) -> Finding | None:
    # R025, R043: free wording is allowed, the name of another category is not.
    named = business().find(_plain(filled.form.business_text))
    if named is None or filled.business not in business() or named.code == filled.business:
        return None
    return _at(
        "业务",
        "FORM_BUSINESS_DIFFERS",
        "所填业务与业务类别不一致",
        "the business as written is another category than the one chosen",
    )


def _purpose(filled: Filled) -> Finding | None:
    # R033: results may be used for the stated purpose only, so there must be one.
    return _text(filled.purpose, "用途", "FORM_PURPOSE", "the purpose")


def _count(filled: Filled) -> Finding | None:
    # R021, R044
    if filled.form.person_count == filled.listed > 0:
        return None
    return _at(
        "查询人数",
        "FORM_PERSON_COUNT",
        f"申请填 {filled.form.person_count} 人，名单为 {filled.listed} 人，二者须一致且不为零",
        f"the form says {filled.form.person_count} persons, the list has {filled.listed}",
    )


def _first_named(filled: Filled) -> Finding | None:
    # R044
    missing = _text(filled.form.first_named, "首位被查询人", "FORM_FIRST_NAMED", "the first person")
    if missing is not None or filled.first_listed is None:
        return missing
    if same_name(filled.form.first_named, filled.first_listed):
        return None
    return _at(
        "首位被查询人",
        "FORM_FIRST_NAMED_DIFFERS",
        "“等 N 人”之前所列的人不是名单第 1 人",
        "the person named first on the form is not the first on the list",
    )


def _query_text(filled: Filled) -> Finding | None:
    # R045
    return _text(filled.form.query_text, "查询事项", "FORM_QUERY_TEXT", "what is asked for")


def _declared(filled: Filled) -> Finding | None:
    # R046
    if filled.form.declaration.authorised:
        return None
    return _at(
        "授权声明",
        "FORM_NOT_AUTHORISED",
        "没有声明审批机关已获得书面授权",
        "it is not declared that the authority holds written authorisation",
    )


def _declared_scope(filled: Filled) -> Finding | None:
    # R046
    if _plain(filled.form.declaration.scope) == DECLARED_SCOPE:
        return None
    return _at(
        "授权范围",
        "FORM_SCOPE",
        f"授权范围须为{DECLARED_SCOPE}",
        "the scope of the authorisation is not every checking agency of the country",
    )


def _list_date(filled: Filled) -> Finding | None:
    # R047. ★ The form refers back to a list already submitted, at the latest the same day.
    if filled.form.list_submitted_on <= min(filled.form.applied_on, filled.today):
        return None
    return _at(
        "名单提交日期",
        "FORM_LIST_DATE",
        "名单提交日期晚于申请日期或今天",
        "the list's date is after the form's or in the future",
    )


def _contact_name(filled: Filled) -> Finding | None:
    # R048
    return _text(filled.form.contact.name, "联系人", "FORM_CONTACT", "the contact person")


def _contact_phone(filled: Filled) -> Finding | None:
    # R048
    if _PHONE.fullmatch(_plain(filled.form.contact.phone)):
        return None
    return _at(
        "联系电话",
        "FORM_PHONE",
        "没有填写联系电话，或不是电话号码",
        "the telephone is missing or is no telephone number",
    )


def _applied_on(filled: Filled) -> Finding | None:
    # R048
    if filled.form.applied_on <= filled.today:
        return None
    return _at("申请日期", "FORM_DATE_FUTURE", "申请日期尚未到来", "the form's date is to come")


def _in_force(filled: Filled) -> Finding | None:
    # R040
    if filled.form.applied_on >= IN_FORCE:
        return None
    return _at(
        "申请日期",
        "FORM_DATE_BEFORE_RULES",
        "申请日期早于查询办法施行之日（2018-12-18）",
        "the form's date is before the rules came into force (2018-12-18)",
    )


_CHECKS: tuple[Callable[[Filled], Finding | None], ...] = (
    _addressee,
    _legal_basis,
    _authority,
    _business_text,
    _business_code,
    _business_agrees,
    _purpose,
    _count,
    _first_named,
    _query_text,
    _declared,
    _declared_scope,
    _list_date,
    _contact_name,
    _contact_phone,
    _applied_on,
    _in_force,
)


def _text(value: str, field: str, code: str, en: str) -> Finding | None:
    if not value.strip():
        return _at(field, code, f"没有填写{field}", f"{en} is missing")
    if len(value) > _MAX_TEXT:
        return _at(
            field,
            f"{code}_LONG",
            f"{field}超过 {_MAX_TEXT} 字",
            f"{en} is longer than {_MAX_TEXT} characters",
        )
    return None


def _at(field: str, code: str, zh: str, en: str) -> Finding:
    return Finding(code, zh, en, places.form(field))


def _plain(text: str) -> str:
    """Drop blanks and the difference between full-width and half-width characters."""
    return "".join(unicodedata.normalize("NFKC", text).split())
