"""The keys of an agency without a network: made there, their public half pinned at the centre.

It has no certificate, since it is no participant (its adapter at the centre is): the centre trusts
exactly the two keys whose fingerprint both sides have compared by telephone.

| file | holds |
|---|---|
| `medium-signing.key`, `medium-encryption.key` | P-256 private keys, encrypted PKCS#8, 0600 |
| `agency-medium.pub` | both public keys, PEM, the signing one first: for the centre |
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from signer.errors import KeyFileError
from signer.keyfiles import HeldKeys
from signer.privatekeys import private_key_pem, read_p256_key
from signer.secretfiles import place_directory, read_public
from signer.suites.keys import public_key_id, spki

SIGNING, ENCRYPTION, PUBLIC = "medium-signing.key", "medium-encryption.key", "agency-medium.pub"

_LABEL = b"hedui/medium-keys/1"
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----")
_BOTH = 2
_DIGITS = 32
_GROUP = 4


@dataclass(frozen=True, slots=True)
class AgencyKeys:
    """The public keys of an agency."""

    signing: ec.EllipticCurvePublicKey
    encryption: ec.EllipticCurvePublicKey

    @property
    def fingerprint(self) -> str:
        """What both sides compare by telephone: eight groups of four hex digits."""
        digest = hashlib.sha256(_LABEL + spki(self.signing) + spki(self.encryption)).hexdigest()
        return " ".join(digest[n : n + _GROUP] for n in range(0, _DIGITS, _GROUP))

    @property
    def signing_id(self) -> bytes:
        """Id of the signing key."""
        return public_key_id(self.signing)

    @property
    def encryption_id(self) -> bytes:
        """Id of the encryption key."""
        return public_key_id(self.encryption)

    def pem(self) -> bytes:
        """Return the public file's bytes."""
        form = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        return self.signing.public_bytes(*form) + self.encryption.public_bytes(*form)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a public file.

        Raises:
            KeyFileError: `KEY_FILE_MALFORMED`; as `signer.secretfiles.read_public`.
        """
        found = [_public(block) for block in _PEM.findall(read_public(path))]
        signing, encryption = found if len(found) == _BOTH else (None, None)
        if signing is None or encryption is None or spki(signing) == spki(encryption):
            raise KeyFileError(
                "KEY_FILE_MALFORMED",
                "不是机构介质公钥文件",
                "not the public file of an agency's medium keys",
                remedy_zh="请使用机构执行 hedui medium keys 所得的 agency-medium.pub",
                remedy_en="Use the agency-medium.pub that `hedui medium keys` made at the agency",
                where=str(path),
            )
        return cls(signing, encryption)


def make_keys(directory: Path, passphrase: bytes) -> AgencyKeys:
    """Make an agency's keys and their directory (0700, every file 0600).

    Args:
        directory: Where; absent or empty.
        passphrase: Encrypts the private keys; random, not empty.

    Raises:
        KeyFileError: `KEY_FILE_EXISTS`, `KEY_FILE_UNWRITABLE`.
    """
    signing, encryption = (ec.generate_private_key(ec.SECP256R1()) for _ in range(_BOTH))
    keys = AgencyKeys(signing.public_key(), encryption.public_key())
    files = {
        SIGNING: private_key_pem(signing, passphrase),
        ENCRYPTION: private_key_pem(encryption, passphrase),
        PUBLIC: keys.pem(),
    }
    place_directory(directory, files)
    return keys


def read_keys(directory: Path, passphrase: bytes) -> HeldKeys:
    """Read an agency's private keys.

    Raises:
        KeyFileError: As `signer.privatekeys.read_private_key`.
    """
    signing = read_p256_key(directory / SIGNING, passphrase)
    encryption = read_p256_key(directory / ENCRYPTION, passphrase)
    return HeldKeys("agency", signing, [encryption])


def _public(block: bytes) -> ec.EllipticCurvePublicKey | None:
    try:
        key = load_pem_public_key(block)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    return None
