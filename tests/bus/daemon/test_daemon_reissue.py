"""An application comes again without the households that lack a consent (R067)."""

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
    review_desk,
    service,
    submit_draft,
)
from daemon_levels import OFFERED as LEVELS_OFFERED
from daemon_levels import TREE

from bus.daemon.proof import export
from bus.daemon.withdrawing import Withdrawing
from bus.errors import InputError
from bus.flow import application, review
from bus.flow.levels import Assenting, AssentPolicy
from bus.flow.reissue import give_back
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState
from bus.model.request import Declaration
from bus.rules.review_policy import Households, ReviewMode, ReviewPolicy
from signer.envelope.kinds import Kind
from signer.envelope.parse import reread
from signer.identity import inbox_topic, outbox_topic
from signer.proof.account import ProofState
from signer.proof.format import read_proof
from signer.proof.verify import verify

RETURN = ReviewPolicy(ReviewMode.AUTOMATIC, households=Households.RETURN)

pytestmark = pytest.mark.requirement("R067")


@pytest.fixture
async def returning(country_of):
    made = country_of(RETURN)
    await made.start()
    yield made
    await made.stop()


def households(draft, *sizes):
    """The draft with households of these sizes, in the order of its list."""
    labels = [f"H{n}" for n, size in enumerate(sizes) for _ in range(size)]
    relations = ["01" if n == 0 else "97" for size in sizes for n in range(size)]
    return replace(
        draft,
        persons=tuple(
            replace(person, household=label, relation=relation)
            for person, label, relation in zip(draft.persons, labels, relations, strict=True)
        ),
    )


def without_consent(draft, *numbers):
    people = list(draft.persons)
    for number in numbers:
        people[number - 1] = replace(people[number - 1], document="")
    return replace(draft, persons=tuple(people))


async def reviewed(country, query):
    return await case_of(country, "hub", query, CaseRole.REVIEWER)


async def test_the_rest_goes_on_without_the_household_and_nobody_lifts_a_finger(
    returning, make_draft
):
    country = returning
    draft = without_consent(households(make_draft(5), 2, 2, 1), 2)
    query = await submit_draft(country, draft)
    await country.settle()
    assert await clean(country)

    own, hub = await case_of(country, "370000", query), await reviewed(country, query)
    assert own.state is hub.state is QueryState.DELIVERED
    assert own.withdrawn == hub.withdrawn == (1, 2)
    assert own.superseded == hub.superseded
    assert own.person_count == hub.person_count == 3
    first, again = await bodies(country, "hub", query, Kind.APPLICATION)
    assert (again.supersedes, again.withdrawn) == (own.superseded[0], (1, 2))
    assert (again.first_named, again.person_count) == (draft.persons[2].name, 3)
    assert again.request == first.request
    # What the agencies were asked, and what they answered.
    asked = country["hub.marriage"].connector.asked
    assert [p.reference for lookup in asked for p in lookup.persons] == [3, 4, 5]
    view = await service(country, "370000").result(query, "查阅员", "最低生活保障对象认定")
    assert [p.reference for p in view.persons] == [3, 4, 5]
    assert [p.name for p in view.withdrawn] == [p.name for p in draft.persons[:2]]
    assert {o.reference for a in view.answers for o in a.outcomes} == {3, 4, 5}


async def test_the_proof_is_of_the_application_that_was_decided_on(
    returning, make_draft, monkeypatch
):
    monkeypatch.setattr(application, "PART_SIZE", 2)
    country = returning
    query = await submit_draft(country, without_consent(households(make_draft(5), 2, 2, 1), 3))
    await country.settle()
    country.clock.move(timedelta(minutes=1))
    desk = country["370000"]
    async with desk.store.transaction() as unit:
        data = await export(desk.office, unit, query, country.clock.now())
    account = verify(data, country.validator())
    assert account.state is ProofState.DELIVERED
    assert (account.application.persons, account.application.parts) == (3, 2)
    own = await case_of(country, "370000", query)
    kinds = [reread(m.envelope).header.kind for m in read_proof(data).messages]
    assert (kinds.count(Kind.APPLICATION), kinds.count(Kind.DECISION)) == (1, 1)
    digests = {reread(m.envelope).digest for m in read_proof(data).messages}
    assert own.application in digests
    assert not digests & set(own.superseded)


async def test_the_audit_says_how_many_were_taken_out_and_names_nobody(returning, make_draft):
    country = returning
    query = await submit_draft(country, without_consent(households(make_draft(3), 2, 1), 1))
    await country.settle()
    (back,) = [e for e in await events(country, "hub") if e.event == Event.APPLICATION_RETURNED]
    assert (back.query, back.actor) == (query, "hub")
    assert back.detail == {"persons": 2, "codes": "CONSENT_MISSING HOUSEHOLD_REFUSED"}
    own = await events(country, "370000")
    (sent,) = [e for e in own if e.event == Event.QUERY_REISSUED]
    assert sent.detail == {"persons": 1, "withdrawn": 2, "parts": 2}
    opened = [e for e in await events(country, "hub") if e.event == Event.REVIEW_OPENED]
    assert [e.detail["waits"] for e in opened] == ["BLOCKING", None]


async def test_parts_without_a_refused_person_stay_as_they_were_sent(
    returning, make_draft, monkeypatch
):
    monkeypatch.setattr(application, "PART_SIZE", 2)
    country = returning
    draft = without_consent(households(make_draft(6), 2, 1, 1, 2), 3)
    query = await submit_draft(country, draft)
    await country.settle()
    assert await clean(country)
    own = await case_of(country, "370000", query)
    assert own.state is QueryState.DELIVERED
    first, again = await bodies(country, "hub", query, Kind.APPLICATION)
    assert [p.count for p in again.parts] == [2, 2, 1, 1, 2, 2]
    same = {p.digest for p in first.parts} & {p.digest for p in again.parts}
    assert {p.part for p in again.parts if p.digest in same} == {1, 3}
    assert application.references_of(own, 2) == {4}
    assert len(await bodies(country, "hub", query, Kind.ROSTER)) == 4


async def test_a_part_with_nobody_left_goes_and_those_behind_it_move_up(
    returning, make_draft, monkeypatch
):
    monkeypatch.setattr(application, "PART_SIZE", 2)
    country = returning
    query = await submit_draft(country, without_consent(households(make_draft(5), 2, 2, 1), 3))
    await country.settle()
    assert await clean(country)
    own = await case_of(country, "370000", query)
    assert own.state is QueryState.DELIVERED
    assert [(p.kind, p.part, p.count) for p in own.parts] == [
        ("Roster", 1, 2),
        ("Consent", 1, 2),
        ("Roster", 2, 1),
        ("Consent", 2, 1),
    ]
    assert application.references_of(own, 2) == {5}
    asked = country["hub.marriage"].connector.asked
    assert sorted(p.reference for lookup in asked for p in lookup.persons) == [1, 2, 5]


async def test_nobody_of_a_refused_household_ever_reaches_an_agency_or_a_node(
    returning, make_draft
):
    country = returning
    draft = without_consent(households(make_draft(4), 2, 2), 1)
    query = await submit_draft(country, draft)
    await country.settle()
    refused = {person.id_number for person in draft.persons[:2]}
    for name in ("320000", "500000", "hub.marriage", "320000.housing-fund"):
        for roster in await bodies(country, name, query, Kind.ROSTER):
            assert not refused & {person.id_number for person in roster.persons}
            assert {person.reference for person in roster.persons} == {3, 4}


async def test_where_nobody_remains_the_application_is_refused(returning, make_draft):
    country = returning
    query = await submit_draft(country, without_consent(households(make_draft(3), 2, 1), 1, 3))
    await country.settle()
    assert await clean(country)
    own = await case_of(country, "370000", query)
    assert (own.state, own.decided_by) == (QueryState.REFUSED, review.BY_POLICY)
    assert [f.code for f in own.findings] == [
        "NOBODY_REMAINS",
        "CONSENT_MISSING",
        "HOUSEHOLD_REFUSED",
        "CONSENT_MISSING",
        "HOUSEHOLD_REFUSED",
    ]


async def test_what_is_wrong_elsewhere_too_waits_for_an_operator(returning, make_draft):
    country = returning
    draft = households(make_draft(3, declaration=Declaration(False, "全国各核对机构")), 2, 1)
    query = await submit_draft(country, without_consent(draft, 1))
    await country.settle()
    at = await reviewed(country, query)
    assert at.state is QueryState.UNDER_REVIEW
    assert [f.code for f in at.findings] == [
        "FORM_NOT_AUTHORISED",
        "CONSENT_MISSING",
        "HOUSEHOLD_REFUSED",
    ]
    assert at.withdrawn == ()


async def test_without_that_policy_a_person_decides(country, make_draft):
    query = await submit_draft(country, without_consent(households(make_draft(3), 2, 1), 1))
    await country.settle()
    assert (await reviewed(country, query)).state is QueryState.UNDER_REVIEW
    assert (await case_of(country, "370000", query)).withdrawn == ()


async def test_what_comes_again_is_reviewed_again_and_may_be_returned_again(
    manual_country, make_draft
):
    country = manual_country
    query = await submit_draft(country, households(make_draft(4), 1, 1, 2))
    await country.settle()
    desk = review_desk(country)
    await desk.give_back(query, "审查员", "CONSENT_DOUBTFUL", households=(), persons=(1,))
    await country.settle()
    at = await reviewed(country, query)
    assert (at.state, at.withdrawn) == (QueryState.UNDER_REVIEW, (1,))
    await desk.give_back(query, "审查员", "CONSENT_DOUBTFUL", households=("H2",), persons=())
    await country.settle()
    at = await reviewed(country, query)
    assert (at.state, at.withdrawn, len(at.superseded)) == (QueryState.UNDER_REVIEW, (1, 3, 4), 2)
    await desk.accept(query, "审查员")
    await country.settle()
    assert await clean(country)
    own = await case_of(country, "370000", query)
    assert (own.state, own.person_count) == (QueryState.DELIVERED, 1)
    view = await service(country, "370000").result(query, "查阅员", "最低生活保障对象认定")
    assert [p.reference for p in view.persons] == [2]
    assert [p.reference for p in view.withdrawn] == [1, 3, 4]
    back = [e for e in await events(country, "hub") if e.event == Event.APPLICATION_RETURNED]
    assert {e.actor for e in back} == {"operator:审查员"}
    assert [e.detail["persons"] for e in back] == [1, 2]


@pytest.mark.requirement("R027")
async def test_a_return_by_hand_names_a_reason_and_leaves_somebody(manual_country, make_draft):
    country = manual_country
    query = await submit_draft(country, households(make_draft(3), 2, 1))
    await country.settle()
    before, desk = await reviewed(country, query), review_desk(country)
    for code, labels, numbers, error in (
        ("BECAUSE", (), (1,), "REASON_UNKNOWN"),
        ("CONSENT_DOUBTFUL", (), (), "RETURN_NOBODY"),
        ("CONSENT_DOUBTFUL", ("H9",), (), "RETURN_NOBODY"),
        ("CONSENT_DOUBTFUL", (), (1, 9), "RETURN_NOBODY"),
        ("CONSENT_DOUBTFUL", ("H0",), (3,), "RETURN_EVERYBODY"),
    ):
        with pytest.raises(InputError, match=error):
            await desk.give_back(query, "审查员", code, households=labels, persons=numbers)
    assert await reviewed(country, query) == before
    await desk.refuse(query, "审查员", "CONSENT_DOUBTFUL")
    with pytest.raises(InputError, match="NOT_UNDER_REVIEW"):
        await desk.give_back(query, "审查员", "CONSENT_DOUBTFUL", households=(), persons=(1,))


@pytest.mark.requirement("R006")
@pytest.mark.parametrize("seed", range(4))
async def test_a_citys_application_comes_again_through_its_province_which_assents_again(
    country_of, make_draft, seed
):
    assent = AssentPolicy(Assenting.AUTOMATIC)
    country = country_of(RETURN, parents=TREE, offered=LEVELS_OFFERED, assent=assent)
    await country.start()
    draft = without_consent(households(make_draft(3), 2, 1), 1)
    query = await submit_draft(country, draft, "321200")
    await drive(country, seed)
    # The province's own review found the doubt too: it was for a person there to let it go up.
    above = await case_of(country, "320000", query, CaseRole.SUPERIOR)
    assert (above.state, above.blocked) == (QueryState.UNDER_REVIEW, True)
    await country["320000"].assents.assent(query, "省级审查员")
    await drive(country, seed)
    assert await clean(country)
    own, hub = await case_of(country, "321200", query), await reviewed(country, query)
    above = await case_of(country, "320000", query, CaseRole.SUPERIOR)
    assert own.state is hub.state is QueryState.DELIVERED
    assert above.state is QueryState.ACCEPTED
    assert own.withdrawn == hub.withdrawn == above.withdrawn == (1, 2)
    assert own.assent == replace(hub.assent, message=own.assent.message)
    assert own.assent.application == own.application == above.application
    sent = [e for e in await events(country, "320000") if e.event == Event.APPLICATION_ASSENTED]
    assert [e.actor for e in sent] == ["operator:省级审查员", "320000"]
    # The proof holds the application as it was accepted, and the assent to that one.
    async with country["321200"].store.transaction() as unit:
        proof = await export(country["321200"].office, unit, query, country.clock.now())
    account = verify(proof, country.validator())
    assert account.application.digest == own.application
    assert (account.application.persons, account.assent.by.id) == (1, "320000")
    await country.stop()


async def returned(country, make_draft):
    """A query whose application is back at the requester, who has not read that yet."""
    query = await submit_draft(country, households(make_draft(3), 2, 1))
    await country.settle()
    await review_desk(country).give_back(
        query, "审查员", "CONSENT_DOUBTFUL", households=(), persons=(1,)
    )
    return query


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"supersedes": None}, "SUPERSEDES_DIFFERS"),
        ({"supersedes": bytes(32)}, "SUPERSEDES_DIFFERS"),
        ({"withdrawn": ()}, "WITHDRAWN_DIFFERS"),
        ({"withdrawn": (1, 2, 3)}, "WITHDRAWN_DIFFERS"),
    ],
)
async def test_only_what_was_returned_comes_again(manual_country, make_draft, changed, code):
    country = manual_country
    query = await returned(country, make_draft)
    at = await reviewed(country, query)
    (first,) = await bodies(country, "hub", query, Kind.APPLICATION)
    fitting = {"supersedes": at.superseded[0], "withdrawn": at.withdrawn}
    send = application.application_message(replace(first, **fitting | changed), ("hub",))
    sealed = forge(country, "370000", "hub", send, query)
    await give(country, "hub", outbox_topic("370000"), sealed, query)
    assert await codes(country, "hub") == [code]
    assert await reviewed(country, query) == at


async def test_an_application_that_replaces_one_nobody_returned_is_refused(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    (first,) = await bodies(country, "370000", query, Kind.APPLICATION)
    other = replace(first, supersedes=bytes(32))
    sealed = forge(
        country, "370000", "hub", application.application_message(other, ("hub",)), query
    )
    await give(country, "hub", outbox_topic("370000"), sealed, query)
    assert await codes(country, "hub") == ["SUPERSEDES_DIFFERS"]


async def test_a_returned_list_that_still_holds_a_refused_person_is_not_passed_on(
    manual_country, make_draft
):
    country = manual_country
    query = await returned(country, make_draft)
    at = await reviewed(country, query)
    (first,) = await bodies(country, "hub", query, Kind.APPLICATION)
    # The same parts as before, with what the application says brought in line.
    again = replace(first, supersedes=at.superseded[0], withdrawn=at.withdrawn)
    send = application.application_message(again, ("hub",))
    sealed = forge(country, "370000", "hub", send, query)
    await give(country, "hub", outbox_topic("370000"), sealed, query)
    at = await reviewed(country, query)
    assert at.state is QueryState.UNDER_REVIEW
    assert "WITHDRAWN_LISTED" in [f.code for f in at.findings]
    assert at.blocked
    with pytest.raises(InputError, match="NOT_ACCEPTABLE"):
        await review_desk(country).accept(query, "审查员")


async def test_a_requester_takes_out_only_persons_it_listed(manual_country, make_draft):
    country = manual_country
    query = await submit_draft(country, make_draft(2))
    await country.settle()
    before = await case_of(country, "370000", query)
    for numbers in ((3,), (0,), (1, 1), (1, 2)):
        at = await reviewed(country, query)
        _, send = review_return(country, at, numbers)
        sealed = forge(country, "hub", "370000", send, query)
        await give(country, "370000", inbox_topic("370000"), sealed, query)
    assert await codes(country, "370000") == ["REISSUE_IMPOSSIBLE"] * 4
    assert await case_of(country, "370000", query) == before


def review_return(country, at, numbers):
    made, send = give_back(
        at, numbers, (), "审查员", country["hub"].office.calendar, country.clock.now()
    )
    return made, replace(send, body=replace(send.body, reissue=numbers))


async def test_what_was_withdrawn_meanwhile_is_not_sent_again(manual_country, make_draft):
    country = manual_country
    query = await returned(country, make_draft)
    own = await case_of(country, "370000", query)
    async with country["370000"].store.transaction() as unit:
        await unit.save_case(replace(own, state=QueryState.CANCELLING))
    await country.settle()
    assert await clean(country)
    own = await case_of(country, "370000", query)
    assert (own.state, own.withdrawn) == (QueryState.CANCELLING, ())
    assert len(await bodies(country, "hub", query, Kind.APPLICATION)) == 1


@pytest.mark.parametrize("seed", range(12))
async def test_in_any_order_of_messages_everybody_comes_to_the_same_end(
    country_of, make_draft, monkeypatch, seed
):
    monkeypatch.setattr(application, "PART_SIZE", 2)
    country = country_of(RETURN)
    await country.start()
    query = await submit_draft(country, without_consent(households(make_draft(5), 2, 2, 1), 3))
    await drive(country, seed)
    own, hub = await case_of(country, "370000", query), await reviewed(country, query)
    assert own.state is hub.state is QueryState.DELIVERED
    assert own.withdrawn == hub.withdrawn == (3, 4)
    assert own.parts == hub.parts
    assert await clean(country)
    await country.stop()


@pytest.mark.requirement("R031")
async def test_an_application_that_is_returned_after_its_withdrawal_is_not_issued_anew(
    returning, make_draft
):
    country = returning
    query = await submit_draft(country, without_consent(households(make_draft(3), 2, 1), 1))
    # The hub returns it while the withdrawal is on its way.
    await country["370000"].outbox.drain()
    await country["hub"].pump(country.cluster)
    desk = country["370000"]
    doing = Withdrawing(desk.office, desk.store, desk.outbox.wake.set)
    await doing.withdraw(query, "APPLICATION_WRONG", "王芳")
    await country.settle()
    assert await clean(country)
    own, hub = await case_of(country, "370000", query), await reviewed(country, query)
    assert own.state is hub.state is QueryState.CANCELLED
    assert not own.withdrawn
    assert Event.QUERY_REISSUED not in {e.event for e in await events(country, "370000")}
    async with country["370000"].store.transaction() as unit:
        data = await export(country["370000"].office, unit, query, country.clock.now())
    assert verify(data, country.validator()).state is ProofState.CANCELLED
