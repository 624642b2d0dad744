"""The routes of evidence: archive and produce at a node, call up and judge at the hub."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from bus.api.evidence import (
    CallAsked,
    CallBody,
    CallDetail,
    DocumentBody,
    FileBody,
    SendAsked,
    VerdictAsked,
)
from bus.daemon.evidence.service import EvidenceService
from bus.errors import InputError
from bus.http.answers import DOCUMENTED
from bus.http.caller import Operator, Purpose
from signer.identity import Role, role_of

_FILE = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}

Name = Annotated[
    str, Query(max_length=400, description="文件名，凭扩展名与内容核对 / The file's name")
]


def evidence_routes(service: EvidenceService) -> APIRouter:
    """Return the routes of evidence that a centre of its role has.

    Args:
        service: The centre's operations.
    """
    routes = APIRouter(prefix="/evidence", tags=["证明材料 Evidence"], responses=DOCUMENTED)

    @routes.get("/calls", summary="列出调阅 / List calls")
    async def calls(
        query: Annotated[UUID | None, Query(description="只看此查询 / Of this query")] = None,
        pending: Annotated[bool, Query(description="只看未办结的 / Not closed")] = False,
    ) -> tuple[CallBody, ...]:
        """调阅及其期限与各项状态。 Calls with their terms and items; no personal data."""
        found = await service.calls(query, open_only=pending)
        return tuple(CallBody.of(one) for one in found)

    @routes.get("/calls/{call}", summary="调阅详情 / Show a call")
    async def call(call: UUID, operator: Operator) -> CallDetail:
        """调阅与已有材料，缺少的分块逐一列明；记入审计。 A call with its documents; audited."""
        return CallDetail.of(*await service.call(call, operator))

    @routes.get("/documents", summary="材料索引 / Index")
    async def documents(query: UUID, operator: Operator) -> tuple[DocumentBody, ...]:
        """一个查询的材料，按人员（R023）；记入审计。 A query's documents by person; audited."""
        found = await service.documents(query, operator)
        return tuple(DocumentBody.of(one) for one in found)

    @routes.get("/documents/{document}", summary="取材料 / Read", response_class=Response)
    async def document(document: UUID, operator: Operator, purpose: Purpose) -> Response:
        """材料内容。含个人信息，每次查阅记入审计（R035）。 A document; every reading is audited."""
        name, content, chunks = await service.read(document, operator, purpose)
        headers = {
            "content-length": str(content.size),
            "content-disposition": f'attachment; filename="{name}"',
        }
        return StreamingResponse(chunks, media_type=content.media_type, headers=headers)

    if role_of(service.office.me) is Role.HUB:
        _hub_routes(routes, service)
    else:
        _node_routes(routes, service)
    return routes


def _node_routes(routes: APIRouter, service: EvidenceService) -> None:
    @routes.put("/batches/{batch}", summary="随申请交存 / Hand in", openapi_extra=_FILE)
    async def stage(request: Request, batch: UUID, name: Name, operator: Operator) -> FileBody:
        """为即将提交的申请交存一份授权书文件。 Hands in a file for an application to come."""
        return FileBody.of(await service.stage(batch, name, request.stream(), operator))

    @routes.post("/documents", status_code=201, summary="存入材料 / Add", openapi_extra=_FILE)
    async def add(
        request: Request,
        query: UUID,
        person: Annotated[int, Query(description="人员序号 / Number in the query")],
        kind: Annotated[str, Query(max_length=60, description="材料种类 / Kind of document")],
        name: Name,
        operator: Operator,
    ) -> DocumentBody:
        """存入一份材料并按查询与人员编入索引（R023）。 Archives a document about a person."""
        made = await service.add(query, person, kind, name, request.stream(), operator)
        shelved = await service.documents(query, operator)
        return next(DocumentBody.of(one) for one in shelved if one.document.id == made.id)

    @routes.post("/calls/{call}/send", summary="提交材料 / Send")
    async def send(call: UUID, operator: Operator, asked: SendAsked) -> CallBody:
        """把调阅所要的材料发往部中心（R024）。 Sends what the call asks for to the hub."""
        return CallBody.of(await service.send(call, operator, again=asked.again))


def _hub_routes(routes: APIRouter, service: EvidenceService) -> None:
    @routes.post("/calls", status_code=201, summary="调阅 / Call up")
    async def request(operator: Operator, asked: CallAsked) -> CallBody:
        """调阅被查询人的证明材料（R024、R026）。 Calls up evidence about persons of a query."""
        made = await service.request(
            asked.query, asked.persons, asked.kinds, asked.reason, operator
        )
        return CallBody.of(made)

    @routes.post("/calls/{call}/accept", summary="认可 / Accept")
    async def accept(call: UUID, operator: Operator, asked: VerdictAsked) -> CallBody:
        """认可已收齐的各项。 Accepts items that are here."""
        return CallBody.of(await service.judge(call, operator, None, _items(asked)))

    @routes.post("/calls/{call}/reject", summary="退回 / Send back")
    async def reject(call: UUID, operator: Operator, asked: VerdictAsked) -> CallBody:
        """以代码化理由退回，申请方须重新提交。 Sends items back, with a coded reason."""
        if asked.reason is None:
            raise InputError(
                "EVIDENCE_FAULT_MISSING",
                "没有说明退回原因",
                "it is not said why",
                remedy_zh="请写明退回原因代码",
                remedy_en="Give the code of the reason",
                where="reason",
            )
        return CallBody.of(await service.judge(call, operator, asked.reason, _items(asked)))


def _items(asked: VerdictAsked) -> list[tuple[int, str]]:
    return [(item.person, item.kind) for item in asked.items]
