"""A site with a real Kafka: a CA, a cluster, and whoever takes part, for the tests."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewTopic

from bus.broker.kafka import KafkaBroker
from bus.broker.local.cluster import LocalCa, LocalCluster
from bus.broker.local.layout import lay_out
from bus.broker.settings import BrokerSettings, TlsFiles
from signer.ca.files import init_ca, issue
from signer.ca.issue import ROOT_YEARS
from signer.ca.services import issue_service_keys
from signer.identity import ADMIN_SERVICE
from signer.secretfiles import write_new

LIMIT = 20.0
"""Seconds an answer of the cluster may take."""


def make_ca(folder: Path) -> LocalCa:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca = LocalCa(folder / "ca", folder / "ca.pass")
    passphrase = secrets.token_hex(16).encode()
    write_new(ca.passphrase_file, passphrase)
    init_ca(ca.directory, passphrase, datetime.now(UTC), ROOT_YEARS)
    return ca


def tls_files(folder: Path, passphrase: str) -> TlsFiles:
    return TlsFiles(folder / "root.pem", folder / "tls.pem", folder / "tls.key", passphrase)


@dataclass
class KafkaSite:
    """A CA and a cluster that trusts it."""

    folder: Path
    nodes: int = 1
    ca: LocalCa = field(init=False)
    cluster: LocalCluster = field(init=False)
    _issued: dict[str, TlsFiles] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ca = make_ca(self.folder)
        self.cluster = LocalCluster(lay_out(self.folder / "kafka", self.nodes), self.ca)

    def start(self) -> None:
        self.cluster.prepare()
        self.cluster.start()

    def keys(self, name: str, generation: int = 1) -> TlsFiles:
        """Return the TLS material of a participant or of hub-admin, issued when first asked for."""
        known = f"{name}.g{generation}"
        if known not in self._issued:
            self._issued[known] = self._issue(name, self.folder / "keys" / known, generation)
        return self._issued[known]

    def _issue(self, name: str, out: Path, generation: int) -> TlsFiles:
        passphrase = secrets.token_hex(16)
        ca_passphrase, now = self.ca.passphrase_file.read_bytes(), datetime.now(UTC)
        where = (self.ca.directory, ca_passphrase, name, out, passphrase.encode())
        if name == ADMIN_SERVICE:
            issue_service_keys(*where, now=now)
        else:
            issue(*where, now=now, hosts=("127.0.0.1",), generation=generation)
        return tls_files(out, passphrase)

    def admin(self) -> AdminClient:
        """Return an administrator's client as `hub-admin`."""
        tls = self.keys(ADMIN_SERVICE)
        return AdminClient(
            {
                "bootstrap.servers": self.cluster.bootstrap,
                "security.protocol": "SSL",
                "ssl.ca.location": str(tls.ca),
                "ssl.certificate.location": str(tls.certificate),
                "ssl.key.location": str(tls.key),
                "ssl.key.password": tls.passphrase,
                "log_level": 0,
            }
        )

    def make_topic(self, topic: str, partitions: int) -> None:
        """Make a topic, as the administrator."""
        admin, copies = self.admin(), self.cluster.layout.replication
        for future in admin.create_topics([NewTopic(topic, partitions, copies)]).values():
            future.result(LIMIT)

    def settings(self, name: str, generation: int = 1, **changes: object) -> BrokerSettings:
        """Return connection settings of a participant."""
        given: dict[str, object] = {
            "bootstrap": self.cluster.bootstrap,
            "client_id": f"hedui-{name}",
            "tls": self.keys(name, generation),
            "session_timeout": timedelta(seconds=6),
            "delivery_timeout": timedelta(seconds=10),
        }
        return BrokerSettings(**given | changes)

    def broker(self, name: str, generation: int = 1, **changes: object) -> KafkaBroker:
        """Return a connection as a participant, not started yet."""
        return KafkaBroker(self.settings(name, generation, **changes))
