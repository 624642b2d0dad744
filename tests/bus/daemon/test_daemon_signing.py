"""What a transaction sends is signed once; what does not come to its end is not in it."""

from __future__ import annotations

import secrets

import pytest
from daemon_deeds import codes, events, forge, held, record, submit_draft

from bus.errors import PendingError
from bus.flow.outcome import Send
from bus.model.audit import Event
from bus.model.messages import Problem
from signer.envelope.format import read_envelope
from signer.envelope.kinds import Kind
from signer.errors import KeyRingError
from signer.identity import inbox_topic, outbox_topic
from signer.suites.p256_aes256gcm import NAME as P256
from signer.suites.p256_aes256gcm import P256Aes256Gcm
from signer.uuid7 import uuid7

pytestmark = pytest.mark.requirement("R011")


@pytest.fixture
async def country(country_of):
    """A country of P-256 keys alone: where two suites sign there are two batches."""
    made = country_of(suite=P256)
    await made.start()
    yield made
    await made.stop()


def problem(destination, code="ANSWER_COUNT"):
    body = Problem(b"\x02" * 32, code, "记录数与所述不符", "the record count is wrong")
    return Send(Kind.PROBLEM, destination, body, (destination,), in_reply_to=b"\x02" * 32)


def arriving(country, count):
    """Records at the hub: problems of 320000, each of a query of its own, for 370000."""
    made = []
    for _ in range(count):
        query = uuid7(country.clock.now(), secrets.token_bytes)
        sealed = forge(country, "320000", "hub", problem("370000"), query)
        made.append(record(outbox_topic("320000"), sealed, query))
    return made


def counted_signatures(monkeypatch, desk):
    """Return a list that grows by what the participant's key signs."""
    signed, sign = [], desk.office.ring.sign

    def counting(data, suite=None):
        signed.append(data)
        return sign(data, suite)

    monkeypatch.setattr(desk.office.ring, "sign", counting)
    return signed


async def outbox(desk):
    async with desk.store.transaction() as unit:
        return await unit.unsent(1000)


def last_signatures(rows):
    return [read_envelope(row.value).seals[-1].signature for row in rows]


class Stumbling:
    """A router that fails on one record after it did everything for it."""

    def __init__(self, router, place, error):
        self.router, self.place, self.error = router, place, error
        self.seen = []

    async def handle(self, work, message):
        await self.router.handle(work, message)
        if message.digest not in self.seen:
            self.seen.append(message.digest)
        if self.seen.index(message.digest) == self.place:
            raise self.error


async def test_what_the_records_of_a_step_lead_to_is_signed_once(country, monkeypatch):
    hub = country["hub"]
    signed = counted_signatures(monkeypatch, hub)
    await hub.step.run(arriving(country, 9))
    rows = await outbox(hub)
    signatures = last_signatures(rows)
    assert len(rows) == 9
    assert len(signed) == 1
    assert [(s.proof.index, s.proof.size) for s in signatures] == [(i, 9) for i in range(9)]
    assert len({s.value for s in signatures}) == 1


async def test_who_receives_them_verifies_the_signature_of_all_once(country, monkeypatch):
    await country["hub"].step.run(arriving(country, 9))
    await country["hub"].outbox.drain()
    records = country.cluster.records(inbox_topic("370000"))
    verified, verify = [], P256Aes256Gcm.verify

    def counting(self, public_key, signature, data):
        verified.append(signature)
        verify(self, public_key, signature, data)

    monkeypatch.setattr(P256Aes256Gcm, "verify", counting)
    await country["370000"].step.run(records)
    found = await events(country, "370000")
    assert [entry.event for entry in found] == [Event.PROBLEM_RECEIVED] * 9
    # Nine origins, each a message alone, and one head of the hub.
    assert len(verified) == len(set(verified)) == 10


async def test_a_message_alone_waits_for_nobody_and_has_no_proof(country, monkeypatch):
    hub = country["hub"]
    signed = counted_signatures(monkeypatch, hub)
    await hub.step.run(arriving(country, 1))
    [signature] = last_signatures(await outbox(hub))
    assert signature.proof is None
    assert len(signed) == 1


async def test_all_parts_of_a_query_and_its_application_are_signed_once(
    country, make_draft, monkeypatch
):
    desk = country["370000"]
    signed = counted_signatures(monkeypatch, desk)
    query = await submit_draft(country, make_draft(2500))
    rows = await outbox(desk)
    assert len(signed) == 1
    assert [s.proof.size for s in last_signatures(rows)] == [7] * 7
    async with desk.store.transaction() as unit:
        kept = await unit.messages(query)
    # What is kept is what was sent, signature and proof included.
    assert {one.envelope for one in kept} == {row.value for row in rows}
    assert all(one.sent for one in kept)


async def test_what_is_parked_is_not_among_what_is_signed(country):
    hub = country["hub"]
    waits = PendingError("STILL_TO_COME", "尚未到达", "it has not arrived yet")
    hub.step.router = Stumbling(hub.step.router, 1, waits)
    await hub.step.run(arriving(country, 4))
    signatures = last_signatures(await outbox(hub))
    assert await held(country, "hub") == ["STILL_TO_COME"]
    assert [s.proof.size for s in signatures] == [3] * 3


async def test_what_a_handler_sent_before_it_failed_is_not_signed(country, monkeypatch):
    hub = country["hub"]
    signed = counted_signatures(monkeypatch, hub)
    hub.step.router = Stumbling(hub.step.router, 1, ZeroDivisionError())
    await hub.step.run(arriving(country, 4))
    rows = await outbox(hub)
    assert await codes(country, "hub") == ["INTERNAL"]
    assert [row.topic for row in rows] == [inbox_topic("370000")] * 3
    assert [s.proof.size for s in last_signatures(rows)] == [3] * 3
    assert len(signed) == 1


async def test_the_problem_about_a_failure_is_signed_with_what_the_others_send(country, make_draft):
    hub = country["hub"]
    await submit_draft(country, make_draft(1))
    await country["370000"].outbox.drain()
    parts = country.cluster.records(outbox_topic("370000"))
    hub.step.router = Stumbling(hub.step.router, 0, ZeroDivisionError())
    await hub.step.run([*parts[:1], *arriving(country, 1)])
    rows = await outbox(hub)
    assert [row.topic for row in rows] == [inbox_topic("370000")] * 2
    proofs = [s.proof for s in last_signatures(rows)]
    assert [(proof.index, proof.size) for proof in proofs] == [(0, 2), (1, 2)]


async def test_what_a_work_went_back_from_is_not_signed(country, monkeypatch):
    desk = country["hub"]
    signed = counted_signatures(monkeypatch, desk)
    query = uuid7(country.clock.now(), secrets.token_bytes)
    async with desk.store.transaction() as unit:
        work = country.work("hub", unit)
        kept = await work.send(query, problem("320000", "KEPT"))
        before = work.checkpoint()
        await work.send(query, problem("320000", "FORGOTTEN"))
        work.go_back(before)
        await work.finish()
    [row] = await outbox(desk)
    assert last_signatures([row])[0].proof is None
    assert len(signed) == 1
    async with desk.store.transaction() as unit:
        [stored] = await unit.messages(query)
    assert (stored.digest, stored.envelope) == (kept.digest, row.value)


async def test_without_a_signature_nothing_is_written_and_the_batch_is_read_again(
    country, monkeypatch
):
    hub = country["hub"]
    records = arriving(country, 3)

    def refuse(_data, _suite=None):
        raise KeyRingError("KEY_UNUSABLE", "密钥不可用", "the key cannot sign")

    with monkeypatch.context() as broken:
        broken.setattr(hub.office.ring, "sign", refuse)
        with pytest.raises(KeyRingError, match="KEY_UNUSABLE"):
            await hub.step.run(records)
    assert not await outbox(hub)
    assert not await events(country, "hub")
    await hub.step.run(records)
    assert [s.proof.size for s in last_signatures(await outbox(hub))] == [3] * 3
