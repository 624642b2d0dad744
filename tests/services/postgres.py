"""A PostgreSQL cluster of the tests' own, made from Debian's package and gone with the session.

It listens on a free port of 127.0.0.1 and on a Unix socket, and lets the user `hedui` in without a
password. The server refuses to run as root: under root it runs as the package's user.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import asyncpg

_INSTALLED = Path("/usr/lib/postgresql")
_USER = "hedui"
_ENDING_SECONDS = 30

_SETTINGS = """
listen_addresses = '127.0.0.1'
max_connections = 50
logging_collector = off
log_min_messages = warning
# Processes are killed here, the machine is not: what the kernel has is as good as on the disk.
fsync = off
full_page_writes = off
"""


def binaries() -> Path | None:
    """The folder of the newest server that is installed, None where there is none."""
    found = [*_INSTALLED.glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: float(path.parts[-3])).parent
    asked = shutil.which("pg_config")
    if asked is None:
        return None
    folder = subprocess.run([asked, "--bindir"], check=True, capture_output=True, text=True)  # noqa: S603 - found on PATH
    folder = Path(folder.stdout.strip())
    return folder if (folder / "initdb").exists() else None


@dataclass
class PostgresCluster:
    """One server process with its data; each test asks it for empty databases.

    Making one takes a second on a busy disk, emptying one milliseconds: `recycle` them.
    """

    folder: Path
    port: int
    binaries: Path
    _server: subprocess.Popen[bytes] | None = None
    _numbers: count = field(default_factory=lambda: count(1))
    _given: list[str] = field(default_factory=list)
    _free: list[str] = field(default_factory=list)

    @classmethod
    def make(cls) -> PostgresCluster:
        """Lay out the data of a new cluster; nothing runs yet."""
        found = binaries()
        if found is None:
            raise FileNotFoundError("no PostgreSQL server is installed")
        # Not below pytest's own folder: the path of a Unix socket may be 107 bytes long.
        folder = Path(tempfile.mkdtemp(prefix="hedui-pg-"))
        if _as_other_user():
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        cluster = cls(folder, port, found)
        cluster._run(
            "initdb", f"--pgdata={folder}/data", f"--username={_USER}", "--auth=trust",
            "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions", "--no-sync",
        )  # fmt: skip
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"{_SETTINGS}port = {port}\nunix_socket_directories = '{folder}'\n")
        return cluster

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603 - the package's own server
                [str(self.binaries / "postgres"), "-D", str(self.folder / "data")],
                stdout=log,
                stderr=log,
                **_identity(),
            )
        ready = [str(self.binaries / "pg_isready"), "-h", str(self.folder), "-p", str(self.port)]
        while subprocess.run(ready, check=False, capture_output=True).returncode != 0:  # noqa: S603 - as above
            if self._server.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text())

    def stop(self) -> None:
        """Stop the server, ending its sessions."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)  # ends sessions, then itself
            self._server.wait(_ENDING_SECONDS)
            self._server = None

    def kill(self) -> None:
        """End the server as a power cut would, as far as its processes go."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)  # no checkpoint, sessions cut off
            self._server.wait(_ENDING_SECONDS)
            self._server = None

    def remove(self) -> None:
        """End the server and delete the cluster."""
        self.kill()
        shutil.rmtree(self.folder)

    async def database(self) -> str:
        """Give an empty database; returns its store URL, over the Unix socket."""
        if self._free:
            name = self._free.pop()
            ended = (
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - our own name
            )
            await self.execute("postgres", ended, f"ALTER DATABASE {name} RESET ALL")
            await self.execute(
                name,
                "DROP SCHEMA IF EXISTS public CASCADE",
                "CREATE SCHEMA public",
                "GRANT USAGE ON SCHEMA public TO PUBLIC",
            )
        else:
            name = f"store{next(self._numbers)}"
            await self.execute("postgres", f"CREATE DATABASE {name}")
        self._given.append(name)
        return f"postgresql+asyncpg://{_USER}@:{self.port}/{name}?host={self.folder}"

    def recycle(self) -> None:
        """Take back the databases given so far: the test that had them is over."""
        self._free += self._given
        self._given.clear()

    def over_tcp(self, url: str) -> str:
        """The same database by its loopback address."""
        return f"postgresql+asyncpg://{_USER}@127.0.0.1:{self.port}/{name_of(url)}"

    def client(self, program: str, *arguments: str) -> None:
        """Run a client program of the package on the cluster, e.g. `pg_dump`."""
        place = ["-h", str(self.folder), "-p", str(self.port), "-U", _USER]
        command = [str(self.binaries / program), *place, *arguments]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - as above

    async def execute(self, database: str, *statements: str) -> None:
        """Run statements on a database, each on its own, as the superuser."""
        connection = await self.connect(database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def connect(self, database: str) -> asyncpg.Connection:
        """A connection of a test's own, besides the store's."""
        return await asyncpg.connect(
            host=str(self.folder), port=self.port, user=_USER, database=database, ssl=False
        )

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = (str(self.binaries / program), *arguments)
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **_identity())  # noqa: S603 - as above


def name_of(url: str) -> str:
    """The database in a URL of the cluster's."""
    return url.partition("?")[0].rpartition("/")[2]


def _as_other_user() -> bool:
    return os.geteuid() == 0


def _identity() -> dict[str, object]:
    if not _as_other_user():
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}
