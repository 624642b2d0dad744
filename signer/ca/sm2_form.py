"""Certificates whose keys are SM2: written, and read as far as `cryptography` cannot.

`cryptography` parses an SM2 certificate and its extensions but knows neither the curve nor the
signature algorithm, and signs none. Its ASN.1 compiler does the rest: DER out of declared types,
and in only what is DER (RFC 5280 §4.1, GM/T 0015 §5.2). No byte of DER is put together here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import ObjectIdentifier

from signer.suites import sm2
from signer.suites.sm2 import Sm2PrivateKey, Sm2PublicKey
from signer.suites.suite import SuiteError

SM2_WITH_SM3 = ObjectIdentifier("1.2.156.10197.1.501")
"""Signature algorithm of SM2 certificates (GM/T 0006)."""

_SM2_CURVE = ObjectIdentifier("1.2.156.10197.1.301")
_EC_PUBLIC_KEY = ObjectIdentifier("1.2.840.10045.2.1")
_V3 = 2
_LAST_UTC_YEAR = 2049


@dataclass(frozen=True, slots=True)
class Draft:
    """What a certificate is to say; `extensions` are pairs of extension and whether critical."""

    subject: x509.Name
    issuer: x509.Name
    not_before: datetime
    not_after: datetime
    extensions: Sequence[tuple[x509.ExtensionType, bool]]


@asn1.sequence
class _Algorithm:
    algorithm: ObjectIdentifier
    parameters: ObjectIdentifier | None


@asn1.sequence
class _Spki:
    algorithm: _Algorithm
    key: asn1.BitString


@asn1.sequence
class _Validity:
    not_before: asn1.UTCTime | asn1.GeneralizedTime
    not_after: asn1.UTCTime | asn1.GeneralizedTime


@asn1.sequence
class _Extension:
    oid: ObjectIdentifier
    critical: Annotated[bool, asn1.Default(False)]
    value: bytes


@asn1.sequence
class _Tbs:
    version: Annotated[int, asn1.Explicit(0)]
    serial: int
    signature: _Algorithm
    issuer: asn1.TLV
    validity: _Validity
    subject: asn1.TLV
    spki: _Spki
    extensions: Annotated[list[_Extension], asn1.Explicit(3)]


@asn1.sequence
class _Certificate:
    tbs: asn1.TLV
    algorithm: _Algorithm
    signature: asn1.BitString


_SM2_SIGNED = _Algorithm(algorithm=SM2_WITH_SM3, parameters=None)
_SM2_KEY = _Algorithm(algorithm=_EC_PUBLIC_KEY, parameters=_SM2_CURVE)


def make_certificate(
    draft: Draft, serial: int, key: Sm2PublicKey, issuer: Sm2PrivateKey
) -> x509.Certificate:
    """Return a signed certificate.

    Args:
        draft: What it says.
        serial: Its serial number.
        key: The key it certifies.
        issuer: The key that signs it.

    Raises:
        SuiteNotInstalledError: `GM_NOT_INSTALLED`.
    """
    tbs = asn1.encode_der(
        _Tbs(
            version=_V3,
            serial=serial,
            signature=_SM2_SIGNED,
            issuer=asn1.decode_der(asn1.TLV, draft.issuer.public_bytes()),
            validity=_Validity(
                not_before=_time(draft.not_before), not_after=_time(draft.not_after)
            ),
            subject=asn1.decode_der(asn1.TLV, draft.subject.public_bytes()),
            spki=_Spki(algorithm=_SM2_KEY, key=asn1.BitString(key.encoded, 0)),
            extensions=[
                _Extension(oid=extension.oid, critical=critical, value=extension.public_bytes())
                for extension, critical in draft.extensions
            ],
        )
    )
    raw = sm2.sign(issuer, tbs)
    signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    return x509.load_der_x509_certificate(_encoded(tbs, signature))


def read_public_key(certificate: x509.Certificate, der: bytes) -> Sm2PublicKey:
    """Return the key of a certificate that is signed with SM2.

    Args:
        certificate: The certificate as parsed.
        der: Its bytes.

    Raises:
        ValueError: The bytes are not the one form of such a certificate: another curve or point
            form, algorithms that contradict each other, a signature that is not DER.
    """
    tbs = certificate.tbs_certificate_bytes
    read = asn1.decode_der(_Tbs, tbs)
    try:
        sm2.raw_signature(certificate.signature)
        key = Sm2PublicKey.read(read.spki.key.as_bytes())
    except SuiteError as error:
        raise ValueError(error.en) from None
    declared = asn1.encode_der(read.signature), asn1.encode_der(read.spki)
    formed = declared == (asn1.encode_der(_SM2_SIGNED), key.spki)
    if not formed or der != _encoded(tbs, certificate.signature):
        raise ValueError("an algorithm identifier or the signature has another form")
    return key


def is_signed_by(certificate: x509.Certificate, issuer: Sm2PublicKey) -> bool:
    """Whether the key signed the certificate.

    Raises:
        SuiteNotInstalledError: `GM_NOT_INSTALLED`.
    """
    try:
        signature = sm2.raw_signature(certificate.signature)
        sm2.verify(issuer, signature, certificate.tbs_certificate_bytes)
    except SuiteError:
        return False
    return True


def _encoded(tbs: bytes, signature: bytes) -> bytes:
    return asn1.encode_der(
        _Certificate(
            tbs=asn1.decode_der(asn1.TLV, tbs),
            algorithm=_SM2_SIGNED,
            signature=asn1.BitString(signature, 0),
        )
    )


def _time(instant: datetime) -> asn1.UTCTime | asn1.GeneralizedTime:
    # RFC 5280 §4.1.2.5: UTCTime through 2049; whole seconds.
    whole = instant.replace(microsecond=0)
    return asn1.UTCTime(whole) if whole.year <= _LAST_UTC_YEAR else asn1.GeneralizedTime(whole)
