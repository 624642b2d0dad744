"""Imports keys and certificates that come as PKCS#12 files (RFC 7292), one or more of them.

The files hold one generation of one participant: a private key and certificate for each use, and
the issuing authority. Every file of a set has the same passphrase. The root is never taken from
them: it is given, and every certificate must have a path to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from signer.admission.grant import Grant, verify_grant
from signer.admission.importing import Imported, KeyPlace, key_ids, place_keys
from signer.certificates import participant_of, to_key
from signer.directory.view import KeyUse
from signer.errors import CertificateError, KeyFileError
from signer.keydirectory import FiledKey, file_key
from signer.secretfiles import read_secret


def import_p12(
    files: Sequence[Path],
    p12_passphrase: bytes,
    place: KeyPlace,
    *,
    roots: Sequence[bytes],
    now: datetime,
) -> Imported:
    """Make a key directory from PKCS#12 files.

    Args:
        files: The files, mode 0600.
        p12_passphrase: Opens them.
        place: The key directory: absent, empty, or the participant's of an earlier generation.
        roots: DER of the roots to trust.
        now: The instant at which the certificates must be valid.

    Raises:
        KeyFileError: `P12_MALFORMED` for what is no such file or lacks key or certificate,
            `KEY_PASSPHRASE`, `KEY_CURVE`, `KEY_MISMATCH`; `P12_SET` when they are not one key for
            each use; those of `place_keys` and `read_secret`.
        CertificateError: A certificate is not acceptable.
        AdmissionError: `GRANT_GENERATION` when they are of several generations.
    """
    found: dict[KeyUse, FiledKey] = {}
    issuers: list[bytes] = []
    for path in files:
        filed, others = _read(path, p12_passphrase)
        try:
            use = to_key(filed.certificate).use
        except CertificateError as error:
            raise CertificateError(
                error.code, error.zh, error.en, remedy_zh=error.remedy_zh, where=str(path)
            ) from error
        if use in found:
            raise _set(f"{use}, {use}")
        found[use] = filed
        issuers += [der for der in others if der not in issuers and der not in roots]
    if set(found) != set(KeyUse):
        raise _set(", ".join(sorted(found)) or "-")
    leaf = found[KeyUse.SIGNING].certificate
    keys = {use: found[use].private_key for use in KeyUse}
    grant = Grant(
        participant_of(leaf),
        to_key(leaf).generation,
        {use: found[use].certificate for use in KeyUse},
        tuple(issuers),
        tuple(roots),
    )
    trusted = verify_grant(grant, key_ids(keys), roots, now)
    earlier = place_keys(place, grant, keys, trusted)
    return Imported(grant.participant, grant.generation, place.directory, earlier, ())


def _read(path: Path, passphrase: bytes) -> tuple[FiledKey, list[bytes]]:
    """The key with its certificate, and the other certificates of a file."""
    data = read_secret(path)
    try:
        content = load_pkcs12(data, passphrase)
    except UnsupportedAlgorithm:
        raise _malformed(path) from None
    except ValueError as error:
        # The library says both by one type; its text about the passphrase names no value.
        if "password" in str(error).lower():
            raise KeyFileError(
                "KEY_PASSPHRASE",
                "口令打不开 PKCS#12 文件",
                "the passphrase does not open the PKCS#12 file",
                remedy_zh="请核对口令文件；若口令无误，则文件已损坏",
                remedy_en="Check the passphrase file; if it is right, the file is damaged",
                where=str(path),
            ) from None
        raise _malformed(path) from None
    key, leaf = content.key, content.cert
    if key is None or leaf is None:
        raise _malformed(path)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyFileError(
            "KEY_CURVE",
            "私钥不是 P-256 密钥",
            "the private key is not a P-256 key",
            remedy_zh="请用 P-256 密钥",
            remedy_en="Use P-256 keys",
            where=str(path),
        )
    certificate = leaf.certificate.public_bytes(Encoding.DER)
    others = [c.certificate.public_bytes(Encoding.DER) for c in content.additional_certs]
    return file_key(certificate, key, path), others


def _malformed(path: Path) -> KeyFileError:
    return KeyFileError(
        "P12_MALFORMED",
        "不是 PKCS#12 文件，或缺少私钥或证书",
        "not a PKCS#12 file, or it lacks a key or a certificate",
        remedy_zh="请向部中心重新索取",
        remedy_en="Ask the hub for it again",
        where=str(path),
    )


def _set(found: str) -> KeyFileError:
    return KeyFileError(
        "P12_SET",
        "文件应恰为连接、签名、加密各一份",
        "the files are not one each for TLS, signing and encryption",
        remedy_zh="请给出同一代的三份文件",
        remedy_en="Give the three files of one generation",
        where=found,
    )
