"""Timestamps after RFC 3161: makes the request's bytes, and verifies what an authority answered.

Pure: no network and no clock. A token is judged by the certificates that are given, at the time it
states, so it verifies as well after they have expired. The nonce is left out: what is stamped here
is never stamped twice, so an answer to another request is refused by its imprint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from schemas.errors import HeduiError

MAX_RESPONSE = 64 * 1024
"""Bytes of a response that is still looked at; usual ones have 1 to 8 KiB."""

MAX_CERTIFICATES = 8

_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_GRANTED = 0


class TimestampError(HeduiError):
    """What a timestamping authority answered is no timestamp of what was asked."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A timestamp that verifies.

    Attributes:
        time: The instant by which what it covers was there: the token's time and its inaccuracy,
            up to a whole millisecond.
        authority: The subject of the authority's certificate.
        anchor: DER of the self-signed certificate that its path ends in.
    """

    time: datetime
    authority: str
    anchor: bytes


def request_bytes(data: bytes) -> bytes:
    """Return the request (TimeStampReq, DER) for a timestamp over the SHA-256 of some bytes."""
    builder = TimestampRequestBuilder(
        data=data, hash_algorithm=HashAlgorithm.SHA256, nonce=False, cert_req=True
    )
    return builder.build().as_bytes()


def verify_timestamp(response: bytes, data: bytes, certificates: Sequence[bytes]) -> Timestamp:
    """Verify an authority's answer.

    Args:
        response: The answer (TimeStampResp, DER).
        data: What must be stamped.
        certificates: DER of the certificates the authority's own may stand under: self-signed
            ones, each a possible end of its path, and authorities issued under them.

    Raises:
        TimestampError: `TIMESTAMP_MALFORMED`, `TIMESTAMP_REFUSED`, `TIMESTAMP_IMPRINT`,
            `TIMESTAMP_CERTIFICATE` when a given certificate is none, `TIMESTAMP_UNTRUSTED` when
            the signature does not verify to any of them at the time stated.
    """
    parsed = _parse(response)
    listed = [_certificate(der) for der in certificates[:MAX_CERTIFICATES]]
    imprint = parsed.tst_info.message_imprint
    if imprint.hash_algorithm != _SHA256 or imprint.message != sha256(data).digest():
        raise TimestampError(
            "TIMESTAMP_IMPRINT",
            "时间戳针对的是别的内容",
            "the timestamp is over something else",
        )
    for anchor in listed:
        if _issued(anchor, anchor) and _verifies(parsed, data, anchor, listed):
            return Timestamp(_time(parsed), _authority(parsed), anchor.public_bytes(Encoding.DER))
    raise TimestampError(
        "TIMESTAMP_UNTRUSTED",
        "时间戳的签名不能追溯到所给的证书",
        "the timestamp does not verify to the certificates given",
        remedy_zh="请核对时间戳机构的根证书与中间证书",
        remedy_en="Check the root and intermediate certificates of the timestamping authority",
    )


def _parse(response: bytes) -> TimeStampResponse:
    if len(response) > MAX_RESPONSE:
        raise _malformed()
    try:
        parsed = decode_timestamp_response(response)
        if parsed.as_bytes() != response:
            raise _malformed()
        if parsed.status != _GRANTED:
            raise TimestampError(
                "TIMESTAMP_REFUSED",
                "时间戳机构拒绝了请求",
                f"the authority refused the request (status {parsed.status})",
            )
        # Read once here: a token without one of them is no timestamp.
        _ = parsed.tst_info.gen_time, parsed.signed_data.certificates
    except (ValueError, OverflowError):
        raise _malformed() from None
    return parsed


def _verifies(
    parsed: TimeStampResponse,
    data: bytes,
    anchor: x509.Certificate,
    listed: Sequence[x509.Certificate],
) -> bool:
    # The library takes every certificate it is given for an anchor, so only those go in whose
    # path to this anchor has been checked; it checks their periods itself.
    trusted = [anchor]
    for _ in listed:
        trusted += [
            one for one in listed if one not in trusted and any(_issued(one, by) for by in trusted)
        ]
    builder = VerifierBuilder(roots=[anchor], intermediates=trusted[1:])
    try:
        return builder.build().verify_message(parsed, data)
    except (VerificationError, ValueError):
        return False


def _issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    """Whether one authority's certificate was issued by another, or by itself."""
    try:
        authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        certificate.verify_directly_issued_by(by)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    return authority.value.ca


def _certificate(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        raise TimestampError(
            "TIMESTAMP_CERTIFICATE",
            "时间戳机构的证书无法解析",
            "a certificate of the timestamping authority cannot be parsed",
        ) from None


def _time(parsed: TimeStampResponse) -> datetime:
    info = parsed.tst_info
    time, accuracy = info.gen_time.astimezone(UTC), info.accuracy
    if accuracy is not None:
        time += timedelta(
            seconds=accuracy.seconds or 0,
            milliseconds=accuracy.millis or 0,
            microseconds=accuracy.micros or 0,
        )
    millisecond = timedelta(milliseconds=1)
    return time + -timedelta(microseconds=time.microsecond) % millisecond


def _authority(parsed: TimeStampResponse) -> str:
    signed = parsed.signed_data
    (signer,) = signed.signer_infos
    for der in signed.certificates:
        found = _certificate(der)
        if (found.issuer, found.serial_number) == (signer.issuer, signer.serial_number):
            return found.subject.rfc4514_string()
    raise _malformed()


def _malformed() -> TimestampError:
    return TimestampError(
        "TIMESTAMP_MALFORMED", "不是时间戳响应", "not the response of a timestamping authority"
    )
