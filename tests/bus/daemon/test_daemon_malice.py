"""What a province, an agency or a requester cannot do to a query of somebody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from daemon_deeds import (
    bodies,
    case_of,
    codes,
    forge,
    give,
    held,
    quarantine,
    renew,
    service,
    submit_draft,
)

from adapters.host import answering as answering_module
from bus.daemon.endings import HOLD_FOR
from bus.flow.answer import MAX_FRAGMENTS
from bus.flow.outcome import Send
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.messages import (
    Answer,
    Dispatch,
    DispatchRow,
    OutcomeKind,
    PersonOutcome,
    Receipt,
    Unserved,
)
from bus.model.request import DraftLine
from schemas.resources import resources
from signer.envelope.kinds import Kind
from signer.identity import inbox_topic, outbox_topic

FUND = "housing-fund-account"
LINE = DraftLine(1, "500000", "housing-fund", ("balance",), None, None)


@pytest.fixture
async def waiting(country, make_draft):
    """A query whose only agency has not answered yet: (query, the row it owes)."""
    agency = country["500000.housing-fund"]
    answering, agency.answering = agency.answering, None
    query = await submit_draft(country, make_draft(2, (LINE,)))
    await country.settle()
    case = await case_of(country, "370000", query)
    (row,) = [r for r in case.rows if r.leaf]
    assert row.state is RowState.OPEN
    yield query, row
    agency.answering = answering
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


def answer(case, row, outcomes, **changed):
    body = Answer(
        resources()[row.resource].schema.digest,
        case.updated,
        sum(len(o.records) for o in outcomes),
        tuple(outcomes),
    )
    send = Send(
        Kind.ANSWER,
        case.requester,
        body,
        reader_keys=case.request.readers,
        subject_count=len({o.reference for o in outcomes}),
        in_reply_to=b"\x01" * 32,
        order=row.order,
        resource=row.resource,
        part=row.part,
    )
    return replace(send, **changed)


NOT_FOUND = tuple(PersonOutcome(1, n, OutcomeKind.NOT_FOUND, None, ()) for n in (1, 2))


async def test_another_agency_cannot_answer_a_row_that_is_not_its_own(country, waiting):
    query, row = waiting
    case = await case_of(country, "370000", query)
    sealed = forge(country, "320000.housing-fund", "320000", answer(case, row, NOT_FOUND), query)
    await give(country, "320000", outbox_topic("320000.housing-fund"), sealed, query)
    assert await held(country, "320000") == ["ROW_NOT_YET_KNOWN"]
    await country.settle()
    assert (await case_of(country, "370000", query)).rows == case.rows


async def test_an_agency_cannot_answer_for_another_resource(country, waiting):
    query, row = waiting
    case = await case_of(country, "370000", query)
    other = replace(row, resource="housing-fund-loan", order=b"\x07" * 32)
    sealed = forge(country, "500000.housing-fund", "500000", answer(case, other, NOT_FOUND), query)
    await give(country, "500000", outbox_topic("500000.housing-fund"), sealed, query)
    assert await held(country, "500000") == ["ROW_NOT_YET_KNOWN"]
    async with country["500000"].store.transaction() as unit:
        for parked in await unit.held(10):
            await unit.release(parked.number)


@pytest.mark.requirement("R034")
async def test_an_answer_goes_to_the_requester_and_nobody_else(country, waiting):
    query, row = waiting
    case = await case_of(country, "370000", query)
    elsewhere = answer(case, row, NOT_FOUND, destination="320000")
    sealed = forge(country, "500000.housing-fund", "500000", elsewhere, query)
    await give(country, "500000", outbox_topic("500000.housing-fund"), sealed, query)
    assert await codes(country, "500000") == ["ANSWER_ELSEWHERE"]


async def test_fragments_without_end_are_refused(country, waiting):
    query, row = waiting
    case = await case_of(country, "370000", query)
    endless = answer(case, row, NOT_FOUND, fragment=MAX_FRAGMENTS, last=False)
    sealed = forge(country, "500000.housing-fund", "500000", endless, query)
    await give(country, "500000", outbox_topic("500000.housing-fund"), sealed, query)
    assert await codes(country, "500000") == ["FRAGMENTS_TOO_MANY"]


BAD_ANSWERS = {
    "ANSWER_INCOMPLETE": NOT_FOUND[:1],
    "ANSWER_PERSON_TWICE": (*NOT_FOUND, NOT_FOUND[0]),
    "ANSWER_BEYOND_REQUEST": (*NOT_FOUND, replace(NOT_FOUND[0], reference=3)),
    "ANSWER_RECORD": (
        NOT_FOUND[0],
        PersonOutcome(1, 2, OutcomeKind.FOUND, None, (b"not avro at all",)),
    ),
    "ANSWER_OUTCOME": (NOT_FOUND[0], PersonOutcome(1, 2, OutcomeKind.FOUND, None, ())),
}


@pytest.mark.requirement("R001")
@pytest.mark.requirement("R072")
@pytest.mark.parametrize("code", BAD_ANSWERS)
async def test_an_answer_that_cannot_be_used_is_receipted_by_name_and_the_query_ends(
    country, make_draft, code
):
    country["500000.housing-fund"].answering = None
    query = await submit_draft(country, make_draft(2, (LINE,)))
    await country.settle()
    case = await case_of(country, "370000", query)
    (row,) = [r for r in case.rows if r.leaf]
    sealed = forge(
        country, "500000.housing-fund", "500000", answer(case, row, BAD_ANSWERS[code]), query
    )
    await give(country, "500000", outbox_topic("500000.housing-fund"), sealed, query)
    await country.settle()

    after = await case_of(country, "370000", query)
    assert after.state is QueryState.DELIVERED
    assert [r.code for r in after.rows if r.leaf] == [code]
    view = await service(country, "370000").result(query, "测试操作员", "城乡低保")
    assert (view.answers, [gap.code for gap in view.gaps]) == ((), [code])
    receipts = await bodies(country, "370000", query, Kind.RECEIPT)
    assert len(receipts) == 2
    for receipt in receipts:
        assert receipt.opened == ()
        assert [(f.answer, f.code) for f in receipt.faults] == [(sealed.digest, code)]
        assert (receipt.found, receipt.not_found, receipt.not_answerable) == (0, 0, 0)
    for name in ("370000", "hub"):
        counted = country[name].step.metrics.registry.get_sample_value
        assert counted("hedui_answer_faults_total", {"province": "500000"}) == 1, name


def dispatch_of(case, order, rows, unserved=(), readers=("370000", "hub")):
    return Send(
        Kind.DISPATCH,
        "370000",
        Dispatch(tuple(rows), tuple(unserved)),
        readers,
        in_reply_to=case.application,
        order=order,
    )


async def test_a_node_cannot_dispatch_without_an_order(country, waiting):
    query, row = waiting
    case = await case_of(country, "370000", query)
    made = DispatchRow(1, row.resource, "320000.housing-fund", True, row.due, b"\x05" * 32)
    sealed = forge(country, "320000", "hub", dispatch_of(case, None, [made]), query)
    await give(country, "hub", outbox_topic("320000"), sealed, query)
    assert await codes(country, "hub") == ["DISPATCH_SOURCE"]


async def test_a_node_cannot_dispatch_what_was_ordered_from_another(country, waiting):
    query, row = waiting
    case = await case_of(country, "370000", query)
    (node,) = [r for r in case.rows if not r.leaf]
    made = DispatchRow(1, row.resource, "320000.housing-fund", True, row.due, b"\x05" * 32)
    sealed = forge(country, "320000", "hub", dispatch_of(case, node.order, [made]), query)
    await give(country, "hub", outbox_topic("320000"), sealed, query)
    assert await held(country, "hub") == ["ROW_NOT_YET_KNOWN"]
    async with country["hub"].store.transaction() as unit:
        for parked in await unit.held(10):
            await unit.release(parked.number)


@pytest.fixture
async def ordered(country, make_draft):
    """A query ordered from 500000, whose own Dispatch has not been made: (query, case, row)."""
    query = await submit_draft(country, make_draft(2, (LINE,)))
    await country["370000"].outbox.drain()
    for name in ("hub", "370000"):
        await country[name].pump(country.cluster)
    case = await case_of(country, "370000", query)
    (row,) = case.rows
    assert row.holder == "500000"
    return query, case, row


def dispatch_rows(row):
    agency = DispatchRow(1, row.resource, "500000.housing-fund", True, row.due, b"\x05" * 32)
    return {
        "DISPATCH_FOREIGN_CHILD": (replace(agency, child="320000.housing-fund"),),
        "DISPATCH_ROW_TWICE": (agency, replace(agency, order=b"\x06" * 32)),
        "DISPATCH_LATER_THAN_ORDERED": (replace(agency, due=row.due.replace(year=2030)),),
        "DISPATCH_INCOMPLETE": (agency, replace(agency, resource="housing-fund-loan")),
    }


@pytest.mark.requirement("R018")
@pytest.mark.parametrize(
    "code",
    [
        "DISPATCH_FOREIGN_CHILD",
        "DISPATCH_ROW_TWICE",
        "DISPATCH_LATER_THAN_ORDERED",
        "DISPATCH_INCOMPLETE",
    ],
)
async def test_a_dispatch_that_does_not_fit_its_order_is_refused(country, ordered, code):
    query, case, row = ordered
    sealed = forge(
        country, "500000", "hub", dispatch_of(case, row.order, dispatch_rows(row)[code]), query
    )
    before = await case_of(country, "hub", query, CaseRole.REVIEWER)
    await give(country, "hub", outbox_topic("500000"), sealed, query)
    assert await codes(country, "hub") == [code]
    assert await case_of(country, "hub", query, CaseRole.REVIEWER) == before
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


async def test_a_leaf_cannot_be_called_a_node_nor_a_code_be_a_sentence(country, ordered):
    query, case, row = ordered
    agency = DispatchRow(1, row.resource, "500000.housing-fund", False, row.due, b"\x05" * 32)
    sealed = forge(country, "500000", "hub", dispatch_of(case, row.order, [agency]), query)
    await give(country, "hub", outbox_topic("500000"), sealed, query)
    gap = Unserved(1, row.resource, "张三 has nothing")
    sealed = forge(country, "500000", "hub", dispatch_of(case, row.order, [], [gap]), query)
    await give(country, "hub", outbox_topic("500000"), sealed, query)
    assert await codes(country, "hub") == ["DISPATCH_FOREIGN_CHILD", "BODY_INVALID"]


async def test_a_dispatch_the_hub_cannot_read_does_not_pass_it(country, ordered):
    query, case, row = ordered
    rows = dispatch_rows(row)["DISPATCH_ROW_TWICE"][:1]
    hidden = dispatch_of(case, row.order, rows, readers=("370000",))
    sealed = forge(country, "500000", "hub", hidden, query)
    await give(country, "hub", outbox_topic("500000"), sealed, query)
    assert await codes(country, "hub") == ["DISPATCH_UNREADABLE"]


async def test_a_dispatch_to_somebody_who_did_not_ask_does_not_pass_the_hub(country, ordered):
    query, case, row = ordered
    rows = dispatch_rows(row)["DISPATCH_ROW_TWICE"][:1]
    stray = replace(
        dispatch_of(case, row.order, rows, readers=("320000", "hub")), destination="320000"
    )
    sealed = forge(country, "500000", "hub", stray, query)
    await give(country, "hub", outbox_topic("500000"), sealed, query)
    assert await codes(country, "hub") == ["DISPATCH_ELSEWHERE"]


async def test_a_node_that_was_asked_nothing_cannot_receipt_a_query(country, waiting):
    query, _ = waiting
    body = Receipt((), (), 0, 0, 0, country.clock.now())
    send = Send(Kind.RECEIPT, "hub", body, ("hub",), in_reply_to=b"\x01" * 32)
    sealed = forge(country, "320000", "hub", send, query)
    await give(country, "hub", outbox_topic("320000"), sealed, query)
    assert await codes(country, "hub") == ["RECEIPT_SOURCE"]


async def test_an_early_receipt_waits_and_closes_nothing_that_is_owed(country, waiting):
    query, row = waiting
    case = await case_of(country, "hub", query, CaseRole.REVIEWER)
    body = Receipt((), (), 0, 0, 0, country.clock.now())
    send = Send(Kind.RECEIPT, "hub", body, ("hub",), in_reply_to=case.application)
    sealed = forge(country, "370000", "hub", send, query)
    await give(country, "hub", outbox_topic("370000"), sealed, query)
    assert await held(country, "hub") == ["ANSWERS_STILL_DUE"]
    hub = await case_of(country, "hub", query, CaseRole.REVIEWER)
    assert next(r for r in hub.rows if r.holder == row.holder).state is RowState.OPEN
    async with country["hub"].store.transaction() as unit:
        for parked in await unit.held(10):
            await unit.release(parked.number)


async def test_a_second_answer_is_recorded_and_not_passed_on(country, make_draft):
    query = await submit_draft(country, make_draft(2, (LINE,)))
    await country.settle()
    case = await case_of(country, "370000", query)
    (row,) = [r for r in case.rows if r.leaf]
    before = len(country.cluster.records(outbox_topic("500000")))
    sealed = forge(country, "500000.housing-fund", "500000", answer(case, row, NOT_FOUND), query)
    await give(country, "500000", outbox_topic("500000.housing-fund"), sealed, query)
    await country.settle()
    assert await codes(country, "500000") == ["ANSWER_TWICE"]
    assert len(country.cluster.records(outbox_topic("500000"))) == before
    assert len((await service(country, "370000").result(query, "甲", "城乡低保")).answers) == 1


async def test_nobody_orders_an_agency_but_its_own_centre(country, make_draft):
    await submit_draft(country, make_draft(1, (LINE,)))
    await country.settle()
    (order,) = country.cluster.records(inbox_topic("500000.housing-fund"))[:1]
    stray = replace(order, topic=inbox_topic("320000.housing-fund"), offset=-1)
    await country["320000.housing-fund"].step.run([stray])
    assert await codes(country, "320000.housing-fund") == ["WRONG_PEER"]
    assert not country["320000.housing-fund"].connector.asked


@pytest.mark.requirement("R071")
async def test_a_query_that_cannot_be_sealed_holds_up_no_other(country, make_draft, monkeypatch):
    """A reader whose key has left the directory is that query's trouble alone."""
    one = await submit_draft(country, make_draft(1, (LINE,)))
    agency = country["500000.housing-fund"]
    answering, agency.answering = agency.answering, None
    await country.settle()
    two = await submit_draft(country, make_draft(1, (LINE,)), node="320000")
    await country.settle()
    agency.answering = answering
    gone = country.directory.participants | {
        "370000": replace(country.directory.participants["370000"], keys=())
    }
    old = country.directory
    country.adopt(replace(old, participants=gone), "500000.housing-fund")
    country.directory = old
    await country.settle()
    assert (await case_of(country, "320000", two)).state is QueryState.DELIVERED
    assert (await case_of(country, "370000", one)).state is QueryState.STARTED
    asked = len(agency.connector.asked)
    await country.settle()
    assert len(agency.connector.asked) == asked  # it waits, and asks the source nothing meanwhile

    country.adopt(old, "500000.housing-fund")
    country.clock.move(answering_module.ROW_RETRY_AFTER)
    await country.settle()
    assert (await case_of(country, "370000", one)).state is QueryState.DELIVERED


async def test_an_answer_to_the_order_of_another_conversation_is_never_taken(country, make_draft):
    agency = country["500000.housing-fund"]
    answering, agency.answering = agency.answering, None
    one = await submit_draft(country, make_draft(2, (LINE,)))
    two = await submit_draft(country, make_draft(2, (LINE,)))
    await country.settle()
    first = await case_of(country, "370000", one)
    (row,) = [r for r in first.rows if r.leaf]
    crossed = forge(country, agency.office.me, "500000", answer(first, row, NOT_FOUND), two)
    await give(country, "500000", outbox_topic(agency.office.me), crossed, two)
    assert await held(country, "500000") == ["ROW_NOT_YET_KNOWN"]
    for query in (one, two):
        case = await case_of(country, "370000", query)
        assert [r.state for r in case.rows if r.leaf] == [RowState.OPEN]
    # It waits for an order that never comes, then is put aside; both queries end as they should.
    agency.answering = answering
    await country.settle()
    country.clock.move(HOLD_FOR)
    renew(country)
    assert await country["500000"].step.retry_held() == 1
    assert await quarantine(country, "500000") == [("HELD_TOO_LONG", "ROW_NOT_YET_KNOWN")]
    for query in (one, two):
        assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
