"""The operator's API: `/api/v1`, served on a Unix socket that only its owner can open.

The operator is the peer of the socket plus the name in `X-Hedui-Operator`. Every call that changes
something or reads personal data needs the name and leaves an audit entry.
"""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, FastAPI

from bus.daemon.admission.service import AdmissionService
from bus.daemon.conformance.examiner import Examiner
from bus.daemon.conformance.service import ConformanceService
from bus.daemon.review_service import ReviewService
from bus.daemon.service import Service
from bus.http.admissions import admission_routes
from bus.http.answers import install
from bus.http.applications import application_routes
from bus.http.conformance import conformance_routes
from bus.http.office import office_routes
from bus.http.queries import query_routes
from bus.logs.setup import Logger
from signer.identity import Role, role_of

PREFIX = "/api/v1"

_ABOUT = """核对总线操作接口。个人信息只出现在查询结果和申请内容中，每次查阅都记入审计。

The operator's API of Hedui Bus. Personal data stands in results and applications only, and every
reading of them is audited.
"""


def operator_app(
    service: Service,
    log: Logger,
    admissions: AdmissionService | None = None,
    examiner: Examiner | None = None,
) -> FastAPI:
    """Return the operator's API of a hub or a node; each has the routes of its role only.

    Args:
        service: The centre's operations.
        log: Receives calls (path, status, uid) and internal errors (type, place).
        admissions: The hub's admission of participants.
        examiner: How the hub tests; by the defaults unless given.
    """
    app = FastAPI(
        title="核对总线 Hedui Bus",
        version=version("hedui-bus"),
        description=_ABOUT,
        openapi_url=f"{PREFIX}/openapi.json",
        # The documentation pages load scripts from elsewhere, which a closed network cannot.
        docs_url=None,
        redoc_url=None,
    )
    routes = APIRouter(prefix=PREFIX)
    if role_of(service.office.me) is Role.HUB:
        routes.include_router(
            application_routes(ReviewService(service.office, service.store, service.wake))
        )
    else:
        routes.include_router(query_routes(service))
    if admissions is not None:
        routes.include_router(admission_routes(admissions))
    tests = ConformanceService(service.office, service.store, service.wake, examiner or Examiner())
    routes.include_router(conformance_routes(tests))
    routes.include_router(office_routes(service))
    app.include_router(routes)
    install(app, log)
    return app
