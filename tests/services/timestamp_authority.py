"""A timestamping authority of the tests' own: OpenSSL's `ts`, with certificates made here.

It can be asked directly, or over HTTP on a free port of 127.0.0.1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signer.timestamps import request_bytes

OPENSSL = shutil.which("openssl") or "openssl"

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None and not os.environ.get("HEDUI_CI"),
    reason="TIMESTAMPS NOT TESTED: no openssl here",
)
"""Tests that ask an authority; in CI they fail rather than skip."""

_CONFIG = """
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.32473.1
digests = sha256
accuracy = secs:0, millisecs:500
ordering = no
tsa_name = no
ess_cert_id_chain = no
"""


class TimestampAuthority:
    """Root, an authority between if asked, and the authority's own certificate in a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        between: bool = False,
        start: timedelta = timedelta(hours=-1),
        end: timedelta = timedelta(days=30),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        now = datetime.now(UTC)
        self._period = now + start, now + end
        root_key = ec.generate_private_key(ec.SECP256R1())
        root = self._certificate("Test TSA Root", root_key, None, root_key)
        self.chain = [root]
        above, key = root, root_key
        if between:
            key = ec.generate_private_key(ec.SECP256R1())
            above = self._certificate("Test TSA Issuing", key, root, root_key)
            self.chain.append(above)
        own_key = ec.generate_private_key(ec.SECP256R1())
        own = self._certificate("Test TSA", own_key, above, key, leaf=True)
        self._write("tsa.pem", own.public_bytes(Encoding.PEM))
        pem = own_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._write("tsa.key", pem)
        self._write("ca.pem", b"".join(c.public_bytes(Encoding.PEM) for c in self.chain))
        self._write("root.pem", root.public_bytes(Encoding.PEM))
        self._write("serial", b"01\n")
        self._write("openssl.cnf", _CONFIG.format(folder=folder).encode())
        self.asked: list[bytes] = []
        self.answers: list[bytes] = []
        """Answers to give before honest ones, e.g. a broken one."""

    @property
    def ca_file(self) -> Path:
        """Root and the authority between."""
        return self.folder / "ca.pem"

    @property
    def certificates(self) -> list[bytes]:
        """The same as DER."""
        return [c.public_bytes(Encoding.DER) for c in self.chain]

    @property
    def root(self) -> bytes:
        """DER of the root."""
        return self.certificates[0]

    def answer(self, request: bytes) -> bytes:
        """Answer a request (TimeStampReq, DER), as `openssl ts -reply` does."""
        self.asked.append(request)
        self._write("request.tsq", request)
        output = self.folder / "response.tsr"
        command = [
            *(OPENSSL, "ts", "-reply", "-config", self.folder / "openssl.cnf"),
            *("-section", "authority", "-queryfile", self.folder / "request.tsq", "-out", output),
        ]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own arguments
        return output.read_bytes()

    def stamp(self, data: bytes) -> tuple[bytes, list[bytes]]:
        """Return the answer over some bytes, and the certificates to judge it by."""
        return self.answer(request_bytes(data)), self.certificates

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Answer over HTTP; yields the address."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                fits = self.headers["content-type"] == "application/timestamp-query"
                canned = authority.answers.pop(0) if authority.answers else None
                answer = authority.answer(body) if canned is None else canned
                self.send_response(200 if fits and answer else 503)
                self.send_header("content-type", "application/timestamp-reply")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                return

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}/"
            finally:
                server.shutdown()
                thread.join()

    def _certificate(self, name, key, issuer, signing, *, leaf=False) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        start, end = self._period
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(not leaf, None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
                critical=False,
            )
        )
        if leaf:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(signing, hashes.SHA256())

    def _write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)
