"""What has to be changed so that the brokers hold what the directory asks for.

A plan creates topics, sets settings, adds and removes rights. It deletes the topics of those who
have left, once they are read to their end, and no others. It never changes a number of partitions
or replicas: those stand in its drift, for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bus.broker.provisioning.desired import MIN_INSYNC, Desired, TopicSpec
from bus.broker.provisioning.drift import FoundTopic, right_drift, topic_drift
from bus.broker.provisioning.rights import Right, made_here
from bus.model.messages import Finding


@dataclass(frozen=True, slots=True)
class Found:
    """What the brokers hold: the product's topics by name, and all rights.

    `drained` are the closing topics of which everything has been read, or has gone by retention.
    """

    topics: Mapping[str, FoundTopic]
    rights: frozenset[Right]
    drained: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CreateTopic:
    """A topic to create."""

    topic: TopicSpec


@dataclass(frozen=True, slots=True)
class SetSettings:
    """Settings of one topic to set: name → value; `found` has what is in force."""

    topic: str
    wanted: Mapping[str, str]
    found: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AddRight:
    """A right to add."""

    right: Right


@dataclass(frozen=True, slots=True)
class RemoveRight:
    """A right to remove."""

    right: Right


@dataclass(frozen=True, slots=True)
class DeleteTopic:
    """A topic to delete: of somebody who has left, and read to its end."""

    topic: str


Change = CreateTopic | SetSettings | AddRight | RemoveRight | DeleteTopic


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in the order they are made, and what a person must decide."""

    changes: tuple[Change, ...]
    drift: tuple[Finding, ...]


def plan(wanted: Desired, found: Found, accepted: frozenset[str] = frozenset()) -> Plan:
    """Return what leads from `found` to `wanted`.

    Rights are added before others are removed, so that a change of key generation leaves no gap.

    Args:
        wanted: What the directory asks for.
        found: What the brokers hold.
        accepted: Principals whose rights are known and left alone: the administrator's own, and
            those an operator named.
    """
    ours = {r for r in found.rights if made_here(r) and r.principal not in accepted}
    gone = sorted(found.drained & wanted.closing.keys())
    open_still = found.topics.keys() - set(gone)
    rights = wanted.rights | {r for r in wanted.while_closing if r.name in open_still}
    changes: tuple[Change, ...] = (
        *(CreateTopic(t) for name, t in sorted(wanted.topics.items()) if name not in found.topics),
        *_settings(wanted, found),
        *(AddRight(right) for right in sorted(rights - found.rights)),
        *(RemoveRight(right) for right in sorted(ours - rights)),
        *(DeleteTopic(name) for name in gone),
    )
    drift = (
        *wanted.findings,
        *topic_drift(
            wanted.topics,
            (t for name, t in sorted(found.topics.items()) if name not in wanted.closing),
        ),
        *right_drift(found.rights, accepted),
    )
    return Plan(changes, drift)


def _settings(wanted: Desired, found: Found) -> Iterator[SetSettings]:
    for name, topic in sorted(found.topics.items()):
        spec = wanted.topics.get(name)
        if spec is None:
            continue
        due = {
            key: value
            for key, value in spec.settings.items()
            if topic.settings.get(key) != value and _can_have(topic, key, value)
        }
        if due:
            yield SetSettings(name, due, {key: topic.settings.get(key, "") for key in due})


def _can_have(topic: FoundTopic, key: str, value: str) -> bool:
    """Whether the topic stays writable: it cannot wait for more replicas than it has."""
    return key != MIN_INSYNC or int(value) <= topic.replication_factor
