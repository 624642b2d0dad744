"""Keys of several suites: issued by the CA, in a key directory, in a ring, in the directory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from bus.ports.memory_keyring import MemoryKeyRing
from schemas.errors import HeduiError
from signer.ca.files import add_suite, init_ca, issue, issued
from signer.ca.issue import issue_participant, make_issuing, make_root
from signer.certificates import PathValidator, key_id, to_key
from signer.commands.ca import app
from signer.directory.records import HEAD_KEY, adopt, sign_entry
from signer.directory.view import KeyUse
from signer.errors import DirectoryError, KeyRingError
from signer.keydirectory import read_key_directory
from signer.keyfiles import FileKeyRing, HeldKeys
from signer.privatekeys import read_private_key
from signer.suites import SUITES, keys, sm2
from signer.suites.keys import P256, SM2

CA_PASS = b"ca passphrase"
KEY_PASS = b"key passphrase"
BOTH = (P256, SM2)


@pytest.fixture
def ca(tmp_path, now):
    init_ca(tmp_path / "ca", CA_PASS, now, 20)
    add_suite(tmp_path / "ca", CA_PASS, SM2, now, 20)
    return tmp_path / "ca"


@pytest.fixture
def passphrase_file(tmp_path):
    path = tmp_path / "key.pass"
    path.write_bytes(KEY_PASS)
    path.chmod(0o600)
    return path


def refusal(run, *arguments, **options) -> str:
    with pytest.raises(HeduiError) as caught:
        run(*arguments, **options)
    return caught.value.code


def keys_of(ca, tmp_path, now, suites, name="keys", **options):
    return issue(
        ca, CA_PASS, "370000", tmp_path / name, KEY_PASS, now=now, suites=suites, **options
    )


def test_a_further_suite_joins_a_ca_and_leaves_what_is_there(ca, now):
    before = (ca / "root.pem").read_bytes()
    assert sorted(p.name for p in (ca / "sm2").iterdir()) == [
        "issuing.key",
        "issuing.pem",
        "root.key",
        "root.pem",
    ]
    assert refusal(add_suite, ca, CA_PASS, SM2, now, 20) == "KEY_FILE_EXISTS"
    assert refusal(add_suite, ca, b"another", SM2, now, 20) == "KEY_PASSPHRASE"
    assert refusal(add_suite, ca, CA_PASS, "sm2-sm4gcm/2", now, 20) == "SUITE_NAME"
    assert (ca / "root.pem").read_bytes() == before


def test_roots_of_both_suites_can_stand_apart_under_a_passphrase_of_their_own(tmp_path, now):
    ca, root = tmp_path / "ca", tmp_path / "root"
    apart = {"root_directory": root, "root_passphrase": b"root passphrase"}
    init_ca(ca, CA_PASS, now, 20, **apart)
    add_suite(ca, CA_PASS, SM2, now, 20, **apart)
    for folder in (ca, ca / "sm2"):
        assert not (folder / "root.key").exists()
    for folder in (root, root / "sm2"):
        assert refusal(read_private_key, folder / "root.key", CA_PASS) == "KEY_PASSPHRASE"
        read_private_key(folder / "root.key", b"root passphrase")
    assert keys_of(ca, tmp_path, now, BOTH).generation == 1


@pytest.mark.parametrize("suites", [(P256,), (SM2,), BOTH, BOTH[::-1]])
def test_a_key_directory_holds_what_was_asked_for(ca, tmp_path, now, passphrase_file, suites):
    leaves = keys_of(ca, tmp_path, now, suites)
    ring = FileKeyRing.load(tmp_path / "keys", passphrase_file, now)
    ordered = [suite for suite in BOTH if suite in suites]
    assert list(ring.signing_keys) == ordered
    assert ring.signing_suite == ordered[0]
    assert ring.signing_key == ring.signing_keys[ordered[0]]
    assert len(ring.encryption_keys) == len(suites)
    assert set(ring.current_certificates) == {leaf.der for leaf in leaves.leaves}
    # TLS brings the P-256 root and chain, whatever the messages' suites are.
    assert len(ring.roots) == len(ring.issuers) == len({P256, *suites})
    shown = [(item.key.use, item.key.suite) for item in issued(ca)]
    assert shown == [
        (KeyUse.TLS, P256),
        *((use, s) for use in (KeyUse.SIGNING, KeyUse.ENCRYPTION) for s in ordered),
    ]


def test_a_ring_signs_and_opens_with_keys_of_each_suite(ca, tmp_path, now, passphrase_file):
    leaves = keys_of(ca, tmp_path, now, BOTH)
    ring = FileKeyRing.load(tmp_path / "keys", passphrase_file, now)
    signing = {leaf.suite: leaf for leaf in leaves.leaves if leaf.use is KeyUse.SIGNING}
    readers = {leaf.suite: leaf for leaf in leaves.leaves if leaf.use is KeyUse.ENCRYPTION}
    for suite in BOTH:
        signature = ring.sign(b"data", suite)
        SUITES[suite].verify(signing[suite].private_key.public_key(), signature, b"data")
        assert ring.signing_keys[suite] == key_id(signing[suite].der)
        public = readers[suite].private_key.public_key()
        sealed = SUITES[suite].seal_epoch(public, bytes(32), b"info")
        assert ring.open_epoch(key_id(readers[suite].der), sealed, b"info") == bytes(32)
    SUITES[P256].verify(signing[P256].private_key.public_key(), ring.sign(b"data"), b"data")


def test_a_ring_does_not_sign_for_a_suite_it_has_no_key_of():
    ring = MemoryKeyRing.generate("370000")
    with pytest.raises(KeyRingError, match="KEY_NOT_HELD"):
        ring.sign(b"data", SM2)


def test_an_sm2_epoch_that_does_not_open_is_refused_by_the_ring():
    key = keys.generate(SM2)
    ring = HeldKeys("370000", keys.generate(SM2), [key])
    held = keys.public_key_id(key.public_key())
    with pytest.raises(KeyRingError, match="EPOCH_INVALID"):
        ring.open_epoch(held, bytes(161), b"info")


def test_earlier_keys_of_both_suites_go_on_opening(ca, tmp_path, now, passphrase_file):
    first = keys_of(ca, tmp_path, now, BOTH)
    later = now + timedelta(days=90)
    keys_of(ca, tmp_path, later, (SM2,))
    ring = FileKeyRing.load(tmp_path / "keys", passphrase_file, later)
    assert (ring.generation, list(ring.signing_keys)) == (2, [SM2])
    earlier = [leaf for leaf in first.leaves if leaf.use is KeyUse.ENCRYPTION]
    assert len(ring.encryption_keys) == 3
    for leaf in earlier:
        public = leaf.private_key.public_key()
        sealed = SUITES[leaf.suite].seal_epoch(public, bytes(32), b"info")
        assert ring.open_epoch(key_id(leaf.der), sealed, b"info") == bytes(32)
    assert (tmp_path / "keys" / "sm2-encryption-g1.key").exists()


@pytest.mark.parametrize(
    "name",
    [
        "sm2-signing.key",
        "sm2-signing.pem",
        "sm2-encryption.key",
        "sm2-encryption.pem",
        "sm2-chain.pem",
        "sm2-root.pem",
        "signing.pem",
        "encryption.key",
        "tls.pem",
    ],
)
def test_a_missing_file_is_named(ca, tmp_path, now, passphrase_file, name):
    keys_of(ca, tmp_path, now, BOTH)
    path = tmp_path / "keys" / name
    path.unlink()
    with pytest.raises(HeduiError) as caught:
        read_key_directory(tmp_path / "keys", passphrase_file, now)
    assert (caught.value.code, caught.value.where) == ("KEY_FILE_MISSING", str(path))


def test_a_key_of_another_suite_or_certificate_is_refused(ca, tmp_path, now, passphrase_file):
    keys_of(ca, tmp_path, now, BOTH)
    folder = tmp_path / "keys"
    for donor in ("signing.key", "sm2-encryption.key"):
        (folder / "sm2-signing.key").write_bytes((folder / donor).read_bytes())
        assert refusal(FileKeyRing.load, folder, passphrase_file, now) == "KEY_MISMATCH"


def test_a_wrong_passphrase_for_an_sm2_key_is_refused(ca, tmp_path, now):
    keys_of(ca, tmp_path, now, (SM2,))
    file = tmp_path / "keys" / "sm2-signing.key"
    assert refusal(read_private_key, file, b"another") == "KEY_PASSPHRASE"


def test_a_ca_without_the_suite_says_how_to_get_it(tmp_path, now):
    init_ca(tmp_path / "ca", CA_PASS, now, 20)
    code = refusal(keys_of, tmp_path / "ca", tmp_path, now, (SM2,))
    assert code == "CA_SUITE_MISSING"
    assert not (tmp_path / "keys").exists()


def test_without_the_extra_a_key_directory_with_sm2_keys_is_refused_at_once(
    ca, tmp_path, now, passphrase_file, monkeypatch
):
    keys_of(ca, tmp_path, now, BOTH)
    monkeypatch.setattr(sm2, "_library", None)
    with pytest.raises(HeduiError) as caught:
        FileKeyRing.load(tmp_path / "keys", passphrase_file, now)
    assert caught.value.code == "GM_NOT_INSTALLED"
    assert caught.value.where == str(tmp_path / "keys")


def test_the_commands_take_suites(tmp_path):
    runner = CliRunner()
    secret = tmp_path / "secret"
    secret.write_text("passphrase")
    secret.chmod(0o600)
    ca = ["--dir", str(tmp_path / "ca"), "--passphrase-file", str(secret)]
    made = runner.invoke(app, ["init", *ca, "--suite", SM2], catch_exceptions=False)
    assert made.exit_code == 0
    again = runner.invoke(app, ["init", *ca, "--suite", SM2])
    assert isinstance(again.exception, HeduiError)
    assert again.exception.code == "KEY_FILE_EXISTS"
    keyed = ["issue", "370000", *ca, "--out", str(tmp_path / "keys")]
    keyed += ["--key-passphrase-file", str(secret), "--suite", SM2, "--suite", P256]
    assert runner.invoke(app, keyed, catch_exceptions=False).exit_code == 0
    shown = runner.invoke(app, ["show", *ca[:2], "--json"], catch_exceptions=False)
    assert shown.output.count(SM2) == 2
    assert shown.output.count(P256) == 3
    unknown = runner.invoke(app, ["init", *ca, "--suite", "sm2"])
    assert isinstance(unknown.exception, HeduiError)
    assert unknown.exception.code == "SUITE_NAME"


# The directory.


@pytest.fixture
def gm(tree):
    """The tree with SM2 keys for the hub and 370000 too; returns the SM2 issuing authority."""
    root = make_root(tree.now, suite=SM2)
    issuing = make_issuing(root, tree.now)
    for name in ("hub", "370000"):
        messages = (tree.issuing, issuing)
        leaves = issue_participant(tree.issuing, name, 2, tree.now, messages=messages)
        known = tree.participants[name]
        made = tuple(to_key(leaf.der) for leaf in leaves.leaves)
        tree.participants[name] = replace(known, keys=(*known.keys, *made))
    tree.validator = PathValidator(tree.root.der, [root.der])
    return issuing


def records(tree, gm):
    return tree.records(issuers=[tree.issuing.der, gm.der])


def test_a_participant_with_keys_of_two_suites_is_adopted(tree, gm):
    found = adopt(records(tree, gm), tree.validator, None, tree.now).directory
    listed = [(key.use, key.suite) for key in found.participants["370000"].keys]
    assert listed.count((KeyUse.SIGNING, SM2)) == 1
    assert listed.count((KeyUse.ENCRYPTION, SM2)) == 1
    assert listed.count((KeyUse.SIGNING, P256)) == 2


def test_who_has_no_sm2_root_passes_sm2_keys_over(tree, gm):
    found = adopt(records(tree, gm), PathValidator(tree.root.der), None, tree.now).directory
    assert {key.suite for key in found.participants["370000"].keys} == {P256}
    assert len(found.participants["370000"].keys) == 6


def test_a_suite_nobody_knows_is_passed_over_and_a_wrong_one_is_not(tree, gm):
    def with_keys(change):
        participant = tree.participants["370000"]
        entries = tree.entries()
        altered = replace(participant, keys=tuple(map(change, participant.keys)))
        entries["370000"] = sign_entry(tree.rings["hub"], altered)
        head = tree.head(entries, issuers=[tree.issuing.der, gm.der])
        return entries | {HEAD_KEY: head}

    def swapped(key):
        return replace(key, suite=P256 if key.suite == SM2 else key.suite)

    def renamed(key):
        return replace(key, suite="ml-dsa/1") if key.suite == SM2 else key

    for change, validator in (
        (swapped, tree.validator),
        (swapped, PathValidator(tree.root.der)),
        (renamed, tree.validator),
    ):
        with pytest.raises(DirectoryError) as caught:
            adopt(with_keys(change), validator, None, tree.now)
        assert caught.value.code in {"DIRECTORY_SUITE", "DIRECTORY_CERTIFICATE"}
    # To who has no SM2 root, neither certificate nor name mean anything.
    found = adopt(with_keys(renamed), PathValidator(tree.root.der), None, tree.now).directory
    assert {key.suite for key in found.participants["370000"].keys} == {P256}


def test_sm2_keys_of_another_root_are_refused(tree, gm):
    other = make_root(tree.now, suite=SM2)
    validator = PathValidator(tree.root.der, [other.der])
    with pytest.raises(DirectoryError, match="CERT_ROOT_UNKNOWN"):
        adopt(records(tree, gm), validator, None, tree.now)
