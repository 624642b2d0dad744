"""Cities and counties ask through their province, which assents first (R006)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from daemon_deeds import (
    bodies,
    case_of,
    clean,
    codes,
    drive,
    events,
    forge,
    give,
    held,
    renew,
    review_desk,
    submit_draft,
)
from daemon_levels import NOW, OFFERED, TREE

from bus.daemon.proof import export
from bus.errors import InputError
from bus.flow.levels import Assenting, AssentPolicy, decide
from bus.flow.outcome import Send
from bus.flow.review import reason
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.messages import Assent
from bus.model.request import DraftLine
from bus.rules.review_policy import ReviewPolicy
from signer.envelope import chain
from signer.envelope.kinds import Kind
from signer.identity import outbox_topic
from signer.proof.account import ProofState
from signer.proof.conversation import Proven, disclose, sort
from signer.proof.failures import ProofError
from signer.proof.format import read_proof
from signer.proof.rendering import to_plain
from signer.proof.verify import verify

AUTOMATIC = AssentPolicy(Assenting.AUTOMATIC)


def line(number, provider, category):
    return DraftLine(number, provider, category, (), None, None)


ASKED = {
    "national": (line(1, "national", "housing-fund"), line(2, "national", "housing-security")),
    "own-province": (line(1, "320000", "housing-fund"), line(2, "320000", "housing-security")),
    "elsewhere": (line(1, "500000", "housing-fund"), line(2, "500000", "housing-security")),
    "the-hub": (line(1, "hub", "marriage"),),
}


@pytest.fixture
async def levels(country_of):
    made = country_of(parents=TREE, offered=OFFERED)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def easy(country_of):
    made = country_of(parents=TREE, offered=OFFERED, assent=AUTOMATIC)
    await made.start()
    yield made
    await made.stop()


def desk_of(country, name="320000"):
    return country[name].assents


async def superior(country, query, name="320000"):
    return await case_of(country, name, query, CaseRole.SUPERIOR)


async def reviewer(country, query):
    return await case_of(country, "hub", query, CaseRole.REVIEWER)


async def noted(country, name, event):
    return [entry for entry in await events(country, name) if entry.event == event]


async def whole(country, query, requester):
    """Everybody who keeps the query has ended it; returns who answered."""
    assert await clean(country)
    own = await case_of(country, requester, query)
    assert own.state is QueryState.DELIVERED
    assert (await reviewer(country, query)).state is QueryState.DELIVERED
    answered = {row.holder for row in own.rows if row.state is RowState.ANSWERED}
    for name in country.desks:
        provider = await case_of(country, name, query, CaseRole.PROVIDER)
        assert provider is None or provider.state is QueryState.ANSWERED, name
        agency = await case_of(country, name, query, CaseRole.AGENCY)
        assert (agency is not None) == (name in answered), name
        assert agency is None or agency.state is QueryState.DELIVERED, name
    return answered


@pytest.mark.requirement("R006")
async def test_a_citys_application_waits_at_its_province_until_an_operator_assents(
    levels, make_draft
):
    draft = make_draft(2)
    query = await submit_draft(levels, draft, node="321200")
    await levels.settle()
    assert await clean(levels)
    assert (await superior(levels, query)).state is QueryState.UNDER_REVIEW
    assert await reviewer(levels, query) is None
    async with levels["hub"].store.transaction() as unit:
        assert not await unit.messages(query)

    case, form, members = await desk_of(levels).application(query, "省级经办人")
    assert (case.requester, form.person_count) == ("321200", 2)
    assert [member.name for member in members] == [person.name for person in draft.persons]
    (read,) = await noted(levels, "320000", Event.APPLICATION_READ)
    assert read.actor == "operator:省级经办人"

    await desk_of(levels).assent(query, "省级经办人")
    await levels.settle()
    await whole(levels, query, "321200")
    assert (await superior(levels, query)).state is QueryState.ACCEPTED
    (given,) = await noted(levels, "320000", Event.APPLICATION_ASSENTED)
    assert given.actor == "operator:省级经办人"
    for name, role in (("hub", CaseRole.REVIEWER), ("321200", CaseRole.REQUESTER)):
        kept = (await case_of(levels, name, query, role)).assent
        assert (kept.province, kept.decided_by) == ("320000", "省级经办人")
        assert kept.application == case.application
        (came,) = await noted(levels, name, Event.ASSENT_RECEIVED)
        assert came.actor == "320000"
    with pytest.raises(InputError, match="NOT_UNDER_REVIEW"):
        await desk_of(levels).refuse(query, "省级经办人", "PURPOSE_UNCLEAR")


@pytest.mark.requirement("R006")
async def test_a_province_that_refuses_ends_the_citys_query_with_its_coded_reason(
    levels, make_draft
):
    query = await submit_draft(levels, make_draft(1), node="321200")
    await levels.settle()
    with pytest.raises(InputError, match="REASON_UNKNOWN"):
        await desk_of(levels).refuse(query, "省级经办人", "BECAUSE")
    await desk_of(levels).refuse(query, "省级经办人", "SCOPE_EXCESSIVE")
    await levels.settle()
    assert await clean(levels)
    own = await case_of(levels, "321200", query)
    assert (own.state, own.decided_by) == (QueryState.REFUSED, "省级经办人")
    assert [finding.code for finding in own.findings] == ["SCOPE_EXCESSIVE"]
    assert own.assent is None
    assert await reviewer(levels, query) is None
    with pytest.raises(InputError, match="NOT_UNDER_REVIEW"):
        await desk_of(levels).assent(query, "省级经办人")


@pytest.mark.requirement("R006")
async def test_a_county_asks_through_its_city_and_its_province_decides(levels, make_draft):
    query = await submit_draft(levels, make_draft(1, ASKED["national"]), node="321281")
    await levels.settle()
    assert await superior(levels, query, "321200") is None
    assert (await superior(levels, query)).state is QueryState.UNDER_REVIEW
    await desk_of(levels).assent(query, "省级经办人")
    await levels.settle()
    answered = await whole(levels, query, "321281")
    assert {"321281.housing-security", "321200.housing-fund", "500000.housing-fund"} <= answered
    with pytest.raises(InputError, match="QUERY_UNKNOWN"):
        await desk_of(levels, "321200").assent(query, "市级经办人")


@pytest.mark.requirement("R018")
@pytest.mark.requirement("R054")
@pytest.mark.requirement("R055")
@pytest.mark.parametrize("node", ["321200", "321281", "320000", "370000"])
@pytest.mark.parametrize("asked", sorted(ASKED))
async def test_whoever_asks_whatever_is_answered_and_everybody_keeps_the_same_account(
    easy, make_draft, node, asked
):
    query = await submit_draft(easy, make_draft(2, ASKED[asked]), node=node)
    await easy.settle()
    answered = await whole(easy, query, node)
    assert (
        answered
        == {
            "national": {
                "320000.housing-fund",
                "320500.housing-fund",
                "321200.housing-fund",
                "370000.housing-fund",
                "500000.housing-fund",
                "320000.housing-bureau",
                "321281.housing-security",
                "500100.housing-security",
            },
            "own-province": {
                "320000.housing-fund",
                "320500.housing-fund",
                "321200.housing-fund",
                "320000.housing-bureau",
                "321281.housing-security",
            },
            "elsewhere": {"500000.housing-fund", "500100.housing-security"},
            "the-hub": {"hub.marriage"},
        }[asked]
    )
    # The hub's rows are the requester's: every Dispatch reached both, none of them twice.
    rows = {
        name: sorted((r.part, r.resource, r.holder, r.due) for r in case.rows)
        for name, case in (
            ("hub", await reviewer(easy, query)),
            (node, await case_of(easy, node, query)),
        )
    }
    assert rows["hub"] == rows[node]


@pytest.mark.requirement("R018")
@pytest.mark.requirement("R075")
@pytest.mark.parametrize("node", ["321200", "321281"])
@pytest.mark.parametrize("seed", range(12))
async def test_any_interleaving_of_a_citys_query_ends_delivered(easy, make_draft, node, seed):
    query = await submit_draft(easy, make_draft(1, ASKED["national"]), node=node)
    await drive(easy, seed)
    await easy.settle()
    await whole(easy, query, node)


@pytest.mark.requirement("R006")
async def test_a_province_may_assent_by_its_configuration_and_only_to_what_is_clean(
    country_of, make_draft
):
    policy = AssentPolicy(subordinates={"321200": Assenting.AUTOMATIC})
    country = country_of(parents=TREE, offered=OFFERED, assent=policy)
    await country.start()
    clean_one = await submit_draft(country, make_draft(1), node="321200")
    below_it = await submit_draft(country, make_draft(1), node="321281")
    doubtful = await submit_draft(country, make_draft(1, authority=""), node="321200")
    another = await submit_draft(country, make_draft(1), node="320500")
    await country.settle()
    assert await clean(country)
    states = {
        query: (await superior(country, query)).state
        for query in (clean_one, below_it, doubtful, another)
    }
    assert states == {
        clean_one: QueryState.ACCEPTED,
        below_it: QueryState.ACCEPTED,
        doubtful: QueryState.UNDER_REVIEW,
        another: QueryState.UNDER_REVIEW,
    }
    assert (await reviewer(country, clean_one)).assent.decided_by == "policy"
    given = await noted(country, "320000", Event.APPLICATION_ASSENTED)
    assert {entry.actor for entry in given} == {"320000"}
    await country.stop()


@pytest.mark.requirement("R006")
async def test_what_waited_longer_than_its_messages_live_cannot_be_assented_to(levels, make_draft):
    query = await submit_draft(levels, make_draft(1), node="321200")
    await levels.settle()
    levels.clock.move(timedelta(days=7))
    renew(levels)
    with pytest.raises(InputError, match="APPLICATION_EXPIRED"):
        await desk_of(levels).assent(query, "省级经办人")
    assert (await superior(levels, query)).state is QueryState.UNDER_REVIEW
    await desk_of(levels).refuse(query, "省级经办人", "DUPLICATE")
    await levels.settle()
    assert (await case_of(levels, "321200", query)).state is QueryState.REFUSED


@pytest.mark.requirement("R006")
async def test_the_hub_waits_for_the_assent_whatever_comes_first(levels, make_draft):
    country = levels
    query = await submit_draft(country, make_draft(1), node="321200")
    await country.settle()
    await desk_of(country).assent(query, "省级经办人")
    await country["320000"].outbox.drain()
    records = [
        record
        for record in country.cluster.records(outbox_topic("320000"))
        if record.key == query.bytes
    ]
    assent, *rest = records
    for record in rest:
        await country["hub"].step.run([record])
    waiting = await reviewer(country, query)
    assert (waiting.state, waiting.assent) == (QueryState.SUBMITTED, None)
    assert len(waiting.received) == len(waiting.parts)
    assert not await held(country, "hub")
    await country["hub"].step.run([assent])
    assert (await reviewer(country, query)).state is QueryState.STARTED
    await country.settle()
    await whole(country, query, "321200")


def an_assent(application, requester="321200", assented=True):
    body = Assent(application, requester, assented, (), "省级经办人", NOW)
    return Send(Kind.ASSENT, "hub", body, ("hub",))


@pytest.mark.requirement("R006")
async def test_an_assent_counts_from_that_province_and_for_that_application_only(
    levels, make_draft
):
    country = levels
    query = await submit_draft(country, make_draft(1), node="321200")
    await country.settle()
    application = (await superior(country, query)).application

    async def given(source, send):
        sealed = forge(country, source, "hub", send, query)
        await give(country, "hub", outbox_topic(source), sealed, query)
        return (await codes(country, "hub"))[-1:]

    assert await given("370000", an_assent(application)) == ["ASSENT_SOURCE"]
    assert await given("320000", an_assent(application, "320000")) == ["ASSENT_SOURCE"]
    assert await given("320000", an_assent(application, "nobody")) == ["ASSENT_SOURCE"]
    assert await given("320000", an_assent(application, assented=False)) == ["ASSENT_MISSING"]
    assert await reviewer(country, query) is None

    # The hub is told of another application than the one that then comes.
    await given("320000", an_assent(b"x" * 32))
    await desk_of(country).assent(query, "省级经办人")
    await country.settle()
    assert set(await codes(country, "hub")) == {
        "ASSENT_SOURCE",
        "ASSENT_MISSING",
        "ASSENT_TWICE",
        "APPLICATION_NOT_ASSENTED",
    }
    assert (await reviewer(country, query)).state is QueryState.SUBMITTED


@pytest.mark.requirement("R006")
async def test_an_assent_to_another_application_than_came_is_refused(levels, make_draft):
    country = levels
    query = await submit_draft(country, make_draft(1), node="321200")
    await country.settle()
    await desk_of(country).assent(query, "省级经办人")
    await country["320000"].outbox.drain()
    _, *rest = [
        record
        for record in country.cluster.records(outbox_topic("320000"))
        if record.key == query.bytes
    ]
    await country["hub"].step.run(rest)
    sealed = forge(country, "320000", "hub", an_assent(b"x" * 32), query)
    await give(country, "hub", outbox_topic("320000"), sealed, query)
    assert await codes(country, "hub") == ["ASSENT_ELSEWHERE"]
    assert (await reviewer(country, query)).state is QueryState.SUBMITTED


@pytest.mark.requirement("R006")
async def test_a_city_takes_its_provinces_word_only_and_only_about_its_application(
    levels, make_draft
):
    country = levels
    query = await submit_draft(country, make_draft(1), node="321281")
    await country.settle()
    case = await superior(country, query)
    _, (refusal,) = decide(case, False, (reason("DUPLICATE"),), "市级经办人", NOW)
    sealed = forge(country, "321200", "321281", refusal, query)
    await give(country, "321281", "hedui.321281.inbox", sealed, query)
    assert await codes(country, "321281") == ["ASSENT_SOURCE"]
    elsewhere = Send(
        Kind.ASSENT,
        "321281",
        Assent(b"x" * 32, "321281", True, (), "省级经办人", NOW),
        ("321281",),
    )
    async with country["320000"].store.transaction() as unit:
        work = country.work("320000", unit)
        await work.send(query, elsewhere)
        await work.finish()
    await country.settle()
    assert (await codes(country, "321281"))[-1] == "ASSENT_ELSEWHERE"
    assert (await case_of(country, "321281", query)).state is QueryState.SUBMITTED


@pytest.mark.requirement("R027")
async def test_what_a_province_assented_to_the_hub_may_still_refuse(country_of, make_draft):
    country = country_of(ReviewPolicy.MANUAL, TREE, OFFERED, assent=AUTOMATIC)
    await country.start()
    query = await submit_draft(country, make_draft(1), node="321281")
    await country.settle()
    await review_desk(country).refuse(query, "审查员", "PURPOSE_UNCLEAR")
    await country.settle()
    assert await clean(country)
    own = await case_of(country, "321281", query)
    assert (own.state, own.decided_by) == (QueryState.REFUSED, "审查员")
    assert own.assent.province == "320000"
    assert (await bodies(country, "321281", query, Kind.ASSENT))[0].assented
    await country.stop()


async def proof_of(country, name, query):
    async with country[name].store.transaction() as unit:
        return await export(country[name].office, unit, query, country.clock.now())


@pytest.mark.requirement("R006")
@pytest.mark.parametrize("node", ["321200", "321281"])
async def test_the_proof_of_a_citys_query_shows_its_provinces_assent(levels, make_draft, node):
    query = await submit_draft(levels, make_draft(1, ASKED["national"]), node=node)
    await levels.settle()
    await levels["320000"].assents.assent(query, "省级经办人")
    await levels.settle()
    data = await proof_of(levels, node, query)
    account = verify(data, levels.validator())
    assert account.state is ProofState.DELIVERED
    assert (account.assent.by.id, account.assent.decided_by) == ("320000", "省级经办人")
    assert account.assent.decided_at == (await superior(levels, query)).decided
    assert to_plain(account)["assent"]["by"]["id"] == "320000"

    proof = read_proof(data)
    directory = levels.directory
    messages = [
        disclose(Proven(n, m.envelope, verified(m, directory), m.received, m.secret), opened=False)
        for n, m in enumerate(proof.messages, start=1)
    ]
    assent = next(m for m in messages if m.header.kind == Kind.ASSENT)
    others = [m for m in messages if m is not assent]
    assert sort(messages, node, directory).assent is assent

    def said(**changed):
        return replace(assent, body=assent.body | changed)

    for forged in (
        others,
        [*messages, assent],
        [*others, said(assented=False)],
        [*others, said(application=bytes(32))],
        [*others, said(requester="320500")],
    ):
        with pytest.raises(ProofError, match="PROOF_ASSENT"):
            sort(forged, node, directory)
    # Neither another province's word nor one that none was needed for.
    with pytest.raises(ProofError, match="PROOF_ASSENT"):
        sort(messages, "320000", directory)
    with pytest.raises(ProofError, match="PROOF_ASSENT"):
        sort(messages, "500100", directory)
    refused = [
        replace(m, body=m.body | {"accepted": False}) if m.header.kind == Kind.DECISION else m
        for m in others
        if m.header.kind not in (Kind.DISPATCH, Kind.ANSWER, Kind.RECEIPT)
    ]
    assert sort(refused, node, directory).assent is None


def verified(message, directory):
    return chain.verify(message.envelope, directory, message.received, arrival=None)
