"""Decides whether a certificate is what it claims to be, at an instant, under a trusted root.

Pure: DER bytes in, no clock, no files, no revocation lists (the directory carries revocation).
Only what the centre's own authority issued is accepted (R012): a path is always leaf → issuing
authority → root, with nothing between and nothing left out. The checks run in this order, and the
numbers stand again where each is made:

1. the bytes parse as one certificate, with its key in the one form our key ids are made of
2. the key is P-256 and the signature ECDSA with SHA-256, or the key is SM2 and the signature SM2
   with SM3; TLS has P-256 only
3. no critical extension that is unknown here
4. a leaf has key identifiers, and is neither self-signed nor an authority
5. key usage and extended key usage are exactly those of one use (`signer.ca.profile`)
6. one SAN URI names the participant, and the common name says the same with the generation
7. its issuer is among those given, by name and key identifier, and is an authority that issues
   leaves only
8. the issuer was issued by a configured root of the same algorithms: one, or two while roots
   change; no chain mixes suites
9. both signatures verify
10. the use, the participant and the instant are the expected ones

Steps 1 to 9 do not depend on time and are cached; step 10 is made on every call.
`cryptography.x509.verification` is not used: it passes leaves without extended key usage, and this
profile is narrower than the web's (RFC 5280 §6 is the background).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from signer.ca.profile import AUTHORITY_USAGE
from signer.ca.reading import CertifiedKey, Reading, public_key_id, read, read_leaf, suite_of
from signer.ca.sm2_form import is_signed_by
from signer.directory.view import Key, KeyUse
from signer.errors import CertificateError
from signer.suites.sm2 import Sm2PublicKey

__all__ = [
    "CertifiedKey",
    "PathValidator",
    "issued_by",
    "issuers_of",
    "key_id",
    "participant_of",
    "public_key_id",
    "require",
    "require_period",
    "suite_of",
    "to_key",
    "vouched_for",
]

_CACHE_SIZE = 4096


class PathValidator:
    """Validates certificate paths to the trusted roots.

    Args:
        root: DER bytes of the root certificate, the trust anchor as configured.
        others: Further trust anchors: while roots change, the earlier or the later one; those of
            another suite.
        capacity: How many validated paths are remembered.

    Raises:
        CertificateError: `CERT_ROOT_UNFIT` when a root is not a self-signed authority, and the
            codes of checks 1 to 3.
        ConfigError: `GM_NOT_INSTALLED`.
    """

    def __init__(
        self, root: bytes, others: Sequence[bytes] = (), *, capacity: int = _CACHE_SIZE
    ) -> None:
        self._root_ders = (root, *others)
        self._roots = tuple(read(der) for der in self._root_ders)
        self._capacity = capacity
        self._cache: OrderedDict[tuple[bytes, bytes], CertifiedKey] = OrderedDict()
        self._lock = Lock()
        if not all(_is_authority(r, below=1) and _signed_by(r, r) for r in self._roots):
            raise CertificateError(
                "CERT_ROOT_UNFIT",
                "根证书不是自签的签发机构证书",
                "the root is not a self-signed authority",
            )

    @property
    def roots(self) -> tuple[bytes, ...]:
        """DER bytes of the trust anchors, as configured."""
        return self._root_ders

    @property
    def suites(self) -> frozenset[str]:
        """The suites that there is a trust anchor for."""
        return frozenset(root.suite for root in self._roots)

    def path(self, leaf: bytes, issuers: Sequence[bytes]) -> CertifiedKey:
        """Make the checks that do not depend on time (1 to 9).

        Args:
            leaf: DER bytes of the certificate.
            issuers: DER bytes of issuing authorities, in any order.

        Raises:
            CertificateError: The codes of `read_leaf` (1 to 6), then `CERT_ISSUER_UNKNOWN`,
                `CERT_ISSUER_UNFIT`, `CERT_ROOT_UNKNOWN`, `CERT_SIGNATURE`.
        """
        leaf_print = hashlib.sha256(leaf).digest()
        keys = [(leaf_print, hashlib.sha256(issuer).digest()) for issuer in issuers]
        with self._lock:
            for key in keys:
                if (found := self._cache.get(key)) is not None:
                    self._cache.move_to_end(key)
                    return found
        found, position = self._build(leaf, issuers)
        with self._lock:
            self._cache[keys[position]] = found
            if len(self._cache) > self._capacity:
                self._cache.popitem(last=False)
        return found

    def validate(
        self, leaf: bytes, issuers: Sequence[bytes], *, use: KeyUse, participant: str, at: datetime
    ) -> CertifiedKey:
        """Make all checks (1 to 10).

        Args:
            leaf: DER bytes of the certificate.
            issuers: DER bytes of issuing authorities.
            use: The use it must be for.
            participant: The participant it must name.
            at: The instant at which the whole path must be valid.

        Raises:
            CertificateError: As `path`; `CERT_EKU` for another use, `CERT_ROLE` for another
                participant, `CERT_EXPIRED` or `CERT_NOT_YET_VALID`.
        """
        found = self.path(leaf, issuers)
        require(found, use=use, participant=participant)
        require_period(found.key, at)
        return found

    def _build(self, leaf_der: bytes, issuers: Sequence[bytes]) -> tuple[CertifiedKey, int]:
        leaf, certified = read_leaf(leaf_der)
        candidates = [(i, read(der)) for i, der in enumerate(issuers) if der not in self._root_ders]
        named = [(i, issuer) for i, issuer in candidates if _names_issuer(leaf, issuer)]
        # 7. The issuer. Several match when one key was certified again, or under two roots while
        # these change: of those under a root trusted here the latest counts.
        if not named:
            raise CertificateError(
                "CERT_ISSUER_UNKNOWN",
                "证书的签发机构不在所给的签发机构之内",
                "the certificate's issuer is not among those given",
                remedy_zh="请核对证书与 root.pem、签发机构证书是否来自同一部中心",
                remedy_en="Check that certificate, root.pem and issuer come from the same hub",
            )
        rooted = [pair for pair in named if self._root_of(pair[1]) is not None]
        position, issuer = max(
            rooted or named, key=lambda pair: pair[1].certificate.not_valid_after_utc
        )
        root = self.issuer(issuer)
        if not _signed_by(leaf, issuer):
            raise CertificateError("CERT_SIGNATURE", "证书签名无效", "a signature is invalid")
        path = (leaf.certificate, issuer.certificate, root.certificate)
        key = replace(
            certified.key,
            not_before=max(c.not_valid_before_utc for c in path),
            not_after=min(c.not_valid_after_utc for c in path),
        )
        return CertifiedKey(certified.participant, key), position

    def issuer(self, issuer: Reading) -> Reading:
        """Return the trusted root under which an issuing authority stands (7 to 9).

        Raises:
            CertificateError: `CERT_ISSUER_UNFIT`, `CERT_ROOT_UNKNOWN`, `CERT_SIGNATURE`.
        """
        if not _is_authority(issuer, below=0):
            raise CertificateError(
                "CERT_ISSUER_UNFIT",
                "签发机构证书不合规",
                "the issuer is not an authority that issues leaves only",
            )
        # 8. The root. Another root of the same name differs in its key identifier.
        root = self._root_of(issuer)
        if root is None:
            raise CertificateError(
                "CERT_ROOT_UNKNOWN",
                "证书不是在所给的根证书之下签发的",
                "the certificate was not issued under the root that was given",
                remedy_zh="请用部中心的 root.pem，并与部中心核对其指纹",
                remedy_en="Give the root.pem of the hub, and compare its fingerprint with the hub",
            )
        # 9. Signatures, from the top, so that nothing unsigned is relied upon.
        if not _signed_by(issuer, root):
            raise CertificateError("CERT_SIGNATURE", "证书签名无效", "a signature is invalid")
        return root

    def _root_of(self, issuer: Reading) -> Reading | None:
        """The trusted root that an issuing authority names."""
        return next((root for root in self._roots if _names_issuer(issuer, root)), None)


def issuers_of(leaf: bytes, issuers: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return those of the authorities (DER) that a certificate names as its issuer.

    Two are returned when one authority is certified under two roots.

    Raises:
        CertificateError: With the codes of checks 1 to 3.
    """
    return tuple(der for der in issuers if issued_by(leaf, der))


def issued_by(certificate: bytes, issuer: bytes) -> bool:
    """Whether a certificate (DER) names that authority as its issuer; no signature is looked at.

    Raises:
        CertificateError: With the codes of checks 1 to 3.
    """
    return _names_issuer(read(certificate), read(issuer))


def require(found: CertifiedKey, *, use: KeyUse, participant: str) -> None:
    """Check that a validated key is the participant's, for the use (10).

    Raises:
        CertificateError: `CERT_EKU` for another use, `CERT_ROLE` for another participant.
    """
    if found.key.use is not use:
        raise CertificateError(
            "CERT_EKU",
            "证书用途不符",
            f"the certificate is for {found.key.use}, not {use}",
            where=found.participant,
        )
    if found.participant != participant:
        raise CertificateError(
            "CERT_ROLE",
            "证书属于其他参与方",
            f"the certificate names {found.participant}",
            where=participant,
        )


def require_period(key: Key, at: datetime) -> None:
    """Check that the path's period covers an instant (10).

    Raises:
        CertificateError: `CERT_EXPIRED` or `CERT_NOT_YET_VALID`.
    """
    if at < key.not_before:
        raise CertificateError(
            "CERT_NOT_YET_VALID",
            "证书尚未生效",
            "the certificate is not valid yet",
            remedy_zh="请核对本机时间",
            remedy_en="Check this machine's clock",
        )
    if at > key.not_after:
        raise CertificateError(
            "CERT_EXPIRED",
            "证书已过期",
            "the certificate has expired",
            remedy_zh="请签发新一代证书",
            remedy_en="Issue the next generation",
        )


def key_id(certificate: bytes) -> bytes:
    """Return the key id of a DER certificate: SHA-256 of its DER SubjectPublicKeyInfo.

    Raises:
        CertificateError: With the codes of checks 1 to 3.
    """
    return read(certificate).key_id


def to_key(certificate: bytes, revoked: datetime | None = None) -> Key:
    """Read a leaf as a directory key, without looking at its path (checks 1 to 6).

    Args:
        certificate: DER bytes.
        revoked: Instant of revocation, as the directory lists it.

    Raises:
        CertificateError: With the code of the first check that fails.
    """
    return replace(read_leaf(certificate)[1].key, revoked=revoked)


def participant_of(certificate: bytes) -> str:
    """Return the participant a leaf names, without looking at its path (checks 1 to 6).

    Raises:
        CertificateError: With the code of the first check that fails.
    """
    return read_leaf(certificate)[1].participant


def vouched_for(
    root: bytes, links: Sequence[bytes], anchors: Sequence[bytes], at: datetime
) -> bool:
    """Whether a trusted root has certified a later root's key, under that root's name.

    Args:
        root: DER of the later root.
        links: DER of certificates of its key (RFC 4210 §4.4.1, "new with old").
        anchors: DER of the roots that are trusted.
        at: The instant at which a link must be valid.

    Raises:
        CertificateError: With the codes of checks 1 to 3.
    """
    later, trusted = read(root), [read(der) for der in anchors]
    return any(
        _is_authority(link, below=1)
        and link.key_id == later.key_id
        and link.subject_key == later.subject_key
        and link.certificate.subject == later.certificate.subject
        and link.certificate.not_valid_before_utc <= at <= link.certificate.not_valid_after_utc
        and any(_names_issuer(link, anchor) and _signed_by(link, anchor) for anchor in trusted)
        for link in map(read, links)
    )


def _is_authority(reading: Reading, *, below: int) -> bool:
    """Whether a certificate is an authority with so many levels of authorities below it allowed."""
    basic = reading.extension(x509.BasicConstraints)
    return (
        basic is not None
        and basic.ca
        and basic.path_length == below
        and reading.is_critical(x509.BasicConstraints)
        and reading.extension(x509.KeyUsage) == AUTHORITY_USAGE
    )


def _names_issuer(subject: Reading, issuer: Reading) -> bool:
    """Whether a certificate says it was issued by that authority, by name and key identifier."""
    return (
        subject.suite == issuer.suite
        and subject.certificate.issuer == issuer.certificate.subject
        and subject.authority_key is not None
        and subject.authority_key == issuer.subject_key
    )


def _signed_by(subject: Reading, issuer: Reading) -> bool:
    if isinstance(issuer.public_key, Sm2PublicKey):
        return is_signed_by(subject.certificate, issuer.public_key)
    try:
        subject.certificate.verify_directly_issued_by(issuer.certificate)
    except (InvalidSignature, ValueError):
        return False
    return True
