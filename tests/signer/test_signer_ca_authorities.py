"""`hedui ca` over what it has: revoke, list, rotate, retire, refresh."""

from __future__ import annotations

import json

import pytest
from cryptography import x509
from typer.testing import CliRunner

from schemas.errors import HeduiError
from signer.ca.authorities import authorities
from signer.certificates import key_id
from signer.commands.ca import app
from signer.keydirectory import read_certificates


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ca.pass", "root.pass", "key.pass"):
        (tmp_path / name).write_text(f"passphrase of {name}")
        (tmp_path / name).chmod(0o600)
    return tmp_path


def run(command: str, *arguments: str):
    result = CliRunner().invoke(app, [command, *arguments, "--dir", "ca"])
    if isinstance(result.exception, HeduiError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


CA = ("--passphrase-file", "ca.pass")
ROOT = ("--root-dir", "safe", "--root-passphrase-file", "root.pass")


@pytest.fixture
def ca(place):
    run("init", *CA, *ROOT)
    run("issue", "370000", *CA, "--out", "keys", "--key-passphrase-file", "key.pass")
    return place / "ca"


def test_a_generation_is_revoked_shown_and_listed(ca, place):
    said = run("revoke", "370000", "--generation", "1", "--reason", "key-compromise")
    assert "key-compromise" in said
    shown = json.loads(run("show", "--json"))
    assert all(item["revoked"] for item in shown)
    assert len(shown) == 3
    run("crl", *CA, "--out", "crl.pem")
    run("crl", *CA, "--out", "crl.pem", "--days", "3")
    crl = x509.load_pem_x509_crl((place / "crl.pem").read_bytes())
    assert len(list(crl)) == 3
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2
    assert (crl.next_update_utc - crl.last_update_utc).days == 3


def test_authorities_are_changed_and_retired_one_after_the_other(ca, place):
    (old_root,), (old_issuing,) = authorities(ca, "root"), authorities(ca, "issuing")
    run("rotate-root", *CA, *ROOT)
    run("rotate-issuing", *CA, *ROOT)
    shown = run("authorities")
    for der in (*authorities(ca, "root"), *authorities(ca, "issuing")):
        assert key_id(der).hex()[:16] in shown
    run("refresh", "keys")
    assert read_certificates(place / "keys" / "chain.pem") == authorities(ca, "issuing")
    with pytest.raises(HeduiError) as caught:
        run("retire-issuing", key_id(old_issuing).hex()[:16])
    assert (caught.value.code, caught.value.where) == ("CA_IN_USE", "370000 g1")
    run("retire-issuing", key_id(old_issuing).hex()[:16], "--compromised")
    run("retire-root", key_id(old_root).hex()[:16], "--root-dir", "safe")
    assert len(authorities(ca, "root")) == len(authorities(ca, "issuing")) == 1
    assert authorities(place / "safe", "root") == authorities(ca, "root")
