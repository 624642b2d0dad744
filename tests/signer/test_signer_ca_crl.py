"""Revoking what was issued, the lists over it, and reading such lists as a stranger's."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import HeduiError
from signer.ca.authorities import authorities
from signer.ca.crl import (
    MAX_SIZE,
    Revocation,
    RevocationList,
    RevocationReason,
    read_crl,
    require_not_revoked,
)
from signer.ca.files import init_ca, issue, issued
from signer.ca.issue import make_issuing, make_root
from signer.ca.revoking import make_lists, revoke
from signer.ca.rotation import rotate_issuing, rotate_root
from signer.ca.services import issue_service_keys
from signer.certificates import PathValidator
from signer.keydirectory import read_certificates

CA_PASS, KEY_PASS = b"ca passphrase", b"key passphrase"
WHY = RevocationReason.KEY_COMPROMISE
DAY = timedelta(days=1)


def refusal(run, *arguments, **options) -> str:
    with pytest.raises(HeduiError) as caught:
        run(*arguments, **options)
    return caught.value.code


@pytest.fixture
def ca(tmp_path, now):
    init_ca(tmp_path / "ca", CA_PASS, now, 20)
    return tmp_path / "ca"


@pytest.fixture
def leaves(ca, tmp_path, now):
    return [
        issue(ca, CA_PASS, "370000", tmp_path / "keys", KEY_PASS, now=now + n * DAY)
        for n in range(2)
    ]


def reading(ca, data: bytes) -> RevocationList:
    first, *others = authorities(ca, "root")
    return read_crl(data, authorities(ca, "issuing"), PathValidator(first, others))


def test_a_revoked_generation_is_found_and_the_others_are_not(ca, leaves, now):
    first, second = leaves
    revoke(ca, "370000", 1, WHY, now + DAY)
    (data,) = make_lists(ca, CA_PASS, now + DAY)
    found = reading(ca, data)
    assert (found.number, found.this_update) == (1, now + DAY)
    assert found.next_update == now + 8 * DAY
    for leaf in first.leaves:
        assert found.find(leaf.der) == Revocation(now + DAY, WHY)
        assert refusal(require_not_revoked, leaf.der, [found], now + 2 * DAY) == "CERT_REVOKED"
        require_not_revoked(leaf.der, [found], now + DAY - timedelta(minutes=1))
    for leaf in second.leaves:
        assert found.find(leaf.der) is None
        require_not_revoked(leaf.der, [found], now + 2 * DAY)


def test_a_list_that_is_stale_missing_or_of_the_future_says_nothing(ca, leaves, now):
    (data,) = make_lists(ca, CA_PASS, now)
    found = reading(ca, data)
    leaf = leaves[0].tls.der
    assert refusal(require_not_revoked, leaf, [], now) == "CRL_MISSING"
    assert refusal(require_not_revoked, leaf, [found], now + 8 * DAY) == "CRL_STALE"
    assert refusal(require_not_revoked, leaf, [found], now - DAY) == "CRL_NOT_YET_VALID"
    other = replace(found, issuer_key=bytes(20))
    assert refusal(require_not_revoked, leaf, [other], now) == "CRL_MISSING"
    assert other.find(leaf) is None


def test_the_list_of_the_highest_number_counts(ca, leaves, now):
    (old,) = make_lists(ca, CA_PASS, now)
    revoke(ca, "370000", 1, WHY, now)
    (new,) = make_lists(ca, CA_PASS, now)
    lists = [reading(ca, new), reading(ca, old)]
    assert [found.number for found in lists] == [2, 1]
    assert refusal(require_not_revoked, leaves[0].tls.der, lists, now) == "CERT_REVOKED"


def test_a_revocation_stands_and_shows(ca, leaves, now):
    revoke(ca, "370000", 1, WHY, now)
    again = revoke(ca, "370000", 1, RevocationReason.SUPERSEDED, now + DAY)
    assert again == Revocation(now, WHY)
    assert [item.key.revoked for item in issued(ca)] == [now] * 3 + [None] * 3


def test_what_was_not_issued_is_not_revoked(ca, leaves, now, tmp_path):
    assert refusal(revoke, ca, "370000", 3, WHY, now) == "CA_NOT_ISSUED"
    assert refusal(revoke, ca, "320000", 1, WHY, now) == "CA_NOT_ISSUED"
    assert refusal(revoke, ca, "Nobody", 1, WHY, now) == "SERVICE_NAME"
    assert refusal(revoke, tmp_path, "370000", 1, WHY, now) == "CA_MISSING"


def test_a_service_is_revoked_like_a_participant(ca, now, tmp_path):
    issue_service_keys(ca, CA_PASS, "broker-1", tmp_path / "broker", KEY_PASS, now=now)
    revoke(ca, "broker-1", 1, RevocationReason.UNSPECIFIED, now)
    (data,) = make_lists(ca, CA_PASS, now)
    leaf = read_certificates(tmp_path / "broker" / "tls.pem")[0]
    assert reading(ca, data).find(leaf) == Revocation(now, RevocationReason.UNSPECIFIED)
    (entry,) = x509.load_der_x509_crl(data)
    assert not list(entry.extensions)


def test_an_entry_stays_until_the_list_after_its_certificates_end(ca, leaves, now):
    revoke(ca, "370000", 1, WHY, now)

    def listed(at):
        (data,) = make_lists(ca, CA_PASS, at)
        return len(reading(ca, data).revoked)

    assert listed(now + 186 * DAY) == 3
    assert listed(now + 188 * DAY) == 2  # the encryption leaf ends after 180 days
    assert listed(now + 371 * DAY) == 2
    assert listed(now + 373 * DAY) == 0


def test_each_authority_has_a_list_of_its_own(ca, leaves, now, tmp_path):
    rotate_issuing(ca, CA_PASS, now)
    third = issue(ca, CA_PASS, "370000", tmp_path / "keys", KEY_PASS, now=now)
    for generation in (1, 3):
        revoke(ca, "370000", generation, WHY, now)
    new, old = (reading(ca, data) for data in make_lists(ca, CA_PASS, now))
    assert new.issuer_key != old.issuer_key
    assert new.find(third.tls.der) is not None
    assert old.find(third.tls.der) is None
    assert old.find(leaves[0].tls.der) is not None
    assert not new.covers(leaves[0].tls.der)


def test_an_authority_under_two_roots_has_one_list_for_who_trusts_either(ca, leaves, now):
    rotate_root(ca, CA_PASS, now, 20)
    (data,) = make_lists(ca, CA_PASS, now)
    for root in authorities(ca, "root"):
        assert read_crl(data, authorities(ca, "issuing"), PathValidator(root)).number == 1


def made(authority, now, *, entries=(), more=(), key=True, number=True, **change) -> bytes:
    """A list with one thing changed."""
    signer = change.get("signer", authority.private_key)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(change.get("name", authority.certificate.subject))
        .last_update(now)
        .next_update(now + DAY)
    )
    if key:
        aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.private_key.public_key())
        builder = builder.add_extension(aki, critical=False)
    if number:
        builder = builder.add_extension(x509.CRLNumber(5), critical=False)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical=critical)
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    crl = builder.sign(signer, change.get("algorithm", hashes.SHA256()))
    return crl.public_bytes(Encoding.DER)


def entry(serial, now, *extensions):
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.build()


@pytest.fixture
def world(now):
    root = make_root(now)
    issuing = make_issuing(root, now)
    validator = PathValidator(root.der)

    def check(data: bytes, issuers=(issuing.der,)) -> RevocationList:
        return read_crl(data, issuers, validator)

    return root, issuing, check


def test_a_good_list_is_read_in_der_and_pem(world, now):
    _, issuing, check = world
    der = made(issuing, now, entries=[entry(7, now, (x509.CRLReason(WHY.flag), False))])
    pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
    assert check(der) == check(pem)
    assert check(der).revoked == {7: Revocation(now, WHY)}


def test_a_list_with_one_thing_wrong_is_refused(world, now):
    root, issuing, check = world
    scope = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
    hold = x509.CRLReason(x509.ReasonFlags.certificate_hold)
    other = ec.generate_private_key(ec.SECP256R1())
    refused = {
        "CRL_MALFORMED": [
            made(issuing, now, key=False),
            made(issuing, now, number=False),
            made(issuing, now, entries=[entry(7, now), entry(7, now)]),
            made(issuing, now, entries=[entry(7, now, (hold, False))]),
            made(issuing, now) + b"\x00",
            bytes(MAX_SIZE + 1),
        ],
        "CRL_CRITICAL": [
            made(issuing, now, more=[(scope, True)]),
            made(issuing, now, more=[(x509.DeltaCRLIndicator(4), True)]),
            made(issuing, now, entries=[entry(7, now, (x509.CRLReason(WHY.flag), True))]),
        ],
        "CRL_ALGORITHM": [made(issuing, now, algorithm=hashes.SHA384())],
        "CRL_ISSUER": [
            made(root, now),
            made(make_issuing(root, now), now),
            made(issuing, now, name=root.certificate.subject),
        ],
        "CRL_SIGNATURE": [made(issuing, now, signer=other)],
    }
    for code, lists in refused.items():
        for data in lists:
            assert refusal(check, data) == code
    stranger = make_root(now)
    foreign = make_issuing(stranger, now)
    assert refusal(check, made(foreign, now), [foreign.der]) == "CERT_ROOT_UNKNOWN"
    assert refusal(check, made(root, now), [root.der]) == "CERT_ISSUER_UNFIT"


@settings(deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_no_list(data):
    with pytest.raises(HeduiError) as caught:
        read_crl(data, (), None)
    assert caught.value.code == "CRL_MALFORMED"


@settings(deadline=None)
@given(position=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_no_altered_list_passes_and_no_foreign_error_escapes(one_list, position, flip):
    data, check = one_list
    altered = bytearray(data)
    altered[position % len(data)] ^= flip
    assert refusal(check, bytes(altered)).startswith("CRL_")


@pytest.fixture(scope="module")
def one_list():
    at = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    root = make_root(at)
    issuing = make_issuing(root, at)
    validator = PathValidator(root.der)
    data = made(issuing, at, entries=[entry(7, at, (x509.CRLReason(WHY.flag), False))])
    return data, lambda altered: read_crl(altered, (issuing.der,), validator)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_openssl_agrees(ca, leaves, now, tmp_path):
    revoke(ca, "370000", 1, WHY, now)
    (data,) = make_lists(ca, CA_PASS, now)
    crl = tmp_path / "crl.pem"
    crl.write_bytes(x509.load_der_x509_crl(data).public_bytes(Encoding.PEM))

    def openssl(*arguments):
        return subprocess.run(  # noqa: S603 - our own arguments
            ["openssl", *arguments],  # noqa: S607 - the system's own
            capture_output=True,
            text=True,
            check=False,
        )

    shown = openssl("crl", "-in", str(crl), "-CAfile", str(ca / "issuing.pem"), "-noout", "-text")
    assert "verify OK" in shown.stderr
    assert shown.stdout.count("Key Compromise") == 3
    at = str(int((now + DAY).timestamp()))
    verdicts = [
        openssl(
            *("verify", "-attime", at, "-crl_check", "-CRLfile", str(crl)),
            *("-CAfile", str(ca / "root.pem"), "-untrusted", str(ca / "issuing.pem")),
            str(ca / "issued" / "370000" / f"g{generation}" / "tls.pem"),
        )
        for generation in (1, 2)
    ]
    assert [found.returncode for found in verdicts] == [2, 0]
    assert "certificate revoked" in verdicts[0].stderr
