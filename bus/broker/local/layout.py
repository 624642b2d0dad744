"""Which nodes a local cluster has, on which ports, in which folders."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from signer.identity import service_principal

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Node:
    """One node, broker and controller at once.

    Attributes:
        number: Its id, from 1.
        folder: Where its settings, keys and logs lie.
        client_port: Where clients and the other brokers connect.
        controller_port: Where the controllers speak to each other.
    """

    number: int
    folder: Path
    client_port: int
    controller_port: int

    @property
    def service(self) -> str:
        """Its name as a service, `broker-<number>`."""
        return f"broker-{self.number}"

    @property
    def data(self) -> Path:
        """Where its records lie."""
        return self.folder / "data"

    @property
    def keys(self) -> Path:
        """Its key directory."""
        return self.folder / "keys"

    @property
    def settings(self) -> Path:
        """Its server.properties."""
        return self.folder / "server.properties"

    @property
    def principal(self) -> str:
        """Its Kafka principal's name."""
        return service_principal(self.service, 1)


@dataclass(frozen=True, slots=True)
class Layout:
    """The nodes of a cluster."""

    nodes: tuple[Node, ...]

    @property
    def bootstrap(self) -> str:
        """Addresses for clients, `host:port`, separated by commas."""
        return ",".join(f"{LOOPBACK}:{node.client_port}" for node in self.nodes)

    @property
    def replication(self) -> int:
        """How many copies of a record there are to be."""
        return min(3, len(self.nodes))

    @property
    def min_in_sync(self) -> int:
        """How many of them must have a record before it counts as stored."""
        return max(1, self.replication - 1)


def lay_out(folder: Path, count: int, first_port: int | None = None) -> Layout:
    """Return a layout of `count` nodes below a folder.

    Args:
        folder: Holds one folder a node.
        count: How many nodes.
        first_port: The first node's client port, the others follow, then the controllers' ports;
            None takes free ones.
    """
    ports = (
        _free_ports(2 * count) if first_port is None else range(first_port, first_port + 2 * count)
    )
    return Layout(
        tuple(
            Node(number, folder / f"node-{number}", ports[number - 1], ports[count + number - 1])
            for number in range(1, count + 1)
        )
    )


def _free_ports(count: int) -> list[int]:
    """Return ports that are free now; all are held until the last is found."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]
