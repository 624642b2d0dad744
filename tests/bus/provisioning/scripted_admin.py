"""An administrative client that holds topics and rights in memory and fails where it is told to.

It takes and gives the real client's values, so that what crosses the border is what Kafka gets.
"""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AclBinding, ConfigEntry, ConfigSource, OffsetSpec

EARLIEST = OffsetSpec.earliest()._value
DEFAULTS = {"segment.bytes": "1073741824", "retention.ms": "604800000"}


class ScriptedAdmin:
    """What it holds, and where it fails.

    `failing` maps a call's name, or a call and a subject, to a Kafka error code. `logs` are first
    and end offsets by topic and partition, `committed` offsets by group, topic and partition.
    """

    def __init__(self):
        self.settings = None
        self.topics = {}
        self.rights = set()
        self.failing = {}
        self.silent = set()
        self.calls = []
        self.logs = {}
        self.committed = {}

    def __call__(self, settings):
        self.settings = settings
        return self

    def list_topics(self, **_limits):
        self._called("list_topics", [])
        return SimpleNamespace(topics={name: topic.metadata for name, topic in self.topics.items()})

    def describe_configs(self, resources, **_limits):
        self._called("describe_configs", resources)
        return {
            each: self._future("describe_configs", each.name, self.topics[each.name].entries())
            for each in resources
        }

    def describe_acls(self, wanted, **_limits):
        self._called("describe_acls", [wanted])
        return self._future("describe_acls", "", list(self.rights))

    def create_topics(self, topics, **_limits):
        self._called("create_topics", topics)
        for each in topics:
            if ("create_topics", each.topic) not in self.failing:
                self.hold(each.topic, each.num_partitions, each.replication_factor, each.config)
        return {each.topic: self._future("create_topics", each.topic, None) for each in topics}

    def incremental_alter_configs(self, resources, **_limits):
        self._called("incremental_alter_configs", resources)
        for each in resources:
            for entry in each.incremental_configs:
                self.topics[each.name].own[entry.name] = entry.value
        return {
            each: self._future("incremental_alter_configs", each.name, None) for each in resources
        }

    def create_acls(self, bindings, **_limits):
        self._called("create_acls", bindings)
        assert all(isinstance(each, AclBinding) for each in bindings)
        self.rights |= {b for b in bindings if ("create_acls", b.name) not in self.failing}
        return {each: self._future("create_acls", each.name, None) for each in bindings}

    def delete_acls(self, filters, **_limits):
        self._called("delete_acls", filters)
        gone = {f: [r for r in self.rights if r._to_tuple() == f._to_tuple()] for f in filters}
        self.rights -= {each for found in gone.values() for each in found}
        return {each: self._future("delete_acls", each.name, gone[each]) for each in filters}

    def delete_topics(self, names, **_limits):
        self._called("delete_topics", names)
        for name in names:
            if ("delete_topics", name) not in self.failing:
                del self.topics[name]
        return {name: self._future("delete_topics", name, None) for name in names}

    def list_offsets(self, asked, **_limits):
        self._called("list_offsets", asked)
        made = {}
        for place, which in asked.items():
            first, end = self.logs.get((place.topic, place.partition), (0, 0))
            found = SimpleNamespace(offset=first if which._value == EARLIEST else end)
            made[place] = self._future("list_offsets", place.topic, found)
        return made

    def list_consumer_group_offsets(self, asked, **_limits):
        self._called("list_consumer_group_offsets", asked)
        (request,) = asked
        group, never = request.group_id, -1001
        places = [
            TopicPartition(*key(p), self.committed.get((group, *key(p)), never))
            for p in request.topic_partitions
        ]
        found = SimpleNamespace(topic_partitions=places)
        return {request.group_id: self._future("list_consumer_group_offsets", "", found)}

    def hold(self, name, partitions, replicas, own):
        numbers = {
            number: SimpleNamespace(replicas=list(range(replicas))) for number in range(partitions)
        }
        self.topics[name] = SimpleNamespace(
            metadata=SimpleNamespace(partitions=numbers, error=None),
            own=dict(own),
            entries=lambda: _entries(self.topics[name].own),
        )

    def _called(self, call, subjects):
        self.calls.append((call, len(subjects)))
        if call in self.failing:
            raise KafkaException(KafkaError(self.failing[call]))

    def _future(self, call, subject, result):
        future = Future()
        code = self.failing.get((call, subject))
        if code is not None:
            future.set_exception(KafkaException(KafkaError(code)))
        elif call not in self.silent:
            future.set_result(result)
        return future


def key(place):
    return place.topic, place.partition


def _entries(own):
    inherited = {
        name: ConfigEntry(name, value, source=ConfigSource.DEFAULT_CONFIG.value)
        for name, value in DEFAULTS.items()
    }
    made = {
        name: ConfigEntry(name, value, source=ConfigSource.DYNAMIC_TOPIC_CONFIG.value)
        for name, value in own.items()
    }
    return {**inherited, **made}
