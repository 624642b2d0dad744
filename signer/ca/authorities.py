"""The authorities of a CA directory: which certificates are accepted, and their keys.

The layout stands in `signer.ca.files`.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from schemas.errors import ConfigError
from signer.ca.issue import Authority
from signer.certificates import key_id
from signer.errors import KeyFileError
from signer.keydirectory import file_key, read_certificates, read_private_key
from signer.suites.keys import P256, SM2

ISSUING = "issuing"
LINKS = "links.pem"
_SUITE_FOLDERS = {SM2: "sm2"}


class CaError(ConfigError):
    """The CA directory is not in a state that allows what was asked."""


def suite_folder(ca: Path, suite: str) -> Path:
    """Return the folder of a suite's root and issuing authority."""
    return ca if suite == P256 else ca / _SUITE_FOLDERS[suite]


def has_suite(ca: Path, suite: str) -> bool:
    """Whether a CA directory has a root and issuing authority of a suite."""
    return (suite_folder(ca, suite) / f"{ISSUING}.pem").exists()


def issuing_authority(ca: Path, passphrase: bytes) -> Authority:
    """Return the present issuing authority of a CA directory, its key opened.

    Raises:
        CaError: `CA_MISSING`.
        KeyFileError: The key cannot be read or opened.
    """
    return open_authority(ca, ISSUING, authorities(ca, ISSUING)[0], passphrase)


def open_authority(folder: Path, name: str, der: bytes, passphrase: bytes) -> Authority:
    """Return an authority with its key opened.

    Args:
        folder: The directory with its key.
        name: `root` or `issuing`.
        der: Its certificate.
        passphrase: Opens its key.

    Raises:
        KeyFileError: The key cannot be read or opened, or is of another authority.
    """
    later = folder / later_key_file(name, key_id(der))
    path = later if later.exists() else folder / f"{name}.key"
    key = file_key(der, read_private_key(path, passphrase), path).private_key
    return Authority(x509.load_der_x509_certificate(der), key)


def later_key_file(name: str, key: bytes) -> str:
    """Return the name of the key file of an authority that is not the first."""
    return f"{name}-{key.hex()[:16]}.key"


def authorities(ca: Path, name: str) -> tuple[bytes, ...]:
    """Return the accepted certificates (DER) of `root` or `issuing`, the present one first.

    Raises:
        CaError: `CA_MISSING`.
        KeyFileError: The file cannot be read.
    """
    authority_pem(ca, name)
    return read_certificates(ca / f"{name}.pem")


def links(ca: Path) -> tuple[bytes, ...]:
    """Return what earlier roots certified of later roots' keys (DER); nothing while there is none.

    Raises:
        KeyFileError: The file cannot be read.
    """
    try:
        return read_certificates(ca / LINKS)
    except KeyFileError as error:
        if error.code != "KEY_FILE_MISSING":
            raise
        return ()


def authority_pem(ca: Path, name: str) -> bytes:
    """Return the PEM bytes of the accepted certificates of `root` or `issuing`.

    Raises:
        CaError: `CA_MISSING`.
        KeyFileError: The file cannot be read.
    """
    path = ca / f"{name}.pem"
    try:
        return b"".join(pem(x509.load_der_x509_certificate(der)) for der in read_certificates(path))
    except KeyFileError as error:
        if error.code != "KEY_FILE_MISSING":
            raise
        raise CaError(
            "CA_MISSING",
            "此目录不是签发机构目录",
            "this is not a CA directory",
            remedy_zh="请先执行 hedui ca init",
            remedy_en="Run `hedui ca init` first",
            where=str(path),
        ) from None


def pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)
