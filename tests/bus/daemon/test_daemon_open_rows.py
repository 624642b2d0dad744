"""Which province is late, and by how many working hours, as the hub's gauges tell it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
from daemon_deeds import case_of, renew, submit_draft

from bus.daemon import open_rows as open_rows_module
from bus.daemon.gauges import Gauges
from bus.daemon.open_rows import OVERLAP, OpenRows, province_of
from bus.errors import UnavailableError
from bus.model.case import CaseRole, QueryState, RowState
from bus.ports.memory_store import MemoryUnit
from bus.ports.store_errors import StoreUnavailable

CST = timezone(timedelta(hours=8))


class Hub:
    """The hub's gauges over a country in memory."""

    def __init__(self, country):
        self.country = country
        self.desk = country["hub"]
        self.rows = OpenRows(self.desk.office, self.desk.store)
        self.gauges = Gauges(self.desk.office, self.desk.store, self.desk.step.metrics, self.rows)

    async def shown(self, name):
        await self.gauges.refresh()
        found = {}
        for family in self.gauges.metrics.registry.collect():
            for sample in family.samples:
                if sample.name == name:
                    found[sample.labels["province"]] = sample.value
        return found


@pytest.fixture
def hub(country):
    return Hub(country)


def open_rows(case):
    """Rows the hub is owed; it never sees what the requester's own agencies answer."""
    return [r for r in case.rows if r.state is RowState.OPEN and r.holder != "370000.housing-fund"]


async def owed(country, query):
    return open_rows(await case_of(country, "hub", query, CaseRole.REVIEWER))


@pytest.mark.requirement("R029")
async def test_a_province_that_does_not_answer_is_late_from_the_end_of_its_last_day(
    country, hub, make_draft
):
    country["320000.housing-fund"].connector.fault = UnavailableError("SOURCE", "停机", "down")
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    await hub.rows.count()
    open_now = await owed(country, query)
    assert {row.holder for row in open_now} == {"320000.housing-fund"}
    [due] = {row.due for row in open_now}
    nobody = {"370000": 0, "500000": 0, "hub": 0}

    # The term is five working days from Monday 2 March: its last day is Monday the 9th.
    assert due == datetime(2026, 3, 10, tzinfo=CST)
    assert await hub.shown("hedui_open_rows") == nobody | {"320000": len(open_now)}
    assert await hub.shown("hedui_overdue_rows") == nobody | {"320000": 0}
    assert await hub.shown("hedui_due_soon_rows") == nobody | {"320000": 0}

    country.clock.instant = datetime(2026, 3, 6, 12, tzinfo=CST)
    assert await hub.shown("hedui_due_soon_rows") == nobody | {"320000": len(open_now)}
    country.clock.instant = datetime(2026, 3, 9, 23, 59, tzinfo=CST)
    assert await hub.shown("hedui_due_soon_rows") == nobody | {"320000": len(open_now)}
    assert await hub.shown("hedui_overdue_rows") == nobody | {"320000": 0}

    country.clock.instant = datetime(2026, 3, 11, 11, tzinfo=CST)
    assert await hub.shown("hedui_overdue_rows") == nobody | {"320000": len(open_now)}
    assert await hub.shown("hedui_overdue_working_hours") == nobody | {"320000": 8 + 2}
    assert await hub.shown("hedui_due_soon_rows") == nobody | {"320000": 0}
    assert await hub.shown("hedui_open_rows_oldest_due_timestamp_seconds") == {
        "320000": due.timestamp()
    }

    country["320000.housing-fund"].connector.fault = None
    renew(country)
    await country.settle()
    await hub.rows.count()
    assert await hub.shown("hedui_overdue_rows") == nobody | {"320000": 0}
    assert await hub.shown("hedui_overdue_working_hours") == nobody | {"320000": 0}
    assert await hub.shown("hedui_open_rows_oldest_due_timestamp_seconds") == {}


async def test_every_open_case_is_counted_page_by_page(country, hub, make_draft, monkeypatch):
    monkeypatch.setattr(open_rows_module, "PAGE", 2)
    country["hub.marriage"].connector.fault = UnavailableError("SOURCE", "停机", "down")
    first = await submit_draft(country, make_draft(1))
    await country.settle()
    case = await case_of(country, "hub", first, CaseRole.REVIEWER)
    async with hub.desk.store.transaction() as unit:
        for number in range(4):
            await unit.save_case(replace(case, query=UUID(int=number + 1)))
        ended = replace(case, query=UUID(int=9), state=QueryState.DELIVERED)
        await unit.save_case(ended)

    await hub.rows.count()

    rows = len(await owed(country, first))
    assert rows > 0
    assert Counter({key[0]: n for key, n in hub.rows.owed.items()}) == {"hub": 5 * rows}


async def test_after_the_first_time_only_what_was_updated_is_read(
    country, hub, make_draft, monkeypatch
):
    country["hub.marriage"].connector.fault = UnavailableError("SOURCE", "停机", "down")
    early = await submit_draft(country, make_draft(1))
    await country.settle()
    await hub.rows.count()
    country.clock.move(OVERLAP + timedelta(minutes=1))
    renew(country)
    await hub.rows.count()
    late = await submit_draft(country, make_draft(1))
    await country.settle()
    read = []
    page = MemoryUnit.case_page

    async def watched(self, *asked):
        found = await page(self, *asked)
        read.extend(case.query for case in found)
        return found

    monkeypatch.setattr(MemoryUnit, "case_page", watched)
    await hub.rows.count()

    assert read == [late]
    rows = len(await owed(country, early)) + len(await owed(country, late))
    assert hub.rows.owed.total() == rows

    country["hub.marriage"].connector.fault = None
    country.clock.move(timedelta(minutes=1))
    await country.settle()
    await hub.rows.count()
    assert hub.rows.owed.total() == 0
    assert hub.rows._by_query == {}


async def test_a_clock_set_back_makes_it_read_everything_again(country, hub, make_draft):
    country["hub.marriage"].connector.fault = UnavailableError("SOURCE", "停机", "down")
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    country.clock.move(timedelta(hours=2))
    await hub.rows.count()
    case = await case_of(country, "hub", query, CaseRole.REVIEWER)
    country.clock.move(timedelta(hours=-2))
    async with hub.desk.store.transaction() as unit:
        await unit.save_case(replace(case, rows=()))

    await hub.rows.count()

    assert hub.rows.owed.total() == 0


async def test_a_store_that_cannot_be_read_is_read_again(country, hub, make_draft):
    country["hub.marriage"].connector.fault = UnavailableError("SOURCE", "停机", "down")
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    await hub.desk.store.close()
    with pytest.raises(StoreUnavailable):
        await hub.rows.count()
    await hub.desk.store.open()

    await hub.rows.count()

    assert hub.rows.owed.total() == len(await owed(country, query))


async def test_nothing_is_counted_before_there_is_a_directory(country, hub):
    hub.desk.office._directory = None
    await hub.rows.count()
    assert hub.rows.owed == {}
    assert await hub.shown("hedui_open_rows") == {}


async def test_a_year_nobody_knows_is_said_and_the_rest_is_shown(country, hub):
    country.clock.instant = datetime(2160, 3, 2, tzinfo=CST)
    await hub.gauges.refresh()
    metrics = hub.gauges.metrics
    errors = metrics.loop_errors.labels(loop="metrics", code="CALENDAR_YEAR")
    assert errors._value.get() == 1
    assert metrics.database_up._value.get() == 1


@pytest.mark.parametrize(
    ("holder", "province"),
    [
        ("320000", "320000"),
        ("320000.housing-fund", "320000"),
        ("hub.marriage", "hub"),
        ("410000.gone", "410000"),
        ("410000", "410000"),
    ],
)
def test_a_holder_belongs_to_the_centre_below_the_hub(country, holder, province):
    assert province_of(country.directory, holder) == province


def test_a_city_belongs_to_its_province(city_country):
    assert province_of(city_country.directory, "321200.housing-bureau") == "320000"
    assert province_of(city_country.directory, "321200") == "320000"
