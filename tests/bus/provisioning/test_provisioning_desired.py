"""What the directory asks for: every right written out, and none that a host or key lacks."""

from __future__ import annotations

import sys
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from provisioning_samples import HOSTS, NOW, YEAR, country, key, participant, wanted

from bus.broker.provisioning.addresses import broker_form
from bus.broker.provisioning.desired import TopicPolicy
from bus.ports.record_size import MAX_RECORD_BYTES
from signer.directory.view import KeyUse, Standing

# Topic → who reads it, who writes it. Written by hand from the tree, not computed from parents.
TOPICS = {
    "hedui.directory": (set(HOSTS), {"hub"}),
    "hedui.hub.marriage.outbox": ({"hub"}, {"hub.marriage"}),
    "hedui.hub.marriage.inbox": ({"hub.marriage"}, {"hub"}),
    "hedui.370000.outbox": ({"hub"}, {"370000"}),
    "hedui.370000.inbox": ({"370000"}, {"hub"}),
    "hedui.320000.outbox": ({"hub"}, {"320000"}),
    "hedui.320000.inbox": ({"320000"}, {"hub"}),
    "hedui.320000.housing-fund.outbox": ({"320000"}, {"320000.housing-fund"}),
    "hedui.320000.housing-fund.inbox": ({"320000.housing-fund"}, {"320000"}),
}


def granted(target):
    return {(r.resource, r.name, r.principal, r.host, r.operation) for r in target.rights}


@pytest.mark.requirement("R018")
def test_each_topic_has_its_reader_and_its_writer_and_nobody_else():
    expected = set()
    for topic, (readers, writers) in TOPICS.items():
        for name, operations in (*product(readers, ["READ"]), *product(writers, ["WRITE"])):
            for operation in (operations, "DESCRIBE"):
                expected.add(("TOPIC", topic, f"User:{name}.g1", HOSTS[name], operation))
    for name, host in HOSTS.items():
        expected.add(("GROUP", f"hedui.{name}", f"User:{name}.g1", host, "READ"))

    target = wanted()

    assert granted(target) == expected
    assert set(target.topics) == set(TOPICS)
    assert {(r.pattern, r.permission) for r in target.rights} == {("LITERAL", "ALLOW")}
    assert target.findings == ()


def test_a_city_below_a_province_is_served_by_the_province():
    city = participant("321200", parent="320000", hosts=("10.32.12.1",))
    target = wanted((*country(), city))
    serving = {r.principal for r in target.rights if r.name == "hedui.321200.outbox"}
    assert serving == {"User:321200.g1", "User:320000.g1"}


@pytest.mark.requirement("R013")
def test_every_valid_generation_from_every_registered_address():
    keys = tuple(key("370000", generation=n) for n in (2, 3))
    changed = participant("370000", hosts=("10.37.0.11", "10.37.0.12"), keys=keys)
    target = wanted(country(p=changed))
    seen = {(r.principal, r.host) for r in target.rights if r.name == "hedui.370000.outbox"}
    assert seen == {
        *product(("User:370000.g2", "User:370000.g3"), ("10.37.0.11", "10.37.0.12")),
        ("User:hub.g1", "10.0.0.1"),
    }


@pytest.mark.parametrize(
    "unfit",
    [
        key("370000", begin=NOW + timedelta(seconds=1)),
        key("370000", begin=NOW - YEAR - timedelta(seconds=1)),
        key("370000", revoked=NOW),
        key("370000", use=KeyUse.SIGNING),
    ],
    ids=["not yet", "ended", "revoked", "for signing"],
)
def test_a_key_that_is_not_a_valid_tls_key_gets_no_rights(unfit):
    target = wanted(country(p=participant("370000", keys=(unfit,))))
    assert not any("370000" in r.principal for r in target.rights)
    assert [(f.code, f.where) for f in target.findings] == [("TLS_KEY_MISSING", "370000")]
    assert "hedui.370000.inbox" in target.topics


@pytest.mark.requirement("R013")
def test_without_a_registered_address_there_are_no_rights_at_all():
    target = wanted(country(p=participant("320000", hosts=())))
    assert not any(r.principal == "User:320000.g1" for r in target.rights)
    assert any(r.principal == "User:320000.housing-fund.g1" for r in target.rights)
    assert [(f.code, f.where) for f in target.findings] == [("HOSTS_MISSING", "320000")]


@pytest.mark.requirement("R013")
@pytest.mark.parametrize(
    "host",
    ["kafka.example", "*", "10.37.0.0/24", "10.37.0.1-9", "", "0.0.0.0", "fe80::1%eth0"],  # noqa: S104 - refused
)
def test_what_is_not_one_address_is_refused_by_name(host):
    target = wanted(country(p=participant("370000", hosts=(host, "10.37.0.11"))))
    assert {r.host for r in target.rights if r.principal == "User:370000.g1"} == {"10.37.0.11"}
    assert [(f.code, f.where) for f in target.findings] == [
        ("HOST_NOT_ADDRESS", f"370000 {host}"),
    ]


@pytest.mark.parametrize(
    ("registered", "seen"),
    [
        ("10.37.0.11", "10.37.0.11"),
        ("2001:db8::1", "2001:db8:0:0:0:0:0:1"),
        ("2001:0DB8:0:0:0:0:0:00A1", "2001:db8:0:0:0:0:0:a1"),
        ("::1", "0:0:0:0:0:0:0:1"),
        ("::ffff:10.37.0.11", "10.37.0.11"),
        ("::ffff:0.0.0.0", None),
        ("ff02::1", None),
        ("010.37.0.11", None),
    ],
)
def test_addresses_stand_as_a_broker_prints_them(registered, seen):
    assert broker_form(registered) == seen


def test_settings_keep_messages_for_45_days_and_on_enough_replicas():
    topics = wanted(policy=TopicPolicy()).topics
    box, directory = topics["hedui.370000.inbox"], topics["hedui.directory"]
    assert (box.partitions, box.replication_factor) == (3, 3)
    assert box.settings == {
        "cleanup.policy": "delete",
        "retention.ms": "3888000000",
        "retention.bytes": "-1",
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(MAX_RECORD_BYTES),
        "min.insync.replicas": "2",
        "unclean.leader.election.enable": "false",
    }
    assert (directory.partitions, directory.replication_factor) == (1, 3)
    assert directory.settings == {
        "cleanup.policy": "compact",
        "max.message.bytes": str(MAX_RECORD_BYTES),
        "min.insync.replicas": "2",
        "unclean.leader.election.enable": "false",
    }


def of(target, name):
    return {(r.name, r.operation) for r in target.rights if r.principal == f"User:{name}.g1"}


@pytest.mark.requirement("R007")
@pytest.mark.parametrize("standing", [Standing.CERTIFIED, Standing.TESTED])
def test_who_is_certified_has_its_rights_before_it_is_connected(standing):
    certified = country(changed=participant("370000", standing=standing))
    assert wanted(certified) == wanted()


def test_who_is_suspended_has_no_rights_and_keeps_its_topics():
    target = wanted(country(changed=participant("320000", standing=Standing.SUSPENDED)))
    assert of(target, "320000") == set()
    assert target.topics == wanted().topics
    others = {r for r in wanted().rights if r.principal != "User:320000.g1"}
    assert target.rights == others
    assert not target.closing


def test_the_topics_of_who_has_left_close_and_its_parent_may_read_them_to_their_end():
    target = wanted(country(changed=participant("370000", standing=Standing.WITHDRAWN)))
    assert of(target, "370000") == set()
    assert target.closing == {
        "hedui.370000.outbox": "hedui.hub",
        "hedui.370000.inbox": "hedui.370000",
    }
    assert not target.closing.keys() & target.topics.keys()
    assert "hedui.370000" not in {r.name.rpartition(".")[0] for r in target.rights}
    assert {(r.name, r.principal, r.operation) for r in target.while_closing} == {
        ("hedui.370000.outbox", "User:hub.g1", operation) for operation in ("READ", "DESCRIBE")
    }


def test_nobody_is_asked_for_the_addresses_of_those_without_rights():
    for standing in (Standing.SUSPENDED, Standing.WITHDRAWN):
        gone = participant("370000", hosts=(), keys=(), standing=standing)
        assert wanted(country(changed=gone)).findings == ()


def test_a_revoked_generation_has_no_rights_and_the_next_one_keeps_its_own():
    revoked = key("370000", revoked=NOW - timedelta(seconds=1))
    both = participant("370000", keys=(revoked, key("370000", generation=2)))
    principals = {r.principal for r in wanted(country(changed=both)).rights}
    assert "User:370000.g1" not in principals
    assert "User:370000.g2" in principals
