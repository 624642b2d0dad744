"""Reads one certificate strictly: checks 1 to 6 of `signer.certificates`, where the list stands.

What these checks cannot see is whether anybody vouches for the certificate: the path is
`signer.certificates`' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from signer.ca.profile import leaf_profile, parse_common_name, use_of
from signer.ca.sm2_form import SM2_WITH_SM3, read_public_key
from signer.directory.view import Key, KeyUse
from signer.errors import CertificateError
from signer.identity import IdentityError, from_urn
from signer.suites.keys import P256, SM2, PublicKey, public_key_id, spki

__all__ = ["CertifiedKey", "Reading", "public_key_id", "read", "read_leaf", "suite_of"]

_KNOWN = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.SubjectAlternativeName,
    x509.SubjectKeyIdentifier,
    x509.AuthorityKeyIdentifier,
)
# What cryptography raises, at once or on first use of a field, for bytes it cannot make sense of.
_PARSE_ERRORS = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    CryptographyDeprecationWarning,  # a bad serial number, where warnings are errors
)

_MAX_SIGNATURE = 72
"""Bytes of the longest DER signature that a key of 256 bits makes."""

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class CertifiedKey:
    """A participant and one of its keys."""

    participant: str
    key: Key


@dataclass(frozen=True, slots=True)
class Reading:
    """A certificate that passed checks 1 to 3."""

    certificate: x509.Certificate
    extensions: x509.Extensions
    public_key: PublicKey
    suite: str
    key_id: bytes

    def extension(self, kind: type[_Extension]) -> _Extension | None:
        """Return the extension of a kind, or None when the certificate lacks it."""
        try:
            return self.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    def is_critical(self, kind: type[x509.ExtensionType]) -> bool:
        """Whether the certificate has the extension and marks it critical."""
        return any(e.critical and isinstance(e.value, kind) for e in self.extensions)

    @property
    def subject_key(self) -> bytes | None:
        """The subject key identifier."""
        found = self.extension(x509.SubjectKeyIdentifier)
        return found.digest if found else None

    @property
    def authority_key(self) -> bytes | None:
        """The key identifier of the authority key identifier."""
        found = self.extension(x509.AuthorityKeyIdentifier)
        return found.key_identifier if found else None


def read(der: bytes) -> Reading:
    """Read one certificate (checks 1 to 3).

    Raises:
        CertificateError: `CERT_MALFORMED`, `CERT_ALGORITHM`, `CERT_UNKNOWN_CRITICAL`.
    """
    # 1. One certificate, every field we rely on readable.
    try:
        certificate = x509.load_der_x509_certificate(der)
        extensions = certificate.extensions
        algorithm, signature = certificate.signature_algorithm_oid, certificate.signature
        serial = certificate.serial_number
        tbs = certificate.tbs_certificate_bytes
        ordered = certificate.not_valid_before_utc < certificate.not_valid_after_utc
        named = bool(certificate.subject.rdns) and bool(certificate.issuer.rdns)
        # 2. Algorithms: key and signature of one suite.
        suite = SM2 if algorithm == SM2_WITH_SM3 else P256
        public_key = read_public_key(certificate, der) if suite == SM2 else _p256_key(certificate)
    except UnsupportedAlgorithm:
        raise _algorithm() from None
    except _PARSE_ERRORS:
        raise _malformed("the bytes are not a certificate") from None
    # 1, again: a key has several DER forms (compressed point, explicit curve) and so could have
    # several ids; only the named curve with an uncompressed point is accepted. The parser passes
    # unused bits in the signature, which would give one certificate several forms.
    if len(signature) > _MAX_SIGNATURE:
        raise _algorithm()
    bits = bytes([0x03, len(signature) + 1, 0]) + signature
    formed = spki(public_key) in tbs and der.endswith(bits)
    if not (formed and ordered and named and serial > 0):
        raise _malformed("its key form, signature form, serial, period or names are unacceptable")
    # 3. Critical extensions.
    if any(e.critical and not isinstance(e.value, _KNOWN) for e in extensions):
        raise CertificateError(
            "CERT_UNKNOWN_CRITICAL", "证书含不识别的关键扩展", "an unknown critical extension"
        )
    return Reading(certificate, extensions, public_key, suite, public_key_id(public_key))


def suite_of(der: bytes) -> str | None:
    """Return the suite whose chain a certificate says it is of, without any other check, or None.

    Whoever has no use for a suite passes its certificates over by this.
    """
    try:
        algorithm = x509.load_der_x509_certificate(der).signature_algorithm_oid
    except _PARSE_ERRORS:
        return None
    return {SignatureAlgorithmOID.ECDSA_WITH_SHA256: P256, SM2_WITH_SM3: SM2}.get(algorithm)


def read_leaf(der: bytes) -> tuple[Reading, CertifiedKey]:
    """Read a participant's certificate (checks 1 to 6).

    Raises:
        CertificateError: As `read`, and `CERT_KEY_IDENTIFIER`, `CERT_SELF_SIGNED`,
            `CERT_CA_AS_LEAF`, `CERT_KEY_USAGE`, `CERT_EKU`, `CERT_URI`, `CERT_ROLE`, `CERT_NAME`.
    """
    reading = read(der)
    certificate = reading.certificate
    # 4. A leaf, issued by somebody else.
    if reading.authority_key is None or reading.subject_key is None:
        raise CertificateError(
            "CERT_KEY_IDENTIFIER", "证书缺少密钥标识扩展", "a key identifier extension is missing"
        )
    if certificate.subject == certificate.issuer or reading.authority_key == reading.subject_key:
        raise CertificateError("CERT_SELF_SIGNED", "证书为自签证书", "the leaf is self-signed")
    basic = reading.extension(x509.BasicConstraints)
    if basic is None or basic.ca or not reading.is_critical(x509.BasicConstraints):
        raise CertificateError(
            "CERT_CA_AS_LEAF", "证书不是终端证书", "the certificate is not marked as a leaf"
        )
    # 5. Exactly one use.
    purposes = reading.extension(x509.ExtendedKeyUsage)
    use = use_of(frozenset(purposes or ()))
    if use is None:
        raise CertificateError(
            "CERT_EKU", "证书扩展用途不合规", "the extended key usage is of no known use"
        )
    profile = leaf_profile(use, reading.suite)
    if profile is None:
        raise _algorithm()
    usage = reading.extension(x509.KeyUsage)
    if usage != profile.key_usage or not reading.is_critical(x509.KeyUsage):
        raise CertificateError(
            "CERT_KEY_USAGE", "证书密钥用法不合规", f"the key usage is not that of a {use} key"
        )
    # 6. One participant, one generation.
    participant = _participant(reading, use)
    generation = _generation(reading, use, participant)
    key = Key(
        id=reading.key_id,
        use=use,
        suite=reading.suite,
        generation=generation,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        certificate=der,
        public_key=reading.public_key,
    )
    return reading, CertifiedKey(participant, key)


def _p256_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    """Return the key of a certificate that is P-256 throughout.

    Raises:
        CertificateError: `CERT_ALGORITHM`.
        UnsupportedAlgorithm: The library does not know the key's algorithm.
    """
    key = certificate.public_key()
    signed = certificate.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA256
    if (
        signed
        and isinstance(key, ec.EllipticCurvePublicKey)
        and isinstance(key.curve, ec.SECP256R1)
    ):
        return key
    raise _algorithm()


def _participant(reading: Reading, use: KeyUse) -> str:
    names = tuple(reading.extension(x509.SubjectAlternativeName) or ())
    uris = [n.value for n in names if isinstance(n, x509.UniformResourceIdentifier)]
    others = len(names) - len(uris)
    if len(uris) != 1 or (others and use is not KeyUse.TLS):
        raise CertificateError(
            "CERT_URI", "证书应恰有一个参与方名称", "there is not exactly one participant URI"
        )
    try:
        return from_urn(uris[0])
    except IdentityError as error:
        raise CertificateError(
            "CERT_ROLE",
            "证书中的参与方名称不合规",
            "the URI is not urn:hedui:<role>:<id>, or role and id disagree",
            where=error.where,
        ) from error


def _generation(reading: Reading, use: KeyUse, participant: str) -> int:
    attributes = list(reading.certificate.subject)
    name = attributes[0].value if len(attributes) == 1 else ""
    common = attributes[0].oid == NameOID.COMMON_NAME
    stated = parse_common_name(name, use) if common and isinstance(name, str) else None
    if stated is None or stated[0] != participant:
        raise CertificateError(
            "CERT_NAME",
            "证书名称与参与方不符",
            "the common name is not the participant with its key generation",
            where=participant,
        )
    return stated[1]


def _algorithm() -> CertificateError:
    return CertificateError(
        "CERT_ALGORITHM",
        "证书算法不被接受",
        "only P-256 keys signed with ECDSA/SHA-256, and SM2 keys signed with SM2/SM3, are accepted",
    )


def _malformed(en: str) -> CertificateError:
    return CertificateError("CERT_MALFORMED", "证书格式有误", en)
