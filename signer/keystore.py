"""Where private keys can be instead of in files: a hardware module, by one small protocol.

`open_token` opens a PKCS#11 token; without the extra `pkcs11` it says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from signer.directory.view import KeyUse
from signer.errors import KeyFileError
from signer.secretfiles import read_passphrase
from signer.suites.hpke_p256 import AgreementKey


class KeyStore(Protocol):
    """Signing and encryption keys that never leave where they were made."""

    def find(
        self, label: str, use: KeyUse, public: ec.EllipticCurvePublicKey
    ) -> AgreementKey | None:
        """Return the private key of a public key, None when it is not here.

        Args:
            label: The common name of its certificate.
            use: Signing or encryption.
            public: The public key.

        Raises:
            KeyRingError: `KEY_UNUSABLE` when the store fails.
        """
        ...

    def generate(self, label: str, use: KeyUse) -> AgreementKey:
        """Make a key; arguments and errors as `find`."""
        ...


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """A PKCS#11 token: the vendor's library, the token's label, the file with the PIN (0600)."""

    module: Path
    token: str
    pin_file: Path


def open_token(settings: TokenSettings) -> KeyStore:
    """Log in to a token.

    Raises:
        KeyFileError: `PKCS11_NOT_INSTALLED`, `PKCS11_MODULE`, `PKCS11_TOKEN`, `PKCS11_PIN`, and the
            codes of `read_passphrase` for the PIN's file.
    """
    pin = read_passphrase(settings.pin_file)
    if find_spec("pkcs11") is None:
        raise KeyFileError(
            "PKCS11_NOT_INSTALLED",
            "未安装 PKCS#11 支持",
            "support for PKCS#11 is not installed",
            remedy_zh="请安装 hedui-bus[pkcs11]",
            remedy_en="Install hedui-bus[pkcs11]",
            where=str(settings.module),
        )
    from signer.hardware import Token  # noqa: PLC0415 - it needs the extra

    return Token(settings.module, settings.token, pin.decode(errors="replace"))
