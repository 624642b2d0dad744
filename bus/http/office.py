"""The routes of every centre: standing, quarantine, audit chain, calendar."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from bus.api.office import (
    AuditBody,
    ChainBody,
    QuarantinedBody,
    ReplayBody,
    StandingBody,
    YearBody,
)
from bus.daemon.service import Service
from bus.errors import InputError
from bus.http.answers import DOCUMENTED
from bus.http.bodies import BINARY, read_body
from bus.http.caller import Operator

YEAR_TABLE_LIMIT = 64 * 1024
_LAST_NUMBER = 2**63 - 1
"""Largest number a database row can have."""

After = Annotated[int, Query(ge=0, le=_LAST_NUMBER, description="只看此编号之后 / Above this")]
Limit = Annotated[int, Query(ge=1, le=1000, description="条数上限 / At most so many")]
Number = Annotated[int, Path(ge=1, le=_LAST_NUMBER, description="隔离编号 / Its number")]


def office_routes(service: Service) -> APIRouter:
    """Return the routes that hub and nodes share.

    Args:
        service: The centre's operations.
    """
    routes = APIRouter(tags=["运行 Operation"], responses=DOCUMENTED)

    @routes.get("/standing", summary="运行状况 / Standing")
    async def standing() -> StandingBody:
        """目录版本、待发送、暂存和隔离的数量。 Directory version, outbox, held, quarantined."""
        return StandingBody.of(await service.standing())

    @routes.get("/quarantine", summary="隔离消息 / Quarantine")
    async def quarantine(after: After = 0, limit: Limit = 100) -> tuple[QuarantinedBody, ...]:
        """被拒收的消息及原因代码，旧的在前。 Refused records with codes, oldest first."""
        return tuple(QuarantinedBody.of(q) for q in await service.quarantined(after, limit))

    @routes.post("/quarantine/{number}/replay", summary="重试 / Replay")
    async def replay(number: Number, operator: Operator) -> ReplayBody:
        """将隔离的消息当作刚到达重新处理。 Handles a record as if it had just arrived."""
        return ReplayBody(number=number, refused=await service.replay(number, operator))

    @routes.get("/audit/verify", summary="核验审计链 / Verify")
    async def verify_audit() -> ChainBody:
        """从头核验审计链、签名首页和时间戳。 Walks the whole chain, its heads and timestamps."""
        return ChainBody.of(await service.verify_audit())

    @routes.get("/audit", summary="审计记录 / Audit")
    async def audit(after: After = 0, limit: Limit = 100) -> tuple[AuditBody, ...]:
        """审计链，按编号先后。 The audit chain, in order."""
        return tuple(AuditBody.of(entry) for entry in await service.audit(after, limit))

    @routes.get(
        "/directory/copy", summary="目录副本 / Copy of the directory", response_class=Response
    )
    async def directory() -> Response:
        """现行目录的签名记录，供核验证明时查其后的吊销。 Shows what was revoked after a proof."""
        return Response(await service.directory_file(), media_type=BINARY)

    @routes.put(
        "/calendar",
        summary="导入工作日年度表 / Import a year table",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/toml": {"schema": {"type": "string"}}},
            }
        },
    )
    async def calendar(request: Request, operator: Operator) -> YearBody:
        """按国务院办公厅通知编制的年度表（TOML）。 A year table after the yearly notice."""
        data = await read_body(request, YEAR_TABLE_LIMIT)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise InputError(
                "YEAR_TABLE_ENCODING", "年度表不是 UTF-8 文本", "the year table is not UTF-8"
            ) from None
        return YearBody(year=await service.import_year_table(text, operator))

    return routes
