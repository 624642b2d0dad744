"""Signs a certificate, whichever suite its chain is of: key identifiers, serial number, form."""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from schemas.errors import DefectError
from signer.ca.sm2_form import Draft, make_certificate
from signer.suites.keys import PrivateKey, PublicKey, public_key_id
from signer.suites.sm2 import Sm2PrivateKey, Sm2PublicKey

_IDENTIFIER_SIZE = 20


def sign_certificate(draft: Draft, key: PublicKey, issuer: PrivateKey) -> x509.Certificate:
    """Return the certificate of a key: the draft, both key identifiers, a random serial number.

    Args:
        draft: What else it says.
        key: The key it certifies.
        issuer: The key that signs it, of the same suite.

    Raises:
        DefectError: `CA_SUITE` when the two are of different suites.
        SuiteNotInstalledError: `GM_NOT_INSTALLED`.
    """
    identifiers: tuple[tuple[x509.ExtensionType, bool], ...] = (
        (_identifier(key), False),
        (x509.AuthorityKeyIdentifier(_identifier(issuer.public_key()).digest, None, None), False),
    )
    draft = replace(draft, extensions=(*identifiers, *draft.extensions))
    serial = x509.random_serial_number()
    if isinstance(key, Sm2PublicKey) and isinstance(issuer, Sm2PrivateKey):
        return make_certificate(draft, serial, key, issuer)
    if isinstance(key, Sm2PublicKey) or isinstance(issuer, Sm2PrivateKey):
        raise DefectError("CA_SUITE", "证书链混用套件", "a chain mixes suites")
    builder = (
        x509.CertificateBuilder()
        .subject_name(draft.subject)
        .issuer_name(draft.issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(draft.not_before)
        .not_valid_after(draft.not_after)
    )
    for extension, critical in draft.extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer, hashes.SHA256())


def _identifier(key: PublicKey) -> x509.SubjectKeyIdentifier:
    if isinstance(key, Sm2PublicKey):
        # RFC 7093 §2, method 4: the first 160 bits of the hash of the SubjectPublicKeyInfo.
        return x509.SubjectKeyIdentifier(public_key_id(key)[:_IDENTIFIER_SIZE])
    return x509.SubjectKeyIdentifier.from_public_key(key)
