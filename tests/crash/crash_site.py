"""The network that is crashed: a real Kafka, a hub, three nodes and four agencies as processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import httpx
from crash_daemon import MARK

from adapters.demo.agencies import CENTRES, load_agencies, shipped_data
from adapters.demo.state import State, make_ca, make_folder, make_keys, write_configs, write_tables
from bus.broker.local.cluster import LocalCa, LocalCluster
from bus.broker.local.ending import dies_with_parent
from bus.broker.local.jars import KAFKA_LIBS
from bus.broker.local.layout import lay_out
from bus.store.store import SqlStore
from signer.identity import HUB

T = TypeVar("T")

SESSION_SECONDS = 6
"""Session time-out of every consumer group: the least that brokers allow."""

PATIENCE = 120.0
"""Seconds that anything may take."""

_PRODUCT = ("-P", "-c", "from bus.cli import main; main()")
_ARMED = str(Path(__file__).with_name("crash_daemon.py"))
_OK = 200
_LOOK_SECONDS = 0.1


class CrashFailureError(AssertionError):
    """Something did not come to its end as it must."""


def wait_until(look: Callable[[], T], what: str, limit: float = PATIENCE) -> T:
    """Look again and again until there is something to see; returns it."""
    pause, end = threading.Event(), time.monotonic() + limit
    while not (seen := look()):
        if time.monotonic() > end:
            raise CrashFailureError(f"not within {limit:g} s: {what}")
        pause.wait(_LOOK_SECONDS)
    return seen


class Daemon:
    """One instance of a participant: its process, now and after its restarts."""

    def __init__(self, site: Site, name: str, instance: int = 1) -> None:
        self.name = name
        self.instance = instance
        self._site = site
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    @property
    def log(self) -> Path:
        """What the present process says."""
        return self._site.logs / f"{self.name}.{self.instance}.{self._starts}.log"

    def start(self, plan: str | None = None) -> None:
        """Start it; with a plan it kills itself at the plan's point."""
        self._starts += 1
        kind = "hub" if self.name == HUB else "node" if self.name in CENTRES else "adapter"
        program = _PRODUCT if plan is None else (_ARMED, plan)
        config = str(self._site.state.config(self.name))
        command = (*program, kind, "run", "-c", config)
        self._process = self._site.spawn(command, self.log, self._settings())

    def _settings(self) -> dict[str, str]:
        settings = {
            "HEDUI_BROKER__SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
            "HEDUI_PARTICIPANT__INSTANCE": str(self.instance),
        }
        if self.name in self._site.stores:
            settings["HEDUI_STORE__URL"] = self._site.stores[self.name]
        if self.instance > 1 and self.name in CENTRES:
            socket = self._site.state.folder / f"{self.name}-{self.instance}.sock"
            settings["HEDUI_HTTP__SOCKET"] = str(socket)
        return settings

    def kill(self) -> None:
        """Kill it wherever it is."""
        self.process.kill()
        self.process.wait()

    def await_death(self) -> None:
        """Wait until it has killed itself at its point."""
        wait_until(lambda: self.process.poll() is not None, f"{self.name} reaches its point")
        if self.process.returncode != -signal.SIGKILL or MARK not in self.log.read_bytes():
            raise CrashFailureError(f"{self.name} ended otherwise: {self.log}")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def ready(self) -> bool:
        """Whether it does its work."""
        if self.process.poll() is not None:
            raise CrashFailureError(f"{self.name} ended by itself: {self.log}")
        if self.url is None:
            return False
        with suppress(httpx.TransportError):
            answer = httpx.get(f"{self.url}/readyz", timeout=2.0, trust_env=False)
            return answer.status_code == _OK
        return False

    @property
    def url(self) -> str | None:
        """Where its health and metrics are, once it says so."""
        return self._said("http.listening", "url")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process, which was started."""
        if self._process is None:
            raise CrashFailureError(f"{self.name} was never started")
        return self._process

    @property
    def alive(self) -> bool:
        """Whether it runs, or could."""
        return self._process is not None and self._process.poll() is None

    def _said(self, event: str, key: str) -> str | None:
        for line in self.log.read_bytes().rpartition(b"\n")[0].splitlines():
            with suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict) and entry.get("event") == event:
                    return str(entry[key])
        return None


class Site:
    """Everything that runs, in one private folder.

    Args:
        nodes: How many nodes Kafka has, 1 or 3.
        stores: Store URLs of participants that run twice, on a database for both instances.
    """

    def __init__(self, nodes: int = 1, stores: Mapping[str, str] | None = None) -> None:
        self.state = State(make_folder(), load_agencies(shipped_data() / "tables"))
        self.logs = self.state.folder / "logs"
        self.logs.mkdir()
        self.stores = dict(stores or {})
        self.daemons = {name: Daemon(self, name) for name in self.state.participants}
        self.twins = {name: Daemon(self, name, 2) for name in self.stores}
        make_ca(self.state, datetime.now(UTC))
        ca = LocalCa(self.state.ca, self.state.ca_passphrase)
        self.cluster = LocalCluster(lay_out(self.state.folder / "kafka", nodes), ca)
        self._before_exec = dies_with_parent()

    def start(self) -> None:
        """Start Kafka, make topics and rights, start every daemon."""
        self.cluster.prepare()
        for node in self.cluster.nodes:
            node.start()
        make_keys(self.state, datetime.now(UTC), lambda: None)
        write_tables(self.state)
        write_configs(self.state, self.cluster.bootstrap, "kafka", len(self.cluster.nodes))
        self.cluster.start()
        self.provision()
        for daemon in self.everybody:
            daemon.start()
        for daemon in self.everybody:
            wait_until(daemon.ready, f"{daemon.name} is ready")

    @property
    def everybody(self) -> tuple[Daemon, ...]:
        """Every instance of every participant."""
        return (*self.daemons.values(), *self.twins.values())

    def close(self, *, keep: bool = False) -> None:
        """Stop everything; the folder goes too, unless it is to be looked at."""
        alive = [daemon for daemon in self.everybody if daemon.alive]
        for daemon in alive:
            daemon.kill()
        self.cluster.stop()
        if not keep:
            shutil.rmtree(self.state.folder, ignore_errors=True)

    def store(self, participant: str) -> SqlStore:
        """Return a participant's store, to look into it."""
        given = self.stores.get(participant)
        return SqlStore(given or f"sqlite+aiosqlite:///{self.database(participant)}")

    def database(self, participant: str) -> Path:
        """Return the file of a participant's store."""
        return self.state.folder / participant / "store.db"

    def back_up(self, participant: str) -> Path:
        """Copy a store while it is in use, by SQLite's own backup."""
        copy = self.state.folder / f"{participant}.backup"
        with (
            closing(sqlite3.connect(self.database(participant))) as used,
            closing(sqlite3.connect(copy)) as backup,
        ):
            used.backup(backup)
        return copy

    def put_back(self, participant: str, copy: Path) -> None:
        """Set a store back to a copy, with nobody using it."""
        store = self.database(participant)
        for beside in ("-wal", "-shm"):
            store.with_name(store.name + beside).unlink(missing_ok=True)
        shutil.copyfile(copy, store)

    def change_directory(self) -> None:
        """Change the hub's list, so that its next start publishes a new directory."""
        listed = self.state.folder / "participants.toml"
        text = listed.read_text("utf-8")
        listed.write_text(text.replace('title = "', 'title = "新', 1), "utf-8")

    def spawn(
        self, command: tuple[str, ...], log: Path, settings: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start this Python under settings, its output in a log; it ends with us."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HEDUI_")}
        if KAFKA_LIBS in os.environ:
            kept[KAFKA_LIBS] = os.environ[KAFKA_LIBS]
        with log.open("wb") as out:
            return subprocess.Popen(  # noqa: S603 - our own commands
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=kept | (settings or {}) | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
                start_new_session=True,
                preexec_fn=self._before_exec,  # noqa: PLW1509 - the child only calls prctl
            )

    def provision(self) -> None:
        """Make topics and rights, by the administrator's own command."""
        log = self.logs / "provision.log"
        command = (*_PRODUCT, "hub", "provision", "-c", str(self.state.provisioning))
        if self.spawn(command, log).wait(PATIENCE) != 0:
            raise CrashFailureError(f"topics and rights were not made: {log}")
