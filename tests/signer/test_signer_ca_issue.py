"""What the certificate authority issues, field by field."""

from __future__ import annotations

import uuid
from datetime import timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signer.ca.issue import BACKDATE, IssueError, issue_participant, make_issuing, make_root
from signer.ca.profile import (
    ENCRYPTION_PURPOSE,
    SIGNING_PURPOSE,
    common_name,
    parse_common_name,
)
from signer.directory.view import KeyUse
from signer.identity import IdentityError


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


@pytest.mark.parametrize(
    ("purpose", "use"), [(SIGNING_PURPOSE, "signing"), (ENCRYPTION_PURPOSE, "encryption")]
)
def test_private_purposes_are_the_uuids_they_claim_to_be(purpose, use):
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"urn:hedui:certificate-use:{use}")
    assert purpose.dotted_string == f"2.25.{name.int}"


def test_root_and_issuing_authority(now):
    root = make_root(now)
    issuing = make_issuing(root, now)
    assert root.certificate.not_valid_before_utc == now - BACKDATE
    assert root.certificate.not_valid_after_utc == now + timedelta(days=20 * 365)
    assert issuing.certificate.not_valid_after_utc == now + timedelta(days=5 * 365)
    for authority, length in ((root, 1), (issuing, 0)):
        basic = extension(authority.certificate, x509.BasicConstraints)
        usage = extension(authority.certificate, x509.KeyUsage)
        assert (basic.ca, basic.path_length) == (True, length)
        assert usage.key_cert_sign
        assert not usage.digital_signature
        authority.certificate.verify_directly_issued_by(root.certificate)


@pytest.mark.parametrize("years", [0, 51])
def test_root_lifetime_is_bounded(now, years):
    with pytest.raises(IssueError) as caught:
        make_root(now, years)
    assert caught.value.code == "CA_LIFETIME"


def test_issuing_authority_never_outlives_the_root(now):
    root = make_root(now, years=1)
    issuing = make_issuing(root, now)
    end = root.certificate.not_valid_after_utc
    assert issuing.certificate.not_valid_after_utc == end
    leaves = issue_participant(issuing, "370000", 1, end - timedelta(days=3))
    assert leaves.tls.certificate.not_valid_after_utc == end


@pytest.mark.parametrize("shift", [timedelta(days=-1), timedelta(days=366)])
def test_an_authority_that_is_not_valid_issues_nothing(now, shift):
    root = make_root(now, years=1)
    issuing = make_issuing(root, now)
    for attempt in (
        lambda: make_issuing(root, now + shift),
        lambda: issue_participant(issuing, "370000", 1, now + shift),
    ):
        with pytest.raises(IssueError) as caught:
            attempt()
        assert caught.value.code == "CA_EXPIRED"


@pytest.mark.requirement("R012")
def test_three_leaves_with_one_use_each(tree, now):
    leaves = issue_participant(
        tree.issuing, "320000.housing-fund", 3, now, ("10.2.3.4", "::1", "fund.js.example")
    )
    certificates = {leaf.use: leaf.certificate for leaf in leaves.leaves}
    purposes = {u: set(extension(c, x509.ExtendedKeyUsage)) for u, c in certificates.items()}
    assert purposes == {
        KeyUse.TLS: {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH},
        KeyUse.SIGNING: {SIGNING_PURPOSE},
        KeyUse.ENCRYPTION: {ENCRYPTION_PURPOSE},
    }
    names = {
        u: c.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        for u, c in certificates.items()
    }
    assert names == {
        KeyUse.TLS: "320000.housing-fund.g3",
        KeyUse.SIGNING: "320000.housing-fund.g3.signing",
        KeyUse.ENCRYPTION: "320000.housing-fund.g3.encryption",
    }
    for certificate in certificates.values():
        san = extension(certificate, x509.SubjectAlternativeName)
        assert san.get_values_for_type(x509.UniformResourceIdentifier) == [
            "urn:hedui:adapter:320000.housing-fund"
        ]
        assert extension(certificate, x509.BasicConstraints).ca is False
        identifier = extension(certificate, x509.AuthorityKeyIdentifier).key_identifier
        own = extension(tree.issuing.certificate, x509.SubjectKeyIdentifier).digest
        assert identifier == own
    lifetimes = {u: (c.not_valid_after_utc - now).days for u, c in certificates.items()}
    assert lifetimes == {KeyUse.TLS: 365, KeyUse.SIGNING: 365, KeyUse.ENCRYPTION: 180}
    tls = extension(certificates[KeyUse.TLS], x509.SubjectAlternativeName)
    assert tls.get_values_for_type(x509.DNSName) == ["fund.js.example"]
    assert tls.get_values_for_type(x509.IPAddress) == [ip_address("10.2.3.4"), ip_address("::1")]
    assert len(list(extension(certificates[KeyUse.SIGNING], x509.SubjectAlternativeName))) == 1


def test_key_usages(tree):
    usages = {
        leaf.use: extension(leaf.certificate, x509.KeyUsage) for leaf in tree.leaves["hub"].leaves
    }
    assert usages[KeyUse.TLS].digital_signature
    assert not usages[KeyUse.TLS].content_commitment
    assert usages[KeyUse.SIGNING].digital_signature
    assert usages[KeyUse.SIGNING].content_commitment
    assert usages[KeyUse.ENCRYPTION].key_agreement
    assert not usages[KeyUse.ENCRYPTION].digital_signature


def test_keys_and_serial_numbers_are_fresh(tree, now):
    again = issue_participant(tree.issuing, "370000", 1, now)
    before = tree.leaves["370000"]
    both = [leaf.certificate for leaf in (*before.leaves, *again.leaves)]
    assert len({c.serial_number for c in both}) == 6
    assert len({c.public_key().public_numbers().x for c in both}) == 6


@pytest.mark.parametrize(
    "host", ["10.0.0.0/8", "*.example", "", "Fund.example", "a..b", "1.2.3.256", "a" * 254, "中.cn"]
)
def test_hosts_are_single_addresses(tree, now, host):
    with pytest.raises(IssueError) as caught:
        issue_participant(tree.issuing, "370000", 1, now, (host,))
    assert caught.value.code == "HOST"


def test_generations_count_from_one(tree, now):
    with pytest.raises(IssueError) as caught:
        issue_participant(tree.issuing, "370000", 0, now)
    assert caught.value.code == "GENERATION"


def test_ids_have_a_prescribed_form(tree, now):
    with pytest.raises(IdentityError):
        issue_participant(tree.issuing, "Shandong", 1, now)


@pytest.mark.parametrize("use", list(KeyUse))
@pytest.mark.parametrize("participant", ["hub", "370000", "320000.housing-fund", "hub.g2"])
def test_common_names_read_back(participant, use):
    name = common_name(participant, 12, use)
    assert parse_common_name(name, use) == (participant, 12)
    for other in set(KeyUse) - {use}:
        assert parse_common_name(name, other) is None


@pytest.mark.parametrize("name", ["370000", "370000.g0", "370000.g01", "370000.g1 ", ".g1", ""])
def test_other_names_are_no_common_names(name):
    assert parse_common_name(name, KeyUse.TLS) is None
