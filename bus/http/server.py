"""Runs the faces inside the daemon's event loop. The daemon owns the signals, uvicorn none.

Health and metrics in clear on TCP, the operator's API on a Unix socket, and over TLS where that is
configured. Never is the operator's API served in clear.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from bus.daemon.access.gate import Door, Gate
from bus.daemon.admission.service import AdmissionService
from bus.daemon.assemble import Participant
from bus.daemon.conformance.examiner import Examiner
from bus.daemon.run import Face
from bus.daemon.service import Service
from bus.errors import ConfigError
from bus.http.operator import operator_app
from bus.http.public import Facts, Ready, public_app, readiness
from bus.http.sockets import listen_tcp, listen_unix, peer_uid, remove_unix, url_of
from bus.http.tls import ServerFiles, server_context
from bus.logs.setup import Logger

DRAIN_SECONDS = 10
"""How long open requests may take to end once the daemon stops."""


def faces(
    service: Service,
    centre: Participant,
    examiner: Examiner,
    admissions: AdmissionService | None = None,
) -> list[Face]:
    """Return the faces of a hub or a node: health and metrics on TCP, operators on the socket.

    Where an address is configured for it, operators are served over TLS as well.

    Args:
        service: The centre's operations.
        centre: The centre.
        examiner: How the hub tests; of no effect at a node.
        admissions: The hub's admission of participants.

    Raises:
        ConfigError: `SOCKET_NOT_CONFIGURED`: a centre nobody can operate is of no use;
            `API_CERTIFICATE`.
        KeyFileError: The key of the API's certificate cannot be used.
    """
    section = centre.config.http
    path = section.socket
    if path is None:
        raise ConfigError(
            "SOCKET_NOT_CONFIGURED",
            "没有配置操作接口的套接字",
            "the operator's socket is not configured",
            remedy_zh="请在配置中补充 [http] socket",
            remedy_en="Add [http] socket to the configuration",
            where="[http] socket",
        )
    public = public_app(centre.gauges, readiness(centre), centre.log)
    # One gate for both doors: what it remembers of failures holds for the process.
    gate = Gate(service.office, service.store, centre.gauges.metrics, centre.log)
    operator = operator_app(service, centre.log, admissions, examiner, gate=gate)
    secure = None
    if section.api_listen is not None:
        afar = operator_app(service, centre.log, admissions, examiner, gate=gate, door=Door.TLS)
        secure = Secure(afar, section.api_listen, server_context(_files_of(centre)))

    async def face(stopping: asyncio.Event) -> None:
        await serve(
            public,
            section.listen,
            stopping,
            centre.log,
            operator=operator,
            path=path,
            secure=secure,
        )

    return [face]


def _files_of(centre: Participant) -> ServerFiles:
    """Return what the API shows: its own certificate, or else the participant's for TLS."""
    section, ring = centre.config.http, centre.ring
    if section.api_certificate is not None and section.api_key is not None:
        return ServerFiles.read(
            section.api_certificate, section.api_key, section.api_passphrase_file
        )
    return ServerFiles(ring.tls_certificate, ring.tls_key, ring.passphrase)


def health_face(participant: Participant, also: Ready, facts: Facts) -> Face:
    """Return the face of an adapter: health and metrics on TCP only.

    Args:
        participant: The adapter.
        also: What it needs besides to be ready: its source.
        facts: What `/readyz` tells besides.
    """
    ready, log = readiness(participant, also), participant.log
    public = public_app(participant.gauges, ready, log, facts)

    async def face(stopping: asyncio.Event) -> None:
        await serve(public, participant.config.http.listen, stopping, participant.log)

    return face


@dataclass(frozen=True, slots=True)
class Secure:
    """The operator's API over TLS: the application, where it listens, what it shows."""

    app: FastAPI
    listen: str
    context: ssl.SSLContext


async def serve(
    public: FastAPI,
    listen: str,
    stopping: asyncio.Event,
    log: Logger,
    *,
    operator: FastAPI | None = None,
    path: Path | None = None,
    secure: Secure | None = None,
    on_url: Callable[[str], None] | None = None,
    on_api_url: Callable[[str], None] | None = None,
) -> None:
    """Serve until the event is set, then let open requests end.

    Args:
        public: Health and metrics.
        listen: Where, `host:port`; port 0 takes a free one.
        stopping: Set to stop.
        log: Receives the addresses. What uvicorn logs goes where `bus.logs.foreign` sends it.
        operator: The operator's API, where there is one.
        path: Its socket.
        secure: The operator's API over TLS, where it is served so too.
        on_url: Told the public URL once connections are taken.
        on_api_url: Told the API's URL, before that.

    Raises:
        ConfigError: An address cannot be listened at; nothing is served then.
    """
    with ExitStack() as stack:
        opened = _sockets(listen, path if operator is not None else None)
        tcp, unix = stack.enter_context(opened)
        servers = [(_server(public, H11Protocol), tcp)]
        if secure is not None:
            far = stack.enter_context(listen_tcp(secure.listen, "[http] api_listen"))
            servers.append((_server(secure.app, H11Protocol, secure.context), far))
            api_url = url_of(far, "https")
            log.info("http.listening", url=api_url)
            if on_api_url is not None:
                on_api_url(api_url)
        if operator is not None and unix is not None:
            servers.append((_server(operator, _OperatorProtocol), unix))
        url = url_of(tcp)
        log.info("http.listening", url=url, socket="" if path is None else os.fspath(path))
        if on_url is not None:
            on_url(url)
        async with asyncio.TaskGroup() as group:
            for server, listening in servers:
                group.create_task(server.serve([listening]))
            await stopping.wait()
            for server, _ in servers:
                server.should_exit = True


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals alone."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none: the daemon drains all its parts together."""
        yield


class _OperatorProtocol(H11Protocol):
    """HTTP over the operator's socket: only root and the daemon's own user are served.

    The mode of the socket file says the same; this holds even where somebody widened it. The uid
    goes into the request's `client`, from where it is logged.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        found: Any = transport.get_extra_info("socket")
        uid = peer_uid(found.fileno())
        if uid is None:
            return
        if uid not in {0, os.geteuid()}:
            transport.abort()
            return
        self.client = ("uid", uid)


def _server(
    app: FastAPI, protocol: type[asyncio.Protocol], context: ssl.SSLContext | None = None
) -> _Server:
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    config.load()
    # Made by us: what uvicorn makes of file names asks a terminal for a passphrase.
    config.ssl = context
    return _Server(config)


@contextmanager
def _sockets(
    listen: str, path: Path | None
) -> Iterator[tuple[socket.socket, socket.socket | None]]:
    with listen_tcp(listen) as tcp:
        if path is None:
            yield tcp, None
            return
        with listen_unix(path) as unix:
            inode = path.lstat().st_ino
            try:
                yield tcp, unix
            finally:
                remove_unix(path, inode)
