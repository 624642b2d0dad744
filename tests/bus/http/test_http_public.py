"""Health and metrics: what probes and Prometheus get."""

from __future__ import annotations

from types import SimpleNamespace

import httpx
import pytest
from country import NOW, gauges_of

from bus.daemon.directory_publisher import HEAD_LIFETIME
from bus.errors import UnavailableError
from bus.http.public import public_app, readiness
from bus.logs.setup import make_logger
from bus.ports.broker_errors import topic_unauthorised, unavailable
from bus.ports.store_errors import StoreUnavailable


@pytest.fixture
async def probe(land, log):
    """A client of the public face; `missing` decides what `/readyz` finds missing."""
    gauges = gauges_of(land, "370000")
    state = SimpleNamespace(missing=None, gauges=gauges)
    app = public_app(gauges, lambda: state.missing, make_logger("370000", log))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://daemon"
    ) as http:
        state.get = http.get
        yield state


async def test_health_is_about_the_process_and_readiness_about_its_work(probe):
    probe.missing = UnavailableError("NOT_READING", "尚未", "not yet")

    alive = await probe.get("/healthz")
    not_ready = await probe.get("/readyz")
    probe.missing = None
    ready = await probe.get("/readyz")

    assert (alive.status_code, alive.json()) == (200, {"alive": True})
    assert (not_ready.status_code, not_ready.json()["code"]) == (503, "NOT_READING")
    assert (ready.status_code, ready.json()) == (200, {"ready": True})


async def test_metrics_mirror_the_store(probe, node):
    before = (await probe.get("/metrics")).text
    await node.submit(persons=1)
    response = await probe.get("/metrics")

    state = 'hedui_queries{role="requester",state="SUBMITTED"}'
    assert f"{state} 0.0" in before
    assert f"{state} 1.0" in response.text
    assert "hedui_outbox_rows 3.0" in response.text
    assert "hedui_outbox_oldest_seconds 0.0" in response.text
    assert response.headers["content-type"].startswith("text/plain")


async def test_metrics_are_given_while_the_store_is_away(probe, land):
    up = await probe.get("/metrics")
    await land["370000"].store.close()
    away = await probe.get("/metrics")
    await land["370000"].store.open()
    back = await probe.get("/metrics")

    assert [shown.status_code for shown in (up, away, back)] == [200, 200, 200]
    assert 'hedui_loop_errors_total{code="STORE_CLOSED",loop="metrics"} 1.0' in away.text
    assert "hedui_database_up 0.0" in away.text
    assert "hedui_database_up 1.0" in up.text
    assert "hedui_database_up 1.0" in back.text


async def test_metrics_tell_one_reason_of_readiness_at_a_time(probe):
    probe.missing = UnavailableError("NOT_READING", "尚未", "not yet")
    waiting = await probe.get("/metrics")
    probe.missing = None
    working = await probe.get("/metrics")

    def shown(response):
        return [line for line in response.text.splitlines() if line.startswith("hedui_ready")]

    assert shown(waiting) == ['hedui_ready{reason="NOT_READING"} 0.0']
    assert shown(working) == ['hedui_ready{reason="READY"} 1.0']


async def test_no_other_address_answers(probe):
    for path in ("/openapi.json", "/docs", "/api/v1/queries"):
        response = await probe.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "ROUTE_UNKNOWN")


class Flag:
    def __init__(self):
        self.value = False

    def is_set(self):
        return self.value


async def test_readiness_follows_directory_topics_and_drain(land):
    office = land["370000"].office
    land.clock.instant = NOW
    stopping, reading = Flag(), Flag()
    lapsed, trouble = [], {}

    class Keeper:
        def require_fresh(self, now):
            if now > NOW + HEAD_LIFETIME:
                lapsed.append(now)
                raise UnavailableError("DIRECTORY_LAPSED", "过期", "lapsed")

    ready = readiness(
        SimpleNamespace(
            office=office,
            keeper=Keeper(),
            loops=SimpleNamespace(stopping=stopping, reading=reading, trouble=trouble),
        )
    )

    assert ready().code == "NOT_READING"
    trouble["consumer"] = topic_unauthorised("hedui.370000.inbox")
    assert ready().code == "TOPIC_UNAUTHORISED"
    reading.value = True
    assert ready() is None
    trouble["broker"] = unavailable("kafka1:9093")
    assert ready().code == "BROKER_UNAVAILABLE"
    trouble["outbox"] = StoreUnavailable("STORE_FULL", "满", "full")
    assert ready().code == "STORE_FULL"
    trouble.clear()
    land.clock.move(2 * HEAD_LIFETIME)
    assert ready().code == "DIRECTORY_LAPSED"
    office._directory = None
    assert ready().code == "DIRECTORY_NOT_READ"
    stopping.value = True
    assert ready().code == "DRAINING"
    assert lapsed == [land.clock.instant]
