"""Bodies of requests: read with a limit, turned into a draft."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from fastapi import Request
from pydantic import ValidationError

from bus.api.draft import DraftBody, draft_faults
from bus.api.errors import DraftFaultsError
from bus.catalog.catalogue import Catalogue
from bus.errors import InputError
from bus.http.answers import request_invalid
from bus.model.request import Draft
from bus.workbook.files import with_hashes
from bus.workbook.package import SIZE_LIMIT
from bus.workbook.parse import parse

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JSON = "application/json"
BINARY = "application/octet-stream"
_NO_FILES: Mapping[str, bytes] = MappingProxyType({})


async def read_body(request: Request, limit: int = SIZE_LIMIT) -> bytes:
    """Return a request's body.

    Args:
        request: The request.
        limit: Most bytes taken.

    Raises:
        InputError: `BODY_TOO_LARGE`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise InputError(
                "BODY_TOO_LARGE",
                f"内容超过 {limit} 字节",
                f"the body is larger than {limit} bytes",
            )
    return bytes(body)


def read_draft(
    content_type: str,
    data: bytes,
    today: date,
    catalogue: Catalogue,
    files: Mapping[str, bytes] = _NO_FILES,
) -> Draft:
    """Return the draft in a body: a filled workbook, or JSON.

    Args:
        content_type: As the request says it; parameters after a semicolon are passed over.
        data: The body.
        today: The day of submission, in Asia/Shanghai.
        catalogue: The catalogue in force, which the draft is held against (R020, R052).
        files: SHA-256 of the files that were handed in with it, by name.

    Raises:
        WorkbookFaults: Every fault of the workbook.
        RequestInvalidError: The JSON is not a draft.
        DraftFaultsError: Every fault of the draft.
        InputError: `CONTENT_TYPE_UNKNOWN`.
    """
    match content_type.partition(";")[0].strip().lower():
        case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
            return parse(data, today, catalogue, files)
        case "application/json":
            return _from_json(data, today, catalogue, files)
        case _:
            raise InputError(
                "CONTENT_TYPE_UNKNOWN",
                "内容类型须为 .xlsx 工作簿或 JSON",
                "the content type is neither that of .xlsx nor of JSON",
                remedy_zh=f"{XLSX} 或 {JSON}",
                remedy_en=f"Send {XLSX} or {JSON}",
                where="Content-Type",
            )


def _from_json(data: bytes, today: date, catalogue: Catalogue, files: Mapping[str, bytes]) -> Draft:
    try:
        draft = DraftBody.model_validate_json(data).to_model()
    except ValidationError as error:
        raise request_invalid(error.errors(include_url=False, include_input=False)) from None
    faults = draft_faults(draft, today, catalogue, files)
    if faults:
        raise DraftFaultsError(faults)
    return with_hashes(draft, files)
