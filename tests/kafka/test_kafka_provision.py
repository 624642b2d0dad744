"""`hedui hub provision` on a real cluster: from nothing, again, after strangers, after renewal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from kafka_country import HOSTS, TOPICS, Country, until
from kafka_site import LIMIT

from bus.ports.broker import Outgoing
from bus.ports.record_size import MAX_RECORD_BYTES, record_bytes
from signer.identity import consumer_group

INBOX = "hedui.370000.inbox"
LOOPBACK = {name: ["127.0.0.1"] for name in HOSTS}


@pytest.fixture(scope="module")
def made(bare_kafka):
    return Country(bare_kafka)


@pytest.fixture
def country(made):
    """Brokers without a topic or right of ours, and the whole list."""
    made.empty()
    made.list_()
    return made


def grant(country, name, principal, **changed):
    given = {
        "restype": ResourceType.TOPIC,
        "resource_pattern_type": ResourcePatternType.LITERAL,
        "host": "127.0.0.1",
        "operation": AclOperation.READ,
        "permission_type": AclPermissionType.ALLOW,
    }
    right = AclBinding(name=name, principal=principal, **(given | changed))
    for future in country.admin.create_acls([right]).values():
        future.result(LIMIT)
    until(lambda: right in country.rights())
    return right


def set_on_topic(country, name, value):
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, INBOX, incremental_configs=[entry])
    for future in country.admin.incremental_alter_configs([resource]).values():
        future.result(LIMIT)

    def shown():
        (held,) = country.admin.describe_configs([resource]).values()
        return held.result(LIMIT)[name].value == value

    until(shown)


def test_from_nothing_to_everything_and_then_nothing_to_do(country):
    dry = country.provision("--dry-run")
    assert dry.code == 3
    assert dry.acts == {"create-topic", "add-right"}
    assert (country.topics(), country.rights()) == (set(), set())

    first = country.provision()
    assert (first.code, first.drift) == (0, [])
    assert all(change["done"] for change in first.changes)
    assert len(first.changes) == len(dry.changes)
    assert country.topics() == set(TOPICS)
    assert len(country.rights()) == sum(change["act"] == "add-right" for change in dry.changes)

    for options in ((), ("--dry-run",)):
        again = country.provision(*options)
        assert (again.code, again.changes, again.drift) == (0, [], [])


def test_a_changed_setting_is_mended_and_a_setting_of_somebodys_is_reported(country):
    country.provision()
    set_on_topic(country, "retention.ms", "1000")
    set_on_topic(country, "segment.bytes", "1048576")

    dry, run = country.provision("--dry-run"), country.provision()

    assert dry.code == run.code == 4
    assert [(c["act"], c["topic"], c["found"], c["settings"]) for c in run.changes] == [
        ("set", INBOX, {"retention.ms": "1000"}, {"retention.ms": "3888000000"})
    ]
    assert run.drift == [("TOPIC_SETTING_UNKNOWN", INBOX)]
    assert country.provision("--dry-run").changes == []


@pytest.mark.requirement("R013")
def test_rights_of_others_are_reported_and_left_and_strays_of_ours_removed(country):
    country.provision()
    kept = country.rights()
    foreign = {
        "RIGHT_FOREIGN": grant(country, INBOX, "User:monitor"),
        "RIGHT_PATTERN": grant(
            country, "hedui.", "User:370000.g1", resource_pattern_type=ResourcePatternType.PREFIXED
        ),
        "RIGHT_CLUSTER": grant(
            country,
            "kafka-cluster",
            "User:helpdesk",
            restype=ResourceType.BROKER,
            operation=AclOperation.ALTER,
        ),
        "RIGHT_ELSEWHERE": grant(country, "payments", "User:370000.g1"),
    }
    grant(country, "hedui.320000.inbox", "User:370000.g1")

    run = country.provision()

    assert run.code == 4
    assert sorted(code for code, _ in run.drift) == sorted(foreign)
    assert [(c["act"], c["right"]["name"], c["done"]) for c in run.changes] == [
        ("remove-right", "hedui.320000.inbox", True)
    ]
    assert country.rights() == kept | set(foreign.values())

    site = '[rights]\naccepted_principals = ["User:monitor", "User:helpdesk"]\n'
    known = country.provision("--dry-run", more=site)
    assert sorted(code for code, _ in known.drift) == ["RIGHT_ELSEWHERE", "RIGHT_PATTERN"]


def test_a_new_generation_is_added_beside_the_old_and_the_old_removed_when_it_is_off(country):
    country.provision()
    country.site.keys("370000", generation=2)

    country.list_(generations={"370000": ""})
    both = country.provision()
    assert (both.code, both.acts) == (0, {"add-right"})
    assert {change["right"]["principal"] for change in both.changes} == {"User:370000.g2"}

    country.list_(generations={"370000": "g2"})
    late = country.provision()
    assert (late.code, late.acts) == (0, {"remove-right"})
    assert {change["right"]["principal"] for change in late.changes} == {"User:370000.g1"}
    assert len(late.changes) == len(both.changes)
    assert country.provision().changes == []


def test_what_was_laid_out_otherwise_is_left_to_a_person(country):
    for future in country.admin.create_topics(
        [NewTopic(INBOX, 5, 1), NewTopic("hedui.990000.inbox", 1, 1)]
    ).values():
        future.result(LIMIT)
    until(lambda: len(country.topics()) == 2)
    run = country.provision()
    assert run.code == 4
    assert sorted(run.drift) == [
        ("TOPIC_PARTITIONS", INBOX),
        ("TOPIC_UNKNOWN", "hedui.990000.inbox"),
    ]
    assert "set" in run.acts  # its settings are ours to mend
    assert country.topics() == {*TOPICS, "hedui.990000.inbox"}


def test_more_replicas_than_brokers_are_refused_topic_by_topic_and_rights_are_made(country):
    run = country.provision(replicas=3)
    assert run.code == 2
    failed = [change for change in run.changes if not change["done"]]
    assert {change["topic"] for change in failed} == set(TOPICS)
    assert {change["error"]["code"] for change in failed} == {"PROVISION_REFUSED"}
    assert all("INVALID_REPLICATION_FACTOR" in change["error"]["en"] for change in failed)
    assert len(country.rights()) == len(run.changes) - len(failed) > 0


def test_whoever_is_no_administrator_of_the_brokers_cannot_provision(country):
    country.provision()
    held = country.rights()
    for options in ((), ("--dry-run",)):
        ended = country.provision(*options, as_="help-desk")
        assert (ended.code, ended.error) == (2, "PROVISION_UNAUTHORISED")
    assert country.provision(as_="370000").error == "ADMIN_IS_PARTICIPANT"
    assert country.rights() == held


async def test_provisioned_participants_exchange_the_largest_record(country):
    country.list_(hosts=LOOPBACK)
    assert country.provision().code == 0
    child, parent = country.site.broker("320000.housing-fund"), country.site.broker("320000")
    small = Outgoing("hedui.320000.housing-fund.outbox", b"conversation", b"")
    largest = Outgoing(small.topic, small.key, bytes(MAX_RECORD_BYTES - record_bytes(small)))
    assert record_bytes(largest) == MAX_RECORD_BYTES

    async def nothing_stored(_topic):
        return {}

    await child.start()
    await parent.start()
    try:
        assert await child.publish([largest]) == [None]
        subscription = await parent.subscribe(
            [small.topic, "hedui.320000.inbox"], consumer_group("320000"), nothing_stored
        )
        (record,) = await subscription.poll(timedelta(seconds=LIMIT), 10)
        assert len(record.value) == len(largest.value)
        await subscription.commit({(record.topic, record.partition): record.offset + 1})
        await subscription.close()
    finally:
        await child.stop()
        await parent.stop()
