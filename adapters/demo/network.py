"""The running network of a demo: the broker, four centres and the agencies, each a process."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import httpx

from adapters.demo.brokers import BrokerHost
from adapters.demo.processes import Processes
from adapters.demo.screen import Screen
from adapters.demo.state import State, make_ca, make_keys, write_configs, write_tables
from adapters.demo.watch import Watch
from bus.cli.remote import Remote
from signer.identity import role_of

BROKER = "broker"
PROVISION = "provision"
OPERATOR = "演示操作员"
"""In whose name the demo acts; stands in the audit chains."""

_POLL_SECONDS = 0.1
_PROBE_SECONDS = 2.0
_OK = 200
_HEDUI = ("-P", "-c", "from bus.cli import main; main()")


@dataclass
class Network:
    """The processes of a run, started together and stopped together.

    Attributes:
        host: The broker.
        bootstrap: The broker's address, once it is up.
        urls: Health and metrics of each participant, once it listens.
    """

    state: State
    processes: Processes
    watch: Watch
    screen: Screen
    host: BrokerHost
    bootstrap: str = ""
    urls: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.processes.stop(last=(BROKER,))

    def prepare(self) -> None:
        """Start the broker and, while it starts, make keys, tables and configurations.

        On a real Kafka topics and rights are then made, by the command an administrator uses.

        Raises:
            StoppedError, OverdueError, ProcessEndedError: The run ends.
        """
        now = datetime.now(UTC)
        make_ca(self.state, now)
        self.processes.start(BROKER, self.host.command(self.state))
        make_keys(self.state, now, self.watch.check)
        write_tables(self.state)
        while not self.state.broker_ready.exists():
            self._pause()
        self.bootstrap = self.state.broker_ready.read_text("utf-8").strip()
        write_configs(self.state, self.bootstrap, self.host.choice.value, self.host.nodes)
        if self.host.real:
            self._provision()

    def _provision(self) -> None:
        config = str(self.state.provisioning)
        self.processes.start(PROVISION, (*_HEDUI, "hub", "provision", "-c", config), ends=True)
        while not self.processes.ended(PROVISION):
            self._pause()

    def start(self) -> None:
        """Start every daemon at once and wait until each does its work.

        Raises:
            StoppedError, OverdueError, ProcessEndedError: The run ends.
        """
        for participant in self.state.participants:
            self.processes.start(participant, self.command(participant))
        waiting = list(self.state.participants)
        total = len(waiting)
        with httpx.Client(timeout=_PROBE_SECONDS, trust_env=False) as probe:
            while waiting:
                self._pause()
                waiting = [name for name in waiting if not self._is_ready(name, probe)]
                up = total - len(waiting)
                self.screen.status(f"启动参与方 {up}/{total}", "starting participants")

    def command(self, participant: str) -> tuple[str, ...]:
        """Return the arguments for this Python that run a participant's daemon."""
        config = str(self.state.config(participant))
        dev = () if self.host.real else ("--dev",)
        # A role's commands are named after it.
        return (*_HEDUI, role_of(participant), "run", *dev, "-c", config)

    def remote(self, centre: str) -> Remote:
        """Return a client of a centre's operator API that only looks at its state."""
        return Remote(self.state.socket(centre))

    def operator(self, centre: str) -> Remote:
        """Return a client that changes something or reads personal data, in the demo's name."""
        return Remote(self.state.socket(centre), OPERATOR)

    def check(self) -> None:
        """End the run where it must.

        Raises:
            StoppedError, OverdueError, ProcessEndedError: As they say.
        """
        self.watch.check()
        self.processes.check()

    def _pause(self) -> None:
        self.watch.pause(_POLL_SECONDS)
        self.processes.check()

    def _is_ready(self, participant: str, probe: httpx.Client) -> bool:
        url = self.urls.get(participant) or _listening(self.processes.log(participant))
        if url is None:
            return False
        self.urls[participant] = url
        try:
            return probe.get(f"{url}/readyz").status_code == _OK
        except httpx.TransportError:
            return False


def _listening(log: Path) -> str | None:
    """Return the address that a daemon's log says it listens at."""
    # Complete lines only: the last one may be half-written.
    for line in log.read_bytes().rpartition(b"\n")[0].splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("event") == "http.listening":
            return str(entry["url"])
    return None
