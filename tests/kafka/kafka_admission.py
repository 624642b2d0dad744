"""A hub that admits, on a real cluster: its processes, its commands, an applicant's files."""

from __future__ import annotations

import asyncio
import io
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kafka_country import EVERYTHING
from kafka_site import KafkaSite, tls_files

from bus.broker.kafka import KafkaBroker
from bus.broker.settings import BrokerSettings
from bus.cli import main
from bus.model.admission import AdmissionState
from bus.model.messages import Problem
from bus.ports.broker import Outgoing
from bus.store.store import SqlStore
from bus.wire.bodies import schema_of, to_avro
from signer.admission.answers import EXAMPLE
from signer.certificates import to_key
from signer.envelope.kinds import Kind
from signer.envelope.seal import Content, Sealer
from signer.identity import ADMIN_SERVICE, outbox_topic
from signer.keydirectory import read_certificates
from signer.keyfiles import FileKeyRing
from signer.suites.p256_aes256gcm import NAME as SUITE
from signer.uuid7 import uuid7

NODE = "330000"
PATIENCE = 60.0
"""Seconds something may take on a busy machine; what has a limit of its own is measured."""

OPERATOR = ("--operator", "王芳", "--reason", "民办函〔2026〕1号")


class Site:
    """The files and processes of a hub, of its administrator and of one node."""

    def __init__(self, kafka: KafkaSite, folder: Path) -> None:
        self.kafka, self.folder, self.admin = kafka, folder, kafka.admin()
        self.socket = folder / "hub.sock"
        self.running: list[subprocess.Popen] = []
        self.hub_keys = kafka.keys("hub").key.parent
        self.store = SqlStore(f"sqlite+aiosqlite:///{folder}/hub.db")
        self._write()

    def _secret(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.touch(0o600)
        path.write_text(text, "utf-8")
        return path

    def _write(self) -> None:
        kafka, ca = self.kafka, self.kafka.ca
        hub = self._secret("hub.passphrase", kafka.keys("hub").passphrase)
        admin = self._secret("admin.passphrase", kafka.keys(ADMIN_SERVICE).passphrase)
        self.node_passphrase = self._secret("node.passphrase", secrets.token_hex(16))
        (self.folder / "participants.toml").write_text(
            '[[participant]]\nid = "hub"\ntitle = "部中心"\n'
            f'certificates = "{ca.directory}/issued/hub"\nhosts = ["127.0.0.1"]\n',
            "utf-8",
        )
        broker = f'[broker]\nbootstrap = "{kafka.cluster.bootstrap}"\n'
        (self.folder / "hub.toml").write_text(
            f'[participant]\nid = "hub"\n[keys]\ndirectory = "{self.hub_keys}"\n'
            f'passphrase_file = "{hub}"\nstore_key = "hub.storekey"\n{broker}'
            '[store]\nurl = "sqlite+aiosqlite:///hub.db"\n'
            '[http]\nlisten = "127.0.0.1:0"\nsocket = "hub.sock"\n'
            '[hub]\nparticipants = "participants.toml"\n'
            f'[hub.ca]\ndirectory = "{ca.directory}"\n'
            f'passphrase_file = "{ca.passphrase_file}"\n',
            "utf-8",
        )
        (self.folder / "provision.toml").write_text(
            f'[keys]\ndirectory = "{kafka.keys(ADMIN_SERVICE).key.parent}"\n'
            f'passphrase_file = "{admin}"\n{broker}'
            '[hub]\nparticipants = "participants.toml"\n'
            "[topics]\nreplication_factor = 1\nmin_insync_replicas = 1\npartitions = 1\n",
            "utf-8",
        )

    def start(self, *arguments: str) -> None:
        """Start a process of the product; it ends with the site."""
        command = [sys.executable, "-c", "from bus.cli import main; main()", *arguments]
        with (self.folder / f"{'-'.join(arguments[:2])}.log").open("ab") as log:
            self.running.append(
                subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)  # noqa: S603
            )

    def until(self, holds: Callable[[], bool]) -> None:
        """Ask again until it holds, while the processes live."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, "it does not come to hold"
            for process in self.running:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.1)
                    raise AssertionError(f"a process ended: {process.args[3:5]}")

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(90)

    def hedui(self, *arguments: object) -> tuple[int, str, str]:
        """Run a command in this process; returns its exit code and what it said."""
        out, err, code = io.StringIO(), io.StringIO(), 0
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main([str(argument) for argument in arguments])
            except SystemExit as ended:
                code = int(ended.code or 0)
        return code, out.getvalue(), err.getvalue()

    def done(self, *arguments: object) -> str:
        code, out, err = self.hedui(*arguments)
        assert code == 0, err
        return out

    def admission(self, command: str, *arguments: object) -> str:
        where = ("--socket", self.socket)
        return self.done("hub", "admission", command, *arguments, *where, *OPERATOR)

    def provision(self, *options: str) -> int:
        return self.hedui("hub", "provision", "-c", self.folder / "provision.toml", *options)[0]

    def standing(self, socket: Path | None = None) -> dict:
        code, out, _ = self.hedui("standing", "--socket", socket or self.socket, "--json")
        return json.loads(out) if code == 0 else {"ready": False}

    def wait_for_hub(self) -> None:
        self.until(lambda: self.socket.exists() and self.standing()["ready"])

    def apply(self) -> Path:
        """Make the node's keys and application; returns the application."""
        answers = self.folder / "apply.toml"
        answers.write_text(
            EXAMPLE.replace("192.0.2.11", "127.0.0.1").replace("370000", NODE), "utf-8"
        )
        made = self.folder / f"{NODE}.hedui-apply"
        self.done(
            *("node", "apply", answers, "--pending", self.folder / "pending"),
            *("--passphrase-file", self.node_passphrase, "--out", made),
        )
        return made

    def import_(self, grant: Path) -> None:
        self.done(
            *("node", "import", grant, "--pending", self.folder / "pending"),
            *("--out", self.node_keys, "--passphrase-file", self.node_passphrase),
            *("--root", self.kafka.ca.directory / "root.pem"),
        )

    @property
    def node_keys(self) -> Path:
        return self.folder / "keys" / NODE

    def rights_of(self, principal: str) -> set[tuple[str, str]]:
        """What a principal may do, by resource, as the brokers hold it."""
        held = self.admin.describe_acls(EVERYTHING).result(20)
        return {(r.name, r.operation.name) for r in held if r.principal == f"User:{principal}"}

    def topics(self) -> set[str]:
        return set(self.admin.list_topics(timeout=20).topics)

    def tested(self) -> None:
        """Run the node, and let its operator ask for the pre-connection test."""
        socket = self.folder / "node.sock"
        (self.folder / "node.toml").write_text(
            f'[participant]\nid = "{NODE}"\n[keys]\ndirectory = "{self.node_keys}"\n'
            f'passphrase_file = "{self.node_passphrase}"\nstore_key = "node.storekey"\n'
            f'[broker]\nbootstrap = "{self.kafka.cluster.bootstrap}"\n'
            '[store]\nurl = "sqlite+aiosqlite:///node.db"\n'
            '[http]\nlisten = "127.0.0.1:0"\nsocket = "node.sock"\n',
            "utf-8",
        )
        self.start("node", "run", "-c", "node.toml")
        node = self.running[-1]
        self.until(lambda: socket.exists() and self.standing(socket)["ready"])
        out = self.done("conformance", "run", "--socket", socket, *OPERATOR[:2], "--json")
        assert json.loads(out)["state"] == "PASSED"
        self.running.remove(node)
        node.terminate()
        assert node.wait(PATIENCE) == 0

    def state(self) -> AdmissionState:
        shown = json.loads(self.done("hub", "admission", "list", "--socket", self.socket, "--json"))
        return AdmissionState(shown[0]["state"])

    def publish_as_node(self, sealed) -> str | None:
        """Publish as the node itself; returns the code of the refusal, if it was refused."""
        tls = tls_files(self.node_keys, self.node_passphrase.read_text("utf-8"))
        return asyncio.run(self._publish(tls, sealed))

    def publish_as_broker(self, sealed) -> str | None:
        """Put a message into the node's outbox past all rights: it was on its way."""
        return asyncio.run(self._publish(self.kafka.keys(ADMIN_SERVICE), sealed))

    async def _publish(self, tls, sealed) -> str | None:
        broker = KafkaBroker(
            BrokerSettings(
                bootstrap=self.kafka.cluster.bootstrap,
                client_id=f"test-{secrets.token_hex(4)}",
                tls=tls,
                delivery_timeout=timedelta(seconds=10),
            )
        )
        try:
            await broker.start()
            key = sealed.header.conversation.bytes
            message = Outgoing(outbox_topic(NODE), key, sealed.data, sealed.headers)
            (error,) = await broker.publish([message])
        except Exception as refused:  # noqa: BLE001 - its code is what is asked for
            error = refused
        finally:
            await broker.stop()
        return None if error is None else error.code

    def sealed(self):
        """A message of the node's to the hub, under its own keys and the directory in force."""
        now = datetime.now(UTC)
        ring = FileKeyRing.load(self.node_keys, self.node_passphrase, now)
        folder = self.kafka.ca.directory / "issued" / "hub" / "g1"
        reader = to_key(read_certificates(folder / "encryption.pem")[0])
        body = Problem(None, "SOME_CODE", "测试", "a test")
        content = Content(
            kind=Kind.PROBLEM,
            destination="hub",
            conversation=uuid7(now, secrets.token_bytes),
            schema=schema_of(Kind.PROBLEM),
            payload=to_avro(body),
        )
        sealer = Sealer(NODE, ring, SUITE, secrets.token_bytes)
        version = self.standing()["directory_version"]
        return sealer.seal(content, "hub", [reader], now, version)

    def refused(self) -> list[str]:
        """Codes of what the hub has put into quarantine."""
        out = self.done("quarantine", "list", "--socket", self.socket, "--json")
        return [one["code"] for one in json.loads(out)]
