"""`hedui node apply`, `hedui ca certify`, `hedui node import`: joining by files, by hand."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import UTC, datetime

import pytest
import typer
from signer_admission_world import CA_PASS, KEY_PASS, SECRETS, Hub
from softhsm import LABEL, PIN
from typer.testing import CliRunner

from adapters.commands.adapter import app as adapter_app
from bus.cli.run import node as node_app
from schemas.errors import HeduiError
from signer.admission.answers import EXAMPLE, read_answers
from signer.admission.application import read_application
from signer.admission.contents import REQUIRED_STANDARDS
from signer.commands.admission import register
from signer.commands.ca import app as ca_app
from signer.directory.view import Offer
from signer.keyfiles import FileKeyRing


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, passphrase in (("key.pass", KEY_PASS), ("ca.pass", CA_PASS)):
        (tmp_path / name).write_bytes(passphrase)
        (tmp_path / name).chmod(0o600)
    (tmp_path / "apply.toml").write_text(EXAMPLE)
    return tmp_path


@pytest.fixture
def hub(place):
    return Hub(place, datetime.now(UTC))


@pytest.fixture
def joining():
    app = typer.Typer()
    register(app)
    return app


def run(app, *arguments, text=None):
    result = CliRunner().invoke(app, [str(a) for a in arguments], input=text)
    if isinstance(result.exception, HeduiError):
        raise result.exception
    return result


def refusal(app, *arguments) -> HeduiError:
    with pytest.raises(HeduiError) as caught:
        run(app, *arguments)
    return caught.value


def apply(app, *more):
    return run(app, "apply", "apply.toml", "--passphrase-file", "key.pass", *more)


def certify(*more, file="370000.hedui-apply", text=None):
    options = ("--dir", "ca", "--passphrase-file", "ca.pass")
    return run(ca_app, "certify", file, *options, *more, text=text)


def test_from_an_empty_directory_to_keys_that_load(place, hub, joining):
    (place / "apply.toml").unlink()
    run(joining, "apply", "apply.toml", "--init")
    assert (place / "apply.toml").stat().st_mode & 0o777 == 0o600
    applied = apply(joining)
    digest = read_application((place / "370000.hedui-apply").read_bytes()).digest.hex()
    assert digest in applied.output
    certified = certify("--digest", digest, text="y\n")
    assert certified.exit_code == 0
    assert digest in certified.output
    assert "security@example.cn" in certified.output
    fingerprint = hashlib.sha256(hub.roots[0]).hexdigest().upper()
    colons = ":".join(fingerprint[i : i + 2] for i in range(0, 64, 2))
    imported = run(
        joining,
        *("import", "370000.g1.hedui-grant", "--pending", "370000.pending", "--out", "keys"),
        *("--passphrase-file", "key.pass", "--root-fingerprint", f"SHA256 Fingerprint={colons}"),
    )
    assert imported.exit_code == 0
    ring = FileKeyRing.load(place / "keys", place / "key.pass", datetime.now(UTC))
    assert (ring.participant, ring.generation) == ("370000", 1)
    assert not (place / "370000.pending").exists()


def test_the_next_generation_trusts_the_roots_of_the_keys_it_renews(place, hub, joining):
    common = ("--passphrase-file", "key.pass")
    for generation in ("1", "2"):
        file = f"{generation}.hedui-apply"
        apply(joining, "--generation", generation, "--out", file)
        certify("--yes", file=file)
        root = ("--root", "ca/root.pem") if generation == "1" else ()
        run(
            joining,
            *("import", f"370000.g{generation}.hedui-grant", "--pending", "370000.pending"),
            *("--out", "keys", *common, *root),
        )
    assert FileKeyRing.load(place / "keys", place / "key.pass", datetime.now(UTC)).generation == 2
    assert (place / "keys.g1").is_dir()


def test_nothing_is_issued_against_the_operators_will_or_another_digest(place, hub, joining):
    apply(joining)
    assert certify(text="n\n").exit_code == 1
    with pytest.raises(HeduiError) as caught:
        certify("--digest", "00" * 32, "--yes")
    assert caught.value.code == "APPLICATION_DIGEST"
    assert not (place / "ca" / "issued").exists()
    assert not list(place.glob("*.hedui-grant"))


def test_the_first_import_needs_a_root_and_a_wrong_one_is_refused(place, hub, joining):
    apply(joining)
    certify("--yes")
    importing = (
        *("import", "370000.g1.hedui-grant", "--pending", "370000.pending", "--out", "keys"),
        *("--passphrase-file", "key.pass"),
    )
    assert refusal(joining, *importing).code == "ROOT_NEEDED"
    wrong = refusal(joining, *importing, "--root-fingerprint", "00" * 32)
    assert wrong.code == "GRANT_ROOT"
    assert (place / "370000.pending").is_dir()


def test_a_corrected_application_asks_for_the_same_keys(place, joining):
    apply(joining)
    first = read_application((place / "370000.hedui-apply").read_bytes())
    (place / "apply.toml").write_text(EXAMPLE.replace("192.0.2.11", "192.0.2.12"))
    apply(joining, "--out", "second.hedui-apply")
    second = read_application((place / "second.hedui-apply").read_bytes())
    assert second.keys == first.keys
    assert second.answers.hosts == ("192.0.2.12",)
    assert '"192.0.2.12"' in (place / "370000.pending" / "participant.json").read_text()
    options = ("--passphrase-file", "key.pass", "--generation", "2", "--out", "third.hedui-apply")
    assert refusal(joining, "apply", "apply.toml", *options).code == "PENDING_OTHER"
    assert not (place / "third.hedui-apply").exists()


def test_keys_are_never_made_without_a_passphrase(place, joining):
    assert refusal(joining, "apply", "apply.toml").code == "PASSPHRASE_NEEDED"
    assert not (place / "370000.pending").exists()


def test_a_token_is_named_whole_or_not_at_all(place, joining):
    apart = refusal(
        *(joining, "apply", "apply.toml", "--passphrase-file", "key.pass"),
        *("--pkcs11-token", "hedui"),
    )
    assert apart.code == "PKCS11_OPTIONS"
    assert not (place / "370000.pending").exists()


def test_keys_are_made_on_the_token_and_taken_from_it(place, hub, joining, softhsm_module):
    (place / "pin").write_text(PIN)
    (place / "pin").chmod(0o600)
    token = (
        *("--pkcs11-module", str(softhsm_module), "--pkcs11-token", LABEL),
        *("--pkcs11-pin-file", "pin"),
    )
    apply(joining, *token)
    certify("--yes")
    run(
        joining,
        *("import", "370000.g1.hedui-grant", "--pending", "370000.pending", "--out", "keys"),
        *("--passphrase-file", "key.pass", "--root", "ca/root.pem", *token),
    )
    assert [p.name for p in (place / "keys").glob("*.key")] == ["tls.key"]


def test_the_example_is_a_sound_file_that_names_what_is_required(place):
    answers = read_answers(place / "apply.toml")
    assert [s.name for s in answers.standards] == list(REQUIRED_STANDARDS)
    assert answers.parent == "hub"


def test_an_adapters_offer_without_items_is_the_whole_resource(place):
    text = EXAMPLE.replace('id = "370000"', 'id = "320000.housing-fund"')
    lines = text.splitlines()
    start = lines.index("# [[offer]]")
    offer = [line.removeprefix("# ") for line in lines[start : start + 3]]
    (place / "apply.toml").write_text("\n".join([*lines[:start], *offer]))
    found = read_answers(place / "apply.toml")
    assert found.parent == "320000"
    (whole,) = found.offers
    assert whole.items[:3] == ("name", "id_type", "id_number")
    assert "balance" in whole.items
    items = [line.removeprefix("# ") for line in lines[start + 3 : start + 4]]
    (place / "apply.toml").write_text("\n".join([*lines[:start], *offer, *items]))
    assert read_answers(place / "apply.toml").offers == (
        Offer("housing-fund-account", ("name", "id_type", "id_number", "balance"), 5),
    )


@pytest.mark.parametrize(
    ("find", "put", "code"),
    [
        ('title = "山东省核对中心"', "", "APPLICATION_FILE"),
        ('title = "山东省核对中心"', "title = 3", "APPLICATION_FILE"),
        ('title = "山东省核对中心"', 'titel = "x"', "APPLICATION_FILE"),
        ("[contact.security]", "[contact.cleaning]", "APPLICATION_FILE"),
        ("[contact.security]", "[contact.security", "APPLICATION_FILE"),
        ('"192.0.2.11"', '"192.0.2.0/24"', "APPLICATION_HOST"),
        ('"检测规范" = "版本 version"', "", "APPLICATION_STANDARD"),
        ('id = "370000"', 'id = "shandong"', "APPLICATION_ID"),
    ],
)
def test_a_faulty_file_is_told_without_its_values(place, find, put, code):
    assert find in EXAMPLE
    text = EXAMPLE.replace(find, put, 1).replace(
        'phone = "010-00000000"', f'phone = "{SECRETS[1]}"'
    )
    (place / "apply.toml").write_text(text)
    with pytest.raises(HeduiError) as caught:
        read_answers(place / "apply.toml")
    assert caught.value.code == code
    assert SECRETS[1] not in str(caught.value)


def test_a_file_that_is_no_text_is_refused(place):
    (place / "apply.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(HeduiError) as caught:
        read_answers(place / "apply.toml")
    assert caught.value.code == "APPLICATION_FILE"


def test_the_example_is_toml():
    assert tomllib.loads(EXAMPLE)["id"] == "370000"


@pytest.mark.parametrize("app", [node_app, adapter_app], ids=["node", "adapter"])
@pytest.mark.parametrize("command", ["apply", "import"])
def test_nodes_and_adapters_have_the_commands(app, command):
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "--pending" in result.output
