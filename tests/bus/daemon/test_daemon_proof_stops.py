"""Proofs of queries that ended before their time verify, and tell who had done what."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from types import SimpleNamespace

import pytest
from daemon_deeds import case_of, review_desk, submit_draft
from rich.console import Console

from bus.daemon.cancellation import expire_orders
from bus.daemon.proof import export
from bus.daemon.withdrawing import Withdrawing
from bus.flow.expiry import orders_end
from bus.model.case import CaseRole
from signer.envelope.parse import reread
from signer.proof.account import ProofState, RowOutcome
from signer.proof.failures import ProofError
from signer.proof.format import proof_bytes, read_proof
from signer.proof.rendering import render
from signer.proof.rows import Row
from signer.proof.stops import check_stops
from signer.proof.verify import verify

FUND = "500000.housing-fund"
AGENCIES = ("hub.marriage", "320000.housing-fund", "320000.housing-bureau", FUND)

pytestmark = pytest.mark.requirement("R031")


async def withdraw(country, query):
    desk = country["370000"]
    doing = Withdrawing(desk.office, desk.store, desk.outbox.wake.set)
    await doing.withdraw(query, "CONSENT_REVOKED", "王芳")


async def exported(country, query):
    async with country["370000"].store.transaction() as unit:
        return await export(country["370000"].office, unit, query, country.clock.now())


def shown(account):
    out = StringIO()
    Console(file=out, width=200).print(render(account))
    return out.getvalue()


async def test_a_query_that_was_withdrawn_after_some_answers_is_proven(country, make_draft):
    country[FUND].answering = None
    query = await submit_draft(country, make_draft())
    await country.settle()
    await withdraw(country, query)
    data = await exported(country, query)
    assert verify(data, country.validator()).state is ProofState.CANCELLING
    await country.settle()
    account = verify(await exported(country, query), country.validator())
    assert account.state is ProofState.CANCELLED
    assert account.withdrawal.reason == "CONSENT_REVOKED"
    assert {o.outcome for o in account.orders if o.to.id == FUND} == {RowOutcome.STOPPED}
    others = {o.outcome for o in account.orders if o.to.id in AGENCIES and o.to.id != FUND}
    assert others == {RowOutcome.ANSWERED}
    assert not account.open
    stated = {one.by.id: one for one in account.statements}
    assert stated[FUND].not_started == 3
    assert (stated["hub.marriage"].answered, stated["hub.marriage"].stopped) == (1, 0)
    assert {"hub", "320000", "500000", "370000"} <= set(stated)
    assert "hub" in {receipt.to.id for receipt in account.receipts}
    text = shown(account)
    assert "已撤销 withdrawn" in text
    assert "被查询人或其监护人撤回授权 CONSENT_REVOKED" in text
    assert "已停办 stopped" in text


async def test_a_query_that_was_withdrawn_before_the_decision_is_proven(manual_country, make_draft):
    country = manual_country
    query = await submit_draft(country, make_draft())
    await country.settle()
    await withdraw(country, query)
    await country.settle()
    account = verify(await exported(country, query), country.validator())
    assert account.state is ProofState.CANCELLED
    assert account.decision is None
    assert [one.by.id for one in account.statements] == ["hub"]
    assert "审批方" not in shown(account)


async def test_a_refusal_that_crossed_the_withdrawal_is_proven(manual_country, make_draft):
    country = manual_country
    query = await submit_draft(country, make_draft())
    await country.settle()
    await review_desk(country).refuse(query, "王芳", "PURPOSE_UNCLEAR")
    await withdraw(country, query)
    await country.settle()
    account = verify(await exported(country, query), country.validator())
    assert account.state is ProofState.REFUSED
    assert account.withdrawal is not None


@pytest.mark.requirement("R029")
async def test_a_query_whose_orders_ran_out_is_proven(country, make_draft):
    country[FUND].answering = None
    query = await submit_draft(country, make_draft())
    await country.settle()
    hub = await case_of(country, "hub", query, CaseRole.REVIEWER)
    country.clock.move(orders_end(hub) - country.clock.now())
    await country.publish()
    async with country["hub"].store.transaction() as unit:
        work = country.work("hub", unit)
        await expire_orders(work, hub)
        await work.finish()
    await country.settle()
    account = verify(await exported(country, query), country.validator())
    assert account.state is ProofState.EXPIRED
    assert account.withdrawal is None
    assert {o.outcome for o in account.orders if o.to.id == FUND} == {RowOutcome.EXPIRED}
    assert "已过期 run out" in shown(account)


@pytest.mark.parametrize("hidden", ["Cancellation to hub", "CancellationReply of " + FUND])
async def test_a_proof_that_hides_what_was_said_does_not_verify(country, make_draft, hidden):
    """The audit entries name what is left out."""
    country[FUND].answering = None
    query = await submit_draft(country, make_draft())
    await country.settle()
    await withdraw(country, query)
    await country.settle()
    proof = read_proof(await exported(country, query))
    kept = tuple(m for m in proof.messages if named(m) != hidden)
    assert len(kept) == len(proof.messages) - 1
    with pytest.raises(ProofError, match="PROOF_AUDIT_RECORD"):
        verify(proof_bytes(replace(proof, messages=kept)), country.validator())


def named(message):
    header = reread(message.envelope).header
    if header.kind == "CancellationReply":
        return f"{header.kind} of {header.source}"
    return f"{header.kind} to {header.destination}"


APPLICATION = b"a" * 32


def said(kind="Cancellation", source="370000", destination="hub", about=APPLICATION, **body):
    header = SimpleNamespace(
        kind=kind, source=source, destination=destination, in_reply_to=APPLICATION
    )
    content = {"application": about, "ending": "CANCELLED", "reason": "NOT_NEEDED"}
    content |= {"started": True, "rows": []} | body
    return SimpleNamespace(header=header, body=content, where=kind, signed_at=0)


def conversation(cancellations=(), replies=()):
    return SimpleNamespace(
        application=SimpleNamespace(digest=APPLICATION),
        cancellations=cancellations,
        replies=replies,
    )


def test_what_a_requester_sends_as_a_provider_is_no_withdrawal():
    found = check_stops(conversation([said(destination="370000.fund")]), ())
    assert found.withdrawal is None


def test_nobody_states_that_anothers_row_is_over():
    row = Row(1, "fund", "500000", "500000.fund", True, 0, b"o" * 32, 0)
    told = {"order": b"o" * 32, "part": 1, "resource": "fund", "progress": "STOPPED"}
    for source, over in (("500000", False), ("500000.fund", True)):
        reply = said("CancellationReply", source, rows=[told | {"holder": "500000.fund"}])
        closed = check_stops(conversation([said()], [reply]), (row,)).closed
        assert (row in closed) is over
