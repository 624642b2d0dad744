"""A provider is suspended in mid-query: its rows are closed on every desk, and the query ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from daemon_deeds import (
    case_of,
    codes,
    events,
    held,
    review_desk,
    service,
    submit_draft,
)

from bus.daemon.cut_off import PAGE, CutOff
from bus.errors import InputError, UnavailableError
from bus.flow.outcome import Send
from bus.logs.setup import make_logger
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.messages import Problem
from signer.directory.view import Standing
from signer.envelope.kinds import Kind
from signer.identity import inbox_topic
from signer.proof.account import ProofState
from signer.proof.verify import verify

FUND = "500000.housing-fund"
CENTRES = ("hub", "370000", "320000", "500000")


def closers(country):
    return {
        name: CutOff(
            country[name].office, country[name].store, country[name].outbox, make_logger(name)
        )
        for name in CENTRES
    }


def stand(country, name, standing):
    """Everybody adopts a directory in which one has another standing."""
    listed = dict(country.directory.participants)
    listed[name] = replace(listed[name], standing=standing)
    version = country.directory.version + 1
    country.adopt(replace(country.directory, version=version, participants=listed))


async def close_all(country, closing):
    for closer in closing.values():
        await closer.close()
    await country.settle()
    for closer in closing.values():
        await closer.close()
    await country.settle()


async def ordered(country, make_draft, slow=FUND):
    """A query that waits for one agency only."""
    answering, country[slow].answering = country[slow].answering, None
    query = await submit_draft(country, make_draft())
    await country.settle()
    return query, answering


def open_rows(case):
    return [row.holder for row in case.rows if row.state is RowState.OPEN]


@pytest.mark.requirement("R007")
@pytest.mark.parametrize("cut", [FUND, "500000"])
async def test_a_suspended_provider_closes_its_rows_and_the_query_ends_with_gaps(
    country, make_draft, cut
):
    closing = closers(country)
    query, _ = await ordered(country, make_draft)
    assert set(open_rows(await case_of(country, "370000", query))) == {FUND}
    await close_all(country, closing)
    assert set(open_rows(await case_of(country, "370000", query))) == {FUND}
    stand(country, cut, Standing.SUSPENDED)
    await close_all(country, closing)
    for name, role in (("370000", CaseRole.REQUESTER), ("hub", CaseRole.REVIEWER)):
        case = await case_of(country, name, query, role)
        assert case.state is QueryState.DELIVERED
        closed = [row for row in case.rows if row.holder == FUND]
        assert {(row.state, row.code) for row in closed} == {
            (RowState.UNSERVED, "PROVIDER_SUSPENDED")
        }
        assert Event.ROW_CLOSED in {e.event for e in await events(country, name)}
    view = await service(country, "370000").result(query, "王芳", "最低生活保障对象认定")
    gaps = {(gap.provider, gap.code) for gap in view.gaps}
    assert gaps == {(FUND, "PROVIDER_SUSPENDED")}
    assert view.answers  # the others' are there


async def test_a_query_with_gaps_is_proven_and_the_gap_is_shown_as_open(country, make_draft):
    closing = closers(country)
    query, _ = await ordered(country, make_draft)
    # Signed, for a proof shows the directory too.
    listed = country.directory.participants[FUND]
    await country.publish(replace(listed, standing=Standing.SUSPENDED))
    await close_all(country, closing)
    proof = await service(country, "370000").proof(query, "王芳")
    account = verify(proof, country.validator())
    assert account.state is ProofState.PARTLY_ANSWERED
    assert {one.to.id for one in account.open} == {FUND}


async def test_the_hubs_receipt_says_what_is_missing(country, make_draft):
    closing = closers(country)
    query, _ = await ordered(country, make_draft)
    stand(country, FUND, Standing.SUSPENDED)
    await close_all(country, closing)
    async with country["hub"].store.transaction() as unit:
        kept = await unit.messages(query, Kind.RECEIPT)
        opened = [country.work("hub", unit).message(one) for one in kept]
    (receipt,) = [one.body for one in opened if one.header.destination == "hub"]
    assert {(gap.holder, gap.code) for gap in receipt.gaps} == {(FUND, "PROVIDER_SUSPENDED")}
    assert len(receipt.gaps) == len(
        [r for r in (await case_of(country, "hub", query, CaseRole.REVIEWER)).rows if r.code]
    )


@pytest.mark.requirement("R018")
async def test_a_late_answer_after_the_return_is_recorded_and_not_delivered(country, make_draft):
    closing = closers(country)
    query, answering = await ordered(country, make_draft)
    stand(country, FUND, Standing.SUSPENDED)
    await close_all(country, closing)
    before = await case_of(country, "370000", query)
    stand(country, FUND, Standing.CONNECTED)
    country[FUND].answering = answering
    await close_all(country, closing)
    assert set(await codes(country, "500000")) == {"ROW_CLOSED"}
    assert not await codes(country, "hub")
    assert not await codes(country, "370000")
    assert await case_of(country, "370000", query) == before
    # The agency is told why.
    assert Event.PROBLEM_RECEIVED in {e.event for e in await events(country, FUND)}


async def test_who_left_the_directory_owes_nothing_either(country, make_draft):
    closing = closers(country)
    query, _ = await ordered(country, make_draft)
    listed = {n: p for n, p in country.directory.participants.items() if n != FUND}
    country.adopt(replace(country.directory, version=2, participants=listed))
    await close_all(country, closing)
    case = await case_of(country, "370000", query)
    assert case.state is QueryState.DELIVERED
    assert {row.code for row in case.rows if row.holder == FUND} == {"PROVIDER_WITHDRAWN"}


async def test_a_provider_that_is_suspended_before_the_order_is_a_gap_from_the_start(
    country, make_draft
):
    stand(country, FUND, Standing.SUSPENDED)
    query = await submit_draft(country, make_draft())
    await country.settle()
    case = await case_of(country, "370000", query)
    assert case.state is QueryState.DELIVERED
    assert FUND not in {row.holder for row in case.rows}
    assert "PROVIDER_SUSPENDED" in {row.code for row in case.rows}


async def test_a_suspended_agency_looks_nothing_up(country, make_draft):
    query, answering = await ordered(country, make_draft)
    stand(country, FUND, Standing.SUSPENDED)
    assert await answering.answer_open_rows() == 0
    assert not country[FUND].connector.asked
    stand(country, FUND, Standing.CONNECTED)
    assert await answering.answer_open_rows() > 0
    assert await case_of(country, FUND, query, CaseRole.AGENCY)


async def test_the_queries_of_a_suspended_requester_wait_for_its_return(country, make_draft):
    closing = closers(country)
    query, answering = await ordered(country, make_draft)
    stand(country, "370000", Standing.SUSPENDED)
    await close_all(country, closing)
    for name, role in (("370000", CaseRole.REQUESTER), ("hub", CaseRole.REVIEWER)):
        assert FUND in open_rows(await case_of(country, name, query, role))
    stand(country, "370000", Standing.CONNECTED)
    country[FUND].answering = answering
    await close_all(country, closing)
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


async def test_a_suspended_requester_submits_nothing(country, make_draft):
    stand(country, "370000", Standing.SUSPENDED)
    with pytest.raises(UnavailableError, match="PARTICIPANT_SUSPENDED"):
        await submit_draft(country, make_draft())
    stand(country, "370000", Standing.TESTED)
    with pytest.raises(UnavailableError, match="PARTICIPANT_NOT_CONNECTED"):
        await submit_draft(country, make_draft())


@pytest.mark.requirement("R007")
async def test_what_a_suspended_node_still_sends_is_refused_by_its_parent(country, make_draft):
    query = await submit_draft(country, make_draft())
    # It has not read the directory yet, and its message is on its way.
    listed = dict(country.directory.participants)
    listed["370000"] = replace(listed["370000"], standing=Standing.SUSPENDED)
    changed = replace(country.directory, version=2, participants=listed)
    country.adopt(changed, "hub")
    await country.settle()
    assert set(await codes(country, "hub")) == {"PEER_SUSPENDED"}
    assert await case_of(country, "hub", query, CaseRole.REVIEWER) is None


async def test_an_order_of_a_suspended_requester_waits_at_the_next_centre(country, make_draft):
    query = await submit_draft(country, make_draft())
    while (await case_of(country, "hub", query, CaseRole.REVIEWER)) is None or not (
        await case_of(country, "hub", query, CaseRole.REVIEWER)
    ).rows:
        for name in ("370000", "hub"):
            await country[name].pump(country.cluster)
    stand(country, "370000", Standing.SUSPENDED)
    await country["320000"].pump(country.cluster)
    assert "SOURCE_SUSPENDED" in await held(country, "320000")
    assert await case_of(country, "320000", query, CaseRole.PROVIDER) is None
    stand(country, "370000", Standing.CONNECTED)
    for name in CENTRES:
        await country[name].step.retry_held()
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


async def test_an_application_of_a_suspended_requester_is_not_accepted(manual_country, make_draft):
    query = await submit_draft(manual_country, make_draft())
    await manual_country.settle()
    stand(manual_country, "370000", Standing.SUSPENDED)
    with pytest.raises(InputError, match="REQUESTER_NOT_CONNECTED"):
        await review_desk(manual_country).accept(query, "王芳")
    stand(manual_country, "370000", Standing.CONNECTED)
    await review_desk(manual_country).accept(query, "王芳")


async def test_every_open_case_is_looked_at_page_by_page(country, make_draft):
    closing = closers(country)
    country[FUND].answering = None
    queries = [await submit_draft(country, make_draft()) for _ in range(PAGE + 2)]
    await country.settle()
    stand(country, FUND, Standing.SUSPENDED)
    await close_all(country, closing)
    states = {(await case_of(country, "370000", query)).state for query in queries}
    assert states == {QueryState.DELIVERED}


async def test_a_row_that_comes_after_the_suspension_is_closed_too(country, make_draft):
    """The node had made its Dispatch before it knew of the suspension."""
    closing = closers(country)
    for closer in closing.values():
        await closer.close()
    listed = dict(country.directory.participants)
    listed[FUND] = replace(listed[FUND], standing=Standing.SUSPENDED)
    changed = replace(country.directory, version=2, participants=listed)
    country[FUND].answering = None
    query = await submit_draft(country, make_draft())
    await country.settle()
    assert FUND in open_rows(await case_of(country, "370000", query))
    country.adopt(changed)
    await close_all(country, closing)
    # The same directory, and a case that is older than what was looked at: updated ones count.
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    assert not open_rows(await case_of(country, "hub", query, CaseRole.REVIEWER))


async def test_nothing_is_sent_to_who_has_left_and_what_was_on_its_way_is_kept(country, make_draft):
    query, answering = await ordered(country, make_draft)
    relay = replace(country["hub"].outbox, left_behind=country["hub"].office.left_behind)
    topic = inbox_topic("500000")
    await enqueue(country, "hub", (topic, b"k", b"late"), ("t", b"k", b"other"))
    assert relay.left_behind() == frozenset()
    stand(country, "500000", Standing.WITHDRAWN)
    before = len(country.cluster.records(topic))
    assert await relay.drain() == 1
    assert len(country.cluster.records(topic)) == before
    assert await codes(country, "hub") == ["RECIPIENT_WITHDRAWN"]
    assert await relay.drain() == 0
    async with country["hub"].store.transaction() as unit:
        work = country.work("hub", unit)
        body = Problem(None, "SOME_CODE", "测试", "a test")
        with pytest.raises(UnavailableError, match="NO_ROUTE"):
            await work.send(query, Send(Kind.PROBLEM, "500000", body, ("500000",)))
    assert answering


async def test_a_query_is_delivered_although_one_that_had_answered_has_left(country, make_draft):
    closing = closers(country)
    query, answering = await ordered(country, make_draft, slow="320000.housing-fund")
    answered = "500000.housing-fund"
    assert answered not in open_rows(await case_of(country, "370000", query))
    stand(country, answered, Standing.WITHDRAWN)
    country["320000.housing-fund"].answering = answering
    await close_all(country, closing)
    case = await case_of(country, "370000", query)
    assert case.state is QueryState.DELIVERED
    assert RowState.ANSWERED in {row.state for row in case.rows if row.holder == answered}


async def enqueue(country, name, *rows):
    async with country[name].store.transaction() as unit:
        for topic, key, value in rows:
            await unit.enqueue(topic, key, value, (), country.clock.now())
