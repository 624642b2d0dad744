"""Key rings whose keys are held in this process: in memory, and read from a key directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Self

from signer.directory.view import KeyUse
from signer.errors import KeyRingError
from signer.keydirectory import (
    ROOT,
    KeyDirectory,
    certificate_file,
    key_file,
    read_key_directory,
)
from signer.keystore import KeyStore
from signer.suites.keys import PrivateKey, open_epoch, public_key_id, sign, suite_of
from signer.suites.suite import SECRET_SIZE, SuiteError


class HeldKeys:
    """Private keys held in this process: implements `signer.keyring.KeyRing`.

    Args:
        participant: Whose keys they are.
        signing: The first signing key.
        encryption: The keys that open, of any suite, the newest first.
        others: Signing keys of other suites, one for each.
    """

    def __init__(
        self,
        participant: str,
        signing: PrivateKey,
        encryption: Sequence[PrivateKey],
        others: Sequence[PrivateKey] = (),
    ) -> None:
        self._participant = participant
        self._signing_suite = suite_of(signing)
        self._signing = {suite_of(key): key for key in (signing, *others)}
        self._signing_ids = MappingProxyType(
            {suite: public_key_id(key.public_key()) for suite, key in self._signing.items()}
        )
        self._encryption = {public_key_id(key.public_key()): key for key in encryption}

    @property
    def participant(self) -> str:
        """Id of the participant whose keys these are."""
        return self._participant

    @property
    def signing_key(self) -> bytes:
        """Id of the first signing key."""
        return self._signing_ids[self._signing_suite]

    @property
    def signing_suite(self) -> str:
        """Suite of the first signing key."""
        return self._signing_suite

    @property
    def signing_keys(self) -> Mapping[str, bytes]:
        """Ids of the keys that sign now, by suite, the first one first."""
        return self._signing_ids

    @property
    def encryption_keys(self) -> tuple[bytes, ...]:
        """Ids of the encryption keys held, the newest first."""
        return tuple(self._encryption)

    def sign(self, data: bytes, suite: str | None = None) -> bytes:
        """Sign with a current signing key; see `KeyRing.sign`.

        Raises:
            KeyRingError: `KEY_NOT_HELD`.
        """
        key = self._signing.get(suite or self._signing_suite)
        if key is None:
            raise KeyRingError(
                "KEY_NOT_HELD", "本方不持有该套件的签名密钥", "no signing key of that suite is held"
            )
        return sign(key, data)

    def open_epoch(self, key: bytes, sealed: bytes, info: bytes) -> bytes:
        """Open a sealed epoch secret; see `KeyRing.open_epoch`.

        Raises:
            KeyRingError: `KEY_NOT_HELD`, `EPOCH_INVALID`.
        """
        private_key = self._encryption.get(key)
        if private_key is None:
            raise KeyRingError(
                "KEY_NOT_HELD", "本方不持有该加密密钥", "this key is not held", where=key.hex()[:16]
            )
        try:
            secret = open_epoch(private_key, sealed, info)
        except SuiteError as error:
            raise KeyRingError(error.code, error.zh, error.en, where=key.hex()[:16]) from None
        if len(secret) != SECRET_SIZE:
            raise KeyRingError(
                "EPOCH_INVALID",
                "会话密钥长度有误",
                "the epoch secret has the wrong length",
                where=key.hex()[:16],
            )
        return secret


class FileKeyRing(HeldKeys):
    """The keys of a key directory (`signer.keydirectory`), and where its TLS files are."""

    def __init__(self, contents: KeyDirectory) -> None:
        signing, *others = (key.private_key for key in contents.signing.values())
        opening = (*contents.encryption.values(), *contents.retired)
        super().__init__(
            contents.participant, signing, [key.private_key for key in opening], others
        )
        self._contents = contents

    @classmethod
    def load(
        cls,
        directory: Path,
        passphrase_file: Path,
        now: datetime,
        store: KeyStore | None = None,
    ) -> Self:
        """Read a key directory; arguments and errors as `read_key_directory`."""
        return cls(read_key_directory(directory, passphrase_file, now, store))

    @property
    def generation(self) -> int:
        """Generation of the current keys."""
        return self._contents.generation

    @property
    def current_certificates(self) -> tuple[bytes, ...]:
        """DER of the current certificates: TLS, then signing and encryption of each suite."""
        return tuple(key.certificate for key in self._contents.current)

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """DER of the current certificates, then of earlier ones."""
        retired = (key.certificate for key in self._contents.retired)
        return (*self.current_certificates, *retired)

    @property
    def issuers(self) -> tuple[bytes, ...]:
        """DER of the issuing authorities."""
        return self._contents.issuers

    @property
    def roots(self) -> tuple[bytes, ...]:
        """DER of the trust anchors."""
        return self._contents.roots

    @property
    def tls_key(self) -> Path:
        """The TLS private key file, encrypted under `passphrase`."""
        return self._contents.path / key_file(KeyUse.TLS)

    @property
    def tls_certificate(self) -> Path:
        """The TLS certificate chain file."""
        return self._contents.path / certificate_file(KeyUse.TLS)

    @property
    def root_file(self) -> Path:
        """The PEM file of the trust anchors."""
        return self._contents.path / ROOT

    @property
    def passphrase(self) -> bytes:
        """What opens the private key files."""
        return self._contents.passphrase
