"""Which daemon a command calls, over which way in, with whose token.

A command's own `--socket` or `-c` comes first, then `--url` (or HEDUI_URL), which stand before the
command's name, then HEDUI_SOCKET. A token is only ever read from a file.
"""

from __future__ import annotations

import os
import re
import socket as sockets
import ssl
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bus.config.load import load_config
from bus.errors import ConfigError, InputError, UnavailableError
from signer.secretfiles import read_secret

SOCKET_VARIABLE = "HEDUI_SOCKET"
URL_VARIABLE = "HEDUI_URL"
TOKEN_VARIABLE = "HEDUI_TOKEN_FILE"  # noqa: S105 - the name of a variable that names a file

CONNECT_SECONDS = 5.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Remotely:
    """What stood before the command's name: where to call over TLS, and the file with the token."""

    url: str = ""
    ca: Path | None = None
    token_file: Path | None = None


@dataclass(frozen=True, slots=True)
class SocketDoor:
    """A daemon's Unix socket."""

    path: Path

    @property
    def where(self) -> str:
        """The socket's path."""
        return os.fspath(self.path)

    @property
    def base(self) -> str:
        """What paths of the API are under."""
        return "http://hedui/api/v1/"

    def transport(self) -> httpx.HTTPTransport:
        """Return the transport to it."""
        # A context that trusts nobody: the default one reads every root of the system, for nothing.
        return httpx.HTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), uds=self.where)

    def check(self) -> None:
        """Check that somebody listens.

        Raises:
            UnavailableError: `DAEMON_UNREACHABLE`.
        """
        # Before the HTTP library tries: it leaks the socket of a connection that was refused.
        with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as probe:
            probe.settimeout(CONNECT_SECONDS)
            try:
                probe.connect(self.where)
            except OSError as error:
                raise unreachable(self.where) from error


@dataclass(frozen=True, slots=True)
class TlsDoor:
    """A daemon's API over TLS: its certificate and host name are checked, nothing is waived."""

    url: str
    context: ssl.SSLContext

    @property
    def where(self) -> str:
        """The URL."""
        return self.url

    @property
    def base(self) -> str:
        """What paths of the API are under."""
        return f"{self.url.rstrip('/')}/api/v1/"

    def transport(self) -> httpx.HTTPTransport:
        """Return the transport to it."""
        return httpx.HTTPTransport(verify=self.context)

    def check(self) -> None:
        """Check that the daemon is there and shows a certificate that we trust.

        Raises:
            UnavailableError: `DAEMON_UNREACHABLE`, `SERVER_NOT_TRUSTED`, `SERVER_NOT_TLS`.
        """
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or 443
        try:
            with (
                sockets.create_connection((host, port), CONNECT_SECONDS) as plain,
                self.context.wrap_socket(plain, server_hostname=host),
            ):
                return
        except ssl.SSLCertVerificationError as error:
            raise UnavailableError(
                "SERVER_NOT_TRUSTED",
                f"对方的证书未通过核验（{error.verify_message}）",
                f"the certificate shown there is not trusted ({error.verify_message})",
                remedy_zh="请核对 --ca 根证书文件，并确认地址中的主机名写在对方证书中",
                remedy_en="Check the --ca file, and that the certificate names the URL's host",
                where=self.url,
            ) from None
        except ssl.SSLError as error:
            raise UnavailableError(
                "SERVER_NOT_TLS",
                f"TLS 握手失败（{error.reason}）",
                f"the TLS handshake failed ({error.reason})",
                remedy_zh="请核对地址与端口是否为 [http] api_listen",
                remedy_en="Check that the port is that of [http] api_listen",
                where=self.url,
            ) from None
        except OSError as error:
            raise unreachable(self.url) from error


Door = SocketDoor | TlsDoor


_BEFORE: ContextVar[Remotely] = ContextVar("before the command's name", default=Remotely())  # noqa: B039 - frozen


def note_before(found: Remotely) -> None:
    """Note what stood before the command's name, for the command that follows."""
    _BEFORE.set(found)


def remotely() -> Remotely:
    """Return what stood before the command's name."""
    return _BEFORE.get()


def door_of(socket: Path | None, config: Path | None) -> Door:
    """Return the way in to the daemon that is meant.

    Args:
        socket: The command's `--socket`.
        config: The command's `--config`.

    Raises:
        ConfigError: `SOCKET_UNKNOWN` when nothing says, `SOCKET_NOT_CONFIGURED`, `CA_UNUSABLE`; and
            as `load_config`.
        InputError: `URL_NOT_TLS`.
    """
    if socket is not None:
        return SocketDoor(socket)
    if config is not None:
        return SocketDoor(_configured(config))
    before = remotely()
    if before.url:
        return tls_door(before.url, before.ca)
    if os.environ.get(SOCKET_VARIABLE):
        return SocketDoor(Path(os.environ[SOCKET_VARIABLE]))
    raise ConfigError(
        "SOCKET_UNKNOWN",
        "没有说明连接哪个守护进程",
        "it is not said which daemon to call",
        remedy_zh=f"请加 -c 配置文件 或 --socket 路径，或设置环境变量 {SOCKET_VARIABLE}；"
        f"远程则用 {URL_VARIABLE}",
        remedy_en=f"Add -c FILE or --socket PATH, or set {SOCKET_VARIABLE} (or {URL_VARIABLE})",
    )


def tls_door(url: str, ca: Path | None) -> TlsDoor:
    """Return the way in over TLS, 1.2 at least.

    Args:
        url: `https://host:port`.
        ca: The root it must lead to, PEM; None for those the system trusts.

    Raises:
        InputError: `URL_NOT_TLS`: a token is not sent in clear.
        ConfigError: `CA_UNUSABLE`.
    """
    if not re.fullmatch(r"https://[^\s/?#@]+/?", url):
        raise InputError(
            "URL_NOT_TLS",
            "地址须为 https://主机:端口",
            "the URL must be https://host:port",
            remedy_zh="令牌与个人信息不以明文传送",
            remedy_en="Neither tokens nor personal data travel in clear",
            where="--url",
        )
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError):
        raise ConfigError(
            "CA_UNUSABLE",
            "根证书文件无法读取",
            "the CA file cannot be read",
            remedy_zh="应为 PEM 格式的根证书",
            remedy_en="It must hold the root certificate, PEM",
            where="--ca",
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return TlsDoor(url, context)


def token_of() -> str:
    """Return the token in the file that is named, empty where none is.

    Raises:
        KeyFileError: As `read_secret`: others can read it, say.
        InputError: `TOKEN_FILE`: it holds no token.
    """
    file = remotely().token_file
    if file is None:
        return ""
    text = read_secret(file).decode("ascii", "replace").strip()
    if not _TOKEN.fullmatch(text):
        raise InputError(
            "TOKEN_FILE",
            "令牌文件的内容不是令牌",
            "the token file holds no token",
            remedy_zh="应为一行令牌（hedui operator token new --out）",
            remedy_en="It holds one line: hedui operator token new --out",
            where=os.fspath(file),
        )
    return text


def unreachable(where: str) -> UnavailableError:
    """Return the error of a daemon that does not answer at all."""
    return UnavailableError(
        "DAEMON_UNREACHABLE",
        "无法连接守护进程",
        "the daemon cannot be reached",
        remedy_zh="请检查进程是否在运行、套接字路径或地址是否正确、当前用户是否为其属主",
        remedy_en="Check that it runs, that the path or URL is right and that you are its user",
        where=where,
    )


def _configured(config: Path) -> Path:
    configured = load_config(config).http.socket
    if configured is None:
        raise ConfigError(
            "SOCKET_NOT_CONFIGURED",
            "该进程没有操作接口",
            "that process has no operator's API",
            remedy_zh="请用部中心或节点的配置，或补充 [http] socket",
            remedy_en="Use the configuration of a hub or node, or add [http] socket",
            where=f"{config} [http] socket",
        )
    return configured
