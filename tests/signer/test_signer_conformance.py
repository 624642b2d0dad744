"""The signed report of a test run: it comes back as it was made, and nothing else passes for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from schemas.loader import decode, encode, load
from signer.conformance import (
    Report,
    ReportError,
    ReportFigure,
    ReportTest,
    read_report,
    sign_report,
)
from signer.directory.view import Directory

RUN = UUID("019cac0f-2680-77d8-8904-86ef2cb84955")


@pytest.fixture
def report(tree):
    tests = (
        ReportTest(1, "envelope", "信封", True, None, (), (ReportFigure("size", 65536, "byte"),)),
        ReportTest(3, "clock", "时钟", False, "CLOCK_SKEW", ("late",), ()),
    )
    now = tree.now
    return Report(
        *(RUN, "370000", "admission", "hedui-bus 0.1.0", ("envelope/1",), "hedui-bus 0.1.0", 7),
        *(tests, False, now - timedelta(minutes=1), now, now + timedelta(days=90)),
    )


def code_of(data, directory):
    with pytest.raises(ReportError) as caught:
        read_report(data, directory)
    return caught.value.code


@pytest.mark.requirement("R014")
def test_a_report_comes_back_as_it_was_signed(tree, report):
    assert read_report(sign_report(tree.rings["hub"], report), tree.directory) == report


def test_a_report_of_somebody_else_is_refused(tree, report):
    for signer in ("370000", "320000"):
        signed = sign_report(tree.rings[signer], report)
        assert code_of(signed, tree.directory) == "REPORT_SIGNER"


def test_a_key_that_was_not_valid_or_is_revoked_vouches_for_nothing(tree, report):
    signed = sign_report(tree.rings["hub"], report)
    hub = tree.participants["hub"]
    for change in (
        {"not_before": tree.now + timedelta(seconds=1)},
        {"not_after": tree.now - timedelta(seconds=1)},
        {"revoked": tree.now + timedelta(days=30)},
    ):
        keys = tuple(replace(key, **change) for key in hub.keys)
        others = {**tree.participants, "hub": replace(hub, keys=keys)}
        directory = Directory(1, tree.now, tree.now, others)
        assert code_of(signed, directory) == "REPORT_SIGNER"


def test_an_altered_report_is_refused(tree, report):
    signed = decode(load("conformance/signed.v1"), sign_report(tree.rings["hub"], report))
    better = encode(
        load("conformance/report.v1"),
        decode(load("conformance/report.v1"), signed["payload"]) | {"passed": True},
    )
    forged = encode(load("conformance/signed.v1"), signed | {"payload": better})
    assert code_of(forged, tree.directory) == "REPORT_SIGNATURE"
    other = encode(load("conformance/signed.v1"), signed | {"signature": bytes(64)})
    assert code_of(other, tree.directory) == "REPORT_SIGNATURE"


@pytest.mark.parametrize("change", [{"magic": b"HDC2"}, {"payload": b"\x00"}])
def test_what_is_no_report_is_refused(tree, report, change):
    signed = decode(load("conformance/signed.v1"), sign_report(tree.rings["hub"], report))
    assert code_of(encode(load("conformance/signed.v1"), signed | change), tree.directory) == (
        "REPORT_MALFORMED"
    )
    assert code_of(b"", tree.directory) == "REPORT_MALFORMED"
