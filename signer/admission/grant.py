"""The grant: what the hub issued, as one file `<id>.hedui-grant` or the body of a message.

It needs no signature, because it says nothing that its certificates do not prove: each must have a
path to a root the importer already trusts, for the key the importer made. What a forger could leave
out is only missing.

**A new root** comes in a grant too. The importer takes it when a root it trusts has certified the
new root's key (a *link*, RFC 4210 §4.4.1 "new with old"); so roots change without anyone comparing
fingerprints again, and without a day on which all must change (docs/decisions/0019).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.loader import SchemaError, decode, encode, load
from signer.certificates import CertifiedKey, PathValidator, vouched_for
from signer.directory.view import KeyUse
from signer.errors import AdmissionError, CertificateError
from signer.suites.p256_aes256gcm import NAME as SUITE

ENDING = ".hedui-grant"
MAX_SIZE = 64 * 1024
"""Bytes of the largest grant."""

_MAGIC = b"HDG1"


@dataclass(frozen=True, slots=True)
class Grant:
    """What was issued: certificates by use, and what leads from them to a root. All DER."""

    participant: str
    generation: int
    certificates: Mapping[KeyUse, bytes]
    issuers: tuple[bytes, ...]
    roots: tuple[bytes, ...]
    links: tuple[bytes, ...] = ()


def write_grant(grant: Grant) -> bytes:
    """Return the bytes of a grant."""
    return encode(
        load("admission/grant.v1"),
        {
            "magic": _MAGIC,
            "id": grant.participant,
            "generation": grant.generation,
            "certificates": [
                {"use": str(use), "suite": SUITE, "certificate": grant.certificates[use]}
                for use in KeyUse
            ],
            "issuers": list(grant.issuers),
            "roots": list(grant.roots),
            "links": list(grant.links),
        },
    )


def read_grant(data: bytes) -> Grant:
    """Parse a grant; nothing in it is verified yet.

    Raises:
        AdmissionError: `GRANT_MALFORMED`.
    """
    try:
        if len(data) > MAX_SIZE:
            raise _malformed()
        content = decode(load("admission/grant.v1"), data)
    except SchemaError:
        raise _malformed() from None
    listed = content["certificates"]
    if (
        content["magic"] != _MAGIC
        or [item["use"] for item in listed] != [str(use) for use in KeyUse]
        or any(item["suite"] != SUITE for item in listed)
        or not content["roots"]
    ):
        raise _malformed()
    return Grant(
        content["id"],
        content["generation"],
        {KeyUse(item["use"]): item["certificate"] for item in listed},
        tuple(content["issuers"]),
        tuple(content["roots"]),
        tuple(content["links"]),
    )


def verify_grant(
    grant: Grant, keys: Mapping[KeyUse, bytes], roots: Sequence[bytes], now: datetime
) -> tuple[bytes, ...]:
    """Verify that a grant certifies one's own keys under roots one trusts.

    Args:
        grant: The grant.
        keys: The ids of the keys that were asked for, by use.
        roots: DER of the roots trusted so far.
        now: The instant at which every certificate must be valid.

    Returns:
        DER of the roots to trust from now on: of those in the grant, the ones trusted already and
        the ones vouched for by a link.

    Raises:
        AdmissionError: `GRANT_ROOT` when no root in it is trusted, `GRANT_KEY` for a certificate
            of another key, `GRANT_GENERATION` for one of another generation than it says.
        CertificateError: A certificate is not acceptable (`PathValidator.validate`); `where` names
            its use.
    """
    trusted = trusted_roots(grant, roots, now)
    if not trusted:
        raise AdmissionError(
            "GRANT_ROOT",
            "签发结果的根证书不是所信任的根证书",
            "no root in the grant is trusted",
            remedy_zh="请与部中心电话核对根证书指纹；指纹不符则拒收",
            remedy_en="Compare the root's fingerprint with the hub; refuse a different one",
            where="roots",
        )
    validator = PathValidator(trusted[0], trusted[1:])
    for use in KeyUse:
        found = _validated(validator, grant, use, now)
        if found.key.id != keys[use]:
            raise AdmissionError(
                "GRANT_KEY",
                "证书不属于本方所申请的密钥",
                "a certificate is not for the key that was asked for",
                remedy_zh="请核对此文件是否对应本次申请",
                remedy_en="Check that this file answers this application",
                where=f"certificates.{use}",
            )
        if found.key.generation != grant.generation:
            raise AdmissionError(
                "GRANT_GENERATION",
                "证书代次与签发结果不符",
                "a certificate is of another generation than the grant",
                remedy_zh="请部中心重新签发",
                remedy_en="Ask the hub to issue it again",
                where=f"certificates.{use}",
            )
    return trusted


def trusted_roots(grant: Grant, roots: Sequence[bytes], now: datetime) -> tuple[bytes, ...]:
    """Return the grant's roots that are trusted already or vouched for, in the grant's order.

    Args:
        grant: The grant.
        roots: DER of the roots trusted so far.
        now: The instant at which a link must be valid.

    Raises:
        CertificateError: A root or link is no certificate (checks 1 to 3).
    """
    return tuple(
        der for der in grant.roots if der in roots or vouched_for(der, grant.links, roots, now)
    )


def _validated(validator: PathValidator, grant: Grant, use: KeyUse, now: datetime) -> CertifiedKey:
    try:
        return validator.validate(
            grant.certificates[use],
            grant.issuers,
            use=use,
            participant=grant.participant,
            at=now,
        )
    except CertificateError as error:
        raise CertificateError(
            error.code,
            error.zh,
            error.en,
            remedy_zh=error.remedy_zh,
            remedy_en=error.remedy_en,
            where=f"certificates.{use}",
        ) from error


def _malformed() -> AdmissionError:
    return AdmissionError(
        "GRANT_MALFORMED",
        "不是签发结果文件，或已损坏",
        "not a grant, or damaged",
        remedy_zh="请向部中心重新索取",
        remedy_en="Ask the hub for it again",
    )
