"""SM2 in the forms the wire uses: signatures (GB/T 32918.2), encryption (GB/T 32918.4), keys.

The curve's arithmetic is GmSSL's (package `gmssl-pyx`, the extra `gm`), SM3 is `cryptography`'s.
What is here turns their DER into our fixed-length bytes and back. Keys are plain values, so that
certificates and directories that hold SM2 keys can be read where the extra is not installed; only
using one needs it.

GmSSL keeps the interpreter's lock, and signs in a tenth of the time where it gets a digest instead
of a message: for the latter it first makes a table for 32 signatures (ADR 0018).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from schemas.errors import ConfigError
from signer.suites.suite import SuiteError

try:
    import gmssl_pyx as _gmssl
except ImportError:  # pragma: no cover - the tests run with the extra
    _gmssl = None

_library: Any = _gmssl

ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
"""Order n of the curve's base point (GB/T 32918.5)."""

_PRIME = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A = _PRIME - 3
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_BASE = bytes.fromhex(
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)
_USER = b"1234567812345678"
_ENTITY = (len(_USER) * 8).to_bytes(2) + _USER + _A.to_bytes(32) + _B.to_bytes(32) + _BASE

# AlgorithmIdentifier id-ecPublicKey with the SM2 curve (1.2.156.10197.1.301), then the head of a
# BIT STRING of 65 bytes: the one form of SubjectPublicKeyInfo that an SM2 key has.
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")

FIELD_SIZE = 32
POINT_SIZE = 2 * FIELD_SIZE
SIGNATURE_SIZE = 64
_POINT_FORM = b"\x04"
_C1 = 1 + POINT_SIZE
OVERHEAD = _C1 + 32
"""Bytes by which a ciphertext is longer than its plaintext: the point C1 and the hash C3."""


class SuiteNotInstalledError(ConfigError):
    """A suite is asked for whose libraries are not installed."""


@asn1.sequence
class _Ciphertext:
    """SM2Cipher (GM/T 0009 §7.2): what the library reads and writes."""

    x: int
    y: int
    c3: bytes
    c2: bytes


@dataclass(frozen=True, slots=True)
class Sm2PublicKey:
    """A point of the curve, as x ‖ y (64 bytes)."""

    point: bytes

    @classmethod
    def read(cls, encoded: bytes) -> Sm2PublicKey:
        """Read an uncompressed point, 0x04 ‖ x ‖ y.

        Raises:
            SuiteError: `KEY_FORM` for another form, or a point that is not on the curve.
        """
        x = int.from_bytes(encoded[1:33])
        y = int.from_bytes(encoded[33:])
        formed = len(encoded) == _C1 and encoded[:1] == _POINT_FORM and max(x, y) < _PRIME
        if not formed or (y * y - (x * x + _A) * x - _B) % _PRIME:
            raise SuiteError("KEY_FORM", "SM2 公钥不在曲线上", "not a point of the SM2 curve")
        return cls(encoded[1:])

    @property
    def encoded(self) -> bytes:
        """The uncompressed point, 0x04 ‖ x ‖ y."""
        return _POINT_FORM + self.point

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo (GM/T 0009 §7.1)."""
        return _SPKI + self.encoded


@dataclass(frozen=True, slots=True)
class Sm2PrivateKey:
    """A private number, 32 bytes big-endian, with its public key."""

    number: bytes = field(repr=False)
    public: Sm2PublicKey

    def public_key(self) -> Sm2PublicKey:
        """Return the public key."""
        return self.public


def installed() -> bool:
    """Whether the extra `gm` is installed."""
    return _library is not None


def require_installed(where: str = "") -> None:
    """Check that SM2 keys can be used here.

    Args:
        where: What asks for them, for the error.

    Raises:
        SuiteNotInstalledError: `GM_NOT_INSTALLED`.
    """
    if _library is None:
        raise SuiteNotInstalledError(
            "GM_NOT_INSTALLED",
            "未安装国密套件所需的软件包",
            "the packages of the 国密 suite are not installed",
            remedy_zh=(
                "请安装附加项 gm：pip install 'hedui-bus[gm]'；其软件包没有 aarch64 的二进制包，"
                "在此类机器上请只用 p256-aes256gcm/1"
            ),
            remedy_en=(
                "Install the extra: pip install 'hedui-bus[gm]'. Its package has no wheel for "
                "aarch64: on such machines use p256-aes256gcm/1 alone"
            ),
            where=where,
        )


def generate() -> Sm2PrivateKey:
    """Make a private key from the operating system's randomness.

    Raises:
        SuiteNotInstalledError: `GM_NOT_INSTALLED`.
    """
    require_installed()
    public, number = _library.sm2_key_generate()
    return Sm2PrivateKey(number, Sm2PublicKey(public))


def sm3(*parts: bytes) -> bytes:
    """Return SM3 (GB/T 32905) of the parts' concatenation."""
    digest = hashes.Hash(hashes.SM3())
    for part in parts:
        digest.update(part)
    return digest.finalize()


def sign(key: Sm2PrivateKey, data: bytes) -> bytes:
    """Sign with SM2 and SM3 under the standard's default user id; returns r ‖ s (64 bytes).

    Raises:
        SuiteNotInstalledError: `GM_NOT_INSTALLED`.
    """
    require_installed()
    der = _library.sm2_sign_sm3_digest(key.number, _digest(key.public, data))
    return raw_signature(der)


def verify(key: Sm2PublicKey, signature: bytes, data: bytes) -> None:
    """Verify r ‖ s over data.

    Raises:
        SuiteError: `SIGNATURE_FORM` when the length is not 64, or r, s or r + s is out of range;
            `SIGNATURE_INVALID` when it does not verify.
        SuiteNotInstalledError: `GM_NOT_INSTALLED`.
    """
    require_installed()
    if len(signature) != SIGNATURE_SIZE:
        raise SuiteError("SIGNATURE_FORM", "签名长度应为 64 字节", "a signature has 64 bytes")
    r = int.from_bytes(signature[:32])
    s = int.from_bytes(signature[32:])
    if not (0 < r < ORDER and 0 < s < ORDER and r + s != ORDER):
        raise SuiteError("SIGNATURE_FORM", "签名值越界", "r, s or r + s is out of range")
    if not _library.sm2_verify_sm3_digest(
        key.point, _digest(key, data), encode_dss_signature(r, s)
    ):
        raise SuiteError("SIGNATURE_INVALID", "签名无效", "the signature is invalid")


def raw_signature(der: bytes) -> bytes:
    """Return r ‖ s of a DER signature (GM/T 0009 §7.3).

    Raises:
        SuiteError: `SIGNATURE_FORM` when it is not DER, or a number has more than 32 bytes.
    """
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(32) + s.to_bytes(32)
    except (ValueError, OverflowError):
        raise SuiteError("SIGNATURE_FORM", "签名编码有误", "not a DER signature") from None


def encrypt(key: Sm2PublicKey, plaintext: bytes) -> bytes:
    """Encrypt 1 to 255 bytes; returns C1 ‖ C3 ‖ C2, the point C1 uncompressed.

    Raises:
        SuiteNotInstalledError: `GM_NOT_INSTALLED`.
    """
    require_installed()
    made = asn1.decode_der(_Ciphertext, _library.sm2_encrypt(key.point, plaintext))
    return _POINT_FORM + made.x.to_bytes(32) + made.y.to_bytes(32) + made.c3 + made.c2


def decrypt(key: Sm2PrivateKey, sealed: bytes) -> bytes:
    """Decrypt what `encrypt` made.

    Raises:
        SuiteError: `CIPHERTEXT` when it was not made for this key, or not in this form.
        SuiteNotInstalledError: `GM_NOT_INSTALLED`.
    """
    require_installed()
    try:
        point = Sm2PublicKey.read(sealed[:_C1]).point
        der = asn1.encode_der(
            _Ciphertext(
                x=int.from_bytes(point[:32]),
                y=int.from_bytes(point[32:]),
                c3=sealed[_C1:OVERHEAD],
                c2=sealed[OVERHEAD:],
            )
        )
        plaintext: bytes = _library.sm2_decrypt(key.number, der)
    except (SuiteError, inner_error()):
        raise SuiteError("CIPHERTEXT", "SM2 密文无法解密", "the ciphertext is invalid") from None
    return plaintext


def _digest(key: Sm2PublicKey, data: bytes) -> bytes:
    """Return e = SM3(Z ‖ data), where Z = SM3(user id, curve, public key) (GB/T 32918.2 §5.5)."""
    return sm3(sm3(_ENTITY, key.point), data)


def inner_error() -> type[Exception]:
    """Return the library's own error, for inputs no caller of ours can check beforehand."""
    error: type[Exception] = _library.GmsslInnerError
    return error
