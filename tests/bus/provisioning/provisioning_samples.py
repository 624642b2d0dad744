"""A small directory, with keys that are only names and periods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bus.broker.provisioning.desired import TopicPolicy, desired
from bus.broker.provisioning.drift import FoundTopic
from bus.broker.provisioning.plan import Found
from bus.broker.provisioning.rights import Operation, Resource, Right
from signer.directory.view import Key, KeyUse, Participant, Standing
from signer.identity import HUB, role_of

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
SINGLE = TopicPolicy(partitions=3, replication_factor=1, min_insync_replicas=1)
HOSTS = {
    HUB: "10.0.0.1",
    "hub.marriage": "10.0.0.2",
    "370000": "10.37.0.11",
    "320000": "10.32.0.11",
    "320000.housing-fund": "10.32.0.12",
}


def key(name, use=KeyUse.TLS, generation=1, begin=NOW - YEAR / 2, revoked=None):
    return Key(
        f"{name} {use} {generation}".encode(),
        use,
        "p256-aes256gcm/1",
        generation,
        begin,
        begin + YEAR,
        b"",
        None,
        revoked,
    )


def participant(name, *, parent=None, hosts=None, keys=None, standing=Standing.CONNECTED):
    centre, dot, _ = name.partition(".")
    above = None if name == HUB else centre if dot else HUB
    return Participant(
        id=name,
        role=role_of(name),
        parent=parent or above,
        title=name,
        keys=tuple(key(name, use) for use in KeyUse) if keys is None else keys,
        hosts=(HOSTS[name],) if hosts is None else hosts,
        standing=standing,
    )


def country(**changed):
    """The five participants, some of them replaced: `country(p370000=...)`."""
    listed = {name: participant(name) for name in HOSTS}
    for each in changed.values():
        listed[each.id] = each
    return tuple(listed.values())


def wanted(listed=None, policy=SINGLE):
    return desired(country() if listed is None else listed, policy, NOW)


def in_step(target):
    """Brokers that hold exactly what is wanted."""
    topics = {name: found_topic(spec) for name, spec in target.topics.items()}
    return Found(topics, target.rights)


def found_topic(spec, **changed):
    given = {
        "name": spec.name,
        "partitions": spec.partitions,
        "replication_factor": spec.replication_factor,
        "settings": {"segment.bytes": "1073741824", **spec.settings},
        "overridden": frozenset(spec.settings),
    }
    return FoundTopic(**{**given, **changed})


def right(name, who, operation=Operation.READ, resource=Resource.TOPIC, **more):
    return Right(resource, name, who, more.pop("host", "10.37.0.11"), operation, **more)
