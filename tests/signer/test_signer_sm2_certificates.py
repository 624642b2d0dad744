"""Certificates of SM2 keys: their chain, what is refused of it, and OpenSSL's word on both."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from schemas.errors import ConfigError
from signer.ca.issue import IssueError, certify, issue_participant, make_issuing, make_root
from signer.ca.profile import AUTHORITY_USAGE, SIGNING_PURPOSE, key_usage
from signer.ca.signing import sign_certificate
from signer.ca.sm2_form import Draft
from signer.certificates import PathValidator, to_key
from signer.directory.view import KeyUse
from signer.errors import CertificateError
from signer.privatekeys import private_key_pem, read_private_key
from signer.suites import keys, sm2
from signer.suites.keys import P256, SM2

# Whole seconds: OpenSSL is asked about these certificates too.
NOW = datetime.now(UTC).replace(microsecond=0)
USER = "distid:1234567812345678"
PASSPHRASE = b"a passphrase of the tests"

ROOT = make_root(NOW, suite=SM2)
ISSUING = make_issuing(ROOT, NOW)
P256_ROOT = make_root(NOW)
P256_ISSUING = make_issuing(P256_ROOT, NOW)
LEAVES = issue_participant(P256_ISSUING, "370000", 3, NOW, messages=(P256_ISSUING, ISSUING))
SIGNING, ENCRYPTION = LEAVES.others
VALIDATOR = PathValidator(P256_ROOT.der, [ROOT.der])
ISSUERS = (P256_ISSUING.der, ISSUING.der)

GOOD = Draft(
    subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "370000.g3.signing")]),
    issuer=ISSUING.certificate.subject,
    not_before=NOW,
    not_after=NOW + timedelta(days=30),
    extensions=(
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (key_usage(digital_signature=True, content_commitment=True), True),
        (x509.ExtendedKeyUsage([SIGNING_PURPOSE]), False),
        (
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:hedui:node:370000")]),
            False,
        ),
    ),
)
KEY = keys.generate(SM2)


def der(draft=GOOD, key=KEY, issuer=ISSUING.private_key):
    return sign_certificate(draft, key.public_key(), issuer).public_bytes(Encoding.DER)


def changed(place, extension, *, critical=True):
    extensions = list(GOOD.extensions)
    extensions[place] = (extension, critical)
    return replace(GOOD, extensions=tuple(extensions))


def path(certificate, issuers=ISSUERS, validator=VALIDATOR):
    return validator.path(certificate, issuers)


def refusal(certificate, **options):
    with pytest.raises(CertificateError) as caught:
        path(certificate, **options)
    return caught.value.code


def test_a_participant_gets_keys_of_both_suites_in_two_chains():
    assert [(leaf.use, leaf.suite) for leaf in LEAVES.leaves] == [
        (KeyUse.TLS, P256),
        (KeyUse.SIGNING, P256),
        (KeyUse.ENCRYPTION, P256),
        (KeyUse.SIGNING, SM2),
        (KeyUse.ENCRYPTION, SM2),
    ]
    for leaf in LEAVES.leaves:
        found = VALIDATOR.validate(
            leaf.der, ISSUERS, use=leaf.use, participant="370000", at=NOW + timedelta(days=1)
        )
        assert (found.key.use, found.key.suite, found.key.generation) == (leaf.use, leaf.suite, 3)
        assert found.key.public_key == leaf.private_key.public_key()
        assert found.key.id == keys.public_key_id(leaf.private_key.public_key())
    assert VALIDATOR.suites == {P256, SM2}


def test_lifetimes_are_those_of_the_default_suite():
    of = {(leaf.use, leaf.suite): leaf.certificate for leaf in LEAVES.leaves}
    for use in (KeyUse.SIGNING, KeyUse.ENCRYPTION):
        ours, theirs = of[use, SM2], of[use, P256]
        assert ours.not_valid_after_utc == theirs.not_valid_after_utc
        assert ours.not_valid_before_utc == theirs.not_valid_before_utc


def test_the_period_of_the_whole_path_counts():
    with pytest.raises(CertificateError, match="CERT_EXPIRED"):
        VALIDATOR.validate(
            der(),
            ISSUERS,
            use=KeyUse.SIGNING,
            participant="370000",
            at=NOW + timedelta(days=31),
        )


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (changed(0, x509.BasicConstraints(ca=True, path_length=0)), "CERT_CA_AS_LEAF"),
        (
            changed(0, x509.BasicConstraints(ca=False, path_length=None), critical=False),
            "CERT_CA_AS_LEAF",
        ),
        (changed(1, AUTHORITY_USAGE), "CERT_KEY_USAGE"),
        (changed(1, key_usage(digital_signature=True)), "CERT_KEY_USAGE"),
        (changed(2, x509.ExtendedKeyUsage([ObjectIdentifier("1.2.3")])), "CERT_EKU"),
        (
            changed(
                2,
                x509.ExtendedKeyUsage(
                    [ObjectIdentifier("1.3.6.1.5.5.7.3.1"), ObjectIdentifier("1.3.6.1.5.5.7.3.2")]
                ),
            ),
            "CERT_ALGORITHM",
        ),
        (changed(3, x509.SubjectAlternativeName([x509.DNSName("a.cn")])), "CERT_URI"),
        (
            changed(2, x509.UnrecognizedExtension(ObjectIdentifier("1.2.3"), b"\x05\x00")),
            "CERT_UNKNOWN_CRITICAL",
        ),
        (replace(GOOD, subject=ISSUING.certificate.subject), "CERT_SELF_SIGNED"),
        (replace(GOOD, issuer=ROOT.certificate.subject), "CERT_ISSUER_UNKNOWN"),
        (replace(GOOD, issuer=P256_ISSUING.certificate.subject), "CERT_ISSUER_UNKNOWN"),
        (
            replace(
                GOOD, subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "370000.g3")])
            ),
            "CERT_NAME",
        ),
        (replace(GOOD, not_after=NOW - timedelta(days=1)), "CERT_MALFORMED"),
    ],
    ids=[
        "authority",
        "leaf not critical",
        "authority's usage",
        "half the usage",
        "other purpose",
        "tls",
        "no uri",
        "unknown critical",
        "self-issued",
        "by the root's name",
        "by another chain's name",
        "other common name",
        "ends before it begins",
    ],
)
def test_a_leaf_of_another_profile_is_refused(draft, code):
    assert refusal(der(draft)) == code


def test_an_encryption_key_enciphers_and_does_not_agree():
    usage = ENCRYPTION.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage == key_usage(key_encipherment=True)


def test_a_chain_under_another_root_is_refused():
    root = make_root(NOW, suite=SM2)
    issuing = make_issuing(root, NOW)
    leaf = issue_participant(P256_ISSUING, "370000", 1, NOW, messages=(issuing,)).signing
    assert refusal(leaf.der) == "CERT_ISSUER_UNKNOWN"
    assert refusal(leaf.der, issuers=(issuing.der,)) == "CERT_ROOT_UNKNOWN"
    only_p256 = PathValidator(P256_ROOT.der)
    assert refusal(der(), validator=only_p256) == "CERT_ROOT_UNKNOWN"


def test_another_key_of_the_issuer_s_name_is_refused():
    assert refusal(der(issuer=keys.generate(SM2))) == "CERT_ISSUER_UNKNOWN"


def test_chains_do_not_mix_suites():
    tls = {"participant": "370000", "generation": 1, "now": NOW}
    for authority, key, use in (
        (ISSUING, keys.generate(P256), KeyUse.SIGNING),
        (P256_ISSUING, KEY, KeyUse.SIGNING),
        (ISSUING, KEY, KeyUse.TLS),
    ):
        with pytest.raises(IssueError, match="CA_SUITE"):
            certify(authority, key.public_key(), use=use, **tls)


def test_a_root_that_is_none_is_refused():
    for unfit in (ISSUING.der, SIGNING.der):
        with pytest.raises(CertificateError, match="CERT_ROOT_UNFIT"):
            PathValidator(P256_ROOT.der, [unfit])


def test_every_changed_byte_of_a_certificate_is_noticed():
    good = der()
    assert path(good).participant == "370000"
    for place in range(len(good)):
        altered = bytearray(good)
        altered[place] ^= 0x01
        with pytest.raises(CertificateError):
            path(bytes(altered))
    for cut in (good[:-1], good + b"\x00"):
        assert refusal(cut) == "CERT_MALFORMED"


def test_without_the_extra_nothing_is_verified(monkeypatch):
    monkeypatch.setattr(sm2, "_library", None)
    with pytest.raises(ConfigError, match="GM_NOT_INSTALLED"):
        PathValidator(P256_ROOT.der, [ROOT.der])
    with pytest.raises(ConfigError, match="GM_NOT_INSTALLED"):
        make_root(NOW, suite=SM2)
    # What it says can still be read: whoever lists the certificate need not use it.
    assert to_key(SIGNING.der).suite == SM2


# OpenSSL. Its `verify` takes the user id for the certificate it is asked about, not for those above
# it, so each step is asked alone; the root's own signature is asked of `dgst`.


@pytest.fixture
def files(tmp_path):
    def write(name, data):
        file = tmp_path / name
        file.write_bytes(data)
        file.chmod(0o600)
        return file

    write("root.pem", ROOT.certificate.public_bytes(Encoding.PEM))
    write("issuing.pem", ISSUING.certificate.public_bytes(Encoding.PEM))
    write("pass", PASSPHRASE)
    write("again", PASSPHRASE)  # of a file that is named twice, OpenSSL takes two lines
    write.folder = tmp_path
    return write


def openssl(folder, *arguments):
    program = shutil.which("openssl")
    assert program, "the command openssl is missing"
    done = subprocess.run(  # noqa: S603 - our own arguments
        [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_openssl_verifies_each_step_of_our_chain(files):
    for leaf in (SIGNING, ENCRYPTION):
        files("leaf.pem", leaf.certificate.public_bytes(Encoding.PEM))
        for trusted, certificate in (("issuing.pem", "leaf.pem"), ("root.pem", "issuing.pem")):
            status, said = openssl(
                files.folder,
                *("verify", "-vfyopt", USER, "-x509_strict", "-partial_chain"),
                *("-trusted", trusted, certificate),
            )
            assert (status, said) == (0, f"{certificate}: OK\n")
    status, said = openssl(
        files.folder,
        *("verify", "-vfyopt", "distid:another", "-partial_chain"),
        *("-trusted", "issuing.pem", "leaf.pem"),
    )
    assert status != 0
    assert "signature failure" in said


def test_openssl_verifies_the_root_s_own_signature(files):
    files("tbs", ROOT.certificate.tbs_certificate_bytes)
    files("signature", ROOT.certificate.signature)
    _, public = openssl(files.folder, "x509", "-in", "root.pem", "-noout", "-pubkey")
    files("root.pub", public.encode())
    status, said = openssl(
        files.folder,
        *("dgst", "-sm3", "-sigopt", USER, "-verify", "root.pub"),
        *("-signature", "signature", "tbs"),
    )
    assert (status, said) == (0, "Verified OK\n")


def test_we_verify_what_openssl_issues_in_our_profile(files):
    files("issuing.key", private_key_pem(ISSUING.private_key, PASSPHRASE))
    files("leaf.key", private_key_pem(KEY, PASSPHRASE))
    files(
        "profile",
        f"""basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, nonRepudiation
extendedKeyUsage = {SIGNING_PURPOSE.dotted_string}
subjectAltName = URI:urn:hedui:node:370000
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
""".encode(),
    )
    for arguments in (
        (
            "req",
            "-new",
            "-key",
            "leaf.key",
            "-passin",
            "file:pass",
            "-subj",
            "/CN=370000.g3.signing",
            "-sm3",
            "-sigopt",
            USER,
            "-out",
            "leaf.csr",
        ),
        (
            "x509",
            "-req",
            "-in",
            "leaf.csr",
            "-vfyopt",
            USER,
            "-CA",
            "issuing.pem",
            "-CAkey",
            "issuing.key",
            "-passin",
            "file:pass",
            "-days",
            "30",
            "-sm3",
            "-sigopt",
            USER,
            "-extfile",
            "profile",
            "-out",
            "leaf.pem",
        ),
    ):
        status, said = openssl(files.folder, *arguments)
        assert status == 0, said
    made = x509.load_pem_x509_certificate((files.folder / "leaf.pem").read_bytes())
    found = path(made.public_bytes(Encoding.DER))
    assert (found.participant, found.key.suite) == ("370000", SM2)
    assert found.key.public_key == KEY.public


def test_openssl_opens_our_key_files_and_we_its(files):
    ours = files("ours.key", private_key_pem(KEY, PASSPHRASE))
    status, said = openssl(
        files.folder, "pkey", "-in", "ours.key", "-passin", "file:pass", "-noout", "-text"
    )
    assert status == 0
    assert "ASN1 OID: SM2" in said
    assert KEY.number.hex() in said.replace(":", "").replace(" ", "").replace("\n", "")
    assert read_private_key(ours, PASSPHRASE) == KEY
    status, _ = openssl(
        files.folder,
        *("pkcs8", "-topk8", "-in", "ours.key", "-passin", "file:pass", "-passout", "file:again"),
        *("-v2", "aes-256-cbc", "-out", "theirs.key"),
    )
    assert status == 0
    (files.folder / "theirs.key").chmod(0o600)
    assert read_private_key(files.folder / "theirs.key", PASSPHRASE) == KEY
