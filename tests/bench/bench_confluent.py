"""Confluent's client-side payload encryption, measured for `bench_envelope.py`.

Runs on the Python of an environment of its own (`confluent-kafka[avro,rules]`), with a schema
registry and a registry of data keys in memory and a key-encryption key of its local driver. For
each line on stdin, `<size> <datum>`, it serialises and deserialises that datum a number of times
and answers with one line: microseconds a message. It needs nothing of the product.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from importlib.metadata import version

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.rules.encryption.encrypt_executor import EncryptionExecutor
from confluent_kafka.schema_registry.rules.encryption.localkms.local_driver import LocalKmsDriver
from confluent_kafka.schema_registry.schema_registry_client import (
    Rule,
    RuleKind,
    RuleMode,
    RuleParams,
    RuleSet,
    Schema,
)
from confluent_kafka.serialization import MessageField, SerializationContext

REGISTRY = {"url": "mock://"}
SECRET = {"secret": "a key-encryption key of the benchmark"}
TOPIC = "bench"
RULE = Rule(
    name="encrypt",
    doc=None,
    kind=RuleKind.TRANSFORM,
    mode=RuleMode.WRITEREAD,
    type="ENCRYPT_PAYLOAD",
    tags=None,
    params=RuleParams(
        {
            "encrypt.kek.name": "bench",
            "encrypt.kms.type": "local-kms",
            "encrypt.kms.key.id": "bench",
            "encrypt.dek.algorithm": "AES256_GCM",
        }
    ),
    expr=None,
    on_success=None,
    on_failure=None,
    disabled=False,
)


def main() -> None:
    """Read the schema and the number of messages a round, then measure round by round."""
    avsc, messages = json.loads(sys.stdin.readline())
    LocalKmsDriver.register()
    EncryptionExecutor.register()
    client = SchemaRegistryClient.new_client(REGISTRY)
    rules = RuleSet(None, None, [RULE])
    client.register_schema(f"{TOPIC}-value", Schema(avsc, "AVRO", [], None, rules))
    serializer = AvroSerializer(
        client,
        None,
        conf={"auto.register.schemas": False, "use.latest.version": True},
        rule_conf=SECRET,
    )
    deserializer = AvroDeserializer(client, rule_conf=SECRET)
    context = SerializationContext(TOPIC, MessageField.VALUE)
    _say(version("confluent-kafka"))
    for line in sys.stdin:
        datum = json.loads(line)
        made, sealing = _timed(lambda _: serializer(datum, context), range(messages))  # noqa: B023
        read, opening = _timed(lambda data: deserializer(data, context), made)
        whole = read == [datum] * messages and datum["en"].encode() not in made[0]
        _say([sealing, opening] if whole else None)


def _timed(work, items):
    """Return what the work made of each item, and the median of the microseconds it took."""
    made, times = [], []
    for item in items:
        begun = time.perf_counter()
        made.append(work(item))
        times.append(1e6 * (time.perf_counter() - begun))
    return made, statistics.median(times)


def _say(what: object) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
