"""A city withdraws its query: at its province, on its way, in mid-flight (R006, R031)."""

from __future__ import annotations

from random import Random

import pytest
from daemon_deeds import case_of, clean, drive, submit_draft
from daemon_levels import OFFERED, TREE

from bus.daemon.withdrawing import Withdrawing
from bus.errors import InputError
from bus.flow.levels import Assenting, AssentPolicy
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.request import DraftLine

pytestmark = [pytest.mark.requirement("R006"), pytest.mark.requirement("R031")]

LINES = (
    DraftLine(1, "national", "housing-fund", (), None, None),
    DraftLine(2, "national", "housing-security", (), None, None),
)


@pytest.fixture
async def levels(country_of):
    made = country_of(parents=TREE, offered=OFFERED)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def easy(country_of):
    made = country_of(parents=TREE, offered=OFFERED, assent=AssentPolicy(Assenting.AUTOMATIC))
    await made.start()
    yield made
    await made.stop()


async def withdraw(country, query, node):
    desk = country[node]
    service = Withdrawing(desk.office, desk.store, desk.outbox.wake.set)
    return await service.withdraw(query, "CONSENT_REVOKED", "王芳")


async def cases(country, query):
    """Every case of a query at everybody, by participant and role."""
    found = {}
    for name in country.desks:
        for role in CaseRole:
            case = await case_of(country, name, query, role)
            if case is not None:
                found[name, role] = case
    return found


async def stopped(country, query):
    """Everybody who has a part in the query has ended it; nothing is open, refused or parked."""
    assert await clean(country)
    seen = await cases(country, query)
    open_rows = {
        who: [row.holder for row in case.rows if row.state is RowState.OPEN]
        for who, case in seen.items()
    }
    assert not any(open_rows.values()), open_rows
    return {who: case.state for who, case in seen.items()}


@pytest.mark.parametrize("node", ["321200", "321281"])
async def test_what_its_province_has_not_assented_to_goes_up_no_more(levels, make_draft, node):
    query = await submit_draft(levels, make_draft(1, LINES), node=node)
    await levels.settle()
    await withdraw(levels, query, node)
    await levels.settle()
    assert await stopped(levels, query) == {
        (node, CaseRole.REQUESTER): QueryState.CANCELLED,
        ("320000", CaseRole.SUPERIOR): QueryState.CANCELLED,
        ("hub", CaseRole.REVIEWER): QueryState.CANCELLED,
    }
    with pytest.raises(InputError, match="NOT_UNDER_REVIEW"):
        await levels["320000"].assents.assent(query, "省级经办人")


async def test_a_withdrawal_that_crosses_the_provinces_refusal_ends_refused(levels, make_draft):
    query = await submit_draft(levels, make_draft(1, LINES), node="321200")
    await levels.settle()
    await levels["320000"].assents.refuse(query, "省级经办人", "DUPLICATE")
    await withdraw(levels, query, "321200")
    await levels.settle()
    states = await stopped(levels, query)
    assert states["321200", CaseRole.REQUESTER] is QueryState.REFUSED
    assert states["320000", CaseRole.SUPERIOR] is QueryState.REFUSED
    assert ("hub", CaseRole.REVIEWER) not in states


@pytest.mark.parametrize("node", ["321200", "321281"])
async def test_in_mid_flight_everybody_stops_whether_or_not_the_answers_pass_them(
    easy, make_draft, node
):
    answering = {}
    for name in ("321200.housing-fund", "320500.housing-fund", "500100.housing-security"):
        answering[name], easy[name].answering = easy[name].answering, None
    query = await submit_draft(easy, make_draft(1, LINES), node=node)
    await easy.settle()
    assert (await case_of(easy, node, query)).state is QueryState.PARTLY_ANSWERED
    await withdraw(easy, query, node)
    await easy.settle()
    states = await stopped(easy, query)
    assert states[node, CaseRole.REQUESTER] is QueryState.CANCELLED
    assert states["hub", CaseRole.REVIEWER] is QueryState.CANCELLED
    assert states["320000", CaseRole.SUPERIOR] is QueryState.ACCEPTED
    for name in answering:
        assert states[name, CaseRole.AGENCY] is QueryState.CANCELLED
    providers = {state for (_, role), state in states.items() if role is CaseRole.PROVIDER}
    assert providers == {QueryState.CANCELLED}
    # The hub and the requester call the same rows unserved.
    seen = await cases(easy, query)
    own, hub = (
        {(row.holder, row.code) for row in seen[who].rows if row.code}
        for who in ((node, CaseRole.REQUESTER), ("hub", CaseRole.REVIEWER))
    )
    assert own == hub == {(holder, "CANCELLED") for holder in answering}


@pytest.mark.parametrize("node", ["321200", "321281"])
@pytest.mark.parametrize("seed", range(6))
async def test_any_interleaving_with_a_withdrawal_ends_with_everybody_stopped_or_delivered(
    easy, make_draft, node, seed
):
    rng = Random(seed)  # noqa: S311 - dice that fall the same way again
    query = await submit_draft(easy, make_draft(1, LINES), node=node)
    for _ in range(rng.randrange(12)):
        await easy[rng.choice(sorted(easy.desks))].pump(easy.cluster)
    if (await case_of(easy, node, query)).state is QueryState.DELIVERED:
        with pytest.raises(InputError, match="WITHDRAWAL_TOO_LATE"):
            await withdraw(easy, query, node)
    else:
        await withdraw(easy, query, node)
    await drive(easy, seed)
    await easy.settle()
    states = await stopped(easy, query)
    own = states[node, CaseRole.REQUESTER]
    assert own in {QueryState.CANCELLED, QueryState.DELIVERED}
    assert states["hub", CaseRole.REVIEWER] is own
