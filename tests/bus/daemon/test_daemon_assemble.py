"""Putting a participant together from files: keys, store key, broker, each failing closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from softhsm import LABEL, PIN

from bus.config.load import load_config
from bus.daemon.assemble import assemble, broker_settings
from bus.daemon.router import CentreRouter
from bus.errors import ConfigError
from bus.ports.clock import MovedClock
from schemas.errors import HeduiError
from signer.admission.grant import write_grant
from signer.admission.importing import import_grant
from signer.admission.pending import make_pending
from signer.admission.request import read_requests, request_content
from signer.ca.certify_requests import certify_requests
from signer.ca.files import add_suite, init_ca, issue
from signer.certificates import to_key
from signer.directory.view import KeyUse
from signer.keystore import TokenSettings, open_token
from signer.suites import sm2
from signer.suites.keys import P256, SM2
from signer.suites.p256_aes256gcm import P256Aes256Gcm

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A key directory of 370000, its passphrase in a file beside it."""
    home = tmp_path_factory.mktemp("home")
    init_ca(home / "ca", b"ca passphrase", NOW, 20)
    issue(home / "ca", b"ca passphrase", "370000", home / "keys", b"passphrase", now=NOW)
    if sm2.installed():
        add_suite(home / "ca", b"ca passphrase", SM2, NOW, 20)
        out, suites = home / "both", (P256, SM2)
        issue(home / "ca", b"ca passphrase", "370000", out, b"passphrase", now=NOW, suites=suites)
    (home / "pass").write_text("passphrase\n")
    (home / "pass").chmod(0o600)
    return home


@pytest.fixture
def config(tmp_path, keys):
    def made(name="370000", profile="kafka", instance="1", suite=P256, folder="keys"):
        path = tmp_path / "node.toml"
        path.write_text(
            f"""
[participant]
id = "{name}"
instance = "{instance}"
[keys]
directory = "{keys}/{folder}"
passphrase_file = "{keys}/pass"
store_key = "store.key"
suite = "{suite}"
[broker]
bootstrap = "127.0.0.1:9093"
profile = "{profile}"
[store]
url = "sqlite+aiosqlite:///node.db"
"""
        )
        return load_config(path)

    return made


def test_an_authority_is_asked_only_where_one_is_named(config, keys, monkeypatch):
    assert put_together(config()).timestamping is None
    monkeypatch.setenv("HEDUI_TIMESTAMPS__URL", "https://tsa.example/tsr")
    monkeypatch.setenv("HEDUI_TIMESTAMPS__CA_FILE", str(keys / "ca/root.pem"))
    made = put_together(config())
    assert (made.timestamping.url, made.timestamping.holder) == (
        "https://tsa.example/tsr",
        "370000/1",
    )
    assert made.timestamping.certificates == made.ring.roots
    monkeypatch.setenv("HEDUI_TIMESTAMPS__CA_FILE", str(keys / "none.pem"))
    with pytest.raises(HeduiError) as caught:
        put_together(config())
    assert caught.value.code == "KEY_FILE_MISSING"


def put_together(config, *, dev=False):
    return assemble(config, CentreRouter(), dev=dev, clock=MovedClock(NOW))


@pytest.mark.requirement("R076")
def test_a_store_key_is_read_or_drawn_and_not_yet_written(config, tmp_path):
    participant = put_together(config())
    assert not participant.store_key.saved
    assert participant.office.store_key is participant.store_key.key
    assert not (tmp_path / "store.key").exists()


def test_instances_of_one_participant_have_names_of_their_own(config):
    participant = put_together(config(instance="b-2"))
    assert participant.instance == participant.loops.outbox.holder == "370000/b-2"
    settings = broker_settings(participant.config, participant.ring, dev=True)
    assert settings.client_id == "hedui-370000-b-2"


@pytest.mark.parametrize("instance", ["", "A", "a_b", "a.b", "a" * 21])
def test_an_instance_name_that_would_not_do_everywhere_is_refused(config, instance):
    with pytest.raises(ConfigError, match=r"participant\.instance"):
        config(instance=instance)


def test_keys_of_another_participant_are_refused(config, tmp_path):
    with pytest.raises(ConfigError, match="KEYS_OF_ANOTHER"):
        put_together(config("320000"))
    assert not (tmp_path / "store.key").exists()


@pytest.mark.requirement("R011")
def test_without_dev_there_is_no_plaintext_broker(config, tmp_path):
    with pytest.raises(ConfigError, match="BROKER_PLAINTEXT"):
        put_together(config(profile="embedded"))
    participant = put_together(config(profile="embedded"), dev=True)
    assert broker_settings(participant.config, participant.ring, dev=True).tls is None


@pytest.mark.requirement("R011")
def test_a_kafka_broker_gets_the_participants_own_certificate(config, keys):
    participant = put_together(config(), dev=True)
    settings = broker_settings(participant.config, participant.ring, dev=True)
    assert settings.tls is not None
    assert settings.tls.ca == keys / "keys" / "root.pem"
    assert settings.client_id == "hedui-370000-1"
    assert settings.session_timeout == timedelta(seconds=30)


def test_the_session_time_out_is_the_operators(config, monkeypatch):
    monkeypatch.setenv("HEDUI_BROKER__SESSION_TIMEOUT_SECONDS", "6")
    participant = put_together(config())
    settings = broker_settings(participant.config, participant.ring, dev=False)
    assert settings.session_timeout == timedelta(seconds=6)


async def test_a_participant_tells_when_its_certificates_expire(config):
    participant = put_together(config())
    assert participant.office.me == "370000"
    assert not participant.office.ready
    await participant.certificates.look()
    gauge = participant.metrics.certificate_expires
    expiries = {use: gauge.labels(use=use)._value.get() for use in ("signing", "encryption")}
    assert all(expiry > NOW.timestamp() for expiry in expiries.values())
    assert expiries["encryption"] < expiries["signing"]


def test_a_participant_signs_and_opens_with_keys_on_a_token(config, tmp_path, softhsm_module):
    ca, pin = tmp_path / "ca", tmp_path / "pin"
    pin.write_text(PIN)
    pin.chmod(0o600)
    store = open_token(TokenSettings(softhsm_module, LABEL, pin))
    init_ca(ca, b"ca passphrase", NOW, 20)
    pending = make_pending(
        tmp_path / "pending", b"passphrase", participant="370000", generation=1, store=store
    )
    requests = read_requests(request_content(pending.requests), "370000", 1)
    grant = certify_requests(ca, b"ca passphrase", requests, hosts=(), now=NOW)
    out, roots = tmp_path / "token-keys", grant.roots
    data = write_grant(grant)
    import_grant(pending.path, out, data, b"passphrase", roots=roots, now=NOW, store=store)

    made = config()
    keys = made.keys.model_copy(update={"directory": out})
    with pytest.raises(HeduiError) as caught:
        put_together(made.model_copy(update={"keys": keys}))
    assert caught.value.code == "KEY_FILE_MISSING"
    named = {"pkcs11_module": softhsm_module, "pkcs11_token": LABEL, "pkcs11_pin_file": pin}
    keys = keys.model_copy(update=named)
    ring = put_together(made.model_copy(update={"keys": keys})).office.ring
    signing = to_key(grant.certificates[KeyUse.SIGNING])
    P256Aes256Gcm().verify(signing.public_key, ring.sign(b"statement"), b"statement")
    encryption = to_key(grant.certificates[KeyUse.ENCRYPTION])
    sealed = P256Aes256Gcm().seal_epoch(encryption.public_key, bytes(32), b"info")
    assert ring.open_epoch(encryption.id, sealed, b"info") == bytes(32)


gm = pytest.mark.usefixtures("gm_possible")


@gm
def test_a_participant_prefers_the_suite_its_configuration_names(config):
    for suite in (P256, SM2):
        made = put_together(config(folder="both", suite=suite))
        assert made.office.suite == suite
        assert list(made.ring.signing_keys) == [P256, SM2]
        assert made.keeper.validator.suites == {P256, SM2}
        assert len(made.certificates.keys) == 3


@gm
def test_a_suite_without_keys_is_refused(config):
    with pytest.raises(ConfigError, match="SUITE_WITHOUT_KEYS"):
        put_together(config(suite=SM2))


def test_a_suite_that_does_not_exist_is_refused(config):
    with pytest.raises(ConfigError, match=r"keys\.suite"):
        config(suite="sm2-sm4gcm/2")


@gm
@pytest.mark.parametrize("settings", [{"suite": SM2}, {"folder": "both"}])
def test_without_the_extra_nothing_starts(config, monkeypatch, settings):
    monkeypatch.setattr(sm2, "_library", None)
    with pytest.raises(ConfigError) as caught:
        put_together(config(**settings))
    assert caught.value.code == "GM_NOT_INSTALLED"
    assert "hedui-bus[gm]" in caught.value.remedy_zh
