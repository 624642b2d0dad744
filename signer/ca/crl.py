"""Revocation lists: RFC 5280 §5, read strictly and judged by ourselves.

On the bus a revocation travels in the signed directory, which everybody has and nobody can hold
back unseen. A list serves what does not read the directory: brokers and other tools, a proof that
is verified years later (what was revoked when it was made), an inspection of the authority itself.

Checks of `read_crl`, in this order:

1. the bytes are one X.509 list, DER or PEM, signed with ECDSA and SHA-256
2. no critical extension, of list or entry: partial, indirect and delta lists all have one
3. it has a number, an authority key identifier, and says when the next one comes
4. it names one of the given issuing authorities, by name and key identifier, whose path ends at a
   trusted root and whose signature verifies

Whether it is fresh depends on time and is asked when it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import SignatureAlgorithmOID

from signer.ca.reading import Reading, read
from signer.certificates import PathValidator
from signer.errors import CertificateError
from signer.suites.sm2 import Sm2PublicKey

_Value = TypeVar("_Value", bound=x509.ExtensionType)

# What the library raises, at once or on first use of a field, for bytes it cannot make sense of.
_PARSE_ERRORS = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    CryptographyDeprecationWarning,  # a bad serial number, where warnings are errors
)

SKEW = timedelta(minutes=2)
"""How far two clocks may differ."""

MAX_SIZE = 4 << 20
"""Bytes of the largest list that is read."""


class RevocationReason(StrEnum):
    """Why a certificate is not to be relied upon (RFC 5280 §5.3.1); a hold is none of ours."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "key-compromise"
    AFFILIATION_CHANGED = "affiliation-changed"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessation-of-operation"
    PRIVILEGE_WITHDRAWN = "privilege-withdrawn"

    @property
    def flag(self) -> x509.ReasonFlags:
        """The reason as X.509 has it."""
        return x509.ReasonFlags[self.value.replace("-", "_")]


@dataclass(frozen=True, slots=True)
class Revocation:
    """When a certificate was revoked, and why."""

    at: datetime
    reason: RevocationReason


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list whose signature verified. `issuer_key` is its authority's subject key identifier."""

    issuer_key: bytes
    number: int
    this_update: datetime
    next_update: datetime
    revoked: Mapping[int, Revocation]

    def covers(self, certificate: bytes) -> bool:
        """Whether a certificate (DER) is of the authority that made this list.

        Raises:
            CertificateError: It is no certificate (checks 1 to 3 of `signer.certificates`).
        """
        return read(certificate).authority_key == self.issuer_key

    def find(self, certificate: bytes) -> Revocation | None:
        """Return the revocation of a certificate (DER) of this authority, or None.

        Raises:
            CertificateError: As `covers`.
        """
        reading = read(certificate)
        if reading.authority_key != self.issuer_key:
            return None
        return self.revoked.get(reading.certificate.serial_number)

    def require_fresh(self, at: datetime) -> None:
        """Check that the list speaks for an instant.

        Raises:
            CertificateError: `CRL_NOT_YET_VALID` before its issue, `CRL_STALE` after the next was
                due.
        """
        if at < self.this_update - SKEW:
            raise _crl(
                "CRL_NOT_YET_VALID",
                "吊销列表尚未生效",
                "the revocation list is from the future",
                "请核对本机时间",
                "Check this machine's clock",
            )
        if at > self.next_update:
            raise _crl(
                "CRL_STALE",
                "吊销列表已过期",
                "the revocation list is stale",
                "请向部中心取最新的吊销列表",
                "Get the present list from the hub",
            )


def read_crl(data: bytes, issuers: Sequence[bytes], validator: PathValidator) -> RevocationList:
    """Read a list and verify it (checks 1 to 4).

    Args:
        data: DER or PEM.
        issuers: DER of issuing authorities.
        validator: Validates authorities to the trusted roots.

    Raises:
        CertificateError: `CRL_MALFORMED`, `CRL_ALGORITHM`, `CRL_CRITICAL`, `CRL_ISSUER`,
            `CRL_SIGNATURE`, and the codes of `PathValidator.issuer`.
    """
    # 1. One list, every field we rely on readable.
    if len(data) > MAX_SIZE:
        raise _malformed()
    try:
        load = x509.load_pem_x509_crl if data.startswith(b"-----") else x509.load_der_x509_crl
        crl = load(data)
        extensions = list(crl.extensions)
        algorithm, signature = crl.signature_algorithm_oid, crl.signature
        der = crl.public_bytes(Encoding.DER)
        issuer, this_update, next_update = crl.issuer, crl.last_update_utc, crl.next_update_utc
        entries = [(e, list(e.extensions)) for e in crl]
        revoked = {e.serial_number: _revocation(e, more) for e, more in entries}
    except UnsupportedAlgorithm:
        raise _algorithm() from None
    except _PARSE_ERRORS:
        raise _malformed() from None
    if algorithm != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise _algorithm()
    # 1, again: unused bits in the signature, which the parser passes, would give one list several
    # forms.
    if not der.endswith(bytes([0x03, len(signature) + 1, 0]) + signature):
        raise _malformed()
    # 2. Nothing that would narrow what the list says.
    every = [*extensions, *(extension for _, more in entries for extension in more)]
    if any(extension.critical for extension in every):
        raise _crl(
            "CRL_CRITICAL",
            "吊销列表含不接受的关键扩展",
            "the revocation list has a critical extension: partial and delta lists are refused",
        )
    # 3. Whose, which and until when.
    key = _value(extensions, x509.AuthorityKeyIdentifier)
    number = _value(extensions, x509.CRLNumber)
    if (
        key is None
        or key.key_identifier is None
        or number is None
        or next_update is None
        or this_update >= next_update
        or len(revoked) != len(entries)
        or any(serial < 1 for serial in revoked)
    ):
        raise _malformed()
    # 4. Its authority.
    found = [
        reading
        for reading in map(read, issuers)
        if reading.certificate.subject == issuer and reading.subject_key == key.key_identifier
    ]
    if not found:
        raise _crl(
            "CRL_ISSUER",
            "吊销列表不是所给的签发机构签发的",
            "the revocation list is of no issuing authority that was given",
            "请核对吊销列表与 chain.pem 是否来自同一部中心",
            "Check that the list and chain.pem come from the same hub",
        )
    public_key = _trusted(found, validator).public_key
    if isinstance(public_key, Sm2PublicKey) or not crl.is_signature_valid(public_key):
        raise _crl("CRL_SIGNATURE", "吊销列表签名无效", "the list's signature is invalid")
    return RevocationList(key.key_identifier, number.crl_number, this_update, next_update, revoked)


def require_not_revoked(certificate: bytes, lists: Iterable[RevocationList], at: datetime) -> None:
    """Check that fresh lists exist for a certificate and that it was not revoked by then.

    Args:
        certificate: DER.
        lists: Verified lists, of any authorities.
        at: The instant.

    Raises:
        CertificateError: `CRL_MISSING` when no list is of its authority, `CRL_NOT_YET_VALID` or
            `CRL_STALE` when none speaks for the instant, `CERT_REVOKED`.
    """
    covering = sorted((c for c in lists if c.covers(certificate)), key=lambda c: c.number)
    if not covering:
        raise _crl(
            "CRL_MISSING",
            "没有该证书签发机构的吊销列表",
            "there is no revocation list of this certificate's authority",
            "请向部中心取吊销列表",
            "Get the list from the hub",
        )
    latest = covering[-1]
    latest.require_fresh(at)
    found = latest.find(certificate)
    if found is not None and found.at <= at:
        raise CertificateError(
            "CERT_REVOKED",
            f"证书已吊销（{found.reason}）",
            f"the certificate was revoked ({found.reason})",
            remedy_zh="请使用新一代证书",
            remedy_en="Use the next generation",
        )


def _trusted(certified: Sequence[Reading], validator: PathValidator) -> Reading:
    """The certificate of an authority whose path ends at a trusted root: it may have two."""
    *others, last = certified
    for reading in others:
        try:
            validator.issuer(reading)
        except CertificateError:
            continue
        return reading
    validator.issuer(last)
    return last


def _revocation(
    entry: x509.RevokedCertificate, extensions: Sequence[x509.Extension[x509.ExtensionType]]
) -> Revocation:
    reason = _value(extensions, x509.CRLReason)
    name = (reason.reason if reason else x509.ReasonFlags.unspecified).name
    return Revocation(entry.revocation_date_utc, RevocationReason(name.replace("_", "-")))


def _value(
    extensions: Sequence[x509.Extension[x509.ExtensionType]], kind: type[_Value]
) -> _Value | None:
    return next((e.value for e in extensions if isinstance(e.value, kind)), None)


def _algorithm() -> CertificateError:
    return _crl(
        "CRL_ALGORITHM",
        "吊销列表的算法不被接受",
        "only lists signed with ECDSA/SHA-256 are accepted",
    )


def _malformed() -> CertificateError:
    return _crl("CRL_MALFORMED", "不是吊销列表，或格式有误", "not a revocation list, or malformed")


def _crl(
    code: str,
    zh: str,
    en: str,
    remedy_zh: str = "请向部中心重新索取",
    remedy_en: str = "Ask the hub for it again",
) -> CertificateError:
    return CertificateError(code, zh, en, remedy_zh=remedy_zh, remedy_en=remedy_en)
