"""Our values ↔ those of the administrative client."""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    TopicMetadata,
)

from bus.broker.provisioning.desired import TopicSpec
from bus.broker.provisioning.drift import FoundTopic
from bus.broker.provisioning.plan import SetSettings
from bus.broker.provisioning.rights import Operation, Pattern, Permission, Resource, Right

_WHATEVER: Any = None  # the client's types forget that a filter may leave names open

EVERY_RIGHT = AclBindingFilter(
    ResourceType.ANY,
    _WHATEVER,
    ResourcePatternType.ANY,
    _WHATEVER,
    _WHATEVER,
    AclOperation.ANY,
    AclPermissionType.ANY,
)
"""The filter that all rights match."""

# The client gives the number of the wire, whatever its types say.
_OF_TOPIC: Any = ConfigSource.DYNAMIC_TOPIC_CONFIG.value

_Ours = TypeVar("_Ours", Operation, Pattern, Permission, Resource)


def binding(right: Right) -> AclBinding:
    """Return a right to add."""
    return AclBinding(*_fields(right))


def exactly(right: Right) -> AclBindingFilter:
    """Return the filter that this right matches and no other."""
    return AclBindingFilter(*_fields(right))


def to_right(found: AclBinding) -> Right:
    """Return a right that was found; names newer than this software become `UNKNOWN`.

    What Kafka calls the cluster, this client calls the broker.
    """
    is_cluster = found.restype is ResourceType.BROKER
    return Right(
        Resource.CLUSTER if is_cluster else _named(Resource, found.restype),
        found.name,
        found.principal,
        found.host,
        _named(Operation, found.operation),
        _named(Pattern, found.resource_pattern_type),
        _named(Permission, found.permission_type),
    )


def new_topic(spec: TopicSpec) -> NewTopic:
    """Return a topic to create."""
    return NewTopic(
        spec.name,
        num_partitions=spec.partitions,
        replication_factor=spec.replication_factor,
        config=dict(spec.settings),
    )


def topic_resource(name: str) -> ConfigResource:
    """Return the topic whose settings are asked for."""
    return ConfigResource(ResourceType.TOPIC, name)


def altered(change: SetSettings) -> ConfigResource:
    """Return a topic with the settings to set; its other settings stay."""
    return ConfigResource(
        ResourceType.TOPIC,
        change.topic,
        incremental_configs=[
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in change.wanted.items()
        ],
    )


def to_topic(name: str, found: TopicMetadata, settings: dict[str, ConfigEntry]) -> FoundTopic:
    """Return a topic that was found, with its settings."""
    partitions = found.partitions.values()
    return FoundTopic(
        name,
        len(partitions),
        min((len(partition.replicas) for partition in partitions), default=0),
        {key: entry.value for key, entry in settings.items() if entry.value is not None},
        frozenset(key for key, entry in settings.items() if entry.source == _OF_TOPIC),
    )


def _fields(right: Right) -> tuple[Any, ...]:
    # Only rights of our own making are added or removed: on topics and groups.
    return (
        ResourceType[right.resource],
        right.name,
        ResourcePatternType[right.pattern],
        right.principal,
        right.host,
        AclOperation[right.operation],
        AclPermissionType[right.permission],
    )


def _named(kind: type[_Ours], found: object) -> _Ours:
    name = found.name if isinstance(found, Enum) else ""
    return kind(name) if name in kind.__members__ else kind("UNKNOWN")
