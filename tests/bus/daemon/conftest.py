"""The country the daemon tests work in (`adapters.country`), and what is asked in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime

import pytest

from adapters.country import country as whole
from adapters.country.country import Country, offers
from bus.flow.levels import AssentPolicy
from bus.model.request import Contact, Declaration, Draft, DraftLine, DraftPerson
from bus.ports.memory_store import MemoryStore
from bus.ports.store import Store
from bus.rules.review_policy import ReviewPolicy
from bus.store.store import SqlStore
from signer.suites.keys import P256

SUITE_VARIABLE = "HEDUI_TEST_SUITE"
"""Environment variable: the suite that countries prefer whose test does not say."""

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

PARENTS = {
    "hub": None,
    "370000": "hub",
    "320000": "hub",
    "500000": "hub",
    "hub.marriage": "hub",
    "320000.housing-fund": "320000",
    "500000.housing-fund": "500000",
    "320000.housing-bureau": "320000",
    "370000.housing-fund": "370000",
}

FUND = ("housing-fund-account", "housing-fund-withdrawal", "housing-fund-loan")
OFFERED = {
    "hub.marriage": ("marriage-registration",),
    "320000.housing-fund": FUND,
    "500000.housing-fund": FUND,
    "320000.housing-bureau": ("urban-housing-security",),
    "370000.housing-fund": ("housing-fund-account",),
}


CITY_PARENTS = {"321200": "320000", "321200.housing-bureau": "321200"}
CITY_OFFERED = {"321200.housing-bureau": ("urban-housing-security",)}


def make_country(
    policy: ReviewPolicy = ReviewPolicy.AUTOMATIC,
    parents: dict[str, str | None] = PARENTS,
    offered: dict[str, tuple[str, ...]] = OFFERED,
    store_of: Callable[[str], Store] = lambda _name: MemoryStore(),
    suite: str | None = None,
    without: Collection[str] = (),
    now: datetime = NOW,
    assent: AssentPolicy | None = None,
) -> Country:
    """Make a country whose participants prefer a suite; those `without` have P-256 keys alone."""
    return whole.make_country(
        parents,
        {name: offers(offered[name]) for name in offered},
        now,
        titles={name: f"测试单位 {name}" for name in parents},
        policy=policy,
        store_of=store_of,
        suite=suite or os.environ.get(SUITE_VARIABLE, P256),
        without=without,
        assent=assent or AssentPolicy(),
    )


@pytest.fixture
def country_of():
    """Makes a country of one's own, not started."""
    return make_country


@pytest.fixture
async def country():
    made = make_country()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def manual_country():
    made = make_country(ReviewPolicy.MANUAL)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def sql_country(tmp_path):
    made = make_country(store_of=lambda name: SqlStore(f"sqlite+aiosqlite:///{tmp_path}/{name}.db"))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def city_country():
    made = make_country(parents={**PARENTS, **CITY_PARENTS}, offered={**OFFERED, **CITY_OFFERED})
    await made.start()
    yield made
    await made.stop()


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(number: int) -> str:
    """A synthetic ID number of area 990000 with a valid check digit."""
    first = f"9900001980{number // 28 % 12 + 1:02d}{number % 28 + 1:02d}{number // 336 % 1000:03d}"
    total = sum(int(d) * w for d, w in zip(first, _WEIGHTS, strict=True))
    return first + "10X98765432"[total % 11]


def person(number: int, household: str) -> DraftPerson:
    return DraftPerson(
        household=household,
        relation="01",
        name="测试" + chr(0x4E00 + number),
        id_type="111",
        id_number=id_number(number),
        reason="申请最低生活保障",
        document=f"授权书 {number}",
        authorised_on=date(2026, 2, 20),
        guardian=None,
    )


def make_draft(persons: int = 3, lines: tuple[DraftLine, ...] | None = None, **changed) -> Draft:
    people = tuple(person(n, f"H{n}") for n in range(persons))
    fields = {
        "addressee": "民政部低收入家庭认定指导中心",
        "legal_basis": "《社会救助暂行办法》（国务院令第649号）",
        "authority": "测试县民政局",
        "business": "subsistence-allowance",
        "business_text": "城乡低保",
        "purpose": "最低生活保障对象认定",
        "first_named": people[0].name,
        "person_count": persons,
        "query_text": "住房公积金、住房保障、婚姻登记",
        "declaration": Declaration(True, "全国各核对机构"),
        "list_submitted_on": date(2026, 3, 1),
        "contact": Contact("测试联系人", "01000000000"),
        "applied_on": date(2026, 3, 2),
        "lines": lines
        or (
            DraftLine(1, "national", "housing-fund", (), date(2025, 1, 1), date(2025, 12, 31)),
            DraftLine(2, "320000", "housing-security", (), date(2026, 1, 5), date(2026, 1, 5)),
            DraftLine(3, "hub", "marriage", (), None, None),
        ),
        "persons": people,
    }
    return Draft(**(fields | changed))


@pytest.fixture(name="make_draft")
def make_draft_fixture():
    return make_draft
