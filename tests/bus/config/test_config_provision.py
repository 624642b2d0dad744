"""The administrator's configuration: small, strict, and as loud about faults as a daemon's."""

from __future__ import annotations

import pytest

from bus.config.provision import load_provision_config
from bus.errors import ConfigError

GOOD = """
[keys]
directory = "keys/hub-admin"
passphrase_file = "hub-admin.passphrase"
[broker]
bootstrap = "kafka1.example:9093,kafka2.example:9093"
[hub]
participants = "participants.toml"
"""


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "provision.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_paths_are_relative_to_the_file_and_defaults_are_for_three_brokers(write, tmp_path):
    config = load_provision_config(write(GOOD))
    assert config.keys.directory == tmp_path / "keys" / "hub-admin"
    assert config.keys.passphrase_file == tmp_path / "hub-admin.passphrase"
    assert config.hub.participants == tmp_path / "participants.toml"
    assert config.broker.ca_file is None
    topics = config.topics
    assert (topics.partitions, topics.replication_factor, topics.min_insync_replicas) == (3, 3, 2)
    assert config.rights.accepted_principals == ()


def test_everything_can_be_said(write, tmp_path, monkeypatch):
    monkeypatch.setenv("HEDUI_BROKER__BOOTSTRAP", "localhost:9093")
    more = GOOD.replace("[hub]", 'ca_file = "ca.pem"\n[hub]') + (
        "[topics]\npartitions = 6\nreplication_factor = 1\nmin_insync_replicas = 1\n"
        '[rights]\naccepted_principals = ["User:monitor", "User:site-admin.g1"]\n'
    )
    config = load_provision_config(write(more))
    assert config.broker.bootstrap == "localhost:9093"
    assert config.broker.ca_file == tmp_path / "ca.pem"
    assert config.topics.partitions == 6
    assert config.rights.accepted_principals == ("User:monitor", "User:site-admin.g1")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('directory = "keys/hub-admin"', "", "keys.directory"),
        ("[broker]", '[broker]\nprofile = "s3cret"', "broker.profile"),
        ("[hub]", '[store]\nurl = "s3cret"\n[hub]', "store"),
        ('bootstrap = "kafka1.example:9093,kafka2.example:9093"', "bootstrap = 1", "bootstrap"),
        ("[hub]", "[topics]\nreplication_factor = 1\n[hub]", "min_insync_replicas"),
        ("[hub]", "[topics]\npartitions = 0\n[hub]", "topics.partitions"),
        ("[hub]", '[rights]\naccepted_principals = ["User:370000.g1"]\n[hub]', "rights.accepted"),
        ("[hub]", '[rights]\naccepted_principals = ["User:*"]\n[hub]', "rights.accepted"),
        ("[hub]", '[rights]\naccepted_principals = ["monitor"]\n[hub]', "rights.accepted"),
        ("[hub]", '[rights]\naccepted_principals = ["User:"]\n[hub]', "rights.accepted"),
    ],
)
def test_every_fault_is_named_and_no_value_repeated(write, old, new, key):
    assert old in GOOD
    with pytest.raises(ConfigError) as refusal:
        load_provision_config(write(GOOD.replace(old, new)))
    assert refusal.value.code == "CONFIG_INVALID"
    assert key in refusal.value.zh
    assert key in refusal.value.en
    assert "s3cret" not in str(refusal.value)
