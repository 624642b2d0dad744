"""A real HTTP service for tests: uvicorn on 127.0.0.1, in clear or over TLS, says what it is told.

A test sets `answer`, a function from a `Request` to a `Response`, sync or async; it runs in the
service's own loop. `Hold` lets it wait for the test. `asked` keeps what arrived.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import ssl
import threading
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import Response

from bus.http.sockets import listen_tcp, url_of

DEADLINE = 30.0
"""Seconds that anything here may take on a busy machine."""

Answer = Callable[["Asked"], Response | Awaitable[Response]]


@dataclass(frozen=True)
class Asked:
    """What arrived: `json` is the body read, None where there is none."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body) if self.body else None


def reply(document: object, status: int = 200, **headers: str) -> Response:
    """Return a JSON answer."""
    body = json.dumps(document, ensure_ascii=False).encode()
    return raw(body, status, "application/json", **headers)


def raw(body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> Response:
    """Return an answer of these very bytes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(body, status, {**named, "content-type": kind})


@dataclass
class RestSite:
    """One service; `start` and `stop` belong to whoever makes it."""

    context_files: tuple[Path, Path, Path | None] | None = None
    answer: Answer = field(default=lambda _: reply({}))
    asked: list[Asked] = field(default_factory=list)

    def start(self) -> None:
        self._listening = listen_tcp("127.0.0.1:0")
        self.url = url_of(self._listening, "https" if self.context_files else "http")
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            date_header=False,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        config.load()
        if self.context_files:
            config.ssl = server_context(*self.context_files)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(DEADLINE)
        self._listening.close()

    def reset(self) -> None:
        self.asked.clear()
        self.answer = lambda _: reply({})

    @property
    def port(self) -> int:
        return self._listening.getsockname()[1]

    def _run(self) -> None:
        asyncio.run(self._server.serve([self._listening]))

    async def _app(self, scope, receive, send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        asked = Asked(
            request.method,
            request.url.path,
            dict(request.query_params),
            dict(request.headers),
            body,
        )
        self.asked.append(asked)
        found = self.answer(asked)
        response = found if isinstance(found, Response) else await found
        await response(scope, receive, send)


class Hold:
    """Makes answers wait until the test lets them go."""

    def __init__(self) -> None:
        self._gone = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.waiting = threading.Event()

    async def __call__(self, response: Response) -> Response:
        self._loop = asyncio.get_running_loop()
        self.waiting.set()
        await self._gone.wait()
        return response

    def release(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._gone.set)


@contextmanager
def rest_site(context_files: tuple[Path, Path, Path | None] | None = None):
    """Run a service; with files, over TLS: certificate, key, whose clients are let in."""
    site = RestSite(context_files)
    site.start()
    try:
        yield site
    finally:
        site.stop()


def server_context(certificate: Path, key: Path, clients: Path | None):
    """Return the service's side of TLS; with `clients`, only theirs are let in."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    return context


class Authority:
    """A certificate authority of the tests' own, in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        own = self._certificate(self._name, self._key.public_key(), leaf=False)
        self.file = folder / "ca.pem"
        self.file.write_bytes(own.public_bytes(Encoding.PEM))

    def issue(self, name: str, passphrase: bytes | None = None) -> tuple[Path, Path]:
        """Return certificate and key (0600) of 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._certificate(subject, key.public_key(), leaf=True)
        files = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        locked = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        files[1].touch(0o600)
        files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
        return files

    def _certificate(self, subject, public, *, leaf: bool):
        now = datetime.now(UTC)
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=not leaf, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
