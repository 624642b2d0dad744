"""Who calls and what for: the operator, and the purpose a result is read for (R035)."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Header, Query, Request

from bus.api.operator import NAME_LIMIT, plain_name
from bus.errors import InputError
from bus.model.operator import Caller

OPERATOR_HEADER = "X-Hedui-Operator"
CALLER = "caller"
"""Where the gate notes on a request who makes it."""

PURPOSE_LIMIT = 200


class OperatorError(InputError):
    """A call that changes something or reads personal data does not say who makes it."""


def calling(
    request: Request,
    _given: Annotated[
        str | None,
        Header(
            alias=OPERATOR_HEADER,
            description="操作员姓名或工号，UTF-8 百分号编码 / The operator, percent-encoded UTF-8",
        ),
    ] = None,
) -> Caller:
    """Return who makes a call, as the gate has noted.

    Raises:
        OperatorError: `OPERATOR_MISSING`: nobody is registered, and the call names nobody.
    """
    caller: Caller = getattr(request.state, CALLER)
    if not caller.name:
        raise OperatorError(
            "OPERATOR_MISSING",
            "没有说明操作员",
            "the operator is not named",
            remedy_zh=f"请在请求头 {OPERATOR_HEADER} 中写明操作员",
            remedy_en=f"Name the operator in the header {OPERATOR_HEADER}",
            where=OPERATOR_HEADER,
        )
    return caller


def operator_name(caller: Annotated[Caller, Depends(calling)]) -> str:
    """Return the name of the operator who makes a call."""
    return caller.name


def read_operator(given: str) -> str:
    """Return the operator's name in a header.

    Raises:
        OperatorError: `OPERATOR_INVALID`.
    """
    try:
        # Header bytes reach us as Latin-1; the name in them is UTF-8, percent-encoded or bare.
        name = unquote_to_bytes(given.encode("latin-1")).decode("utf-8")
    except UnicodeError:
        raise _invalid() from None
    if not plain_name(name):
        raise _invalid()
    return name


def stated_purpose(
    purpose: Annotated[
        str | None,
        Query(
            description="本次查阅的用途，记入审计（R035），不得写个人信息 / "
            "What the result is read for; audited, no personal data"
        ),
    ] = None,
) -> str:
    """Return the purpose a result is read for.

    Raises:
        InputError: `PURPOSE_MISSING`, `PURPOSE_INVALID`.
    """
    text = (purpose or "").strip()
    if not text:
        # R035
        raise InputError(
            "PURPOSE_MISSING",
            "没有说明查阅结果的用途",
            "it is not said what the result is read for",
            remedy_zh="请以 purpose 写明用途，每次查阅都会记入审计",
            remedy_en="State it as `purpose`; every reading is audited",
            where="purpose",
        )
    if len(text) > PURPOSE_LIMIT or not text.isprintable():
        raise InputError(
            "PURPOSE_INVALID",
            f"用途超过 {PURPOSE_LIMIT} 字或含控制字符",
            f"the purpose is longer than {PURPOSE_LIMIT} characters or holds control characters",
            where="purpose",
        )
    return text


def _invalid() -> OperatorError:
    return OperatorError(
        "OPERATOR_INVALID",
        f"操作员名称不合规：应为不超过 {NAME_LIMIT} 个可显示字符",
        f"not an operator's name: up to {NAME_LIMIT} printable characters, UTF-8",
        where=OPERATOR_HEADER,
    )


Calling = Annotated[Caller, Depends(calling)]
Operator = Annotated[str, Depends(operator_name)]
Purpose = Annotated[str, Depends(stated_purpose)]
