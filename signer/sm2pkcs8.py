"""SM2 private keys as encrypted PKCS#8, as OpenSSL reads and writes them.

`cryptography` writes and reads such files for curves it knows. For SM2 its ASN.1 compiler and its
primitives make the same form: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC 8018 §6.2), in it
PrivateKeyInfo (RFC 5958) with an ECPrivateKey (RFC 5915) that carries its public key. It is the
encryption at rest that P-256 key files have; `openssl pkey` opens both.
"""

from __future__ import annotations

import secrets
from typing import Annotated

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.x509.oid import ObjectIdentifier

from signer.suites import sm2
from signer.suites.sm2 import FIELD_SIZE, Sm2PrivateKey, Sm2PublicKey
from signer.suites.suite import SuiteError

_ITERATIONS = 100_000
_MOST_ITERATIONS = 10_000_000
_SALT_SIZE = 16
_KEY_SIZE = 32
_BLOCK_SIZE = 16

_PBES2 = ObjectIdentifier("1.2.840.113549.1.5.13")
_PBKDF2 = ObjectIdentifier("1.2.840.113549.1.5.12")
_HMAC_SHA256 = ObjectIdentifier("1.2.840.113549.2.9")
_AES_256_CBC = ObjectIdentifier("2.16.840.1.101.3.4.1.42")
_EC_PUBLIC_KEY = ObjectIdentifier("1.2.840.10045.2.1")
_SM2_CURVE = ObjectIdentifier("1.2.156.10197.1.301")


@asn1.sequence
class _Prf:
    algorithm: ObjectIdentifier
    parameters: asn1.Null


@asn1.sequence
class _Pbkdf2Parameters:
    salt: bytes
    iterations: int
    prf: _Prf


@asn1.sequence
class _Pbkdf2:
    algorithm: ObjectIdentifier
    parameters: _Pbkdf2Parameters


@asn1.sequence
class _Aes:
    algorithm: ObjectIdentifier
    iv: bytes


@asn1.sequence
class _Pbes2Parameters:
    derivation: _Pbkdf2
    encryption: _Aes


@asn1.sequence
class _Pbes2:
    algorithm: ObjectIdentifier
    parameters: _Pbes2Parameters


@asn1.sequence
class _EncryptedKey:
    scheme: _Pbes2
    data: bytes


@asn1.sequence
class _KeyAlgorithm:
    algorithm: ObjectIdentifier
    curve: ObjectIdentifier


@asn1.sequence
class _KeyInfo:
    version: int
    algorithm: _KeyAlgorithm
    key: bytes


@asn1.sequence
class _EcKey:
    version: int
    number: bytes
    curve: Annotated[ObjectIdentifier | None, asn1.Explicit(0)]
    public: Annotated[asn1.BitString, asn1.Explicit(1)]


def encrypt_key(key: Sm2PrivateKey, passphrase: bytes) -> bytes:
    """Return a key as DER EncryptedPrivateKeyInfo."""
    public = asn1.BitString(key.public.encoded, 0)
    info = _KeyInfo(
        version=0,
        algorithm=_KeyAlgorithm(algorithm=_EC_PUBLIC_KEY, curve=_SM2_CURVE),
        key=asn1.encode_der(_EcKey(version=1, number=key.number, curve=None, public=public)),
    )
    salt, iv = secrets.token_bytes(_SALT_SIZE), secrets.token_bytes(_BLOCK_SIZE)
    derived = _derive(passphrase, salt, _ITERATIONS)
    padder = padding.PKCS7(_BLOCK_SIZE * 8).padder()
    padded = padder.update(asn1.encode_der(info)) + padder.finalize()
    encryptor = Cipher(algorithms.AES(derived), modes.CBC(iv)).encryptor()
    prf = _Prf(algorithm=_HMAC_SHA256, parameters=asn1.Null())
    scheme = _Pbes2(
        algorithm=_PBES2,
        parameters=_Pbes2Parameters(
            derivation=_Pbkdf2(
                algorithm=_PBKDF2,
                parameters=_Pbkdf2Parameters(salt=salt, iterations=_ITERATIONS, prf=prf),
            ),
            encryption=_Aes(algorithm=_AES_256_CBC, iv=iv),
        ),
    )
    data = encryptor.update(padded) + encryptor.finalize()
    return asn1.encode_der(_EncryptedKey(scheme=scheme, data=data))


def decrypt_key(der: bytes, passphrase: bytes) -> Sm2PrivateKey:
    """Return the key of a DER EncryptedPrivateKeyInfo.

    Raises:
        ValueError: It is of another form, the passphrase is wrong, or public and private key do not
            belong together.
        SuiteNotInstalledError: `GM_NOT_INSTALLED`.
    """
    read = asn1.decode_der(_EncryptedKey, der)
    parameters = read.scheme.parameters
    derivation, encryption = parameters.derivation, parameters.encryption
    named = (
        read.scheme.algorithm,
        derivation.algorithm,
        derivation.parameters.prf.algorithm,
        encryption.algorithm,
    )
    if named != (_PBES2, _PBKDF2, _HMAC_SHA256, _AES_256_CBC):
        raise ValueError("encrypted in another way")
    if not 0 < derivation.parameters.iterations <= _MOST_ITERATIONS:
        raise ValueError("an unreasonable number of iterations")
    derived = _derive(passphrase, derivation.parameters.salt, derivation.parameters.iterations)
    decryptor = Cipher(algorithms.AES(derived), modes.CBC(encryption.iv)).decryptor()
    unpadder = padding.PKCS7(_BLOCK_SIZE * 8).unpadder()
    padded = decryptor.update(read.data) + decryptor.finalize()
    info = asn1.decode_der(_KeyInfo, unpadder.update(padded) + unpadder.finalize())
    if (info.algorithm.algorithm, info.algorithm.curve) != (_EC_PUBLIC_KEY, _SM2_CURVE):
        raise ValueError("a key of another curve")
    return _ec_key(asn1.decode_der(_EcKey, info.key))


def _ec_key(read: _EcKey) -> Sm2PrivateKey:
    if len(read.number) != FIELD_SIZE or read.curve not in (None, _SM2_CURVE):
        raise ValueError("a key of another curve")
    try:
        key = Sm2PrivateKey(read.number, Sm2PublicKey.read(read.public.as_bytes()))
        # The library cannot compute the one from the other: a signature shows that they match.
        sm2.verify(key.public, sm2.sign(key, b"hedui/key-pair/1"), b"hedui/key-pair/1")
    except (SuiteError, sm2.inner_error()):
        raise ValueError("public and private key do not belong together") from None
    return key


def _derive(passphrase: bytes, salt: bytes, iterations: int) -> bytes:
    return PBKDF2HMAC(hashes.SHA256(), _KEY_SIZE, salt, iterations).derive(passphrase)
