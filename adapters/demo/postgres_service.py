"""One agency's tables in a PostgreSQL server of its own, until SIGTERM or SIGINT.

    python -m adapters.demo.postgres_service --tables DIR --ready-file READY

DIR holds `<resource>.csv`, as `hedui demo --data` has it for one agency. READY appears, with the
URL for an adapter in it, once the tables are there. The cluster is made in a private folder that is
gone afterwards. The server listens on a Unix socket in it and nowhere else, and lets in whoever can
reach that: the folder's owner, and root.

The server refuses to run as root: under root it runs as the package's own user `postgres`, who owns
the folder.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from adapters.demo.rest_service import load_tables
from adapters.sql.postgres_tables import write_postgres
from adapters.sql.sqlite_file import Content
from bus.broker.local.ending import dies_with_parent
from bus.errors import HeduiError

FAILED = 2
PORT = 5432
"""Names the socket; there is no TCP."""

_INSTALLED = Path("/usr/lib/postgresql")
_ACCOUNT = "postgres"
_OWNER, _READER = "agency", "hedui"
_SETTINGS = """
listen_addresses = ''
max_connections = 20
logging_collector = off
# A statement may hold whatever was asked for: it is for no log.
log_min_error_statement = panic
log_checkpoints = off
# Nothing of a run outlives it.
fsync = off
full_page_writes = off
"""
_LOOK_SECONDS = 0.1
_FOR_ALL = 0o001
_LONGEST_PARENT = 70
"""Bytes; a Unix socket's path has at most some hundred."""


def installed() -> Path | None:
    """Return the programs' folder of the newest server that this user can run, or None."""
    found = [*_INSTALLED.glob("*/bin/initdb")]
    if not found or (os.geteuid() == 0 and _account() is None):
        return None
    return max(found, key=lambda path: float(path.parts[-3])).parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the cluster, serve until a signal, take everything away.

    Args:
        arguments: The command line after the program's name; None takes this process's.

    Returns:
        The exit status: 0 after a signal, 2 when tables or server cannot be used.
    """
    options = _parser().parse_args(arguments)
    stopped = _signals()
    programs = installed()
    if programs is None:
        sys.stderr.write("没有安装 PostgreSQL / PostgreSQL is not installed\n")
        return FAILED
    try:
        contents = [Content(t.resource, t.items, t.rows) for t in load_tables(options.tables)]
    except HeduiError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    with _folder() as folder, _cluster(folder, programs, stopped) as server:
        if server is None or not _await_server(programs, folder, server, stopped):
            return 0 if stopped() else FAILED
        asyncio.run(write_postgres(folder, PORT, _OWNER, _READER, contents))
        # Whole or not there: somebody looks for it all the time.
        written = options.ready_file.with_suffix(".part")
        written.write_text(f"postgresql+asyncpg://{_READER}@:{PORT}/postgres?host={folder}")
        written.rename(options.ready_file)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    return 0


def _signals() -> Callable[[], bool]:
    """Keep the signals that end us for `sigwait`; returns whether one is there already."""
    ending = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    return lambda: bool(signal.sigpending() & ending)


@contextmanager
def _folder() -> Iterator[Path]:
    """Make the private folder, where the server's user gets to it and a socket's path is short."""
    parent = Path(tempfile.gettempdir())
    reached = os.geteuid() != 0 or all(
        p.stat().st_mode & _FOR_ALL for p in (parent, *parent.parents)
    )
    if not reached or len(os.fsencode(parent)) > _LONGEST_PARENT:
        parent = Path("/tmp")  # noqa: S108 - mkdtemp makes a private folder in it
    folder = Path(tempfile.mkdtemp(prefix="hedui-pg-", dir=parent))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _ACCOUNT, _ACCOUNT)
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _cluster(
    folder: Path, programs: Path, stopped: Callable[[], bool]
) -> Iterator[subprocess.Popen[bytes] | None]:
    """Make the cluster and start its server; None where that fails, or we are to end before."""
    data = folder / "data"
    if not _initdb(programs, folder, data, stopped):
        yield None
        return
    with (data / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write(f"{_SETTINGS}port = {PORT}\nunix_socket_directories = '{folder}'\n")
    server = subprocess.Popen(  # noqa: S603 - the package's own server
        [str(programs / "postgres"), "-D", str(data)], cwd=folder, **_identity()
    )
    try:
        yield server
    finally:
        server.send_signal(signal.SIGINT)  # ends sessions, then itself
        server.wait()


def _initdb(programs: Path, folder: Path, data: Path, stopped: Callable[[], bool]) -> bool:
    command = [
        *(str(programs / "initdb"), f"--pgdata={data}", f"--username={_OWNER}", "--auth=trust"),
        *("--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions", "--no-sync"),
    ]
    made = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder, **_identity())  # noqa: S603 - as above
    while made.poll() is None:
        if stopped():
            made.terminate()  # it takes away what it has made, and its own server with it
        with suppress(subprocess.TimeoutExpired):
            made.wait(_LOOK_SECONDS)
    return made.returncode == 0


def _await_server(
    programs: Path, folder: Path, server: subprocess.Popen[bytes], stopped: Callable[[], bool]
) -> bool:
    """Wait until the server takes connections; False where it, or we, end before."""
    ready = [str(programs / "pg_isready"), "--quiet", "-h", str(folder), "-p", str(PORT)]
    ready += ["-U", _OWNER, "-d", "postgres"]
    while subprocess.run(ready, check=False).returncode != 0:  # noqa: S603 - as above
        if server.poll() is not None or stopped():
            return False
    return True


def _identity() -> dict[str, Any]:
    """Return how a child is started: as another user where we are root, ending with us."""
    # A child starts with our mask: it must hear the signals that we keep back.
    ending = dies_with_parent()

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
        if ending is not None:
            ending()

    started: dict[str, Any] = {"preexec_fn": prepare, "stdin": subprocess.DEVNULL}
    if os.geteuid() == 0:
        started |= {"user": _ACCOUNT, "group": _ACCOUNT, "extra_groups": []}
    return started


def _account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(_ACCOUNT)
    except KeyError:
        return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m adapters.demo.postgres_service",
        description="机构表格的 PostgreSQL 数据库 / An agency's tables in PostgreSQL",
    )
    parser.add_argument("--tables", type=Path, required=True, help="目录：<信息资源>.csv")
    parser.add_argument("--ready-file", type=Path, required=True, help="就绪文件 / Says it is up")
    return parser


if __name__ == "__main__":
    sys.exit(main())
