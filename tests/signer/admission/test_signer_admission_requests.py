"""Certificate requests: what they state, and that nothing else is accepted."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from signer_admission_world import KEY_PASS

from signer.admission.pending import read_pending
from signer.admission.request import make_request, read_request, read_requests, request_content
from signer.ca.profile import ENCRYPTION_PURPOSE, LEAVES, SIGNING_PURPOSE, key_usage
from signer.directory.view import KeyUse
from signer.errors import AdmissionError
from signer.suites.p256_aes256gcm import NAME as SUITE

KEY = ec.generate_private_key(ec.SECP256R1())
URI = x509.UniformResourceIdentifier("urn:hedui:node:370000")


def refusal(run, *arguments) -> str:
    with pytest.raises(AdmissionError) as caught:
        run(*arguments)
    assert caught.value.remedy_en
    return caught.value.code


def built(
    *,
    key=KEY,
    common="370000.g1.signing",
    usage=LEAVES[KeyUse.SIGNING].key_usage,
    purposes=(SIGNING_PURPOSE,),
    names=(URI,),
    more=(),
    attribute=None,
    algorithm=hashes.SHA256(),  # noqa: B008 - a value without state
) -> bytes:
    """A signing request with one thing changed."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    if purposes is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension in more:
        builder = builder.add_extension(extension, critical=False)
    if attribute is not None:
        builder = builder.add_attribute(*attribute)
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


def check(der: bytes):
    return read_request(der, "370000", 1, KeyUse.SIGNING)


@pytest.mark.parametrize("use", list(KeyUse))
def test_a_request_comes_back_with_its_key(use):
    found = read_request(make_request(KEY, "370000", 3, use), "370000", 3, use)
    assert found.public_key == KEY.public_key()
    assert (found.use, found.suite) == (use, SUITE)


def test_a_request_states_what_the_certificate_will():
    request = x509.load_der_x509_csr(make_request(KEY, "hub.marriage", 2, KeyUse.ENCRYPTION))
    values = {type(e.value): e for e in request.extensions}
    assert request.subject.rfc4514_string() == "CN=hub.marriage.g2.encryption"
    assert values[x509.KeyUsage].value == key_usage(key_agreement=True)
    assert values[x509.KeyUsage].critical
    assert list(values[x509.ExtendedKeyUsage].value) == [ENCRYPTION_PURPOSE]
    names = values[x509.SubjectAlternativeName].value
    assert [n.value for n in names] == ["urn:hedui:adapter:hub.marriage"]
    assert request.is_signature_valid


def test_the_builder_of_these_tests_makes_a_good_request():
    assert check(built()).public_key == KEY.public_key()


FAULTS = {
    "REQUEST_ALGORITHM": [
        {"key": ec.generate_private_key(ec.SECP384R1())},
        {"key": rsa.generate_private_key(65537, 2048)},
        {"algorithm": hashes.SHA384()},
    ],
    "REQUEST_EXTENSIONS": [
        {"usage": None},
        {"purposes": None},
        {"names": None},
        {"more": (x509.BasicConstraints(ca=True, path_length=None),)},
        {"attribute": (AttributeOID.CHALLENGE_PASSWORD, b"secret")},
    ],
    "REQUEST_USE": [
        {"usage": key_usage(digital_signature=True)},
        {"usage": key_usage(certificate_authority=True)},
        {"purposes": (ENCRYPTION_PURPOSE,)},
        {"purposes": (SIGNING_PURPOSE, ENCRYPTION_PURPOSE)},
        {"purposes": (SIGNING_PURPOSE, ExtendedKeyUsageOID.CLIENT_AUTH)},
    ],
    "REQUEST_NAME": [
        {"common": "370000.g1"},
        {"common": "370000.g2.signing"},
        {"common": "320000.g1.signing"},
        {"names": (x509.UniformResourceIdentifier("urn:hedui:node:320000"),)},
        {"names": (x509.UniformResourceIdentifier("urn:hedui:hub:hub"),)},
        {"names": (URI, x509.DNSName("node.example"))},
        {"names": (URI, URI)},
    ],
}


@pytest.mark.parametrize(
    ("code", "change"), [(code, change) for code, found in FAULTS.items() for change in found]
)
def test_one_change_is_refused(code, change):
    assert refusal(check, built(**change)) == code


def test_a_request_without_possession_of_the_key_is_refused():
    der = bytearray(built())
    der[-1] ^= 1
    assert refusal(check, bytes(der)) == "REQUEST_POSSESSION"


def test_a_compressed_point_is_refused_since_it_would_give_the_key_another_id():
    der = built()
    tbs = x509.load_der_x509_csr(der).tbs_certrequest_bytes
    spki = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    point = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    short = b"\x30\x39" + spki[2:23] + b"\x03\x22\x00" + point
    assert spki in tbs
    content = tbs[3:].replace(spki, short)
    made = sequence(sequence(content) + der[der.index(tbs) + len(tbs) :])
    assert x509.load_der_x509_csr(made).public_key() == KEY.public_key()
    assert refusal(check, made) == "REQUEST_MALFORMED"


def sequence(content: bytes) -> bytes:
    """A DER sequence of some hundred bytes."""
    size = len(content)
    length = b"\x81" + size.to_bytes(1) if size < 256 else b"\x82" + size.to_bytes(2)
    return b"\x30" + length + content


@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_code(data):
    assert refusal(check, data) == "REQUEST_MALFORMED"


@settings(deadline=None)
@given(position=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_no_altered_request_passes_and_no_foreign_error_escapes(position, flip):
    der = bytearray(built())
    der[position % len(der)] ^= flip
    assert refusal(check, bytes(der)).startswith("REQUEST_")


def test_one_request_for_each_use_and_each_for_its_own_key(pending):
    content = request_content(pending.requests)
    assert read_requests(content, "370000", 1).of(KeyUse.TLS).use is KeyUse.TLS
    assert refusal(read_requests, content[:2], "370000", 1) == "REQUEST_SET"
    assert refusal(read_requests, content[::-1], "370000", 1) == "REQUEST_SET"
    assert refusal(read_requests, [*content, content[0]], "370000", 1) == "REQUEST_SET"
    shared = {use: make_request(KEY, "370000", 1, use) for use in KeyUse}
    assert refusal(read_requests, request_content(shared), "370000", 1) == "REQUEST_KEY_SHARED"
    other = [{**content[0], "suite": "unknown/1"}, *content[1:]]
    assert refusal(read_requests, other, "370000", 1) == "REQUEST_SUITE"


def test_pending_keys_are_read_back_and_only_their_owner_can(pending):
    found = read_pending(pending.path, KEY_PASS)
    assert found == pending
    assert {p.stat().st_mode & 0o777 for p in pending.path.iterdir()} == {0o600}
    assert pending.path.stat().st_mode & 0o777 == 0o700
    assert all(b"ENCRYPTED" in (pending.path / f"{use}.key").read_bytes() for use in KeyUse)
    assert "private_keys" not in repr(found)


def test_a_request_of_another_key_is_found(pending):
    other = make_request(KEY, "370000", 1, KeyUse.TLS)
    pem = x509.load_der_x509_csr(other).public_bytes(Encoding.PEM)
    (pending.path / "tls.csr").write_bytes(pem)
    with pytest.raises(Exception, match="KEY_MISMATCH"):
        read_pending(pending.path, KEY_PASS)


@pytest.mark.parametrize(
    ("file", "data", "code"),
    [
        ("tls.csr", b"x", "KEY_FILE_MALFORMED"),
        ("participant.json", b"{}", "KEY_FILE_MALFORMED"),
        ("participant.json", b"[", "KEY_FILE_MALFORMED"),
        (
            "participant.json",
            b'{"id": "370000", "generation": 0, "title": "", "hosts": []}',
            "KEY_FILE_MALFORMED",
        ),
        (
            "participant.json",
            b'{"id": "370000", "generation": 2, "title": "", "hosts": []}',
            "REQUEST_NAME",
        ),
    ],
)
def test_a_damaged_pending_directory_is_named(pending, file, data, code):
    (pending.path / file).write_bytes(data)
    with pytest.raises(Exception, match=code) as caught:
        read_pending(pending.path, KEY_PASS)
    assert str(pending.path) in caught.value.where
