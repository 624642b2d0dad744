"""The local cluster before anything is started: ports, settings, and what is missing."""

from pathlib import Path

import pytest

from bus.broker.local import jars
from bus.broker.local.__main__ import main
from bus.broker.local.layout import lay_out
from bus.broker.local.properties import server_properties
from bus.errors import ConfigError


def settings_of(layout, number=1):
    text = server_properties(layout, layout.nodes[number - 1], ["hub-admin.g1"], "secret")
    return dict(line.split("=", 1) for line in text.splitlines())


@pytest.mark.parametrize(
    ("count", "copies", "in_sync"), [(1, "1", "1"), (3, "3", "2"), (5, "3", "2")]
)
def test_copies_follow_the_number_of_nodes(count, copies, in_sync):
    settings = settings_of(lay_out(Path("/data"), count, 9093))
    assert settings["offsets.topic.replication.factor"] == copies
    assert settings["min.insync.replicas"] == in_sync


def test_ports_are_counted_from_the_first_or_free():
    layout = lay_out(Path("/data"), 3, 9093)
    assert layout.bootstrap == "127.0.0.1:9093,127.0.0.1:9094,127.0.0.1:9095"
    assert [node.controller_port for node in layout.nodes] == [9096, 9097, 9098]
    free = lay_out(Path("/data"), 3)
    ports = [n.client_port for n in free.nodes] + [n.controller_port for n in free.nodes]
    assert len(set(ports)) == 6


def test_nothing_listens_without_mutual_tls_and_nobody_is_allowed_by_default():
    layout = lay_out(Path("/data"), 3, 9093)
    settings = settings_of(layout, 2)
    listeners = [each.partition("://")[0] for each in settings["listeners"].split(",")]
    protocols = dict(
        each.split(":") for each in settings["listener.security.protocol.map"].split(",")
    )
    assert [protocols[name] for name in listeners] == ["SSL", "SSL"]
    assert settings["ssl.client.auth"] == "required"
    assert settings["allow.everyone.if.no.acl.found"] == "false"
    assert settings["auto.create.topics.enable"] == "false"
    assert "DEFAULT" not in settings["ssl.principal.mapping.rules"]
    assert settings["super.users"].split(";") == [
        "User:broker-1.g1",
        "User:broker-2.g1",
        "User:broker-3.g1",
        "User:hub-admin.g1",
    ]
    assert all("127.0.0.1" in each for each in settings["listeners"].split(","))


def code_of(call):
    with pytest.raises(ConfigError) as caught:
        call()
    return caught.value.code


def test_a_missing_java_or_maven_or_kafka_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert code_of(jars.find_java) == "JAVA_MISSING"
    monkeypatch.setenv("HEDUI_KAFKA_LIBS", str(tmp_path))
    assert code_of(jars.find_jars) == "KAFKA_LIBS_MISSING"
    monkeypatch.delenv("HEDUI_KAFKA_LIBS")
    monkeypatch.setattr(jars, "_POM", tmp_path / "pom.xml")
    assert code_of(jars.find_jars) == "KAFKA_LIBS_MISSING"
    (tmp_path / "pom.xml").write_text("<project/>")
    assert code_of(jars.find_jars) == "MAVEN_MISSING"


def test_an_old_java_does_not_serve(monkeypatch, tmp_path):
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert code_of(jars.find_java) == "JAVA_MISSING"


def test_a_folder_keeps_its_number_of_nodes(tmp_path, capsys):
    (tmp_path / "node-1").mkdir()
    assert main(["--folder", str(tmp_path), "--nodes", "3"]) == 2
    assert "NODES_DIFFER" in capsys.readouterr().err
    assert main(["--folder", str(tmp_path / "new"), "--ca", "x"]) == 2
    assert "CA_INCOMPLETE" in capsys.readouterr().err
