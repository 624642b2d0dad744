"""The audit chain signed and stamped: by a real authority over HTTP, and what a walk finds."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx
import pytest
from timestamp_authority import TimestampAuthority, needs_openssl

from bus.daemon.audit_heads import AuditHeads, head_in
from bus.daemon.proof import export
from bus.daemon.requester import submit
from bus.daemon.timestamping import FIRST_PAUSE, LONGEST_PAUSE, Timestamping
from bus.errors import UnavailableError
from bus.model.audit import Event
from bus.model.request import Submission
from bus.ports.audit_walk import AuditWalk
from bus.ports.memory_keyring import MemoryKeyRing
from bus.ports.store import AuditEvent
from bus.ports.store_errors import StoreCorrupt
from signer.audit.heads import MAX_LEAVES
from signer.ca.issue import issue_participant
from signer.certificates import to_key
from signer.proof.account import Basis
from signer.proof.format import read_proof
from signer.proof.verify import verify
from signer.timestamps import MAX_RESPONSE, TimestampError
from signer.uuid7 import uuid7

NODE = "370000"


@pytest.fixture(name="authority", scope="module")
def authority_fixture(tmp_path_factory):
    return TimestampAuthority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(name="served")
def served_fixture(authority):
    authority.asked.clear()
    authority.answers.clear()
    with authority.serving() as url:
        yield url


@pytest.fixture(name="today")
async def today_fixture(country_of):
    """A country of the present instant: the authority's clock is the machine's."""
    made = country_of(now=datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))
    await made.start()
    yield made
    await made.stop()


def heads_of(country, name=NODE) -> AuditHeads:
    desk = country[name]
    return AuditHeads(desk.office, desk.store, asyncio.Event())


def stamping_of(country, url, authority, name=NODE, **how) -> Timestamping:
    desk = country[name]
    certificates = authority.certificates
    return Timestamping(desk.office, desk.store, url, certificates, f"{name}/1", **how)


async def entries_of(country, name=NODE):
    async with country[name].store.transaction() as unit:
        return list(await unit.audit(0, 100_000))


async def noted(country, count, name=NODE):
    async with country[name].store.transaction() as unit:
        for number in range(count):
            event = AuditEvent(country.clock.now(), "test.event", name, None, {"n": number})
            await unit.append_audit(event)


async def walked(country, name=NODE, *, traced=True):
    walk = AuditWalk(name, country.validator() if traced else None)
    walk.take(await entries_of(country, name))
    return walk.walked


async def delivered(country, make_draft):
    query = uuid7(country.clock.now(), secrets.token_bytes)
    async with country[NODE].store.transaction() as unit:
        work = country.work(NODE, unit)
        await submit(work, make_draft(1), Submission(query, "测试操作员", country.clock.now()))
        await work.finish()
    await country.settle()
    return query


async def exported(country, query) -> bytes:
    async with country[NODE].store.transaction() as unit:
        return await export(country[NODE].office, unit, query, country.clock.now())


def events(entries):
    return [entry.event.event for entry in entries]


# --- heads


async def test_what_happened_is_signed_once(country):
    heads = heads_of(country)
    await noted(country, 3)
    assert await heads.sign()
    assert heads.made.is_set()
    assert not await heads.sign()
    entries = await entries_of(country)
    assert events(entries) == ["test.event"] * 3 + [Event.AUDIT_SIGNER, Event.AUDIT_HEAD]
    await noted(country, 1)
    assert await heads.sign()
    found = await walked(country)
    assert (found.entries, found.heads, found.signed_to, found.traced) == (7, 2, 6, True)


async def test_a_new_key_s_certificate_is_written_before_its_first_head(country):
    await noted(country, 1)
    await heads_of(country).sign()
    leaves = issue_participant(country.issuing[0], NODE, 2, country.clock.now())
    country[NODE].office.ring = MemoryKeyRing.of(leaves)
    await noted(country, 1)
    assert not await heads_of(country).sign()  # others do not know the key yet
    node = country.directory.participants[NODE]
    keys = (*node.keys, *(to_key(leaf.der) for leaf in leaves.leaves))
    listed = {**country.directory.participants, NODE: replace(node, keys=keys)}
    country.adopt(replace(country.directory, participants=listed), NODE)
    assert await heads_of(country).sign()
    await noted(country, 1)
    assert await heads_of(country).sign()
    signers = [e for e in await entries_of(country) if e.event.event == Event.AUDIT_SIGNER]
    assert [e.event.detail["key"] for e in signers][1] == country[
        NODE
    ].office.ring.signing_key.hex()
    assert len(signers) == 2
    assert (await walked(country)).heads == 3


async def test_a_store_without_the_directory_signs_nothing(country):
    await noted(country, 1)
    async with country[NODE].store.transaction() as unit:
        for key in country.records:
            await unit.put_directory(key, None)
    with pytest.raises(UnavailableError) as caught:
        await heads_of(country).sign()
    assert caught.value.code == "SIGNING_KEY_NOT_LISTED"
    assert events(await entries_of(country)) == ["test.event"]


async def test_without_a_standing_certificate_nothing_is_signed(country):
    node = country.directory.participants[NODE]
    now = country.clock.now()
    keys = tuple(replace(key, revoked=now) for key in node.keys)
    revoked = replace(node, keys=keys)
    everybody = {**country.directory.participants, NODE: revoked}
    country.adopt(replace(country.directory, participants=everybody), NODE)
    await noted(country, 1)
    assert not await heads_of(country).sign()
    assert events(await entries_of(country)) == ["test.event"]


async def test_a_chain_longer_than_a_tree_is_signed_by_several_heads(country):
    await noted(country, MAX_LEAVES + 10)
    assert await heads_of(country).sign()
    entries = await entries_of(country)
    heads = [head_in(entry) for entry in entries if entry.event.event == Event.AUDIT_HEAD]
    assert [h.after for h in heads] == [0, MAX_LEAVES]
    assert all(a.number == b.after for a, b in pairwise(heads))
    assert (await walked(country)).signed_to == len(entries) - 1


async def test_a_delivered_query_asks_for_a_head_soon(country, make_draft):
    assert not country[NODE].office.milestone.is_set()
    await delivered(country, make_draft)
    assert country[NODE].office.milestone.is_set()


# --- what a walk finds


async def altered(country, change):
    """The chain's entries with one of them changed."""
    await noted(country, 3)
    await heads_of(country).sign()
    await noted(country, 2)
    await heads_of(country).sign()
    return change(await entries_of(country))


def at(number, **changed):
    def change(entries):
        entries[number - 1] = replace(entries[number - 1], **changed)
        return entries

    return change


def detail(number, **changed):
    def change(entries):
        event = entries[number - 1].event
        changed_event = replace(event, detail={**event.detail, **changed})
        entries[number - 1] = replace(entries[number - 1], event=changed_event)
        return entries

    return change


@pytest.mark.requirement("R076")
@pytest.mark.parametrize(
    ("change", "where"),
    [
        (at(2, hash=bytes(32)), "audit 2"),
        (at(2, prev=bytes(32)), "audit 2"),
        (detail(3, n=9), "audit 3"),
        (lambda entries: entries[:2] + entries[3:], "audit 3"),
        (lambda entries: [*entries[:3], entries[2], *entries[3:]], "audit 4"),
        (lambda entries: entries[1:], "audit 1"),
    ],
)
async def test_a_walk_names_the_first_entry_that_does_not_hold(country, change, where):
    entries = await altered(country, change)
    with pytest.raises(StoreCorrupt) as caught:
        AuditWalk(NODE, None).take(entries)
    assert (caught.value.code, caught.value.where) == ("AUDIT_CHAIN_BROKEN", where)


async def forged(country, place, changed):
    """A chain written anew from an entry on, so that its hashes follow each other."""
    await noted(country, 3)
    await heads_of(country).sign()
    entries = await entries_of(country)
    desk = country["320000"]
    async with desk.store.transaction() as unit:
        for entry in entries:
            event = entry.event
            if entry.number == place:
                event = replace(event, detail={**event.detail, **changed})
            await unit.append_audit(event)
        return list(await unit.audit(0, 100))


@pytest.mark.parametrize(
    ("number", "changed", "code", "where"),
    [
        # An entry rewritten with all that follows, but for the signature, which cannot be.
        (2, {"n": 99}, "AUDIT_HEAD_INVALID", "audit 5"),
        (4, {"key": "00" * 32}, "AUDIT_SIGNER_INVALID", "audit 4"),
        (4, {"certificate": "nothing!"}, "AUDIT_SIGNER_INVALID", "audit 4"),
        (5, {"signature": "00" * 64}, "AUDIT_HEAD_INVALID", "audit 5"),
        (5, {"number": 3}, "AUDIT_HEAD_INVALID", "audit 5"),
        (5, {"root": "zz"}, "AUDIT_HEAD_INVALID", "audit 5"),
    ],
)
async def test_a_chain_written_anew_fails_at_its_signatures(country, number, changed, code, where):
    entries = await forged(country, number, changed)
    with pytest.raises(StoreCorrupt) as caught:
        AuditWalk(NODE, country.validator()).take(entries)
    assert (caught.value.code, caught.value.where) == (code, where)


async def test_the_chain_of_another_participant_is_not_ours(country):
    await noted(country, 1, "320000")
    await heads_of(country, "320000").sign()
    with pytest.raises(StoreCorrupt) as caught:
        AuditWalk(NODE, country.validator()).take(await entries_of(country, "320000"))
    assert caught.value.code == "AUDIT_SIGNER_INVALID"


# --- timestamps


@needs_openssl
async def test_the_newest_head_is_stamped_once(country, authority, served):
    await noted(country, 1)
    await heads_of(country).sign()
    stamping = stamping_of(country, served, authority)
    assert await stamping.stamp()
    assert not await stamping.stamp()
    assert len(authority.asked) == 1
    found = await walked(country)
    assert (found.timestamps, found.stamped_to) == (1, found.signed_to)
    assert abs(found.stamped_at - datetime.now(UTC)) < timedelta(minutes=1)


@needs_openssl
async def test_where_nothing_is_signed_nothing_is_asked(country, authority, served):
    assert not await stamping_of(country, served, authority).stamp()
    assert authority.asked == []


@needs_openssl
async def test_of_two_instances_one_asks(country, authority, served):
    await noted(country, 1)
    await heads_of(country).sign()
    first, second = (stamping_of(country, served, authority) for _ in range(2))
    second.holder = f"{NODE}/2"
    assert await first.stamp()
    await noted(country, 1)
    await heads_of(country).sign()
    assert not await second.stamp()
    await first.hand_over()
    assert await second.stamp()


@needs_openssl
@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (b"", UnavailableError, "TSA_ANSWER"),
        (b"nothing", TimestampError, "TIMESTAMP_MALFORMED"),
        (bytes(MAX_RESPONSE + 1), UnavailableError, "TSA_ANSWER"),
    ],
)
async def test_an_answer_that_is_none_is_not_kept_and_asked_again_later(
    country, authority, served, answer, error, code
):
    await noted(country, 1)
    await heads_of(country).sign()
    stamping = stamping_of(country, served, authority)
    authority.answers.append(answer)
    with pytest.raises(error) as caught:
        await stamping.stamp()
    assert caught.value.code == code
    assert Event.AUDIT_TIMESTAMPED not in events(await entries_of(country))
    assert not await stamping.stamp()
    country.clock.move(FIRST_PAUSE)
    assert await stamping.stamp()


@needs_openssl
async def test_an_answer_to_another_request_is_not_kept(country, authority, served):
    await noted(country, 1)
    await heads_of(country).sign()
    authority.answers.append(authority.stamp(b"another")[0])
    with pytest.raises(TimestampError) as caught:
        await stamping_of(country, served, authority).stamp()
    assert caught.value.code == "TIMESTAMP_IMPRINT"
    assert Event.AUDIT_TIMESTAMPED not in events(await entries_of(country))


@needs_openssl
async def test_an_authority_that_is_away_is_asked_ever_more_rarely(country, authority):
    asked = []

    def refuse(request):
        asked.append(request)
        raise httpx.ConnectError("away")

    await noted(country, 1)
    await heads_of(country).sign()
    transport = httpx.MockTransport(refuse)
    stamping = stamping_of(country, "http://127.0.0.1:1/", authority, transport=transport)
    with pytest.raises(UnavailableError) as caught:
        await stamping.stamp()
    assert caught.value.code == "TSA_UNREACHABLE"
    pause, pauses = FIRST_PAUSE, []
    for _ in range(8):
        country.clock.move(pause - timedelta(milliseconds=1))
        assert not await stamping.stamp()
        country.clock.move(timedelta(milliseconds=1))
        with pytest.raises(UnavailableError):
            await stamping.stamp()
        pauses.append(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    assert pauses[-1] == LONGEST_PAUSE
    assert len(asked) == 9


@needs_openssl
async def test_a_timestamp_that_does_not_verify_breaks_the_walk(country, authority, served):
    await noted(country, 1)
    await heads_of(country).sign()
    await stamping_of(country, served, authority).stamp()
    entries = await entries_of(country)
    desk = country["320000"]
    async with desk.store.transaction() as unit:
        for entry in entries:
            event = entry.event
            if event.event == Event.AUDIT_TIMESTAMPED:
                event = replace(event, detail={**event.detail, "response": "MAA="})
            await unit.append_audit(event)
        entries = list(await unit.audit(0, 100))
    with pytest.raises(StoreCorrupt) as caught:
        AuditWalk(NODE, None).take(entries)
    assert (caught.value.code, caught.value.where) == ("AUDIT_TIMESTAMP_INVALID", "audit 4")


# --- timestamps in proofs


@needs_openssl
async def test_a_proof_rests_on_the_timestamp_that_covers_its_messages(
    today, make_draft, authority, served
):
    query = await delivered(today, make_draft)
    await heads_of(today).sign()
    await stamping_of(today, served, authority).stamp()
    data = await exported(today, query)
    anchors = [authority.root]
    account = verify(data, today.validator(), authorities=anchors)
    assert {m.time.basis for m in account.messages} == {Basis.TIMESTAMP}
    assert len(read_proof(data).timestamps) == 1


@needs_openssl
async def test_a_later_timestamp_covers_what_earlier_heads_hold(
    today, make_draft, authority, served
):
    """The authority was away for some heads: the next timestamp reaches back through them."""
    query = await delivered(today, make_draft)
    for _ in range(4):
        await heads_of(today).sign()
        await noted(today, 2)
    await heads_of(today).sign()
    await stamping_of(today, served, authority).stamp()
    await noted(today, 2)
    await heads_of(today).sign()
    data = await exported(today, query)
    anchors = [authority.root]
    account = verify(data, today.validator(), authorities=anchors)
    assert {m.time.basis for m in account.messages} == {Basis.TIMESTAMP}
    # Five heads up to the stamped one, and the one made with the proof; not the one between.
    heads = [r for r in read_proof(data).audit if b'"event":"audit.head"' in r.entry]
    assert len(heads) == 6


async def test_a_proof_over_a_chain_signed_by_several_heads_verifies(country, make_draft):
    await noted(country, MAX_LEAVES - 4)
    query = await delivered(country, make_draft)
    account = verify(await exported(country, query), country.validator())
    assert account.audit.number > MAX_LEAVES
