"""The report of a test run: signed by the hub, valid for a time (R014).

What is signed (docs/spec/conformance.md):

    "hedui/conformance/1" ‖ u16 n ‖ suite (n bytes) ‖ signer key id (32) ‖ SHA-256(payload)

The payload is verified as received and never encoded again.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.errors import HeduiError
from schemas.loader import SchemaError, decode, encode, load
from signer.directory.view import Directory, Key, KeyUse
from signer.identity import HUB
from signer.keyring import KeyRing
from signer.suites import SuiteError, suite

_MAGIC = b"HDC1"
_LABEL = b"hedui/conformance/1"


class ReportError(HeduiError):
    """A report is not one of the hub's that can be relied on."""


@dataclass(frozen=True, slots=True)
class ReportFigure:
    """A measured figure."""

    name: str
    value: int
    unit: str


@dataclass(frozen=True, slots=True)
class ReportTest:
    """How one test ended; fields as in `schemas/conformance/report.v1.avsc`."""

    test: int
    name: str
    zh: str
    passed: bool
    code: str | None
    details: tuple[str, ...]
    figures: tuple[ReportFigure, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a run of tests found; fields as in `schemas/conformance/report.v1.avsc`."""

    run: UUID
    participant: str
    purpose: str
    product: str
    specs: tuple[str, ...]
    hub_product: str
    directory_version: int
    tests: tuple[ReportTest, ...]
    passed: bool
    opened: datetime
    made: datetime
    expires: datetime


def sign_report(ring: KeyRing, report: Report) -> bytes:
    """Encode and sign a report.

    Args:
        ring: The hub's keys.
        report: The report; instants in whole milliseconds.

    Raises:
        KeyRingError: `KEY_UNUSABLE` when the ring cannot sign.
    """
    payload = encode(load("conformance/report.v1"), asdict(report) | {"run": report.run.bytes})
    name, signer = ring.signing_suite, ring.signing_key
    return encode(
        load("conformance/signed.v1"),
        {
            "magic": _MAGIC,
            "payload": payload,
            "signer": signer,
            "suite": name,
            "signature": ring.sign(_signed_bytes(name, signer, payload)),
        },
    )


def read_report(data: bytes, directory: Directory) -> Report:
    """Return a report that the hub signed; whether it is still valid is the caller's to look at.

    Args:
        data: The report's bytes.
        directory: The directory in force, which lists the hub's keys.

    Raises:
        ReportError: `REPORT_MALFORMED`; `REPORT_SIGNER` where it is not signed with a signing key
            of the hub that was valid when it was made and is not revoked; `REPORT_SIGNATURE`.
    """
    try:
        signed = decode(load("conformance/signed.v1"), data)
        content = decode(load("conformance/report.v1"), signed["payload"])
    except SchemaError:
        raise _malformed() from None
    if signed["magic"] != _MAGIC:
        raise _malformed()
    report = _report(content)
    key = _key(signed["signer"], signed["suite"], report.made, directory)
    known = suite(key.suite)
    try:
        if known is not None:
            data_signed = _signed_bytes(key.suite, key.id, signed["payload"])
            known.verify(key.public_key, signed["signature"], data_signed)
            return report
    except SuiteError:
        pass
    raise ReportError(
        "REPORT_SIGNATURE", "检测报告签名无效", "the signature of the report is invalid"
    )


def _key(signer: bytes, suite_name: str, made: datetime, directory: Directory) -> Key:
    found = directory.key(signer)
    if found is not None:
        owner, key = found
        right = owner.id == HUB and key.use is KeyUse.SIGNING and key.suite == suite_name
        # The hub states its own time, so a key revoked since vouches for nothing.
        if right and key.revoked is None and key.valid_at(made):
            return key
    raise ReportError(
        "REPORT_SIGNER",
        "检测报告不是部中心以有效证书签发的",
        "the report is not signed with a valid key of the hub",
    )


def _report(content: Any) -> Report:
    tests = tuple(
        ReportTest(
            **{**test, "details": tuple(test["details"]), "figures": _figures(test["figures"])}
        )
        for test in content["tests"]
    )
    changed = {"run": UUID(bytes=content["run"]), "specs": tuple(content["specs"]), "tests": tests}
    return Report(**{**content, **changed})


def _figures(figures: Any) -> tuple[ReportFigure, ...]:
    return tuple(ReportFigure(**figure) for figure in figures)


def _signed_bytes(suite_name: str, signer: bytes, payload: bytes) -> bytes:
    name = suite_name.encode()
    digest = hashlib.sha256(payload).digest()
    return _LABEL + len(name).to_bytes(2) + name + signer + digest


def _malformed() -> ReportError:
    return ReportError("REPORT_MALFORMED", "不是检测报告", "not a report of a test run")
