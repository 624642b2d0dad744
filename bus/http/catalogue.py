"""The routes of the catalogue (资源目录): entries, versions, differences, reports."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bus.api.catalogue import (
    CatalogueBody,
    CatalogueChangeBody,
    CatalogueReportBody,
    CatalogueReportingBody,
    CatalogueVersionBody,
)
from bus.config.catalogue_report import LARGEST
from bus.daemon.catalogue.service import CatalogueService
from bus.errors import InputError
from bus.http.answers import DOCUMENTED
from bus.http.bodies import XLSX, read_body
from bus.http.caller import Operator
from bus.workbook.catalogue import catalogue_workbook

_LAST_VERSION = 2**63 - 1
_LAST_NUMBER = 2**31 - 1

Version = Annotated[
    int | None,
    Query(ge=1, le=_LAST_VERSION, description="目录版本，省略为现行 / Version; the one in force"),
]
Category = Annotated[
    str | None, Query(max_length=100, description="内容类别，代码或名称 / Category, code or name")
]
Named = Annotated[int, Query(ge=1, le=_LAST_VERSION)]
Number = Annotated[
    int | None, Query(ge=1, le=_LAST_NUMBER, description="上报序号，省略为下一个 / Its number")
]


def catalogue_routes(service: CatalogueService) -> APIRouter:
    """Return the routes of the catalogue that hub and nodes share.

    Args:
        service: The catalogue at this centre.
    """
    routes = APIRouter(prefix="/catalogue", tags=["资源目录 Catalogue"], responses=DOCUMENTED)

    @routes.get("", summary="资源目录 / Catalogue")
    async def catalogue(version: Version = None, category: Category = None) -> CatalogueBody:
        """现行或某一版本的资源目录（R036）。 The catalogue in force, or an earlier version."""
        return CatalogueBody.of(await service.catalogue(version, category))

    @routes.get("/workbook", summary="目录工作簿 / As a workbook", response_class=Response)
    async def workbook(version: Version = None) -> Response:
        """供阅读的工作簿（.xlsx）。 The catalogue as people read it."""
        found = await service.catalogue(version)
        data = await asyncio.to_thread(catalogue_workbook, found)
        return Response(data, media_type=XLSX)

    @routes.get("/versions", summary="目录版本 / Versions")
    async def versions() -> tuple[CatalogueVersionBody, ...]:
        """本处保存的各版本，新的在前。 The versions kept here, newest first."""
        return tuple(
            CatalogueVersionBody(version=number, since=since)
            for number, since in await service.versions()
        )

    @routes.get("/difference", summary="版本比较 / Difference")
    async def difference(old: Named, new: Named) -> tuple[CatalogueChangeBody, ...]:
        """两个版本之间的增加、撤回和变更。 What was added, withdrawn and changed."""
        return tuple(map(CatalogueChangeBody.of, await service.difference(old, new)))

    @routes.get("/reports", summary="目录上报情况 / Reports")
    async def reports() -> tuple[CatalogueReportingBody, ...]:
        """部中心：各省上报情况；节点：本省历次上报。 How each province stands; or our reports."""
        return tuple(map(CatalogueReportingBody.of, await service.reports()))

    @routes.get("/reports/template", summary="上报样例 / Template", response_class=Response)
    async def template() -> Response:
        """按现行目录填好的上报文件（TOML）。 A report filled from the directory in force."""
        return Response(await service.template(), media_type="application/toml")

    @routes.post(
        "/reports",
        summary="上报资源目录 / Report",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/toml": {"schema": {"type": "string"}}},
            }
        },
    )
    async def report(
        request: Request, operator: Operator, number: Number = None
    ) -> CatalogueReportBody:
        """上报本省及各级机构的信息资源（R037、R038）。 Reports the resources of a province."""
        data = await read_body(request, LARGEST)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise InputError(
                "REPORT_FILE", "上报文件不是 UTF-8 文本", "the report is not UTF-8"
            ) from None
        return CatalogueReportBody.of(await service.report(text, operator, number))

    return routes
