"""Makes what docker/compose.yaml starts from, once: keys, passphrases, sample tables.

Runs in the hub's image without a network, before everything else. Below `--out` lies one volume for
each service; what it gets belongs to its user alone. The authority's own keys stay in a volume that
no other service mounts.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from adapters.demo.agencies import shipped_data
from adapters.demo.csv_table import Table, read_table
from adapters.sql.sqlite_file import Content, write_sqlite
from schemas.resources import resources
from signer.ca.files import init_ca, issue
from signer.ca.issue import ROOT_YEARS
from signer.ca.services import issue_service_keys
from signer.identity import ADMIN_SERVICE
from signer.secretfiles import write_new

HEDUI, KAFKA, POSTGRES, GRAFANA = 65532, 1000, 999, 472
"""The users of the images."""

TABLES = {
    "hub.marriage": "hub.marriage",
    "370000.housing-fund": "500000.housing-fund",
    "320000.housing-fund": "320000.housing-fund",
    "320000.housing-bureau": "320000.housing-bureau",
}
"""Agency → whose sample tables it has; every person in them is invented."""

SECRET_FILE = "keys.passphrase"  # noqa: S105 - the name of the file
DONE = "done"


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the cluster: its name in certificates, its addresses, the user it runs as."""

    name: str
    hosts: tuple[str, ...]
    user: int


@dataclass(frozen=True, slots=True)
class Site:
    """Where everything is put, and when."""

    out: Path
    now: datetime
    owner: bool

    def volume(self, name: str) -> Path:
        """Return a volume, made where it is not mounted."""
        folder = self.out / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def give(self, name: str, user: int, mode: int = 0o700) -> None:
        """Hand a volume with all that is in it over to its service's user."""
        folder = self.volume(name)
        folder.chmod(mode)
        if self.owner:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, user, user)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make everything that is not there yet; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("/out"))
    parser.add_argument("--config", type=Path, default=Path("/config"))
    parser.add_argument("--broker-host", required=True)
    parser.add_argument("--store-host", required=True)
    parser.add_argument("--keep-owner", action="store_true", help="leave every file ours")
    options = parser.parse_args(arguments)
    site = Site(options.out, datetime.now(UTC), not options.keep_owner)
    authority = site.volume("ca")
    if (authority / DONE).exists():
        sys.stdout.write("密钥与样例数据已就绪 / keys and sample tables are there already\n")
        return 0
    if any(authority.iterdir()):
        sys.stderr.write(
            "上次初始化没有完成，请删除各卷后重来 / the last run did not finish: remove the volumes"
            " (docker compose down --volumes) and start again\n"
        )
        return 2
    services = (
        Service("broker-1", (options.broker_host,), KAFKA),
        Service("store-hub", (options.store_host,), POSTGRES),
        Service(ADMIN_SERVICE, (), HEDUI),
    )
    _make(site, options.config, services)
    (authority / DONE).touch()
    sys.stdout.write("已生成密钥与样例数据 / keys and sample tables made\n")
    return 0


def _make(site: Site, config: Path, services: Sequence[Service]) -> None:
    ca, passphrase = site.volume("ca") / "ca", _secret(site.volume("ca") / "ca.passphrase")
    init_ca(ca, passphrase, site.now, ROOT_YEARS)
    with (config / "participants.toml").open("rb") as file:
        listed: list[Mapping[str, object]] = tomllib.load(file)["participant"]
    for entry in listed:
        name = str(entry["id"])
        hosts = entry.get("hosts", ())
        volume = f"keys-{name}"
        folder = site.volume(volume)
        issue(
            ca,
            passphrase,
            name,
            folder / "keys",
            _secret(folder / SECRET_FILE),
            now=site.now,
            title=str(entry["title"]),
            hosts=tuple(map(str, hosts)) if isinstance(hosts, list) else (),
        )
        site.give(volume, HEDUI)
    for service in services:
        volume = f"keys-{service.name}"
        folder = site.volume(volume)
        secret = _secret(folder / SECRET_FILE)
        issue_service_keys(
            ca,
            passphrase,
            service.name,
            folder / "keys",
            secret,
            now=site.now,
            hosts=service.hosts,
        )
        site.give(volume, service.user)
    _share_database_password(site)
    _secret(site.volume("secrets-grafana") / "admin.password")
    site.give("secrets-grafana", GRAFANA)
    _copy_certificates(site, ca)
    for agency, tables in TABLES.items():
        _write_tables(site.volume(f"data-{agency}") / "source.db", tables)
        site.give(f"data-{agency}", HEDUI)
    site.give("data-kafka", KAFKA)


def _share_database_password(site: Site) -> None:
    """Give server and hub the same password, each in a file of its own."""
    password = _secret(site.volume("keys-store-hub") / "hub.password")
    write_new(site.volume("keys-hub") / "store.password", password)
    site.give("keys-store-hub", POSTGRES)
    site.give("keys-hub", HEDUI)


def _copy_certificates(site: Site, ca: Path) -> None:
    """Put what the authority issued, certificates only, where hub and administrator read it."""
    folder = site.volume("certificates")
    for certificate in sorted((ca / "issued").rglob("*.pem")):
        copy = folder / certificate.relative_to(ca)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(certificate.read_bytes())
    site.give("certificates", HEDUI, mode=0o755)


def _write_tables(file: Path, agency: str) -> None:
    tables: list[Table] = []
    for source in sorted((shipped_data() / "tables" / agency).glob("*.csv")):
        table, _ = read_table(source, source.name, resources()[source.stem])
        if table is not None:
            tables.append(table)
    write_sqlite(file, [Content(table.resource, table.items, table.rows) for table in tables])


def _secret(file: Path) -> bytes:
    value = secrets.token_hex(32).encode()
    write_new(file, value)
    return value


if __name__ == "__main__":
    sys.exit(main())
