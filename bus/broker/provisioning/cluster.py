"""The shell: one administrator's client, which looks at the brokers and makes changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, islice
from typing import Any, TypeVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from bus.broker.provisioning.conversions import (
    EVERY_RIGHT,
    altered,
    binding,
    exactly,
    new_topic,
    to_right,
    to_topic,
    topic_resource,
)
from bus.broker.provisioning.drained import drained
from bus.broker.provisioning.drift import FoundTopic
from bus.broker.provisioning.failures import translated
from bus.broker.provisioning.plan import (
    AddRight,
    Change,
    CreateTopic,
    DeleteTopic,
    Found,
    RemoveRight,
    SetSettings,
)
from bus.broker.provisioning.rights import TOPIC_PREFIX, Operation, Resource, Right
from bus.broker.settings import TlsFiles
from bus.broker.tls import handshake_fault, tls_context
from bus.errors import HeduiError
from bus.ports.broker_errors import BrokerUnavailable, tls_failed
from signer.identity import DIRECTORY_TOPIC

BATCH = 200
"""Changes in one request: a controller takes 10,000 records in one, and a topic is several."""

_MARGIN = timedelta(seconds=5)  # the client ends each request itself; this only backs it up

_NOBODYS = Right(Resource.TOPIC, DIRECTORY_TOPIC, "User:nobody", "127.0.0.1", Operation.READ)

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A change and what came of it: None, or the error."""

    change: Change
    error: HeduiError | None


class Cluster:
    """The brokers, as their administrator sees them. Synchronous: every call waits.

    Args:
        bootstrap: `host:port` pairs separated by commas.
        tls: The administrator's material of mutual TLS.
        timeout: How long one request may take.

    Raises:
        BrokerRefused: `BROKER_TLS`: the TLS material cannot be used.
    """

    def __init__(
        self, bootstrap: str, tls: TlsFiles, timeout: timedelta = timedelta(seconds=30)
    ) -> None:
        self._bootstrap = bootstrap
        self._seconds = timeout.total_seconds()
        self._limit = timeout
        self._context = tls_context(tls)
        self._admin = self._connection(tls)

    def look(self, closing: Mapping[str, str] | None = None) -> Found:
        """Return all rights, and the product's topics with their settings.

        Args:
            closing: Topics that are to go once they are read → the consumer group that reads them.

        Raises:
            BrokerUnavailable: The cluster cannot be reached.
            BrokerRefused: `BROKER_TLS`, `PROVISION_UNAUTHORISED`, `PROVISION_NO_AUTHORISER`.
        """
        try:
            # Rights first: whoever may not see them is not told of all topics either.
            rights, topics = self._rights(), self._topics()
            left = {t: group for t, group in (closing or {}).items() if t in topics}
            return Found(topics, rights, drained(self._admin, left, topics, self._seconds))
        except BrokerUnavailable:
            # The client tells a failed handshake and an unreachable host alike.
            fault = asyncio.run(handshake_fault(self._bootstrap, self._context, self._limit))
            if fault is None:
                raise
            raise fault from None

    def apply(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Make changes in their order, one kind in one request; one that fails stops no other.

        Yields:
            Each change with what came of it.
        """
        for _kind, alike in groupby(changes, key=type):
            for batch in _batches(alike):
                yield from self._make(batch)

    def _make(self, batch: Sequence[Change]) -> Iterator[Outcome]:
        try:
            futures = self._start(batch)
        except KafkaException as error:
            yield from (Outcome(each, translated(error, where_of(each))) for each in batch)
            return
        for change, future in zip(batch, futures, strict=True):
            try:
                self._result(future, where_of(change))
            except HeduiError as error:
                yield Outcome(change, error)
            else:
                yield Outcome(change, None)

    def _start(self, batch: Sequence[Change]) -> Sequence[Future[Any]]:
        """Send one request for changes of one kind; return a future for each."""
        admin, seconds = self._admin, self._seconds
        kind = type(batch[0])
        if kind is CreateTopic:
            topics = [new_topic(each.topic) for each in batch if isinstance(each, CreateTopic)]
            made = admin.create_topics(topics, request_timeout=seconds)
            return [made[topic.topic] for topic in topics]
        if kind is SetSettings:
            resources = [altered(each) for each in batch if isinstance(each, SetSettings)]
            set_ = admin.incremental_alter_configs(resources, request_timeout=seconds)
            return [set_[resource] for resource in resources]
        if kind is AddRight:
            bindings = [binding(each.right) for each in batch if isinstance(each, AddRight)]
            added = admin.create_acls(bindings, request_timeout=seconds)
            return [added[each] for each in bindings]
        if kind is DeleteTopic:
            names = [each.topic for each in batch if isinstance(each, DeleteTopic)]
            deleted = admin.delete_topics(names, request_timeout=seconds)
            return [deleted[name] for name in names]
        filters = [exactly(each.right) for each in batch if isinstance(each, RemoveRight)]
        removed = admin.delete_acls(filters, request_timeout=seconds)
        return [removed[each] for each in filters]

    def _connection(self, tls: TlsFiles) -> AdminClient:
        try:
            return AdminClient(
                {
                    "bootstrap.servers": self._bootstrap,
                    "client.id": "hedui-provision",
                    "security.protocol": "ssl",
                    "ssl.ca.location": str(tls.ca),
                    "ssl.certificate.location": str(tls.certificate),
                    "ssl.key.location": str(tls.key),
                    "ssl.key.password": tls.passphrase,
                    "ssl.endpoint.identification.algorithm": "https",
                    "socket.timeout.ms": self._limit // timedelta(milliseconds=1),
                    "log_level": 0,  # what goes wrong comes as an error, not on standard error
                }
            )
        except KafkaException:
            raise tls_failed(
                "证书与私钥无法用于连接消息集群",
                "Certificate and key cannot be used to connect to the brokers",
                str(tls.key),
            ) from None

    def _rights(self) -> frozenset[Right]:
        try:
            future = self._admin.describe_acls(EVERY_RIGHT, request_timeout=self._seconds)
        except KafkaException as error:
            raise translated(error, self._bootstrap) from error
        rights = frozenset(map(to_right, self._result(future, self._bootstrap)))
        if not rights:
            self._check_authority()
        return rights

    def _check_authority(self) -> None:
        """Find out why there are no rights to see.

        The client gives an empty list where the brokers refuse to list rights, and where they have
        no authoriser. A removal that matches nothing is answered with the reason.
        """
        try:
            nothing = exactly(_NOBODYS)
            future = self._admin.delete_acls([nothing], request_timeout=self._seconds)[nothing]
        except KafkaException as error:
            raise translated(error, self._bootstrap) from error
        self._result(future, self._bootstrap)

    def _topics(self) -> Mapping[str, FoundTopic]:
        try:
            listed = self._admin.list_topics(timeout=self._seconds).topics.items()
        except KafkaException as error:
            raise translated(error, self._bootstrap) from error
        found: dict[str, FoundTopic] = {}
        for batch in _batches(each for each in listed if each[0].startswith(TOPIC_PREFIX)):
            resources = [topic_resource(name) for name, _ in batch]
            try:
                described = self._admin.describe_configs(resources, request_timeout=self._seconds)
            except KafkaException as error:
                raise translated(error, self._bootstrap) from error
            for (name, topic), resource in zip(batch, resources, strict=True):
                if topic.error is not None:
                    raise translated(KafkaException(topic.error), name)
                found[name] = to_topic(name, topic, self._result(described[resource], name))
        return found

    def _result(self, future: Future[Any], where: str) -> Any:
        try:
            return future.result((self._limit + _MARGIN).total_seconds())
        except (KafkaException, TimeoutError) as error:
            raise translated(error, where) from error


def where_of(change: Change) -> str:
    """Return what a change is about: a topic, or a right with its principal and address."""
    match change:
        case CreateTopic(topic):
            return topic.name
        case SetSettings(name) | DeleteTopic(name):
            return name
        case AddRight(right) | RemoveRight(right):
            return str(right)


def _batches(items: Iterable[_Item]) -> Iterator[Sequence[_Item]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
