"""The running network of a demo: the broker, four centres and the agencies, each a process."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import httpx

from adapters.demo.brokers import BrokerHost
from adapters.demo.errands import HEDUI, Errands
from adapters.demo.processes import Processes
from adapters.demo.screen import Screen
from adapters.demo.sources.source import Source
from adapters.demo.state import OPERATOR, State, make_ca, make_keys, write_configs
from adapters.demo.timeline import Move
from adapters.demo.watch import Watch
from bus.cli.remote import Remote
from signer.identity import role_of

BROKER = "broker"
PROVISION = "provision"

_PROBE_SECONDS = 2.0
_OK = 200


@dataclass
class Network:
    """The processes of a run, started together and stopped together.

    Attributes:
        host: The broker.
        sources: Each agency's data; in SQLite files unless given.
        bootstrap: The broker's address, once it is up.
        urls: Health and metrics of each participant, once it listens.
    """

    state: State
    processes: Processes
    watch: Watch
    screen: Screen
    host: BrokerHost
    sources: tuple[Source, ...] = ()
    bootstrap: str = ""
    urls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.sources:
            self.sources = tuple(Source(self.state, agency) for agency in self.state.agencies)
        self._probe = httpx.Client(timeout=_PROBE_SECONDS, trust_env=False)
        self._errands = Errands(self.processes, self.watch, self.screen, self.urls, self._probe)
        self._lasting: tuple[str, ...] = (BROKER,)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Whoever reads a source ends before it.
        self.processes.stop(last=self._lasting)
        self._probe.close()

    def prepare(self) -> None:
        """Start the broker and, while it starts, make keys, tables and configurations.

        On a real Kafka topics and rights are then made, by the command an administrator uses.

        Raises:
            StoppedError, OverdueError, ProcessEndedError: The run ends.
        """
        now = datetime.now(UTC)
        make_ca(self.state, now)
        self.processes.start(BROKER, self.host.command(self.state))
        for source in self.sources:
            source.folder.mkdir(mode=0o700)
            source.begin(self._errands)
        self._lasting = self.processes.names
        make_keys(self.state, now, self.watch.check)
        for source in self.sources:
            source.prepare(self._errands)
        while not self.state.broker_ready.exists():
            self._errands.pause()
        self.bootstrap = self.state.broker_ready.read_text("utf-8").strip()
        broker = (self.bootstrap, self.host.choice.value, self.host.nodes)
        mappings = {source.agency.id: source.mapping() for source in self.sources}
        write_configs(self.state, *broker, mappings)
        if self.host.real:
            config = str(self.state.provisioning)
            self._errands.complete(PROVISION, ("hub", "provision", "-c", config))

    def start(self) -> None:
        """Start every daemon at once and wait until each does its work.

        Raises:
            StoppedError, OverdueError, ProcessEndedError: The run ends.
        """
        for participant in self.state.participants:
            self.processes.start(participant, self.command(participant))
        waiting = list(self.state.participants)
        total = len(waiting)
        while waiting:
            self._errands.pause()
            waiting = [name for name in waiting if not self._is_ready(name)]
            up = total - len(waiting)
            self.screen.status(f"启动参与方 {up}/{total}", "starting participants")

    def command(self, participant: str) -> tuple[str, ...]:
        """Return the arguments for this Python that run a participant's daemon."""
        config = str(self.state.config(participant))
        dev = () if self.host.real else ("--dev",)
        # A role's commands are named after it.
        return (*HEDUI, role_of(participant), "run", *dev, "-c", config)

    def fill(self) -> None:
        """Have the agencies do what comes before anybody asks: uploads.

        Raises:
            StoppedError, OverdueError, ProcessEndedError: The run ends.
        """
        for source in self.sources:
            source.fill(self._errands)

    def tend(self) -> None:
        """Have people at agencies do what waits for them: lists on a medium.

        Raises:
            StoppedError, OverdueError, ProcessEndedError: The run ends.
        """
        for source in self.sources:
            source.tend(self._errands)

    @property
    def acts(self) -> tuple[Move, ...]:
        """What people did on the way of the query."""
        return tuple(move for source in self.sources for move in source.moves)

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

    def _is_ready(self, participant: str) -> bool:
        url = self.urls.get(participant) or _listening(self.processes.log(participant))
        if url is None:
            return False
        self.urls[participant] = url
        try:
            return self._probe.get(f"{url}/readyz").status_code == _OK
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
