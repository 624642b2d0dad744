"""Whether a number can be that of its identity document (R070: 证件类型, 证件号码).

What each type's number looks like is data (`schemas/codes/id-types.toml`). Numbers with a check
digit are checked after GB 11643: length, birth date, check digit. The area code never makes one
wrong: areas are abolished and renamed, and people keep their numbers. An unlikely area is a
warning, given by another function, so that no caller takes it for a fault.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from bus.model.messages import Finding
from schemas.codes import IdType, id_types, regions

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_OLD_FORM = re.compile("[0-9]{15}")
_FULL_FORM = re.compile("[0-9]{17}[0-9X]")
_MAX_LENGTH = 40

_SYNTHETIC_AREA = "990000"
# Taiwan, Hong Kong and Macao, and the three areas of their residence permits in the mainland.
_AREAS_BESIDE_PROVINCES = frozenset({"71", "81", "82", "83"})
# The corps is a province here but no area: its people's numbers begin with Xinjiang's 65.
_CORPS = "660000"


def normalise(id_type: str, number: str) -> str:
    """Return the number as it is compared and sent.

    Blanks are dropped, full-width characters made half-width and letters upper-case: for types
    whose form is prescribed none of these can change whose number it is. A type without a
    prescribed form keeps its inner blanks and its case.
    """
    plain = unicodedata.normalize("NFKC", number).strip()
    row = id_types().get(id_type)
    if row is None or row.pattern is None:
        return plain
    # Again, since what a blank kept apart may compose once it is gone.
    compact = unicodedata.normalize("NFKC", "".join(plain.split()))
    # Letters beyond ASCII are in no prescribed form; upper-casing them could change their number.
    return compact.upper() if compact.isascii() else compact


def check_digit(first_17: str) -> str:
    """Return the check digit of a number's first 17 digits (GB 11643: ISO 7064 MOD 11-2)."""
    total = sum(w * int(d) for w, d in zip(_WEIGHTS, first_17, strict=True))
    return _CHECK_DIGITS[total % 11]


def birth_date(id_type: str, number: str) -> date | None:
    """Return the birth date a number contains, or None when its type has none or it is no date."""
    row = id_types().get(id_type)
    if row is None or not row.check_digit or not _FULL_FORM.fullmatch(number):
        return None
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def check_number(id_type: str, number: str, today: date, where: str) -> tuple[Finding, ...]:
    """Return what is wrong with a number of a type; nothing when it may be one.

    Args:
        id_type: Code of the type.
        number: The number, normalised.
        today: The day of the check, in Asia/Shanghai.
        where: The place a finding names.

    Returns:
        At most one of `ID_TYPE_UNKNOWN`, `ID_NUMBER_EMPTY`, `ID_NUMBER_TEXT`, `ID_NUMBER_OLD`,
        `ID_NUMBER_FORM`, `ID_NUMBER_BIRTH_DATE`, `ID_NUMBER_CHECK_DIGIT`. No finding holds a digit
        of the number.
    """
    row = id_types().get(id_type)
    if row is None:
        return (Finding("ID_TYPE_UNKNOWN", "没有此证件类型", "no such type of document", where),)
    fault = _unreadable(number, where) or _misshapen(row, number, where)
    if fault is None and row.check_digit:
        fault = _impossible(id_type, number, today, where)
    return () if fault is None else (fault,)


def _unreadable(number: str, where: str) -> Finding | None:
    if not number:
        return Finding("ID_NUMBER_EMPTY", "没有证件号码", "the number is missing", where)
    if len(number) > _MAX_LENGTH or not number.isprintable():
        zh, en = f"证件号码须为至多 {_MAX_LENGTH} 个可见字符", "the number is no readable text"
        return Finding("ID_NUMBER_TEXT", zh, en, where)
    return None


def _misshapen(row: IdType, number: str, where: str) -> Finding | None:
    if row.pattern is None or re.fullmatch(row.pattern, number):
        return None
    if row.check_digit and _OLD_FORM.fullmatch(number):
        # The 18-digit number could be computed, but only on the guess that the holder was born in
        # the 1900s, and a guess must not decide whose records are looked up.
        return Finding(
            "ID_NUMBER_OLD",
            "15 位旧号码不再使用，请填写现行 18 位号码",
            "the 15-digit form is out of use: give the present 18-digit number",
            where,
        )
    zh, en = f"证件号码不合{row.zh}的格式", f"not the form of the number ({row.en})"
    return Finding("ID_NUMBER_FORM", zh, en, where)


def _impossible(id_type: str, number: str, today: date, where: str) -> Finding | None:
    born = birth_date(id_type, number)
    if born is None or born > today:
        zh, en = "号码中的出生日期不存在或尚未到来", "the birth date in the number is not possible"
        return Finding("ID_NUMBER_BIRTH_DATE", zh, en, where)
    if check_digit(number[:17]) != number[17]:
        zh, en = (
            "号码的校验码不符，至少有一位有误",
            "the check digit does not fit: a digit is wrong",
        )
        return Finding("ID_NUMBER_CHECK_DIGIT", zh, en, where)
    return None


def area_warnings(id_type: str, number: str, where: str) -> tuple[Finding, ...]:
    """Return `ID_NUMBER_AREA` when a resident's number begins with no known province.

    A warning for the operator's eye, never a reason to refuse. The area 990000, which nobody has
    and sample data uses, is accepted.
    """
    row = id_types().get(id_type)
    if row is None or not row.check_digit or not _FULL_FORM.fullmatch(number):
        return ()
    known = _AREAS_BESIDE_PROVINCES | {code[:2] for code in regions() if code != _CORPS}
    if number[:2] in known or number[:6] == _SYNTHETIC_AREA:
        return ()
    return (
        Finding(
            "ID_NUMBER_AREA",
            "号码的地区码不属于任何省份，请核对",
            "the number's area belongs to no province: please check it",
            where,
        ),
    )
