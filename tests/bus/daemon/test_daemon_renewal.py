"""Renewal: asked for in time, judged and made at the hub, found in the directory, put in place."""

from __future__ import annotations

import io
import json
import secrets
import shutil
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from admitting import NODE as ANSWERS
from admitting import OPERATOR, WHY, Admitting, Applicant
from country import NOW
from daemon_deeds import codes, forge, give

from bus.daemon.admission.renewing import ASK_AGAIN, LEASE_FOR, Renewing
from bus.daemon.office import Office
from bus.daemon.outbox import OutboxRelay
from bus.errors import HeduiError
from bus.flow.outcome import Send
from bus.logs.setup import make_logger
from bus.metrics.catalogue import Metrics
from bus.model.admission import (
    Admission,
    AdmissionState,
    Filing,
    IssuedGeneration,
)
from bus.model.audit import Event
from bus.model.messages import Renewal
from bus.ports.clock import MovedClock
from bus.ports.memory_broker import MemoryBroker, MemoryCluster
from bus.ports.memory_keyring import MemoryKeyRing
from bus.ports.memory_store import MemoryStore
from bus.wire.message import message_from
from schemas.loader import shipped
from signer.admission.pending import make_pending
from signer.admission.renewal import make_renewal, read_renewal
from signer.ca.certify_requests import certify_requests
from signer.ca.files import init_ca, issue, issuing_authority
from signer.ca.issue import issue_participant
from signer.certificates import to_key
from signer.directory.view import Directory, KeyUse, Participant, Standing
from signer.envelope.chain import Arrival
from signer.envelope.kinds import Kind
from signer.envelope.open import Opener
from signer.envelope.seal import Sealer
from signer.identity import outbox_topic, role_of
from signer.keydirectory import read_certificates
from signer.keyfiles import FileKeyRing
from signer.storekey import StoreKey
from signer.suites.p256_aes256gcm import NAME as P256
from signer.uuid7 import uuid7

NAME = "370000"
SUITE = "p256-aes256gcm/1"
BEFORE = timedelta(days=30)
CA_PASS = b"ca"


# The participant's side


@pytest.fixture
async def country(country_of):
    """A country of P-256 keys alone: what is asked for by request is of that suite."""
    made = country_of(suite=P256)
    await made.start()
    yield made
    await made.stop()


class Site:
    """A node with keys on disk, the hub's authority, and the directory between them."""

    def __init__(self, folder):
        self.folder, self.clock = folder, MovedClock(NOW)
        self.ca = folder / "ca"
        init_ca(self.ca, CA_PASS, NOW, 20)
        self.keys = folder / "keys"
        issue(self.ca, CA_PASS, NAME, self.keys, b"key", now=NOW)
        self.secret = folder / "passphrase"
        self.secret.touch(0o600)
        self.secret.write_bytes(b"key")
        self.hub = issue_participant(issuing_authority(self.ca, CA_PASS), "hub", 1, NOW)
        self.store, self.log = MemoryStore(), io.StringIO()
        self.restarts = []
        self.versions = 0
        self.ring = FileKeyRing.load(self.keys, self.secret, NOW)
        self.listed = [to_key(der) for der in self.ring.certificates]
        find = shipped().get
        self.office = Office(
            me=NAME,
            clock=self.clock,
            entropy=secrets.token_bytes,
            ring=self.ring,
            store_key=StoreKey.ephemeral(),
            sealer=Sealer(NAME, self.ring, SUITE, secrets.token_bytes),
            opener=Opener(self.ring, find),
            schemas=find,
        )
        self.publish()

    def publish(self, *more, standing=Standing.CONNECTED):
        """The directory with further certificates of the node's, adopted by it."""
        self.listed += [to_key(der) for der in more]
        self.versions += 1
        hub = tuple(to_key(leaf.der) for leaf in self.hub.leaves)
        made = {
            "hub": Participant("hub", role_of("hub"), None, "部中心", hub),
            NAME: Participant(
                NAME, role_of(NAME), "hub", "节点", tuple(self.listed), standing=standing
            ),
        }
        now = self.clock.now()
        self.office.adopt(Directory(self.versions, now, now + timedelta(minutes=30), made))

    def renewing(self, holder="370000/1", before=BEFORE):
        broker = MemoryBroker(MemoryCluster())
        relay = OutboxRelay(self.store, broker, self.clock, Metrics(NAME), holder)
        return Renewing(
            self.office,
            self.store,
            relay,
            self.ring,
            tuple(to_key(der) for der in self.ring.certificates[:3]),
            self.keys,
            before,
            lambda: read_certificates(self.ca / "issuing.pem"),
            lambda: self.restarts.append(self.clock.now()),
            make_logger(NAME, self.log),
            holder,
        )

    def near_the_end(self):
        """Until the first certificate has less than the span left."""
        ends = min(key.not_after for key in self.listed)
        self.clock.move(ends - BEFORE - self.clock.now())
        self.publish()

    async def asked(self):
        """The renewals in the outbox, as the hub opens them."""
        async with self.store.transaction() as unit:
            rows = await unit.unsent(100)
        opener = Opener(MemoryKeyRing.of(self.hub), shipped().get)
        found = []
        for row in rows:
            arrival = Arrival("hub", NAME, row.key, row.headers)
            verdict = opener.open(row.value, self.office.directory, self.clock.now(), arrival)
            found.append(message_from(verdict, self.clock.now()).body)
        return found

    def certify(self, renewal):
        asked = read_renewal(renewal.request, NAME)
        made = certify_requests(self.ca, CA_PASS, asked, hosts=("10.0.0.7",), now=self.clock.now())
        return [made.certificates[use] for use in KeyUse]


@pytest.fixture
async def site(tmp_path):
    made = Site(tmp_path)
    await made.store.open()
    return made


async def test_nothing_is_asked_for_before_it_is_time(site):
    renewing = site.renewing()
    await renewing.look()
    assert not await site.asked()
    assert not renewing.pending.exists()
    site.near_the_end()
    await site.renewing(before=timedelta(0)).look()
    assert not await site.asked()


async def test_in_time_the_next_generation_is_asked_for_once_a_day(site):
    site.near_the_end()
    renewing = site.renewing()
    for _ in range(3):
        await renewing.look()
    (asked,) = await site.asked()
    assert (asked.generation, read_renewal(asked.request, NAME).generation) == (2, 2)
    site.clock.move(ASK_AGAIN)
    site.publish()
    await renewing.look()
    first, again = await site.asked()
    assert first.request == again.request  # the same keys, for the same certificates
    async with site.store.transaction() as unit:
        noted = [e.event.event for e in await unit.audit(0, 10)]
    assert noted == [Event.RENEWAL_ASKED] * 2


async def test_listed_certificates_are_put_in_place_and_the_process_starts_anew(site):
    site.near_the_end()
    renewing = site.renewing()
    await renewing.look()
    (asked,) = await site.asked()
    made = site.certify(asked)
    site.publish(*made[:2])
    await renewing.look()
    assert not site.restarts  # not all of them are listed
    site.publish(made[2])
    await renewing.look()
    assert (len(site.restarts), renewing.renewed) == (1, True)
    after = FileKeyRing.load(site.keys, site.secret, site.clock.now())
    assert after.generation == 2
    assert list(after.certificates[:3]) == made
    # What was sealed to the earlier key still opens, and the earlier directory is kept.
    assert set(site.ring.encryption_keys) <= set(after.encryption_keys)
    assert (site.folder / "keys.g1").is_dir()
    assert not renewing.pending.exists()
    assert "RENEWED" in [json.loads(line).get("code") for line in site.log.getvalue().splitlines()]
    # Started again, it asks for nothing.
    site.ring = after
    site.office.ring = after
    site.listed = [to_key(der) for der in after.certificates[:3]]
    again = site.renewing()
    await again.look()
    assert len(await site.asked()) == 1


async def test_keys_left_over_from_an_import_that_was_broken_off_are_made_anew(site):
    site.near_the_end()
    renewing = site.renewing()
    await renewing.look()
    (asked,) = await site.asked()
    kept = {p.name: p.read_bytes() for p in renewing.pending.iterdir()}
    site.publish(*site.certify(asked))
    await renewing.look()
    renewing.pending.mkdir(mode=0o700)
    for name, data in kept.items():
        (renewing.pending / name).touch(0o600)
        (renewing.pending / name).write_bytes(data)
    site.ring = FileKeyRing.load(site.keys, site.secret, site.clock.now())
    site.office.ring = site.ring
    site.office.sealer = Sealer(NAME, site.ring, SUITE, secrets.token_bytes)
    site.clock.move(timedelta(days=160))
    authority = issuing_authority(site.ca, CA_PASS)
    site.hub = issue_participant(authority, "hub", 2, site.clock.now())
    site.publish()
    again = site.renewing()
    await again.look()
    assert again.pending.is_dir()
    assert json.loads((again.pending / "participant.json").read_text())["generation"] == 3


@pytest.mark.parametrize("left", ["nothing", "other keys"])
async def test_where_the_keys_of_a_generation_were_lost_the_one_after_it_is_asked_for(site, left):
    site.near_the_end()
    await site.renewing().look()
    (asked,) = await site.asked()
    site.publish(*site.certify(asked))
    shutil.rmtree(site.renewing().pending)
    if left == "other keys":
        make_pending(site.renewing().pending, b"key", participant=NAME, generation=2)

    renewing = site.renewing()
    await renewing.look()
    asked = (await site.asked())[-1]
    assert asked.generation == 3
    site.publish(*site.certify(asked))
    await renewing.look()

    assert renewing.renewed
    assert FileKeyRing.load(site.keys, site.secret, site.clock.now()).generation == 3


async def test_of_several_instances_one_renews_until_it_is_gone(site):
    site.near_the_end()
    await site.renewing("370000/1").look()
    await site.renewing("370000/2").look()
    assert len(await site.asked()) == 1
    site.clock.move(LEASE_FOR)
    site.publish()
    await site.renewing("370000/2").look()
    assert len(await site.asked()) == 2


async def test_a_suspended_participant_asks_for_nothing(site):
    site.near_the_end()
    site.publish(standing=Standing.SUSPENDED)
    await site.renewing().look()
    assert not await site.asked()


# The hub's side


@pytest.fixture
async def hub(country):
    """The country's hub, with 370000 admitted instead of filed."""
    made = Admitting(country)
    keys = country.directory.participants[NAME].keys
    filing = Filing(b"\1" * 32, NOW, "hub", "测试", 1, (), ("10.37.0.11",), (), NOW)
    issued = IssuedGeneration(1, tuple(key.certificate for key in keys), country.issuers, NOW)
    admission = Admission(NAME, AdmissionState.CONNECTED, NOW, NOW, (filing,), (issued,))
    async with country["hub"].store.transaction() as unit:
        await unit.save_admission(admission)
    return made


def requested(generation=2, name=NAME, asked=None):
    applicant = Applicant(replace(ANSWERS, participant=name), generation)
    return Renewal(asked or generation, make_renewal(name, generation, applicant.requests))


async def send(country, body, source=NAME):
    query = uuid7(country.clock.now(), secrets.token_bytes)
    sealed = forge(country, source, "hub", Send(Kind.RENEWAL, "hub", body, ("hub",)), query)
    await give(country, "hub", outbox_topic(source), sealed, query)


async def test_a_renewal_waits_at_the_hub_and_is_made_there(hub, country):
    await send(country, requested())
    assert await codes(country, "hub") == []
    assert [(r.participant, r.generation) for r in await hub.service.renewals()] == [(NAME, 2)]
    assert await hub.service.make_renewals() == 1
    assert hub.authority.issued == [(NAME, 2, ("10.37.0.11",))]
    assert not await hub.service.renewals()
    assert hub.wakes == 1
    async with country["hub"].store.transaction() as unit:
        known = await unit.admission(NAME)
    assert [i.generation for i in known.issued] == [1, 2]
    assert (known.state, known.steps[-1].by) == (AdmissionState.CONNECTED, "hub")
    # Asked again, it is refused: the participant finds its certificates in the directory.
    await send(country, requested())
    assert await codes(country, "hub") == ["RENEWAL_GENERATION"]


async def test_without_an_authority_at_the_hub_it_waits_for_an_operator(hub, country):
    offline = Admitting(country, online=False)
    await send(country, requested())
    assert await offline.service.make_renewals() == 0
    assert len(await offline.service.renewals()) == 1
    await hub.service.certify(NAME, None, OPERATOR, WHY)
    assert not await hub.service.renewals()


async def test_one_that_cannot_be_made_stops_no_other(hub, country):
    await send(country, requested())
    other = replace((await hub.service.renewals())[0], participant="100000", generation=2)
    async with country["hub"].store.transaction() as unit:
        await unit.put_renewal(other)
    with pytest.raises(HeduiError, match="ADMISSION_UNKNOWN"):
        await hub.service.make_renewals()
    assert [r.participant for r in await hub.service.renewals()] == ["100000"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (requested(3), "RENEWAL_GENERATION"),
        (requested(1), "RENEWAL_GENERATION"),
        (requested(2, "320000"), "RENEWAL_PARTICIPANT"),
        (requested(3, asked=2), "RENEWAL_GENERATION"),
        (Renewal(2, b"HDN1"), "RENEWAL_MALFORMED"),
    ],
)
async def test_what_may_not_be_renewed_is_refused_with_a_code(hub, country, body, code):
    await send(country, body)
    assert await codes(country, "hub") == [code]
    assert not await hub.service.renewals()


async def test_who_is_in_the_lists_file_is_renewed_by_hand(hub, country):
    await send(country, requested(2, "320000"), source="320000")
    assert await codes(country, "hub") == ["RENEWAL_NOT_ADMITTED"]


async def test_who_stands_below_and_is_not_connected_is_not_renewed(hub, country):
    agency = "320000.housing-fund"
    query = uuid7(country.clock.now(), secrets.token_bytes)
    body = requested(2, agency)
    sealed = forge(country, agency, "320000", Send(Kind.RENEWAL, "hub", body, ("hub",)), query)
    await give(country, "320000", outbox_topic(agency), sealed, query)
    listed = dict(country.directory.participants)
    listed[agency] = replace(listed[agency], standing=Standing.SUSPENDED)
    country.adopt(replace(country.directory, version=2, participants=listed), "hub")
    await country.settle()
    assert await codes(country, "hub") == ["RENEWAL_STANDING"]
