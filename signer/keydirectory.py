"""A participant's key directory: its layout, and reading it with every check.

`hedui ca issue` writes such a directory (`signer.ca.files`), mode 0700, every file 0600:

| file | holds |
|---|---|
| `tls.key`, `signing.key`, `encryption.key` | private keys of the current generation |
| `tls.pem` | TLS certificate, then the issuing authority's, as TLS sends them |
| `signing.pem`, `encryption.pem` | certificates of the current generation |
| `encryption-g<N>.key`, `.pem` | encryption keys of earlier generations, which still open |
| `chain.pem` | certificates of the issuing authorities, the present one first |
| `root.pem` | the trust anchors: the root, and while roots change the other one |
| `participant.json` | `id`, `title`, `generation`, `hosts`: for people and for registration |

Private keys are PKCS#8 PEM, encrypted (PBES2) under a passphrase that stands in a file elsewhere.
PBES2 slows guessing only a little: the passphrase must be random, not chosen. A signing or
encryption key in a hardware module (`signer.keystore`) has a certificate here and no `.key`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from signer.ca.profile import common_name
from signer.certificates import PathValidator, key_id, participant_of, public_key_id, to_key
from signer.directory.view import KeyUse
from signer.errors import CertificateError, KeyFileError
from signer.keystore import KeyStore
from signer.secretfiles import read_passphrase, read_public, read_secret

CHAIN = "chain.pem"
ROOT = "root.pem"
DESCRIPTION = "participant.json"

_RETIRED = re.compile(r"encryption-g([1-9][0-9]*)\.pem")
_PEM = re.compile(
    rb"\s*-----BEGIN ENCRYPTED PRIVATE KEY-----\s(?P<body>[A-Za-z0-9+/=\s]+)"
    rb"-----END ENCRYPTED PRIVATE KEY-----\s*"
)


def key_file(use: KeyUse) -> str:
    """Return the name of the current private key file of a use."""
    return f"{use}.key"


def certificate_file(use: KeyUse) -> str:
    """Return the name of the current certificate file of a use."""
    return f"{use}.pem"


def retired_stem(generation: int) -> str:
    """Return the name, without ending, of the files of an earlier encryption key."""
    return f"encryption-g{generation}"


def retired_stems(directory: Path) -> list[str]:
    """Return the names, without ending, of the earlier encryption keys, the newest first."""
    names = (_RETIRED.fullmatch(entry.name) for entry in directory.iterdir())
    return [retired_stem(g) for g in sorted((int(n[1]) for n in names if n), reverse=True)]


@dataclass(frozen=True, slots=True)
class FiledKey:
    """A certificate (DER) and the private key that belongs to it."""

    certificate: bytes
    private_key: ec.EllipticCurvePrivateKey = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class KeyDirectory:
    """What a key directory holds, checked.

    `current` has one key for each use; `retired` are earlier encryption keys, the newest first.
    `passphrase` opens the private key files.
    """

    path: Path
    participant: str
    generation: int
    current: Mapping[KeyUse, FiledKey]
    retired: tuple[FiledKey, ...]
    issuers: tuple[bytes, ...]
    roots: tuple[bytes, ...]
    passphrase: bytes = field(repr=False, compare=False)


def read_key_directory(
    directory: Path, passphrase_file: Path, now: datetime, store: KeyStore | None = None
) -> KeyDirectory:
    """Read a key directory and check that keys, certificates and root belong together.

    Args:
        directory: The key directory.
        passphrase_file: File that holds the passphrase of its private keys.
        now: The instant at which the current certificates must be valid.
        store: Where signing and encryption keys are that have no file here.

    Raises:
        KeyFileError: `KEY_FILE_MISSING`, `KEY_FILE_UNREADABLE`, `KEY_FILE_READABLE`,
            `KEY_FILE_MALFORMED`, `KEY_FILE_UNENCRYPTED`, `PASSPHRASE_EMPTY`, `KEY_PASSPHRASE`,
            `KEY_CURVE`, `KEY_MISMATCH`.
        KeyRingError: `KEY_UNUSABLE` when the store fails.
        CertificateError: A certificate is not acceptable now; `where` names its file.
    """
    passphrase = read_passphrase(passphrase_file)
    roots = read_certificates(directory / ROOT)
    issuers = read_certificates(directory / CHAIN)
    signing = directory / certificate_file(KeyUse.SIGNING)
    try:
        validator = PathValidator(roots[0], roots[1:])
    except CertificateError as error:
        raise _placed(error, directory / ROOT) from error
    try:
        participant = participant_of(read_certificates(signing)[0])
    except CertificateError as error:
        raise _placed(error, signing) from error
    current: dict[KeyUse, FiledKey] = {}
    for use in KeyUse:
        path = directory / certificate_file(use)
        certificate = read_certificates(path)[0]
        try:
            validator.validate(certificate, issuers, use=use, participant=participant, at=now)
        except CertificateError as error:
            raise _placed(error, path) from error
        current[use] = _find_key(certificate, directory / key_file(use), passphrase, store)
    return KeyDirectory(
        directory,
        participant,
        to_key(current[KeyUse.SIGNING].certificate).generation,
        current,
        read_retired(directory, passphrase, store),
        issuers,
        roots,
        passphrase,
    )


def read_retired(
    directory: Path, passphrase: bytes, store: KeyStore | None = None
) -> tuple[FiledKey, ...]:
    """Return the earlier encryption keys of a key directory, the newest first.

    They only open what was sealed to them, so their certificates may have expired and are not
    validated again; that each key belongs to its certificate is checked.

    Raises:
        KeyFileError: As `read_key_directory`.
    """
    found: list[FiledKey] = []
    for stem in retired_stems(directory):
        path = directory / f"{stem}.key"
        certificate = read_certificates(path.with_suffix(".pem"))[0]
        found.append(_find_key(certificate, path, passphrase, store))
    return tuple(found)


def _find_key(
    certificate: bytes, path: Path, passphrase: bytes, store: KeyStore | None
) -> FiledKey:
    """The private key of a certificate: from its file, or where there is none from the store."""
    if store is not None and not path.exists():
        leaf = to_key(certificate)
        if leaf.use is not KeyUse.TLS and isinstance(leaf.public_key, ec.EllipticCurvePublicKey):
            label = common_name(participant_of(certificate), leaf.generation, leaf.use)
            key = store.find(label, leaf.use, leaf.public_key)
            if key is not None:
                return FiledKey(certificate, key)
    return file_key(certificate, read_private_key(path, passphrase), path)


def read_certificates(path: Path) -> tuple[bytes, ...]:
    """Return the certificates of a PEM file as DER, at least one.

    Raises:
        KeyFileError: `KEY_FILE_MISSING`, `KEY_FILE_UNREADABLE`, `KEY_FILE_MALFORMED`.
    """
    data = read_public(path)
    try:
        return tuple(c.public_bytes(Encoding.DER) for c in x509.load_pem_x509_certificates(data))
    except ValueError:
        raise _malformed(path, "不是 PEM 证书", "no certificate in PEM form") from None


def read_private_key(path: Path, passphrase: bytes) -> ec.EllipticCurvePrivateKey:
    """Read an encrypted PKCS#8 PEM file that holds a P-256 key.

    Raises:
        KeyFileError: `KEY_FILE_MALFORMED`, `KEY_FILE_UNENCRYPTED`, `KEY_PASSPHRASE`, `KEY_CURVE`,
            and the codes of `read_secret`.
    """
    data = read_secret(path)
    if b"PRIVATE KEY-----" in data and b"ENCRYPTED" not in data:
        raise KeyFileError(
            "KEY_FILE_UNENCRYPTED",
            "私钥文件未加密",
            "the private key file is not encrypted",
            remedy_zh="请重新签发，或用 openssl pkcs8 -topk8 加密",
            remedy_en="Issue it again, or encrypt it with `openssl pkcs8 -topk8`",
            where=str(path),
        )
    block = _PEM.fullmatch(data)
    try:
        base64.b64decode(b"".join((block["body"] if block else b"!").split()), validate=True)
    except binascii.Error:
        raise _malformed(
            path, "不是加密的 PEM 私钥", "no encrypted private key in PEM form"
        ) from None
    try:
        key = load_pem_private_key(data, passphrase)
    except UnsupportedAlgorithm:
        raise _curve(path) from None
    except ValueError:
        raise KeyFileError(
            "KEY_PASSPHRASE",
            "口令打不开私钥文件",
            "the passphrase does not open the private key file",
            remedy_zh="请核对口令文件；若口令无误，则密钥文件已损坏",
            remedy_en="Check the passphrase file; if it is right, the key file is damaged",
            where=str(path),
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _curve(path)
    return key


def file_key(certificate: bytes, key: ec.EllipticCurvePrivateKey, path: Path) -> FiledKey:
    """Pair a certificate (DER) with its private key, which was read from `path`.

    Raises:
        KeyFileError: `KEY_MISMATCH` when they do not belong together.
    """
    if key_id(certificate) != public_key_id(key.public_key()):
        raise KeyFileError(
            "KEY_MISMATCH",
            "私钥与证书不匹配",
            "the private key does not belong to its certificate",
            remedy_zh="请核对两个文件是否来自同一次签发",
            remedy_en="Check that both files come from the same issue",
            where=str(path),
        )
    return FiledKey(certificate, key)


def private_key_pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes) -> bytes:
    """Return a private key as encrypted PKCS#8 PEM, as `read_private_key` reads it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))


def _placed(error: CertificateError, path: Path) -> CertificateError:
    """The same error, naming the file."""
    return CertificateError(
        error.code,
        error.zh,
        error.en,
        remedy_zh=error.remedy_zh,
        remedy_en=error.remedy_en,
        where=str(path),
    )


def _malformed(path: Path, zh: str, en: str) -> KeyFileError:
    return KeyFileError(
        "KEY_FILE_MALFORMED",
        zh,
        en,
        remedy_zh="请核对路径；若文件已损坏，请从备份恢复或重新签发（hedui ca issue）",
        remedy_en="Check the path; if the file is damaged, restore it or have it issued again",
        where=str(path),
    )


def _curve(path: Path) -> KeyFileError:
    return KeyFileError(
        "KEY_CURVE",
        "私钥不是 P-256 密钥",
        "the private key is not a P-256 key",
        remedy_zh="请用 hedui ca issue 签发的密钥",
        remedy_en="Use the keys that `hedui ca issue` made",
        where=str(path),
    )
