"""The database of docker/compose.yaml, started as it says on what its init makes.

Debian's server stands for the image's: the command line, the rules of who may connect, keys and
passwords are the site's own.
"""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from image_recipe import DOCKER

HUB, LOOPBACK = "10.66.0.20/32", "127.0.0.1/32"
PATIENCE = 30


def binaries():
    """The folder of the newest server that is installed, or None."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    folders = sorted(found, key=lambda path: float(path.parts[-3]))
    return folders[-1].parent if folders else None


@dataclass
class Site:
    """What init made, and the server on it."""

    folder: Path
    port: int
    user: dict

    @property
    def password(self):
        return (self.folder / "keys-hub" / "store.password").read_text("utf-8")

    def run(self, tool, *arguments, **variables):
        return subprocess.run(  # noqa: S603 - the package's own tool
            [binaries() / tool, *arguments],
            env={"PATH": "/usr/bin:/bin"} | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            cwd="/",
            **self.user,
        )

    def connect(self, sslmode, password, database="hub"):
        root = self.folder / "keys-hub" / "keys" / "root.pem"
        target = (
            f"host=127.0.0.1 port={self.port} dbname={database} user=hedui sslmode={sslmode}"
            f" sslrootcert={root}"
        )
        asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        return self.run("psql", target, "-qAtc", asked, PGPASSWORD=password)


@pytest.fixture(scope="module")
def site():
    if binaries() is None:
        if os.environ.get("HEDUI_CI"):
            pytest.fail("a PostgreSQL server is needed here (Debian package postgresql)")
        pytest.skip("NO POSTGRESQL: the database of docker/compose.yaml is not tested")
    user = {}
    if os.geteuid() == 0:  # which the server refuses to run as
        found = pwd.getpwnam("postgres")
        user = {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    with tempfile.TemporaryDirectory(prefix="hedui-pg-") as name:
        folder = Path(name)
        subprocess.run(  # noqa: S603 - our own script
            [
                *(sys.executable, DOCKER / "compose" / "init.py", "--keep-owner"),
                *("--out", folder, "--config", DOCKER / "compose" / "config"),
                *("--broker-host", "127.0.0.1", "--store-host", "127.0.0.1"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        rules = (DOCKER / "compose" / "postgres" / "pg_hba.conf").read_text("utf-8")
        assert HUB in rules
        (folder / "pg_hba.conf").write_text(rules.replace(HUB, LOOPBACK), "utf-8")
        if user:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, user["user"], user["group"])
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        site = Site(folder, port, user)
        with started(site) as process:
            yield site
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0


def started(site):
    """Start the server as the image does: a cluster of the given user, then the site's command."""
    keys, data = site.folder / "keys-store-hub", site.folder / "data"
    made = site.run(
        *("initdb", f"--pgdata={data}", "--username=hedui", f"--pwfile={keys}/hub.password"),
        *("--auth=scram-sha-256", "--no-sync"),
    )
    assert made.returncode == 0, made.stderr
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
    name, *command = compose["services"]["postgres"]["command"]
    assert name == "postgres"
    command = [
        word.replace("/keys/", f"{keys}/").replace("/config/", f"{site.folder}/")
        for word in command
    ]
    log = site.folder / "postgres.log"
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - the package's own server
            [
                *(binaries() / "postgres", "-D", data, "-p", str(site.port), "-k", site.folder),
                *("-c", "listen_addresses=127.0.0.1", *command),
            ],
            stdout=said,
            stderr=said,
            env={"PATH": "/usr/bin:/bin"},
            **site.user,
        )
    where = ("-h", str(site.folder), "-p", str(site.port))
    while site.run("pg_isready", *where).returncode != 0:
        assert process.poll() is None, log.read_text("utf-8")
    created = site.run(
        *("psql", *where, "-U", "hedui", "-d", "postgres", "-qc", "CREATE DATABASE hub"),
        PGPASSWORD=site.password,
    )
    assert created.returncode == 0, created.stderr
    return process


def test_the_hub_connects_over_tls_with_its_password(site):
    done = site.connect("verify-full", site.password)
    assert (done.returncode, done.stdout.strip()) == (0, "t"), done.stderr


@pytest.mark.parametrize(
    ("sslmode", "password", "database"),
    [
        ("disable", None, "hub"),
        ("verify-full", "another", "hub"),
        ("verify-full", None, "postgres"),
    ],
    ids=["without TLS", "with another password", "to another database"],
)
def test_nobody_comes_in_otherwise(site, sslmode, password, database):
    done = site.connect(sslmode, password or site.password, database)
    assert done.returncode != 0
    assert "FATAL" in done.stderr
