"""The operator's API over TLS: which certificate it shows, and that nothing weaker is spoken."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from bus.errors import ConfigError
from signer.secretfiles import read_passphrase, read_secret

_PASSPHRASE_BYTES = 1024
"""OpenSSL takes no longer one."""


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """Certificate chain and key, PEM; `passphrase` opens the key, empty where it is in clear."""

    certificate: Path
    key: Path
    passphrase: bytes = b""

    @classmethod
    def read(cls, certificate: Path, key: Path, passphrase_file: Path | None) -> ServerFiles:
        """Return the files, the passphrase read.

        Raises:
            KeyFileError: As `read_passphrase`.
        """
        return cls(
            certificate, key, b"" if passphrase_file is None else read_passphrase(passphrase_file)
        )


def server_context(files: ServerFiles) -> ssl.SSLContext:
    """Return the server's side of TLS: 1.2 at least, 1.3 wherever the client has it.

    A client shows no certificate: who calls is known by its token.

    Raises:
        KeyFileError: The key can be read by others, or not at all.
        ConfigError: `API_CERTIFICATE`: certificate and key are unfit.
    """
    read_secret(files.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    try:
        # Given as a function, so that OpenSSL never asks a terminal for the passphrase.
        context.load_cert_chain(
            files.certificate, files.key, password=lambda: files.passphrase[:_PASSPHRASE_BYTES]
        )
    except (OSError, ssl.SSLError, ValueError):
        raise ConfigError(
            "API_CERTIFICATE",
            "远程操作接口的证书与私钥无法加载：格式有误、口令不符或两者不匹配",
            "certificate and key of the API do not load: malformed, wrong passphrase, or no pair",
            remedy_zh="请核对 [http] api_certificate、api_key、api_passphrase_file",
            remedy_en="Check [http] api_certificate, api_key and api_passphrase_file",
            where=str(files.certificate),
        ) from None
    return context
