"""What is handed out beside new certificates: earlier encryption keys, and what TLS sends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from signer.ca.authorities import pem
from signer.certificates import issuers_of, participant_of, to_key
from signer.directory.view import KeyUse
from signer.errors import CertificateError, KeyFileError
from signer.keydirectory import (
    certificate_file,
    file_key,
    key_file,
    private_key_pem,
    read_certificates,
    read_private_key,
    retired_stem,
    retired_stems,
    suites_of,
)
from signer.secretfiles import exists


def earlier_generation(out: Path, participant: str) -> int | None:
    """Return the generation of the participant's keys in `out`, or None when nothing is there.

    Raises:
        KeyFileError: `KEY_FILE_EXISTS` when something else stands there.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    try:
        certificate = read_certificates(out / certificate_file(KeyUse.TLS))[0]
        if participant_of(certificate) == participant:
            return to_key(certificate).generation
    except (KeyFileError, CertificateError):
        pass
    raise exists(out)


def tls_chain(leaf: bytes, issuers: Sequence[bytes], links: Sequence[bytes]) -> bytes:
    """Return what TLS sends behind a leaf, as PEM: its issuer under the present root, the links.

    A peer that trusts an earlier root only gets there by the links. Of the issuer's certificates
    one is sent, because OpenSSL tries no second one.
    """
    chain = (*issuers_of(leaf, issuers)[:1], *links)
    return b"".join(pem(x509.load_der_x509_certificate(der)) for der in chain)


def retired_files(directory: Path, passphrase: bytes) -> dict[str, bytes]:
    """Return the encryption keys of a key directory that is being renewed, under later names.

    Args:
        directory: The key directory.
        passphrase: Opens its keys, and encrypts them in what is returned.

    Raises:
        KeyFileError: A key or certificate cannot be read.
    """
    use = KeyUse.ENCRYPTION
    current = [(certificate_file(use, s), key_file(use, s)) for s in suites_of(directory)]
    earlier = [(f"{stem}.pem", f"{stem}.key") for stem in retired_stems(directory)]
    files: dict[str, bytes] = {}
    for certificate_name, key_name in (*current, *earlier):
        der = read_certificates(directory / certificate_name)[0]
        read = to_key(der)
        stem = retired_stem(read.generation, read.suite)
        files[f"{stem}.pem"] = pem(x509.load_der_x509_certificate(der))
        path = directory / key_name
        if path.exists():  # else it is in a hardware module, and stays there
            key = file_key(der, read_private_key(path, passphrase), path).private_key
            files[f"{stem}.key"] = private_key_pem(key, passphrase)
    return files
