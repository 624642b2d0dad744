"""Every refusal of the certificate checks, each by one change to a good certificate."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signer.ca.issue import issue_participant, make_issuing, make_root
from signer.ca.profile import AUTHORITY_USAGE, SIGNING_PURPOSE, key_usage
from signer.certificates import PathValidator, key_id, participant_of, public_key_id, to_key
from signer.directory.view import KeyUse
from signer.errors import CertificateError
from signer.suites.p256_aes256gcm import NAME as SUITE

KEY = ec.generate_private_key(ec.SECP256R1())
SIGNING_USAGE = key_usage(digital_signature=True, content_commitment=True)
LEAF = x509.BasicConstraints(ca=False, path_length=None)


@dataclass(frozen=True)
class Plan:
    """A signing certificate of 370000, to be altered one field at a time."""

    issuer: x509.Certificate
    issuer_key: ec.EllipticCurvePrivateKey
    now: datetime
    key: object = KEY
    subject: str = "370000.g1.signing"
    issuer_name: x509.Name | None = None
    basic: x509.BasicConstraints | None = LEAF
    basic_critical: bool = True
    usage: x509.KeyUsage | None = SIGNING_USAGE
    usage_critical: bool = True
    purposes: tuple[ObjectIdentifier, ...] = (SIGNING_PURPOSE,)
    uris: tuple[str, ...] = ("urn:hedui:node:370000",)
    others: tuple[x509.GeneralName, ...] = ()
    subject_identifier: bool = True
    authority_identifier: bool = True
    extra: x509.ExtensionType | None = None
    extra_critical: bool = True
    algorithm: type[hashes.HashAlgorithm] = hashes.SHA256
    days: int = 30

    def der(self) -> bytes:
        public = self.key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.subject)]))
            .issuer_name(self.issuer_name or self.issuer.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now)
            .not_valid_after(self.now + timedelta(days=self.days))
        )
        if self.basic:
            builder = builder.add_extension(self.basic, self.basic_critical)
        if self.usage:
            builder = builder.add_extension(self.usage, self.usage_critical)
        if self.purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(self.purposes), critical=False)
        names = [*map(x509.UniformResourceIdentifier, self.uris), *self.others]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if self.subject_identifier:
            own = x509.SubjectKeyIdentifier.from_public_key(public)
            builder = builder.add_extension(own, critical=False)
        if self.authority_identifier:
            theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(
                self.issuer_key.public_key()
            )
            builder = builder.add_extension(theirs, critical=False)
        if self.extra:
            builder = builder.add_extension(self.extra, self.extra_critical)
        return builder.sign(self.issuer_key, self.algorithm()).public_bytes(Encoding.DER)


@pytest.fixture
def plan(tree, now) -> Plan:
    return Plan(tree.issuing.certificate, tree.issuing.private_key, now)


@pytest.fixture
def check(tree, now):
    def run(der, *, issuers=None, use=KeyUse.SIGNING, participant="370000", at=None):
        return tree.validator.validate(
            der,
            [tree.issuing.der] if issuers is None else issuers,
            use=use,
            participant=participant,
            at=at or now,
        )

    return run


def refusal(run, *arguments, **options) -> str:
    with pytest.raises(CertificateError) as caught:
        run(*arguments, **options)
    return caught.value.code


def test_a_good_certificate_passes(plan, check, now):
    found = check(plan.der())
    assert found.participant == "370000"
    assert found.key.use is KeyUse.SIGNING
    assert found.key.suite == SUITE
    assert found.key.generation == 1
    assert found.key.id == public_key_id(KEY.public_key())
    assert (found.key.not_before, found.key.not_after) == (now, now + timedelta(days=30))


def test_every_issued_leaf_passes(tree, check):
    for name, leaves in tree.leaves.items():
        for leaf in leaves.leaves:
            assert check(leaf.der, use=leaf.use, participant=name).participant == name


def test_key_id_is_the_digest_of_the_public_key(plan):
    spki = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key_id(plan.der()) == hashlib.sha256(spki).digest()


def test_to_key_reads_without_a_path(plan, now):
    key = to_key(plan.der(), revoked=now)
    assert (key.use, key.generation, key.revoked) == (KeyUse.SIGNING, 1, now)
    assert participant_of(plan.der()) == "370000"


def test_the_period_is_that_of_the_whole_path(tree, now):
    root = make_root(now, years=1)
    issuing = make_issuing(root, now)
    later = now + timedelta(days=300)
    plan = Plan(issuing.certificate, issuing.private_key, later, days=200)
    key = PathValidator(root.der).path(plan.der(), [issuing.der]).key
    assert (key.not_before, key.not_after) == (later, root.certificate.not_valid_after_utc)


CHANGES = {
    "CERT_CA_AS_LEAF": [
        {"basic": x509.BasicConstraints(ca=True, path_length=None)},
        {"basic": None},
        {"basic_critical": False},
    ],
    "CERT_KEY_IDENTIFIER": [{"subject_identifier": False}, {"authority_identifier": False}],
    "CERT_KEY_USAGE": [
        {"usage": None},
        {"usage_critical": False},
        {"usage": key_usage(digital_signature=True)},
        {"usage": AUTHORITY_USAGE},
        {"usage": key_usage(digital_signature=True, content_commitment=True, key_agreement=True)},
    ],
    "CERT_EKU": [
        {"purposes": ()},
        {"purposes": (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)},
        {"purposes": (ExtendedKeyUsageOID.CLIENT_AUTH,)},
        {"purposes": (SIGNING_PURPOSE, ExtendedKeyUsageOID.CLIENT_AUTH)},
    ],
    "CERT_URI": [
        {"uris": ()},
        {"uris": ("urn:hedui:node:370000", "urn:hedui:hub:hub")},
        {"others": (x509.DNSName("hub.example"),)},
    ],
    "CERT_ROLE": [
        {"uris": ("urn:hedui:hub:370000",)},
        {"uris": ("urn:hedui:node:hub",)},
        {"uris": ("https://example/370000",)},
        {"uris": ("urn:hedui:node:320000",), "subject": "320000.g1.signing"},
    ],
    "CERT_NAME": [
        {"subject": "370000"},
        {"subject": "370000.g1"},
        {"subject": "370000.g0.signing"},
        {"subject": "320000.g1.signing"},
        {"subject": "370000.g1.encryption"},
    ],
    "CERT_UNKNOWN_CRITICAL": [
        {"extra": x509.UnrecognizedExtension(ObjectIdentifier("2.25.1"), b"\x05\x00")},
        {"extra": x509.NameConstraints([x509.DNSName("example")], None)},
    ],
    "CERT_ALGORITHM": [
        {"key": ec.generate_private_key(ec.SECP384R1())},
        {"key": rsa.generate_private_key(65537, 2048)},
        {"algorithm": hashes.SHA384},
        {"issuer_key": ec.generate_private_key(ec.SECP521R1())},
        {"issuer_key": rsa.generate_private_key(65537, 4096)},
    ],
    "CERT_ISSUER_UNKNOWN": [
        {"issuer_name": x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Another CA")])},
        {"issuer_key": ec.generate_private_key(ec.SECP256R1())},
    ],
}


@pytest.mark.requirement("R012")
@pytest.mark.parametrize(
    ("code", "change"), [(code, change) for code, found in CHANGES.items() for change in found]
)
def test_one_change_is_refused(plan, check, code, change):
    assert refusal(check, replace(plan, **change).der()) == code


def test_an_unknown_extension_that_is_not_critical_is_ignored(plan, check):
    extra = x509.UnrecognizedExtension(ObjectIdentifier("2.25.1"), b"\x05\x00")
    assert check(replace(plan, extra=extra, extra_critical=False).der()).participant == "370000"


def test_expired_and_not_yet_valid(plan, check, now):
    der = plan.der()
    end = now + timedelta(days=30)
    assert check(der, at=end)
    assert refusal(check, der, at=end + timedelta(seconds=1)) == "CERT_EXPIRED"
    assert refusal(check, der, at=now - timedelta(seconds=1)) == "CERT_NOT_YET_VALID"


def test_a_cached_path_is_still_judged_by_time_use_and_participant(plan, check, now):
    der = plan.der()
    check(der)
    assert refusal(check, der, at=now + timedelta(days=31)) == "CERT_EXPIRED"
    assert refusal(check, der, use=KeyUse.ENCRYPTION) == "CERT_EKU"
    assert refusal(check, der, participant="320000") == "CERT_ROLE"


def test_another_use_is_refused(tree, check):
    leaves = tree.leaves["370000"]
    assert refusal(check, leaves.tls.der, use=KeyUse.SIGNING) == "CERT_EKU"
    assert refusal(check, leaves.signing.der, use=KeyUse.TLS) == "CERT_EKU"


def test_a_self_signed_leaf_is_refused(plan, check):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, plan.subject)])
    own = replace(plan, issuer_key=KEY, issuer_name=name).der()
    assert refusal(check, own) == "CERT_SELF_SIGNED"
    under_another_name = replace(plan, issuer_key=KEY).der()
    assert refusal(check, under_another_name) == "CERT_SELF_SIGNED"


def test_an_authority_is_no_leaf(tree, check):
    assert refusal(check, tree.issuing.der) == "CERT_CA_AS_LEAF"
    assert refusal(check, tree.root.der) == "CERT_SELF_SIGNED"


def test_another_root_of_the_same_name_is_refused(check, now):
    root = make_root(now)
    issuing = make_issuing(root, now)
    leaf = issue_participant(issuing, "370000", 1, now).signing.der
    assert refusal(check, leaf, issuers=[issuing.der]) == "CERT_ROOT_UNKNOWN"
    with pytest.raises(CertificateError, match=r"请用部中心的 root\.pem.* / .*Give the root\.pem"):
        check(leaf, issuers=[issuing.der])


def test_the_issuer_must_be_given(tree, check, plan):
    assert refusal(check, plan.der(), issuers=[]) == "CERT_ISSUER_UNKNOWN"
    assert refusal(check, plan.der(), issuers=[tree.root.der]) == "CERT_ISSUER_UNKNOWN"


def test_a_leaf_straight_from_the_root_is_refused(tree, check, now):
    leaf = Plan(tree.root.certificate, tree.root.private_key, now).der()
    issuers = [tree.root.der, tree.issuing.der]
    assert refusal(check, leaf, issuers=issuers) == "CERT_ISSUER_UNKNOWN"


@pytest.mark.parametrize(
    "change",
    [
        {"basic": x509.BasicConstraints(ca=False, path_length=None)},
        {"basic": x509.BasicConstraints(ca=True, path_length=1)},
        {"basic": x509.BasicConstraints(ca=True, path_length=None)},
        {"basic": None},
        {"basic_critical": False},
        {"usage": SIGNING_USAGE},
        {"usage": None},
    ],
)
def test_an_issuer_must_be_an_authority_over_leaves(tree, check, now, change):
    key = ec.generate_private_key(ec.SECP256R1())
    authority = Plan(
        tree.root.certificate,
        tree.root.private_key,
        now,
        key=key,
        subject="Hedui Issuing CA",
        basic=x509.BasicConstraints(ca=True, path_length=0),
        usage=AUTHORITY_USAGE,
        purposes=(),
        uris=(),
    )
    good = x509.load_der_x509_certificate(authority.der())
    leaf = Plan(good, key, now).der()
    assert check(leaf, issuers=[authority.der()])
    assert refusal(check, leaf, issuers=[replace(authority, **change).der()]) == (
        "CERT_ISSUER_UNFIT"
    )


def test_a_participant_cannot_issue(tree, check, now):
    signing = tree.leaves["320000"].signing
    leaf = Plan(signing.certificate, signing.private_key, now).der()
    issuers = [signing.der, tree.issuing.der]
    assert refusal(check, leaf, issuers=issuers) == "CERT_ISSUER_UNFIT"


def test_a_wrong_signature_is_refused(plan, check):
    der = bytearray(plan.der())
    der[-1] ^= 1
    assert refusal(check, bytes(der)) == "CERT_SIGNATURE"


def test_an_issuer_with_a_wrong_signature_is_refused(tree, check, plan):
    issuer = bytearray(tree.issuing.der)
    issuer[-1] ^= 1
    assert refusal(check, plan.der(), issuers=[bytes(issuer)]) == "CERT_SIGNATURE"


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_cut_bytes_are_malformed(plan, check, cut):
    assert refusal(check, plan.der()[:cut]) == "CERT_MALFORMED"


def test_trailing_bytes_are_malformed(plan, check):
    assert refusal(check, plan.der() + b"\x00") == "CERT_MALFORMED"


def test_a_negative_serial_number_is_malformed(plan, check):
    der = bytearray(plan.der())
    der[der.index(b"\xa0\x03\x02\x01\x02\x02") + 7] |= 0x80
    assert refusal(check, bytes(der)) == "CERT_MALFORMED"


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_a_negative_serial_number_is_malformed_where_warnings_only_warn(plan, check):
    der = bytearray(plan.der())
    der[der.index(b"\xa0\x03\x02\x01\x02\x02") + 7] |= 0x80
    assert refusal(check, bytes(der)) == "CERT_MALFORMED"


def test_unused_bits_in_the_signature_are_malformed(plan, check):
    for _ in range(20):
        der = bytearray(plan.der())
        signature = x509.load_der_x509_certificate(bytes(der)).signature
        if signature[-1] & 1 == 0:
            break
    der[-len(signature) - 1] = 1
    assert x509.load_der_x509_certificate(bytes(der)).signature == signature
    assert refusal(check, bytes(der)) == "CERT_MALFORMED"


def test_a_duplicate_extension_is_malformed(plan, check):
    # The bytes of the key usage OID stand in for another extension's, so that it is there twice.
    der = plan.der().replace(b"\x06\x03\x55\x1d\x13", b"\x06\x03\x55\x1d\x0f")
    assert refusal(check, der) == "CERT_MALFORMED"


def test_a_reversed_period_is_malformed(tree, now):
    year = str(now.year)[2:].encode()
    der = tree.leaves["370000"].signing.der
    before = (now - timedelta(minutes=10)).strftime("%y%m%d%H%M%SZ").encode()
    assert der.count(before) == 1
    reversed_period = der.replace(before, b"49" + before[len(year) :])
    with pytest.raises(CertificateError) as caught:
        key_id(reversed_period)
    assert caught.value.code == "CERT_MALFORMED"


def test_a_compressed_point_is_refused_since_it_would_give_the_key_another_id(plan):
    der = plan.der()
    point = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    compressed = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    long_form = b"\x30\x59" + bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    start = der.index(long_form)
    spki = der[start : start + 2 + 0x59]
    assert spki.endswith(point)
    shorter = b"\x30\x39" + spki[2:23] + b"\x03\x22\x00" + compressed
    tbs_size = int.from_bytes(der[6:8]) - 32
    size = int.from_bytes(der[2:4]) - 32
    changed = (
        der[:2]
        + size.to_bytes(2)
        + der[4:6]
        + tbs_size.to_bytes(2)
        + der[8:].replace(spki, shorter)
    )
    assert x509.load_der_x509_certificate(changed).public_key() == KEY.public_key()
    with pytest.raises(CertificateError) as caught:
        key_id(changed)
    assert caught.value.code == "CERT_MALFORMED"


def test_a_root_must_be_a_self_signed_authority(tree):
    for der in (tree.issuing.der, tree.leaves["hub"].signing.der):
        with pytest.raises(CertificateError) as caught:
            PathValidator(der)
        assert caught.value.code == "CERT_ROOT_UNFIT"


def test_of_two_certificates_of_one_issuer_the_later_counts(tree, plan, now):
    renewed = replace(
        Plan(tree.root.certificate, tree.root.private_key, now),
        key=tree.issuing.private_key,
        subject="Hedui Issuing CA",
        basic=x509.BasicConstraints(ca=True, path_length=0),
        usage=AUTHORITY_USAGE,
        purposes=(),
        uris=(),
        days=1,
    ).der()
    key = tree.validator.path(plan.der(), [renewed, tree.issuing.der]).key
    assert key.not_after == now + timedelta(days=30)


def test_the_cache_is_bounded_and_keeps_what_was_used_last(tree, plan):
    validator = PathValidator(tree.root.der, capacity=2)
    first, second, third = plan.der(), plan.der(), plan.der()
    kept = validator.path(first, [tree.issuing.der])
    dropped = validator.path(second, [tree.issuing.der])
    assert validator.path(first, [tree.issuing.der]) is kept
    validator.path(third, [tree.issuing.der])
    assert validator.path(first, [tree.issuing.der]) is kept
    assert validator.path(second, [tree.issuing.der]) is not dropped


def test_a_cached_path_needs_its_issuer_again(tree, plan):
    validator = PathValidator(tree.root.der)
    der = plan.der()
    validator.path(der, [tree.issuing.der])
    assert refusal(validator.path, der, []) == "CERT_ISSUER_UNKNOWN"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 2000), flip=st.integers(1, 255))
def test_no_altered_certificate_passes_and_no_foreign_error_escapes(check, tree, position, flip):
    der = bytearray(tree.leaves["370000"].signing.der)
    der[position % len(der)] ^= flip
    assert refusal(check, bytes(der)).startswith("CERT_")


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_code(data):
    assert refusal(key_id, data) == "CERT_MALFORMED"
