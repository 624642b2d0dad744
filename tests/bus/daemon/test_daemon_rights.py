"""Topics and rights follow the directory, read and verified by the administrator's own process."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from country import make_country

from adapters.country.country import signed_records
from bus.broker.provisioning.cluster import Outcome
from bus.broker.provisioning.desired import TopicPolicy, desired
from bus.broker.provisioning.drift import FoundTopic
from bus.broker.provisioning.plan import AddRight, CreateTopic, DeleteTopic, Found, RemoveRight
from bus.broker.provisioning.run import Provisioner
from bus.daemon.admin_directory import AdminDirectory
from bus.daemon.rights_follower import AGAIN, RightsFollower
from bus.errors import ConfigError, InputError, UnavailableError
from bus.logs.setup import make_logger
from bus.ports.broker import Outgoing
from bus.ports.memory_broker import MemoryBroker
from signer.directory.records import GRACE
from signer.directory.view import Standing
from signer.identity import DIRECTORY_TOPIC

POLICY = TopicPolicy(1, 1, 1)
NODE = "370000"


class Brokers:
    """A cluster that holds what it is told to; its reader has read everything."""

    def __init__(self):
        self.topics = {}
        self.rights = set()
        self.faulty = False

    def look(self, closing):
        if self.faulty:
            raise UnavailableError("BROKER_UNAVAILABLE", "", "")
        gone = frozenset(t for t in closing if t in self.topics)
        return Found(dict(self.topics), frozenset(self.rights), gone)

    def apply(self, changes):
        for change in changes:
            match change:
                case CreateTopic(topic):
                    self.topics[topic.name] = found(topic)
                case AddRight(right):
                    self.rights.add(right)
                case RemoveRight(right):
                    self.rights.discard(right)
                case DeleteTopic(name):
                    del self.topics[name]
            yield Outcome(change, None)


def found(topic):
    return FoundTopic(
        topic.name,
        topic.partitions,
        topic.replication_factor,
        topic.settings,
        frozenset(topic.settings),
    )


class Site:
    """The hub's directory on a cluster, and the administrator who follows it."""

    def __init__(self, tmp_path):
        self.country = make_country()
        listed = {
            name: replace(p, hosts=("10.0.0.7",))
            for name, p in self.country.directory.participants.items()
        }
        self.directory = replace(self.country.directory, participants=listed)
        self.clock = self.country.clock
        self.brokers = Brokers()
        self.log = io.StringIO()
        self.state = tmp_path / "hub-admin.directory"
        self.hub = MemoryBroker(self.country.cluster)
        self.restart()

    def restart(self):
        validator = self.country.validator()
        self.broker = MemoryBroker(self.country.cluster)
        self.reader = AdminDirectory(self.broker, validator, self.clock, self.state)
        self.follower = RightsFollower(
            self.reader, self.provisioner, self.clock, make_logger("hub-admin", self.log)
        )

    def provisioner(self, directory):
        wanted = desired(directory.participants.values(), POLICY, self.clock.now())
        return Provisioner(self.brokers, wanted, frozenset())

    async def start(self):
        await self.hub.start()
        await self.broker.start()
        await self.reader.load()

    async def publish(self, directory=None):
        made = directory or self.directory
        ring = self.country["hub"].office.ring
        records = signed_records(ring, made, self.country.issuing)
        self.directory = made
        await self.hub.publish(
            [Outgoing(DIRECTORY_TOPIC, k.encode(), v, ()) for k, v in records.items()]
        )

    async def stand(self, name, standing):
        listed = dict(self.directory.participants)
        entry = listed[name]
        listed[name] = replace(entry, standing=standing, version=entry.version + 1)
        version = self.directory.version + 2
        await self.publish(replace(self.directory, version=version, participants=listed))

    async def settle(self):
        for _ in range(4):
            await self.follower.round()

    def principals(self):
        return {right.principal for right in self.brokers.rights}

    def codes(self):
        return [json.loads(line).get("code") for line in self.log.getvalue().splitlines()]


@pytest.fixture
async def site(tmp_path):
    made = Site(tmp_path)
    await made.start()
    yield made
    await made.reader.close()


async def test_everybody_gets_topics_and_rights_once_the_directory_is_there(site):
    await site.publish()
    await site.settle()
    assert f"User:{NODE}.g1" in site.principals()
    assert f"hedui.{NODE}.inbox" in site.brokers.topics
    assert site.state.exists()


@pytest.mark.requirement("R007")
async def test_rights_follow_the_standing_both_ways_and_topics_stay(site):
    await site.publish()
    await site.settle()
    before = set(site.brokers.rights)
    await site.stand(NODE, Standing.SUSPENDED)
    await site.settle()
    assert f"User:{NODE}.g1" not in site.principals()
    assert f"hedui.{NODE}.inbox" in site.brokers.topics
    await site.stand(NODE, Standing.CONNECTED)
    await site.settle()
    assert site.brokers.rights == before


async def test_the_topics_of_who_has_left_go_once_they_are_read(site):
    await site.publish()
    await site.settle()
    await site.stand(NODE, Standing.WITHDRAWN)
    await site.settle()
    boxes = {f"hedui.{NODE}.inbox", f"hedui.{NODE}.outbox"}
    assert not boxes & site.brokers.topics.keys()
    site.clock.move(AGAIN)
    await site.settle()
    assert not [r for r in site.brokers.rights if r.name in boxes]
    assert f"User:{NODE}.g1" not in site.principals()


async def test_a_revoked_generation_loses_its_rights_at_once(site):
    await site.publish()
    await site.settle()
    listed = dict(site.directory.participants)
    revoked = tuple(replace(k, revoked=site.clock.now()) for k in listed[NODE].keys)
    listed[NODE] = replace(listed[NODE], keys=revoked, version=2)
    await site.publish(replace(site.directory, version=3, participants=listed))
    await site.settle()
    assert f"User:{NODE}.g1" not in site.principals()


async def test_without_a_change_the_brokers_are_looked_at_each_minute(site):
    await site.publish()
    await site.settle()
    whole = set(site.brokers.rights)
    site.brokers.rights.clear()
    await site.settle()
    assert not site.brokers.rights
    site.clock.move(AGAIN)
    await site.settle()
    assert site.brokers.rights == whole


async def test_a_directory_that_does_not_verify_changes_nothing(site):
    await site.publish()
    await site.settle()
    before = set(site.brokers.rights)
    other = make_country()
    forged = signed_records(other["hub"].office.ring, site.directory, other.issuing)
    await site.hub.publish(
        [Outgoing(DIRECTORY_TOPIC, k.encode(), v, ()) for k, v in forged.items()]
    )
    site.clock.move(AGAIN)
    await site.settle()
    assert site.brokers.rights == before
    assert "DIRECTORY_CERTIFICATE" in site.codes()


async def test_an_older_directory_is_not_taken_after_a_restart(site):
    await site.publish()
    first = site.directory
    await site.settle()
    await site.stand(NODE, Standing.SUSPENDED)
    await site.settle()
    await site.reader.close()
    site.restart()
    await site.start()
    await site.publish(first)
    await site.settle()
    assert site.reader.refusal.code == "DIRECTORY_ROLLBACK"
    assert f"User:{NODE}.g1" not in site.principals()


async def test_before_there_is_a_directory_nothing_is_changed(site):
    with pytest.raises(UnavailableError, match="DIRECTORY_NOT_READ"):
        await site.settle()
    assert not site.brokers.topics
    with pytest.raises(UnavailableError, match="DIRECTORY_NOT_READ"):
        await site.reader.read_to_end(0.01, 0.05)
    await site.publish()
    assert (await site.reader.read_to_end(0.01, 5)).version == 1


async def test_past_its_grace_rights_are_left_as_they_are(site):
    await site.publish()
    await site.settle()
    before = set(site.brokers.rights)
    site.clock.move(timedelta(minutes=31) + GRACE)
    with pytest.raises(UnavailableError, match="DIRECTORY_LAPSED"):
        await site.settle()
    assert site.brokers.rights == before


async def test_a_damaged_state_file_is_said_and_not_passed_over(site):
    site.state.write_text("{")
    with pytest.raises(ConfigError, match="STATE_UNREADABLE"):
        await site.reader.load()


async def test_brokers_that_are_away_are_said_and_tried_again(site, monkeypatch):
    await site.publish()
    site.brokers.faulty = True
    rounds = []

    async def pause():
        rounds.append(site.principals())
        if len(rounds) == 2:
            site.follower.stopping.set()
        site.brokers.faulty = False

    monkeypatch.setattr(site.follower, "pause", pause)
    one = site.follower.round

    async def round_():
        await one()
        if site.brokers.rights:
            site.follower.stopping.set()

    monkeypatch.setattr(site.follower, "round", round_)
    await site.follower.run()
    assert rounds == [set()]
    assert f"User:{NODE}.g1" in site.principals()
    assert site.codes().count("BROKER_UNAVAILABLE") == 1


async def test_what_fails_and_what_needs_a_person_is_logged_once_in_a_while(site):
    await site.publish()

    def failing(changes):
        yield from (Outcome(change, InputError("SOME_CODE", "", "")) for change in changes[:1])

    site.brokers.apply = failing
    await site.settle()
    site.clock.move(AGAIN)
    await site.settle()
    assert site.codes().count("SOME_CODE") == 1
