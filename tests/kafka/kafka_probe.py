"""The smallest requests that show what a principal may do: one connection, one answer each.

A probe asks a broker directly and reads the error code of the answer; no client library retries,
caches or hides anything. What it would change, it changes only where it is allowed to write.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.admin import (
    AlterConfigsRequest,
    CreateTopicsRequest,
    DeleteAclsRequest,
    DeleteRecordsRequest,
    DescribeAclsRequest,
    DescribeConfigsRequest,
)
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import JoinGroupRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from kafka_site import LIMIT

DENIED = frozenset({29, 30, 31})  # a topic, a group, the cluster is not for this principal
ALLOWED = frozenset(
    {
        0,
        36,  # the topic to create exists
        44,  # records of a compacted topic are not deleted one by one
        79,  # the member to join is given an id first
    }
)
AGAIN = frozenset({14, 15, 16})  # a coordinator that is only just coming up
_TOPIC, _ANY, _LITERAL = 2, 1, 3
_MILLISECONDS = int(LIMIT * 1000)


class UnclearError(AssertionError):
    """A broker neither allowed nor denied, so the probe shows nothing."""


class _FromAddress:
    """An event loop whose connections leave from one local address."""

    def __init__(self, loop: asyncio.AbstractEventLoop, address: str) -> None:
        self._loop = loop
        self.create_connection = partial(loop.create_connection, local_addr=(address, 0))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


async def connect(
    bootstrap: str, context: ssl.SSLContext | None, address: str
) -> AIOKafkaConnection:
    """Connect to a broker from a local address, over mutual TLS or in plain text."""
    host, _, port = bootstrap.partition(":")
    connection = AIOKafkaConnection(
        host,
        int(port),
        client_id="hedui-probe",
        request_timeout_ms=_MILLISECONDS,
        ssl_context=context,
        security_protocol="PLAINTEXT" if context is None else "SSL",
    )
    connection._loop = _FromAddress(connection._loop, address)
    await connection.connect()
    return connection


async def describe(connection, topic):
    answer = await connection.send(MetadataRequest([topic], allow_auto_topic_creation=False))
    return answer.topics[0][0]


async def read(connection, topic):
    request = FetchRequest(0, 0, 1024, 0, [(topic, [(0, 0, 1024)])])
    answer = await connection.send(request)
    return answer.topics[0][1][0][1]


async def write(connection, topic):
    request = ProduceRequest(None, -1, _MILLISECONDS, [(topic, [(0, _batch())])])
    answer = await connection.send(request)
    return answer.topics[0][1][0][1]


async def create(connection, topic):
    request = CreateTopicsRequest([(topic, 1, 1, [], [])], _MILLISECONDS, validate_only=True)
    answer = await connection.send(request)
    return answer.topic_errors[0][1]


async def settings(connection, topic):
    answer = await connection.send(DescribeConfigsRequest([(_TOPIC, topic, None)]))
    return answer.resources[0][0]


async def set_(connection, topic):
    wanted = [(_TOPIC, topic, [("retention.ms", "1000")])]
    answer = await connection.send(AlterConfigsRequest(wanted, validate_only=True))
    return answer.resources[0][0]


async def delete(connection, topic):
    """Deletes the records before offset 0, which takes the right to delete and deletes nothing."""
    answer = await connection.send(DeleteRecordsRequest([(topic, [(0, 0)])], _MILLISECONDS))
    return answer.topics[0][1][0][2]


async def join(connection, group):
    # Also makes the brokers' own topic of groups, at the first time anybody asks.
    await connection.send(FindCoordinatorRequest(group, 0))
    request = JoinGroupRequest(group, 6000, 6000, "", None, "consumer", [("range", b"")])
    answer = await connection.send(request)
    return answer.error_code


async def see_rights(connection):
    everything = DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY)
    return (await connection.send(everything)).error_code


async def change_rights(connection):
    """Deletes the rights on a topic that nobody has, which takes the right to change rights."""
    nothing = DeleteAclsRequest(_TOPIC, "no-such-topic", _LITERAL, None, None, _ANY, _ANY)
    return (await connection.send(nothing)).filter_responses[0][0]


async def number(connection):
    """What an idempotent producer asks for at its start."""
    answer = await connection.send(InitProducerIdRequest(None, _MILLISECONDS))
    return answer.error_code


Probe = Callable[..., Awaitable[int]]

ON_TOPICS: Mapping[str, Probe] = {
    "describe": describe,
    "read": read,
    "write": write,
    "create": create,
    "settings": settings,
    "set": set_,
    "delete": delete,
}
ON_CLUSTER: Mapping[str, Probe] = {
    "see rights": see_rights,
    "change rights": change_rights,
    "start a producer": number,
}


async def may(probe: Probe, connection: AIOKafkaConnection, *subject: str) -> bool:
    """Ask, and again while a coordinator is coming up.

    Raises:
        UnclearError: The answer is neither.
    """
    async with asyncio.timeout(LIMIT):
        while (code := await probe(connection, *subject)) in AGAIN:
            pass
    if code not in DENIED | ALLOWED:
        raise UnclearError(f"{probe.__name__} {subject}: error code {code}")
    return code in ALLOWED


def _batch() -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1024,
    )
    builder.append(0, timestamp=0, key=b"conversation", value=b"sealed", headers=[])
    return bytes(builder.build())
