"""The CA on disk, the key directories it writes, and the commands over both."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates
from typer.testing import CliRunner

from schemas.errors import HeduiError
from signer.ca.files import init_ca, issue, issued
from signer.ca.reading import read_leaf
from signer.ca.services import issue_service_keys
from signer.commands.ca import app
from signer.directory.view import KeyUse
from signer.keyfiles import FileKeyRing

CA_PASS = b"ca passphrase"
KEY_PASS = b"key passphrase"


@pytest.fixture
def ca(tmp_path, now):
    init_ca(tmp_path / "ca", CA_PASS, now, 20)
    return tmp_path / "ca"


@pytest.fixture
def passphrase_file(tmp_path):
    path = tmp_path / "key.pass"
    path.write_bytes(KEY_PASS + b"\n")
    path.chmod(0o600)
    return path


def refusal(run, *arguments, **options) -> str:
    with pytest.raises(HeduiError) as caught:
        run(*arguments, **options)
    return caught.value.code


def files_below(directory):
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


def test_a_new_ca_holds_two_authorities_and_nothing_readable_by_others(ca):
    assert files_below(ca) == ["issuing.key", "issuing.pem", "root.key", "root.pem"]
    assert stat.S_IMODE(ca.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in ca.iterdir()} == {0o600}
    assert b"ENCRYPTED" in (ca / "root.key").read_bytes()


def test_a_ca_is_never_overwritten(ca, now):
    before = {p.name: p.read_bytes() for p in ca.iterdir()}
    assert refusal(init_ca, ca, CA_PASS, now, 20) == "KEY_FILE_EXISTS"
    assert {p.name: p.read_bytes() for p in ca.iterdir()} == before
    assert [p.name for p in ca.parent.iterdir()] == ["ca"]


def test_a_ca_fits_into_an_empty_directory(tmp_path, now):
    (tmp_path / "ca").mkdir()
    init_ca(tmp_path / "ca", CA_PASS, now, 20)
    assert (tmp_path / "ca" / "root.pem").is_file()


def test_a_ca_is_not_put_where_a_file_stands(tmp_path, now):
    (tmp_path / "file").write_text("x")
    assert refusal(init_ca, tmp_path / "file", CA_PASS, now, 20) == "KEY_FILE_EXISTS"
    assert refusal(init_ca, tmp_path / "file" / "ca", CA_PASS, now, 20) == "KEY_FILE_EXISTS"


def test_an_unwritable_place_is_named(tmp_path, now):
    name = "x" * 300
    with pytest.raises(HeduiError) as caught:
        init_ca(tmp_path / name, CA_PASS, now, 20)
    assert caught.value.code == "KEY_FILE_UNWRITABLE"
    assert name in caught.value.where


def test_an_issued_key_directory_loads(ca, tmp_path, now, passphrase_file):
    out = tmp_path / "keys" / "370000"
    leaves = issue(ca, CA_PASS, "370000", out, KEY_PASS, now=now, title="山东", hosts=("10.0.0.7",))
    assert files_below(out) == [
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
    assert {stat.S_IMODE(p.stat().st_mode) for p in out.iterdir()} == {0o600}
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert json.loads((out / "participant.json").read_text()) == {
        "id": "370000",
        "title": "山东",
        "generation": 1,
        "hosts": ["10.0.0.7"],
    }
    assert len(x509.load_pem_x509_certificates((out / "tls.pem").read_bytes())) == 2
    ring = FileKeyRing.load(out, passphrase_file, now)
    assert ring.certificates == tuple(leaf.der for leaf in leaves.leaves)
    assert files_below(ca / "issued") == [
        "370000/g1/encryption.pem",
        "370000/g1/signing.pem",
        "370000/g1/tls.pem",
    ]


def test_renewal_keeps_the_earlier_directory_and_its_encryption_keys(
    ca, tmp_path, now, passphrase_file
):
    out = tmp_path / "keys"
    later = now + timedelta(days=90)
    sets = [
        issue(ca, CA_PASS, "370000", out, KEY_PASS, now=at)
        for at in (now, later, later + timedelta(days=90))
    ]
    assert [s.generation for s in sets] == [1, 2, 3]
    ring = FileKeyRing.load(out, passphrase_file, later + timedelta(days=90))
    assert ring.generation == 3
    newest_first = [s.encryption.der for s in reversed(sets)]
    assert list(ring.certificates[2:]) == newest_first
    assert len(ring.encryption_keys) == 3
    earlier = FileKeyRing.load(tmp_path / "keys.g2", passphrase_file, later)
    assert earlier.certificates[1] == sets[1].signing.der


def test_renewal_needs_the_passphrase_of_the_earlier_keys(ca, tmp_path, now):
    out = tmp_path / "keys"
    issue(ca, CA_PASS, "370000", out, KEY_PASS, now=now)
    before = files_below(out)
    assert refusal(issue, ca, CA_PASS, "370000", out, b"other", now=now) == "KEY_PASSPHRASE"
    assert files_below(out) == before
    assert files_below(ca / "issued") == [
        "370000/g1/encryption.pem",
        "370000/g1/signing.pem",
        "370000/g1/tls.pem",
    ]


def test_renewal_never_overwrites_what_was_kept(ca, tmp_path, now):
    out = tmp_path / "keys"
    issue(ca, CA_PASS, "370000", out, KEY_PASS, now=now)
    (tmp_path / "keys.g1").mkdir()
    assert refusal(issue, ca, CA_PASS, "370000", out, KEY_PASS, now=now) == "KEY_FILE_EXISTS"
    assert json.loads((out / "participant.json").read_text())["generation"] == 1


@pytest.mark.parametrize("there", ["another participant", "something else", "a file"])
def test_a_key_directory_is_never_overwritten(ca, tmp_path, now, there):
    out = tmp_path / "keys"
    if there == "another participant":
        issue(ca, CA_PASS, "320000", out, KEY_PASS, now=now)
    elif there == "something else":
        out.mkdir()
        (out / "signing.pem").write_text("mine")
    else:
        out.write_text("mine")
    assert refusal(issue, ca, CA_PASS, "370000", out, KEY_PASS, now=now) == "KEY_FILE_EXISTS"


def test_generations_only_rise(ca, tmp_path, now):
    issue(ca, CA_PASS, "370000", tmp_path / "a", KEY_PASS, now=now, generation=5)
    assert issue(ca, CA_PASS, "370000", tmp_path / "b", KEY_PASS, now=now).generation == 6
    for generation in (4, 6):
        code = refusal(
            issue,
            ca,
            CA_PASS,
            "370000",
            tmp_path / "c",
            KEY_PASS,
            now=now,
            generation=generation,
        )
        assert code == "CA_GENERATION"


def test_issuing_refusals(ca, tmp_path, now):
    out = tmp_path / "keys"
    assert refusal(issue, ca, b"wrong", "370000", out, KEY_PASS, now=now) == "KEY_PASSPHRASE"
    assert refusal(issue, ca, CA_PASS, "../x", out, KEY_PASS, now=now) == "PARTICIPANT_ID"
    assert refusal(issue, tmp_path, CA_PASS, "370000", out, KEY_PASS, now=now) == "CA_MISSING"
    late = now + timedelta(days=6 * 365)
    assert refusal(issue, ca, CA_PASS, "370000", out, KEY_PASS, now=late) == "CA_EXPIRED"
    (ca / "issuing.pem").write_bytes((ca / "root.pem").read_bytes())
    assert refusal(issue, ca, CA_PASS, "370000", out, KEY_PASS, now=now) == "KEY_MISMATCH"
    (ca / "issuing.pem").write_text("nothing")
    assert refusal(issue, ca, CA_PASS, "370000", out, KEY_PASS, now=now) == "KEY_FILE_MALFORMED"
    assert not out.exists()


def test_a_ca_key_that_others_can_read_is_refused(ca, tmp_path, now):
    (ca / "issuing.key").chmod(0o640)
    code = refusal(issue, ca, CA_PASS, "370000", tmp_path / "k", KEY_PASS, now=now)
    assert code == "KEY_FILE_READABLE"


def test_what_was_issued_is_listed(ca, tmp_path, now):
    assert issued(ca) == ()
    issue(ca, CA_PASS, "370000", tmp_path / "a", KEY_PASS, now=now)
    issue(ca, CA_PASS, "hub", tmp_path / "b", KEY_PASS, now=now)
    issue(ca, CA_PASS, "370000", tmp_path / "a", KEY_PASS, now=now)
    listed = [(i.participant, i.key.generation, i.key.use) for i in issued(ca)]
    assert listed == [
        (name, generation, use)
        for name, generation in (("370000", 1), ("370000", 2), ("hub", 1))
        for use in KeyUse
    ]
    assert {i.participant for i in issued(ca, "hub")} == {"hub"}
    assert refusal(issued, ca, "320000") == "CA_NOT_ISSUED"
    assert refusal(issued, tmp_path) == "CA_MISSING"


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def made(tmp_path, passphrase_file):
    """A CA and a key directory made by the commands; returns their places."""
    ca, out = tmp_path / "made", tmp_path / "370000"
    result = run("init", "--dir", ca, "--passphrase-file", passphrase_file, "--years", 3)
    assert result.exit_code == 0, result.output
    options = ["--dir", ca, "--passphrase-file", passphrase_file, "--out", out]
    options += ["--key-passphrase-file", passphrase_file, "--title", "山东", "--host", "10.0.0.7"]
    result = run("issue", "370000", *options)
    assert result.exit_code == 0, result.output
    assert "已签发 370000 第 1 代密钥" in result.output
    return ca, out


def test_commands_make_keys_that_load(made, passphrase_file):
    _, out = made
    ring = FileKeyRing.load(out, passphrase_file, datetime.now(UTC))
    assert (ring.participant, ring.generation) == ("370000", 1)


def test_show_prints_a_table_and_json(made, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    ca, _ = made
    table = run("show", "--dir", ca).output
    listed = json.loads(run("show", "370000", "--dir", ca, "--json").output)
    assert [item["use"] for item in listed] == ["tls", "signing", "encryption"]
    for item in listed:
        assert item["key_id"][:16] in table
        assert item["key_id"] not in table
        assert item["not_after"][:10] in table
    assert "参与方 participant" in table


def test_commands_refuse_with_the_coded_error(made, passphrase_file):
    ca, _ = made
    again = run("init", "--dir", ca, "--passphrase-file", passphrase_file)
    assert isinstance(again.exception, HeduiError)
    assert str(again.exception).startswith("KEY_FILE_EXISTS")
    passphrase_file.chmod(0o644)
    readable = run("init", "--dir", ca, "--passphrase-file", passphrase_file)
    assert readable.exception.code == "KEY_FILE_READABLE"
    assert "chmod 600" in str(readable.exception)
    assert run("show", "320000", "--dir", ca).exception.code == "CA_NOT_ISSUED"


def test_a_service_gets_a_tls_key_that_is_no_participants(ca, tmp_path, now):
    out = tmp_path / "broker-1"
    first = issue_service_keys(
        ca, CA_PASS, "broker-1", out, KEY_PASS, now=now, hosts=("127.0.0.1", "kafka1.example")
    )
    again = issue_service_keys(ca, CA_PASS, "broker-1", tmp_path / "next", KEY_PASS, now=now)

    assert (first, again) == (1, 2)
    assert files_below(out) == ["root.pem", "tls.key", "tls.p12", "tls.pem"]
    assert {stat.S_IMODE(p.stat().st_mode) for p in out.iterdir()} == {0o600}
    leaf, issuing = x509.load_pem_x509_certificates((out / "tls.pem").read_bytes())
    assert leaf.subject.rfc4514_string() == "CN=broker-1.g1"
    leaf.verify_directly_issued_by(issuing)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        "urn:hedui:service:broker-1"
    ]
    assert names.get_values_for_type(x509.DNSName) == ["kafka1.example"]
    assert b"ENCRYPTED" in (out / "tls.key").read_bytes()
    key, certificate, chain = load_key_and_certificates((out / "tls.p12").read_bytes(), KEY_PASS)
    assert (certificate, chain) == (leaf, [issuing])
    assert key.public_key() == leaf.public_key()
    assert refusal(read_leaf, leaf.public_bytes(Encoding.DER)) == "CERT_ROLE"
    assert issued(ca) == ()


@pytest.mark.parametrize("name", ["hub", "370000", "broker", "hub.admin", "Broker-1", "a-" * 21])
def test_a_service_is_never_named_as_a_participant(ca, tmp_path, now, name):
    out = tmp_path / "out"
    assert refusal(issue_service_keys, ca, CA_PASS, name, out, KEY_PASS, now=now) == "SERVICE_NAME"
    assert not out.exists()


def test_the_command_issues_a_service(ca, tmp_path, passphrase_file):
    ca_pass = tmp_path / "ca.pass"
    ca_pass.write_bytes(CA_PASS)
    ca_pass.chmod(0o600)
    out = tmp_path / "hub-admin"
    files = {"--dir": ca, "--passphrase-file": ca_pass, "--out": out}
    files["--key-passphrase-file"] = passphrase_file
    options = [str(each) for pair in files.items() for each in pair]
    told = CliRunner().invoke(app, ["issue-service", "hub-admin", *options])
    assert told.exit_code == 0
    assert "generation 1" in told.output
    assert (out / "tls.pem").exists()
