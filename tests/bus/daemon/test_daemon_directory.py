"""Directories with real signatures: published by the hub, adopted, refused, kept, lapsed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from daemon_deeds import events, forge, give, held, submit_draft

from bus.daemon.directory import DirectoryKeeper
from bus.daemon.directory_publisher import HEAD_RENEWAL, DirectoryPublisher
from bus.errors import UnavailableError
from bus.flow.listing import Listing
from bus.flow.outcome import Send
from bus.model.audit import Event
from bus.model.messages import Problem
from bus.ports.broker import Record
from bus.ports.memory_store import MemoryStore
from bus.ports.store import TOMBSTONE
from bus.ports.store_errors import StoreUnavailable
from signer.directory.records import GRACE, HEAD_KEY, sign_entry, sign_head
from signer.directory.view import Offer
from signer.envelope.kinds import Kind
from signer.errors import DirectoryError
from signer.identity import DIRECTORY_TOPIC, outbox_topic
from signer.uuid7 import uuid7


def keeper_of(country, name, store=None):
    desk = country[name]
    office = replace(desk.office, _directory=None, _catalogue=None)
    validator = country.validator()
    return DirectoryKeeper(office, store or MemoryStore(), validator, desk.step.metrics)


def topic_of(records):
    return [
        Record(DIRECTORY_TOPIC, 0, n, key.encode(), value, ())
        for n, (key, value) in enumerate(records.items())
    ]


@pytest.fixture
async def keeper(country):
    made = keeper_of(country, "320000")
    await made.store.open()
    return made


@pytest.fixture
async def hub(country):
    """The hub's publisher, with an empty store."""
    keeper = keeper_of(country, "hub")
    await keeper.store.open()
    return DirectoryPublisher(keeper.office, keeper.store, keeper, "hub/1")


def members(country):
    return list(country.directory.participants.values())


def listed(country, participants=None):
    chosen = members(country) if participants is None else participants
    return Listing(tuple(chosen), country.issuers)


async def outbox(publisher):
    async with publisher.store.transaction() as unit:
        rows = await unit.unsent(1000)
        await unit.mark_sent([row.number for row in rows], publisher.office.clock.now())
    return [Record(r.topic, 0, r.number, r.key, r.value or None, ()) for r in rows]


# The reader


async def test_a_directory_is_adopted_once_the_last_piece_has_come(keeper, country):
    records = topic_of(country.records)
    for record in records[:-1]:
        assert not await keeper.take([record])
        assert keeper.refusal.code == "DIRECTORY_INCOMPLETE"
        assert not keeper.office.ready
    with pytest.raises(UnavailableError, match="DIRECTORY_NOT_READ"):
        _ = keeper.office.directory
    assert await keeper.take(records[-1:])
    assert keeper.refusal is None
    assert keeper.office.directory.version == 1
    assert not await keeper.take(records)  # the same again is nothing new
    assert not await keeper.take([])


async def test_what_was_adopted_serves_after_a_restart(keeper, country):
    await keeper.take(topic_of(country.records))
    again = keeper_of(country, "320000", keeper.store)
    await again.load()
    assert again.office.directory.participants.keys() == country.directory.participants.keys()
    async with keeper.store.transaction() as unit:
        noted = [e.event.event for e in await unit.audit(0, 10)]
    assert noted == [Event.DIRECTORY_ADOPTED]


async def test_an_empty_store_loads_nothing(keeper):
    await keeper.load()
    assert not keeper.office.ready
    assert keeper.refusal is None


async def test_an_altered_record_changes_nothing_and_the_next_good_one_goes_on(
    keeper, country, hub
):
    await hub.publish(listed(country))
    first = await outbox(hub)
    assert await keeper.take(first)
    country.clock.move(HEAD_RENEWAL)
    assert await hub.publish(listed(country))
    (head,) = await outbox(hub)
    broken = bytearray(head.value)
    broken[-1] ^= 1
    assert not await keeper.take([replace(head, value=bytes(broken))])
    assert keeper.refusal.code in {"DIRECTORY_SIGNATURE", "DIRECTORY_MALFORMED"}
    assert keeper.office.directory.version == 1
    assert not await keeper.take([Record(DIRECTORY_TOPIC, 0, 9, None, b"x", ())])
    assert await keeper.take([head])
    assert keeper.office.directory.version == 2


async def test_an_older_head_is_refused(keeper, country, hub):
    await hub.publish(listed(country))
    first = await outbox(hub)
    await keeper.take(first)
    country.clock.move(HEAD_RENEWAL)
    await hub.publish(listed(country))
    await keeper.take(await outbox(hub))
    assert not await keeper.take(first)
    assert keeper.refusal.code == "DIRECTORY_ROLLBACK"
    assert keeper.office.directory.version == 2
    async with keeper.store.transaction() as unit:
        kept = await unit.directory()
    # What is kept is what was adopted.
    again = keeper_of(country, "320000", keeper.store)
    await again.load()
    assert again.office.directory.version == 2
    assert kept.keys() == country.records.keys()


async def test_a_directory_past_its_grace_stops_serving_and_a_new_one_starts_it_again(
    country, hub, keeper
):
    await hub.publish(listed(country))
    await keeper.take(await outbox(hub))
    expires = keeper.office.directory.expires
    keeper.require_fresh(expires + GRACE)
    with pytest.raises(UnavailableError, match="DIRECTORY_LAPSED"):
        keeper.require_fresh(expires + GRACE + timedelta(milliseconds=1))

    country.clock.move(expires + GRACE + timedelta(hours=1) - country.clock.now())
    restarted = keeper_of(country, "320000", keeper.store)
    await restarted.load()
    assert not restarted.office.ready
    assert restarted.refusal.code == "DIRECTORY_EXPIRED"
    await hub.publish(listed(country))
    assert await keeper.take(await outbox(hub))
    keeper.require_fresh(country.clock.now())


async def test_nothing_is_sealed_under_a_lapsed_directory(country, make_draft):
    country.clock.move(timedelta(hours=73))
    with pytest.raises(UnavailableError, match="DIRECTORY_LAPSED"):
        await submit_draft(country, make_draft(1))


async def test_what_waited_for_a_directory_goes_on_after_its_adoption(country, hub):
    await hub.publish(listed(country))
    first = await outbox(hub)
    country.clock.move(HEAD_RENEWAL)
    await hub.publish(listed(country))
    second = await outbox(hub)
    desk = country["320000"]
    keeper = DirectoryKeeper(desk.office, desk.store, country.validator(), desk.step.metrics)
    await keeper.take(first)
    country.directory = hub.office.directory
    query = uuid7(country.clock.now(), country["hub"].office.entropy)
    body = Problem(None, "ANSWER_COUNT", "记录数与所述不符", "the record count is wrong")
    sealed = forge(country, "hub", "320000", Send(Kind.PROBLEM, "320000", body, ("320000",)), query)
    await give(country, "320000", "hedui.320000.inbox", sealed, query)
    assert await held(country, "320000") == ["DIRECTORY_BEHIND"]
    assert await keeper.take(second)
    assert await desk.step.retry_held() == 1
    assert not await held(country, "320000")
    assert Event.PROBLEM_RECEIVED in [e.event for e in await events(country, "320000")]


# The hub


async def test_unchanged_entries_keep_their_bytes_and_the_head_is_renewed(country, hub):
    assert await hub.publish(listed(country))
    everything = await outbox(hub)
    assert {r.key.decode() for r in everything} == {*country.directory.participants, HEAD_KEY}
    before = dict(hub.keeper.records)
    country.clock.move(HEAD_RENEWAL - timedelta(seconds=1))
    assert not await hub.publish(listed(country))
    assert not await outbox(hub)
    country.clock.move(timedelta(seconds=1))
    assert await hub.publish(listed(country))
    (head,) = await outbox(hub)
    assert head.key == HEAD_KEY.encode()
    assert {k: v for k, v in hub.keeper.records.items() if k != HEAD_KEY} == {
        k: v for k, v in before.items() if k != HEAD_KEY
    }
    assert hub.office.directory.version == 2


@pytest.mark.requirement("R036")
async def test_a_changed_entry_is_published_at_once_with_a_higher_version(country, hub, keeper):
    await hub.publish(listed(country))
    await keeper.take(await outbox(hub))
    changed = [
        replace(p, offers=(Offer("marriage-registration", ("marital_status",), 3),))
        if p.id == "hub.marriage"
        else p
        for p in members(country)
    ]
    assert await hub.publish(listed(country, changed))
    records = await outbox(hub)
    # The hub's entry has the catalogue's version.
    assert {r.key.decode() for r in records} == {"hub", "hub.marriage", HEAD_KEY}
    assert await keeper.take(records)
    entry = keeper.office.directory.get("hub.marriage")
    assert (entry.version, entry.offers[0].term_working_days) == (2, 3)


async def test_a_removed_participant_leaves_a_tombstone_and_readers_go_on(country, hub, keeper):
    await hub.publish(listed(country))
    await keeper.take(await outbox(hub))
    left = [p for p in members(country) if p.id != "320000.housing-bureau"]
    assert await hub.publish(listed(country, left))
    records = await outbox(hub)
    assert {r.key.decode(): r.value is None for r in records} == {
        "320000.housing-bureau": True,
        "hub": False,
        HEAD_KEY: False,
    }
    assert await keeper.take(records)
    assert keeper.office.directory.get("320000.housing-bureau") is None
    async with keeper.store.transaction() as unit:
        assert "320000.housing-bureau" not in await unit.directory()


async def test_a_tombstone_of_the_outbox_reaches_the_topic_as_one(country, hub):
    await hub.publish(listed(country))
    desk = country["hub"]
    relay = replace(desk.outbox, store=hub.store)
    await relay.drain()
    await hub.publish(
        listed(country, [p for p in members(country) if p.id != "320000.housing-bureau"])
    )
    await relay.drain()
    last = {r.key: r.value for r in country.cluster.records(DIRECTORY_TOPIC)}
    assert last[b"320000.housing-bureau"] is None


@pytest.mark.requirement("R003")
async def test_what_does_not_verify_is_never_published(country, hub):
    await hub.publish(listed(country))
    await outbox(hub)
    orphan = [p for p in members(country) if p.id != "320000"]
    with pytest.raises(DirectoryError, match="DIRECTORY_PARENT"):
        await hub.publish(listed(country, orphan))
    assert not await outbox(hub)
    assert hub.office.directory.version == 1
    country.clock.move(HEAD_RENEWAL)
    assert await hub.publish(listed(country))
    assert hub.office.directory.version == 2


async def test_a_hub_that_crashes_while_publishing_goes_on_with_the_same_numbers(
    country, hub, monkeypatch
):
    await hub.publish(listed(country))
    await outbox(hub)
    country.clock.move(HEAD_RENEWAL)

    async def crash(*_arguments):
        raise StoreUnavailable("STORE_UNAVAILABLE", "数据库不可用", "down")

    monkeypatch.setattr(hub.keeper, "keep", crash)
    with pytest.raises(StoreUnavailable):
        await hub.publish(listed(country))
    monkeypatch.undo()
    assert not await outbox(hub)
    assert hub.office.directory.version == 1
    assert await hub.publish(listed(country))
    assert hub.office.directory.version == 2


async def test_a_hub_that_was_down_beyond_the_grace_goes_on_counting(country, hub, keeper):
    await hub.publish(listed(country))
    await keeper.take(await outbox(hub))
    country.clock.move(timedelta(days=10))
    restarted = keeper_of(country, "hub", hub.store)
    await restarted.load()
    assert not restarted.office.ready
    publisher = DirectoryPublisher(restarted.office, hub.store, restarted, "hub/1")
    assert await publisher.publish(listed(country))
    assert restarted.office.directory.version == 2
    assert await keeper.take(await outbox(publisher))
    assert keeper.office.directory.version == 2


async def test_a_message_from_a_participant_that_left_is_refused(country, hub):
    query = uuid7(country.clock.now(), country["hub"].office.entropy)
    body = Problem(None, "ANSWER_COUNT", "记录数与所述不符", "the record count is wrong")
    sealed = forge(country, "500000", "hub", Send(Kind.PROBLEM, "hub", body, ("hub",)), query)
    await hub.publish(
        listed(country, [p for p in members(country) if not p.id.startswith("500000")])
    )
    country.adopt(hub.office.directory, "hub")
    await give(country, "hub", outbox_topic("500000"), sealed, query)
    async with country["hub"].store.transaction() as unit:
        assert [q.code for q in await unit.quarantined(0, 10)] == ["WRONG_PEER"]


async def test_a_tombstone_survives_a_real_outbox(sql_country):
    hub = sql_country["hub"]
    async with hub.store.transaction() as unit:
        await unit.enqueue(DIRECTORY_TOPIC, b"320000.x", TOMBSTONE, (), sql_country.clock.now())
    assert await hub.outbox.drain() == 1
    (record,) = sql_country.cluster.records(DIRECTORY_TOPIC)
    assert (record.key, record.value) == (b"320000.x", None)


@pytest.mark.requirement("R020")
async def test_a_store_from_a_version_that_kept_no_catalogues_keeps_the_first_for_all_numbers(
    country, keeper
):
    for key, record in country.records.items():
        async with keeper.store.transaction() as unit:
            await unit.put_directory(key, record)
    await keeper.load()
    async with keeper.store.transaction() as unit:
        assert [number for number, _ in await unit.catalogues()] == [1]
        assert (await unit.catalogue_at(1)).catalogue.entries == keeper.office.catalogue.entries
    await keeper.load()
    async with keeper.store.transaction() as unit:
        assert len(await unit.catalogues()) == 1


@pytest.mark.requirement("R020")
async def test_a_hub_that_numbers_no_catalogues_is_followed_by_content(country, keeper):
    await keeper.take(topic_of(country.records))
    participants = dict(country.directory.participants)
    for version, changed in ((2, {}), (3, {"320000.housing-bureau": ()})):
        for name, offers in changed.items():
            participants[name] = replace(participants[name], version=2, offers=offers)
        head = keeper.current.head_digest
        directory = replace(country.directory, version=version, participants=participants)
        records = signed_after(country, directory, head)
        assert await keeper.take(topic_of(records))
        assert keeper.office.catalogue.version == version
    async with keeper.store.transaction() as unit:
        assert [number for number, _ in await unit.catalogues()] == [3, 1]


def signed_after(country, directory, prev):
    ring = country["hub"].office.ring
    entries = {name: sign_entry(ring, p) for name, p in directory.participants.items()}
    head = sign_head(
        ring,
        version=directory.version,
        prev=prev,
        entries=entries,
        issued=directory.issued,
        expires=directory.expires,
        issuers=country.issuers,
    )
    return entries | {HEAD_KEY: head}
