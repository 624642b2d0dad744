"""Configuration files: every fault named, no value repeated, environment over file."""

from __future__ import annotations

import pytest

from bus.config.load import load_config
from bus.config.models import BrokerKind
from bus.daemon.hub import review_policy
from bus.errors import ConfigError
from bus.rules.review_policy import Households, ReviewMode, ReviewRule

GOOD = """
[participant]
id = "370000"
[keys]
directory = "keys"
passphrase_file = "/run/secrets/pass"
store_key = "store.key"
[broker]
bootstrap = "127.0.0.1:9093"
ca_file = "ca.pem"
[store]
url = "sqlite+aiosqlite:///data/node.db"
[http]
listen = "127.0.0.1:9000"
socket = "api.sock"
"""


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "node.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def faulty(path):
    with pytest.raises(ConfigError) as refusal:
        load_config(path)
    assert str(path) in refusal.value.where
    return refusal.value


def test_relative_paths_are_relative_to_the_file(write, tmp_path):
    config = load_config(write(GOOD))
    assert config.keys.directory == tmp_path / "keys"
    assert str(config.keys.passphrase_file) == "/run/secrets/pass"
    assert config.broker.ca_file == tmp_path / "ca.pem"
    assert config.store.url == f"sqlite+aiosqlite:///{tmp_path}/data/node.db"
    assert config.http.socket == tmp_path / "api.sock"
    assert config.broker.profile is BrokerKind.KAFKA
    assert config.hub is None


def test_a_store_on_a_server_has_its_secrets_beside_the_file(write, tmp_path):
    url = "postgresql+asyncpg://hedui@db.example/bus"
    files = 'password_file = "db.password"\nca_file = "/etc/db-ca.pem"'
    old = 'url = "sqlite+aiosqlite:///data/node.db"'
    config = load_config(write(GOOD.replace(old, f'url = "{url}"\n{files}')))
    assert config.store.url == url
    assert config.store.password_file == tmp_path / "db.password"
    assert str(config.store.ca_file) == "/etc/db-ca.pem"
    assert config.participant.instance == "1"


@pytest.mark.parametrize("seconds", [5, 1801])
def test_a_session_time_out_that_no_broker_allows_is_refused(write, seconds):
    fault = faulty(write(GOOD.replace("[store]", f"session_timeout_seconds = {seconds}\n[store]")))
    assert "broker.session_timeout_seconds" in fault.en


def test_a_hub_reviews_by_people_unless_told_otherwise(write, tmp_path):
    config = load_config(write(GOOD + '[hub]\nparticipants = "participants.toml"\n'))
    assert config.hub.review is ReviewMode.MANUAL
    assert config.hub.participants == tmp_path / "participants.toml"


SAMPLING = """[hub]
participants = "participants.toml"
review = "automatic"
households = "return"
sampling_seed_file = "sampling.seed"

[[hub.review_rule]]
province = "山东"
business = "医疗救助"
mode = "manual"

[[hub.review_rule]]
mode = "sampled"
rate = 0.05
"""


@pytest.fixture
def seed(tmp_path):
    def put(text):
        file = tmp_path / "sampling.seed"
        file.write_text(text)
        file.chmod(0o600)

    return put


@pytest.mark.requirement("R025")
def test_review_rules_are_read_in_their_order_by_code_or_name(write, seed):
    seed("0f" * 32 + "\n")
    policy = review_policy(load_config(write(GOOD + SAMPLING)).hub)
    assert policy.rules == (
        ReviewRule("370000", "medical-assistance", ReviewMode.MANUAL),
        ReviewRule(None, None, ReviewMode.SAMPLED, 50_000),
    )
    assert (policy.default, policy.households) == (ReviewMode.AUTOMATIC, Households.RETURN)
    assert policy.seed == b"0f" * 32


def test_a_short_seed_is_refused(write, seed):
    seed("secret")
    with pytest.raises(ConfigError, match="SAMPLING_SEED_SHORT") as refused:
        review_policy(load_config(write(GOOD + SAMPLING)).hub)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('"山东"', '"火星"', "hub.review_rule.0.province"),
        ('"医疗救助"', '"旅游"', "hub.review_rule.0.business"),
        ("rate = 0.05", "rate = 1.5", "hub.review_rule.1.rate"),
        ("rate = 0.05", "rate = 0", "hub.review_rule.1.rate"),
        ("rate = 0.05", "", "hub.review_rule.1"),
        ('mode = "manual"', 'mode = "manual"\nrate = 0.5', "hub.review_rule.0"),
        ('mode = "manual"', 'mode = "never"', "hub.review_rule.0.mode"),
        ('review = "automatic"', 'review = "sampled"', "hub"),
        ('sampling_seed_file = "sampling.seed"', "", "hub"),
        ('households = "return"', 'households = "keep"', "hub.households"),
    ],
)
def test_a_faulty_review_rule_is_named(write, old, new, where):
    assert SAMPLING.count(old) == 1
    fault = faulty(write(GOOD + SAMPLING.replace(old, new)))
    assert f"{where}:" in fault.en


def test_a_warning_comes_with_one_working_day_left_unless_told_otherwise(write):
    assert load_config(write(GOOD)).deadlines.warn_working_days == 1
    early = load_config(write(GOOD + "[deadlines]\nwarn_working_days = 2\n"))
    assert early.deadlines.warn_working_days == 2
    faulty(write(GOOD + "[deadlines]\nwarn_working_days = 0\n"))


def test_timestamps_are_off_unless_an_authority_is_named(write, tmp_path):
    assert load_config(write(GOOD)).timestamps is None
    section = '[timestamps]\nurl = "https://tsa.example/tsr"\nca_file = "tsa.pem"\n'
    config = load_config(write(GOOD + section))
    assert config.timestamps.url == "https://tsa.example/tsr"
    assert config.timestamps.ca_file == tmp_path / "tsa.pem"
    assert "timestamps.ca_file" in faulty(write(GOOD + section.replace("ca_file", "ca"))).en


@pytest.mark.parametrize(
    "url", ["tsa.example", "ftp://tsa.example/", "https://me:s3cret@tsa.example/", "https://"]
)
def test_an_authority_s_address_is_http_without_a_password(write, url):
    fault = faulty(write(GOOD + f'[timestamps]\nurl = "{url}"\nca_file = "tsa.pem"\n'))
    assert "timestamps.url" in fault.en
    assert "s3cret" not in str(fault)


def test_the_environment_goes_over_the_file(write, monkeypatch):
    monkeypatch.setenv("HEDUI_BROKER__BOOTSTRAP", "kafka:9093")
    monkeypatch.setenv("HEDUI_HTTP__LISTEN", "127.0.0.1:1")
    config = load_config(write(GOOD))
    assert config.broker.bootstrap == "kafka:9093"
    assert config.http.listen == "127.0.0.1:1"
    assert config.broker.ca_file is not None


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        ('id = "370000"', 'id = "shandong"', ["participant.id"]),
        ('id = "370000"', "", ["participant.id"]),
        (
            'bootstrap = "127.0.0.1:9093"',
            'bootstrap = 5\nprofile = "s3cret"',
            [
                "broker.bootstrap",
                "broker.profile",
            ],
        ),
        ('[store]\nurl = "sqlite+aiosqlite:///data/node.db"', "", ["store"]),
        (
            'store_key = "store.key"',
            'store_key = 1\nsotre = "s3cret"',
            [
                "keys.store_key",
                "keys.sotre",
            ],
        ),
        ("[http]", '[password]\nvalue = "s3cret"\n[http]', ["password"]),
        ("[participant]", '_env_prefix = "s3cret"\n[participant]', ["_env_prefix"]),
        ("[participant]", '_env_file = "s3cret"\n[participant]', ["_env_file"]),
    ],
)
def test_every_faulty_key_is_named_and_no_value_repeated(write, old, new, keys):
    assert old in GOOD
    error = faulty(write(GOOD.replace(old, new)))
    assert error.code == "CONFIG_INVALID"
    assert all(key in error.zh and key in error.en for key in keys)
    assert "s3cret" not in str(error)


def test_a_faulty_environment_is_named_without_its_value(write, monkeypatch):
    monkeypatch.setenv("HEDUI_BROKER", "s3cret")
    error = faulty(write(GOOD))
    assert error.code == "CONFIG_INVALID"
    assert "s3cret" not in str(error)
    assert "HEDUI_" in error.en
    monkeypatch.delenv("HEDUI_BROKER")
    monkeypatch.setenv("HEDUI_BROKER__PROFILE", "s3cret")
    error = faulty(write(GOOD))
    assert "broker.profile" in error.en
    assert "s3cret" not in str(error)


def test_a_file_that_is_not_toml_is_placed_but_not_quoted(write):
    error = faulty(write('[keys]\npassphrase = "s3cret\n'))
    assert error.code == "CONFIG_SYNTAX"
    assert "line 2" in error.en
    assert "s3cret" not in str(error)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    assert faulty(tmp_path / "missing.toml").code == "CONFIG_UNREADABLE"
    (tmp_path / "latin.toml").write_bytes(b"\xff\xfe\x00")
    assert faulty(tmp_path / "latin.toml").code == "CONFIG_UNREADABLE"
    assert faulty(tmp_path).code == "CONFIG_UNREADABLE"


def test_a_token_is_named_whole_or_not_at_all(write, tmp_path):
    assert load_config(write(GOOD)).keys.token is None
    lines = (
        'pkcs11_module = "/usr/lib/softhsm/libsofthsm2.so"',
        'pkcs11_token = "hedui"',
        'pkcs11_pin_file = "pin"',
    )
    store = 'store_key = "store.key"'
    whole = load_config(write(GOOD.replace(store, "\n".join((store, *lines))))).keys.token
    assert whole is not None
    assert (str(whole.module), whole.token) == ("/usr/lib/softhsm/libsofthsm2.so", "hedui")
    assert whole.pin_file == tmp_path / "pin"
    for left in lines:
        partly = "\n".join((store, *(line for line in lines if line != left)))
        assert "pkcs11_pin_file" in faulty(write(GOOD.replace(store, partly))).zh


@pytest.mark.requirement("R076")
def test_contents_are_kept_for_a_year_unless_told_otherwise_and_never_for_less_than_a_month(write):
    assert load_config(write(GOOD)).retention.policy.days == 365
    section = "[retention]\nresult_days = 400\n[retention.business]\nhousing-security = 30\n"
    policy = load_config(write(GOOD + section)).retention.policy
    assert (policy.days, dict(policy.business)) == (400, {"housing-security": 30})
    for text, key in (
        ("result_days = 29", "retention.result_days"),
        ("[retention.business]\nhousing-security = 29", "retention.business"),
        ("[retention.business]\nhousing = 90", "retention.business"),
    ):
        assert key in faulty(write(GOOD + f"[retention]\n{text}\n")).en


@pytest.mark.requirement("R005")
def test_folders_of_resources_are_relative_to_the_file(write, tmp_path):
    hub = '[hub]\nparticipants = "p.toml"\n[hub.catalogue]\nresources = "more"\nvalid_days = 30\n'
    config = load_config(write(GOOD + hub + '[adapter]\nresources = "also"\n'))
    assert config.hub.catalogue.resources == tmp_path / "more"
    assert config.adapter.resources == tmp_path / "also"
    assert (config.hub.catalogue.valid_days, config.hub.catalogue.report_every_days) == (30, 100)
    plain = load_config(write(GOOD + '[hub]\nparticipants = "p.toml"\n'))
    assert (plain.hub.catalogue.resources, plain.adapter.resources) == (None, None)


def test_the_seed_of_the_draw_is_a_file_beside_the_configuration(write, tmp_path):
    hub = '[hub]\nparticipants = "participants.toml"\n[hub.evidence]\n'
    config = load_config(write(GOOD + hub + 'seed_file = "draw.seed"\nsample_rate = 0.01\n'))
    assert config.hub.evidence.seed_file == tmp_path / "draw.seed"
    assert load_config(write(GOOD + hub)).hub.evidence.seed_file is None
    assert "hub.evidence.sample_rate" in faulty(write(GOOD + hub + "sample_rate = 2\n")).en
