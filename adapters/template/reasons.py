"""Why people at an agency could not answer about a person: the codes a list offers (R073).

None of them says that there is nothing: that is a NOT_FOUND, which has no reason.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """A code of NOT_ANSWERABLE and what the list calls it."""

    code: str
    zh: str


REASONS = (
    Reason("NAME_MISMATCH", "证件号码相符但姓名不一致"),
    Reason("ID_TYPE_NOT_HELD", "本机构不按此证件类型登记"),
    Reason("ID_NUMBER_UNCLEAR", "所给证件号码无法检索"),
    Reason("RANGE_NOT_HELD", "所查时段的数据未保存"),
    Reason("RECORD_UNREADABLE", "记录损毁或无法辨认"),
    Reason("RECORD_DISPUTED", "记录正在更正或存在争议"),
)

_BY_NAME = {name: reason for reason in REASONS for name in (reason.code, reason.zh)}


def find_reason(text: str) -> Reason | None:
    """Return the reason of that code or name, or None."""
    return _BY_NAME.get(text)
