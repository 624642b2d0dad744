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
| `sm2-signing.*`, `sm2-encryption*.*`, `sm2-chain.pem`, `sm2-root.pem` | the same of SM2 keys |
| `participant.json` | `id`, `title`, `generation`, `hosts`: for people and for registration |

TLS files are there always; of signing and encryption keys, those of one suite or of both.

Private keys are PKCS#8 PEM, encrypted (PBES2) under a passphrase that stands in a file elsewhere.
PBES2 slows guessing only a little: the passphrase must be random, not chosen. A signing or
encryption key in a hardware module (`signer.keystore`) has a certificate here and no `.key`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from signer.ca.profile import common_name
from signer.certificates import PathValidator, key_id, participant_of, public_key_id, to_key
from signer.directory.view import KeyUse
from signer.errors import CertificateError, KeyFileError
from signer.keystore import KeyStore
from signer.privatekeys import private_key_pem, read_p256_key, read_private_key
from signer.secretfiles import read_passphrase, read_public
from signer.suites.keys import NAMES, P256, SM2, PrivateKey, require_suite

__all__ = ["private_key_pem", "read_p256_key", "read_private_key"]

CHAIN = "chain.pem"
ROOT = "root.pem"
DESCRIPTION = "participant.json"

MESSAGE_USES = (KeyUse.SIGNING, KeyUse.ENCRYPTION)
"""The uses a participant has keys of several suites for."""

_PREFIX = {P256: "", SM2: "sm2-"}
_RETIRED = re.compile(r"(?P<prefix>(sm2-)?)encryption-g(?P<generation>[1-9][0-9]*)\.pem")


def suite_file(name: str, suite: str) -> str:
    """Return a file's name as it is for a suite: `root.pem`, `sm2-root.pem`."""
    return _PREFIX[suite] + name


def key_file(use: KeyUse, suite: str = P256) -> str:
    """Return the name of the current private key file of a use and suite."""
    return suite_file(f"{use}.key", suite)


def certificate_file(use: KeyUse, suite: str = P256) -> str:
    """Return the name of the current certificate file of a use and suite."""
    return suite_file(f"{use}.pem", suite)


def retired_stem(generation: int, suite: str = P256) -> str:
    """Return the name, without ending, of the files of an earlier encryption key."""
    return suite_file(f"encryption-g{generation}", suite)


def suites_of(directory: Path) -> tuple[str, ...]:
    """Return the suites that a key directory holds any signing or encryption key of."""
    found = tuple(s for s in NAMES if any((directory / file).exists() for file in _files(s)))
    # A directory without any is faulty, and said to be so by the name of the usual file.
    return found or (P256,)


def _files(suite: str) -> tuple[str, ...]:
    names = (key_file, certificate_file)
    return tuple(name(use, suite) for use in MESSAGE_USES for name in names)


def retired_stems(directory: Path) -> list[str]:
    """Return the names, without ending, of the earlier encryption keys, the newest first."""
    names = (_RETIRED.fullmatch(entry.name) for entry in directory.iterdir())
    found = sorted(
        ((int(name["generation"]), name["prefix"]) for name in names if name), reverse=True
    )
    return [f"{prefix}{retired_stem(generation)}" for generation, prefix in found]


@dataclass(frozen=True, slots=True)
class FiledKey:
    """A certificate (DER) and the private key that belongs to it."""

    certificate: bytes
    private_key: PrivateKey = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class KeyDirectory:
    """What a key directory holds, checked.

    `signing` and `encryption` are the current keys by suite, the first suite first. `retired` are
    earlier encryption keys, the newest first. `roots` are the trust anchors, that of TLS first.
    `passphrase` opens the private key files.
    """

    path: Path
    participant: str
    generation: int
    tls: FiledKey
    signing: Mapping[str, FiledKey]
    encryption: Mapping[str, FiledKey]
    retired: tuple[FiledKey, ...]
    issuers: tuple[bytes, ...]
    roots: tuple[bytes, ...]
    passphrase: bytes = field(repr=False, compare=False)

    @property
    def current(self) -> tuple[FiledKey, ...]:
        """The current keys: TLS, then signing and encryption of each suite."""
        pairs = ((key, self.encryption[suite]) for suite, key in self.signing.items())
        return self.tls, *(key for pair in pairs for key in pair)


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
        ConfigError: `GM_NOT_INSTALLED` where it holds SM2 keys and the extra `gm` is missing.
    """
    passphrase = read_passphrase(passphrase_file)
    suites = suites_of(directory)
    for suite in suites:
        require_suite(suite, str(directory))
    # TLS is P-256, so its root and chain are there whatever the messages' suites are.
    anchored = tuple(dict.fromkeys((P256, *suites)))
    roots = tuple(
        der for s in anchored for der in read_certificates(directory / suite_file(ROOT, s))
    )
    issuers = tuple(
        der for s in anchored for der in read_certificates(directory / suite_file(CHAIN, s))
    )
    signing = directory / certificate_file(KeyUse.SIGNING, suites[0])
    try:
        validator = PathValidator(roots[0], roots[1:])
    except CertificateError as error:
        raise _placed(error, directory / ROOT) from error
    try:
        participant = participant_of(read_certificates(signing)[0])
    except CertificateError as error:
        raise _placed(error, signing) from error

    def read(use: KeyUse, suite: str = P256) -> FiledKey:
        path = directory / certificate_file(use, suite)
        certificate = read_certificates(path)[0]
        try:
            validator.validate(certificate, issuers, use=use, participant=participant, at=now)
        except CertificateError as error:
            raise _placed(error, path) from error
        return _find_key(certificate, directory / key_file(use, suite), passphrase, store)

    tls = read(KeyUse.TLS)
    pairs = {suite: tuple(read(use, suite) for use in MESSAGE_USES) for suite in suites}
    return KeyDirectory(
        path=directory,
        participant=participant,
        generation=to_key(pairs[suites[0]][0].certificate).generation,
        tls=tls,
        signing={suite: pair[0] for suite, pair in pairs.items()},
        encryption={suite: pair[1] for suite, pair in pairs.items()},
        retired=read_retired(directory, passphrase, store),
        issuers=issuers,
        roots=roots,
        passphrase=passphrase,
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


def file_key(certificate: bytes, key: PrivateKey, path: Path) -> FiledKey:
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
