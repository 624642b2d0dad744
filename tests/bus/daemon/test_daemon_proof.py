"""Proofs exported from a requester's store after real queries, in one process."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest

from bus.daemon import reviewer
from bus.daemon.directory import DirectoryKeeper
from bus.daemon.proof import export
from bus.daemon.requester import submit
from bus.errors import InputError, UnavailableError
from bus.flow.review import reason
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.model.request import DraftLine, Submission
from bus.ports.audit_chain import verify as verify_chain
from bus.ports.broker import Record
from schemas.codes import refusal_reasons
from signer.certificates import PathValidator
from signer.envelope.parse import reread
from signer.proof.account import Basis, CertificateStanding, ProofState, RowOutcome
from signer.proof.failures import ProofError
from signer.proof.format import file_digest, read_proof
from signer.proof.rendering import to_plain
from signer.proof.verify import verify
from signer.uuid7 import uuid7

REQUESTER = "370000"


async def submit_draft(country, draft):
    query = uuid7(country.clock.now(), secrets.token_bytes)
    async with country[REQUESTER].store.transaction() as unit:
        work = country.work(REQUESTER, unit)
        await submit(work, draft, Submission(query, "测试操作员", country.clock.now()))
        await work.finish()
    return query


async def exported(country, query, name=REQUESTER, **how) -> bytes:
    async with country[name].store.transaction() as unit:
        return await export(country[name].office, unit, query, country.clock.now(), **how)


async def decide(country, query, **decision):
    async with country["hub"].store.transaction() as unit:
        work = country.work("hub", unit)
        case = await reviewer.find(work, query)
        await reviewer.decide(work, case, by="审查员", **decision)
        await work.finish()


def validator(country) -> PathValidator:
    return country.validator()


async def test_a_delivered_query_is_proven_by_root_and_file_alone(country, make_draft):
    query = await submit_draft(country, make_draft(3))
    await country.settle()
    country.clock.move(timedelta(minutes=1))

    account = verify(await exported(country, query), validator(country))

    assert account.state is ProofState.DELIVERED
    assert (account.query, account.requester.id) == (query, REQUESTER)
    assert (account.application.persons, account.application.parts) == (3, 1)
    assert (account.decision.by.id, account.decision.decided_by) == ("hub", "policy")
    leaves = {(o.to.id, o.resource) for o in account.orders if "." in o.to.id}
    assert {(a.agency.id, a.resource) for a in account.answers} == leaves
    assert ("370000.housing-fund", "housing-fund-account") in leaves
    assert {o.outcome for o in account.orders} == {RowOutcome.ANSWERED, RowOutcome.DISPATCHED}
    assert {r.to.id for r in account.receipts} == {"hub", *(agency for agency, _ in leaves)}


async def test_the_account_and_the_file_hold_no_personal_data(country, make_draft):
    draft = make_draft(3)
    query = await submit_draft(country, draft)
    await country.settle()
    data = await exported(country, query)

    text = json.dumps(to_plain(verify(data, validator(country))), ensure_ascii=False)

    personal = [draft.contact.name, draft.contact.phone, draft.first_named, "测试操作员"]
    for person in draft.persons:
        personal += [person.name, person.id_number, person.document, person.reason]
    for value in personal:
        assert value not in text
        assert value.encode() not in data


async def test_only_decisions_and_dispatches_are_disclosed(country, make_draft):
    query = await submit_draft(country, make_draft(2))
    await country.settle()
    messages = read_proof(await exported(country, query)).messages
    disclosed = {True: set(), False: set()}
    for message in messages:
        disclosed[message.secret is not None].add(reread(message.envelope).header.kind)
    assert disclosed == {
        True: {"Decision", "Dispatch"},
        False: {"Application", "Roster", "Consent", "Answer", "Receipt"},
    }


async def test_a_refused_query_is_proven(manual_country, make_draft):
    query = await submit_draft(manual_country, make_draft(1))
    await manual_country.settle()
    code = next(iter(refusal_reasons()))
    await decide(manual_country, query, accepted=False, reasons=(reason(code),))
    await manual_country.settle()

    account = verify(await exported(manual_country, query), validator(manual_country))

    assert account.state is ProofState.REFUSED
    assert account.decision.decided_by == "审查员"
    assert [r.code for r in account.decision.reasons] == [code]
    assert account.orders == ()


async def test_a_partly_answered_query_is_proven_with_what_is_open(country, make_draft):
    country["320000.housing-bureau"].connector.fault = UnavailableError(
        "SOURCE_DOWN", "数据源不可用", "the source is down"
    )
    query = await submit_draft(country, make_draft(1))
    await country.settle()

    account = verify(await exported(country, query), validator(country))

    assert account.state is ProofState.PARTLY_ANSWERED
    assert [(o.to.id, o.resource) for o in account.open] == [
        ("320000.housing-bureau", "urban-housing-security")
    ]


async def test_several_parts_and_messages_kept_over_time_are_proven(country, make_draft):
    line = DraftLine(1, "hub", "marriage", (), None, None)
    query = await submit_draft(country, make_draft(1001, (line,)))
    while any([await desk.pump(country.cluster) for desk in country.desks.values()]):
        country.clock.move(timedelta(seconds=20))

    account = verify(await exported(country, query), validator(country))

    assert account.state is ProofState.DELIVERED
    assert (account.application.persons, account.application.parts) == (1001, 2)
    assert {a.part for a in account.answers} == {1, 2}
    (endorsed,) = account.answers[0].fragments[0].endorsed
    assert account.application.signed_at < endorsed.forwarded < account.made_at


async def test_an_answer_of_another_query_fails(country, make_draft):
    first = await submit_draft(country, make_draft(1))
    second = await submit_draft(country, make_draft(1))
    await country.settle()
    data = await exported(country, first)
    foreign = read_proof(await exported(country, second)).messages
    answer = next(m for m in foreign if reread(m.envelope).header.kind == "Answer")
    own = next(m for m in read_proof(data).messages if reread(m.envelope).header.kind == "Answer")
    body = data[:-32].replace(_field(own.envelope), _field(answer.envelope))
    with pytest.raises(ProofError) as caught:
        verify(body + file_digest(body), validator(country))
    # The books of the first query do not name it; a requester that wrote it into them fails later.
    assert caught.value.code == "PROOF_AUDIT_MISSING"


def _field(content: bytes) -> bytes:
    """Avro `bytes`: length as zig-zag varint, then the content."""
    value, length = 2 * len(content), b""
    while value > 0x7F:
        length += bytes([value & 0x7F | 0x80])
        value >>= 7
    return length + bytes([value]) + content


async def test_a_flipped_byte_of_an_exported_proof_fails(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    data = await exported(country, query)
    for position in range(0, len(data), 331):
        altered = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        with pytest.raises(ProofError) as caught:
            verify(altered, validator(country))
        assert caught.value.check.number <= 2


async def test_exporting_signs_the_books_and_changes_nothing_else(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    first, second = await exported(country, query), await exported(country, query)

    assert read_proof(first).messages == read_proof(second).messages
    async with country[REQUESTER].store.transaction() as unit:
        entries = await unit.audit(0, 100)
        assert await unit.unsent(10) == []
    heads = [e.number for e in entries if e.event.event == Event.AUDIT_HEAD]
    assert heads == [entries[-2].number, entries[-1].number]
    verify_chain(entries)


async def test_an_opened_proof_tells_what_was_answered(country, make_draft):
    draft = make_draft(2, (DraftLine(1, "hub", "marriage", (), None, None),))
    person = draft.persons[0]
    row = {"name": person.name, "id_type": person.id_type, "id_number": person.id_number}
    agency = country["hub.marriage"].connector
    agency.rows["marriage-registration", person.id_number] = [row]
    query = await submit_draft(country, draft)
    await country.settle()

    data = await exported(country, query, opened=True)
    account = verify(data, validator(country))

    assert account.opened
    ((fragment,),) = [a.fragments for a in account.answers]
    first, second = sorted(fragment.outcomes, key=lambda o: o.reference)
    assert (first.outcome, first.records[0]["id_number"]) == ("FOUND", person.id_number)
    assert (second.outcome, second.records) == ("NOT_FOUND", ())
    # Contents, never keys: of the secrets none opens a roster, a consent or another message.
    secrets_of = {reread(m.envelope).header.kind: m.secret for m in read_proof(data).messages}
    assert {kind for kind, secret in secrets_of.items() if secret} == {
        "Decision",
        "Dispatch",
        "Answer",
    }
    assert person.id_number in json.dumps(to_plain(account), ensure_ascii=False)


async def test_a_sealed_proof_tells_no_outcome(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    account = verify(await exported(country, query), validator(country))
    assert not account.opened
    assert {f.outcomes for a in account.answers for f in a.fragments} == {None}


async def test_the_books_in_a_proof_tell_nothing_of_other_queries_or_operators(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    other = await submit_draft(country, make_draft(1))
    await country.settle()
    data = await exported(country, query)
    assert other.hex.encode() not in data
    assert "测试操作员".encode() not in data
    assert b"operator:" not in data


async def test_every_message_rests_on_somebody_else_where_somebody_can_say(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    account = verify(await exported(country, query), validator(country))
    found = {(m.kind, m.source.id): m.time for m in account.messages}
    assert found["Application", REQUESTER].by == "hub"
    assert found["Decision", "hub"].by == REQUESTER
    # An agency right below the requester has nobody on its way but the requester.
    assert found["Answer", "370000.housing-fund"].by == REQUESTER
    assert found["Answer", "320000.housing-fund"].by == "320000"
    assert {m.kind for m in account.messages if m.time.basis is Basis.NONE} <= {
        "Consent",
        "Dispatch",
        "Receipt",
    }


async def test_the_directory_of_the_proof_is_named_in_the_books(country, make_draft):
    """So that a hub key that is revoked later does not take the directory with it."""
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    desk = country[REQUESTER]
    keeper = DirectoryKeeper(desk.office, desk.store, validator(country), Metrics(REQUESTER))
    records = [
        Record("hedui.directory", 0, place, key.encode(), value, ())
        for place, (key, value) in enumerate(country.records.items())
    ]
    async with desk.store.transaction() as unit:
        for key in country.records:
            await unit.put_directory(key, None)
    await keeper.take(records)
    data = await exported(country, query)

    hub = country.directory.participants["hub"]
    day = country.clock.now() + timedelta(days=1)
    revoked = replace(hub, keys=tuple(replace(key, revoked=day) for key in hub.keys))
    later = replace(
        country.directory, participants={**country.directory.participants, "hub": revoked}
    )
    account = verify(data, validator(country), later=later)

    standing = {c.owner.id: c.standing for c in account.certificates}
    assert standing["hub"] is CertificateStanding.REVOKED_SINCE
    assert account.state is ProofState.DELIVERED


async def test_before_the_decision_there_is_nothing_to_prove(manual_country, make_draft):
    query = await submit_draft(manual_country, make_draft(1))
    await manual_country.settle()
    with pytest.raises(InputError) as caught:
        await exported(manual_country, query)
    assert caught.value.code == "PROOF_TOO_EARLY"


@pytest.mark.parametrize("name", [REQUESTER, "320000", "hub"])
async def test_only_the_requester_has_a_proof_to_export(country, make_draft, name):
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    asked = uuid7(country.clock.now(), secrets.token_bytes) if name == REQUESTER else query
    with pytest.raises(InputError) as caught:
        await exported(country, asked, name)
    assert caught.value.code == "QUERY_UNKNOWN"


async def test_without_a_directory_in_force_nothing_is_exported(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    country.clock.move(timedelta(days=4))
    with pytest.raises(UnavailableError) as caught:
        await exported(country, query)
    assert caught.value.code == "DIRECTORY_LAPSED"
