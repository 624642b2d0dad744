"""How a node of a local cluster is set up: its server.properties, pure text."""

from __future__ import annotations

from collections.abc import Iterable

from bus.broker.local.layout import LOOPBACK, Layout, Node
from bus.ports.record_size import MAX_RECORD_BYTES

CLIENTS = "CLIENTS"
CONTROLLERS = "CONTROLLERS"

PRINCIPAL_RULES = "RULE:^CN=([^,]+)$/$1/"
"""The principal is the common name. There is no DEFAULT: another subject is nobody at all."""

_BATCH_MARGIN = 64 * 1024


def server_properties(
    layout: Layout, node: Node, admins: Iterable[str], key_passphrase: str
) -> str:
    """Return the settings of a node.

    Args:
        layout: The cluster.
        node: The node.
        admins: Principals that may do everything besides the brokers themselves.
        key_passphrase: Opens the node's private key.
    """
    supers = [each.principal for each in layout.nodes] + list(admins)
    voters = ",".join(f"{each.number}@{LOOPBACK}:{each.controller_port}" for each in layout.nodes)
    settings = {
        "process.roles": "broker,controller",
        "node.id": node.number,
        "controller.quorum.voters": voters,
        "controller.listener.names": CONTROLLERS,
        "listeners": f"{CLIENTS}://{LOOPBACK}:{node.client_port},"
        f"{CONTROLLERS}://{LOOPBACK}:{node.controller_port}",
        "advertised.listeners": f"{CLIENTS}://{LOOPBACK}:{node.client_port}",
        "inter.broker.listener.name": CLIENTS,
        "listener.security.protocol.map": f"{CLIENTS}:SSL,{CONTROLLERS}:SSL",
        "ssl.client.auth": "required",
        "ssl.enabled.protocols": "TLSv1.2,TLSv1.3",
        # Not PEM: Kafka on Java 17 opens no PEM key that is encrypted as ours are (PBES2).
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": node.keys / "tls.p12",
        "ssl.keystore.password": key_passphrase,
        "ssl.key.password": key_passphrase,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": node.keys / "root.pem",
        "ssl.principal.mapping.rules": PRINCIPAL_RULES,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": ";".join(f"User:{name}" for name in supers),
        "auto.create.topics.enable": "false",
        "log.dirs": node.data,
        "message.max.bytes": MAX_RECORD_BYTES + _BATCH_MARGIN,
        "default.replication.factor": layout.replication,
        "min.insync.replicas": layout.min_in_sync,
        "offsets.topic.replication.factor": layout.replication,
        "offsets.topic.num.partitions": 5,
        "transaction.state.log.replication.factor": layout.replication,
        "transaction.state.log.min.isr": layout.min_in_sync,
        "share.coordinator.state.topic.replication.factor": layout.replication,
        "share.coordinator.state.topic.min.isr": layout.min_in_sync,
        "unclean.leader.election.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 6000,
        # Leadership comes back soon after a broker does; a test or a small site waits for it.
        "leader.imbalance.check.interval.seconds": 10,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
