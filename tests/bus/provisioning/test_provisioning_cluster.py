"""The shell on a scripted client: what is asked, what comes back, and every way it fails."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from provisioning_samples import in_step, right, wanted

from bus.broker.provisioning import cluster as shell
from bus.broker.provisioning.cluster import Cluster
from bus.broker.provisioning.credentials import read_credentials
from bus.broker.provisioning.plan import AddRight, CreateTopic, DeleteTopic, RemoveRight, plan
from bus.broker.provisioning.rights import Operation, Pattern, Permission, Resource
from bus.errors import ConfigError
from bus.ports.broker_errors import BrokerRefused, BrokerUnavailable
from signer.ca.files import init_ca, issue
from signer.errors import KeyFileError

INBOX = "hedui.370000.inbox"
SOON = timedelta(milliseconds=50)


@pytest.fixture
def cluster(admin, keys):
    files, _ = read_credentials(*keys)
    return Cluster("127.0.0.1:1", files, timeout=SOON)


def run(cluster, target):
    return list(cluster.apply(plan(target, cluster.look()).changes))


def test_a_first_run_makes_everything_and_a_second_finds_nothing_to_do(cluster, admin):
    target = wanted()
    first = run(cluster, target)
    assert all(outcome.error is None for outcome in first)
    assert len(first) == len(target.topics) + len(target.rights)

    held = cluster.look()
    assert held.rights == target.rights
    assert held.topics.keys() == target.topics.keys()
    assert plan(target, held) == plan(target, in_step(target))
    assert run(cluster, target) == []


def test_what_is_asked_for_reaches_the_client_as_it_stands(cluster, admin):
    run(cluster, wanted())
    assert (
        AclBinding(
            ResourceType.TOPIC,
            INBOX,
            ResourcePatternType.LITERAL,
            "User:370000.g1",
            "10.37.0.11",
            AclOperation.READ,
            AclPermissionType.ALLOW,
        )
        in admin.rights
    )
    topic = admin.topics[INBOX]
    assert len(topic.metadata.partitions) == 3
    assert topic.own == dict(wanted().topics[INBOX].settings)


def test_a_setting_is_set_and_others_of_the_topic_stay(cluster, admin):
    run(cluster, wanted())
    admin.topics[INBOX].own |= {"retention.ms": "1", "segment.bytes": "7"}
    (outcome,) = run(cluster, wanted())
    assert outcome.error is None
    assert admin.topics[INBOX].own["retention.ms"] == "3888000000"
    assert admin.topics[INBOX].own["segment.bytes"] == "7"
    (finding,) = plan(wanted(), cluster.look()).drift
    assert finding.code == "TOPIC_SETTING_UNKNOWN"


def test_an_inherited_setting_is_no_override(cluster, admin):
    run(cluster, wanted())
    del admin.topics[INBOX].own["retention.ms"]  # Kafka's default shows through
    (outcome,) = run(cluster, wanted())
    assert outcome.change.found == {"retention.ms": "604800000"}


def test_only_the_right_that_is_named_is_removed(cluster, admin):
    run(cluster, wanted())
    stray = right(INBOX, "User:370000.g9")
    near = right(INBOX, "User:monitor")
    list(cluster.apply([AddRight(stray), AddRight(near)]))
    before = set(admin.rights)
    (outcome,) = run(cluster, wanted())
    assert outcome == shell.Outcome(RemoveRight(stray), None)
    assert {r.principal for r in before - admin.rights} == {"User:370000.g9"}


def test_topics_that_are_not_ours_are_not_even_asked_about(cluster, admin):
    admin.hold("payments", 1, 1, {})
    admin.failing["describe_configs", "payments"] = KafkaError.UNKNOWN
    assert cluster.look().topics == {}


def test_rights_newer_than_this_software_are_unknown_and_of_the_cluster_the_clusters(
    cluster, admin
):
    def held(kind, operation):
        return AclBinding(
            kind,
            "x",
            ResourcePatternType.PREFIXED,
            "User:x",
            "*",
            operation,
            AclPermissionType.DENY,
        )

    admin.rights = {
        held(ResourceType.UNKNOWN, AclOperation.UNKNOWN),
        held(ResourceType.BROKER, AclOperation.ALTER),
    }
    found = {(r.resource, r.operation, r.pattern, r.permission) for r in cluster.look().rights}
    assert found == {
        (Resource.UNKNOWN, Operation.UNKNOWN, Pattern.PREFIXED, Permission.DENY),
        (Resource.CLUSTER, Operation.ALTER, Pattern.PREFIXED, Permission.DENY),
    }


def test_changes_travel_in_batches(cluster, admin, monkeypatch):
    monkeypatch.setattr(shell, "BATCH", 4)
    assert all(outcome.error is None for outcome in run(cluster, wanted()))
    sizes = {}
    for call, size in admin.calls:
        sizes.setdefault(call, []).append(size)
    assert sizes["create_topics"] == [4, 4, 1]
    assert max(sizes["create_acls"]) == 4
    assert sum(sizes["create_acls"]) == len(wanted().rights)
    cluster.look()
    assert [size for call, size in admin.calls if call == "describe_configs"] == [4, 4, 1]


@pytest.mark.parametrize(
    ("call", "subject", "kind"),
    [("create_topics", INBOX, CreateTopic), ("create_acls", INBOX, AddRight)],
)
def test_one_that_fails_is_named_and_stops_no_other(cluster, admin, call, subject, kind):
    admin.failing[call, subject] = KafkaError.POLICY_VIOLATION
    outcomes = run(cluster, wanted())
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    assert {type(outcome.change) for outcome in failed} == {kind}
    for outcome in failed:
        assert outcome.error.code == "PROVISION_REFUSED"
        assert "POLICY_VIOLATION" in outcome.error.en
        assert subject in outcome.error.where
    assert len(outcomes) - len(failed) > 40

    del admin.failing[call, subject]
    mended = run(cluster, wanted())
    assert [outcome.change for outcome in mended] == [outcome.change for outcome in failed]
    assert all(outcome.error is None for outcome in mended)


@pytest.mark.parametrize("call", ["create_topics", "create_acls", "delete_acls"])
def test_a_whole_request_that_fails_fails_its_changes_only(cluster, admin, call):
    list(cluster.apply([AddRight(right(INBOX, "User:370000.g9"))]))
    admin.failing[call] = KafkaError.CLUSTER_AUTHORIZATION_FAILED
    outcomes = run(cluster, wanted())
    failed = {type(outcome.change) for outcome in outcomes if outcome.error is not None}
    made = {type(outcome.change) for outcome in outcomes if outcome.error is None}
    assert len(failed) == 1
    assert failed | made == {CreateTopic, AddRight, RemoveRight}
    assert not failed & made
    assert {o.error.code for o in outcomes if o.error} == {"PROVISION_UNAUTHORISED"}


@pytest.mark.parametrize(
    ("failing", "kind", "code"),
    [
        (
            {("describe_acls", ""): KafkaError.CLUSTER_AUTHORIZATION_FAILED},
            BrokerRefused,
            "PROVISION_UNAUTHORISED",
        ),
        (
            # What the real client makes of a refused listing: an empty one.
            {("delete_acls", "hedui.directory"): KafkaError.CLUSTER_AUTHORIZATION_FAILED},
            BrokerRefused,
            "PROVISION_UNAUTHORISED",
        ),
        (
            {("delete_acls", "hedui.directory"): KafkaError.SECURITY_DISABLED},
            BrokerRefused,
            "PROVISION_NO_AUTHORISER",
        ),
        ({"delete_acls": KafkaError._TRANSPORT}, BrokerUnavailable, "BROKER_UNAVAILABLE"),
        ({"describe_acls": KafkaError._TRANSPORT}, BrokerUnavailable, "BROKER_UNAVAILABLE"),
        ({("describe_acls", ""): KafkaError._TIMED_OUT}, BrokerUnavailable, "BROKER_UNAVAILABLE"),
        ({"list_topics": KafkaError._TRANSPORT}, BrokerUnavailable, "BROKER_UNAVAILABLE"),
        ({"describe_configs": KafkaError._TRANSPORT}, BrokerUnavailable, "BROKER_UNAVAILABLE"),
        (
            {("describe_configs", INBOX): KafkaError.TOPIC_AUTHORIZATION_FAILED},
            BrokerRefused,
            "PROVISION_UNAUTHORISED",
        ),
    ],
    ids=str,
)
def test_looking_fails_with_a_code_and_nothing_of_kafkas(cluster, admin, failing, kind, code):
    admin.hold(INBOX, 3, 1, {})
    admin.failing = failing
    with pytest.raises(kind) as refusal:
        cluster.look()
    assert refusal.value.code == code
    assert refusal.value.where in {INBOX, "127.0.0.1:1"}


def test_where_rights_are_seen_nothing_is_asked_to_be_removed(cluster, admin):
    list(cluster.apply([AddRight(right(INBOX, "User:370000.g1"))]))
    cluster.look()
    assert "delete_acls" not in [call for call, _ in admin.calls]


def test_a_topic_whose_metadata_holds_an_error_is_named(cluster, admin):
    admin.hold(INBOX, 3, 1, {})
    admin.topics[INBOX].metadata.error = KafkaError(KafkaError.TOPIC_EXCEPTION)
    with pytest.raises(BrokerRefused) as refusal:
        cluster.look()
    assert (refusal.value.code, refusal.value.where) == ("PROVISION_REFUSED", INBOX)


def test_a_client_that_never_answers_is_given_up(cluster, admin, monkeypatch):
    monkeypatch.setattr(shell, "_MARGIN", timedelta())
    admin.silent = {"describe_acls"}
    with pytest.raises(BrokerUnavailable):
        cluster.look()


def test_the_real_client_finds_nobody_and_says_so(keys):
    files, _ = read_credentials(*keys)
    with socket.socket() as taken:  # bound and never listening: refused at once
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(BrokerUnavailable) as refusal:
            Cluster(address, files, timeout=timedelta(milliseconds=300)).look()
    assert refusal.value.where == address


def test_material_that_the_client_does_not_take_is_no_foreign_error(monkeypatch, keys):
    def refusing(_settings):
        raise KafkaException(KafkaError(KafkaError._INVALID_ARG))

    monkeypatch.setattr(shell, "AdminClient", refusing)
    files, _ = read_credentials(*keys)
    with pytest.raises(BrokerRefused) as refusal:
        Cluster("127.0.0.1:1", files)
    assert (refusal.value.code, refusal.value.where) == ("BROKER_TLS", str(files.key))


def test_the_client_speaks_mutual_tls_with_the_brokers_name_checked(cluster, admin, keys):
    directory, _ = keys
    given = admin.settings
    assert given["security.protocol"] == "ssl"
    assert given["ssl.endpoint.identification.algorithm"] == "https"
    assert given["ssl.ca.location"] == str(directory / "root.pem")
    assert given["ssl.certificate.location"] == str(directory / "tls.pem")
    assert given["ssl.key.location"] == str(directory / "tls.key")


def test_the_principal_is_the_certificates_name(keys, tmp_path):
    files, principal = read_credentials(*keys)
    assert principal == "User:hub-admin.g1"
    assert "of a test" not in repr(files)
    assert read_credentials(*keys, tmp_path / "ca.pem")[0].ca == tmp_path / "ca.pem"


def test_a_participant_may_not_be_the_administrator(keys, tmp_path):
    now = datetime.now(UTC)
    init_ca(tmp_path / "ca", b"ca", now, 1)
    issue(tmp_path / "ca", b"ca", "hub", tmp_path / "hub", b"of a test", now=now)
    with pytest.raises(ConfigError, match="ADMIN_IS_PARTICIPANT"):
        read_credentials(tmp_path / "hub", keys[1])


def test_unfit_credentials_are_refused_before_anything_is_sent(keys, tmp_path):
    directory, _ = keys
    wrong = tmp_path / "wrong"
    wrong.touch(0o600)
    wrong.write_bytes(b"another")
    with pytest.raises(KeyFileError, match="KEY_PASSPHRASE"):
        read_credentials(directory, wrong)
    wrong.chmod(0o644)
    with pytest.raises(KeyFileError, match="KEY_FILE_READABLE"):
        read_credentials(directory, wrong)
    with pytest.raises(KeyFileError, match="KEY_FILE_MISSING"):
        read_credentials(tmp_path, keys[1])


CLOSING = {"hedui.370000.outbox": "hedui.hub", "hedui.370000.inbox": "hedui.370000"}


@pytest.mark.parametrize(
    ("log", "committed", "drained"),
    [
        ((0, 0), None, True),
        ((0, 7), None, False),
        ((0, 7), 6, False),
        ((0, 7), 7, True),
        ((7, 7), 3, True),  # what was not read has gone by retention
        ((5, 7), 3, False),
    ],
)
def test_a_topic_is_drained_when_its_reader_or_retention_has_come_to_its_end(
    cluster, admin, log, committed, drained
):
    run(cluster, wanted())
    admin.logs["hedui.370000.outbox", 2] = log
    if committed is not None:
        admin.committed["hedui.hub", "hedui.370000.outbox", 2] = committed
    found = cluster.look(CLOSING).drained
    assert ("hedui.370000.outbox" in found) is drained
    assert "hedui.370000.inbox" in found


def test_topics_that_are_not_there_are_not_asked_about(cluster, admin):
    assert cluster.look(CLOSING).drained == frozenset()
    assert "list_offsets" not in {call for call, _ in admin.calls}


def test_brokers_that_do_not_tell_how_far_was_read_delete_nothing(cluster, admin):
    run(cluster, wanted())
    admin.failing["list_consumer_group_offsets", ""] = KafkaError.GROUP_AUTHORIZATION_FAILED
    with pytest.raises(BrokerRefused):
        cluster.look(CLOSING)
    del admin.failing["list_consumer_group_offsets", ""]
    admin.failing["list_offsets"] = KafkaError._TIMED_OUT
    with pytest.raises((BrokerRefused, BrokerUnavailable)):
        cluster.look(CLOSING)


def test_a_topic_is_deleted(cluster, admin):
    run(cluster, wanted())
    (outcome,) = cluster.apply([DeleteTopic(INBOX)])
    assert outcome.error is None
    assert INBOX not in admin.topics
    run(cluster, wanted())
    admin.failing["delete_topics", INBOX] = KafkaError.TOPIC_AUTHORIZATION_FAILED
    (outcome,) = cluster.apply([DeleteTopic(INBOX)])
    assert outcome.error is not None
    assert outcome.error.where == INBOX
