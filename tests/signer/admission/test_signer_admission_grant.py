"""From requests to certificates at the hub, and from a grant to a key directory at home."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signer_admission_world import CA_PASS, KEY_PASS, NODE, Hub, pending_keys, requests_of

from schemas.errors import HeduiError
from signer.admission.grant import read_grant, verify_grant, write_grant
from signer.admission.importing import import_grant
from signer.admission.request import KeyRequests
from signer.ca.certify_requests import certify_requests
from signer.ca.files import add_suite, issue, issued
from signer.certificates import PathValidator, key_id
from signer.directory.view import KeyUse
from signer.keydirectory import read_certificates
from signer.keyfiles import FileKeyRing
from signer.suites.keys import P256, SM2

LATER = timedelta(days=90)


def refusal(run, *arguments, **options) -> HeduiError:
    with pytest.raises(HeduiError) as caught:
        run(*arguments, **options)
    assert caught.value.code
    return caught.value


def take(hub, pending, out, now=None, roots=None, data=None):
    """Import what the hub issues for pending keys."""
    return import_grant(
        pending.path,
        out,
        data or hub.issue(pending, now),
        KEY_PASS,
        roots=hub.roots if roots is None else roots,
        now=now or hub.now,
    )


def files_below(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.mark.requirement("R012")
def test_leaves_are_issued_for_the_requested_keys_and_recorded(hub, pending, now):
    grant = hub.grant(pending)
    validator = PathValidator(hub.roots[0])
    for use in KeyUse:
        found = validator.validate(
            grant.certificates[use], grant.issuers, use=use, participant="370000", at=now
        )
        assert found.key.id == requests_of(pending).of(use).key_id
        assert found.key.generation == 1
    assert files_below(hub.ca / "issued") == [
        "370000/g1/encryption.pem",
        "370000/g1/signing.pem",
        "370000/g1/tls.pem",
    ]
    names = x509.load_der_x509_certificate(grant.certificates[KeyUse.TLS])
    alternative = names.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(a) for a in alternative.get_values_for_type(x509.IPAddress)] == list(NODE.hosts)


def test_the_same_requests_again_give_the_same_certificates(hub, pending, now):
    first = hub.grant(pending)
    assert hub.grant(pending, now + LATER) == first
    assert len(issued(hub.ca)) == 3


def test_a_generation_follows_the_one_before_and_is_issued_once(hub, pending, tmp_path):
    hub.grant(pending)
    same = pending_keys(tmp_path / "same")
    skipping = pending_keys(tmp_path / "skipping", generation=3)
    for keys in (same, skipping):
        assert refusal(hub.grant, keys).code == "CA_GENERATION"
    second = pending_keys(tmp_path / "second", generation=2)
    assert hub.grant(second).generation == 2
    assert refusal(hub.grant, pending).code == "CA_GENERATION"


def test_a_key_is_certified_once_for_one_participant(hub, pending, now):
    hub.grant(pending)
    keys = requests_of(pending)
    for other in (KeyRequests("320000", 1, keys.requests), KeyRequests("370000", 2, keys.requests)):
        error = refusal(certify_requests, hub.ca, CA_PASS, other, hosts=(), now=now)
        assert error.code == "CA_KEY_REUSED"
    assert len(issued(hub.ca)) == 3


def test_a_directory_without_an_authority_issues_nothing(hub, pending, tmp_path, now):
    keys = requests_of(pending)
    error = refusal(certify_requests, tmp_path / "x", CA_PASS, keys, hosts=(), now=now)
    assert error.code == "CA_MISSING"
    error = refusal(certify_requests, hub.ca, b"wrong", keys, hosts=(), now=now)
    assert error.code == "KEY_PASSPHRASE"


def test_an_imported_grant_is_a_key_directory_that_loads(hub, pending, tmp_path, passphrase_file):
    made = take(hub, pending, tmp_path / "keys")
    assert (made.participant, made.generation, made.earlier) == ("370000", 1, None)
    assert files_below(tmp_path / "keys") == [
        "chain.pem",
        "encryption.key",
        "encryption.pem",
        "participant.json",
        "root.pem",
        "signing.key",
        "signing.pem",
        "tls.key",
        "tls.pem",
    ]
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "keys").iterdir()} == {0o600}
    ring = FileKeyRing.load(tmp_path / "keys", passphrase_file, hub.now)
    assert ring.signing_key == requests_of(pending).of(KeyUse.SIGNING).key_id
    assert len(read_certificates(tmp_path / "keys" / "tls.pem")) == 2
    assert json.loads((tmp_path / "keys" / "participant.json").read_text()) == {
        "id": "370000",
        "title": "山东省核对中心",
        "generation": 1,
        "hosts": list(NODE.hosts),
    }
    assert not pending.path.exists()


def test_the_layout_is_that_of_keys_the_ca_makes_itself(hub, pending, tmp_path):
    take(hub, pending, tmp_path / "keys")
    issue(hub.ca, CA_PASS, "320000", tmp_path / "made", KEY_PASS, now=hub.now)
    assert files_below(tmp_path / "keys") == files_below(tmp_path / "made")
    for name in ("chain.pem", "root.pem"):
        assert (tmp_path / "keys" / name).read_bytes() == (tmp_path / "made" / name).read_bytes()


def test_a_renewal_takes_the_earlier_encryption_keys_along(hub, tmp_path, passphrase_file):
    out = tmp_path / "keys"
    encryption = []
    for generation in (1, 2, 3):
        pending = pending_keys(tmp_path / f"pending-{generation}", generation)
        encryption.append(requests_of(pending).of(KeyUse.ENCRYPTION).key_id)
        made = take(hub, pending, out, hub.now + LATER * (generation - 1))
        assert made.earlier == (generation - 1 or None)
    ring = FileKeyRing.load(out, passphrase_file, hub.now + 2 * LATER)
    assert ring.encryption_keys == tuple(reversed(encryption))
    assert ring.generation == 3
    assert (tmp_path / "keys.g1").is_dir()
    assert (tmp_path / "keys.g2").is_dir()


def test_importing_again_finds_it_done(hub, pending, tmp_path):
    data = hub.issue(pending)
    take(hub, pending, tmp_path / "keys", data=data)
    before = (tmp_path / "keys" / "tls.key").read_bytes()
    pending.path.mkdir()  # as after a crash between placing and removing
    made = take(hub, pending, tmp_path / "keys", data=data)
    assert (made.generation, made.earlier) == (1, None)
    assert (tmp_path / "keys" / "tls.key").read_bytes() == before
    assert not pending.path.exists()


def test_an_older_grant_replaces_nothing(hub, pending, tmp_path):
    data = hub.issue(pending)
    second = pending_keys(tmp_path / "second", generation=2)
    take(hub, second, tmp_path / "keys")
    error = refusal(take, hub, pending, tmp_path / "keys", data=data)
    assert error.code == "GRANT_OLD"
    assert pending.path.exists()


def test_nothing_of_somebody_else_is_replaced(hub, pending, tmp_path):
    issue(hub.ca, CA_PASS, "320000", tmp_path / "keys", KEY_PASS, now=hub.now)
    before = files_below(tmp_path / "keys")
    assert refusal(take, hub, pending, tmp_path / "keys").code == "KEY_FILE_EXISTS"
    assert files_below(tmp_path / "keys") == before


@pytest.mark.usefixtures("gm_possible")
def test_keys_of_another_suite_are_not_lost(hub, tmp_path):
    out = tmp_path / "keys"
    add_suite(hub.ca, CA_PASS, SM2, hub.now, 20)
    issue(hub.ca, CA_PASS, "370000", out, KEY_PASS, now=hub.now, suites=(P256, SM2))
    second = pending_keys(tmp_path / "second", generation=2)
    before = files_below(out)
    assert refusal(take, hub, second, out).code == "GRANT_SUITES"
    assert files_below(out) == before


def test_a_grant_for_others_or_under_another_root_is_refused(hub, pending, tmp_path, now):
    out = tmp_path / "keys"
    grant = hub.grant(pending)
    stranger = Hub(tmp_path / "stranger", now)
    second = pending_keys(tmp_path / "second", generation=2)
    hub.grant(second)
    later = pending_keys(tmp_path / "third", generation=3)

    def code(changed, roots=None, at=now, keys=pending):
        data = write_grant(changed)
        return refusal(
            import_grant, keys.path, out, data, KEY_PASS, roots=roots or hub.roots, now=at
        ).code

    certificates = dict(grant.certificates)
    swapped = certificates | {KeyUse.SIGNING: certificates[KeyUse.TLS]}
    assert code(grant, stranger.roots) == "GRANT_ROOT"
    assert code(replace(grant, roots=stranger.roots)) == "GRANT_ROOT"
    assert code(replace(grant, issuers=())) == "CERT_ISSUER_UNKNOWN"
    assert code(replace(grant, certificates=swapped)) == "CERT_EKU"
    assert code(replace(grant, participant="320000")) == "GRANT_OTHER"
    assert code(replace(grant, generation=2)) == "GRANT_OTHER"
    assert code(grant, keys=later) == "GRANT_OTHER"
    assert code(replace(hub.grant(second), generation=1)) == "GRANT_KEY"
    assert code(replace(grant, generation=3), keys=later) == "GRANT_KEY"
    assert code(grant, at=now + timedelta(days=400)) == "CERT_EXPIRED"
    assert code(grant, at=now - timedelta(days=1)) == "CERT_NOT_YET_VALID"
    other = {use: stranger.grant(pending).certificates[use] for use in KeyUse}
    assert code(replace(grant, certificates=other)) == "CERT_ISSUER_UNKNOWN"
    assert not out.exists()
    assert pending.path.exists()


def test_a_certificate_of_another_generation_for_the_same_key_is_refused(hub, pending, now):
    grant = replace(hub.grant(pending), generation=2)
    keys = {use: key_id(grant.certificates[use]) for use in KeyUse}
    error = refusal(verify_grant, grant, keys, hub.roots, now)
    assert (error.code, error.where) == ("GRANT_GENERATION", "certificates.tls")


def test_the_wrong_passphrase_opens_no_pending_keys(hub, pending, tmp_path):
    data = hub.issue(pending)
    error = refusal(
        import_grant,
        pending.path,
        tmp_path / "keys",
        data,
        b"wrong",
        roots=hub.roots,
        now=hub.now,
    )
    assert error.code == "KEY_PASSPHRASE"
    assert not (tmp_path / "keys").exists()


@settings(deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_no_grant(data):
    assert refusal(read_grant, data).code == "GRANT_MALFORMED"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(position=st.integers(0, 100_000), flip=st.integers(1, 255))
def test_no_altered_grant_makes_a_key_directory_that_differs(hub, pending, position, flip):
    good = hub.issue(pending)
    data = bytearray(good)
    data[position % len(data)] ^= flip
    out = pending.path.parent / "keys"
    try:
        import_grant(pending.path, out, bytes(data), KEY_PASS, roots=hub.roots, now=hub.now)
    except HeduiError:
        assert not out.exists()
    else:
        pytest.fail(f"an altered grant was imported: byte {position % len(data)}")
