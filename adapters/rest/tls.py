"""Whom the service is to be, and who we are to it: its authority, our certificate."""

from __future__ import annotations

import ssl
from pathlib import Path

from adapters.rest.address import is_clear
from adapters.rest.mapping import RestMapping
from adapters.secret_file import read_source_secret
from bus.errors import ConfigError
from signer.secretfiles import read_secret

_PASSPHRASE_BYTES = 1024
"""OpenSSL takes no longer one."""


def client_context(mapping: RestMapping) -> ssl.SSLContext:
    """Return the client's side of TLS: 1.2 at least; the service must show a certificate.

    Raises:
        ConfigError: `SOURCE_CERTIFICATE` when a file does not load; as `read_secret` and
            `read_source_secret` of the key and its passphrase.
    """
    source, folder = mapping.source, mapping.folder
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # requires a certificate and its host name
    try:
        if source.ca_file:
            context.load_verify_locations(folder / source.ca_file)
        elif not all(map(is_clear, source.urls)):
            context.load_default_certs()
    except (OSError, ssl.SSLError):
        raise _unfit(f"{mapping.where}: source.ca_file") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if source.client_certificate and source.client_key:
        passphrase = ""
        if source.client_key_passphrase_file:
            passphrase = read_source_secret(folder / source.client_key_passphrase_file)
        key = folder / source.client_key
        read_secret(key)
        _show(context, folder / source.client_certificate, key, passphrase, mapping.where)
    return context


def _show(
    context: ssl.SSLContext, certificate: Path, key: Path, passphrase: str, where: str
) -> None:
    try:
        # Given as a function, so that OpenSSL never asks a terminal for the passphrase.
        context.load_cert_chain(
            certificate, key, password=lambda: passphrase.encode()[:_PASSPHRASE_BYTES]
        )
    except (OSError, ssl.SSLError, ValueError):
        raise _unfit(f"{where}: source.client_certificate") from None


def _unfit(where: str) -> ConfigError:
    return ConfigError(
        "SOURCE_CERTIFICATE",
        "证书或私钥无法加载：文件缺失、格式有误、口令不符或两者不匹配",
        "certificate or key does not load: missing, malformed, wrong passphrase, or no pair",
        remedy_zh="请核对 ca_file、client_certificate、client_key",
        remedy_en="Check ca_file, client_certificate and client_key",
        where=where,
    )
