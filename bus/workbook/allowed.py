"""What may stand where a rule found fault, in Chinese, for faults their column alone does not tell.

The rules name what is wrong; the faces also say what would be right, which for most faults is the
hint of the field.
"""

from __future__ import annotations

from bus.model.request import Draft
from bus.rules.form import ADDRESSEE, DECLARED_SCOPE, LEGAL_BASIS
from schemas.codes import id_types

_RESIDENT = "18 位，前 17 位为数字，末位为数字或 X（校验码）"

_BY_CODE = {
    "FORM_ADDRESSEE": ADDRESSEE,
    "FORM_LEGAL_BASIS": LEGAL_BASIS,
    "FORM_SCOPE": DECLARED_SCOPE,
    "ID_NUMBER_CHECK_DIGIT": _RESIDENT,
    "ID_NUMBER_OLD": _RESIDENT,
    "ID_NUMBER_BIRTH_DATE": f"{_RESIDENT}；第 7 至 14 位为出生日期 YYYYMMDD",
    "PERSON_TWICE": "每个证件号码只列一行，删去重复的行",
    "PERSON_TWO_HOUSEHOLDS": "每个证件号码只列一行，只属于一户",
    "RELATION_TWICE": "每户“本人”至多一人，“户主”至多一人",
    "GUARDIAN_MISSING": "监护人姓名，不得为被查询人本人",
}

RANGES_ALLOWED = {
    "TIME_LATEST_ONLY": "留空",
    "TIME_ONE_DAY_ONLY": "YYYY/MM/DD，或留空",
    "TIME_TOO_FAR_BACK": "资源目录所列可追溯期间之内，或留空",
}
"""For time ranges that the catalogue does not allow (bus.rules.time_ability), by code."""

_FORMS = {
    "511": "8 位数字",
    "516": "H 或 M 后接 8 位数字",
}
"""The forms of `pattern` in the table of id types, in words, by type."""


def allowed_for(code: str, draft: Draft, person: int | None) -> str:
    """Return what may stand at a fault; empty where the field's own hint says it.

    Args:
        code: The fault's code.
        draft: The draft it was found in.
        person: The person it is about, counted from 1, if it is about one.
    """
    if code == "ID_NUMBER_FORM" and person is not None:
        kind = id_types()[draft.persons[person - 1].id_type]
        return _RESIDENT if kind.check_digit else _FORMS.get(kind.code, "")
    return _BY_CODE.get(code, "")
