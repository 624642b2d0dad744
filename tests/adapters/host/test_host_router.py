"""What an agency takes, and what it refuses before any lookup."""

from __future__ import annotations

from dataclasses import replace

import pytest
from host_desk import ACCOUNT, AGENCY, LOAN, make_desk

from bus.flow.outcome import Send
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.messages import Receipt
from bus.wire.bodies import schema_of, to_avro
from signer.directory.view import Offer
from signer.envelope.kinds import Kind
from signer.envelope.seal import Content


@pytest.fixture
async def desk():
    made = make_desk()
    await made.store.open()
    return made


async def codes(desk):
    async with desk.store.transaction() as unit:
        return [q.code for q in await unit.quarantined(0, 100)]


async def case_of(desk, query):
    async with desk.store.transaction() as unit:
        return await unit.case(query, CaseRole.AGENCY)


def offer(desk, *offers):
    directory = desk.office.directory
    me = replace(directory.participants[AGENCY], offers=offers)
    desk.office.adopt(replace(directory, participants={**directory.participants, AGENCY: me}))


@pytest.mark.requirement("R018")
async def test_an_order_is_taken_with_a_row_for_each_resource(desk):
    order = desk.order(desk.line(1), desk.line(2, LOAN))
    await desk.take(order)
    case = await case_of(desk, order.query)
    assert (case.state, case.requester) == (QueryState.STARTED, "370000")
    assert [(r.resource, r.state, r.order) for r in case.rows] == [
        (ACCOUNT, RowState.OPEN, order.chain),
        (LOAN, RowState.OPEN, order.chain),
    ]
    assert not desk.source.asked


@pytest.mark.requirement("R050")
async def test_a_line_that_asks_another_provider_is_refused(desk):
    await desk.take(desk.order(desk.line(provider="370000")))
    assert await codes(desk) == ["PROVIDER_NOT_ASKED"]
    assert not desk.source.asked


async def test_what_the_agency_does_not_offer_is_refused(desk):
    order = desk.order(desk.line(1), desk.line(2, LOAN))
    offer(desk, Offer(ACCOUNT, desk.line().items, 5))
    await desk.take(order)
    assert await codes(desk) == ["PROVIDER_NOT_ASKED"]
    narrow = desk.order(desk.line(1))
    offer(desk, Offer(ACCOUNT, ("name", "id_type", "id_number", "balance"), 5))
    await desk.take(narrow)
    assert await codes(desk) == ["PROVIDER_NOT_ASKED", "ITEMS_NOT_OFFERED"]


async def test_only_the_lines_that_were_ordered_become_rows(desk):
    asked = desk.line(1), desk.line(2, LOAN)
    order = desk.order(*asked, ordered=asked[1:])
    await desk.take(order)
    assert await codes(desk) == []
    assert [r.resource for r in (await case_of(desk, order.query)).rows] == [LOAN]


async def test_the_same_order_again_is_a_duplicate(desk):
    order = desk.order(desk.line())
    await desk.take(order, order)
    assert len((await case_of(desk, order.query)).rows) == 1
    assert await codes(desk) == []


def sealed_for_agency(desk, send, query):
    content = Content(
        kind=send.kind,
        destination=send.destination,
        conversation=query,
        schema=schema_of(send.kind),
        payload=to_avro(send.body),
        in_reply_to=send.in_reply_to,
    )
    now = desk.clock.now()
    key = desk.office.directory.get(AGENCY).encryption_key(now)
    return desk.offices["320000"].sealer.seal(content, AGENCY, [key], now, 1)


async def test_a_receipt_for_a_query_never_answered_is_refused(desk):
    order = desk.order(desk.line())
    body = Receipt((), (), 0, 0, 0, desk.clock.now())
    send = Send(Kind.RECEIPT, AGENCY, body, (AGENCY,), in_reply_to=b"\x01" * 32)
    sealed = sealed_for_agency(desk, send, order.query)
    record = replace(order.record, value=sealed.data, headers=sealed.headers)
    await desk.step.run([record])
    assert await codes(desk) == ["QUERY_UNKNOWN"]
    # From its own province and not from the requester: refused when the query is known too.
    await desk.take(order)
    again = sealed_for_agency(desk, send, order.query)
    await desk.step.run([replace(record, value=again.data, headers=again.headers)])
    assert await codes(desk) == ["QUERY_UNKNOWN", "RECEIPT_SOURCE"]
