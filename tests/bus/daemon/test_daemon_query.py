"""A whole query in one process: every participant on the in-memory ports."""

from __future__ import annotations

import secrets

import pytest

from bus.daemon.requester import submit
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.request import Submission
from signer.envelope.kinds import Kind
from signer.uuid7 import uuid7


async def submit_draft(country, draft, node="370000"):
    query = uuid7(country.clock.now(), secrets.token_bytes)
    async with country[node].store.transaction() as unit:
        work = country.work(node, unit)
        await submit(work, draft, Submission(query, "测试操作员", country.clock.now()))
        await work.finish()
    return query


async def case_of(country, name, query, role):
    async with country[name].store.transaction() as unit:
        return await unit.case(query, role)


async def quarantined(country):
    found = {}
    for name, desk in country.desks.items():
        async with desk.store.transaction() as unit:
            codes = [q.code for q in await unit.quarantined(0, 100)]
            held = [h.code for h in await unit.held(100)]
        if codes or held:
            found[name] = (codes, held)
    return found


@pytest.mark.requirement("R018")
async def test_a_query_ends_delivered_at_everybody(country, make_draft):
    query = await submit_draft(country, make_draft(3))

    await country.settle()

    assert await quarantined(country) == {}
    requester = await case_of(country, "370000", query, CaseRole.REQUESTER)
    assert requester.state is QueryState.DELIVERED
    hub = await case_of(country, "hub", query, CaseRole.REVIEWER)
    assert hub.state is QueryState.DELIVERED
    for agency in ("320000.housing-fund", "500000.housing-fund", "hub.marriage"):
        assert (await case_of(country, agency, query, CaseRole.AGENCY)).state is (
            QueryState.DELIVERED
        )
    leaves = {(r.holder, r.resource) for r in requester.rows if r.leaf}
    assert ("320000.housing-bureau", "urban-housing-security") in leaves
    assert ("370000.housing-fund", "housing-fund-account") in leaves
    assert ("hub.marriage", "marriage-registration") in leaves
    assert all(r.state in (RowState.ANSWERED, RowState.DISPATCHED) for r in requester.rows)
    async with country["370000"].store.transaction() as unit:
        answers = await unit.messages(query, Kind.ANSWER)
    assert len(answers) == len([r for r in requester.rows if r.leaf])
