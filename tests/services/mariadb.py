"""A MariaDB server of the tests' own, made from Debian's package and gone with the session.

It listens on a free port of 127.0.0.1 and on a Unix socket, reads no configuration of the machine,
and lets the user `hedui` in without a password. Under root it runs as the package's user.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import asyncmy
from tls_files import TlsFiles, make_tls_files

_USER = "hedui"
_OS_USER = "mysql"
_ENDING_SECONDS = 30

_SETTINGS = """
[mariadbd]
bind-address = 127.0.0.1
skip-name-resolve
skip-log-bin
innodb_buffer_pool_size = 64M
innodb_log_file_size = 16M
# Processes are killed here, the machine is not: what the kernel has is as good as on the disk.
innodb_flush_log_at_trx_commit = 2
innodb_doublewrite = OFF
"""

_RIGHTS = f"""
CREATE USER IF NOT EXISTS '{_USER}'@'localhost' IDENTIFIED VIA mysql_native_password USING '';
CREATE USER IF NOT EXISTS '{_USER}'@'127.0.0.1' IDENTIFIED VIA mysql_native_password USING '';
GRANT ALL ON *.* TO '{_USER}'@'localhost' WITH GRANT OPTION;
GRANT ALL ON *.* TO '{_USER}'@'127.0.0.1' WITH GRANT OPTION;
"""


def mariadb_missing() -> str | None:
    """What a server of our own lacks here, None where nothing."""
    needed = {
        "mariadbd": _program("mariadbd"),
        "mariadb-install-db": _program("mariadb-install-db"),
    }
    missing = [name for name, found in needed.items() if found is None]
    return ", ".join(missing) or None


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")


@dataclass
class MariaDbServer:
    """One server process with its data; each test asks it for empty databases."""

    folder: Path
    port: int
    tls: TlsFiles
    _server: subprocess.Popen[bytes] | None = None
    _numbers: count = field(default_factory=lambda: count(1))

    @classmethod
    def make(cls) -> MariaDbServer:
        """Lay out the data of a new server; nothing runs yet."""
        # Not below pytest's own folder: the path of a Unix socket may be 107 bytes long.
        folder = Path(tempfile.mkdtemp(prefix="hedui-maria-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = cls(folder, port, make_tls_files(folder))
        (folder / "settings").write_text(
            f"{_SETTINGS}datadir = {folder}/data\nport = {port}\nsocket = {folder}/socket\n"
            f"pid-file = {folder}/pid\ntmpdir = {folder}\nssl-ca = {server.tls.authority}\n"
            f"ssl-cert = {server.tls.certificate}\nssl-key = {server.tls.key}\n"
        )
        (folder / "rights.sql").write_text(_RIGHTS)
        if _as_other_user():
            user = pwd.getpwnam(_OS_USER)
            for path in (folder, *folder.iterdir()):
                os.chown(path, user.pw_uid, user.pw_gid)
        subprocess.run(  # noqa: S603 - the package's own program
            [
                str(_program("mariadb-install-db")), f"--defaults-file={folder}/settings",
                "--skip-test-db", "--auth-root-authentication-method=normal",
            ],
            check=True, capture_output=True, **_identity(),
        )  # fmt: skip
        return server

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        command = [str(_program("mariadbd")), f"--defaults-file={self.folder}/settings"]
        # It runs the file before it greets anybody.
        command.append(f"--init-file={self.folder}/rights.sql")
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(command, stdout=log, stderr=log, **_identity())  # noqa: S603 - as above
        while not self._takes_connections():
            if self._server.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text())

    def stop(self) -> None:
        """Stop the server, ending its sessions."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a power cut would, as far as its process goes."""
        self._end(signal.SIGKILL)

    def remove(self) -> None:
        """End the server and delete its data."""
        self.kill()
        shutil.rmtree(self.folder)

    async def database(self) -> str:
        """Give an empty database; returns its URL, over TCP."""
        name = f"source{next(self._numbers)}"
        await self.execute("mysql", f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return f"mysql+asyncmy://{_USER}@127.0.0.1:{self.port}/{name}"

    async def execute(self, database: str, *statements: str) -> None:
        """Run statements on a database, each on its own, as an account that may do all."""
        await self.insert(database, *((statement, []) for statement in statements))

    async def insert(
        self, database: str, *statements: tuple[str, list[tuple[object, ...]]]
    ) -> None:
        """Run statements, each as often as it has rows; one without rows once."""
        connection = await self.connect(database)
        try:
            async with connection.cursor() as cursor:
                for statement, rows in statements:
                    if rows:
                        await cursor.executemany(statement, rows)
                    else:
                        await cursor.execute(statement)
        finally:
            await connection.ensure_closed()

    async def rows(self, statement: str) -> list[tuple[object, ...]]:
        """The rows of a statement, on a connection of its own."""
        connection = await self.connect("mysql")
        try:
            async with connection.cursor() as cursor:
                await cursor.execute(statement)
                return list(await cursor.fetchall())
        finally:
            await connection.ensure_closed()

    async def connect(self, database: str) -> asyncmy.Connection:
        """A connection of a test's own, besides the connector's."""
        return await asyncmy.connect(
            unix_socket=str(self.folder / "socket"), user=_USER, database=database,
            charset="utf8mb4", autocommit=True,
        )  # fmt: skip

    def _takes_connections(self) -> bool:
        with socket.socket(socket.AF_UNIX) as asked:
            return asked.connect_ex(str(self.folder / "socket")) == 0

    def _end(self, how: signal.Signals) -> None:
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(_ENDING_SECONDS)
            self._server = None


def _as_other_user() -> bool:
    return os.geteuid() == 0


def _identity() -> dict[str, object]:
    if not _as_other_user():
        return {}
    return {"user": _OS_USER, "group": _OS_USER, "extra_groups": []}
