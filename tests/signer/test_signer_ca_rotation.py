"""Changing the issuing authority and the root while everybody goes on (no flag day)."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bus.ports.memory_keyring import MemoryKeyRing
from schemas.errors import HeduiError
from signer.admission.grant import Grant, trusted_roots, write_grant
from signer.admission.importing import import_grant
from signer.admission.pending import make_pending
from signer.admission.request import read_requests, request_content
from signer.ca.authorities import authorities, issuing_authority, links
from signer.ca.certify_requests import certify_requests
from signer.ca.files import init_ca, issue
from signer.ca.issue import LeafSet
from signer.ca.rotation import (
    refresh,
    retire_issuing,
    retire_root,
    rotate_issuing,
    rotate_root,
)
from signer.ca.services import issue_service_keys
from signer.certificates import PathValidator, key_id, to_key
from signer.directory.records import HEAD_KEY, adopt, sign_entry, sign_head
from signer.directory.view import KeyUse, Participant
from signer.errors import DirectoryError
from signer.identity import role_of
from signer.keydirectory import read_certificates
from signer.keyfiles import FileKeyRing

CA_PASS, KEY_PASS, ROOT_PASS = b"ca passphrase", b"key passphrase", b"root passphrase"
LATER = timedelta(days=30)


class Site:
    """A CA on disk and the participants it issues to."""

    def __init__(self, folder: Path, now) -> None:
        self.folder, self.now = folder, now
        self.ca = folder / "ca"
        self.sets: dict[str, list[LeafSet]] = {}
        init_ca(self.ca, CA_PASS, now, 20)

    def issue(self, name: str, at=None) -> LeafSet:
        leaves = issue(
            self.ca, CA_PASS, name, self.folder / "keys" / name, KEY_PASS, now=at or self.now
        )
        self.sets.setdefault(name, []).append(leaves)
        return leaves

    @property
    def issuers(self) -> tuple[bytes, ...]:
        return authorities(self.ca, "issuing")

    @property
    def roots(self) -> tuple[bytes, ...]:
        return authorities(self.ca, "root")

    def validator(self, *roots: bytes) -> PathValidator:
        first, *others = roots or self.roots
        return PathValidator(first, others)

    def accepts(self, leaves: LeafSet, *roots: bytes, at=None, issuers=None) -> bool:
        validator = self.validator(*roots)
        try:
            for leaf in leaves.leaves:
                validator.validate(
                    leaf.der,
                    self.issuers if issuers is None else issuers,
                    use=leaf.use,
                    participant=leaves.participant,
                    at=at or self.now,
                )
        except HeduiError:
            return False
        return True

    def records(self, names=("hub", "370000"), version=1, prev=None, last_only=False):
        """The directory's records as the hub signs them now, over all generations issued."""
        ring = MemoryKeyRing.of(self.sets["hub"][-1])
        entries = {}
        for name in names:
            sets = self.sets[name][-1:] if last_only else self.sets[name]
            keys = tuple(to_key(leaf.der) for found in sets for leaf in found.leaves)
            parent = None if name == "hub" else "hub"
            entries[name] = sign_entry(ring, Participant(name, role_of(name), parent, "测试", keys))
        head = sign_head(
            ring,
            version=version,
            prev=prev,
            entries=entries,
            issued=self.now,
            expires=self.now + timedelta(minutes=30),
            issuers=self.issuers,
        )
        return entries | {HEAD_KEY: head}


@pytest.fixture
def site(tmp_path, now):
    return Site(tmp_path, now)


def refusal(run, *arguments, **options) -> str:
    with pytest.raises(HeduiError) as caught:
        run(*arguments, **options)
    return caught.value.code


def short(der: bytes) -> str:
    return key_id(der).hex()[:12]


def test_old_and_new_leaves_are_valid_side_by_side_until_the_old_authority_is_retired(site, now):
    hub, old = site.issue("hub"), site.issue("370000")
    first = adopt(site.records(), site.validator(), None, now)
    (retiring,) = site.issuers

    made = rotate_issuing(site.ca, CA_PASS, now)
    assert site.issuers == (made, retiring)
    site.issue("hub")
    new = site.issue("370000")
    assert issuing_authority(site.ca, CA_PASS).der == made
    assert all(site.accepts(leaves) for leaves in (hub, old, new))
    assert not site.accepts(new, issuers=(retiring,))
    # One directory lists the leaves of both; who has the earlier directory takes it up.
    second = adopt(site.records(version=2, prev=first.head_digest), site.validator(), first, now)
    listed = second.directory.participants["370000"].keys
    assert {key.id for key in listed} == {to_key(x.der).id for s in (old, new) for x in s.leaves}

    assert refusal(retire_issuing, site.ca, short(retiring), now) == "CA_IN_USE"
    retire_issuing(site.ca, short(retiring), now, compromised=True)
    assert site.issuers == (made,)
    assert not site.accepts(old)
    assert site.accepts(new)
    with pytest.raises(DirectoryError) as caught:
        adopt(site.records(version=3, prev=second.head_digest), site.validator(), second, now)
    assert caught.value.code == "DIRECTORY_CERTIFICATE"
    third = site.records(version=3, prev=second.head_digest, last_only=True)
    assert adopt(third, site.validator(), second, now).issuers == (made,)


def test_an_authority_is_retired_without_more_when_its_leaves_have_ended(site, now):
    site.issue("370000")
    (retiring,) = site.issuers
    rotate_issuing(site.ca, CA_PASS, now)
    retire_issuing(site.ca, short(retiring), now + timedelta(days=366))
    assert retiring not in site.issuers


def test_the_present_authority_and_an_unclear_name_are_not_retired(site, now):
    (first,) = site.issuers
    made = rotate_issuing(site.ca, CA_PASS, now)
    for name in (short(made), "", "zz", "0" * 64):
        assert refusal(retire_issuing, site.ca, name, now) == "CA_AUTHORITY"
        assert refusal(retire_root, site.ca, name) == "CA_AUTHORITY"
    assert refusal(retire_root, site.ca, short(site.roots[0])) == "CA_AUTHORITY"
    assert site.issuers == (made, first)


@pytest.mark.requirement("R012")
def test_a_new_root_reaches_a_participant_with_its_next_grant(site, now, tmp_path):
    issue(site.ca, CA_PASS, "320000", tmp_path / "keys-320000", KEY_PASS, now=now)
    old = site.issue("370000")
    (old_root,) = site.roots
    new_root = rotate_root(site.ca, CA_PASS, now, 20)
    assert site.roots == (new_root, old_root)
    # Old and new leaves, judged by who trusts the old root, the new one, or both.
    new = site.issue("370000", now + LATER)
    for leaves in (old, new):
        for trusted in ((old_root,), (new_root,), (new_root, old_root)):
            assert site.accepts(leaves, *trusted, at=now + LATER)

    pending = make_pending(tmp_path / "pending", KEY_PASS, participant="320000", generation=2)
    keys = read_requests(request_content(pending.requests), "320000", 2)
    grant = certify_requests(site.ca, CA_PASS, keys, hosts=(), now=now + LATER)
    made = import_grant(
        pending.path,
        tmp_path / "keys-320000",
        write_grant(grant),
        KEY_PASS,
        roots=read_certificates(tmp_path / "keys-320000" / "root.pem"),
        now=now + LATER,
    )
    assert made.new_roots == (new_root,)
    passphrase = tmp_path / "pass"
    passphrase.write_bytes(KEY_PASS)
    passphrase.chmod(0o600)
    ring = FileKeyRing.load(tmp_path / "keys-320000", passphrase, now + LATER)
    assert ring.roots == (new_root, old_root)
    # TLS sends its issuer under the new root, and what leads from there to the old one.
    sent = read_certificates(tmp_path / "keys-320000" / "tls.pem")
    assert sent[1:] == (site.issuers[0], *links(site.ca))

    retire_root(site.ca, short(old_root))
    assert site.roots == (new_root,)
    assert links(site.ca) == ()
    assert site.accepts(new, at=now + LATER)
    assert not site.accepts(new, old_root, at=now + LATER)


def shake_hands(server, client) -> bool:
    """A TLS handshake in memory between two contexts."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
    ]
    for _ in range(10):
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
        if not ends:
            break
    return not ends


def test_tls_goes_on_between_old_and_new_while_roots_change(site, tmp_path):
    # OpenSSL builds the path here, from what the key directories make it send, at the real time.
    now = site.now = datetime.now(UTC)
    ca = site.ca = tmp_path / "tls-ca"
    init_ca(ca, CA_PASS, now, 20)
    (old_root,) = site.roots
    for name in ("hub", "370000"):
        issue(ca, CA_PASS, name, tmp_path / f"old-{name}", KEY_PASS, now=now, hosts=("127.0.0.1",))
    new_root = rotate_root(ca, CA_PASS, now, 20)
    rotate_issuing(ca, CA_PASS, now)
    for name in ("hub", "370000"):
        issue(ca, CA_PASS, name, tmp_path / f"new-{name}", KEY_PASS, now=now, hosts=("127.0.0.1",))

    def context(kind, purpose, roots):
        found = ssl.SSLContext(purpose)
        found.load_cert_chain(kind / "tls.pem", kind / "tls.key", KEY_PASS)
        found.verify_mode = ssl.CERT_REQUIRED
        found.load_verify_locations(cadata=b"".join(roots))
        return found

    def connect(server, client, server_trusts, client_trusts):
        return shake_hands(
            context(tmp_path / f"{server}-hub", ssl.PROTOCOL_TLS_SERVER, server_trusts),
            context(tmp_path / f"{client}-370000", ssl.PROTOCOL_TLS_CLIENT, client_trusts),
        )

    both, old, new = (new_root, old_root), (old_root,), (new_root,)
    for server in ("old", "new"):
        for client in ("old", "new"):
            assert connect(server, client, both, both)
            assert connect(server, client, old, old)
            assert connect(server, client, both, old)
    assert connect("new", "new", new, old)
    assert connect("new", "new", new, new)
    assert not connect("new", "old", new, both)  # an old leaf shows the way to the old root only


def test_leaves_of_an_authority_made_after_the_root_have_a_path_under_both(site, now):
    (old_root,) = site.roots
    new_root = rotate_root(site.ca, CA_PASS, now, 20)
    rotate_issuing(site.ca, CA_PASS, now)
    leaves = site.issue("370000")
    assert site.accepts(leaves, old_root)
    assert site.accepts(leaves, new_root)
    assert len(site.issuers) == 4


def test_a_root_that_nobody_trusted_vouches_for_is_not_taken_up(site, now, tmp_path):
    (old_root,) = site.roots
    stranger = Site(tmp_path / "stranger", now)
    foreign = rotate_root(stranger.ca, CA_PASS, now, 20)
    new_root = rotate_root(site.ca, CA_PASS, now, 20)

    def taken(roots, found, at=now):
        return trusted_roots(Grant("370000", 1, {}, (), roots, found), (old_root,), at)

    good = links(site.ca)
    assert taken((new_root, old_root), good) == (new_root, old_root)
    assert taken((new_root, old_root), ()) == (old_root,)
    assert taken((foreign, old_root), links(stranger.ca)) == (old_root,)
    assert taken((foreign, old_root), good) == (old_root,)
    assert taken((new_root,), site.issuers) == ()
    assert taken((new_root,), good, now + timedelta(days=365 * 21)) == ()
    forged = bytearray(good[0])
    forged[-1] ^= 1
    assert taken((new_root,), (bytes(forged),)) == ()


def test_the_roots_key_can_be_elsewhere_under_its_own_passphrase(tmp_path, now):
    ca, root = tmp_path / "ca", tmp_path / "safe"
    init_ca(ca, CA_PASS, now, 20, root_directory=root, root_passphrase=ROOT_PASS)
    assert sorted(p.name for p in root.iterdir()) == ["root.key", "root.pem"]
    assert sorted(p.name for p in ca.iterdir()) == ["issuing.key", "issuing.pem", "root.pem"]
    issue(ca, CA_PASS, "370000", tmp_path / "keys", KEY_PASS, now=now)
    assert refusal(rotate_issuing, ca, CA_PASS, now) == "KEY_FILE_MISSING"
    where = {"root_directory": root, "root_passphrase": ROOT_PASS}
    assert refusal(rotate_issuing, ca, CA_PASS, now, root_directory=root) == "KEY_PASSPHRASE"
    rotate_issuing(ca, CA_PASS, now, **where)
    made = rotate_root(ca, CA_PASS, now, 20, **where)
    old = authorities(ca, "root")[1]
    assert authorities(root, "root") == authorities(ca, "root") == (made, old)
    assert not list(ca.glob("root*.key"))
    retire_root(ca, short(old), root_directory=root)
    assert authorities(root, "root") == authorities(ca, "root") == (made,)


def test_a_failed_change_leaves_what_was_accepted(site, now):
    before = {p.name: p.read_bytes() for p in site.ca.iterdir()}
    assert refusal(rotate_issuing, site.ca, b"wrong", now) == "KEY_PASSPHRASE"
    assert refusal(rotate_root, site.ca, b"wrong", now, 20) == "KEY_PASSPHRASE"
    assert refusal(rotate_root, site.ca, CA_PASS, now, 0) == "CA_LIFETIME"
    assert refusal(rotate_root, site.ca, CA_PASS, now + timedelta(days=9000), 20) == "CA_EXPIRED"
    assert refusal(rotate_issuing, site.ca, CA_PASS, now + timedelta(days=9000)) == "CA_EXPIRED"
    assert {p.name: p.read_bytes() for p in site.ca.iterdir()} == before


def test_key_directories_take_up_what_is_accepted(site, now, tmp_path):
    site.issue("hub")
    issue_service_keys(site.ca, CA_PASS, "broker-1", tmp_path / "broker", KEY_PASS, now=now)
    rotate_root(site.ca, CA_PASS, now, 20)
    rotate_issuing(site.ca, CA_PASS, now)
    refresh(site.ca, tmp_path / "keys" / "hub")
    refresh(site.ca, tmp_path / "broker")
    assert read_certificates(tmp_path / "keys" / "hub" / "chain.pem") == site.issuers
    assert read_certificates(tmp_path / "keys" / "hub" / "root.pem") == site.roots
    assert read_certificates(tmp_path / "broker" / "root.pem") == site.roots
    assert not (tmp_path / "broker" / "chain.pem").exists()
    assert refusal(refresh, site.ca, tmp_path) == "KEY_FILE_MISSING"


def test_services_send_the_issuer_they_have(site, now, tmp_path):
    rotate_issuing(site.ca, CA_PASS, now)
    issue_service_keys(site.ca, CA_PASS, "broker-1", tmp_path / "broker", KEY_PASS, now=now)
    sent = read_certificates(tmp_path / "broker" / "tls.pem")
    assert sent[1:] == (site.issuers[0],)
    assert to_key(site.issue("370000").tls.der).use is KeyUse.TLS
