"""What was found at the brokers that nobody may change but a person who knows why it is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bus.broker.provisioning.desired import TopicSpec
from bus.broker.provisioning.rights import (
    TOPIC_PREFIX,
    Operation,
    Pattern,
    Permission,
    Resource,
    Right,
    is_participant,
    made_here,
)
from bus.model.messages import Finding

# With one of these on the cluster a principal can get at any topic: give itself rights, replace a
# topic, or fetch as a broker does.
_POWERS = frozenset(
    {
        Operation.ALL,
        Operation.ALTER,
        Operation.ALTER_CONFIGS,
        Operation.CLUSTER_ACTION,
        Operation.CREATE,
        Operation.DELETE,
    }
)


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """One topic as the brokers hold it.

    Args:
        name: The topic.
        partitions: How many partitions it has.
        replication_factor: Copies of that partition which has the fewest.
        settings: Every setting in force → its value.
        overridden: The settings made for this topic, not inherited.
    """

    name: str
    partitions: int
    replication_factor: int
    settings: Mapping[str, str]
    overridden: frozenset[str]


def topic_drift(wanted: Mapping[str, TopicSpec], found: Iterable[FoundTopic]) -> Iterator[Finding]:
    """Yield what is wrong with topics and is never mended here.

    Args:
        wanted: Topic → what it must be.
        found: The product's topics at the brokers.
    """
    for topic in found:
        spec = wanted.get(topic.name)
        if spec is None:
            yield Finding(
                "TOPIC_UNKNOWN",
                "目录中没有此主题的参与方；主题从不自动删除",
                "the directory has no participant for this topic; topics are never deleted",
                topic.name,
            )
            continue
        if topic.partitions != spec.partitions:
            yield Finding(
                "TOPIC_PARTITIONS",
                f"分区数为 {topic.partitions}，应为 {spec.partitions}；改动会使会话换分区",
                f"has {topic.partitions} partitions, not {spec.partitions}; a change moves keys",
                topic.name,
            )
        if topic.replication_factor != spec.replication_factor:
            yield Finding(
                "TOPIC_REPLICATION",
                f"副本数为 {topic.replication_factor}，应为 {spec.replication_factor}",
                f"has {topic.replication_factor} replicas, not {spec.replication_factor}",
                topic.name,
            )
        for name in sorted(topic.overridden - spec.settings.keys()):
            yield Finding(
                "TOPIC_SETTING_UNKNOWN",
                f"主题另有设置 {name}={topic.settings.get(name, '')}",
                f"the topic has a setting of somebody's: {name}={topic.settings.get(name, '')}",
                topic.name,
            )


def right_drift(found: Iterable[Right], accepted: frozenset[str]) -> Iterator[Finding]:
    """Yield rights that reach the product's topics or principals and are not of its making.

    Args:
        found: All rights at the brokers.
        accepted: Principals whose rights are known and meant.
    """
    for right in sorted(found):
        if right.principal in accepted or made_here(right):
            continue
        if _reaches(right):
            yield _pattern(right) if _is_pattern(right) else _foreign(right)
        elif right.resource is Resource.CLUSTER and _is_power(right):
            yield Finding(
                "RIGHT_CLUSTER",
                "该权限及于整个集群，可绕过各主题的授权",
                "a right over the cluster, which goes round the rights on topics",
                str(right),
            )
        elif is_participant(right.principal):
            yield Finding(
                "RIGHT_ELSEWHERE",
                "参与方在核对总线之外另有权限",
                "a participant has a right outside the exchange",
                str(right),
            )


def _foreign(right: Right) -> Finding:
    return Finding(
        "RIGHT_FOREIGN",
        "主题或消费组上有非本系统授予的权限",
        "a right on our topic or group that is not of our making",
        str(right),
    )


def _pattern(right: Right) -> Finding:
    return Finding(
        "RIGHT_PATTERN",
        "以前缀或通配符授予的权限及于本系统的主题或消费组",
        "a right by prefix or wildcard reaches our topics or groups",
        str(right),
    )


def _reaches(right: Right) -> bool:
    if right.resource not in {Resource.TOPIC, Resource.GROUP}:
        return False
    if right.pattern is Pattern.PREFIXED and TOPIC_PREFIX.startswith(right.name):
        return True
    return right.name == "*" or right.name.startswith(TOPIC_PREFIX)


def _is_pattern(right: Right) -> bool:
    return right.pattern is not Pattern.LITERAL or right.name == "*"


def _is_power(right: Right) -> bool:
    return right.permission is Permission.ALLOW and right.operation in _POWERS
