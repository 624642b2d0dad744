"""The request for the next key generation, as bytes that a signed message carries.

The message is signed with the participant's current signing key, which says who asks; each request
inside proves possession of its new key. So the bytes need no signature of their own.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.loader import SchemaError, decode, encode, load
from signer.admission.request import KeyRequests, read_requests, request_content
from signer.directory.view import KeyUse
from signer.errors import AdmissionError

MAX_SIZE = 16 * 1024
"""Bytes of the largest renewal."""

_MAGIC = b"HDN1"


def make_renewal(participant: str, generation: int, requests: Mapping[KeyUse, bytes]) -> bytes:
    """Return the bytes that ask for a generation.

    Args:
        participant: Who asks.
        generation: The generation asked for: the one after the present.
        requests: The certificate requests (DER), one for each use.
    """
    return encode(
        load("admission/renewal.v1"),
        {
            "magic": _MAGIC,
            "id": participant,
            "generation": generation,
            "requests": request_content(requests),
        },
    )


def read_renewal(data: bytes, participant: str) -> KeyRequests:
    """Verify what asks for a generation.

    Args:
        data: The bytes.
        participant: The source of the message that carried them, verified.

    Raises:
        AdmissionError: `RENEWAL_MALFORMED`, `RENEWAL_PARTICIPANT` when it is for somebody else,
            and the codes of `read_requests`.
    """
    try:
        if len(data) > MAX_SIZE:
            raise _malformed()
        content = decode(load("admission/renewal.v1"), data)
    except SchemaError:
        raise _malformed() from None
    if content["magic"] != _MAGIC or content["generation"] < 1:
        raise _malformed()
    if content["id"] != participant:
        raise AdmissionError(
            "RENEWAL_PARTICIPANT",
            "换发请求不属于发送方",
            "the renewal is not for the participant that sent it",
            remedy_zh="只能为本方换发证书",
            remedy_en="A participant renews its own certificates only",
            where="id",
        )
    return read_requests(content["requests"], participant, content["generation"])


def _malformed() -> AdmissionError:
    return AdmissionError(
        "RENEWAL_MALFORMED",
        "换发请求格式有误",
        "the renewal is malformed",
        remedy_zh="请重新生成换发请求",
        remedy_en="Make the renewal again",
    )
