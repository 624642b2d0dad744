"""The network a benchmark runs on: a real Kafka, hub, requester, province, agency, a process each.

It is the demo's network with fewer participants, its daemons started by `bench_daemon.py`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bench_daemon
import httpx
from bench_people import AGENCY, PROVINCE, Someone, agency
from bench_stages import CALLS, SECONDS
from bench_usage import Usage, child, forget_peak, usage
from prometheus_client.parser import text_string_to_metric_families

from adapters.demo.agencies import SHANDONG
from adapters.demo.brokers import BrokerChoice, BrokerHost
from adapters.demo.network import BROKER, Network
from adapters.demo.processes import Processes
from adapters.demo.screen import Screen
from adapters.demo.state import State, make_folder
from adapters.demo.watch import Watch
from bus.model.case import CaseRole
from signer.identity import HUB

REQUESTER = SHANDONG
CENTRES = {HUB: "部中心", REQUESTER: "山东省核对中心", PROVINCE: "江苏省核对中心"}
ROLES = {HUB: "hub", REQUESTER: "requester", PROVINCE: "province", AGENCY: "agency"}
"""Participants, as the report calls them."""

Stage = dict[str, tuple[float, int]]
"""CPU seconds and calls by stage."""

KAFKA, BENCH = "Kafka", "load generator"

_SCRAPE_SECONDS = 30.0
_CASES = {REQUESTER: CaseRole.REQUESTER, HUB: CaseRole.REVIEWER, AGENCY: CaseRole.AGENCY}
"""Who keeps a case that the receipt closes, and in which role."""


@dataclass
class BenchNetwork(Network):
    """The running network of one variant."""

    variant: str = bench_daemon.SEALED

    def __post_init__(self) -> None:
        super().__post_init__()
        (self.state.folder / bench_daemon.MARK).write_text(str(os.getpid()), "ascii")
        self._http = httpx.Client(timeout=_SCRAPE_SECONDS, trust_env=False)

    def __exit__(self, *ending: object) -> None:
        self._http.close()
        super().__exit__(*ending)

    def command(self, participant: str) -> tuple[str, ...]:
        product = super().command(participant)
        hedui = product[product.index("-c") + 2 :]
        options = ("--run", str(self.state.folder), "--variant", self.variant)
        return (bench_daemon.__file__, *options, *hedui)

    def usages(self) -> dict[str, Usage]:
        """Return what every process has used, the broker's JVM and the benchmark itself too."""
        return {name: usage(pid) for name, pid in self._pids().items()}

    def forget_peaks(self) -> None:
        for pid in self._pids().values():
            forget_peak(pid)

    def stages(self) -> dict[str, Stage]:
        """Return CPU seconds and calls by stage of every daemon."""
        return {ROLES[name]: self._stages(name) for name in self.state.participants}

    def delivered(self, participant: str) -> int:
        """Return how many queries a participant knows to be delivered."""
        series = f'hedui_queries{{role="{_CASES[participant]}",state="DELIVERED"}} '
        for line in self._scrape(participant).splitlines():
            if line.startswith(series):
                return int(float(line.removeprefix(series)))
        return 0

    def settle(self, queries: int) -> None:
        """Wait until everybody has the receipts of that many queries."""
        for participant in _CASES:
            while self.delivered(participant) < queries:
                self.pause()

    def pause(self, seconds: float = 0.1) -> None:
        self.watch.pause(seconds)
        self.processes.check()

    def _stages(self, participant: str) -> Stage:
        found: dict[str, dict[str, float]] = {SECONDS: {}, CALLS: {}}
        for family in text_string_to_metric_families(self._scrape(participant)):
            for sample in family.samples:
                if family.name in found and sample.name.endswith("_total"):
                    found[family.name][sample.labels["stage"]] = sample.value
        calls = found[CALLS]
        return {stage: (used, int(calls.get(stage, 0))) for stage, used in found[SECONDS].items()}

    def _scrape(self, participant: str) -> str:
        return self._http.get(f"{self.urls[participant]}/metrics").raise_for_status().text

    def _pids(self) -> dict[str, int]:
        running = self.processes._running
        pids = {ROLES[name]: running[name].pid for name in self.state.participants}
        return pids | {KAFKA: child(running[BROKER].pid), BENCH: os.getpid()}


@contextmanager
def running(
    variant: str,
    everybody: Sequence[Someone],
    out: Path,
    screen: Screen,
    watch: Watch,
    broker: BrokerChoice = BrokerChoice.KAFKA,
) -> Iterator[BenchNetwork]:
    """Run the network of a variant on a new broker, new keys and empty stores."""
    logs = out / "logs" / variant
    logs.mkdir(parents=True, exist_ok=True)
    folder = make_folder()
    try:
        state = State(folder, (agency(everybody),), CENTRES)
        host = BrokerHost(broker)
        host.check()
        with BenchNetwork(state, Processes(logs), watch, screen, host, variant=variant) as network:
            network.prepare()
            network.start()
            yield network
    finally:
        shutil.rmtree(folder, ignore_errors=True)
