"""Mutual TLS: the context of a connection, and why a handshake fails."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from datetime import timedelta
from pathlib import Path

from bus.broker.settings import TlsFiles
from bus.ports.broker_errors import BrokerRefused, tls_failed

_PASSPHRASE_BYTES = 1024  # OpenSSL takes no longer one


def tls_context(files: TlsFiles) -> ssl.SSLContext:
    """Return the client side of mutual TLS: at least TLS 1.2, the broker's host name checked.

    Only the authorities in `files.ca` are trusted, none of the system's.

    Raises:
        BrokerRefused: `BROKER_TLS`: a file cannot be read, holds nothing usable, or key,
            certificate and passphrase do not belong together.
    """
    for path in (files.ca, files.certificate, files.key):
        _check_readable(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # requires a certificate and its host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=files.ca)
    except ssl.SSLError as error:
        raise tls_failed(
            "根证书文件无法解析", "The CA file holds no readable certificate", str(files.ca)
        ) from error
    try:
        # Given as a function, so that OpenSSL never asks a terminal for the passphrase.
        context.load_cert_chain(
            files.certificate, files.key, password=lambda: _passphrase(files.passphrase)
        )
    except (ssl.SSLError, ValueError):
        raise tls_failed(
            "证书与私钥无法加载：格式有误、口令不符或两者不匹配",
            "Certificate and key do not load: malformed, wrong passphrase, or not a pair",
            str(files.key),
        ) from None
    return context


async def handshake_fault(
    bootstrap: str, context: ssl.SSLContext, limit: timedelta
) -> BrokerRefused | None:
    """Return why the cluster and we do not trust each other, or None where that is not the case.

    The Kafka client reports an unreachable host and a failed handshake alike; this tells them
    apart by a handshake of our own.

    Args:
        bootstrap: `host:port` pairs separated by commas.
        context: Our side of mutual TLS.
        limit: How long each address may take.
    """
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await _shake_hands(host, int(port), context)
        except ssl.SSLError as error:
            reason = error.reason or type(error).__name__
            return tls_failed(
                f"与消息集群的 TLS 握手失败（{reason}）",
                f"The TLS handshake with the broker failed ({reason})",
                address.strip(),
            )
        except (OSError, ValueError, TimeoutError):
            continue
    return None


async def _shake_hands(host: str, port: int, context: ssl.SSLContext) -> None:
    reader, writer = await asyncio.open_connection(host.strip("[]"), port, ssl=context)
    try:
        # In TLS 1.3 the server's verdict on our certificate comes after the handshake: a broker
        # that takes it stays silent, so silence until the time is over is the good ending.
        await reader.read(1)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _check_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise tls_failed("文件无法读取", "The file cannot be read", str(path)) from error


def _passphrase(text: str) -> bytes:
    passphrase = text.encode()
    if len(passphrase) > _PASSPHRASE_BYTES:
        raise ValueError
    return passphrase
