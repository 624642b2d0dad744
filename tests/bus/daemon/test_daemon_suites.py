"""Whole queries in the 国密 suite, and among participants that do not all have it."""

from __future__ import annotations

from collections import Counter

import pytest
from country import OFFERED, make_country
from daemon_deeds import clean, submit_draft

from bus.daemon.proof import export
from bus.model.case import CaseRole, QueryState
from bus.model.request import DraftLine
from signer.directory.view import KeyUse
from signer.envelope.kinds import Kind
from signer.envelope.parse import reread
from signer.proof.account import ProofState
from signer.proof.verify import verify
from signer.suites.keys import P256, SM2

pytestmark = pytest.mark.usefixtures("gm_possible")

TO_CHONGQING = DraftLine(1, "500000", "housing-fund", ("个人账户余额",), None, None)
TO_JIANGSU = DraftLine(1, "320000", "housing-fund", ("个人账户余额",), None, None)


@pytest.fixture
async def opened():
    made = []

    async def make(without=()):
        country = make_country(suite=SM2, without=without)
        await country.start()
        made.append(country)
        return country

    yield make
    for country in made:
        await country.stop()


async def deliver(country, draft):
    query = await submit_draft(country, draft)
    await country.settle()
    assert await clean(country)
    async with country["370000"].store.transaction() as unit:
        case = await unit.case(query, CaseRole.REQUESTER)
    assert case.state is QueryState.DELIVERED
    return query, case


async def envelopes(country):
    """Every message that went over the wire, as parsed."""
    return [
        reread(record.value)
        for topic in country.cluster.topics
        if topic.endswith((".inbox", ".outbox"))
        for record in country.cluster.records(topic)
    ]


def suites(opened):
    """Suites of body, wraps and signatures of a message."""
    wraps = {r.suite for s in opened.statements for r in s.recipients}
    signed = [seal.signature.suite for seal in opened.envelope.seals]
    return opened.header.suite, wraps, signed


async def test_where_all_have_the_suite_everything_is_made_in_it(opened, make_draft):
    country = await opened()
    _, case = await deliver(country, make_draft(3))
    sent = await envelopes(country)
    assert {one.header.kind for one in sent} >= {
        *(Kind.APPLICATION, Kind.ROSTER, Kind.CONSENT, Kind.DECISION),
        *(Kind.DISPATCH, Kind.ANSWER, Kind.RECEIPT),
    }
    for one in sent:
        body, wraps, signed = suites(one)
        assert (body, wraps, set(signed)) == (SM2, {SM2}, {SM2}), one.header.kind
    (reader,) = case.request.readers
    _, key = country.directory.key(reader)
    assert (key.use, key.suite) == (KeyUse.ENCRYPTION, SM2)


async def test_a_proof_of_the_suite_verifies_by_both_roots(opened, make_draft):
    country = await opened()
    query, _ = await deliver(country, make_draft(3))
    async with country["370000"].store.transaction() as unit:
        now = country.clock.now()
        data = await export(country["370000"].office, unit, query, now)
    account = verify(data, country.validator())
    assert account.state is ProofState.DELIVERED


async def test_a_query_that_concerns_one_without_the_suite_is_made_in_the_default(
    opened, make_draft
):
    country = await opened(without=("500000.housing-fund",))
    _, case = await deliver(country, make_draft(2, (TO_CHONGQING,)))
    by_kind = Counter()
    for one in await envelopes(country):
        body, wraps, signed = suites(one)
        by_kind[one.header.kind, body] += 1
        assert wraps == {body}
        # The agency's own signatures can be of no other suite.
        if one.header.kind == Kind.ANSWER:
            assert (body, set(signed)) == (P256, {P256})
    (reader,) = case.request.readers
    assert country.directory.key(reader)[1].suite == P256
    assert not by_kind[Kind.ROSTER, SM2]
    # What does not reach the agency is made in the preferred suite all the same.
    assert by_kind[Kind.APPLICATION, SM2]
    assert by_kind[Kind.DECISION, SM2]


async def test_who_offers_something_else_does_not_matter(opened, make_draft):
    country = await opened(without=("hub.marriage", "320000.housing-bureau"))
    await deliver(country, make_draft(2, (TO_JIANGSU,)))
    assert {suites(one)[0] for one in await envelopes(country)} == {SM2}


async def test_a_requester_without_the_suite_is_answered_in_the_default(opened, make_draft):
    country = await opened(without=("370000",))
    await deliver(country, make_draft(2))
    for one in await envelopes(country):
        if "370000" in (one.header.source, one.header.destination):
            assert suites(one)[0] == P256


async def test_nobody_but_the_hub_has_the_suite(opened, make_draft):
    everybody = {*OFFERED} | {"370000", "320000", "500000"}
    country = await opened(without=everybody)
    await deliver(country, make_draft(2))
    for one in await envelopes(country):
        body, wraps, signed = suites(one)
        assert (body, wraps, set(signed)) == (P256, {P256}, {P256})
