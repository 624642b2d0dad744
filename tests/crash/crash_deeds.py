"""What is done to the running network: killed, frozen, restored; and the account afterwards."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from crash_ledger import Account, Ledger
from crash_load import Load
from crash_points import DIRECTORY, SUBMIT
from crash_site import SESSION_SECONDS, Daemon, Site, wait_until
from crash_wire import Onlooker

from adapters.demo.agencies import SHANDONG

QUERIES = 2
"""Asked while a daemon is about to die; one more is asked while it is dead."""


@dataclass
class Outcome:
    """A line of the table: as often as something was killed, it was started again."""

    point: str
    role: str
    kills: int
    account: Account


class Ordeal:
    """A running network and everything that can be done to it.

    Args:
        nodes: How many nodes Kafka has.
        stores: As `Site` takes them.
    """

    def __init__(self, nodes: int = 1, stores: Mapping[str, str] | None = None) -> None:
        self.site = Site(nodes, stores)
        self.load = Load(self.site)
        self._onlooker: Onlooker | None = None

    def start(self) -> None:
        """Start the network; one query shows that it works before anything dies."""
        self.site.start()
        self._onlooker = Onlooker(self.site)
        self.ledger = Ledger(self.site, self.load, self._onlooker)
        self.load.submit()
        self.ledger.await_end()

    def close(self, *, keep: bool = False) -> None:
        """Stop everything."""
        if self._onlooker is not None:
            self._onlooker.close()
        self.site.close(keep=keep)

    def kill_at(self, name: str, *points: str) -> Outcome:
        """Kill a participant at a point; at each further point of its recovery too.

        To be armed it is killed once before, wherever it is.
        """
        daemon = self.site.daemons[name]
        daemon.kill()
        for place, point in enumerate(points):
            if point in DIRECTORY:
                self.site.change_directory()
            daemon.start(point)
            if place == 0:
                self._ask_until_death(daemon, point)
            daemon.await_death()
        if name != SHANDONG:
            self.load.submit()
        daemon.start()
        return self._outcome(", then ".join(points), name, len(points) + 1)

    def kill_outright(self, name: str) -> Outcome:
        """Kill a participant wherever it is, under load."""
        daemon = self.site.daemons[name]
        for _ in range(QUERIES):
            self.load.submit()
        daemon.kill()
        daemon.start()
        return self._outcome("anywhere", name, 1)

    def restore(self, name: str) -> Outcome:
        """Set a participant's store back to a copy taken under load, whole queries ago."""
        daemon = self.site.daemons[name]
        if name == SHANDONG:  # what an operator submits later, no topic tells him
            for _ in range(QUERIES):
                self.load.submit()
        self.load.submit()
        copy = self.site.back_up(name)
        if name != SHANDONG:
            for _ in range(QUERIES):
                self.load.submit()
        self.ledger.await_end()
        if name != SHANDONG:
            self.load.submit()
        daemon.kill()
        self.site.put_back(name, copy)
        daemon.start()
        return self._outcome("store set back", name, 1, restored=name)

    def freeze(self, name: str) -> Outcome:
        """Stop a participant's time for longer than its session, under load, and let it go on."""
        daemon = self.site.daemons[name]
        self.load.submit()
        daemon.signal(signal.SIGSTOP)
        if name != SHANDONG:
            self.load.submit()
        threading.Event().wait(SESSION_SECONDS + 2)
        daemon.signal(signal.SIGCONT)
        self.load.submit()
        return self._outcome("frozen beyond its session", name, 0)

    def kill_broker(self, topic: str | None = None) -> Outcome:
        """Kill a node of Kafka under load: the leader of a topic, or the only one; start it again.

        With three nodes the queries must end while one is dead.
        """
        nodes = self.site.cluster.nodes
        node = nodes[0] if topic is None else nodes[self._onlooker.leader(topic) - 1]
        for _ in range(QUERIES):
            self.load.submit()
        node.kill()
        for _ in range(QUERIES):
            self.load.submit()
        if len(nodes) > 1:
            self.ledger.await_end()
        node.start()
        self.site.cluster.await_serving(len(nodes))
        self.load.submit()
        what = "the only node" if topic is None else "the leader of a topic"
        return self._outcome(what, "broker", 1)

    def _ask_until_death(self, daemon: Daemon, point: str) -> None:
        if daemon.name == SHANDONG:
            wait_until(lambda: not daemon.alive or daemon.ready(), f"{daemon.name} is ready")
        for _ in range(1 if point in SUBMIT else QUERIES):
            if daemon.name == SHANDONG and not daemon.alive:
                return
            self.load.submit()

    def _outcome(self, point: str, role: str, kills: int, restored: str | None = None) -> Outcome:
        wait_until(self.site.daemons[SHANDONG].ready, "the asking node is ready")
        self.load.settle_uncertain()
        self.ledger.await_end()
        return Outcome(point, role, kills, self.ledger.check(restored))
