"""The directory → the topics, their settings and the rights that brokers must hold for it.

| principal | topic or group | operation |
|---|---|---|
| participant | topic `hedui.<id>.outbox` | Write, Describe |
| participant | topic `hedui.<id>.inbox` | Read, Describe |
| participant | topic `hedui.directory` | Read, Describe |
| participant | group `hedui.<id>` | Read |
| its parent | topic `hedui.<id>.outbox` | Read, Describe |
| its parent | topic `hedui.<id>.inbox` | Write, Describe |
| hub | topic `hedui.directory` | Write |

Each is written once for every TLS key generation valid now and every registered address. The
idempotent producer needs no right of its own: Write on any topic implies it.

Rights follow the standing. Whoever is suspended has none and keeps its topics; whoever has left has
none, and its topics close: its parent may read them to their end, and then they go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product

from bus.broker.provisioning.addresses import broker_form
from bus.broker.provisioning.rights import Operation, Resource, Right, kafka_principal
from bus.model.messages import Finding
from bus.ports.record_size import MAX_RECORD_BYTES
from signer.directory.view import KeyUse, Participant, Standing
from signer.identity import DIRECTORY_TOPIC, HUB, consumer_group, inbox_topic, outbox_topic

RETENTION = timedelta(days=45)
"""How long brokers keep a message: longer than any message lives, with its clock skew."""

MIN_INSYNC = "min.insync.replicas"

_READ = (Operation.READ, Operation.DESCRIBE)
_WRITE = (Operation.WRITE, Operation.DESCRIBE)

_WITH_RIGHTS = frozenset({Standing.CERTIFIED, Standing.TESTED, Standing.CONNECTED})

_Rule = tuple[Resource, str, Operation]


@dataclass(frozen=True, slots=True)
class TopicPolicy:
    """How topics are laid out on this cluster.

    Args:
        partitions: Partitions of an inbox or outbox.
        replication_factor: Copies of each partition.
        min_insync_replicas: Copies that must hold a record before it counts as stored.
    """

    partitions: int = 3
    replication_factor: int = 3
    min_insync_replicas: int = 2


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it must be."""

    name: str
    partitions: int
    replication_factor: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything the directory asks for, and what it asks for that cannot be granted."""

    topics: Mapping[str, TopicSpec]
    rights: frozenset[Right]
    findings: tuple[Finding, ...]
    closing: Mapping[str, str] = field(default_factory=dict)
    """Topics of those who have left → the consumer group that may still have to read them."""
    while_closing: frozenset[Right] = frozenset()
    """Rights on closing topics, for as long as these are there."""


def desired(participants: Iterable[Participant], policy: TopicPolicy, now: datetime) -> Desired:
    """Return what brokers must hold.

    Args:
        participants: The directory's participants: one tree under the hub.
        policy: Layout of topics.
        now: The present instant: TLS keys not valid now get no rights.
    """
    listed = tuple(participants)
    topics = [_directory_topic(policy)]
    rights: set[Right] = set()
    while_closing: set[Right] = set()
    findings: list[Finding] = []
    closing: dict[str, str] = {}
    for participant in listed:
        name = participant.id
        if participant.standing is Standing.WITHDRAWN:
            closing[outbox_topic(name)] = consumer_group(participant.parent or HUB)
            closing[inbox_topic(name)] = consumer_group(name)
        elif name != HUB:
            boxes = (inbox_topic(name), outbox_topic(name))
            topics += [_box_topic(box, policy) for box in boxes]
        if participant.standing not in _WITH_RIGHTS:
            continue
        principals, hosts = _principals(participant, now), _hosts(participant)
        rules = (*_own(participant), *_of_children(participant, listed))
        rights |= _written(rules, principals, hosts)
        while_closing |= _written(_of_those_gone(participant, listed), principals, hosts)
        findings += _findings(participant, principals)
    return Desired(
        {t.name: t for t in topics},
        frozenset(rights),
        tuple(findings),
        closing,
        frozenset(while_closing),
    )


def _written(
    rules: Iterable[_Rule], principals: frozenset[str], hosts: frozenset[str]
) -> set[Right]:
    return {
        Right(resource, name, who, host, operation)
        for (resource, name, operation), who, host in product(rules, principals, hosts)
    }


def _directory_topic(policy: TopicPolicy) -> TopicSpec:
    # One partition: the head must not overtake the entries it counts.
    return TopicSpec(
        DIRECTORY_TOPIC,
        1,
        policy.replication_factor,
        {"cleanup.policy": "compact", **_durability(policy)},
    )


def _box_topic(name: str, policy: TopicPolicy) -> TopicSpec:
    settings = {
        "cleanup.policy": "delete",
        "retention.ms": str(RETENTION // timedelta(milliseconds=1)),
        # A limit by size would drop unread messages before their time.
        "retention.bytes": "-1",
        # So would a sender's clock that is behind, if retention counted from its time.
        "message.timestamp.type": "LogAppendTime",
        **_durability(policy),
    }
    return TopicSpec(name, policy.partitions, policy.replication_factor, settings)


def _durability(policy: TopicPolicy) -> Mapping[str, str]:
    return {
        "max.message.bytes": str(MAX_RECORD_BYTES),
        MIN_INSYNC: str(policy.min_insync_replicas),
        "unclean.leader.election.enable": "false",
    }


def _own(participant: Participant) -> Iterator[_Rule]:
    name = participant.id
    yield from ((Resource.TOPIC, DIRECTORY_TOPIC, operation) for operation in _READ)
    yield Resource.GROUP, consumer_group(name), Operation.READ
    if name == HUB:
        yield Resource.TOPIC, DIRECTORY_TOPIC, Operation.WRITE
    else:
        yield from ((Resource.TOPIC, outbox_topic(name), operation) for operation in _WRITE)
        yield from ((Resource.TOPIC, inbox_topic(name), operation) for operation in _READ)


def _of_children(participant: Participant, listed: Iterable[Participant]) -> Iterator[_Rule]:
    for child in listed:
        if child.parent == participant.id and child.standing is not Standing.WITHDRAWN:
            yield from ((Resource.TOPIC, outbox_topic(child.id), operation) for operation in _READ)
            yield from ((Resource.TOPIC, inbox_topic(child.id), operation) for operation in _WRITE)


def _of_those_gone(participant: Participant, listed: Iterable[Participant]) -> Iterator[_Rule]:
    """Yield what lets a parent read to its end what a child wrote before it left."""
    for child in listed:
        if child.parent == participant.id and child.standing is Standing.WITHDRAWN:
            yield from ((Resource.TOPIC, outbox_topic(child.id), operation) for operation in _READ)


def _principals(participant: Participant, now: datetime) -> frozenset[str]:
    return frozenset(
        kafka_principal(participant.id, key.generation)
        for key in participant.keys
        if key.use is KeyUse.TLS and key.valid_at(now)
    )


def _hosts(participant: Participant) -> frozenset[str]:
    return frozenset(form for host in participant.hosts if (form := broker_form(host)) is not None)


def _findings(participant: Participant, principals: frozenset[str]) -> Iterator[Finding]:
    if not participant.hosts:
        yield Finding(
            "HOSTS_MISSING",
            "没有备案地址，未授予任何权限",
            "no registered address: it gets no rights at all",
            participant.id,
        )
    for host in participant.hosts:
        if broker_form(host) is None:
            yield Finding(
                "HOST_NOT_ADDRESS",
                "备案地址须为单个 IP 地址，域名、网段和通配符不予授权",
                "a registered address must be one IP address; names, ranges and wildcards get "
                "no rights",
                f"{participant.id} {host}",
            )
    if not principals:
        yield Finding(
            "TLS_KEY_MISSING",
            "没有当前有效的 TLS 证书，未授予任何权限",
            "no TLS certificate is valid now: it gets no rights at all",
            participant.id,
        )
