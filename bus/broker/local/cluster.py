"""How the nodes of a local cluster come up together, with certificates of our CA."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from bus.broker.local.jars import find_jars, find_java
from bus.broker.local.layout import LOOPBACK, Layout
from bus.broker.local.node import NodeProcess
from bus.broker.local.properties import server_properties
from bus.broker.settings import TlsFiles
from bus.errors import UnavailableError
from signer.ca.services import issue_service_keys
from signer.identity import ADMIN_SERVICE, service_principal
from signer.secretfiles import read_passphrase, write_new

_HOSTS = (LOOPBACK, "localhost")
_SECRET_FILE = "node.pass"  # noqa: S105 - the name of the file
_CLUSTER_ID = "cluster.id"
_PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class LocalCa:
    """The certificate authority that issues the nodes' certificates."""

    directory: Path
    passphrase_file: Path


class LocalCluster:
    """A Kafka cluster on this machine, as long as this object lets it run.

    Args:
        layout: Its nodes.
        ca: Issues the nodes' certificates; participants' certificates must come from it too.
        admins: Principals that may do everything, besides the brokers.

    Raises:
        ConfigError: `JAVA_MISSING`, `MAVEN_MISSING`, `KAFKA_LIBS_MISSING`, `KAFKA_NOT_FETCHED`.
    """

    def __init__(
        self,
        layout: Layout,
        ca: LocalCa,
        admins: Sequence[str] = (service_principal(ADMIN_SERVICE, 1),),
    ) -> None:
        self.layout = layout
        self._ca = ca
        self._admins = tuple(admins)
        java, jars = find_java(), find_jars()
        self.nodes = tuple(NodeProcess(node, java, jars) for node in layout.nodes)

    @property
    def bootstrap(self) -> str:
        """Addresses for clients."""
        return self.layout.bootstrap

    def prepare(self) -> None:
        """Make keys, settings and storage of the nodes that have none.

        Raises:
            HeduiError: The CA cannot issue, or a node's storage cannot be formatted.
        """
        for process in self.nodes:
            node = process.node
            node.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_keys(process)
            passphrase = read_passphrase(node.folder / _SECRET_FILE).decode()
            text = server_properties(self.layout, node, self._admins, passphrase)
            node.settings.touch(mode=0o600)
            node.settings.write_text(text, "utf-8")
        cluster_id = self._cluster_id()
        for process in self.nodes:
            process.format(cluster_id)

    def start(self, wait: Callable[[float], None] = time.sleep, limit: float = 90.0) -> None:
        """Start every node and wait until all of them serve.

        Args:
            wait: Lets some seconds pass between two looks; may raise to give up.
            limit: After how many seconds to give up.

        Raises:
            UnavailableError: `KAFKA_NOT_STARTED`.
        """
        for process in self.nodes:
            if not process.running:
                process.start()
        self.await_serving(len(self.nodes), wait, limit)

    def await_serving(
        self, count: int, wait: Callable[[float], None] = time.sleep, limit: float = 90.0
    ) -> None:
        """Wait until so many nodes serve.

        Raises:
            UnavailableError: `KAFKA_NOT_STARTED`: not in time, or a node ended.
        """
        end = time.monotonic() + limit
        admin = AdminClient(self._client_settings())
        while time.monotonic() < end:
            running = [process for process in self.nodes if process.running]
            if len(running) < count:
                for process in self.nodes:
                    process.check()
            try:
                if len(admin.list_topics(timeout=_PROBE_SECONDS).brokers) == count:
                    return
            except KafkaException:
                pass  # not yet; librdkafka tries again
            wait(0.2)
        raise UnavailableError(
            "KAFKA_NOT_STARTED",
            "Kafka 集群未能在期限内就绪",
            "the Kafka cluster did not come up in time",
            remedy_zh="原因见各节点日志",
            remedy_en="The nodes' logs say why",
            where=str(self.layout.nodes[0].folder.parent),
        )

    def stop(self) -> None:
        """Stop every node; safe to call twice."""
        for process in self.nodes:
            process.ask_to_stop()
        for process in self.nodes:
            process.stop()

    def tls(self) -> TlsFiles:
        """Return the material of the first broker, which may do everything."""
        node = self.layout.nodes[0]
        return TlsFiles(
            ca=node.keys / "root.pem",
            certificate=node.keys / "tls.pem",
            key=node.keys / "tls.key",
            passphrase=read_passphrase(node.folder / _SECRET_FILE).decode(),
        )

    def _client_settings(self) -> dict[str, str | int | float | bool]:
        tls = self.tls()
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SSL",
            "ssl.ca.location": str(tls.ca),
            "ssl.certificate.location": str(tls.certificate),
            "ssl.key.location": str(tls.key),
            "ssl.key.password": tls.passphrase,
            # That nobody listens yet is no news; librdkafka would say it on standard error.
            "log_level": 0,
        }

    def _make_keys(self, process: NodeProcess) -> None:
        node = process.node
        if node.keys.exists():
            return
        secret = node.folder / _SECRET_FILE
        write_new(secret, secrets.token_hex(32).encode())
        issue_service_keys(
            self._ca.directory,
            read_passphrase(self._ca.passphrase_file),
            node.service,
            node.keys,
            read_passphrase(secret),
            now=datetime.now(UTC),
            hosts=_HOSTS,
        )

    def _cluster_id(self) -> str:
        file = self.layout.nodes[0].folder.parent / _CLUSTER_ID
        if not file.exists():
            # Kafka's form of a cluster id: 16 bytes, base64 for URLs, and no leading hyphen.
            fresh = base64.urlsafe_b64encode(b"\x01" + secrets.token_bytes(15)).rstrip(b"=")
            file.write_bytes(fresh)
        return file.read_text("ascii")
