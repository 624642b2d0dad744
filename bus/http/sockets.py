"""The listening sockets: TCP for probes, a Unix socket of mode 0600 for operators."""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
import struct
from pathlib import Path

from bus.errors import ConfigError

BACKLOG = 128
MODE = 0o600

_LISTEN = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\s]+)):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65535
_CREDENTIALS = struct.Struct("iII")
"""`struct ucred` of Linux: pid, uid, gid."""
_PROBE_SECONDS = 1.0


def listen_tcp(listen: str, where: str = "[http] listen") -> socket.socket:
    """Return a listening TCP socket.

    Args:
        listen: `host:port` or `[IPv6]:port`; port 0 takes a free one.
        where: The setting that says so, for errors.

    Raises:
        ConfigError: `LISTEN_INVALID`, `LISTEN_FAILED`.
    """
    found = _LISTEN.fullmatch(listen)
    if found is None or int(found["port"]) > _LAST_PORT:
        raise ConfigError(
            "LISTEN_INVALID",
            "监听地址不合规",
            "not an address to listen at",
            remedy_zh="应为 主机:端口，如 127.0.0.1:9464 或 [::1]:9464",
            remedy_en="Use host:port, e.g. 127.0.0.1:9464 or [::1]:9464",
            where=where,
        )
    host, family = found["host"], socket.AF_INET
    if found["six"]:
        host, family = found["six"], socket.AF_INET6
    try:
        return socket.create_server((host, int(found["port"])), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigError(
            "LISTEN_FAILED",
            "无法监听该地址",
            f"cannot listen there ({errno.errorcode.get(error.errno or 0, 'unknown')})",
            remedy_zh="请检查地址是否属于本机、端口是否被占用",
            remedy_en="Check that the address is this machine's and the port is free",
            where=listen,
        ) from error


def url_of(listening: socket.socket, scheme: str = "http") -> str:
    """Return the URL of a listening TCP socket, with the port it really has."""
    host, port = listening.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def listen_unix(path: Path) -> socket.socket:
    """Return a listening Unix socket of mode 0600.

    The mode is set between bind and listen: until listen nobody can connect, so there is no
    moment at which others could. The socket file of a process that died is removed.

    Raises:
        ConfigError: `SOCKET_IN_USE` when another process serves it, `SOCKET_NOT_A_SOCKET` when
            something else is there, `SOCKET_UNUSABLE` when it cannot be made.
    """
    _clear_stale(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(os.fspath(path))
        path.chmod(MODE)
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise ConfigError(
            "SOCKET_UNUSABLE",
            "无法建立操作接口的套接字",
            "the operator's socket cannot be made",
            remedy_zh="请检查目录是否存在、可写，路径不超过 100 字节",
            remedy_en="Check that its folder exists and is writable; a path has at most 100 bytes",
            where=os.fspath(path),
        ) from error
    made.setblocking(False)
    return made


def remove_unix(path: Path, inode: int) -> None:
    """Remove a socket file if it is still the one we made."""
    try:
        if path.lstat().st_ino == inode:
            path.unlink()
    except FileNotFoundError:
        return


def peer_uid(connected: int) -> int | None:
    """Return the uid at the other end of a Unix socket; None where the system does not tell.

    Args:
        connected: File descriptor of the connection.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    with socket.socket(fileno=os.dup(connected)) as twin:
        if twin.family != socket.AF_UNIX:
            return None
        _, uid, _ = _CREDENTIALS.unpack(
            twin.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
        )
    return int(uid)


def _clear_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # nothing there, or a folder that bind will complain about
    if not stat.S_ISSOCK(mode):
        raise ConfigError(
            "SOCKET_NOT_A_SOCKET",
            "套接字路径上已有其他文件",
            "something that is no socket is at the socket's path",
            remedy_zh="请更正 [http] socket，或移走该文件",
            remedy_en="Correct [http] socket, or move it away",
            where=os.fspath(path),
        )
    if _answers(path):
        raise ConfigError(
            "SOCKET_IN_USE",
            "另一进程正在使用此套接字",
            "another process serves this socket",
            remedy_zh="同一参与方只运行一个进程；请先停止另一个",
            remedy_en="A participant runs one process on a machine: stop the other first",
            where=os.fspath(path),
        )
    path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    """Whether a process listens there. Only a plain refusal says that none does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_SECONDS)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True
