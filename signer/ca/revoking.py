"""Revokes what was issued, and makes the revocation lists (RFC 5280 §5) over it.

What is revoked is a key generation of a participant or a service: its certificates belong
together, and together they are the principal that the broker knows. A revocation is recorded once
and stands. Every accepted issuing authority has a list of its own, numbered one by one; an entry
stays until the list after its certificate's end.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from signer.ca.authorities import ISSUING, CaError, authorities, open_authority
from signer.ca.crl import Revocation, RevocationReason
from signer.ca.files import generations, issued_folder
from signer.ca.issue import Authority
from signer.ca.revocations import REVOKED, read_revocation
from signer.ca.services import service_folder
from signer.certificates import issued_by, key_id
from signer.errors import KeyFileError
from signer.identity import IdentityError
from signer.keydirectory import read_certificates
from signer.secretfiles import DIRECTORY_MODE, replace_file, unwritable, write_new

LISTS = "crl"
LIFETIME = timedelta(days=7)
"""After how long the next list is due, unless told otherwise."""


def revoke(
    ca: Path, name: str, generation: int, reason: RevocationReason, now: datetime
) -> Revocation:
    """Record that a key generation is not to be relied upon from now on.

    Args:
        ca: The CA directory.
        name: A participant's id or a service's name.
        generation: The generation.
        reason: Why.
        now: The instant.

    Returns:
        The revocation; where it was revoked before, that one, which stands.

    Raises:
        CaError: `CA_MISSING`; `CA_NOT_ISSUED` when that generation was not issued.
        IdentityError: `SERVICE_NAME` when the name is of neither form.
        KeyFileError: The record cannot be read or written.
    """
    authorities(ca, ISSUING)
    folder = _folder(ca, name)
    if generation not in generations(folder):
        raise CaError(
            "CA_NOT_ISSUED",
            f"未签发过第 {generation} 代",
            f"generation {generation} was not issued",
            remedy_zh="请用 hedui ca show 查看",
            remedy_en="See `hedui ca show`",
            where=name[:64],
        )
    place = folder / f"g{generation}"
    record = {"at": now.isoformat(timespec="seconds"), "reason": str(reason)}
    try:
        write_new(place / REVOKED, f"{json.dumps(record)}\n".encode())
    except KeyFileError as error:
        if error.code != "KEY_FILE_EXISTS":
            raise
    found = read_revocation(place)
    return found or Revocation(now, reason)


def make_lists(
    ca: Path, passphrase: bytes, now: datetime, lifetime: timedelta = LIFETIME
) -> tuple[bytes, ...]:
    """Make the next revocation list of every accepted issuing authority.

    Args:
        ca: The CA directory, which keeps the latest lists.
        passphrase: Opens the authorities' keys.
        now: The instant.
        lifetime: After how long the next list is due.

    Returns:
        The lists (DER), the present authority's first.

    Raises:
        CaError: `CA_MISSING`.
        KeyFileError: A file cannot be read, opened or written.
    """
    revoked = _revoked(ca)
    made: dict[bytes, bytes] = {}
    for der in authorities(ca, ISSUING):
        if (key := key_id(der)) in made:
            continue  # one authority certified under two roots
        authority = open_authority(ca, ISSUING, der, passphrase)
        own = {
            x509.load_der_x509_certificate(leaf): why
            for leaf, why in revoked.items()
            if issued_by(leaf, der)
        }
        path = ca / LISTS / f"{key.hex()[:16]}.crl"
        made[key] = _list(authority, own, _number(path) + 1, now, lifetime)
        _keep(path, made[key])
    return tuple(made.values())


def _list(
    authority: Authority,
    revoked: dict[x509.Certificate, Revocation],
    number: int,
    now: datetime,
    lifetime: timedelta,
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now)
        .next_update(now + lifetime)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.p256_key.public_key()),
            critical=False,
        )
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for certificate, why in revoked.items():
        if certificate.not_valid_after_utc + lifetime < now:
            continue
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(why.at)
        )
        if why.reason is not RevocationReason.UNSPECIFIED:
            # RFC 5280 §5.3.1: the reason is left out rather than stated as unspecified.
            entry = entry.add_extension(x509.CRLReason(why.reason.flag), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    crl = builder.sign(authority.p256_key, hashes.SHA256())
    return crl.public_bytes(Encoding.DER)


def _revoked(ca: Path) -> dict[bytes, Revocation]:
    """Every certificate (DER) of a revoked generation."""
    return {
        der: found
        for record in sorted(ca.glob(f"*/*/g*/{REVOKED}"))
        if (found := read_revocation(record.parent)) is not None
        for file in sorted(record.parent.glob("*.pem"))
        for der in read_certificates(file)
    }


def _folder(ca: Path, name: str) -> Path:
    try:
        return issued_folder(ca, name)
    except IdentityError:
        return service_folder(ca, name)


def _number(path: Path) -> int:
    """The number of the latest list, 0 when there is none."""
    if not path.exists():
        return 0
    try:
        crl = x509.load_der_x509_crl(path.read_bytes())
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (OSError, ValueError, x509.ExtensionNotFound):
        raise KeyFileError(
            "KEY_FILE_MALFORMED",
            "上一份吊销列表有误",
            "the latest revocation list is malformed",
            remedy_zh="请从备份恢复，编号须接续",
            remedy_en="Restore it from the backup: numbers must go on from it",
            where=str(path),
        ) from None


def _keep(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    replace_file(path, data)
