"""What is kept of persons is destroyed on its date, everywhere; what remains still verifies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from bus.daemon.retention import PERSONAL, Retention
from bus.daemon.work import open_stored
from bus.errors import InputError
from bus.flow.retention import STATES, RetentionPolicy, retained_until
from bus.logs.setup import make_logger
from bus.metrics.catalogue import Metrics
from bus.model.case import Case, CaseRole, QueryState
from bus.model.evidence import EvidenceDocument, EvidenceFile, FileState
from bus.model.request import Request
from bus.ports.audit_chain import verify as verify_chain
from signer.envelope.kinds import Kind
from signer.proof.account import ProofState
from signer.proof.verify import verify

DAY = timedelta(days=1)
REQUESTER = "370000"
EVERYBODY = ("hub", "370000", "320000", "320000.housing-fund", "hub.marriage")


def retention(country, name, days=30, **business):
    desk = country[name]
    policy = RetentionPolicy(days, {key.replace("_", "-"): n for key, n in business.items()})
    metrics = Metrics(name)
    return Retention(desk.office, desk.store, policy, metrics, make_logger(name))


async def submitted(country, draft):
    return (await country[REQUESTER].service.submit(draft, "王芳")).query


async def kept(country, name, query):
    async with country[name].store.transaction() as unit:
        return await unit.messages(query)


async def cases(country, name, query):
    async with country[name].store.transaction() as unit:
        found = [await unit.case(query, role) for role in CaseRole]
    return [case for case in found if case is not None]


async def later(country, days):
    await country.advance(country.clock.now() + days * DAY, every=days * DAY)


@pytest.mark.requirement("R076")
async def test_on_its_date_nobody_can_open_a_query_any_more(country, make_draft):
    draft = make_draft(2)
    query = await submitted(country, draft)
    await country.settle()
    before = {name: await kept(country, name, query) for name in EVERYBODY}
    await later(country, 30)

    for name in EVERYBODY:
        timer = retention(country, name)
        assert await timer.purge() == len(await cases(country, name, query)), name
        assert await timer.purge() == 0
        assert timer.metrics.retention_waiting._value.get() == 0

    for name in EVERYBODY:
        after = await kept(country, name, query)
        assert [(m.digest, m.envelope) for m in after] == [
            (m.digest, m.envelope) for m in before[name]
        ]
        assert any(m.kind in PERSONAL and m.secret is not None for m in before[name])
        for message in after:
            if message.kind in PERSONAL:
                assert message.secret is None
                assert open_stored(country[name].office, message).body is None
            elif message.secret is not None:
                assert open_stored(country[name].office, message).body is not None
        for case in await cases(country, name, query):
            assert case.purged == country.clock.now()
            assert case.state in {QueryState.DELIVERED, QueryState.ANSWERED}


@pytest.mark.requirement("R076")
async def test_the_proof_of_a_destroyed_query_still_verifies_and_its_answers_do_not_open(
    country, make_draft
):
    query = await submitted(country, make_draft(2))
    await country.settle()
    earlier = await country[REQUESTER].service.proof(query, "王芳")
    await later(country, 30)
    await retention(country, REQUESTER).purge()

    service = country[REQUESTER].service
    account = verify(await service.proof(query, "王芳"), country.validator())
    with pytest.raises(InputError) as refused:
        await service.proof(query, "王芳", "低保")

    assert account.state is ProofState.DELIVERED
    assert account.application.persons == 2
    told = verify(earlier, country.validator())
    assert [a.order for a in account.answers] == [a.order for a in told.answers]
    assert refused.value.code == "RESULT_PURGED"
    assert (await service.query(query)).purged is not None
    assert len(await service.timeline(query)) > 0


@pytest.mark.requirement("R076")
async def test_the_books_say_what_was_destroyed_and_the_chain_holds(country, make_draft):
    query = await submitted(country, make_draft(2))
    await country.settle()
    secrets = [m for m in await kept(country, REQUESTER, query) if m.secret is not None]
    await later(country, 30)
    timer = retention(country, REQUESTER)

    await timer.purge()

    async with country[REQUESTER].store.transaction() as unit:
        entries = await unit.audit(0, 1000)
    verify_chain(entries)
    (entry,) = [e.event for e in entries if e.event.event == "result.purged"]
    assert (entry.query, entry.actor) == (query, REQUESTER)
    assert dict(entry.detail) == {
        "contents": sum(m.kind in PERSONAL for m in secrets),
        "files": 0,
    }
    assert timer.metrics.purged.labels(role=CaseRole.REQUESTER)._value.get() == 1


@pytest.mark.requirement("R076")
async def test_what_has_not_ended_or_is_not_due_is_kept(manual_country, make_draft):
    query = await submitted(manual_country, make_draft(1))
    await manual_country.settle()
    await later(manual_country, 30)

    for name in ("370000", "hub"):
        assert await retention(manual_country, name).purge() == 0
        assert all(m.secret is not None for m in await kept(manual_country, name, query))


@pytest.mark.requirement("R076")
async def test_each_business_may_have_a_term_of_its_own(country, make_draft):
    draft = make_draft(1, business="temporary-assistance", business_text="临时救助")
    short = await submitted(country, draft)
    usual = await submitted(country, make_draft(1))
    await country.settle()
    await later(country, 30)

    await retention(country, REQUESTER, days=365, temporary_assistance=30).purge()

    service = country[REQUESTER].service
    assert (await service.query(short)).purged is not None
    assert (await service.query(usual)).purged is None


@pytest.mark.requirement("R076")
async def test_a_crash_in_between_leaves_everything_or_nothing_destroyed(
    country, make_draft, monkeypatch
):
    query = await submitted(country, make_draft(1))
    await country.settle()
    before = await kept(country, REQUESTER, query)
    await later(country, 30)

    with monkeypatch.context() as patched:
        patched.setattr("bus.daemon.work.Work.note", _crash)
        with pytest.raises(RuntimeError):
            await retention(country, REQUESTER).purge()
    assert await kept(country, REQUESTER, query) == before
    # As the requester, and as the centre its own agency answers to.
    assert await retention(country, REQUESTER).purge() == 2
    assert all(
        m.secret is None for m in await kept(country, REQUESTER, query) if m.kind in PERSONAL
    )


def _crash(*_args, **_detail):
    raise RuntimeError


@pytest.mark.requirement("R077")
async def test_a_person_is_found_by_number_wherever_the_list_went_also_afterwards(
    country, make_draft
):
    draft = make_draft(2)
    query = await submitted(country, draft)
    await country.settle()
    await later(country, 30)
    for name in EVERYBODY:
        await retention(country, name).purge()

    for name in EVERYBODY:
        office = country[name].office
        async with country[name].store.transaction() as unit:
            for reference, person in enumerate(draft.persons, start=1):
                token = office.store_key.person_token(person.id_type, person.id_number)
                assert await unit.queries_of(token) == [(query, reference)], name
            assert await unit.queries_of(bytes(32)) == []


@pytest.mark.requirement("R076")
async def test_evidence_goes_with_its_query_and_a_file_that_another_names_stays(
    country, make_draft
):
    queries = [await submitted(country, make_draft(1)) for _ in range(2)]
    await country.settle()
    now, store = country.clock.now(), country[REQUESTER].store
    own, shared = UUID(int=1), UUID(int=2)
    async with store.transaction() as unit:
        for file in (own, shared):
            kept = EvidenceFile(file, FileState.COMPLETE, None, now, b"sealed")
            await unit.save_evidence_file(kept)
            await unit.put_chunk(file, 1, b"sealed")
        for number, (query, file) in enumerate(
            [(queries[0], own), (queries[0], shared), (queries[1], shared)]
        ):
            document = EvidenceDocument(UUID(int=10 + number), query, 1, "consent", file, now)
            await unit.save_document(document)
        # The second query goes on.
        going = await unit.case(queries[1], CaseRole.REQUESTER)
        await unit.save_case(replace(going, state=QueryState.STARTED))
    await later(country, 30)

    await retention(country, REQUESTER).purge()

    async with store.transaction() as unit:
        assert await unit.documents(queries[0]) == []
        assert len(await unit.documents(queries[1])) == 1
        assert await unit.evidence_file(own) is None
        assert await unit.chunk(own, 1) is None
        assert await unit.chunk(shared, 1) == b"sealed"
        noted = await unit.audit(0, 1000, event="result.purged")
    assert [entry.event.detail["files"] for entry in noted] == [1]


def case(role, state, **changed):
    at = changed.pop("at")
    return Case(
        query=None, role=role, requester="370000", state=state, opened=at, updated=at, **changed
    )


@pytest.mark.requirement("R076")
def test_the_term_runs_from_the_end_of_a_query(country_of):
    now = country_of().clock.now()
    policy = RetentionPolicy(60, {"housing-security": 90})
    request = Request(bytes(16), "housing-security", "", 1, (), ())

    for role in CaseRole:
        for state in QueryState:
            until = retained_until(case(role, state, at=now), policy)
            assert until == (now + 60 * DAY if state in STATES[role] else None)
    delivered = case(CaseRole.REQUESTER, QueryState.DELIVERED, at=now, delivered=now - DAY)
    assert retained_until(delivered, policy) == now + 60 * DAY
    named = case(CaseRole.AGENCY, QueryState.ANSWERED, at=now, request=request)
    assert retained_until(named, policy) == now + 90 * DAY


def test_what_a_proof_discloses_is_never_destroyed():
    assert not PERSONAL & {Kind.DECISION, Kind.DISPATCH, Kind.RECEIPT}
