"""A private key on a PKCS#11 token, as the library's own keys are used, and what its handle does.

The library's request builder and the suite sign with it as with any key; only HPKE needs help
(`signer.suites.hpke_p256`). The token that holds it is `signer.hardware`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import KDF, Attribute, KeyType, Mechanism

from signer.directory.view import KeyUse
from signer.errors import KeyRingError
from signer.suites.hpke_p256 import AgreementKey

_HALF = 32
_PROBE = b"hedui/pkcs11-probe/1"


class Runner(Protocol):
    """What carries out an operation with a key's handle."""

    def run(self, key: TokenKey, operation: Callable[[Any], bytes]) -> bytes:
        """Return what the operation gives; `KeyRingError` `KEY_UNUSABLE` when it fails."""
        ...


class TokenKey(AgreementKey):
    """A P-256 private key on a token. Made by `signer.hardware.Token`."""

    def __init__(
        self, token: Runner, label: str, use: KeyUse, public: ec.EllipticCurvePublicKey
    ) -> None:
        self._token = token
        self.label = label
        self.use = use
        self._public = public

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return its public key."""
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """Bits of its order."""
        return self._public.key_size

    def sign(
        self,
        data: Any,
        signature_algorithm: ec.EllipticCurveSignatureAlgorithm,  # noqa: ARG002 - there is one
    ) -> bytes:
        """Return an ECDSA signature over SHA-256 of the data, in DER.

        Raises:
            KeyRingError: `KEY_UNUSABLE`.
        """
        digest = hashlib.sha256(data).digest()
        raw = self._token.run(self, lambda private: signed(private, digest))
        return encode_dss_signature(int.from_bytes(raw[:_HALF]), int.from_bytes(raw[_HALF:]))

    def exchange(
        self,
        algorithm: ec.ECDH,  # noqa: ARG002 - there is one
        peer_public_key: ec.EllipticCurvePublicKey,
    ) -> bytes:
        """Return the x-coordinate of ECDH with a peer's key, 32 bytes.

        Raises:
            KeyRingError: `KEY_UNUSABLE`.
        """
        point = peer_public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return self._token.run(self, lambda private: agreed(private, point))

    def private_numbers(self) -> NoReturn:
        """Refuse: the module does not show a key.

        Raises:
            KeyRingError: `KEY_UNUSABLE`.
        """
        raise unusable(self.label, "it stays in its module")

    def private_bytes(self, *_: object) -> NoReturn:
        """Refuse, as `private_numbers`."""
        self.private_numbers()

    def __copy__(self) -> TokenKey:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> TokenKey:
        return self


def unusable(label: str, why: str) -> KeyRingError:
    """Return the error for a key that cannot do what is asked of it."""
    return KeyRingError(
        "KEY_UNUSABLE",
        "密码设备中的密钥不可用",
        f"the key in the hardware module cannot be used: {why}",
        remedy_zh="请检查密码设备",
        remedy_en="Check the hardware module",
        where=label,
    )


def proves(private: Any, key: TokenKey) -> bool:
    """Whether a private key does what the public key demands of it, for its use."""
    public = key.public_key()
    if key.use is KeyUse.ENCRYPTION:
        ephemeral = ec.generate_private_key(ec.SECP256R1())
        point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return agreed(private, point) == ephemeral.exchange(ec.ECDH(), public)
    raw = signed(private, hashlib.sha256(_PROBE).digest())
    signature = encode_dss_signature(int.from_bytes(raw[:_HALF]), int.from_bytes(raw[_HALF:]))
    try:
        public.verify(signature, _PROBE, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def signed(private: Any, digest: bytes) -> bytes:
    """Return the raw ECDSA signature, r ‖ s, that a key's handle makes over a digest."""
    return bytes(private.sign(digest, mechanism=Mechanism.ECDSA))


def agreed(private: Any, point: bytes) -> bytes:
    """Return the x-coordinate of ECDH that a key's handle computes with a raw point."""
    derived = private.derive_key(
        KeyType.GENERIC_SECRET,
        8 * _HALF,
        mechanism=Mechanism.ECDH1_DERIVE,
        mechanism_param=(KDF.NULL, None, point),
        template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
    )
    try:
        return bytes(derived[Attribute.VALUE])
    finally:
        derived.destroy()
