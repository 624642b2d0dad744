"""The hub's routes of admission: see, file, approve, certify, connect, suspend, end, revoke."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from bus.api.admission import (
    REASON_LIMIT,
    AdmissionDetail,
    AdmissionSummary,
    ReasonBody,
    RenewalBody,
    RevocationAsked,
    RevocationBody,
)
from bus.daemon.admission.service import AdmissionService
from bus.errors import InputError
from bus.http.answers import DOCUMENTED
from bus.http.bodies import read_body
from bus.http.caller import Operator
from bus.model.admission import Act, AdmissionState
from signer.admission.application import MAX_SIZE

_FILE = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
GRANT = "application/vnd.hedui.grant"
RENEWAL = "application/vnd.hedui.renewal"


class OperatorAct(StrEnum):
    """The acts an operator does by name alone; the others bring a file, or follow a report."""

    APPROVE = Act.APPROVE
    REFUSE = Act.REFUSE
    CONNECT = Act.CONNECT
    SUSPEND = Act.SUSPEND
    RESUME = Act.RESUME
    RETEST = Act.RETEST
    WITHDRAW = Act.WITHDRAW


def stated_reason(
    reason: Annotated[
        str,
        Query(description="理由或文号，记入备案与审计，不写个人信息 / Why; no personal data"),
    ],
) -> str:
    """Return the reason of a call whose body is a file.

    Raises:
        InputError: `REASON_INVALID`.
    """
    text = reason.strip()
    if not text or len(text) > REASON_LIMIT or not text.isprintable():
        raise InputError(
            "REASON_INVALID",
            f"理由为空、超过 {REASON_LIMIT} 字或含控制字符",
            f"the reason is empty, longer than {REASON_LIMIT} characters or not printable",
            where="reason",
        )
    return text


Stated = Annotated[str, Depends(stated_reason)]


def admission_routes(service: AdmissionService) -> APIRouter:
    """Return the routes of admission.

    Args:
        service: The hub's operations.
    """
    routes = APIRouter(tags=["入网 Admission"], responses=DOCUMENTED)

    @routes.get("/admissions", summary="列出入网备案 / List")
    async def admissions(
        state: Annotated[
            list[AdmissionState] | None, Query(description="只看这些状态 / Only these states")
        ] = None,
    ) -> tuple[AdmissionSummary, ...]:
        """各参与方的入网状态。 How far each participant has come."""
        return tuple(AdmissionSummary.of(one) for one in await service.admissions(state))

    @routes.get("/admissions/{participant}", summary="备案内容 / Show")
    async def admission(participant: str, operator: Operator) -> AdmissionDetail:
        """备案全部内容（R008），含联系人，每次查阅记入审计。 The whole record; audited."""
        return AdmissionDetail.of(await service.dossier(participant, operator))

    @routes.post("/admissions", summary="登记书面申请 / File an application", openapi_extra=_FILE)
    async def submit(request: Request, operator: Operator, reason: Stated) -> AdmissionSummary:
        """登记申请文件（R007），待批准。 Files an application; it waits for approval."""
        data = await read_body(request, MAX_SIZE)
        return AdmissionSummary.of(await service.submit(data, operator, reason))

    @routes.post("/amendments", summary="变更备案 / Amend", openapi_extra=_FILE)
    async def amend(request: Request, operator: Operator, reason: Stated) -> AdmissionSummary:
        """变更联系人、规范、地址或资源。 Files changed contacts, addresses or offers."""
        data = await read_body(request, MAX_SIZE)
        return AdmissionSummary.of(await service.amend(data, operator, reason))

    @routes.post(
        "/admissions/{participant}/certificates",
        summary="发证 / Certify",
        openapi_extra=_FILE,
        response_class=Response,
        responses={200: {"content": {GRANT: {}}, "description": "签发结果 / The grant"}},
    )
    async def certify(
        participant: str, request: Request, operator: Operator, reason: Stated
    ) -> Response:
        """登记离线签发结果，或（正文为空）在线签发。 Takes a grant, or issues if there is none."""
        data = await read_body(request, MAX_SIZE)
        _, grant = await service.certify(participant, data or None, operator, reason)
        return Response(grant, media_type=GRANT)

    @routes.post("/admissions/{participant}/{act}", summary="办理 / Act")
    async def act(
        participant: str, act: OperatorAct, operator: Operator, given: ReasonBody
    ) -> AdmissionSummary:
        """批准、不予批准、接入、暂停、恢复、重新检测、退出。 Moves an admission."""
        made = await service.act(participant, Act(act.value), operator, given.reason)
        return AdmissionSummary.of(made)

    @routes.get("/renewals", summary="待签发的换证 / Renewals")
    async def renewals() -> tuple[RenewalBody, ...]:
        """等待签发的换证请求。 Renewals that wait for certificates."""
        return tuple(RenewalBody.of(one) for one in await service.waiting())

    @routes.get(
        "/renewals/{participant}",
        summary="换证请求 / A renewal",
        response_class=Response,
        responses={200: {"content": {RENEWAL: {}}, "description": "换证请求 / The request"}},
    )
    async def renewal(participant: str) -> Response:
        """换证请求文件，供离线签发。 The request, to be certified on another machine."""
        queued = await service.renewal(participant)
        return Response(queued.request, media_type=RENEWAL)

    @routes.post("/participants/{participant}/revocations", summary="吊销 / Revoke")
    async def revoke(
        participant: str, operator: Operator, given: RevocationAsked
    ) -> RevocationBody:
        """吊销一代密钥，立即生效。 Revokes a key generation at once."""
        made = await service.revoke(participant, given.generation, operator, given.reason)
        return RevocationBody.of(made)

    return routes
