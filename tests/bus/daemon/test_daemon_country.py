"""The country itself: time passes in it, directory and keys are renewed, nothing of it is lost."""

from __future__ import annotations

from datetime import timedelta

from daemon_deeds import case_of, clean, events, service, submit_draft

from bus.errors import UnavailableError
from bus.model.audit import Event
from bus.model.case import QueryState
from signer.directory.view import KeyUse
from signer.proof.verify import verify


async def later(country, **span):
    await country.advance(country.clock.now() + timedelta(**span), timedelta(days=1))


async def test_a_year_passes_with_the_directory_fresh_and_every_key_valid(country):
    await later(country, days=370)
    now, listed = country.clock.now(), country.directory.participants
    assert country.directory.expires > now
    for name, desk in country.desks.items():
        signing = country.directory.key(desk.office.ring.signing_key)
        assert signing[0].id == name
        assert signing[1].valid_at(now)
        assert listed[name].encryption_key(now).id in desk.office.ring.encryption_keys
    generations = {key.generation for key in listed["370000"].keys if key.use is KeyUse.SIGNING}
    assert generations == {1, 2, 3, 4, 5}


async def test_a_query_across_a_change_of_keys_is_delivered_and_its_proof_verifies(
    country, make_draft
):
    country["320000.housing-bureau"].connector.fault = UnavailableError("DOWN", "停机", "down")
    query = await submit_draft(country, make_draft())
    await country.settle("370000")
    await later(country, days=3)
    assert (await case_of(country, "370000", query)).state is not QueryState.DELIVERED
    before = country["370000"].office.ring.signing_key
    await country.renew_keys()
    country["320000.housing-bureau"].connector.fault = None
    await later(country, days=1)
    assert country["370000"].office.ring.signing_key != before
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    proof = await service(country, "370000").proof(query, "测试操作员")
    assert verify(proof, country.validator()).query == query
    assert await clean(country)


async def test_after_many_days_every_chain_verifies_to_the_root(country, make_draft):
    await submit_draft(country, make_draft())
    await later(country, days=200)
    for name, desk in country.desks.items():
        walked = await desk.service.verify_audit()
        kinds = [event.event for event in await events(country, name)]
        assert walked.entries == len(kinds) > 200, name
        assert walked.heads == kinds.count(Event.AUDIT_HEAD) > 100, name
        assert walked.traced


async def test_only_those_with_news_are_pumped_and_nothing_waits(country, make_draft):
    query = await submit_draft(country, make_draft())
    await country.settle("370000")
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    assert await clean(country)
    for name, desk in country.desks.items():
        assert await desk.pump(country.cluster) == 0, name
