"""Cities withdraw too: before their province has assented, and what is answered within it."""

from __future__ import annotations

import pytest
from daemon_deeds import case_of, clean, submit_draft
from daemon_levels import OFFERED, TREE

from bus.daemon.withdrawing import Withdrawing
from bus.errors import InputError
from bus.flow.levels import Assenting, AssentPolicy
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.request import DraftLine

pytestmark = pytest.mark.requirement("R031")

CITY = "321200"
PROVINCE = "320000"
LINES = (DraftLine(1, "national", "housing-fund", (), None, None),)


@pytest.fixture
def levels(country_of):
    def make(assenting):
        return country_of(parents=TREE, offered=OFFERED, assent=AssentPolicy(assenting))

    return make


async def started(country, make_draft):
    await country.start()
    return await submit_draft(country, make_draft(lines=LINES), CITY)


async def withdraw(country, query):
    desk = country[CITY]
    doing = Withdrawing(desk.office, desk.store, desk.outbox.wake.set)
    await doing.withdraw(query, "APPLICATION_WRONG", "王芳")


async def test_what_the_province_has_not_assented_to_goes_up_no_more(levels, make_draft):
    country = levels(Assenting.MANUAL)
    query = await started(country, make_draft)
    await country.settle()
    await withdraw(country, query)
    await country.settle()
    assert await clean(country)
    for name, role in (
        (CITY, CaseRole.REQUESTER),
        (PROVINCE, CaseRole.SUPERIOR),
        ("hub", CaseRole.REVIEWER),
    ):
        assert (await case_of(country, name, query, role)).state is QueryState.CANCELLED
    with pytest.raises(InputError, match="NOT_UNDER_REVIEW"):
        await country[PROVINCE].assents.assent(query, "李四")
    await country.stop()


async def test_a_refusal_of_the_province_that_crosses_the_withdrawal_stands(levels, make_draft):
    country = levels(Assenting.MANUAL)
    query = await started(country, make_draft)
    await country.settle()
    await country[PROVINCE].assents.refuse(query, "李四", "PURPOSE_UNCLEAR")
    await withdraw(country, query)
    await country.settle()
    assert await clean(country)
    assert (await case_of(country, CITY, query)).state is QueryState.REFUSED
    superior = await case_of(country, PROVINCE, query, CaseRole.SUPERIOR)
    assert superior.state is QueryState.REFUSED
    assert await case_of(country, "hub", query, CaseRole.REVIEWER) is None
    await country.stop()


@pytest.mark.parametrize("silent", [True, False])
async def test_everybody_stops_also_those_of_the_own_province(levels, make_draft, silent):
    country = levels(Assenting.AUTOMATIC)
    agencies = [name for name in TREE if name.endswith("housing-fund")]
    kept = {name: country[name].answering for name in agencies}
    # The agency of another city of the province, and one elsewhere, have not answered yet.
    for name in agencies if silent else ("320500.housing-fund", "500000.housing-fund"):
        country[name].answering = None
    query = await started(country, make_draft)
    await country.settle()
    await withdraw(country, query)
    await country.settle()
    for name in agencies:
        country[name].answering = kept[name]
    await country.settle()
    assert await clean(country)
    seen = [
        await case_of(country, CITY, query),
        await case_of(country, "hub", query, CaseRole.REVIEWER),
        *[
            await case_of(country, name, query, CaseRole.PROVIDER)
            for name in (CITY, PROVINCE, "320500", "370000", "500000")
        ],
        *[await case_of(country, name, query, CaseRole.AGENCY) for name in agencies],
    ]
    assert {case.state for case in seen} == {QueryState.CANCELLED}
    assert not [r for case in seen for r in case.rows if r.state is RowState.OPEN]
    await country.stop()
