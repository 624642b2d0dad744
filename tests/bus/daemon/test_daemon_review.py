"""Review at the hub: policy and operators, parts in any order, what a requester is told."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from daemon_deeds import case_of, clean, codes, events, forge, give, held, review_desk, submit_draft

from bus.daemon import requester
from bus.errors import InputError
from bus.flow import application, review
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState
from bus.model.request import Declaration
from signer.envelope.kinds import Kind
from signer.identity import outbox_topic


async def reviewed(country, query):
    return await case_of(country, "hub", query, CaseRole.REVIEWER)


@pytest.mark.requirement("R025")
@pytest.mark.requirement("R028")
async def test_a_clean_application_waits_for_an_operator_where_policy_says_so(
    manual_country, make_draft
):
    country = manual_country
    query = await submit_draft(country, make_draft(2))
    await country.settle()
    assert (await reviewed(country, query)).state is QueryState.UNDER_REVIEW
    assert (await case_of(country, "370000", query)).state is QueryState.SUBMITTED

    await review_desk(country, "hub").accept(query, "审查员")
    await country.settle()
    assert await clean(country)
    own = await case_of(country, "370000", query)
    assert (own.state, own.decided_by) == (QueryState.DELIVERED, "审查员")
    (decided,) = [e for e in await events(country, "hub") if e.event == Event.APPLICATION_DECIDED]
    assert decided.actor == "operator:审查员"


@pytest.mark.requirement("R027")
async def test_a_refusal_carries_its_coded_reason_to_the_requester(manual_country, make_draft):
    country = manual_country
    query = await submit_draft(country, make_draft(2))
    await country.settle()
    await review_desk(country, "hub").refuse(query, "审查员", "PURPOSE_UNCLEAR")
    await country.settle()
    assert await clean(country)
    own = await case_of(country, "370000", query)
    assert own.state is QueryState.REFUSED
    assert [f.code for f in own.findings] == ["PURPOSE_UNCLEAR"]
    for name in ("320000", "500000", "370000"):
        assert await case_of(country, name, query, CaseRole.PROVIDER) is None
    for attempt in (
        review_desk(country, "hub").accept(query, "审查员"),
        review_desk(country, "hub").refuse(query, "审查员", "PURPOSE_UNCLEAR"),
    ):
        with pytest.raises(InputError, match="NOT_UNDER_REVIEW"):
            await attempt


@pytest.mark.requirement("R067")
async def test_no_operator_can_accept_a_household_without_every_members_consent(
    manual_country, make_draft
):
    country = manual_country
    draft = make_draft(2)
    late = replace(draft.persons[1], authorised_on=draft.applied_on + timedelta(days=1))
    query = await submit_draft(country, replace(draft, persons=(draft.persons[0], late)))
    await country.settle()
    assert (await reviewed(country, query)).blocked

    with pytest.raises(InputError, match="NOT_ACCEPTABLE"):
        await review_desk(country, "hub").accept(query, "审查员")
    await review_desk(country, "hub").refuse(query, "审查员", "CONSENT_DOUBTFUL")
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.REFUSED


@pytest.mark.requirement("R027")
async def test_an_operator_may_accept_what_is_only_doubtful(manual_country, make_draft):
    country = manual_country
    draft = make_draft(2)
    odd = replace(draft.persons[1], name="测试7号")
    query = await submit_draft(country, replace(draft, persons=(draft.persons[0], odd)))
    await country.settle()
    at = await reviewed(country, query)
    assert at.findings
    assert not at.blocked

    await review_desk(country, "hub").accept(query, "审查员")
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


@pytest.mark.requirement("R027")
async def test_a_refusal_without_a_known_reason_changes_nothing(manual_country, make_draft):
    country = manual_country
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    before = await reviewed(country, query)
    with pytest.raises(InputError, match="REASON_UNKNOWN"):
        await review_desk(country, "hub").refuse(query, "审查员", "BECAUSE")
    with pytest.raises(InputError, match="QUERY_UNKNOWN"):
        await review_desk(country, "320000").accept(query, "审查员")
    assert await reviewed(country, query) == before


@pytest.mark.requirement("R025")
async def test_what_the_review_finds_waits_for_a_person_even_under_an_automatic_policy(
    country, make_draft
):
    draft = make_draft(2, declaration=Declaration(False, "全国各核对机构"))
    query = await submit_draft(country, draft)
    await country.settle()
    case = await reviewed(country, query)
    assert case.state is QueryState.UNDER_REVIEW
    assert case.findings
    found, form, members = await review_desk(country, "hub").application(query, "审查员")
    assert [member.name for member in members] == [person.name for person in draft.persons]
    assert found == case
    assert form.person_count == 2


@pytest.mark.requirement("R034")
async def test_a_reader_that_is_not_the_requester_is_found(country, make_draft, monkeypatch):
    foreign = country["320000"].office.ring.encryption_keys[:1]

    def compose(draft, catalogue, _readers, nonce):
        return application.compose_request(draft, catalogue, foreign, nonce)

    monkeypatch.setattr(requester, "compose_request", compose)
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    case = await reviewed(country, query)
    assert case.state is QueryState.UNDER_REVIEW
    assert [f.code for f in case.findings] == ["READER_NOT_REQUESTER"]


@pytest.mark.requirement("R047")
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_application_and_parts_may_arrive_in_any_order(make_draft, country, order):
    query = await submit_draft(country, make_draft(1))
    await country["370000"].outbox.drain()
    records = country.cluster.records(outbox_topic("370000"))
    for number in order:
        assert await reviewed(country, query) is None or (
            (await reviewed(country, query)).state is QueryState.SUBMITTED
        )
        await country["hub"].step.run([replace(records[number], offset=-1)])
    assert (await reviewed(country, query)).state is QueryState.STARTED
    await country.settle()
    assert await clean(country)
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


async def test_a_province_cannot_apply_under_anothers_query_number(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    await country["370000"].outbox.drain()
    await country["hub"].pump(country.cluster)
    hub_case = await reviewed(country, query)
    async with country["370000"].store.transaction() as unit:
        (stored,) = await unit.messages(query, Kind.APPLICATION)
        body = country.work("370000", unit).message(stored).body
    send = application.application_message(body, ("hub",))
    sealed = forge(country, "320000", "hub", send, query)
    await give(country, "hub", outbox_topic("320000"), sealed, query)
    assert await codes(country, "hub") == ["REQUESTER_DIFFERS"]
    assert await reviewed(country, query) == hub_case


async def test_orders_that_do_not_fit_an_envelope_wait_for_a_person(
    country, make_draft, monkeypatch
):
    monkeypatch.setattr("signer.envelope.seal.MAX_STATEMENT", 700)
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    case = await reviewed(country, query)
    assert case.state is QueryState.UNDER_REVIEW
    assert [f.code for f in case.findings] == ["ENVELOPE_LIMIT"]
    async with country["hub"].store.transaction() as unit:
        assert not await unit.messages(query, Kind.DECISION)
    assert await clean(country)
    with pytest.raises(InputError, match="ENVELOPE_LIMIT"):
        await review_desk(country, "hub").accept(query, "审查员")
    assert await reviewed(country, query) == case


@pytest.mark.requirement("R022")
async def test_thousands_of_findings_are_kept_as_a_few_and_a_count(country, make_draft):
    draft = make_draft(1500)
    people = tuple(replace(person, document="") for person in draft.persons)
    query = await submit_draft(country, replace(draft, persons=people))
    await country.settle()
    case = await reviewed(country, query)
    assert len(case.findings) == review.MAX_FINDINGS + 1
    assert case.findings[-1].code == "FINDINGS_MORE"
    await review_desk(country, "hub").refuse(query, "审查员", "CONSENT_MISSING")
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.REFUSED


async def test_a_clock_set_back_between_receipt_and_decision_delays_and_breaks_nothing(
    manual_country, make_draft
):
    country = manual_country
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    country.clock.move(-timedelta(minutes=10))
    await review_desk(country, "hub").accept(query, "审查员")
    await country.settle()
    # What we received "later" is passed on as of then: the next hop waits for that time.
    assert await held(country, "320000") == ["NOT_YET_VALID"]
    country.clock.move(timedelta(minutes=10))
    for desk in country.desks.values():
        await desk.step.retry_held()
    await country.settle()
    assert await clean(country)
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
