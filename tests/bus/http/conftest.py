"""A node and the hub of the in-memory country behind their operator API."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from country import WITH_CITY, close_country, make_draft, open_country, service_of

from bus.http.operator import operator_app
from bus.logs.setup import make_logger
from bus.rules.review_policy import ReviewPolicy
from bus.workbook.template import fill

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OPERATOR = {"X-Hedui-Operator": "%E7%8E%8B%E8%8A%B3"}
OPERATOR_NAME = "王芳"


class Desk:
    """A centre's API, with the country behind it."""

    def __init__(self, country, name, log):
        self.country = country
        self.service = service_of(country, name)
        self.store = country[name].store
        app = operator_app(self.service, make_logger(name, log))
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://hedui/api/v1"
        )

    async def audit(self):
        async with self.store.transaction() as unit:
            return await unit.audit(0, 1000)

    async def submit(self, data=None, **changed):
        return await self.http.post(
            "/queries",
            content=data or fill(make_draft(**changed)),
            headers=OPERATOR | {"Content-Type": XLSX},
        )


@pytest.fixture
def log():
    return io.StringIO()


@pytest.fixture
async def land():
    made = await open_country(ReviewPolicy.AUTOMATIC)
    yield made
    await close_country(made)


@pytest.fixture
async def manual_land():
    made = await open_country(ReviewPolicy.MANUAL)
    yield made
    await close_country(made)


@pytest.fixture
async def city_land():
    made = await open_country(ReviewPolicy.AUTOMATIC, **WITH_CITY)
    yield made
    await close_country(made)


@pytest.fixture
async def city(city_land, log):
    desk = Desk(city_land, "321200", log)
    yield desk
    await desk.http.aclose()


@pytest.fixture
async def province(city_land, log):
    desk = Desk(city_land, "320000", log)
    yield desk
    await desk.http.aclose()


@pytest.fixture
async def node(land, log):
    desk = Desk(land, "370000", log)
    yield desk
    await desk.http.aclose()


@pytest.fixture
async def provider(land, log):
    desk = Desk(land, "320000", log)
    yield desk
    await desk.http.aclose()


@pytest.fixture
async def manual_node(manual_land, log):
    desk = Desk(manual_land, "370000", log)
    yield desk
    await desk.http.aclose()


@pytest.fixture
async def hub(manual_land, log):
    desk = Desk(manual_land, "hub", log)
    yield desk
    await desk.http.aclose()


@pytest.fixture
def operator():
    return OPERATOR


@pytest.fixture
def operator_said():
    return f"operator:{OPERATOR_NAME}"


@pytest.fixture(name="make_draft")
def make_draft_fixture():
    return make_draft


@pytest.fixture
def xlsx():
    return XLSX
