"""docker/compose.yaml: rendered by the tool itself, and held against the house's rules."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import subprocess
import tomllib
from xml.etree import ElementTree as ET

import pytest
import yaml
from image_recipe import DOCKER, KINDS

from bus.broker.local.layout import lay_out
from bus.broker.local.properties import server_properties
from bus.config.load import load_config
from bus.config.provision import load_provision_config
from signer.identity import ADMIN_SERVICE, HUB, Role, role_of, service_principal

COMPOSE = DOCKER / "compose.yaml"
SITE = DOCKER / "compose"
ONCE = {"init", "provision"}
ROOT_ALLOWED = {"init"}


def read():
    return yaml.safe_load(COMPOSE.read_text("utf-8"))


@pytest.fixture(scope="module")
def compose():
    return read()


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


@pytest.fixture(scope="module")
def participants():
    with (SITE / "config" / "participants.toml").open("rb") as file:
        return {entry["id"]: entry for entry in tomllib.load(file)["participant"]}


def compose_tool():
    """The command that reads compose files; no engine is needed to render one."""
    for command in (["docker", "compose"], ["docker-compose"]):
        found = shutil.which(command[0])
        if found is None:
            continue
        tool = [found, *command[1:]]
        told = subprocess.run(  # noqa: S603 - the system's own tool
            [*tool, "version", "--short"], capture_output=True, text=True, check=False
        )
        if told.returncode == 0:
            return tool, told.stdout.strip().removeprefix("v")
    if os.environ.get("HEDUI_CI"):
        pytest.fail("docker-compose is needed here")
    return pytest.skip("NO DOCKER COMPOSE: the rendering of docker/compose.yaml is not tested")


def test_the_tool_renders_it(tmp_path, services):
    command, version = compose_tool()
    text = COMPOSE.read_text("utf-8")
    if version.startswith("1."):  # it knows no name of a project yet
        text = re.sub(r"(?m)^name: .*$", "", text)
    copy = tmp_path / "compose.yaml"
    copy.write_text(text, "utf-8")

    done = subprocess.run(  # noqa: S603 - the system's own tool
        [*command, "--project-directory", DOCKER, "-f", copy, "config"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    rendered = yaml.safe_load(done.stdout)["services"]
    assert rendered.keys() == services.keys()
    assert {str(entry["user"]) for entry in rendered.values()} == {
        str(entry["user"]) for entry in services.values()
    }


def test_every_participant_runs_at_its_registered_address(services, participants):
    running = {name for name, entry in services.items() if entry["image"].startswith("hedui-")}
    assert running - ONCE == participants.keys()
    for name, entry in participants.items():
        service = services[name]
        assert [service["networks"]["bus"]["ipv4_address"]] == entry["hosts"]
        kind = {Role.HUB: "hub", Role.NODE: "node", Role.ADAPTER: "adapter"}[role_of(name)]
        assert service["image"] == f"hedui-{kind}"
    roles = [role_of(name) for name in participants]
    assert (roles.count(Role.NODE), roles.count(Role.ADAPTER)) == (2, 4)
    assert {name.partition(".")[0] for name in participants} <= participants.keys()


def test_addresses_are_fixed_apart_and_inside(compose, services):
    [pool] = compose["networks"]["bus"]["ipam"]["config"]
    assert compose["networks"]["bus"]["internal"] is True
    addresses = [
        ipaddress.ip_address(entry["networks"]["bus"]["ipv4_address"])
        for entry in services.values()
        if "bus" in entry.get("networks", {})
    ]
    assert len(set(addresses)) == len(addresses) == len(services) - 2  # all but init and grafana
    assert all(address in ipaddress.ip_network(pool["subnet"]) for address in addresses)


def test_everybody_is_confined(services):
    for name, entry in services.items():
        assert entry["read_only"] is True, name
        assert entry["cap_drop"] == ["ALL"], name
        assert entry["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in entry, name
        user, _, group = entry["user"].partition(":")
        if name in ROOT_ALLOWED:
            assert entry["network_mode"] == "none"
            assert set(entry["cap_add"]) == {"CHOWN", "DAC_OVERRIDE", "FOWNER"}
            continue
        assert "cap_add" not in entry, name
        assert int(user) > 0, name
        assert int(group) > 0, name


def test_daemons_write_to_their_volume_and_to_memory_alone(services, participants):
    for name in participants:
        held = dict(text.split(":", 1) for text in services[name]["tmpfs"])
        assert held.keys() == {"/run/hedui", "/tmp"}, name  # noqa: S108 - a folder of the container
        assert all("uid=65532,gid=65532,mode=0700,size=" in how for how in held.values()), name
        written = {target for _, target, read_only in mounts(services[name]) if not read_only}
        assert written == {"/data"}, name


def test_only_this_machine_sees_what_is_published(services):
    published = {name: entry["ports"] for name, entry in services.items() if "ports" in entry}
    assert published.keys() == {"prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_who_waits_for_whom(services):
    for name, entry in services.items():
        for other, how in entry.get("depends_on", {}).items():
            condition = how["condition"]
            if other in ONCE:
                assert condition == "service_completed_successfully", (name, other)
                assert services[other]["restart"] == "no"
            else:
                assert condition == "service_healthy", (name, other)
                assert "test" in services[other]["healthcheck"]
    for name in ("hub", "370000", "hub.marriage"):
        assert "provision" in services[name]["depends_on"]
        # The image brings its own.
        assert "healthcheck" not in services[name]


def mounts(entry):
    for text in entry.get("volumes", ()):
        source, target, *mode = text.split(":")
        yield source, target, mode == ["ro"]


def test_every_file_is_there_and_every_volume_declared_and_used(compose, services):
    used = set()
    for name, entry in services.items():
        for source, target, read_only in mounts(entry):
            if source.startswith("./"):
                assert (DOCKER / source).exists(), source
                assert read_only, (name, target)
            else:
                used.add(source)
    assert used == compose["volumes"].keys()


def test_keys_belong_to_one_service_and_are_read_only(services):
    holders = {}
    for name, entry in services.items():
        for source, target, read_only in mounts(entry):
            if name == "init":
                continue
            if source.startswith(("keys-", "secrets-")):
                assert read_only, (name, source)
                assert target in {"/keys", "/secrets"}
                holders.setdefault(source, []).append(name)
            assert source != "ca", "the authority's keys are nobody's but init's"
    assert all(len(names) == 1 for names in holders.values())
    made = {source for source, _, _ in mounts(services["init"])}
    assert holders.keys() <= made


def test_no_secret_stands_in_a_file_of_the_repository(services):
    words = re.compile(r"(?i)(password|passphrase|secret)")
    for name, entry in services.items():
        for key, value in entry.get("environment", {}).items():
            if words.search(key):
                assert str(value).startswith(("/keys/", "/secrets/")), (name, key)
    for file in SITE.rglob("*"):
        if file.suffix in {".toml", ".properties", ".conf"}:
            for line in file.read_text("utf-8").splitlines():
                key, _, value = line.partition("=")
                if words.search(key) and not line.startswith("#"):
                    assert value.strip().strip('"').startswith(("/keys/", "${file:/keys:")), line


def test_images_are_of_one_release_each(services):
    built = set()
    for name, entry in services.items():
        if entry["image"].startswith("hedui-"):
            kind = entry["image"].removeprefix("hedui-")
            if "build" in entry:
                assert entry["build"] == {
                    "context": "..",
                    "dockerfile": f"docker/{kind}.Dockerfile",
                }
                built.add(kind)
        else:
            assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?", entry["image"]), name
    assert built == set(KINDS)


def test_kafka_is_the_release_that_the_tests_run_on(services):
    pom = ET.parse(DOCKER / "kafka" / "pom.xml").getroot()  # noqa: S314 - our own file
    [version] = pom.iterfind(".//{*}kafka.version")
    assert services["kafka"]["image"] == f"apache/kafka:{version.text}"


def settings_of(text):
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_the_broker_is_set_up_as_the_one_that_the_tests_run_on(tmp_path):
    text = (SITE / "kafka" / "server.properties").read_text("utf-8")
    ours = settings_of(text)
    layout = lay_out(tmp_path, 1)
    admin = service_principal(ADMIN_SERVICE, 1)
    tested = settings_of(server_properties(layout, layout.nodes[0], [admin], "-"))
    places = {
        *("controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"),
        *("ssl.keystore.location", "ssl.truststore.location"),
        *("ssl.keystore.password", "ssl.key.password"),
    }
    of_a_test = {
        "offsets.topic.num.partitions",
        "group.initial.rebalance.delay.ms",
        "leader.imbalance.check.interval.seconds",
    }
    same = tested.keys() - places - of_a_test
    assert {key: ours[key] for key in same} == {key: tested[key] for key in same}
    assert ours.keys() - same - places == {
        key for key in ours if key.startswith("config.providers")
    }


def test_every_configuration_is_one(participants):
    for name in participants:
        config = load_config(SITE / "config" / f"{name}.toml")
        assert config.participant.id == name
        assert config.broker.bootstrap == "10.66.0.10:9093"
        assert config.broker.profile == "kafka"
        assert (config.hub is None) == (name != HUB)
    assert load_provision_config(SITE / "config" / "hub-admin.toml").topics.replication_factor == 1
