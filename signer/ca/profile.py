"""What each kind of certificate holds: written by `issue`, demanded by `signer.certificates`.

Every participant has one certificate for each use (`KeyUse`), of signing and encryption one for
each suite whose keys it holds. The certificates of a suite form a chain of their own: P-256 keys
signed with ECDSA/SHA-256, or SM2 keys signed with SM2 and SM3. TLS is P-256 always: Kafka speaks
international TLS. All carry the participant as one SAN URI `urn:hedui:<role>:<id>`. Its use shows
in the extended key usage; TLS has the two standard purposes (RFC 5280 §4.2.1.12), signing and
encryption have a private one each. The private OIDs lie under 2.25, the arc of UUIDs (ITU-T X.667),
which needs no registration and collides with nobody: each is the name-based UUID (version 5, URL
namespace) of `urn:hedui:certificate-use:signing` or `...:encryption`.

The common name is participant and key generation, `370000.g3`; in TLS certificates it is exactly
that, because there it is the Kafka principal, and the others append their use
(`370000.g3.signing`), so that no other certificate can ever be taken for the principal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from signer.directory.view import KeyUse
from signer.identity import principal
from signer.suites.keys import SM2

SIGNING_PURPOSE = ObjectIdentifier("2.25.100111574420964379783087790792859773103")
ENCRYPTION_PURPOSE = ObjectIdentifier("2.25.332208652908495329621778214514207878153")

_COMMON_NAME = re.compile(r"(?P<id>[a-z0-9.-]+)\.g(?P<generation>[1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class LeafProfile:
    """The extensions that one use prescribes; a certificate has exactly these."""

    purposes: frozenset[ObjectIdentifier]
    key_usage: x509.KeyUsage
    lifetime: timedelta


def key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_encipherment: bool = False,
    key_agreement: bool = False,
    certificate_authority: bool = False,
) -> x509.KeyUsage:
    """Return a key usage with the named bits; an authority signs certificates and CRLs."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=key_agreement,
        key_cert_sign=certificate_authority,
        crl_sign=certificate_authority,
        encipher_only=False,
        decipher_only=False,
    )


AUTHORITY_USAGE = key_usage(certificate_authority=True)

LEAVES: Mapping[KeyUse, LeafProfile] = {
    KeyUse.TLS: LeafProfile(
        frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}),
        key_usage(digital_signature=True),
        timedelta(days=365),
    ),
    KeyUse.SIGNING: LeafProfile(
        frozenset({SIGNING_PURPOSE}),
        key_usage(digital_signature=True, content_commitment=True),
        timedelta(days=365),
    ),
    KeyUse.ENCRYPTION: LeafProfile(
        frozenset({ENCRYPTION_PURPOSE}),
        key_usage(key_agreement=True),
        timedelta(days=180),
    ),
}

"""What P-256 leaves hold."""

_SM2_LEAVES: Mapping[KeyUse, LeafProfile] = {
    KeyUse.SIGNING: LEAVES[KeyUse.SIGNING],
    # SM2 encrypts to the key where P-256 agrees on one.
    KeyUse.ENCRYPTION: replace(
        LEAVES[KeyUse.ENCRYPTION], key_usage=key_usage(key_encipherment=True)
    ),
}


def leaf_profile(use: KeyUse, suite: str) -> LeafProfile | None:
    """Return what leaves of a use and suite hold, or None when there are none such."""
    return (_SM2_LEAVES if suite == SM2 else LEAVES).get(use)


def common_name(participant: str, generation: int, use: KeyUse) -> str:
    """Return the subject's common name, e.g. `370000.g3` or `370000.g3.signing`."""
    name = principal(participant, generation)
    return name if use is KeyUse.TLS else f"{name}.{use}"


def parse_common_name(value: str, use: KeyUse) -> tuple[str, int] | None:
    """Return the participant and generation a common name states, or None if it states none."""
    suffix = "" if use is KeyUse.TLS else f".{use}"
    found = _COMMON_NAME.fullmatch(value.removesuffix(suffix))
    if found is None or not value.endswith(suffix):
        return None
    return found["id"], int(found["generation"])


def use_of(purposes: frozenset[ObjectIdentifier]) -> KeyUse | None:
    """Return the use whose purposes are exactly these, or None."""
    return next((use for use, leaf in LEAVES.items() if leaf.purposes == purposes), None)
