"""The written application (书面申请, R007) as one signed file, `<id>.hedui-apply`.

Avro, like everything else that is signed here, because one decoder already accepts exactly one
encoding; JSON would need a canonical form and a parser of its own. The file is
`admission/signed.v1` around the bytes of `admission/application.v1`, verified as received. It is
signed with the new signing key, the one it asks to have certified, over

    "hedui/admission/1" ‖ u16 n ‖ suite (n bytes) ‖ signer key id (32) ‖ SHA-256(payload)

so that nobody can change a contact or an address on the way, or put another's request into it. Who
the applicant is, no signature can say before there is a certificate: the hub compares the file's
digest with the applicant on another way (docs/operate/hub.md).

Checks of `read_application`, cheapest first:

1. the file is not larger than `MAX_SIZE`
2. file and payload are in the one encoding
3. every field is acceptable (`signer.admission.contents`)
4. the three requests (`signer.admission.request`) name this participant and generation
5. the file's signer is the key of the signing request, and its signature verifies
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from schemas.loader import SchemaError, decode, encode, load
from signer.admission.contents import (
    AdmissionApplication,
    Answers,
    Contact,
    Responsibility,
    Standard,
    check_answers,
)
from signer.admission.request import read_requests, request_content
from signer.ca.reading import public_key_id
from signer.directory.view import KeyUse, Offer
from signer.errors import AdmissionError
from signer.suites import SUITES, SuiteError
from signer.suites.p256_aes256gcm import NAME as SUITE
from signer.suites.p256_aes256gcm import sign

ENDING = ".hedui-apply"
MAX_SIZE = 64 * 1024
"""Bytes of the largest application."""

_MAGIC = b"HDA1"
_LABEL = b"hedui/admission/1"


def write_application(
    answers: Answers,
    generation: int,
    requests: Mapping[KeyUse, bytes],
    signing_key: ec.EllipticCurvePrivateKey,
    made: datetime,
) -> bytes:
    """Return the signed application file.

    Args:
        answers: What the applicant states.
        generation: Key generation, from 1.
        requests: The certificate requests (DER), one for each use.
        signing_key: The key of the signing request.
        made: The instant, UTC; written in whole milliseconds.

    Raises:
        AdmissionError: As `read_application`: what is written is read again.
    """
    check_answers(answers)
    payload = encode(
        load("admission/application.v1"), _content(answers, generation, requests, made)
    )
    signer = public_key_id(signing_key.public_key())
    data = encode(
        load("admission/signed.v1"),
        {
            "magic": _MAGIC,
            "payload": payload,
            "signer": signer,
            "signature": {
                "suite": SUITE,
                "value": sign(signing_key, _signed_bytes(SUITE, signer, payload)),
            },
        },
    )
    read_application(data)
    return data


def read_application(data: bytes) -> AdmissionApplication:
    """Verify an application file.

    Args:
        data: The file's bytes.

    Raises:
        AdmissionError: `APPLICATION_TOO_LARGE`, `APPLICATION_MALFORMED`, the codes of
            `check_answers` and `read_requests`, `APPLICATION_SIGNER`, `APPLICATION_SIGNATURE`.
    """
    # 1. Size.
    if len(data) > MAX_SIZE:
        raise _refused(
            "APPLICATION_TOO_LARGE",
            f"申请文件超过 {MAX_SIZE // 1024} KiB",
            f"the application is larger than {MAX_SIZE // 1024} KiB",
        )
    # 2. Encoding.
    try:
        outer = decode(load("admission/signed.v1"), data)
        content = decode(load("admission/application.v1"), outer["payload"])
    except SchemaError:
        raise _malformed() from None
    if outer["magic"] != _MAGIC or content["generation"] < 1:
        raise _malformed()
    # 3. Fields.
    answers = _answers(content)
    check_answers(answers)
    # 4. Requests.
    keys = read_requests(content["requests"], answers.participant, content["generation"])
    # 5. Signature.
    signing = keys.of(KeyUse.SIGNING)
    named = outer["signature"]["suite"]
    if outer["signer"] != signing.key_id or named != signing.suite:
        raise _refused(
            "APPLICATION_SIGNER",
            "申请文件不是由所申请的签名密钥签名",
            "the application is not signed with the signing key it asks for",
        )
    signed = _signed_bytes(named, outer["signer"], outer["payload"])
    try:
        SUITES[named].verify(signing.public_key, outer["signature"]["value"], signed)
    except SuiteError:
        raise _refused(
            "APPLICATION_SIGNATURE", "申请文件签名无效", "the application's signature is invalid"
        ) from None
    return AdmissionApplication(answers, keys, content["made"], hashlib.sha256(data).digest())


def _content(
    answers: Answers, generation: int, requests: Mapping[KeyUse, bytes], made: datetime
) -> dict[str, Any]:
    return {
        "id": answers.participant,
        "parent": answers.parent,
        "title": answers.title,
        "generation": generation,
        "made": made,
        "contacts": [
            {
                "responsibility": str(contact.responsibility),
                "name": contact.name,
                "phone": contact.phone,
                "email": contact.email,
            }
            for contact in answers.contacts
        ],
        "standards": [{"name": s.name, "version": s.version} for s in answers.standards],
        "hosts": list(answers.hosts),
        "offers": [
            {
                "resource": offer.resource,
                "items": list(offer.items),
                "term_working_days": offer.term_working_days,
            }
            for offer in answers.offers
        ],
        "requests": request_content(requests),
    }


def _answers(content: Mapping[str, Any]) -> Answers:
    return Answers(
        participant=content["id"],
        parent=content["parent"],
        title=content["title"],
        contacts=tuple(
            Contact(Responsibility(c["responsibility"]), c["name"], c["phone"], c["email"])
            for c in content["contacts"]
        ),
        standards=tuple(Standard(s["name"], s["version"]) for s in content["standards"]),
        hosts=tuple(content["hosts"]),
        offers=tuple(
            Offer(o["resource"], tuple(o["items"]), o["term_working_days"])
            for o in content["offers"]
        ),
    )


def _signed_bytes(suite_name: str, signer: bytes, payload: bytes) -> bytes:
    name = suite_name.encode()
    return _LABEL + len(name).to_bytes(2) + name + signer + hashlib.sha256(payload).digest()


def _malformed() -> AdmissionError:
    return _refused(
        "APPLICATION_MALFORMED", "不是申请文件，或已损坏", "not an application file, or damaged"
    )


def _refused(code: str, zh: str, en: str) -> AdmissionError:
    return AdmissionError(
        code,
        zh,
        en,
        remedy_zh="请申请单位重新生成并发送",
        remedy_en="Ask the applicant to make it again and send it",
    )
