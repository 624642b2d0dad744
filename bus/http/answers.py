"""Errors as responses: every one coded, none with a foreign text or a value of the request.

| error | status |
|---|---|
| OperatorError | 401 |
| InputError | 422, or as `_STATUS` says by its code |
| a year table that cannot be used | 422: it came with the request |
| RefusedError | 409: not in this state |
| UnavailableError, PendingError | 503 |
| anything else coded | 500 |
| anything else | 500 `INTERNAL`, logged by type and place |
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bus.api.errors import ErrorBody, RequestInvalidError, error_body
from bus.errors import (
    DefectError,
    HeduiError,
    InputError,
    PendingError,
    RefusedError,
    UnavailableError,
)
from bus.http.caller import OPERATOR_HEADER, OperatorError
from bus.logs.setup import Logger
from bus.model.messages import Finding
from bus.rules.year_table import YearTableError

_STATUS = {
    "QUERY_UNKNOWN": 404,
    "QUARANTINE_UNKNOWN": 404,
    "RESULT_NOT_HERE": 404,
    "ADMISSION_UNKNOWN": 404,
    "RENEWAL_UNKNOWN": 404,
    "GENERATION_UNKNOWN": 404,
    "ROUTE_UNKNOWN": 404,
    "RUN_UNKNOWN": 404,
    "CATALOGUE_UNKNOWN": 404,
    "PARTICIPANT_UNKNOWN": 404,
    "RUN_IN_PROGRESS": 409,
    "EVIDENCE_UNKNOWN": 404,
    "EVIDENCE_CALL_UNKNOWN": 404,
    "EVIDENCE_NOT_WHOLE": 409,
    "EVIDENCE_NOTHING_OWED": 409,
    "EVIDENCE_NOTHING_TO_JUDGE": 409,
    "EVIDENCE_TOO_LARGE": 413,
    "EVIDENCE_TYPE": 415,
    "REPORT_NOT_HERE": 409,
    "PARTICIPANT_NOT_TESTABLE": 409,
    "METHOD_UNKNOWN": 405,
    "NOT_UNDER_REVIEW": 409,
    "ROWS_NONE": 409,
    "WITHDRAWAL_TOO_LATE": 409,
    "RESULT_WITHDRAWN": 409,
    "REQUESTER_NOT_CONNECTED": 409,
    "APPLICATION_EXPIRED": 409,
    "ADMISSION_ILLEGAL": 409,
    "GENERATION_TAKEN": 409,
    "GENERATION_REVOKED": 409,
    "REPORT_MISSING": 409,
    "REPORT_FAILED": 409,
    "REPORT_EXPIRED": 409,
    "PROOF_TOO_EARLY": 409,
    "BODY_TOO_LARGE": 413,
    "CONTENT_TYPE_UNKNOWN": 415,
    "TOKEN_MISSING": 401,
    "TOKEN_SCHEME": 401,
    "TOKEN_INVALID": 401,
    "TOKEN_EXPIRED": 401,
    "TOKEN_REVOKED": 401,
    "TOKEN_OF_ANOTHER": 401,
    "OPERATOR_DISABLED": 403,
    "ROLE_MISSING": 403,
    "TOO_MANY_FAILURES": 429,
    "OPERATOR_UNKNOWN": 404,
    "TOKEN_UNKNOWN": 404,
    "OPERATOR_EXISTS": 409,
    "OPERATOR_OWN": 403,
    "TOKEN_NOT_YOURS": 403,
    "PURPOSE_DIFFERS": 403,
    "UNIT_NOT_ENTITLED": 403,
    "RESULT_PURGED": 410,
}
_KINDS: tuple[tuple[type[HeduiError], int], ...] = (
    (OperatorError, 401),
    (InputError, 422),
    (YearTableError, 422),
    (RefusedError, 409),
    (UnavailableError, 503),
    (PendingError, 503),
)
_KEY = re.compile(r"[a-z][a-z_]{0,39}")
_HEADER = OPERATOR_HEADER.lower().encode()
_READS = frozenset({"GET", "HEAD"})

DOCUMENTED: dict[int | str, dict[str, Any]] = {
    422: {"model": ErrorBody, "description": "输入有误 / The input is at fault"},
    "default": {"model": ErrorBody, "description": "错误 / Any other error"},
}
"""The responses of errors, as OpenAPI shows them."""


def status_of(error: HeduiError) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, InputError) and error.code in _STATUS:
        return _STATUS[error.code]
    return next((status for kind, status in _KINDS if isinstance(error, kind)), 500)


def error_response(error: HeduiError) -> JSONResponse:
    """Return the response that says an error."""
    return JSONResponse(error_body(error).model_dump(mode="json"), status_of(error))


def request_invalid(errors: Iterable[Mapping[str, Any]]) -> RequestInvalidError:
    """Return the error of a request that pydantic refused, without its values.

    Args:
        errors: What pydantic's `errors()` gives.
    """
    return RequestInvalidError(
        Finding(
            str(fault["type"]).upper(),
            "不合格式",
            str(fault["msg"]),
            ".".join(_step(step) for step in fault["loc"]),
        )
        for fault in errors
    )


def install(app: FastAPI, log: Logger) -> None:
    """Make an application answer every error with an `ErrorBody`, and log who called."""
    app.add_exception_handler(HeduiError, _coded)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _routing)
    app.add_middleware(_Guard, log=log)


async def _coded(_request: Request, error: Exception) -> JSONResponse:
    return error_response(error) if isinstance(error, HeduiError) else error_response(_internal())


async def _malformed(_request: Request, error: Exception) -> JSONResponse:
    faults = error.errors() if isinstance(error, RequestValidationError) else ()
    return error_response(request_invalid(faults))


async def _routing(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, HTTPException) and error.status_code == 405:  # noqa: PLR2004 - by RFC 9110
        return error_response(
            InputError("METHOD_UNKNOWN", "该地址没有此操作", "this address has no such method")
        )
    return error_response(
        InputError(
            "ROUTE_UNKNOWN",
            "没有此操作",
            "there is no such operation here",
            remedy_zh="查询属于节点，申请审查属于部中心：请检查所连接的进程",
            remedy_en="Queries are a node's, applications the hub's: check which daemon this is",
        )
    )


def _step(step: object) -> str:
    """A step of a place; a key that is none of ours is not repeated, it may be anything."""
    return str(step) if isinstance(step, int) or _KEY.fullmatch(str(step)) else "?"


def _internal() -> DefectError:
    return DefectError(
        "INTERNAL",
        "内部错误",
        "an internal error",
        remedy_zh="请将进程日志中的 http.internal 一行报告给开发方",
        remedy_en="Report the line http.internal of the daemon's log",
    )


class _Guard:
    """The outermost layer: no exception leaves it, every call in an operator's name is logged.

    The log line holds the path (query ids only), the status and the caller's uid; the name goes
    into the audit chain.
    """

    def __init__(self, app: ASGIApp, log: Logger) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the last line of defence; its text may hold data
            self._log.error("http.internal", code=type(error).__name__, where=_place(error))
            if not status:
                await error_response(_internal())(scope, receive, watched)
        if scope["method"] not in _READS or any(key == _HEADER for key, _ in scope["headers"]):
            client = scope.get("client")
            self._log.info(
                "operator.call",
                kind=scope["method"],
                url=scope["path"],
                code=str(status),
                where="" if client is None else f"{client[0]}:{client[1]}",
            )


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
