"""Whether a result may be read: for this purpose, by this unit (R033-R035, R057).

★ The form states the purpose as a business category and in words. A reader states either one, the
words exactly as applied for; blanks and width of characters are passed over. An opinion of the
reader's own on what is "the same purpose" is nothing that could be audited.
"""

from __future__ import annotations

import unicodedata

from bus.model.messages import Finding
from bus.model.request import Request
from schemas.codes import business


def check_purpose(request: Request, stated: str) -> tuple[Finding, ...]:
    """Return `PURPOSE_DIFFERS` unless a purpose is the one that was applied for (R033, R057).

    Args:
        request: The signed request of the query.
        stated: What the reader states: code or any name of the business category, or the purpose in
            the words of the application.
    """
    known = business().get(request.business)
    allowed = [request.business, request.purpose, *(() if known is None else known.names)]
    if _plain(stated) in {_plain(one) for one in allowed if _plain(one)}:
        return ()
    # R033, R057: the result serves what was applied for, and nothing else. The words of the form
    # are not told: they may name somebody.
    named = request.business if known is None else f"{known.code}（{known.zh}）"
    return (
        Finding(
            "PURPOSE_DIFFERS",
            f"所述用途与申请所载不同；该查询的业务类别为 {named}",
            f"not the purpose that was applied for; the query's business is {request.business}",
            "purpose",
        ),
    )


def check_unit(authority: str, unit: str) -> tuple[Finding, ...]:
    """Return `UNIT_NOT_ENTITLED` unless a unit may have the result (R034).

    Args:
        authority: The entrusting unit (委托单位) that the application names.
        unit: The reader's unit, empty for the centre's own staff.
    """
    # R034: the entrusting unit and the centre itself, and no third party.
    if not unit or (authority and _plain(unit) == _plain(authority)):
        return ()
    return (
        Finding(
            "UNIT_NOT_ENTITLED",
            "结果只提供给申请所载的委托单位",
            "a result goes to the entrusting unit of its application alone",
            "unit",
        ),
    )


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
