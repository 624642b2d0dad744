"""A small country whose list, keys and administrator's configuration lie on disk.

Each participant has a loopback address of its own, so that a broker can tell them apart.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from kafka_site import LIMIT, KafkaSite, tls_files

from bus.broker.settings import TlsFiles
from bus.cli import main
from signer.ca.services import issue_service_keys
from signer.identity import ADMIN_SERVICE

HOSTS = {
    "hub": "127.0.1.1",
    "hub.marriage": "127.0.1.2",
    "370000": "127.0.1.3",
    "320000": "127.0.1.4",
    "320000.housing-fund": "127.0.1.5",
}
TOPICS = (
    "hedui.directory",
    *(f"hedui.{name}.{box}" for name in HOSTS if name != "hub" for box in ("outbox", "inbox")),
)
EVERYTHING = AclBindingFilter(
    ResourceType.ANY,
    None,
    ResourcePatternType.ANY,
    None,
    None,
    AclOperation.ANY,
    AclPermissionType.ANY,
)


def until(holds: Callable[[], bool]) -> None:
    """Ask again until it holds: brokers act a moment after a controller has answered."""
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, "it does not come to hold"


@dataclass(frozen=True)
class Run:
    """What the command said: its exit code, its JSON, and the code of its error."""

    code: int
    changes: list[dict]
    drift: list[tuple[str, str]]
    error: str = ""

    @property
    def acts(self) -> set[str]:
        return {change["act"] for change in self.changes}


class Country:
    """The list of participants, and the command that provisions from it."""

    def __init__(self, site: KafkaSite) -> None:
        self.site = site
        for name in (*HOSTS, ADMIN_SERVICE):
            site.keys(name)
        self.admin = site.admin()

    def empty(self) -> None:
        """Take every topic and right off the brokers."""
        for future in self.admin.delete_acls([EVERYTHING]).values():
            future.result(LIMIT)
        topics = sorted(self.topics())
        for future in self.admin.delete_topics(topics).values() if topics else ():
            future.result(LIMIT)
        until(lambda: not self.topics() and not self.rights())

    def list_(
        self,
        hosts: Mapping[str, Iterable[str]] | None = None,
        generations: Mapping[str, str] | None = None,
    ) -> None:
        """Write the list.

        Args:
            hosts: Participant → registered addresses where they differ from its own.
            generations: Participant → the folder of its generations: `g1` for every other one,
                empty for all that were issued.
        """
        entries = []
        for name, own in HOSTS.items():
            registered = list((hosts or {}).get(name, [own]))
            folder = self.site.ca.directory / "issued" / name / (generations or {}).get(name, "g1")
            entries.append(
                f'[[participant]]\nid = "{name}"\ntitle = "{name}"\n'
                f'certificates = "{folder}"\nhosts = {json.dumps(registered)}\n'
            )
        self._file("participants.toml").write_text("\n".join(entries), "utf-8")

    def provision(
        self, *options: str, as_: str = ADMIN_SERVICE, replicas: int = 1, more: str = ""
    ) -> Run:
        """Run `hedui hub provision`, as hub-admin if not said otherwise."""
        tls = self._service(as_) if as_ == "help-desk" else self.site.keys(as_)
        secret = self._file(f"{as_}.passphrase")
        secret.touch(0o600)
        secret.write_text(tls.passphrase, "utf-8")
        config = self._file("provision.toml")
        config.write_text(
            f'[keys]\ndirectory = "{tls.key.parent}"\npassphrase_file = "{secret}"\n'
            f'[broker]\nbootstrap = "{self.site.cluster.bootstrap}"\n'
            '[hub]\nparticipants = "participants.toml"\n'
            f"[topics]\nreplication_factor = {replicas}\nmin_insync_replicas = 1\n{more}",
            "utf-8",
        )
        out, err, code = io.StringIO(), io.StringIO(), 0
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main(["hub", "provision", "-c", str(config), "--json", *options])
            except SystemExit as ended:
                code = int(ended.code or 0)
        if not out.getvalue():
            return Run(code, [], [], json.loads(err.getvalue())["code"])
        told = json.loads(out.getvalue())
        return Run(code, told["changes"], [(each["code"], each["where"]) for each in told["drift"]])

    def rights(self) -> set[AclBinding]:
        """Return what the brokers hold."""
        return set(self.admin.describe_acls(EVERYTHING).result(LIMIT))

    def topics(self) -> set[str]:
        """Return the topics that are not Kafka's own."""
        return {name for name in self.admin.list_topics(timeout=LIMIT).topics if name[0] != "_"}

    def _service(self, name: str) -> TlsFiles:
        """Return the TLS material of a service that the brokers' configuration does not name."""
        out, passphrase = self.site.folder / "keys" / name, "of a service"
        if not out.exists():
            secret = self.site.ca.passphrase_file.read_bytes()
            where = (self.site.ca.directory, secret, name, out, passphrase.encode())
            issue_service_keys(*where, now=datetime.now(UTC))
        return tls_files(out, passphrase)

    def _file(self, name: str) -> Path:
        return self.site.folder / name
