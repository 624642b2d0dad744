"""Health and metrics over TCP: for probes and Prometheus. Nothing here names a query or a person.

`/healthz`: the process lives. `/readyz`: it does its work, else 503 with the code of what is
missing. `/metrics`: the metrics of `bus.metrics.catalogue`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bus.daemon.assemble import Participant
from bus.daemon.gauges import Gauges
from bus.errors import HeduiError, UnavailableError
from bus.http.answers import DOCUMENTED, error_response, install
from bus.logs.setup import Logger
from bus.metrics.catalogue import READY
from bus.ports.store_errors import StoreCorrupt, StoreUnavailable

Ready = Callable[[], HeduiError | None]
"""Says why the process does not do its work now, or None when it does."""

Facts = Callable[[], Mapping[str, int | str]]
"""What else `/readyz` tells of a process that does its work: codes and counts."""


def _no_facts() -> Mapping[str, int | str]:
    return {}


def public_app(gauges: Gauges, ready: Ready, log: Logger, facts: Facts = _no_facts) -> FastAPI:
    """Return the application that probes and Prometheus call.

    Args:
        gauges: The process's metrics, with the figures that stand elsewhere.
        ready: Asked at each `/readyz` and each scrape.
        log: Receives internal errors (type, place).
        facts: What `/readyz` tells besides.
    """
    app = FastAPI(title="核对总线 Hedui Bus", openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/healthz")
    async def healthz() -> dict[str, bool]:
        return {"alive": True}

    @app.get("/readyz", responses=DOCUMENTED)
    async def readyz() -> Response:
        missing = ready()
        if missing is None:
            return JSONResponse({"ready": True, **facts()})
        response = error_response(missing)
        response.status_code = 503
        return response

    @app.get("/metrics")
    async def exposition() -> Response:
        await gauges.refresh()
        metrics, missing = gauges.metrics, ready()
        metrics.ready.clear()
        reason = READY if missing is None else missing.code
        metrics.ready.labels(reason=reason).set(missing is None)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    install(app, log)
    return app


def readiness(participant: Participant, also: Ready | None = None) -> Ready:
    """Return the readiness of a running participant.

    It is ready with a store and a broker at hand, a directory in force, a signing certificate that
    others accept, and the topics of parent and children being read. Topics that refuse us are no
    reason against it, unless all do: the others are read on.

    Args:
        participant: The participant.
        also: What its role needs besides; asked last.
    """

    def ready() -> HeduiError | None:
        loops = participant.loops
        if loops.stopping.is_set():
            return UnavailableError("DRAINING", "进程正在停止", "the process is stopping")
        trouble = tuple(loops.trouble.values())
        stores = (error for error in trouble if isinstance(error, StoreUnavailable | StoreCorrupt))
        first = next(stores, loops.trouble.get("broker"))
        if first is not None:
            return first
        try:
            # Raises while no directory has been read.
            _ = participant.office.directory
            participant.keeper.require_fresh(participant.office.clock.now())
        except UnavailableError as error:
            return error
        if not loops.reading.is_set():
            return loops.trouble.get("consumer") or _not_reading()
        return None if also is None else also()

    return ready


def _not_reading() -> UnavailableError:
    return UnavailableError(
        "NOT_READING",
        "尚未订阅上下级的主题",
        "the topics of parent and children are not read yet",
        remedy_zh="请稍候；若持续如此，请检查消息代理",
        remedy_en="Wait; if it persists check the broker",
    )
