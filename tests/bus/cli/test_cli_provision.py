"""`hedui hub provision`: the plan, what was done, what a person decides, and the exit code."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

sys.path.insert(0, str(Path(__file__).parents[1] / "provisioning"))

from provisioning_samples import HOSTS, right
from scripted_admin import ScriptedAdmin

from bus.broker.provisioning import cluster
from bus.broker.provisioning.conversions import binding
from bus.broker.provisioning.plan import DeleteTopic, Plan
from bus.broker.provisioning.run import Provisioner
from signer.ca.files import init_ca, issue
from signer.ca.services import issue_service_keys
from signer.identity import ADMIN_SERVICE

LIST = "".join(
    f'[[participant]]\nid = "{name}"\ntitle = "{name}"\ncertificates = "ca/issued/{name}"\n'
    f'hosts = ["{host}"]\n'
    for name, host in HOSTS.items()
)
CONFIG = """
[keys]
directory = "keys/hub-admin"
passphrase_file = "passphrase"
[broker]
bootstrap = "127.0.0.1:1"
[hub]
participants = "participants.toml"
[topics]
replication_factor = 1
min_insync_replicas = 1
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    now = datetime.now(UTC)
    init_ca(folder / "ca", b"ca", now, 1)
    for name in HOSTS:
        issue(folder / "ca", b"ca", name, folder / "keys" / name, b"key", now=now)
    admin = folder / "keys" / ADMIN_SERVICE
    issue_service_keys(folder / "ca", b"ca", ADMIN_SERVICE, admin, b"key", now=now)
    secret = folder / "passphrase"
    secret.touch(0o600)
    secret.write_text("key")
    return folder


@pytest.fixture
def admin(monkeypatch):
    scripted = ScriptedAdmin()
    monkeypatch.setattr(cluster, "AdminClient", scripted)
    return scripted


@pytest.fixture
def provision(hedui, site, admin):
    (site / "participants.toml").write_text(LIST, encoding="utf-8")
    (site / "provision.toml").write_text(CONFIG, encoding="utf-8")

    def run(*options):
        return hedui("hub", "provision", "-c", site / "provision.toml", *options)

    return run


def test_a_dry_run_shows_the_plan_and_changes_nothing(provision, admin):
    ended = provision("--dry-run")
    assert ended.code == 3
    assert (admin.topics, admin.rights) == ({}, set())
    lines = ended.out.splitlines()
    assert any("建主题 create topic" in line and "hedui.370000.inbox" in line for line in lines)
    assert any(
        "topic hedui.370000.inbox" in line and "User:370000.g1@10.37.0.11: Describe, Read" in line
        for line in lines
    )
    assert "未作任何更改" in lines[-1]


def test_a_run_makes_it_and_a_second_has_nothing_to_do(provision, admin):
    first, second, dry = provision(), provision(), provision("--dry-run")
    assert (first.code, second.code, dry.code) == (0, 0, 0)
    assert "失败 0 项" in first.out
    assert len(admin.topics) == 9
    assert "in step" in second.out
    assert "in step" in dry.out


def test_json_tells_each_change_what_came_of_it_and_the_drift(provision, admin):
    dry = json.loads(provision("--dry-run", "--json").out)
    admin.rights.add(binding(right("hedui.370000.inbox", "User:monitor")))
    made = json.loads(provision("--json").out)

    assert dry["dry_run"] is True
    assert {change["done"] for change in dry["changes"]} == {None}
    assert {change["done"] for change in made["changes"]} == {True}
    assert [change["act"] for change in made["changes"]] == [c["act"] for c in dry["changes"]]
    created = next(c for c in dry["changes"] if c["topic"] == "hedui.370000.inbox")
    assert (created["act"], created["partitions"], created["replication_factor"]) == (
        "create-topic",
        3,
        1,
    )
    assert created["settings"]["retention.ms"] == "3888000000"
    assert {
        "resource": "GROUP",
        "name": "hedui.370000",
        "principal": "User:370000.g1",
        "host": "10.37.0.11",
        "operation": "READ",
    } in [change["right"] for change in dry["changes"]]
    assert [finding["code"] for finding in made["drift"]] == ["RIGHT_FOREIGN"]


def test_drift_is_shown_and_needs_a_person(provision, admin):
    provision()
    admin.rights.add(binding(right("hedui.370000.inbox", "User:monitor")))
    for options in ((), ("--dry-run",)):
        ended = provision(*options)
        assert ended.code == 4
        assert "RIGHT_FOREIGN" in ended.out
        assert "User:monitor" in ended.out


def test_a_changed_setting_is_shown_with_what_is_in_force(provision, admin):
    provision()
    admin.topics["hedui.370000.inbox"].own["retention.ms"] = "1000"
    ended = provision("--dry-run")
    assert ended.code == 3
    assert "retention.ms: 1000 → 3888000000" in ended.out


def test_a_stray_right_is_shown_as_removed(provision, admin):
    provision()
    wanted = set(admin.rights)
    admin.rights.add(binding(right("hedui.320000.inbox", "User:370000.g1")))
    ended = provision()
    assert ended.code == 0
    assert "撤权 remove right" in ended.out
    assert admin.rights == wanted


def test_an_accepted_principal_is_no_drift(provision, site, admin):
    admin.rights.add(binding(right("hedui.370000.inbox", "User:monitor")))
    with (site / "provision.toml").open("a") as config:
        config.write('[rights]\naccepted_principals = ["User:monitor"]\n')
    assert provision().code == 0


def test_a_change_that_fails_is_an_error_and_the_rest_is_made(provision, admin):
    admin.failing["create_topics", "hedui.370000.inbox"] = KafkaError.INVALID_REPLICATION_FACTOR
    ended = provision()
    assert ended.code == 2
    assert "PROVISION_REFUSED [hedui.370000.inbox]" in ended.err
    assert "失败 1 项" in ended.out
    assert len(admin.topics) == 8

    again = json.loads(provision("--json").out)
    (change,) = again["changes"]
    assert change["done"] is False
    assert change["error"]["code"] == "PROVISION_REFUSED"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('id = "320000"\n', 'id = "330000"\n', "DIRECTORY_PARENT"),
        ("ca/issued/320000.housing-fund", "ca/issued/370000", "DIRECTORY_KEY_SHARED"),
        ('id = "hub"\n', "", "PARTICIPANTS_INVALID"),
    ],
)
def test_a_list_that_is_no_directory_changes_nothing(provision, site, admin, old, new, code):
    assert old in LIST
    (site / "participants.toml").write_text(LIST.replace(old, new), encoding="utf-8")
    ended = provision()
    assert ended.code == 2
    assert code in ended.err
    assert admin.calls == []


def test_brokers_without_an_authoriser_are_an_error(provision, admin):
    admin.failing["delete_acls", "hedui.directory"] = KafkaError.SECURITY_DISABLED
    ended = provision("--json")
    assert ended.code == 2
    assert json.loads(ended.err)["code"] == "PROVISION_NO_AUTHORISER"
    assert admin.topics == {}


def test_where_the_directory_is_followed_the_list_takes_nobody_s_rights_away(
    provision, site, admin
):
    provision()
    before = set(admin.rights)
    (site / "participants.toml").write_text(LIST[: LIST.rindex("[[")], encoding="utf-8")
    state = site / "hub-admin.directory"
    state.write_bytes(b"adopted")
    try:
        ended = provision()
    finally:
        state.unlink()

    assert (ended.code, "PROVISION_FOLLOWS_DIRECTORY" in ended.err) == (2, True)
    assert set(admin.rights) == before
    assert provision().code in (0, 4)
    assert set(admin.rights) < before, "without the directory's file the list counts"


def test_following_shows_no_plan_and_needs_no_list(provision, hedui, site):
    for option in ("--dry-run", "--json"):
        ended = provision("--follow", option)
        assert (ended.code, "OPTIONS_CONFLICT" in ended.err) == (2, True)
    (site / "without.toml").write_text(CONFIG.replace("[hub]", "#").replace("participants", "#"))
    ended = hedui("hub", "provision", "-c", site / "without.toml")
    assert (ended.code, "CONFIG_INVALID" in ended.err) == (2, True)
    assert "--from-directory" in ended.err


def test_a_topic_that_is_deleted_is_shown(provision, admin, monkeypatch):
    provision()
    gone = DeleteTopic("hedui.370000.inbox")
    monkeypatch.setattr(Provisioner, "plan", lambda _self: Plan((gone,), ()))
    shown = provision("--dry-run")
    assert "删主题 delete topic" in shown.out
    told = json.loads(provision("--dry-run", "--json").out)
    assert [(c["act"], c["topic"]) for c in told["changes"]] == [
        ("delete-topic", "hedui.370000.inbox")
    ]
