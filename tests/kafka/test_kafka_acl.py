"""The first thing a real Kafka must show: who may not, may not; who was allowed, may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from kafka_site import LIMIT

from bus.ports.broker import Outgoing
from bus.ports.broker_errors import BrokerRefused

TOPIC = "hedui.310000.outbox"
OTHER = "hedui.310000.inbox"
GROUP = "hedui.hub"
RECORD = Outgoing(TOPIC, b"conversation", b"sealed", (("ce_id", b"1"),))


def grant(admin, principal, operation, kind=ResourceType.TOPIC, name=TOPIC):
    binding = AclBinding(
        kind,
        name,
        ResourcePatternType.LITERAL,
        f"User:{principal}",
        "127.0.0.1",
        operation,
        AclPermissionType.ALLOW,
    )
    for future in admin.create_acls([binding]).values():
        future.result(LIMIT)


async def nothing_stored(_topic):
    return {}


@pytest.mark.requirement("R011")
@pytest.mark.requirement("R013")
async def test_a_produce_over_mutual_tls_is_denied_then_granted_then_allowed(kafka):
    admin = kafka.admin()
    for future in admin.create_topics([NewTopic(TOPIC, 3, 1), NewTopic(OTHER, 3, 1)]).values():
        future.result(LIMIT)
    writer, reader = kafka.broker("310000"), kafka.broker("hub")
    # Who may write nothing at all does not even get a producer's number.
    with pytest.raises(BrokerRefused) as stranger:
        await writer.start()
    assert stranger.value.code == "BROKER_UNAUTHORISED"
    try:
        grant(admin, "310000.g1", AclOperation.WRITE, name=OTHER)
        grant(admin, "hub.g1", AclOperation.WRITE, name=OTHER)
        await writer.start()
        await reader.start()
        (denied,) = await writer.publish([RECORD])
        assert isinstance(denied, BrokerRefused)
        assert (denied.code, denied.where) == ("TOPIC_UNAUTHORISED", TOPIC)
        with pytest.raises(BrokerRefused) as unread:
            await reader.subscribe([TOPIC], GROUP, nothing_stored)
        assert unread.value.code == "TOPIC_UNAUTHORISED"

        grant(admin, "310000.g1", AclOperation.WRITE)
        assert await writer.publish([RECORD]) == [None]

        grant(admin, "hub.g1", AclOperation.READ)
        grant(admin, "hub.g1", AclOperation.READ, ResourceType.GROUP, GROUP)
        subscription = await reader.subscribe([TOPIC], GROUP, nothing_stored)
        (record,) = await subscription.poll(timedelta(seconds=LIMIT), 10)
        assert (record.key, record.value, record.headers) == (
            RECORD.key,
            RECORD.value,
            RECORD.headers,
        )
        await subscription.close()
    finally:
        await writer.stop()
        await reader.stop()
