"""The operator's API: `/api/v1`, on a Unix socket that only its owner can open, and over TLS.

Who calls is known by a token once operators are registered (`bus.daemon.access`); before that the
operator is the peer of the socket plus the name in `X-Hedui-Operator`. Every call that changes
something or reads personal data has an operator's name and leaves an audit entry.
"""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, Depends, FastAPI

from bus.daemon.access.gate import Door, Gate
from bus.daemon.access.operators import OperatorService
from bus.daemon.admission.service import AdmissionService
from bus.daemon.assent_service import AssentService
from bus.daemon.catalogue.service import CatalogueService
from bus.daemon.conformance.examiner import Examiner
from bus.daemon.conformance.service import ConformanceService
from bus.daemon.delay_service import DelayService
from bus.daemon.evidence.service import EvidenceService
from bus.daemon.recheck_service import RecheckService
from bus.daemon.review_service import ReviewService
from bus.daemon.service import Service
from bus.http.access import AccessGate, passed
from bus.http.admissions import admission_routes
from bus.http.answers import install
from bus.http.applications import application_routes
from bus.http.assents import assent_routes
from bus.http.audit import audit_routes
from bus.http.catalogue import catalogue_routes
from bus.http.conformance import conformance_routes
from bus.http.delays import delay_routes
from bus.http.evidence import evidence_routes
from bus.http.office import office_routes
from bus.http.operators import operator_routes
from bus.http.queries import query_routes
from bus.http.rechecks import recheck_routes
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
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
    *,
    gate: Gate | None = None,
    door: Door = Door.SOCKET,
) -> FastAPI:
    """Return the operator's API of a hub or a node; each has the routes of its role only.

    Args:
        service: The centre's operations.
        log: Receives calls (path, status, uid) and internal errors (type, place).
        admissions: The hub's admission of participants.
        examiner: How the hub tests; by the defaults unless given.
        gate: Judges who may call, one for all doors; of the centre's own operators unless given.
        door: Which way calls come in.
    """
    app = FastAPI(
        title="核对总线 Hedui Bus",
        version=version("hedui-bus"),
        description=_ABOUT,
        # Of no use to strangers.
        openapi_url=f"{PREFIX}/openapi.json" if door is Door.SOCKET else None,
        # The documentation pages load scripts from elsewhere, which a closed network cannot.
        docs_url=None,
        redoc_url=None,
    )
    routes = APIRouter(dependencies=[Depends(passed)])
    asks = role_of(service.office.me) is not Role.HUB
    delays = DelayService(service.office, service.store, service.wake)
    routes.include_router(delay_routes(delays, asks=asks))
    if role_of(service.office.me) is Role.HUB:
        routes.include_router(
            application_routes(ReviewService(service.office, service.store, service.wake))
        )
    else:
        routes.include_router(query_routes(service))
        routes.include_router(
            assent_routes(AssentService(service.office, service.store, service.wake))
        )
        routes.include_router(recheck_routes(RecheckService(service)))
    if admissions is not None:
        routes.include_router(admission_routes(admissions))
    tests = ConformanceService(service.office, service.store, service.wake, examiner or Examiner())
    routes.include_router(conformance_routes(tests))
    catalogues = CatalogueService(service.office, service.store, service.wake)
    routes.include_router(catalogue_routes(catalogues))
    evidence = EvidenceService(service.office, service.store, service.wake)
    routes.include_router(evidence_routes(evidence))
    routes.include_router(office_routes(service))
    routes.include_router(audit_routes(service))
    routes.include_router(operator_routes(OperatorService(service.office, service.store)))
    # The prefix stands here: without one FastAPI builds every route once more, only to look at it.
    app.include_router(routes, prefix=PREFIX)
    gate = gate or Gate(service.office, service.store, Metrics(service.office.me), log)
    app.add_middleware(AccessGate, prefix=PREFIX, gate=gate, door=door)
    install(app, log)
    return app
