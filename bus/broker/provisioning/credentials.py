"""Who the administrator is: the TLS material of `hub-admin` and the principal it stands for.

Its directory holds `tls.pem` (leaf, then its issuing authority), `tls.key` and `root.pem`; no
signing and no encryption key, for it signs nothing and reads no message.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from bus.broker.provisioning.rights import is_participant
from bus.broker.settings import TlsFiles
from bus.errors import ConfigError
from bus.ports.broker_errors import tls_failed
from signer.directory.view import KeyUse
from signer.keydirectory import (
    ROOT,
    certificate_file,
    file_key,
    key_file,
    read_certificates,
    read_private_key,
)
from signer.secretfiles import read_passphrase


def read_credentials(
    directory: Path, passphrase_file: Path, ca_file: Path | None = None
) -> tuple[TlsFiles, str]:
    """Return the administrator's TLS material and its principal, e.g. `User:hub-admin.g1`.

    Args:
        directory: Its key directory.
        passphrase_file: File with the passphrase of its private key.
        ca_file: Authorities of the brokers' certificates; `root.pem` of the directory by default.

    Raises:
        KeyFileError: A file is missing, open to others, malformed, or does not belong to the rest.
        ConfigError: `ADMIN_IS_PARTICIPANT`: whoever sends messages may not hand out rights.
        BrokerRefused: `BROKER_TLS`: the passphrase is no text, which the client needs.
    """
    certificate, key = directory / certificate_file(KeyUse.TLS), directory / key_file(KeyUse.TLS)
    passphrase = read_passphrase(passphrase_file)
    leaf = read_certificates(certificate)[0]
    file_key(leaf, read_private_key(key, passphrase), key)
    files = TlsFiles(
        ca=ca_file or directory / ROOT,
        certificate=certificate,
        key=key,
        passphrase=_text(passphrase, passphrase_file),
    )
    subject = x509.load_der_x509_certificate(leaf).subject
    names = [str(name.value) for name in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    principal = f"User:{names[0] if names else ''}"
    if is_participant(principal):
        raise ConfigError(
            "ADMIN_IS_PARTICIPANT",
            "这是参与方的证书，不得用于管理主题与权限",
            "This is a participant's certificate; it may not administer topics and rights",
            remedy_zh="请用 hedui ca issue-service hub-admin 签发的证书",
            remedy_en="Use the one that `hedui ca issue-service hub-admin` issues",
            where=str(certificate),
        )
    return files, principal


def _text(passphrase: bytes, path: Path) -> str:
    try:
        return passphrase.decode()
    except UnicodeDecodeError:
        raise tls_failed(
            "口令文件不是 UTF-8 文本", "The passphrase is not UTF-8 text", str(path)
        ) from None
